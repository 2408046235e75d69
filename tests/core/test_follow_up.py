"""When a patient is followed up, and what may still be said when."""

from datetime import UTC, datetime, timedelta

import pytest

from telemed.core.aftercare_rules import Coded, CountsFrom, FollowUps, Plan
from telemed.core.errors import Problem
from telemed.core.follow_up import (
    Event,
    State,
    event_of,
    is_overdue,
    require_coded,
    require_open,
    times,
    what_comes,
)

SINCE = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
RULE = FollowUps(
    plans=(
        Plan(frozenset({"consultation"}), CountsFrom.ANSWER, (7, 30)),
        Plan(frozenset({"case_discussion"}), CountsFrom.SESSION, (3,)),
    ),
    outcomes=(Coded("improved", "好转", "Improved"),),
)
DAY = timedelta(days=1)


def test_days_are_counted_from_what_the_service_counts_from() -> None:
    """A consultation's from its answer, a discussion's from its end, a reading has none."""
    assert RULE.days("consultation", CountsFrom.ANSWER) == (7, 30)
    assert RULE.days("consultation", CountsFrom.SESSION) == ()
    assert RULE.days("case_discussion", CountsFrom.SESSION) == (3,)
    assert RULE.days("imaging", CountsFrom.ANSWER) == ()


def test_the_times_of_a_follow_up() -> None:
    """Two days early at most, overdue three days later, lapsed after a fortnight."""
    when = times(RULE, SINCE, 7)
    assert when.due - SINCE == 7 * DAY and when.due - when.opens == 2 * DAY
    assert when.overdue - when.due == 3 * DAY and when.lapses - when.due == 14 * DAY


@pytest.mark.parametrize("state", State)
def test_what_the_clock_does(state: State) -> None:
    """Its day comes, then it lapses; to the second, and to no other state anything."""
    due, lapses = SINCE + 7 * DAY, SINCE + 21 * DAY
    second = timedelta(seconds=1)
    come = what_comes(state, due, lapses, due)
    assert come is (Event.COME if state is State.PLANNED else None)
    assert what_comes(state, due, lapses, due - second) is None
    late = what_comes(state, due, lapses, lapses)
    expected = {State.PLANNED: Event.COME, State.DUE: Event.LAPSE}.get(state)
    assert late is expected
    assert state is not State.DUE or what_comes(state, due, lapses, lapses - second) is None
    assert is_overdue(state, due, due) is (state is State.DUE)
    assert not is_overdue(state, due, due - second)


@pytest.mark.parametrize("state", State)
def test_early_is_two_days_early(state: State) -> None:
    """Only what is planned can be too early."""
    require_open(state, SINCE, SINCE)
    if state is State.PLANNED:
        with pytest.raises(Problem, match="too-early"):
            require_open(state, SINCE, SINCE - timedelta(seconds=1))
    else:
        require_open(state, SINCE, SINCE - DAY)


@pytest.mark.parametrize("state", [s for s in State if s is not State.DONE])
def test_what_was_never_answered_is_answered(state: State) -> None:
    """Whether the table lets it is the table's."""
    assert event_of(RULE, state, None, SINCE) is Event.ANSWER


def test_an_answer_is_corrected_for_a_week() -> None:
    """And stands from then on."""
    assert event_of(RULE, State.DONE, SINCE, SINCE + 7 * DAY - timedelta(seconds=1)) is (
        Event.CORRECT
    )
    with pytest.raises(Problem, match="answer-stands"):
        event_of(RULE, State.DONE, SINCE, SINCE + 7 * DAY)


def test_only_what_is_on_the_list_may_be_chosen() -> None:
    """Any other code is refused by the name of what was asked."""
    require_coded(RULE.outcomes, "improved", "outcome")
    with pytest.raises(Problem, match="outcome"):
        require_coded(RULE.outcomes, "cured", "outcome")
