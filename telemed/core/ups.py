"""The rules of the Unified Procedure Step as a service: PS3.4 annex CC and PS3.18 chapter 11.

What may be done to a workitem in which state under which Transaction UID, what a fact in the log
means to those who watch workitems, and what UPS says for our urgencies. The states themselves are
`workitem.MACHINE`. Knows no data set, no subscriber and no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.workitem import MACHINE, Event, State

GLOBAL = "1.2.840.10008.5.1.4.34.5"
"""UPS Global Subscription SOP Instance (PS3.6 table A-1)."""
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
"""UPS Filtered Global Subscription SOP Instance."""

LOCK_LASTS = timedelta(days=30)
"""A deletion lock that nobody renews ends by itself: none is kept for ever (UP-11)."""
FINAL_KEPT = timedelta(days=30)
"""How long an institution's own workitem stays to be read after it has ended."""

TARGETS: Mapping[State, Event] = MappingProxyType(
    {
        State.IN_PROGRESS: Event.CLAIM,
        State.COMPLETED: Event.COMPLETE,
        State.CANCELED: Event.CANCEL,
    }
)
"""The event by which a state is reached; nothing leads back to SCHEDULED."""


def refused(code: str, state: State) -> Problem:
    """The refusal of a change for the state it met, with its status code of PS3.4 CC.2."""
    return Problem("ups-state", status=code, state=MACHINE.word(state))


def state_change(state: State, target: str, given: str | None, held: str | None) -> Event | None:
    """The event that a Change Workitem State asks for; None when the workitem is there already.

    `given` is the Transaction UID of the call, `held` that of the claim. Problem in the order of
    docs/conformance.md: what is missing, what no table allows, the lock.
    """
    if not target or target not in list(State):
        raise Problem("invalid", detail="ProcedureStepState (0074,1000)")
    if not given:
        raise Problem("ups-tuid-missing", status="C301")
    to = State(target)
    if to is State.SCHEDULED:
        raise refused("C303", state)
    if state is State.SCHEDULED:
        if to is not State.IN_PROGRESS:
            raise refused("C310", state)
        return Event.CLAIM
    if to is State.IN_PROGRESS:
        raise refused("C302" if state is State.IN_PROGRESS else "C300", state)
    if given != held:
        raise Problem("ups-tuid-wrong", status="C301")
    if to is state:
        return None
    if not MACHINE.allows(state, TARGETS[to]):
        raise refused("C300", state)
    return TARGETS[to]


def may_update(state: State, given: str | None, held: str | None) -> None:
    """Problem unless attributes may be set now (PS3.4 CC.2.6: N-SET)."""
    if not MACHINE.table[state]:
        raise refused("C300", state)
    if state is State.SCHEDULED:
        if given:
            raise refused("C310", state)
        return
    if not given or given != held:
        raise Problem("ups-tuid-wrong", status="C301")


class Cancellation(StrEnum):
    """What a request for cancellation comes to."""

    CANCEL_NOW = "cancel-now"
    TELL_PERFORMER = "tell-performer"
    ALREADY = "already"


def cancellation(state: State) -> Cancellation:
    """What becomes of a request to cancel (PS3.4 CC.2.2): of what nobody has claimed, the server
    does it itself; a performer is told; what is completed stays so (C311)."""
    if state is State.COMPLETED:
        raise refused("C311", state)
    return _CANCELLATION[state]


_CANCELLATION = {
    State.SCHEDULED: Cancellation.CANCEL_NOW,
    State.IN_PROGRESS: Cancellation.TELL_PERFORMER,
    State.CANCELED: Cancellation.ALREADY,
}


# --- what facts mean to those who watch ---------------------------------------------------------


class Which(StrEnum):
    """Which attempt of a request a fact is about: the one it left behind, or the one before."""

    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Change:
    """An attempt came into a state by a fact."""

    which: Which
    state: State


_CLAIMED = Change(Which.CURRENT, State.IN_PROGRESS)
_SCHEDULED = Change(Which.CURRENT, State.SCHEDULED)
_COMPLETED = Change(Which.CURRENT, State.COMPLETED)
_CANCELED = Change(Which.CURRENT, State.CANCELED)
_REPLACED = Change(Which.PREVIOUS, State.CANCELED)

CHANGES: Mapping[Kind, tuple[Change, ...]] = MappingProxyType(
    {
        Kind.REQUEST_SUBMITTED: (_SCHEDULED,),
        Kind.REQUEST_RESUBMITTED: (_SCHEDULED,),
        Kind.REQUEST_RETURNED: (_CANCELED,),
        Kind.REQUEST_WITHDRAWN: (_CANCELED,),
        Kind.REQUEST_DECLINED: (_CANCELED,),
        Kind.REQUEST_REDIRECTED: (_REPLACED, _SCHEDULED),
        Kind.WORKITEM_CLAIMED: (_CLAIMED,),
        Kind.WORKITEM_RELEASED: (_REPLACED, _SCHEDULED),
        Kind.WORKITEM_EXPIRED: (_REPLACED, _SCHEDULED),
        Kind.WORKITEM_TAKEN_OVER: (_REPLACED, _SCHEDULED, _CLAIMED),
        Kind.REPORT_ISSUED: (_COMPLETED,),
    }
)
"""What each fact of a request did to its workitems, in order: what a State Report tells."""

INPUT = frozenset({Kind.STUDY_RECEIVED, Kind.STUDY_GREW})
"""Facts after which a workitem's input may be ready."""

WATCHED: frozenset[Kind] = (
    frozenset(CHANGES)
    | INPUT
    | {
        Kind.WORKITEM_ASSIGNED,
        Kind.WORKITEM_UNASSIGNED,
        Kind.UPS_CREATED,
        Kind.UPS_CHANGED,
        Kind.UPS_MOVED,
        Kind.UPS_PROGRESSED,
        Kind.UPS_CANCEL_REQUESTED,
        Kind.UPS_SUBSCRIBED,
    }
)
"""Every kind of fact that may make an event report."""


# --- words of UPS for ours ----------------------------------------------------------------------

PRIORITIES: Mapping[str, str] = MappingProxyType(
    {"stat": "HIGH", "urgent": "HIGH", "routine": "MEDIUM"}
)
"""Scheduled Procedure Step Priority (0074,1200) of our urgencies."""

URGENCIES: Mapping[str, str] = MappingProxyType(
    {"HIGH": "urgent", "MEDIUM": "routine", "LOW": "routine"}
)
"""Our urgency of a priority; `stat` is asked for by name."""

READINESS = ("READY", "UNAVAILABLE", "INCOMPLETE")
"""Input Readiness State (0040,4041)."""


def readiness(*, needs_input: bool, has_input: bool, on_its_way: bool) -> str:
    """INCOMPLETE while images are on their way or missing where the service needs some."""
    return "INCOMPLETE" if on_its_way or (needs_input and not has_input) else "READY"


def lock_ends(now: datetime) -> datetime:
    """When a deletion lock set now ends unless it is renewed."""
    return now + LOCK_LASTS
