"""An appointment's times and bounds; its state tables are in test_machines."""

from datetime import UTC, datetime, timedelta

import pytest

from telemed.core.appointment import Event, State, bounds, is_lapsed, require_due, times
from telemed.core.errors import Problem

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "minutes", "before", "after"),
    [
        (NOW, 7, 0, 0),
        (NOW, 481, 0, 0),
        (NOW, -30, 0, 0),
        (NOW, 30, -1, 0),
        (NOW, 30, 0, 121),
        (NOW + timedelta(seconds=30), 30, 0, 0),
    ],
)
def test_times_that_no_clock_shows_are_refused(
    since: datetime, minutes: int, before: int, after: int
) -> None:
    """Too short, too long, backwards, between two minutes."""
    with pytest.raises(Problem) as caught:
        times(since, minutes, before, after)
    assert caught.value.code == "impossible-time"


@pytest.mark.parametrize("minutes", [8, 60, 480])
def test_a_session_keeps_the_time_around_it(minutes: int) -> None:
    """From the shortest to the longest."""
    made = times(NOW, minutes, 5, 10)
    assert made.until - made.since == minutes
    assert made.kept == (made.since - 5, made.until + 10)


def test_what_can_wait_needs_notice() -> None:
    """What is urgent does not; both end at the horizon."""
    assert bounds(NOW, urgent=True)[0] == NOW < bounds(NOW, urgent=False)[0]
    assert bounds(NOW, urgent=True)[1] == bounds(NOW, urgent=False)[1]


def test_nobody_misses_what_has_not_begun() -> None:
    """And it begins half an hour early at the most."""
    late = NOW + 31 * MINUTE
    require_due(Event.BEGIN, late, NOW + MINUTE)
    require_due(Event.MISS, late, late)
    require_due(Event.CANCEL, late, NOW)
    for event, at in ((Event.BEGIN, NOW), (Event.MISS, late - MINUTE)):
        with pytest.raises(Problem) as caught:
            require_due(event, late, at)
        assert caught.value.code == "too-early"


def test_what_nobody_went_on_with_lapses() -> None:
    """A hold by its own time, a proposal when its time has come; what is confirmed never."""
    soon = NOW + MINUTE
    assert is_lapsed(State.HELD, NOW, soon, NOW)
    assert not is_lapsed(State.HELD, soon, soon, NOW)
    assert is_lapsed(State.PROPOSED, None, NOW, NOW)
    assert not is_lapsed(State.PROPOSED, None, soon, NOW)
    assert not is_lapsed(State.CONFIRMED, NOW, NOW, NOW + timedelta(days=9))
