"""A request: what an institution asked for, alive until it is answered and read.

The table here says what may happen to a request; JOINT says what each step does to its current
workitem. Together they are the whole life of a case: no other module moves either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from telemed.core.machine import Machine


class State(StrEnum):
    """Where a request is."""

    DRAFT = "draft"
    AWAITING = "awaiting"
    OPEN = "open"
    RETURNED = "returned"
    DECLINED = "declined"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class Event(StrEnum):
    """What may happen to a request."""

    SUBMIT = "submit"
    APPLY = "apply"
    APPROVE = "approve"
    REJECT = "reject"
    RECALL = "recall"
    DISCARD = "discard"
    RETURN = "return"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    DECLINE = "decline"
    REDIRECT = "redirect"
    ANSWER = "answer"
    CONFIRM = "confirm"
    REVISE = "revise"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    # Sent as it is where the institution asks for no approval, or before it where it is urgent.
    State.DRAFT: {
        Event.SUBMIT: State.OPEN,
        Event.APPLY: State.AWAITING,
        Event.DISCARD: State.DISCARDED,
    },
    State.AWAITING: {
        Event.APPROVE: State.OPEN,
        Event.REJECT: State.DRAFT,
        Event.RECALL: State.DRAFT,
    },
    State.OPEN: {
        Event.RETURN: State.RETURNED,
        Event.WITHDRAW: State.WITHDRAWN,
        Event.DECLINE: State.DECLINED,
        Event.REDIRECT: State.OPEN,
        Event.ANSWER: State.ANSWERED,
    },
    State.RETURNED: {Event.RESUBMIT: State.OPEN, Event.WITHDRAW: State.WITHDRAWN},
    # A declined request may be sent to another institution or given up; it is never lost.
    State.DECLINED: {Event.RESUBMIT: State.OPEN, Event.WITHDRAW: State.WITHDRAWN},
    State.ANSWERED: {Event.CONFIRM: State.CONFIRMED, Event.REVISE: State.ANSWERED},
    # A report revised after it was read must be read again.
    State.CONFIRMED: {Event.REVISE: State.ANSWERED},
    State.WITHDRAWN: {},
    State.DISCARDED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="request",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.DRAFT: ("草稿", "draft"),
            State.AWAITING: ("院内审批", "awaiting approval"),
            State.OPEN: ("待诊断", "open"),
            State.RETURNED: ("待补充", "returned"),
            State.DECLINED: ("已婉拒", "declined"),
            State.ANSWERED: ("已出报告", "answered"),
            State.CONFIRMED: ("已阅", "confirmed"),
            State.WITHDRAWN: ("已撤回", "withdrawn"),
            State.DISCARDED: ("已删除草稿", "discarded"),
            Event.SUBMIT: ("发送", "submit"),
            Event.APPLY: ("送院内审批", "ask for approval"),
            Event.APPROVE: ("审批通过", "approve"),
            Event.REJECT: ("审批退回", "reject"),
            Event.RECALL: ("取回", "take back"),
            Event.DISCARD: ("删除草稿", "discard"),
            Event.RETURN: ("退回", "return"),
            Event.RESUBMIT: ("重新发送", "resubmit"),
            Event.WITHDRAW: ("撤回", "withdraw"),
            Event.DECLINE: ("婉拒", "decline"),
            Event.REDIRECT: ("转送", "redirect"),
            Event.ANSWER: ("签发报告", "answer"),
            Event.CONFIRM: ("确认已阅", "confirm"),
            Event.REVISE: ("修订报告", "revise"),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Joint:
    """What a request's step does to its workitem: cancel or complete the current one, then
    schedule a successor; and to the opinions that experts are asked for: those still to come
    end with it."""

    cancel: bool = False
    complete: bool = False
    schedule: bool = False
    close: bool = False


JOINT: Mapping[Event, Joint] = MappingProxyType(
    {
        Event.SUBMIT: Joint(schedule=True),
        Event.APPLY: Joint(),
        # The clocks start here: it is sent when the last step is given.
        Event.APPROVE: Joint(schedule=True),
        Event.REJECT: Joint(),
        Event.RECALL: Joint(),
        Event.DISCARD: Joint(),
        Event.RETURN: Joint(cancel=True),
        Event.RESUBMIT: Joint(schedule=True),
        Event.WITHDRAW: Joint(cancel=True, close=True),
        Event.DECLINE: Joint(cancel=True, close=True),
        Event.REDIRECT: Joint(cancel=True, schedule=True, close=True),
        Event.ANSWER: Joint(complete=True, close=True),
        Event.CONFIRM: Joint(),
        Event.REVISE: Joint(),
    }
)

EDITABLE = frozenset({State.DRAFT, State.RETURNED, State.DECLINED})
"""States in which the requesting side may change the form."""

UNSENT = frozenset({State.DRAFT, State.AWAITING})
"""States in which it has not left the institution that asks."""

ANSWERED = frozenset({State.ANSWERED, State.CONFIRMED})
"""States in which a report was issued: both sides keep the case."""

WITH_PROVIDER = frozenset({State.OPEN, State.RETURNED, State.ANSWERED, State.CONFIRMED})
"""States in which the responding institution is a party: consent has been given and stands."""
