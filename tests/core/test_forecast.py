"""The forecast against months that were simulated: how often its range holds, and what it beats."""

import random
from datetime import date, timedelta

import pytest

from telemed.core.forecast import (
    BLOCKS,
    block_of,
    block_span,
    kind_of,
    needed,
    quantiles,
    week,
)
from telemed.core.workdays import Days

DRAGON_BOAT = frozenset({date(2025, 6, 2)})
WORKED = frozenset({date(2025, 5, 31)})
CALENDAR = Days(DRAGON_BOAT, WORKED, date(2026, 12, 31))
FIRST = date(2025, 1, 6)
WEEKDAYS = (1.25, 1.05, 1.0, 1.0, 1.0, 0.45, 0.35)
"""As configs/simulation.toml has them."""
SHARES = (0.55, 0.35, 0.1)
Truth = dict[tuple[date, int], int]


def poisson(rng: random.Random, mean: float) -> int:
    """A count by chance: arrivals of a unit's time."""
    count, at = -1, 0.0
    while at < mean:
        at += rng.expovariate(1)
        count += 1
    return count


def months(seed: int, level: float, noise: float, drift: float, weeks: int = 52) -> Truth:
    """A year as it might have been: weekdays, holidays, half-days, growth, and days of their own
    mood (`noise` is the spread beyond chance)."""
    rng = random.Random(seed)
    found: Truth = {}
    for n in range(7 * weeks):
        day = FIRST + timedelta(days=n)
        mean = level * WEEKDAYS[kind_of(day, CALENDAR)] * (1 + drift) ** (n / 7)
        for block, share in enumerate(SHARES):
            mood = rng.gammavariate(1 / noise, noise) if noise else 1.0
            found[day, block] = poisson(rng, mean * share * mood)
    return found


def judged(truth: Truth, weeks: range) -> tuple[float, float, float]:
    """The share of half-days within the range, the forecast's mean error, and that of taking what
    the week before had."""
    held = told = 0
    error = naive = 0.0
    for number in weeks:
        monday = FIRST + timedelta(weeks=number)
        seen = {cell: n for cell, n in truth.items() if cell[0] < monday}
        forecast = week(seen, FIRST, monday, monday, CALENDAR)
        assert forecast is not None
        for (day, block), one in forecast.items():
            real = truth[day, block]
            told += 1
            held += one.low <= real <= one.high
            error += abs(one.mean - real)
            naive += abs(truth[day - timedelta(weeks=1), block] - real)
    return held / told, error / told, naive / told


@pytest.mark.parametrize("level", [6.0, 24.0, 90.0])
@pytest.mark.parametrize(("noise", "drift"), [(0.0, 0.0), (0.15, 0.0), (0.15, 0.02), (0.5, -0.01)])
def test_the_range_holds_four_half_days_of_five_in_simulated_months(
    level: float, noise: float, drift: float
) -> None:
    """And not all of them: a range that always holds says nothing. Counts are whole numbers, so it
    holds more than it says where there are few."""
    results = [judged(months(seed, level, noise, drift), range(12, 52, 3)) for seed in range(3)]
    held = sum(r[0] for r in results) / len(results)
    assert 0.77 <= held <= (0.97 if level < 10 else 0.9), held
    assert sum(r[1] for r in results) < 0.9 * sum(r[2] for r in results)


def test_a_holiday_is_quiet_and_a_swapped_day_is_worked() -> None:
    """2025's Dragon Boat Monday is off and nothing was swapped for it; here Saturday is worked."""
    truth = months(1, 40, 0.0, 0.0)
    seen = {cell: n for cell, n in truth.items() if cell[0] < date(2025, 5, 26)}
    before = week(seen, FIRST, date(2025, 5, 26), date(2025, 5, 26), CALENDAR)
    during = week(seen, FIRST, date(2025, 6, 2), date(2025, 6, 2), CALENDAR)
    assert before is not None and during is not None
    assert during[date(2025, 6, 2), 0].mean < 0.5 * before[date(2025, 5, 26), 0].mean
    assert before[date(2025, 5, 31), 0].mean > 1.5 * during[date(2025, 6, 7), 0].mean


def test_little_is_said_of_little() -> None:
    """Three weeks, or a handful: nothing. And a day without anything counts as one."""
    truth = months(2, 24, 0.0, 0.0)
    monday = FIRST + timedelta(weeks=3)
    assert (
        week({c: n for c, n in truth.items() if c[0] < monday}, FIRST, monday, monday, CALENDAR)
        is None
    )
    few = {(FIRST + timedelta(days=n), 0): 1 for n in range(0, 70, 5)}
    ahead = FIRST + timedelta(weeks=12)
    assert week(few, FIRST, ahead, ahead, CALENDAR) is None
    assert week({}, FIRST, monday, monday, CALENDAR) is None
    rare = {(FIRST + timedelta(days=n), 0): 1 for n in range(0, 180, 7)}
    ahead = FIRST + timedelta(weeks=26)
    found = week(rare, FIRST, ahead, ahead, CALENDAR)
    assert found is not None
    # What comes once a week, on Mondays, is a Monday's and little of other days.
    assert found[date(2025, 7, 7), 0].mean > 0.5 > 0.2 > found[date(2025, 7, 8), 0].mean
    assert found[date(2025, 7, 7), 0].high == 2 and found[date(2025, 7, 12), 0].high == 0


def test_quantiles_are_those_of_the_distribution() -> None:
    """Poisson's known values, and wider with more spread."""
    assert quantiles(0, 0, (0.1, 0.9)) == [0, 0]
    assert quantiles(4, 0, (0.1, 0.5, 0.9)) == [2, 4, 7]
    narrow, wide = quantiles(50, 0.0, (0.1, 0.9)), quantiles(50, 0.3, (0.1, 0.9))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_what_is_needed_is_whole_people() -> None:
    """Seven half hours fill a half-day; the eighth needs another."""
    assert [needed(n, 30) for n in (0, 1, 7, 8, 14, 15)] == [0, 1, 1, 2, 2, 3]
    assert needed(3, 8, 24) == 1


def test_blocks_cover_the_day() -> None:
    """Each minute is of one block."""
    for minute in range(1440):
        begins, ends = block_span(block_of(minute))
        assert begins <= minute < ends
    assert block_span(len(BLOCKS) - 1)[1] == 1440
