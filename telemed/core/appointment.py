"""An appointment 预约: a session that has a time, the seats in it, and what may happen to both.

Whoever asks holds a time for some minutes, then proposes it; the responding institution's
coordinator confirms. Another time is a step of its own that keeps what was before; it must be
confirmed again. A held time that nobody proposes lapses. Each person invited has a state of their
own; who declined or was replaced has the time for themselves again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.booking_terms import TERMS, Terms
from telemed.core.errors import Problem
from telemed.core.intervals import minute_of, moment
from telemed.core.machine import Machine
from telemed.core.schedule import LONGEST, SHORTEST


class State(StrEnum):
    """Where an appointment is."""

    HELD = "held"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    UNDER_WAY = "under way"
    ENDED = "ended"
    CANCELED = "canceled"
    MISSED = "missed"


class Event(StrEnum):
    """What may happen to an appointment."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    BEGIN = "begin"
    END = "end"
    CANCEL = "cancel"
    LAPSE = "lapse"
    MISS = "miss"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.HELD: {
        Event.PROPOSE: State.PROPOSED,
        Event.CANCEL: State.CANCELED,
        Event.LAPSE: State.CANCELED,
    },
    State.PROPOSED: {
        Event.CONFIRM: State.CONFIRMED,
        Event.RESCHEDULE: State.PROPOSED,
        Event.CANCEL: State.CANCELED,
        # Its time came and nobody had confirmed it.
        Event.LAPSE: State.CANCELED,
    },
    State.CONFIRMED: {
        Event.RESCHEDULE: State.PROPOSED,
        Event.BEGIN: State.UNDER_WAY,
        Event.CANCEL: State.CANCELED,
        Event.MISS: State.MISSED,
    },
    # The room was open and the other side never came.
    State.UNDER_WAY: {Event.END: State.ENDED, Event.MISS: State.MISSED},
    State.ENDED: {},
    State.CANCELED: {},
    State.MISSED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="appointment",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.HELD: ("暂留", "held"),
            State.PROPOSED: ("待确认", "proposed"),
            State.CONFIRMED: ("已确认", "confirmed"),
            State.UNDER_WAY: ("进行中", "under way"),
            State.ENDED: ("已结束", "ended"),
            State.CANCELED: ("已取消", "canceled"),
            State.MISSED: ("爽约", "no-show"),
            Event.PROPOSE: ("提交预约", "propose"),
            Event.CONFIRM: ("确认", "confirm"),
            Event.RESCHEDULE: ("改约", "reschedule"),
            Event.BEGIN: ("开始", "begin"),
            Event.END: ("结束", "end"),
            Event.CANCEL: ("取消", "cancel"),
            Event.LAPSE: ("逾期释放", "lapse"),
            Event.MISS: ("登记爽约", "no-show"),
        }
    ),
)

TAKES_TIME: Final = frozenset({State.HELD, State.PROPOSED, State.CONFIRMED, State.UNDER_WAY})
"""States in which people, rooms and devices are taken."""


class SeatState(StrEnum):
    """Where somebody who was invited is."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REPLACED = "replaced"


class SeatEvent(StrEnum):
    """What may happen to somebody who was invited."""

    ACCEPT = "accept"
    DECLINE = "decline"
    REPLACE = "replace"
    REINVITE = "reinvite"


_SEATS: Mapping[SeatState, Mapping[SeatEvent, SeatState]] = {
    SeatState.INVITED: {
        SeatEvent.ACCEPT: SeatState.ACCEPTED,
        SeatEvent.DECLINE: SeatState.DECLINED,
        SeatEvent.REPLACE: SeatState.REPLACED,
        SeatEvent.REINVITE: SeatState.INVITED,
    },
    SeatState.ACCEPTED: {
        SeatEvent.DECLINE: SeatState.DECLINED,
        SeatEvent.REPLACE: SeatState.REPLACED,
        # Another time was agreed without them.
        SeatEvent.REINVITE: SeatState.INVITED,
    },
    # Their time may be taken meanwhile: somebody else gets the seat, or another time is found.
    SeatState.DECLINED: {
        SeatEvent.REPLACE: SeatState.REPLACED,
        SeatEvent.REINVITE: SeatState.INVITED,
    },
    SeatState.REPLACED: {},
}

SEATS: Machine[SeatState, SeatEvent] = Machine(
    name="seat",
    table=MappingProxyType(_SEATS),
    words=MappingProxyType(
        {
            SeatState.INVITED: ("待回复", "invited"),
            SeatState.ACCEPTED: ("已接受", "accepted"),
            SeatState.DECLINED: ("已谢绝", "declined"),
            SeatState.REPLACED: ("已替换", "replaced"),
            SeatEvent.ACCEPT: ("接受", "accept"),
            SeatEvent.DECLINE: ("谢绝", "decline"),
            SeatEvent.REPLACE: ("替换", "replace"),
            SeatEvent.REINVITE: ("重新邀请", "invite again"),
        }
    ),
)

SITS: Final = frozenset({SeatState.INVITED, SeatState.ACCEPTED})
"""States in which a seat takes its person's time."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a session is, and the time that it keeps before and after; minutes of UTC."""

    since: int
    minutes: int
    before: int
    after: int

    @property
    def until(self) -> int:
        """The minute at which it ends."""
        return self.since + self.minutes

    @property
    def kept(self) -> tuple[int, int]:
        """The stretch that nobody in it can be asked for."""
        return self.since - self.before, self.until + self.after


MOST_BUFFER: Final = 120


def times(since: datetime, minutes: int, before: int, after: int) -> Times:
    """The times of a session; Problem("impossible-time") for those that no clock shows."""
    if not SHORTEST <= minutes <= LONGEST:
        raise Problem("impossible-time", detail=f"{SHORTEST}-{LONGEST} min")
    if not (0 <= before <= MOST_BUFFER and 0 <= after <= MOST_BUFFER):
        raise Problem("impossible-time", detail=f"0-{MOST_BUFFER} min")
    if moment(minute_of(since)) != since:
        raise Problem("impossible-time", detail="hh:mm")
    return Times(minute_of(since), minutes, before, after)


def bounds(now: datetime, urgent: bool, terms: Terms = TERMS) -> tuple[datetime, datetime]:
    """From when and until when something may be booked."""
    return now if urgent else now + terms.notice, now + terms.horizon


def due_from(event: Event, since: datetime, terms: Terms = TERMS) -> datetime | None:
    """From when a step may be taken; None for those that have no time of their own."""
    if event is Event.BEGIN:
        return since - terms.early
    return since if event is Event.MISS else None


def require_due(event: Event, since: datetime, now: datetime, terms: Terms = TERMS) -> None:
    """Problem("too-early") for a beginning long before its time, or a no-show before it."""
    first = due_from(event, since, terms)
    if first is not None and now < first:
        raise Problem("too-early", at=first)


def is_lapsed(state: State, hold_until: datetime | None, since: datetime, now: datetime) -> bool:
    """Whether nobody went on with it in time: a hold ran out, or its time came unconfirmed."""
    if state is State.HELD:
        return hold_until is not None and hold_until <= now
    return state is State.PROPOSED and since <= now
