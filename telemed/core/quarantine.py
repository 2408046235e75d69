"""How a conflict of arriving images may be resolved.

A copy with other content than the kept one, or of another patient than its study, waits until a
person decides. Nothing that arrived is thrown away by the decision.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from telemed.core.errors import Problem


class Reason(StrEnum):
    """Why a copy waits."""

    OTHER_CONTENT = "other-content"
    OTHER_PATIENT = "other-patient"


class Resolution(StrEnum):
    """What a person decided."""

    KEPT = "kept"
    """What is there stays; the new copy is set aside for good."""
    ACCEPTED = "accepted"
    """The new copy is shown; the old one is kept as history."""
    FILED_HERE = "filed-here"
    """The new copy joins its study under the patient that the study has here."""
    FILED_NAMED = "filed-named"
    """The study becomes the patient's whom the new copy names, and the copy joins it."""


RESOLUTIONS: Mapping[Reason, frozenset[Resolution]] = MappingProxyType(
    {
        Reason.OTHER_CONTENT: frozenset({Resolution.KEPT, Resolution.ACCEPTED}),
        Reason.OTHER_PATIENT: frozenset(
            {Resolution.KEPT, Resolution.FILED_HERE, Resolution.FILED_NAMED}
        ),
    }
)
"""What may be decided for each reason."""

WORDS: Mapping[Resolution, tuple[str, str]] = MappingProxyType(
    {
        Resolution.KEPT: ("保留原有", "kept what was there"),
        Resolution.ACCEPTED: ("采用新的", "took the new copy"),
        Resolution.FILED_HERE: ("归入现有患者", "filed under the patient here"),
        Resolution.FILED_NAMED: ("归入新患者", "filed under the patient it names"),
    }
)


def require_fitting(reason: str, how: Resolution) -> None:
    """Problem("illegal-transition") for a resolution that the reason does not know."""
    if how not in RESOLUTIONS[Reason(reason)]:
        zh, en = WORDS[how]
        state = {"zh": reason, "en": reason}
        raise Problem("illegal-transition", state=state, event={"zh": zh, "en": en})
