"""Waiting 候补 for a time that somebody gives back: who is next, and what becomes of an entry.

The urgent come first, then whoever came first. A time that becomes free is held for the first whose
wish it fits; they propose it within the offer's time, or it goes to the next.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from telemed.core.machine import Machine


class State(StrEnum):
    """Where an entry of the wait list is."""

    WAITING = "waiting"
    OFFERED = "offered"
    FILLED = "filled"
    WITHDRAWN = "withdrawn"
    PASSED = "passed"


class Event(StrEnum):
    """What may happen to an entry."""

    OFFER = "offer"
    TAKE = "take"
    WITHDRAW = "withdraw"
    PASS = "pass"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    # Its time went by and nothing had become free.
    State.WAITING: {
        Event.OFFER: State.OFFERED,
        Event.WITHDRAW: State.WITHDRAWN,
        Event.PASS: State.PASSED,
    },
    # Whoever lets an offer pass has had their turn; they may come again.
    State.OFFERED: {
        Event.TAKE: State.FILLED,
        Event.WITHDRAW: State.WITHDRAWN,
        Event.PASS: State.PASSED,
    },
    State.FILLED: {},
    State.WITHDRAWN: {},
    State.PASSED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="waiting",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.WAITING: ("候补中", "waiting"),
            State.OFFERED: ("已获得时间，待提交", "a time is offered"),
            State.FILLED: ("候补成功", "filled"),
            State.WITHDRAWN: ("已退出", "withdrawn"),
            State.PASSED: ("已过期", "passed"),
            Event.OFFER: ("分配时间", "offer"),
            Event.TAKE: ("提交预约", "take"),
            Event.WITHDRAW: ("退出候补", "withdraw"),
            Event.PASS: ("逾期", "pass"),
        }
    ),
)
