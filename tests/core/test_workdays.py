"""Working time: what is added is what is measured, and the weeks of 2025 and 2026 are China's."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.catalogue.timetables import load_timetable
from telemed.core.workdays import (
    ALL_DAY,
    HOLIDAY,
    KINDS,
    ROUND_THE_CLOCK,
    SWAPPED,
    ZONE,
    Calendar,
    Hours,
    HoursRow,
    Working,
)  # fmt: skip

SHIPPED = load_timetable(Path(__file__).parents[2] / "configs").calendar
OFFICE = SHIPPED.working("imaging", "450328A01")
DAY = timedelta(hours=7)
moments = st.integers(0, 699 * 86_400_000).map(
    lambda ms: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
spans = st.timedeltas(timedelta(0), timedelta(days=40))


def at(text: str) -> datetime:
    """A local time of Asia/Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@given(moments, spans)
def test_what_is_added_is_what_is_measured(begin: datetime, span: timedelta) -> None:
    """There and back, forwards and backwards."""
    assert OFFICE.between(begin, OFFICE.later(begin, span)) == span
    assert OFFICE.between(OFFICE.later(begin, -span), begin) == span


@given(moments, moments, moments)
def test_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    """Any two parts make the whole, in any order, and no part is longer than the clock's."""
    assert OFFICE.between(a, b) + OFFICE.between(b, c) == OFFICE.between(a, c)
    assert abs(OFFICE.between(a, b)) <= abs(b - a)


@given(moments, moments)
def test_the_first_moment_is_the_first(a: datetime, b: datetime) -> None:
    """Nothing is worked between the moment that `later` finds and the one it was measured to."""
    if a <= b:
        found = OFFICE.later(a, OFFICE.between(a, b))
        assert found <= b and not OFFICE.between(found, b)


@given(moments, spans)
def test_a_clock_that_never_stops_is_plain_time(begin: datetime, span: timedelta) -> None:
    """Clock hours are working hours without an end."""
    slow = Working(ALL_DAY, SHIPPED.days)
    assert slow.later(begin, span) == ROUND_THE_CLOCK.later(begin, span) == begin + span
    assert ROUND_THE_CLOCK.opens(begin) == begin


@given(moments)
def test_work_begins_where_a_minute_counts(begin: datetime) -> None:
    """`opens` is `begin` itself or a moment before which nothing is worked."""
    opens = OFFICE.opens(begin)
    assert opens >= begin and not OFFICE.between(begin, opens)
    assert OFFICE.between(opens, opens + timedelta(seconds=1)) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2025-01-26", SWAPPED),  # Sunday, worked for the Spring Festival
        ("2025-01-28", HOLIDAY),
        ("2025-02-04", HOLIDAY),
        ("2025-02-08", SWAPPED),
        ("2025-03-31", HOLIDAY),  # 三月三, Guangxi's own
        ("2025-10-08", HOLIDAY),
        ("2025-10-11", SWAPPED),
        ("2026-01-04", SWAPPED),
        ("2026-02-14", SWAPPED),
        ("2026-02-17", HOLIDAY),  # the Spring Festival itself
        ("2026-02-28", SWAPPED),
        ("2026-04-20", HOLIDAY),  # 三月三
        ("2026-04-22", 2),
        ("2026-10-10", SWAPPED),
        ("2026-11-29", 6),
        ("2027-02-17", 2),  # nobody has announced 2027 yet
    ],
)
def test_days_are_what_was_announced(day: str, kind: int) -> None:
    """Holidays, swapped working days, the region's own days, and what is not known."""
    assert SHIPPED.days.kind_of(date.fromisoformat(day)) == kind


def test_the_calendar_says_until_when_it_is_known() -> None:
    """After that Monday to Friday count; nothing pretends to know a holiday of next year."""
    assert SHIPPED.days.known_until == date(2026, 12, 31)
    assert not any(day.year > 2026 for day in SHIPPED.days.off | SHIPPED.days.swapped)


def test_a_promise_crosses_a_holiday_with_a_swapped_day() -> None:
    """Before the National Day of 2026: seven hours are one day, off or swapped days between."""
    friday = at("2026-09-30T16:30")
    assert OFFICE.later(friday, DAY) == at("2026-10-08T16:30")
    assert OFFICE.between(at("2026-10-01T00:00"), at("2026-10-08T00:00")) == timedelta(0)
    assert OFFICE.between(at("2026-10-10T00:00"), at("2026-10-11T00:00")) == DAY


def test_lunch_and_the_night_are_not_worked() -> None:
    """11:30 and an hour is 15:00; half an hour before closing and two hours is next morning."""
    assert OFFICE.later(at("2026-03-05T11:30"), timedelta(hours=1)) == at("2026-03-05T15:00")
    assert OFFICE.later(at("2026-03-05T17:00"), timedelta(hours=2)) == at("2026-03-06T09:30")


def test_who_names_more_has_the_hours_and_a_place_goes_before_a_service() -> None:
    """An institution's own hours, a service's, and everybody's."""
    late = Hours(tuple(((600, 1080),) for _ in KINDS))
    rows = (*SHIPPED.rows, HoursRow(late, institution="X"), HoursRow(ALL_DAY, "imaging", "X"))
    mixed = Calendar(SHIPPED.days, rows)
    assert mixed.working("ecg", "X").hours == late
    assert mixed.working("imaging", "X").hours == ALL_DAY
    assert mixed.working("ecg", "Y").hours.always
    assert mixed.working("imaging", "Y").hours == OFFICE.hours


@pytest.mark.parametrize("wrong", [((480, 480),), ((600, 500),), ((0, 600), (500, 700)), ()])
def test_hours_that_are_none_are_refused(wrong: tuple[tuple[int, int], ...]) -> None:
    """Nothing is promised by hours that are never open or run backwards."""
    with pytest.raises(ValueError):
        Hours(tuple(wrong for _ in KINDS))
