"""How many sessions next week brings, and the experts and rooms that they need.

What was sat in is counted by half-day and group (a department, or the rooms). A half-day's mean is
the group's level, newer weeks weighing more, by the kind of day (China's holidays and swapped days
included) and the half-day's share of such a day. Few counts say little, so days and half-days are
drawn towards what the group does at large. Around the mean lies a negative binomial whose spread is
what the group's own past showed, and what so short a past cannot know. Knows no clock and no names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, exp, lgamma, log
from typing import Final

from telemed.core.workdays import HOLIDAY, SWAPPED, Days

BLOCKS: Final = ("morning", "afternoon", "evening")
"""Half-days by the hour of the clock: before 12, before 18, and after."""
_ENDS: Final = (12 * 60, 18 * 60, 24 * 60)
BLOCK_MINUTES: Final = 210
"""What one expert or one room can hold in a half-day."""
WEEKS: Final = 26
"""How far back is looked."""
HALF_LIFE: Final = 28.0
"""Days after which a day weighs half."""
FEWEST_DAYS: Final = 28
FEWEST: Final = 20
"""Days and counts of a group before it says anything."""
LOW, SERVED, HIGH = 0.1, 0.8, 0.9
"""The range, and the share of half-days whose demand the need is meant to meet."""
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_PSEUDO_DAYS: Final = 2.0
_PSEUDO_COUNTS: Final = 4.0
_MOST: Final = 10_000

Cell = tuple[date, int]
"""A day, and the number of a block."""
Counts = Mapping[Cell, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one half-day brings: the mean, the range that holds four of five, and as many as four
    of five half-days stay within."""

    mean: float
    low: int
    served: int
    high: int


def block_of(minute: int) -> int:
    """The block of a minute of the day."""
    return next(n for n, end in enumerate(_ENDS) if minute < end)


def block_span(block: int) -> tuple[int, int]:
    """The minutes of the day from which and until which a block is."""
    return (_ENDS[block - 1] if block else 0), _ENDS[block]


def kind_of(day: date, calendar: Days) -> int:
    """A day's kind: a weekday's number; a holiday counts as Sunday, a swapped day as Friday."""
    kind = calendar.kind_of(day)
    return {HOLIDAY: _SUNDAY, SWAPPED: _FRIDAY}.get(kind, kind)


def week(
    counts: Counts, first: date, today: date, monday: date, calendar: Days
) -> dict[Cell, Forecast] | None:
    """Each half-day of the week that begins on a Monday, from what was counted before it.

    `first` is the day since which is counted, until the day before today: a day without counts is
    a day with none. None where too little is known.
    """
    until = min(monday, today)
    since = max(first, until - timedelta(weeks=WEEKS))
    if (until - since).days < FEWEST_DAYS or sum(counts.values()) < FEWEST:
        return None
    known = _Known(counts, since, until, calendar)
    return {
        (day, block): known.forecast(day, block)
        for day in (monday + timedelta(days=n) for n in range(7))
        for block in range(len(BLOCKS))
    }


class _Known:
    """What a group's past says."""

    def __init__(self, counts: Counts, since: date, until: date, calendar: Days) -> None:
        self._counts, self._calendar = counts, calendar
        self._days = [since + timedelta(days=n) for n in range((until - since).days)]
        self._weights = {day: exp(-log(2) * (until - day).days / HALF_LIFE) for day in self._days}
        self._levels = self._level_of_kinds()
        self._shares = self._share_of_blocks()
        self._spread = self._seen_spread()

    def forecast(self, day: date, block: int) -> Forecast:
        """One half-day."""
        mean = self._mean(day, block)
        # What so few counts leave open about the mean itself.
        unsure = 1 / (1 + self._seen(kind_of(day, self._calendar)))
        low, served, high = quantiles(mean, self._spread + unsure, (LOW, SERVED, HIGH))
        return Forecast(mean, low, served, high)

    def _mean(self, day: date, block: int) -> float:
        kind = kind_of(day, self._calendar)
        return self._levels[kind] * self._shares[kind][block]

    def _total(self, day: date) -> int:
        return sum(self._counts.get((day, block), 0) for block in range(len(BLOCKS)))

    def _level_of_kinds(self) -> list[float]:
        """Counts a day, by kind of day; each drawn towards all working or all free days."""
        levels = [0.0] * 7
        for kinds in (range(_SATURDAY), range(_SATURDAY, 7)):
            pool = self._weighed(day for day in self._days if self._kind(day) in kinds)
            common = pool[1] / pool[0] if pool[0] else 0.0
            for kind in kinds:
                weight, total = self._weighed(d for d in self._days if self._kind(d) == kind)
                levels[kind] = (total + _PSEUDO_DAYS * common) / (weight + _PSEUDO_DAYS)
        return levels

    def _weighed(self, days: Iterable[date]) -> tuple[float, float]:
        """The weight of some days, and their weighted counts."""
        weight = total = 0.0
        for day in days:
            weight += self._weights[day]
            total += self._weights[day] * self._total(day)
        return weight, total

    def _share_of_blocks(self) -> list[list[float]]:
        """Each block's share of a day, by kind of day; each drawn towards the share of all."""
        even = [1 / len(BLOCKS)] * len(BLOCKS)
        common = self._shares_of(self._days, even)
        return [
            self._shares_of([day for day in self._days if self._kind(day) == kind], common)
            for kind in range(7)
        ]

    def _shares_of(self, days: Sequence[date], prior: Sequence[float]) -> list[float]:
        sums = [
            sum(self._weights[day] * self._counts.get((day, block), 0) for day in days)
            for block in range(len(BLOCKS))
        ]
        whole = sum(sums) + _PSEUDO_COUNTS
        return [(s + _PSEUDO_COUNTS * p) / whole for s, p in zip(sums, prior, strict=True)]

    def _seen_spread(self) -> float:
        """How much more half-days differed than chance alone makes them (method of moments)."""
        over = under = 0.0
        for day in self._days:
            for block in range(len(BLOCKS)):
                mean, count = self._mean(day, block), self._counts.get((day, block), 0)
                over += self._weights[day] * ((count - mean) ** 2 - mean)
                under += self._weights[day] * mean**2
        return max(0.0, over / under) if under else 0.0

    def _seen(self, kind: int) -> float:
        """How many counts stand behind a kind of day's level, by weight."""
        weight, total = self._weighed(day for day in self._days if self._kind(day) == kind)
        return total + _PSEUDO_DAYS * (total / weight if weight else 0.0)

    def _kind(self, day: date) -> int:
        return kind_of(day, self._calendar)


def quantiles(mean: float, spread: float, wanted: Sequence[float]) -> list[int]:
    """The smallest counts that a share of outcomes does not exceed, shares rising: of a negative
    binomial with variance mean + spread * mean²."""
    found: list[int] = []
    reached, shares = 0.0, list(wanted)
    for count, share in enumerate(_chances(mean, spread)):
        reached += share
        while shares and reached >= shares[0]:
            found.append(count)
            shares.pop(0)
        if not shares:
            break
    return found + [_MOST] * len(shares)


def _chances(mean: float, spread: float) -> Iterator[float]:
    """The chance of each count, from zero on."""
    if mean <= 0:
        yield 1.0
        return
    spread = max(spread, 1e-6)  # as good as Poisson
    size = 1 / spread
    stay, go = log(size / (size + mean)), log(mean / (size + mean))
    for count in range(_MOST):
        yield exp(
            lgamma(count + size) - lgamma(size) - lgamma(count + 1) + size * stay + count * go
        )


def needed(sessions: int, minutes: float, kept: float = BLOCK_MINUTES) -> int:
    """How many experts or rooms hold so many sessions of so many minutes in a half-day."""
    return ceil(sessions * minutes / kept - 1e-9) if sessions else 0
