"""Every cell of the state table of UPS-RS, and what facts mean to those who watch."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core import ups
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.ups import Cancellation, Which
from telemed.core.workitem import MACHINE, Event, State

MINE, OTHERS = "2.25.1", "2.25.2"
S, P, C, X = State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED, State.CANCELED


def asked(state: State, target: str, given: str | None) -> str:
    """What a call comes to: an event, 'already', or a status code of PS3.4 CC.2."""
    held = None if state is S else MINE
    try:
        event = ups.state_change(state, target, given, held)
    except Problem as problem:
        return str(problem.facts.get("status", problem.code))
    return "already" if event is None else event.value


# docs/conformance.md has the same table.
CHANGES = {
    (P.value, MINE): {S: "claim", P: "C302", C: "C300", X: "C300"},
    (P.value, OTHERS): {S: "claim", P: "C302", C: "C300", X: "C300"},
    (S.value, MINE): {S: "C303", P: "C303", C: "C303", X: "C303"},
    (S.value, OTHERS): {S: "C303", P: "C303", C: "C303", X: "C303"},
    (C.value, MINE): {S: "C310", P: "complete", C: "already", X: "C300"},
    (C.value, OTHERS): {S: "C310", P: "C301", C: "C301", X: "C301"},
    (X.value, MINE): {S: "C310", P: "cancel", C: "C300", X: "already"},
    (X.value, OTHERS): {S: "C310", P: "C301", C: "C301", X: "C301"},
    **{(state.value, None): dict.fromkeys(State, "C301") for state in State},
    ("", MINE): dict.fromkeys(State, "invalid"),
    ("PAUSED", MINE): dict.fromkeys(State, "invalid"),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("call", CHANGES)
def test_every_change_of_state(state: State, call: tuple[str, str | None]) -> None:
    """PS3.4 table CC.1.1-2 with the status codes of CC.2.1.3."""
    assert asked(state, *call) == CHANGES[call][state]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("given_uid", "expected"), [
    (None, {S: "", P: "C301", C: "C300", X: "C300"}),
    (MINE, {S: "C310", P: "", C: "C300", X: "C300"}),
    (OTHERS, {S: "C310", P: "C301", C: "C300", X: "C300"}),
])  # fmt: skip
def test_every_update(state: State, given_uid: str | None, expected: dict[State, str]) -> None:
    """N-SET (CC.2.6): anybody before the claim, the holder after it, nobody in the end."""
    try:
        ups.may_update(state, given_uid, None if state is S else MINE)
        found = ""
    except Problem as problem:
        found = str(problem.facts["status"])
    assert found == expected[state]


def test_every_request_for_cancellation() -> None:
    """CC.2.2: done at once, told to the performer, done already; not when it is completed."""
    assert ups.cancellation(S) is Cancellation.CANCEL_NOW
    assert ups.cancellation(P) is Cancellation.TELL_PERFORMER
    assert ups.cancellation(X) is Cancellation.ALREADY
    with pytest.raises(Problem) as refused:
        ups.cancellation(C)
    assert refused.value.facts["status"] == "C311"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*(state.value for state in State), ""]),
            st.sampled_from([MINE, OTHERS, None]),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_calls_leaves_the_table(calls: list[tuple[str, str | None]]) -> None:
    """Whatever is asked, a workitem goes where its table goes, only its claimer moves it on, and
    an end is the end."""
    state, held = State.SCHEDULED, None
    for target, uid in calls:
        try:
            event = ups.state_change(state, target, uid, held)
        except Problem:
            continue
        if event is None:
            assert not MACHINE.table[state] and uid == held and target == state
            continue
        assert MACHINE.allows(state, event) and (event is Event.CLAIM or uid == held)
        held = uid if event is Event.CLAIM else held
        state = MACHINE.step(state, event)


def test_every_fact_that_moves_a_workitem_is_told() -> None:
    """What the joint table and the responding side do is what the facts say: a fact ends at most
    one attempt, and never one that another began."""
    for kind, changes in ups.CHANGES.items():
        assert kind in ups.WATCHED
        reached = [change.state for change in changes if change.which is Which.CURRENT]
        for before, after in pairwise(reached):
            assert after in MACHINE.table[before].values()
        assert sum(change.which is Which.PREVIOUS for change in changes) <= 1
    moving = {k for k in Kind if k.value.startswith("workitem.")}
    assert {Kind.WORKITEM_CLAIMED, Kind.WORKITEM_RELEASED, Kind.WORKITEM_EXPIRED,
            Kind.WORKITEM_TAKEN_OVER} <= moving & set(ups.CHANGES)  # fmt: skip


@pytest.mark.parametrize(("needs", "has", "way", "expected"), [
    (True, False, False, "INCOMPLETE"), (True, True, False, "READY"),
    (True, True, True, "INCOMPLETE"), (False, False, False, "READY"),
    (False, False, True, "INCOMPLETE"), (True, False, True, "INCOMPLETE"),
    (False, True, False, "READY"), (False, True, True, "INCOMPLETE"),
])  # fmt: skip
def test_input_readiness(needs: bool, has: bool, way: bool, expected: str) -> None:
    """Nothing to wait for, or still waiting."""
    assert ups.readiness(needs_input=needs, has_input=has, on_its_way=way) == expected
