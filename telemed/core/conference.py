"""A conference 会诊室会议: the live video room of an appointment; who may enter, and who was there.

A member is one person in one conference, however often their line is lost: they keep their place.
The log of what happened to members is all that attendance 出席 is made from. Refuses to know how
pictures and voices travel.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core import appointment
from telemed.core.access import Permission, Subject
from telemed.core.booking_terms import TERMS
from telemed.core.conference_rules import Mode
from telemed.core.errors import Problem
from telemed.core.machine import Machine


class State(StrEnum):
    """Where a member is."""

    AWAY = "away"
    PRESENT = "present"
    DROPPED = "dropped"


class Event(StrEnum):
    """What may happen to a member."""

    ENTER = "enter"
    LEAVE = "leave"
    DROP = "drop"
    RETURN = "return"
    MODE = "mode"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    # Not yet, or not any more: who left may come again.
    State.AWAY: {Event.ENTER: State.PRESENT},
    State.PRESENT: {
        # From another page or device: the one before hears nothing more.
        Event.ENTER: State.PRESENT,
        Event.LEAVE: State.AWAY,
        Event.DROP: State.DROPPED,
        Event.MODE: State.PRESENT,
    },
    # The line was lost; the place is kept.
    State.DROPPED: {
        Event.RETURN: State.PRESENT,
        Event.LEAVE: State.AWAY,
    },
}

MACHINE: Machine[State, Event] = Machine(
    name="conference member",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.AWAY: ("不在会中", "away"),
            State.PRESENT: ("在会中", "present"),
            State.DROPPED: ("掉线", "line lost"),
            Event.ENTER: ("进入", "enter"),
            Event.LEAVE: ("离开", "leave"),
            Event.DROP: ("掉线", "line lost"),
            Event.RETURN: ("恢复", "return"),
            Event.MODE: ("改变方式", "change mode"),
        }
    ),
)


LEASE: Final = timedelta(seconds=20)
"""Whoever's server has not vouched for them for so long has lost their line."""
OPEN_STATES: Final = frozenset({appointment.State.CONFIRMED, appointment.State.UNDER_WAY})


# --- who may enter --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom an appointment invites into its conference."""

    requester: str
    provider: str
    sitting: frozenset[str]
    """The people who sit in it: invited, and neither declined nor replaced."""
    accompanying: frozenset[str] = frozenset()
    """The people of the requesting side who were named to accompany the patient, or to operate, and
    whoever claimed a guided operation."""
    watching: frozenset[str] = frozenset()
    """The people who were listed to watch."""
    closed: bool = False
    """Whether nobody enters who is not named."""

    @property
    def taking_part(self) -> frozenset[str]:
        """Everybody who was named to take part."""
        return self.sitting | self.accompanying


class Standing(StrEnum):
    """How somebody stands to a conference."""

    TAKES_PART = "takes part"
    WATCHES = "watches"
    """Sees and hears, and is neither seen nor heard."""
    KEEPS = "keeps"
    """Is in charge of the appointment, and does not enter a conference that is closed."""


def standing_of(subject: Subject, to: Invitation) -> Standing | None:
    """How somebody stands to a conference; None for who is not invited. Whoever sits in it or was
    named takes part, who was listed watches. Of the requesting side those who book and of the
    responding side the coordinators take part too, unless it is closed to who is not named."""
    if Permission.SEE_CALENDARS not in subject.permissions:
        return None
    who, place, held = subject.person_id, subject.institution_id, subject.permissions
    if who is not None and who in to.taking_part:
        return Standing.TAKES_PART
    if who is not None and who in to.watching:
        return Standing.WATCHES
    coordinates = place == to.provider and Permission.CONFIRM_APPOINTMENTS in held
    books = place == to.requester and Permission.BOOK_APPOINTMENTS in held
    if not (coordinates or books):
        return None
    return Standing.KEEPS if to.closed else Standing.TAKES_PART


def opens_at(since: datetime) -> datetime:
    """From when a conference may be entered."""
    return since - TERMS.early


def require_open(state: appointment.State, since: datetime, now: datetime) -> None:
    """Problem unless the conference can be entered now."""
    if state not in OPEN_STATES:
        raise Problem("conference-closed", state=appointment.MACHINE.word(state))
    if state is appointment.State.CONFIRMED and now < opens_at(since):
        raise Problem("too-early", at=opens_at(since))


# --- who was there --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a conference's log, as attendance needs it."""

    who: str
    institution: str
    event: Event
    mode: Mode
    at: datetime
    watches: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without a break in one mode; `until` None while it lasts."""

    since: datetime
    until: datetime | None
    mode: Mode
    watches: bool = False


@dataclass(frozen=True, slots=True)
class Attended:
    """When somebody was there."""

    who: str
    institution: str
    first: datetime
    last: datetime
    """The end of the last stretch; now, while it lasts."""
    seconds: int
    drops: int
    stretches: tuple[Stretch, ...]
    watched: bool = False
    """Whether they watched and took no part, which counts for nobody's attendance."""


@dataclass(frozen=True, slots=True)
class Side:
    """When anybody of an institution took part."""

    institution: str
    people: int
    first: datetime
    last: datetime
    seconds: int


def attendance(log: Iterable[Entry], now: datetime) -> list[Attended]:
    """When each person was there, in the order in which they came first; who watched and took part
    too is told once for each."""
    stretches: dict[str, list[Stretch]] = {}
    places: dict[str, str] = {}
    drops: dict[str, int] = {}
    for entry in log:
        mine = stretches.setdefault(entry.who, [])
        places.setdefault(entry.who, entry.institution)
        drops[entry.who] = drops.get(entry.who, 0) + (entry.event is Event.DROP)
        # A drop is noticed late and dated back; it never ends before the stretch began.
        if mine and mine[-1].until is None:
            last = mine.pop()
            end = max(entry.at, last.since)
            if end > last.since or entry.event is not Event.MODE:
                mine.append(replace(last, until=end))
        if entry.event in (Event.ENTER, Event.RETURN, Event.MODE):
            mine.append(Stretch(entry.at, None, entry.mode, entry.watches))
    found = [
        _attended(who, places[who], drops[who], own, now)
        for who, mine in stretches.items()
        for watched in (False, True)
        if (own := [one for one in mine if one.watches is watched])
    ]
    return sorted(found, key=lambda one: (one.first, one.who))


def _attended(who: str, place: str, drops: int, mine: Sequence[Stretch], now: datetime) -> Attended:
    spans = [(s.since, max(s.since, s.until or now)) for s in mine]
    seconds = sum((until - since).total_seconds() for since, until in spans)
    return Attended(
        who, place, spans[0][0], spans[-1][1], round(seconds), drops, tuple(mine), mine[0].watches
    )


def sides(people: Sequence[Attended], now: datetime) -> list[Side]:
    """When each institution was there: the time in which at least one of its people took part."""
    found = []
    took_part = [one for one in people if not one.watched]
    for place in dict.fromkeys(one.institution for one in took_part):
        own = [one for one in took_part if one.institution == place]
        spans = sorted(
            (s.since, max(s.since, s.until or now)) for one in own for s in one.stretches
        )
        seconds = timedelta()
        reached = spans[0][0]
        for since, until in spans:
            if until > reached:
                seconds += until - max(since, reached)
                reached = until
        first, last = spans[0][0], max(until for _, until in spans)
        found.append(Side(place, len(own), first, last, round(seconds.total_seconds())))
    return found


# --- what members say to each other ---------------------------------------------------------------

RELAYED: Final[Mapping[str, int]] = MappingProxyType(
    {
        "offer": 14_000,
        "answer": 14_000,
        "candidate": 4_000,
        "still": 14_000,
        "view": 4_000,
        "note": 4_000,
        "media": 14_000,
    }
)
"""What members may send each other, and how many bytes of it at most."""
STREAM_STATES: Final = frozenset({"on", "thin"})
"""How a picture of an operation is sent: it is, or not for now since the line is too thin."""
OF_WATCHERS: Final = frozenset({"offer", "answer", "candidate"})
"""What those who watch may send: what a line to see and hear by needs."""


@dataclass(slots=True)
class Pace:
    """How much a member may send: so many at once, so many a second."""

    burst: float = 80.0
    rate: float = 30.0
    left: float = 80.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Whether one more may be sent now."""
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
