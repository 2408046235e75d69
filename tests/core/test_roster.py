"""The roster's rules: what covers what, the days of a pattern, overlap and gaps."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.catalogue.timetables import load_timetable
from telemed.core.catalogue import DutyKind, Words
from telemed.core.roster import (
    LONGEST,
    Shift,
    covers,
    days_of,
    gaps,
    is_lost,
    monday_of,
    moved,
    overlap,
    readers,
    running,
    span_of,
    week_of,
)
from telemed.core.workdays import HOLIDAY, SWAPPED, ZONE

DAYS = load_timetable(Path(__file__).parents[2] / "configs").calendar.days
WORKWEEK = range(5)
NAME = Words("值", "Duty")
READING = DutyKind("reading", NAME)
FROZEN = DutyKind("frozen-section", NAME, ("pathology",), frozen=True)
COORDINATOR = DutyKind("coordinator", NAME, reads=False)
KINDS = {kind.code: kind for kind in (READING, FROZEN, COORDINATOR)}
T0 = datetime(2026, 9, 28, tzinfo=UTC)


def hour(n: int) -> datetime:
    """So many hours after a fixed moment."""
    return T0 + timedelta(hours=n)


def row(who: str, since: int, until: int, kind: str = "reading", *services: str) -> dict[str, Any]:
    """A shift as it is kept, by hours."""
    return {"id": f"{who}-{since}", "person_id": who, "kind": kind, "services": list(services),
            "since": hour(since), "until": hour(until)}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "services", "service", "frozen", "covered"),
    [
        (READING, (), "imaging", False, True),
        (READING, ("ecg",), "imaging", False, False),
        (READING, ("ecg", "imaging"), "imaging", False, True),
        (READING, (), "pathology", True, True),
        (FROZEN, (), "pathology", True, True),
        (FROZEN, (), "pathology", False, False),
        (FROZEN, (), "imaging", True, False),
        (FROZEN, ("imaging",), "imaging", True, True),
        (COORDINATOR, (), "imaging", False, False),
        (COORDINATOR, ("imaging",), "imaging", False, False),
    ],
)
def test_a_shift_covers_its_services_or_its_kind_s(
    kind: DutyKind, services: tuple[str, ...], service: str, frozen: bool, covered: bool
) -> None:
    """Its own services go before its kind's; who coordinates reads nothing."""
    assert covers(kind, services, service, frozen) is covered


def test_readers_on_duty_are_named_once() -> None:
    """Two shifts of one person are one reader; a kind that is known no more covers nothing."""
    shifts = [row("a", 0, 8), row("a", 0, 8, "frozen-section"), row("b", 0, 8, "coordinator"),
              row("c", 0, 8, "reading", "ecg"), row("d", 0, 8, "forgotten")]  # fmt: skip
    assert readers(shifts, KINDS, "pathology", frozen=True) == ["a"]
    assert readers(shifts, KINDS, "ecg") == ["a", "c"]


def test_the_shift_that_runs_is_the_one_that_began_first() -> None:
    """One's own, or none."""
    shifts = [row("a", 2, 8), row("a", 0, 8), row("b", 0, 8)]
    assert running(shifts, "a") == shifts[1]
    assert running(shifts, "c") is None


def test_hours_over_midnight_end_on_the_next_day() -> None:
    """In Beijing's clock; the same hour twice is a whole day."""
    day = date(2026, 12, 31)
    assert span_of(day, time(8), time(18)) == (
        datetime(2026, 12, 31, 0, tzinfo=UTC), datetime(2026, 12, 31, 10, tzinfo=UTC),
    )  # fmt: skip
    assert span_of(day, time(18), time(1))[1] == datetime(2026, 12, 31, 17, tzinfo=UTC)
    begin, end = span_of(day, time(8), time(8))
    assert end - begin == LONGEST


def test_a_working_pattern_leaves_holidays_out_and_takes_swapped_days_in() -> None:
    """The weeks around National Day 2026: a week off, and week-end days that are worked for it."""
    off = [d for d in days_of(date(2026, 9, 28), range(7), 2, None) if DAYS.kind_of(d) == HOLIDAY]
    assert date(2026, 10, 1) in off
    found = days_of(date(2026, 9, 14), WORKWEEK, 5, DAYS)
    swapped = [day for day in found if day.weekday() > 4]
    assert swapped and all(DAYS.kind_of(day) == SWAPPED for day in swapped)
    assert not set(found) & set(off)
    assert all(is_lost(day, DAYS) == (day.weekday() < 5) for day in off)
    # One day of the week is nobody's working week: the swapped day is not theirs.
    assert not any(d.weekday() > 4 for d in days_of(date(2026, 9, 14), {4}, 5, DAYS))
    # Whoever is on duty at week-ends is so on the holiday's, too.
    weekends = days_of(date(2026, 9, 28), {5, 6}, 2, DAYS)
    assert weekends == days_of(date(2026, 9, 28), {5, 6}, 2, None)


patterns = st.sets(st.integers(0, 6), min_size=1)
days = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@given(days, patterns, st.integers(1, 12))
def test_without_the_calendar_a_pattern_is_its_weekdays(
    first: date, weekdays: set[int], weeks: int
) -> None:
    """So many of each, and with it no day more than the swapped ones."""
    found = days_of(first, weekdays, weeks, None)
    assert len(found) == len(weekdays) * weeks and found == sorted(set(found))
    assert {day.weekday() for day in found} == weekdays
    extra = set(days_of(first, weekdays, weeks, DAYS)) - set(found)
    assert all(DAYS.kind_of(day) == SWAPPED for day in extra)


@given(days, st.times(), st.times(), st.integers(-60, 60))
def test_what_is_moved_keeps_its_hours(day: date, begins: time, ends: time, n: int) -> None:
    """There and back; the clock shows the same."""
    begin, end = span_of(day, begins, ends)
    assert timedelta(0) < end - begin <= LONGEST
    later = moved((begin, end), n)
    assert moved(later, -n) == (begin, end)
    assert later[0].astimezone(ZONE).time() == begins
    assert (later[0].astimezone(ZONE).date() - day).days == n


@given(days)
def test_a_week_begins_on_monday_at_midnight(day: date) -> None:
    """Of Beijing, and has seven days."""
    begin, end = week_of(day)
    assert begin.astimezone(ZONE).date() == monday_of(day) and monday_of(day).weekday() == 0
    assert begin.astimezone(ZONE).time() == time() and end - begin == timedelta(days=7)
    assert monday_of(day) <= day < monday_of(day) + timedelta(days=7)


stretches = st.tuples(st.integers(0, 100), st.integers(1, 24)).map(
    lambda pair: (hour(pair[0]), hour(pair[0] + pair[1]))
)


@given(st.lists(stretches, max_size=12), stretches)
def test_a_gap_is_what_no_shift_covers(shifts: list[Any], within: tuple[Any, Any]) -> None:
    """Hour by hour: each is in a shift or in a gap, never in both."""
    found = list(gaps(shifts, within))
    at = within[0]
    while at < within[1]:
        covered = any(since <= at < until for since, until in shifts)
        assert covered != any(since <= at < until for since, until in found)
        at += timedelta(hours=1)


@given(st.lists(st.tuples(st.sampled_from("ab"), stretches), max_size=6),
       st.lists(st.tuples(st.sampled_from("ab"), stretches), max_size=6))  # fmt: skip
def test_overlap_is_found_wherever_there_is_one(new: list[Any], standing: list[Any]) -> None:
    """Of the same person, with what stands and among the new; never with another's."""
    shifts = [Shift(who, "reading", (), *span) for who, span in new]
    rows = [{"person_id": who, "kind": "reading", "since": s, "until": u}
            for who, (s, u) in standing]  # fmt: skip
    pairs = [(n, o) for k, n in enumerate(new) for o in [*new[k + 1 :], *standing]]
    meets = any(n[0] == o[0] and n[1][0] < o[1][1] and o[1][0] < n[1][1] for n, o in pairs)
    assert (overlap(shifts, rows) is not None) == meets


def test_two_duties_at_once_are_no_overlap() -> None:
    """Reading and coordinating; a shift that begins when another ends; somebody else's."""
    new = [Shift("a", "reading", (), hour(8), hour(16))]
    standing = [row("a", 8, 16, "coordinator"), row("a", 0, 8), row("b", 8, 16)]
    assert overlap(new, standing) is None
    assert overlap(new, [row("a", 15, 20)]) == (new[0], (hour(15), hour(20)))
