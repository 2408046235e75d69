"""An urgent call 急会诊呼叫: somebody is needed now, and the roster is rung down until one answers.

One person rings at a time, for some seconds; then the next. Whoever was rung may still answer while
nobody else has. Whoever is on duty comes first, then whoever's hours are on; among equals whoever
was called longest ago. Knows no clock, no address and no agreement.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.intervals import Spans
from telemed.core.machine import Machine
from telemed.core.schedule import SHORTEST


class State(StrEnum):
    """Where a call is."""

    RINGING = "ringing"
    ANSWERED = "answered"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"


class Event(StrEnum):
    """What may happen to a call."""

    ANSWER = "answer"
    EXHAUST = "exhaust"
    CANCEL = "cancel"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.RINGING: {
        Event.ANSWER: State.ANSWERED,
        Event.EXHAUST: State.EXHAUSTED,
        Event.CANCEL: State.CANCELED,
    },
    State.ANSWERED: {},
    State.EXHAUSTED: {},
    State.CANCELED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="urgent call",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.RINGING: ("呼叫中", "ringing"),
            State.ANSWERED: ("已接听", "answered"),
            State.EXHAUSTED: ("无人接听", "nobody answered"),
            State.CANCELED: ("已取消", "canceled"),
            Event.ANSWER: ("接听", "answer"),
            Event.EXHAUST: ("呼叫完毕", "ring nobody more"),
            Event.CANCEL: ("取消呼叫", "cancel"),
        }
    ),
)


class RingState(StrEnum):
    """How it rang with one person."""

    RINGING = "ringing"
    ANSWERED = "answered"
    DECLINED = "declined"
    MISSED = "missed"
    OVER = "over"


class RingEvent(StrEnum):
    """What may happen while it rings with one person, or after."""

    ANSWER = "answer"
    DECLINE = "decline"
    MISS = "miss"
    END = "end"


_RINGS: Mapping[RingState, Mapping[RingEvent, RingState]] = {
    RingState.RINGING: {
        RingEvent.ANSWER: RingState.ANSWERED,
        RingEvent.DECLINE: RingState.DECLINED,
        RingEvent.MISS: RingState.MISSED,
        # Somebody else answered, or it was canceled.
        RingEvent.END: RingState.OVER,
    },
    RingState.ANSWERED: {},
    RingState.DECLINED: {},
    # Out of breath, and still the first: the call itself says whether it is too late.
    RingState.MISSED: {RingEvent.ANSWER: RingState.ANSWERED},
    RingState.OVER: {},
}

RING_MACHINE: Machine[RingState, RingEvent] = Machine(
    name="ring",
    table=MappingProxyType(_RINGS),
    words=MappingProxyType(
        {
            RingState.RINGING: ("响铃中", "ringing"),
            RingState.ANSWERED: ("已接听", "answered"),
            RingState.DECLINED: ("不便接听", "declined"),
            RingState.MISSED: ("未接", "missed"),
            RingState.OVER: ("已停止", "over"),
            RingEvent.ANSWER: ("接听", "answer"),
            RingEvent.DECLINE: ("不便接听", "decline"),
            RingEvent.MISS: ("超时", "miss"),
            RingEvent.END: ("停止", "end"),
        }
    ),
)

RINGS_FOR: Final = timedelta(seconds=20)
"""How long it rings with one person before the next is rung."""
MOST_RINGS: Final = 15
"""People that one call rings: five minutes of it, then somebody must be telephoned."""
ALONE: Final = frozenset({RingState.RINGING, RingState.MISSED})
"""States of a ring whose person may still answer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who could be rung: on duty by the roster, or in their hours; when they were rung last."""

    person: str
    on_duty: bool
    rung_at: datetime | None = None


def next_up(candidates: Sequence[Candidate], rung: Collection[str]) -> str | None:
    """Who is rung next, of those who were not yet; None where the call has run out."""
    left = [one for one in candidates if one.person not in rung]
    if not left or len(rung) >= MOST_RINGS:
        return None
    return min(left, key=_turn).person


def _turn(one: Candidate) -> tuple[bool, datetime]:
    """The sorting is stable: who was never called keeps the roster's order."""
    return not one.on_duty, one.rung_at or datetime.min.replace(tzinfo=UTC)


def minutes_free(free: Spans, since: int, wanted: int) -> int | None:
    """How long somebody can be had from a minute on, as much as wanted at most; None where that is
    less than the shortest session."""
    until = next((b for a, b in free if a <= since < b), since)
    minutes = min(until - since, wanted)
    return minutes if minutes >= SHORTEST else None
