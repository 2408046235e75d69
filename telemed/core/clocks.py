"""The two clocks of a request: whose turn it is, since when, how long each side took so far.

One side's clock runs at a time. The responding side's runs while the request is open; it stops
while the requester owes material (returned), another choice (declined) or a reading (answered),
and then the requester's runs. There is one exception: while the requester is asked whether an
open request may be passed on, both run, for the responding side may still answer. The same turns
are told twice, from the request's row (`clocks_of`) and from its facts (`turns_of` and
`questions_of`), and both must agree. It knows no clock of the day: what runs is told by its
beginning, and whoever shows it adds the time since.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from telemed.core.activity import Activity, Kind
from telemed.core.request import State


class Side(StrEnum):
    """Whose clock."""

    PROVIDER = "provider"
    REQUESTER = "requester"


class Turn(StrEnum):
    """What is owed by the side whose clock runs."""

    ANSWER = "answer"
    MATERIAL = "material"
    CHOICE = "choice"
    READING = "reading"
    PASSING = "passing"
    """Whether an open request may be passed on: owed beside the answer, in no state of its own."""


TURNS: Mapping[State, Turn | None] = MappingProxyType(
    {
        State.DRAFT: None,
        State.AWAITING: None,
        State.OPEN: Turn.ANSWER,
        State.RETURNED: Turn.MATERIAL,
        State.DECLINED: Turn.CHOICE,
        State.ANSWERED: Turn.READING,
        State.CONFIRMED: None,
        State.WITHDRAWN: None,
        State.DISCARDED: None,
    }
)
"""Whose turn each state is; None where nobody owes anything."""

SIDES: Mapping[Turn, Side] = MappingProxyType(
    {
        Turn.ANSWER: Side.PROVIDER,
        Turn.MATERIAL: Side.REQUESTER,
        Turn.CHOICE: Side.REQUESTER,
        Turn.READING: Side.REQUESTER,
        Turn.PASSING: Side.REQUESTER,
    }
)

PAUSING = frozenset({Turn.MATERIAL, Turn.CHOICE})
"""Turns during which the responding side waits: its promise is pushed back by them."""


class Running(StrEnum):
    """What one side's clock does."""

    IDLE = "idle"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Hand:
    """One side's clock: `spent` before `since`, and running since then when it runs.

    `due` is when this side's present turn, or for the responding side its promise, ends; `late`
    says of what is done whether it came after that, None where nothing was due.
    """

    running: Running
    spent: timedelta
    since: datetime | None = None
    due: datetime | None = None
    late: bool | None = None

    def at(self, now: datetime) -> timedelta:
        """The time this side has taken by `now`."""
        return self.spent if self.since is None else self.spent + (now - self.since)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of a request."""

    turn: Turn | None
    provider: Hand
    requester: Hand

    @property
    def whose(self) -> Side | None:
        """Whose clock runs."""
        return None if self.turn is None else SIDES[self.turn]


# --- from the row -------------------------------------------------------------------------------


def clocks_of(row: Mapping[str, Any]) -> Clocks:
    """Both clocks from a request's row: state, submitted_at, waiting_since, waited_seconds,
    due_at, issued_at, updated_at, asked_since, asked_due_at, asked_seconds."""
    turn = TURNS[State(row["state"])]
    return Clocks(turn, _provider(row, turn), _requester(row, turn))


def _provider(row: Mapping[str, Any], turn: Turn | None) -> Hand:
    sent: datetime | None = row["submitted_at"]
    if sent is None:
        return Hand(Running.IDLE, timedelta(0))
    due, issued = row["due_at"], row["issued_at"]
    waited = timedelta(seconds=row["waited_seconds"])
    if turn is Turn.ANSWER:
        # What was waited moves the beginning: the time since it is the time that was taken.
        return Hand(Running.RUNNING, timedelta(0), sent + waited, due)
    if turn in PAUSING:
        since = row["waiting_since"] or row["updated_at"]
        return Hand(Running.STOPPED, since - sent - waited, None, due)
    ended = issued or row["waiting_since"] or row["updated_at"]
    late = None if issued is None or due is None else issued > due
    return Hand(Running.DONE, ended - sent - waited, None, due, late)


def _requester(row: Mapping[str, Any], turn: Turn | None) -> Hand:
    spent = timedelta(seconds=row["asked_seconds"])
    if turn is not None and SIDES[turn] is Side.REQUESTER:
        # A row that an older version moved has no beginning of its own.
        since = row["asked_since"] or row["waiting_since"] or row["updated_at"]
        return Hand(Running.RUNNING, spent, since, row["asked_due_at"])
    if turn is Turn.ANSWER and row["asked_since"] is not None:
        return Hand(Running.RUNNING, spent, row["asked_since"], row["asked_due_at"])
    if turn is Turn.ANSWER:
        return Hand(Running.STOPPED if spent else Running.IDLE, spent)
    return Hand(Running.DONE if row["submitted_at"] else Running.IDLE, spent)


# --- from the log -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stint:
    """One turn as it was: `until` None while it lasts. `institution` is whose turn it was."""

    turn: Turn
    institution: str
    since: datetime
    until: datetime | None = None
    due: datetime | None = None

    @property
    def side(self) -> Side:
        """Whose clock ran."""
        return SIDES[self.turn]


_BEGINS: Mapping[str, Turn | None] = MappingProxyType(
    {
        Kind.REQUEST_SUBMITTED: Turn.ANSWER,
        Kind.REQUEST_RESUBMITTED: Turn.ANSWER,
        Kind.REQUEST_REDIRECTED: Turn.ANSWER,
        Kind.REQUEST_RETURNED: Turn.MATERIAL,
        Kind.REQUEST_DECLINED: Turn.CHOICE,
        Kind.REPORT_ISSUED: Turn.READING,
        Kind.REPORT_ADDENDED: Turn.READING,
        Kind.REPORT_AMENDED: Turn.READING,
        Kind.REQUEST_CONFIRMED: None,
        Kind.REQUEST_WITHDRAWN: None,
    }
)
"""The turn that each fact begins, None where it ends the last one; other facts change no turn."""

_ASKS = frozenset({Kind.REQUEST_OVERFLOW_ASKED, Kind.REQUEST_OVERFLOW_SETTLED})
TELLING = frozenset(map(Kind, _BEGINS)) | _ASKS
"""The facts of which `turns_of` and `questions_of` are told; what others say is nothing to them."""


def turns_of(facts: Iterable[Activity]) -> list[Stint]:
    """A request's turns from its facts, oldest first. What is revised must be read anew."""
    stints: list[Stint] = []
    due: datetime | None = None
    for fact in facts:
        if fact.kind not in _BEGINS:
            continue
        if stints and stints[-1].until is None:
            stints.append(_ended(stints.pop(), fact.at))
        turn = _BEGINS[fact.kind]
        if turn is None:
            continue
        due = _moment(fact.data.get("due_at")) or due
        ends = due if turn is Turn.ANSWER else _moment(fact.data.get("asked_due_at"))
        whose = fact.data.get("requester" if turn is not Turn.ANSWER else "provider")
        whose = fact.data.get("to", whose) if turn is Turn.ANSWER else whose
        stints.append(Stint(turn, str(whose or ""), fact.at, None, ends))
    return stints


def questions_of(facts: Iterable[Activity]) -> list[Stint]:
    """When the requester was asked whether to pass the request on, oldest first.

    They lie within the turns in which the answer is owed, and stop no clock.
    """
    stints: list[Stint] = []
    for fact in facts:
        if fact.kind == Kind.REQUEST_OVERFLOW_SETTLED:
            stints.append(_ended(stints.pop(), fact.at))
        elif fact.kind == Kind.REQUEST_OVERFLOW_ASKED and "asked_at" in fact.data:
            due = _moment(fact.data.get("asked_due_at"))
            whose = str(fact.data.get("requester") or "")
            stints.append(Stint(Turn.PASSING, whose, fact.at, None, due))
    return stints


def pauses_of(stints: Iterable[Stint], now: datetime) -> list[tuple[datetime, datetime]]:
    """When the responding side waited for the requester, up to `now`."""
    return [(s.since, s.until or now) for s in stints if s.turn in PAUSING]


def taken(stints: Iterable[Stint], side: Side, now: datetime) -> timedelta:
    """How long a side took by `now`, over all of its turns."""
    mine = ((s.until or now) - s.since for s in stints if s.side is side)
    return sum(mine, timedelta(0))


def _ended(stint: Stint, at: datetime) -> Stint:
    return Stint(stint.turn, stint.institution, stint.since, at, stint.due)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
