"""Whom an urgent call rings next, and for how long somebody can be had."""

from datetime import UTC, datetime, timedelta

from telemed.core.urgent_call import MOST_RINGS, Candidate, minutes_free, next_up

NOON = datetime(2026, 3, 6, 4, tzinfo=UTC)


def test_who_is_on_duty_comes_first_then_who_was_called_longest_ago() -> None:
    """The roster's order decides between those who were never called."""
    at = [
        Candidate("in-hours", False),
        Candidate("called-now", True, NOON),
        Candidate("called-before", True, NOON - timedelta(hours=1)),
        Candidate("never", True),
        Candidate("never-too", True),
    ]
    rung: list[str] = []
    while (one := next_up(at, rung)) is not None:
        rung.append(one)
    assert rung == ["never", "never-too", "called-before", "called-now", "in-hours"]


def test_nobody_is_rung_twice_and_not_everybody_there_is() -> None:
    """A call ends; somebody must be telephoned then."""
    many = [Candidate(f"p{n:02}", True) for n in range(MOST_RINGS + 5)]
    rung: list[str] = []
    while (one := next_up(many, rung)) is not None:
        rung.append(one)
    assert len(rung) == len(set(rung)) == MOST_RINGS
    assert next_up([], []) is None


def test_somebody_is_had_as_long_as_they_are_free() -> None:
    """A shift that ends soon, the next session; never less than the shortest session."""
    assert minutes_free(((100, 200),), 150, 30) == 30
    assert minutes_free(((100, 170),), 150, 30) == 20
    assert minutes_free(((100, 157),), 150, 30) is None
    assert minutes_free(((151, 200),), 150, 30) is None
    assert minutes_free((), 150, 30) is None
    assert minutes_free(((100, 150), (150, 200)), 150, 30) == 30
