"""The words of finding a time: what is wished for, what is found, and why there is nothing.

A `Wish` has seats for people and needs of rooms and devices. *All of* is a seat each with one
candidate, *any of* one seat with many, *N of M* so many seats with the same ones, and a chair is a
seat that only those may take who can chair. Nobody takes two seats. Whoever is on leave is stood
in for by their cover person, who must be free by their own hours.

A session lies wholly in everybody's hours; with the time that it keeps before and after, it meets
nobody's leave and no other session. An empty answer says what closes it; `slot_search.py` does the
finding. Refuses to know what the time is (`not_before` and `not_after` are told) and who may ask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.intervals import Span, Spans


@dataclass(frozen=True, slots=True)
class Seat:
    """One person is needed, one of the candidates; who comes first is asked first."""

    role: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """One room or device is needed, one of the candidates, with so many of its units."""

    kind: str
    candidates: tuple[str, ...]
    units: int = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for. All numbers are minutes; `step` and `origin` are the start grid.

    `within`: hours that bind whatever people's own say, such as an institution's working hours.
    """

    window: Span
    minutes: int
    seats: tuple[Seat, ...]
    needs: tuple[Need, ...] = ()
    before: int = 0
    after: int = 0
    step: int = 15
    origin: int = 0
    not_before: int = 0
    not_after: int = 1 << 40
    within: Spans | None = None
    urgent: bool = False


def group(
    role: str, candidates: Sequence[str], count: int, chairs: Sequence[str] = ()
) -> tuple[Seat, ...]:
    """So many seats for some of the candidates; with `chairs`, one of these is among them.

    ValueError for more seats than candidates, or a chair that is no candidate.
    """
    if not 1 <= count <= len(set(candidates)):
        raise ValueError("as many seats as there are candidates, at most")
    if not set(chairs) <= set(candidates):
        raise ValueError("whoever chairs is one of the candidates")
    everybody = tuple(dict.fromkeys(candidates))
    led = (Seat(f"{role}-chair", tuple(dict.fromkeys(chairs))),) if chairs else ()
    return led + (Seat(role, everybody),) * (count - len(led))


class Reason(StrEnum):
    """Why there is no slot, or none with somebody."""

    NOTICE = "notice"
    HORIZON = "horizon"
    WINDOW = "window"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    NO_HOURS = "no-hours"
    NO_FIT = "no-fit"
    AWAY = "away"
    BUSY = "busy"
    TOGETHER = "together"


WORDS: Final[Mapping[Reason, tuple[str, str]]] = MappingProxyType(
    {
        Reason.NOTICE: (
            "所选时间已过，或不足最短提前时间",
            "The time is past, or nearer than the least notice",
        ),
        Reason.HORIZON: ("超出可预约的最远时间", "Further ahead than can be booked"),
        Reason.WINDOW: (
            "所选时间段内放不下这么长的预约",
            "Nothing so long fits into the time that was asked for",
        ),
        Reason.CLOSED: ("所选时间不在工作时间内", "Outside working hours"),
        Reason.UNKNOWN: ("不可预约", "Cannot be booked"),
        Reason.NO_HOURS: ("该时间段内没有出诊时间", "No hours in that time"),
        Reason.NO_FIT: (
            "出诊时间放不下这么长的预约",
            "No hours that are long enough for it",
        ),
        Reason.AWAY: ("请假或停用", "On leave or out of use"),
        Reason.BUSY: ("已有其他预约", "Booked already"),
        Reason.TOGETHER: (
            "各自都有空，但没有共同的时间",
            "Each can be had, but never all at once",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Sitting:
    """Who would take a seat; `instead_of` is whom they stand in for."""

    role: str
    person: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which everybody and everything can be had; `spare` people more are free then."""

    since: int
    until: int
    sitting: tuple[Sitting, ...]
    resources: tuple[str, ...]
    spare: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What one person, room or device has to do with it: at how many beginnings it could be had,
    and what closes it where that is none."""

    key: str
    starts: int
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """The beginning at which most could be had, and the roles and kinds that lack there."""

    since: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNone:
    """Why there is no slot. `blocking`: without one of these roles or kinds there would be some,
    or all of them. `nearest` is None where nothing at all can be had."""

    reason: Reason
    people: tuple[Closing, ...] = ()
    resources: tuple[Closing, ...] = ()
    blocking: tuple[str, ...] = ()
    nearest: Nearest | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The slots in order, `more` when there are others after them, and why there are none."""

    slots: tuple[Slot, ...]
    more: bool = False
    why: WhyNone | None = None
