"""Two clocks: one runs at a time, and the row tells the same story as the facts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telemed.core.activity import Activity, Kind
from telemed.core.clocks import (
    PAUSING,
    SIDES,
    TURNS,
    Running,
    Side,
    Turn,
    clocks_of,
    pauses_of,
    questions_of,
    taken,
    turns_of,
)  # fmt: skip
from telemed.core.request import State

NOON = datetime(2026, 3, 5, 4, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def fact(kind: Kind, minutes: float, **data: object) -> Activity:
    told = {"requester": "LS", "provider": "GL", **data}
    return Activity(1, kind, after(minutes), "a", "LS", "r", None, None, told)


def row(state: State, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("submitted_at", "waiting_since", "due_at", "issued_at", "asked_since", "asked_due_at")
    )
    counts = {"waited_seconds": 0, "asked_seconds": 0, "updated_at": NOON}
    return {"state": state.value, **empty, **counts, **more}


@pytest.mark.parametrize("state", list(State))
def test_at_most_one_clock_runs_in_every_state(state: State) -> None:
    """And it is the one of the side whose turn it is."""
    found = clocks_of(row(state, submitted_at=None if state is State.DRAFT else NOON))
    running = [
        side
        for side, hand in ((Side.PROVIDER, found.provider), (Side.REQUESTER, found.requester))
        if hand.running is Running.RUNNING
    ]
    turn = TURNS[state]
    assert running == ([] if turn is None else [SIDES[turn]])
    assert found.whose == (running[0] if running else None)
    assert all((h.since is not None) == (h.running is Running.RUNNING)
               for h in (found.provider, found.requester))  # fmt: skip


def test_a_return_stops_one_clock_and_starts_the_other() -> None:
    """Ten minutes of theirs, thirty of ours, five of theirs."""
    facts = [
        fact(Kind.REQUEST_SUBMITTED, 0, due_at=after(60).isoformat()),
        fact(Kind.WORKITEM_CLAIMED, 4),
        fact(Kind.REQUEST_RETURNED, 10, asked_due_at=after(25).isoformat()),
        fact(Kind.REQUEST_RESUBMITTED, 40, due_at=after(90).isoformat()),
        fact(Kind.REPORT_ISSUED, 45, due_at=after(90).isoformat()),
        fact(Kind.REQUEST_CONFIRMED, 60),
    ]
    turns = turns_of(facts)
    assert [t.turn for t in turns] == [Turn.ANSWER, Turn.MATERIAL, Turn.ANSWER, Turn.READING]
    assert [t.due for t in turns] == [after(60), after(25), after(90), None]
    assert taken(turns, Side.PROVIDER, after(99)) == timedelta(minutes=15)
    assert taken(turns, Side.REQUESTER, after(99)) == timedelta(minutes=45)
    assert pauses_of(turns, after(99)) == [(after(10), after(40))]
    assert pauses_of(turns_of(facts[:3]), after(20)) == [(after(10), after(20))]


def test_whose_turn_it_is_after_a_redirect_is_the_new_hospitals() -> None:
    """The promise stands; the clock goes on at another desk."""
    facts = [
        fact(Kind.REQUEST_SUBMITTED, 0, due_at=after(60).isoformat()),
        fact(Kind.REQUEST_REDIRECTED, 10, to="NN"),
    ]
    assert [(t.institution, t.due) for t in turns_of(facts)] == [
        ("GL", after(60)),
        ("NN", after(60)),
    ]


def test_being_asked_runs_the_requesters_clock_beside_the_answers() -> None:
    """Nobody's promise is pushed back by it: the responding side may still answer."""
    facts = [
        fact(Kind.REQUEST_SUBMITTED, 0, due_at=after(60).isoformat()),
        fact(Kind.REQUEST_OVERFLOW_ASKED, 36, to="NN", asked_at=after(36).isoformat()),
        fact(Kind.REQUEST_OVERFLOW_SETTLED, 40, owed="passing"),
        fact(Kind.WORKITEM_CLAIMED, 40),
    ]
    (asked,) = questions_of(facts)
    assert (asked.side, asked.since, asked.until) == (Side.REQUESTER, after(36), after(40))
    assert questions_of(facts[:2])[0].until is None
    assert [t.turn for t in turns_of(facts)] == [Turn.ANSWER]
    assert pauses_of(turns_of(facts), after(60)) == []
    open_row = row(State.OPEN, submitted_at=NOON, asked_since=after(36))
    both = clocks_of(open_row)
    assert both.provider.at(after(40)) == timedelta(minutes=40)
    assert both.requester.at(after(40)) == timedelta(minutes=4)


def test_a_revised_report_must_be_read_anew() -> None:
    """An addendum ends one reading and begins the next."""
    facts = [fact(Kind.REQUEST_SUBMITTED, 0), fact(Kind.REPORT_ISSUED, 5),
             fact(Kind.REQUEST_CONFIRMED, 7), fact(Kind.REPORT_ADDENDED, 20)]  # fmt: skip
    last = turns_of(facts)[-1]
    assert (last.turn, last.since, last.until) == (Turn.READING, after(20), None)


def test_a_row_that_an_older_version_moved_still_has_a_clock() -> None:
    """It has no beginning of the requester's clock; the waiting's stands for it."""
    found = clocks_of(row(State.RETURNED, submitted_at=NOON, waiting_since=after(9)))
    assert found.requester.since == after(9) and found.requester.due is None
    assert found.provider.running is Running.STOPPED
    assert found.provider.at(after(50)) == timedelta(minutes=9)


def test_waiting_pauses_and_reading_does_not() -> None:
    """What pushes the promise back is what the answer waits for."""
    assert {Turn.MATERIAL, Turn.CHOICE} == PAUSING
