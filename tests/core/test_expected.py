"""Expected answers: the range holds four of five, the finest cell that knows enough speaks."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core.expected import (
    ENOUGH,
    FEWEST,
    KEPT,
    Situation,
    cells,
    likely,
    range_of,
    remembered,
)  # fmt: skip

NINE = datetime(2026, 3, 5, 1, tzinfo=UTC)
CASE = Situation("imaging", "routine", False, "GL", NINE, 3)


def test_cells_go_from_the_desk_to_the_kind() -> None:
    """Hours are local ones, and a frozen section is a kind of its own."""
    own, network, hour, kind = cells(CASE)
    assert own == "imaging|routine|GL|h09|q2" and kind == "imaging|routine"
    assert network == "imaging|routine|*|h09|q2" and hour == "imaging|routine|*|h09"
    frozen = Situation("pathology", "urgent", True, "GL", NINE, 0)
    assert cells(frozen)[-1] == "pathology|urgent|frozen"


@pytest.mark.parametrize(("on_duty", "staff"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4)])
def test_a_roster_makes_finer_cells(on_duty: int, staff: int) -> None:
    """Beside those that there are without one, which learn from every case as before."""
    first, second, *rest = cells(replace(CASE, on_duty=on_duty))
    assert first == f"imaging|routine|GL|h09|q2|d{staff}"
    assert second == f"imaging|routine|*|h09|q2|d{staff}"
    assert tuple(rest) == cells(CASE)


def test_the_finest_cell_that_has_seen_enough_speaks() -> None:
    """One case short of enough, and the next coarser cell is asked."""
    own, *_, kind = cells(CASE)
    history = {own: [60] * (ENOUGH - 1), kind: [600] * ENOUGH}
    found = likely(CASE, history)
    assert found is not None and (found[0], found[1].mid) == (kind, 600)
    found = likely(CASE, {**history, own: [60] * ENOUGH})
    assert found is not None and (found[0], found[1].mid) == (own, 60)


def test_little_history_says_nothing() -> None:
    """Neither an empty one, nor one in which nobody waited so long."""
    assert likely(CASE, {}) is None
    assert likely(CASE, {cells(CASE)[0]: list(range(ENOUGH))}, spent=ENOUGH - FEWEST + 1) is None


@given(st.lists(st.integers(0, 10**6), min_size=FEWEST, max_size=KEPT), st.integers(0, 10**6))
def test_a_range_is_in_order_and_after_what_was_waited(seen: list[int], spent: int) -> None:
    """And it is made of times that came about."""
    found = range_of(seen, spent)
    if found is not None:
        assert spent < found.low <= found.mid <= found.high
        assert {found.low, found.mid, found.high} <= set(seen)


@pytest.mark.parametrize("seed", range(3))
def test_four_of_five_fall_within(seed: int) -> None:
    """Of times that are log-normal, heavy-tailed or two-humped, whatever the cell has seen."""
    dice = random.Random(seed)
    draws = (
        lambda: dice.lognormvariate(6, 1.2),
        lambda: dice.paretovariate(1.2) * 60,
        lambda: dice.gauss(300, 40) if dice.random() < 0.6 else dice.gauss(50_000, 900),
    )
    seen: list[int] = []
    hits = asked = 0
    for _ in range(4000):
        took = int(draws[seed]())
        found = range_of(seen) if len(seen) >= ENOUGH else None
        if found is not None:
            asked += 1
            hits += found.low <= took <= found.high
        seen = remembered(seen, took)
    assert len(seen) == KEPT and 0.77 < hits / asked < 0.83
