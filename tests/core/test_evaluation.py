"""Until when an evaluation may be changed, and from when on the other side sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telemed.core.aftercare_rules import Asked, Evaluations
from telemed.core.errors import Problem
from telemed.core.evaluation import Side, is_good, may_give, opens_at, require_scores

RULE = Evaluations(asked=(Asked(frozenset({"consultation"}), ("a", "b"), ("c",)),))
T = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_each_service_asks_for_its_own_items() -> None:
    """And some for none."""
    assert RULE.of("consultation") is not None and RULE.of("imaging") is None
    assert Side.REQUESTER.other is Side.PROVIDER and Side.PROVIDER.other is Side.REQUESTER


@pytest.mark.parametrize(
    ("other", "opens"),
    [(None, T + 7 * DAY), (T - DAY, T), (T, T), (T + DAY, T + DAY), (T + 9 * DAY, T + 7 * DAY)],
)
def test_it_opens_when_both_are_there_or_after_a_week(
    other: datetime | None, opens: datetime
) -> None:
    """Whichever comes first, and never before it was given."""
    assert opens_at(RULE, T, other) == opens


def test_it_may_be_said_and_changed_until_the_other_s_is_seen() -> None:
    """To the second; and whoever has seen the other's alone says nothing any more."""
    assert may_give(RULE, None, None, T)
    assert may_give(RULE, T, None, T + 7 * DAY - SECOND)
    assert not may_give(RULE, T, None, T + 7 * DAY)
    assert not may_give(RULE, T, T + DAY, T + DAY)
    assert may_give(RULE, None, T, T + 7 * DAY - SECOND)
    assert not may_give(RULE, None, T, T + 7 * DAY)


@pytest.mark.parametrize(
    ("scores", "fits"),
    [({"a": 1, "b": 5}, True), ({"a": 1}, False), ({"a": 1, "b": 6}, False),
     ({"a": 0, "b": 5}, False), ({"a": 1, "b": 2, "c": 3}, False), ({}, False)],
)  # fmt: skip
def test_every_item_has_a_score_from_one_to_five(scores: Any, fits: bool) -> None:
    """No more and no fewer."""
    if fits:
        require_scores(("a", "b"), scores)
    else:
        with pytest.raises(Problem, match="invalid"):
            require_scores(("a", "b"), scores)


@pytest.mark.parametrize(
    ("scores", "good"), [({"a": 4, "b": 4}, True), ({"a": 5, "b": 3}, True), ({"a": 3}, False),
                         ({"a": 5, "b": 3, "c": 3}, False)],
)  # fmt: skip
def test_good_is_a_mean_of_four(scores: Any, good: bool) -> None:
    """Exactly four is good."""
    assert is_good(scores) is good
