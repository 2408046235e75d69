"""As what somebody is in a session 会诊角色, and what that is called: the one table of it.

A seat's role is a word of whoever booked it; those of the table have names in both languages, any
other stays as it is. Knows no person and no appointment.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.minutes import is_chair


class SessionRole(StrEnum):
    """The roles that the platform itself gives."""

    CHAIR = "chair"
    EXPERT = "expert"
    GUIDE = "guide"
    SURGEON = "surgeon"
    ACCOMPANYING = "accompanying"
    REQUESTING = "requesting"
    COORDINATOR = "coordinator"
    RECORDER = "recorder"
    WATCHER = "watcher"
    ATTENDED = "attended"
    ALSO = "also"


_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        SessionRole.CHAIR: ("主持人", "chair"),
        SessionRole.EXPERT: ("专家", "expert"),
        SessionRole.GUIDE: ("指导专家", "guide"),
        SessionRole.SURGEON: ("主刀医师", "surgeon"),
        SessionRole.ACCOMPANYING: ("陪同医师", "accompanying doctor"),
        SessionRole.REQUESTING: ("申请医师", "requesting doctor"),
        SessionRole.COORDINATOR: ("协调员", "coordinator"),
        SessionRole.RECORDER: ("记录人", "recorder"),
        SessionRole.WATCHER: ("观摩者", "watching"),
        SessionRole.ATTENDED: ("参加", "took part"),
        SessionRole.ALSO: ("参加", "took part"),
    }
)


def role_words(role: str) -> tuple[str, str]:
    """What a role is called, Chinese and English."""
    if role not in _WORDS and is_chair(role):
        return _WORDS[SessionRole.CHAIR]
    return _WORDS.get(role, (role, role))
