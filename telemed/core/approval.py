"""In-house approval 院内审批: the steps before a request leaves the institution that asks.

A chain is data. Its steps are given one after the other; a step whose role nobody holds is passed
over and stays on record as such. What is urgent may be sent at once: then the steps are owed 补批
and given afterwards, and no answer to them calls the request back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from telemed.core.machine import Machine


@dataclass(frozen=True, slots=True)
class Step:
    """Who is asked: a role of the asking institution. `label` is zh and en."""

    key: str
    label: Mapping[str, str]
    role: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of a service, and the urgencies that may be sent before they are given."""

    service: str
    steps: tuple[Step, ...]
    bypass: tuple[str, ...] = ()

    def label_of(self, key: str) -> Mapping[str, str]:
        """What a step is called; its key where the chain has it no more."""
        found = next((step.label for step in self.steps if step.key == key), None)
        return found or {"zh": key, "en": key}


class State(StrEnum):
    """Where a step is."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    PASSED_OVER = "passed over"
    CANCELED = "canceled"


class Event(StrEnum):
    """What may happen to a step."""

    APPROVE = "approve"
    REJECT = "reject"
    PASS_OVER = "pass_over"
    CANCEL = "cancel"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.WAITING: {
        Event.APPROVE: State.APPROVED,
        Event.REJECT: State.REJECTED,
        Event.PASS_OVER: State.PASSED_OVER,
        # Taken back by whoever asked, or refused at a step before.
        Event.CANCEL: State.CANCELED,
    },
    State.APPROVED: {},
    State.REJECTED: {},
    State.PASSED_OVER: {},
    State.CANCELED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="approval",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.WAITING: ("待审批", "waiting"),
            State.APPROVED: ("同意", "approved"),
            State.REJECTED: ("不同意", "rejected"),
            State.PASSED_OVER: ("无人任职，跳过", "passed over"),
            State.CANCELED: ("已取消", "canceled"),
            Event.APPROVE: ("同意", "approve"),
            Event.REJECT: ("不同意", "reject"),
            Event.PASS_OVER: ("跳过", "pass over"),
            Event.CANCEL: ("取消", "cancel"),
        }
    ),
)


def current(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The step whose turn it is: the first that waits, of steps in their order."""
    return next((row for row in rows if row["state"] == State.WAITING), None)
