"""A follow-up 随访: on which day the requesting side says what became of the patient, and once.

It is planned with the answer (or the session), its day comes, and it is answered; or nobody
answers, and after its time it has lapsed and nobody is reminded any more. A late answer is still
an answer. After an outcome that ends the story nobody is asked again; corrected, they are. The
table is all that may happen; what a page calls overdue follows from the time alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from telemed.core.aftercare_rules import Coded, FollowUps
from telemed.core.errors import Problem
from telemed.core.machine import Machine


class State(StrEnum):
    """Where a follow-up is."""

    PLANNED = "planned"
    DUE = "due"
    DONE = "done"
    LAPSED = "lapsed"
    DROPPED = "dropped"


class Event(StrEnum):
    """What may happen to a follow-up."""

    COME = "come"
    ANSWER = "answer"
    CORRECT = "correct"
    LAPSE = "lapse"
    DROP = "drop"
    RESUME = "resume"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.PLANNED: {
        Event.COME: State.DUE,
        # A day or two early: the patient is at the hospital now.
        Event.ANSWER: State.DONE,
        Event.DROP: State.DROPPED,
    },
    # What is due is answered even if a later one says that the patient died: it asks of its day.
    State.DUE: {Event.ANSWER: State.DONE, Event.LAPSE: State.LAPSED},
    State.DONE: {Event.CORRECT: State.DONE},
    State.LAPSED: {Event.ANSWER: State.DONE},
    # The outcome that ended the story was entered by mistake.
    State.DROPPED: {Event.RESUME: State.PLANNED},
}

MACHINE: Machine[State, Event] = Machine(
    name="follow-up",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.PLANNED: ("未到期", "planned"),
            State.DUE: ("待随访", "due"),
            State.DONE: ("已随访", "done"),
            State.LAPSED: ("逾期未随访", "lapsed"),
            State.DROPPED: ("无需随访", "not needed"),
            Event.COME: ("到期", "come due"),
            Event.ANSWER: ("反馈随访", "answer"),
            Event.CORRECT: ("更正随访", "correct"),
            Event.LAPSE: ("逾期", "lapse"),
            Event.DROP: ("取消", "drop"),
            Event.RESUME: ("恢复", "resume"),
        }
    ),
)

WAITS = frozenset({State.PLANNED, State.DUE})
"""States in which a clock has something to do."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a follow-up may be answered, is due, is overdue, and has lapsed."""

    opens: datetime
    due: datetime
    overdue: datetime
    lapses: datetime


def times(rule: FollowUps, since: datetime, days: int) -> Times:
    """The times of a follow-up so many days after its beginning."""
    due = since + timedelta(days=days)
    return Times(due - rule.early, due, due + rule.overdue, due + rule.lapse)


def is_overdue(state: State, overdue_at: datetime, now: datetime) -> bool:
    """Whether it is due and has been for too long."""
    return state is State.DUE and overdue_at <= now


def what_comes(state: State, due_at: datetime, lapses_at: datetime, now: datetime) -> Event | None:
    """What the clock has to do, if anything: one step at a time, however late it comes."""
    if state is State.PLANNED and due_at <= now:
        return Event.COME
    return Event.LAPSE if state is State.DUE and lapses_at <= now else None


def require_open(state: State, opens_at: datetime, now: datetime) -> None:
    """Problem("too-early") before its day."""
    if state is State.PLANNED and now < opens_at:
        raise Problem("too-early", at=opens_at)


def event_of(rule: FollowUps, state: State, answered_at: datetime | None, now: datetime) -> Event:
    """Whether what is said is the answer or its correction; Problem("answer-stands") too late."""
    if state is not State.DONE or answered_at is None:
        return Event.ANSWER
    if now >= answered_at + rule.correct:
        raise Problem("answer-stands")
    return Event.CORRECT


def require_coded(choices: Sequence[Coded], code: str, what: str) -> None:
    """Problem("invalid") for a code that may not be chosen."""
    if code not in {choice.code for choice in choices}:
        raise Problem("invalid", detail=what)
