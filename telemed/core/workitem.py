"""A workitem: one attempt to perform a request, exactly the UPS state machine.

PS3.4 table CC.1.1-2: SCHEDULED -> IN PROGRESS -> COMPLETED | CANCELED, and nothing back. Releasing
or returning cancels the workitem with a reason; a successor under the same request is scheduled.
The lease (who is present) is ours, not DICOM's: when it ends the system releases.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from telemed.core.machine import Machine


class State(StrEnum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


class Event(StrEnum):
    """What may happen to a workitem."""

    CLAIM = "claim"
    COMPLETE = "complete"
    CANCEL = "cancel"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.SCHEDULED: {Event.CLAIM: State.IN_PROGRESS, Event.CANCEL: State.CANCELED},
    State.IN_PROGRESS: {Event.COMPLETE: State.COMPLETED, Event.CANCEL: State.CANCELED},
    State.COMPLETED: {},
    State.CANCELED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="workitem",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.SCHEDULED: ("待处理", "scheduled"),
            State.IN_PROGRESS: ("进行中", "in progress"),
            State.COMPLETED: ("已完成", "completed"),
            State.CANCELED: ("已取消", "canceled"),
            Event.CLAIM: ("领取", "claim"),
            Event.COMPLETE: ("完成", "complete"),
            Event.CANCEL: ("取消", "cancel"),
        }
    ),
)


def lease_until(now: datetime, lease: timedelta) -> datetime:
    """When a claim ends by itself unless the holder is seen again."""
    return now + lease


def is_abandoned(state: State, until: datetime | None, now: datetime) -> bool:
    """Whether a claim's holder has been gone for longer than the lease."""
    return state is State.IN_PROGRESS and until is not None and until <= now
