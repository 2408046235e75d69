"""The ledger and the choices, worked by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core.activity import Activity
from telemed.core.fairness import (
    FIGURES,
    Choice,
    Line,
    Weighed,
    choices,
    expected,
    lines,
    picking,
    sums,
)

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)


def case(points: float, due: int = 0, service: str = "imaging") -> Weighed:
    return Weighed(service, points, NOW + timedelta(minutes=due))


def told(*rows: tuple[str, str, dict[str, object]]) -> list[Activity]:
    """Facts of hub in order: kind, request, what it says."""
    return [
        Activity(
            n, kind, NOW + timedelta(minutes=n), None, "hub", request_id, None, None,
            {"provider": "hub", **data},
        )
        for n, (kind, request_id, data) in enumerate(rows, 1)
    ]  # fmt: skip


def came(*ids: str) -> list[tuple[str, str, dict[str, object]]]:
    return [("request.submitted", one, {}) for one in ids]


def took(request_id: str, person: str = "a") -> tuple[str, str, dict[str, object]]:
    return ("workitem.claimed", request_id, {"person": person})


def test_each_fact_is_one_figure_of_one_reader() -> None:
    """Given 3, claimed 3 + 1, done 3, returned 1; what was reserved is nobody's gift."""
    facts = told(
        *came("mr", "dx"),
        ("workitem.assigned", "mr", {"person": "a", "by": "rule"}),
        took("mr"),
        ("report.issued", "mr", {"reader": "a"}),
        ("workitem.assigned", "dx", {"person": "b", "by": "self"}),
        ("workitem.unassigned", "dx", {"person": "b", "by": "self", "why": "lapsed"}),
        took("dx"),
        ("workitem.released", "dx", {"person": "a"}),
        ("workitem.taken_over", "dx", {"person": "b", "previous": "a"}),
        ("report.issued", "elsewhere", {"reader": "a"}),
        ("report.issued", "mr", {"reader": "c", "provider": "second"}),
    )
    ledger = list(lines(facts, "hub", {"mr": case(3), "dx": case(1)}))
    assert sums(ledger) == {
        "a": {"given": (3, 1), "claimed": (4, 2), "done": (3, 1), "returned": (1, 1)},
        "b": {"given": (0, 0), "claimed": (1, 1), "done": (0, 0), "returned": (0, 0)},
    }
    assert [line.seq for line in ledger if line.person == "a"] == [3, 4, 5, 8, 9]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(FIGURES), st.integers(1, 8))))
def test_sums_are_the_sums_of_their_lines(rows: Sequence[tuple[str, str, int]]) -> None:
    """No line is lost and none counts twice."""
    ledger = [Line(n, NOW, p, f, "r", x / 2) for n, (p, f, x) in enumerate(rows)]
    found = sums(ledger)
    assert sum(n for mine in found.values() for _, n in mine.values()) == len(ledger)
    assert sum(p for mine in found.values() for p, _ in mine.values()) == sum(
        line.points for line in ledger
    )


def test_what_is_expected_goes_by_share_and_hours() -> None:
    """Half a share of 10 hours is 5 of 25; without a roster the shares alone count."""
    shares = {"a": 1.0, "b": 0.5, "c": 1.0}
    assert expected(shares, {"a": 20, "b": 10}) == pytest.approx({"a": 0.8, "b": 0.2, "c": 0})
    assert expected(shares, {}) == pytest.approx({"a": 0.4, "b": 0.2, "c": 0.4})
    assert expected({}, {}) == {}


def test_a_choice_is_held_against_what_lay_there() -> None:
    """A film of 1 beside a CT of 2 and an MR of 3: mean 2, variance 2/3, one of two was due
    earlier. Then the MR beside the CT. The last is no choice, and an ECG never lay beside them."""
    cases = {
        "dx": case(1, due=20), "ct": case(2, due=10), "mr": case(3, due=30),
        "ecg": case(0.5, service="ecg"),
    }  # fmt: skip
    facts = told(*came("dx", "ct", "mr", "ecg"), took("dx"), took("mr"), took("ct"), took("ecg"))
    one, two = choices(facts, "hub", cases, [])
    assert one == Choice(5, "a", 1, 2, pytest.approx(2 / 3), 0.5)
    assert two == Choice(6, "a", 3, 2.5, 0.25, 1)
    found = picking([one, two])["a"]
    assert (found.choices, found.passed) == (2, 0.75)
    assert found.index == pytest.approx((-1 + 0.5) / 4.5)
    assert found.z == pytest.approx(-0.5 / sqrt(2 / 3 + 0.25))


def test_what_was_given_or_reserved_before_is_no_choice() -> None:
    """A reservation is one, its beginning is not; what the rule gave is not; a claim of what came
    back to the pool is one again."""
    cases = {name: case(1) for name in ("one", "two", "three", "four")}
    facts = told(
        *came("one", "two", "three"),
        ("workitem.assigned", "one", {"person": "a", "by": "rule"}),
        took("one"),
        ("workitem.assigned", "two", {"person": "a", "by": "self"}),
        took("two"),
        ("workitem.released", "two", {"person": "a"}),
        took("two", "b"),
    )
    made = list(choices(facts, "hub", cases, ["four", "unknown"]))
    assert [(one.seq, one.person) for one in made] == [(6, "a"), (9, "b")]
    assert picking(made)["a"].z is None, "all weigh the same: nothing to choose by"


def test_what_left_the_pool_is_no_longer_beside_it() -> None:
    """Withdrawn, returned or passed on; what was passed on to here has come."""
    cases = {name: case(1) for name in ("one", "two", "three", "four")}
    facts = told(
        *came("one", "two", "three"),
        ("request.withdrawn", "two", {}),
        ("request.redirected", "three", {"to": "second"}),
        ("request.redirected", "four", {"provider": "second", "to": "hub"}),
        took("one"),
    )
    (made,) = choices(facts, "hub", cases, [])
    assert made.seq == 7 and made.variance == 0
