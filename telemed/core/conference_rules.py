"""What is data about conferences: how people take part, what a line must carry, whose bridge it is.

Loaded from `configs/conference.toml`. Refuses to know who is in which conference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Mode(StrEnum):
    """How somebody takes part."""

    VIDEO = "video"
    STILL = "still"
    AUDIO = "audio"
    PHONE = "phone"


MODE_WORDS: Final[Mapping[Mode, tuple[str, str]]] = MappingProxyType(
    {
        Mode.VIDEO: ("视频", "video"),
        Mode.STILL: ("语音加定时画面", "voice and a picture every few seconds"),
        Mode.AUDIO: ("语音", "voice"),
        Mode.PHONE: ("电话", "telephone"),
    }
)


@dataclass(frozen=True, slots=True)
class LineTerms:
    """What a line must carry for which mode; `configs/conference.toml`."""

    video_kbps: int = 600
    """Below this, up or down, one begins without moving pictures."""
    still_kbps: int = 128
    """Below this, with voice alone."""
    slow_ms: int = 600
    """A slower round trip than this begins without moving pictures."""
    still_seconds: int = 5
    """How often a still picture is sent."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured; None for what could not be."""

    down_kbps: int | None = None
    up_kbps: int | None = None
    round_trip_ms: int | None = None


def mode_for(line: Line, terms: LineTerms, camera: bool) -> Mode:
    """How to begin on such a line; what could not be measured is no reason against video."""
    known = [kbps for kbps in (line.down_kbps, line.up_kbps) if kbps is not None]
    least = min(known, default=terms.video_kbps)
    if not camera or least < terms.still_kbps:
        return Mode.AUDIO
    slow = line.round_trip_ms is not None and line.round_trip_ms > terms.slow_ms
    return Mode.STILL if slow or least < terms.video_kbps else Mode.VIDEO


@dataclass(frozen=True, slots=True)
class JoinCard:
    """How a hardware room (H.323, SIP) dials an institution's own bridge."""

    institution: str
    bridge: str
    meeting: str
    pin: str = ""
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceRules:
    """All that is data about conferences."""

    line: LineTerms = field(default_factory=LineTerms)
    peers_up_to: int = 4
    """With more members than this, pictures and voices go over the media server."""
    cards: Mapping[str, JoinCard] = field(default_factory=dict)

    def card_for(self, provider: str, requester: str) -> JoinCard | None:
        """The bridge to dial: the responding side's, or else the requesting side's."""
        return self.cards.get(provider) or self.cards.get(requester)


NO_RULES: Final = ConferenceRules()
