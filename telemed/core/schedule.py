"""When somebody, a room or a device can be had: weekly hours, exceptions, leave, what is booked.

Knows how a weekly pattern of Asia/Shanghai becomes stretches of time, with public holidays and
swapped working days, and what of them is left. Hours open time; leave, closures and bookings close
it, and nothing opens what they closed. Refuses to know who is asking, what the time is, and where
any of it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from telemed.core.intervals import (
    NEVER,
    Span,
    Spans,
    crowded,
    difference,
    intersection,
    minute_of,
    moment,
    normal,
    union,
)
from telemed.core.roster import is_lost, monday_of
from telemed.core.workdays import SWAPPED, ZONE, Days

SHORTEST: Final = 8
LONGEST: Final = 8 * 60
"""Minutes that can be booked at once: from a micro-slot to a day's training."""
WIDEST: Final = 92
"""Days that one question for slots may span."""
DAY_MINUTES: Final = 24 * 60
_WORKWEEK: Final = frozenset(range(5))
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours that come back every week, or every so many weeks counted from the first day's.

    `begins` and `ends` are minutes of the day; an end that is not after the beginning is the next
    day's. With `calendar`, public holidays from Monday to Friday fall out and a week-end day that
    is worked instead (调休) is one of whoever has these hours from Monday to Friday.
    """

    weekdays: frozenset[int]
    begins: int
    ends: int
    first: date
    last: date | None = None
    every: int = 1
    calendar: bool = True


@dataclass(frozen=True, slots=True)
class Leave:
    """When somebody is away, and who sits in their place meanwhile."""

    span: Span
    cover: str | None = None


@dataclass(frozen=True, slots=True)
class Diary:
    """What is known of a person's time.

    `extra` opens what the weekly hours do not; `on_call` counts for what is urgent only. `busy`
    are the sessions that stand, with the time before and after that each of them keeps.
    """

    weekly: tuple[Weekly, ...] = ()
    extra: Spans = NEVER
    on_call: Spans = NEVER
    away: tuple[Leave, ...] = ()
    busy: Spans = NEVER

    def absent(self) -> Spans:
        """When they are away."""
        return normal(leave.span for leave in self.away)


@dataclass(frozen=True, slots=True)
class Resource:
    """A room or a device: how many sessions it holds at once, when it is open, what uses it.

    Without weekly hours it is always open.
    """

    capacity: int = 1
    weekly: tuple[Weekly, ...] = ()
    extra: Spans = NEVER
    closed: Spans = NEVER
    uses: tuple[tuple[Span, int], ...] = ()

    def full(self, units: int) -> Spans:
        """When so many units more are not to be had."""
        return crowded(self.uses, self.capacity - units)


# --- days -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Day:
    day: date
    midnight: int
    weekday: int
    lost: bool
    swapped: bool


class Almanac:
    """The days of a window, looked up once for everybody."""

    def __init__(self, window: Span, calendar: Days) -> None:
        first = moment(window[0]).astimezone(ZONE).date() - _DAY
        last = moment(max(window)).astimezone(ZONE).date()
        self.window = window
        self._known: dict[Weekly, Spans] = {}
        self._joined: dict[tuple[Weekly, ...], Spans] = {}
        self._days = [_day(first + n * _DAY, calendar) for n in range((last - first).days + 1)]

    def hours(self, rows: Sequence[Weekly]) -> Spans:
        """What weekly hours open within the window; colleagues often have the same."""
        key = tuple(rows)
        if key not in self._joined:
            self._joined[key] = intersection(union(*map(self._of, key)), (self.window,))
        return self._joined[key]

    def _of(self, row: Weekly) -> Spans:
        if row not in self._known:
            end = row.ends if row.ends > row.begins else row.ends + DAY_MINUTES
            self._known[row] = normal(
                (day.midnight + row.begins, day.midnight + end)
                for day in self._days
                if _is_of(day, row)
            )
        return self._known[row]

    def always(self) -> Spans:
        """The whole window."""
        return normal((self.window,))


@lru_cache(maxsize=4096)
def _day(day: date, calendar: Days) -> _Day:
    midnight = minute_of(datetime.combine(day, time(), ZONE))
    swapped = calendar.kind_of(day) == SWAPPED
    return _Day(day, midnight, day.weekday(), is_lost(day, calendar), swapped)


def _is_of(day: _Day, row: Weekly) -> bool:
    if day.day < row.first or (row.last is not None and day.day > row.last):
        return False
    if row.every > 1 and (monday_of(day.day) - monday_of(row.first)).days // 7 % row.every:
        return False
    if row.calendar:
        if day.swapped and row.weekdays >= _WORKWEEK:
            return True
        if day.lost:
            return False
    return day.weekday in row.weekdays


# --- what is open ---------------------------------------------------------------------------------


def hours_of(diary: Diary, almanac: Almanac, urgent: bool) -> Spans:
    """When a person can be asked for: their hours, and while on call for what is urgent."""
    weekly = almanac.hours(diary.weekly)
    if not diary.extra and not (urgent and diary.on_call):
        return weekly
    opened = union(weekly, diary.extra, diary.on_call if urgent else NEVER)
    return intersection(opened, (almanac.window,))


def free_of(diary: Diary, almanac: Almanac, urgent: bool = False) -> Spans:
    """What is left of a person's hours: what others may see of a calendar, and nothing else."""
    taken = union(diary.absent(), diary.busy)
    return difference(hours_of(diary, almanac, urgent), taken)


def open_of(resource: Resource, almanac: Almanac) -> Spans:
    """When a room or a device is open."""
    rows = resource.weekly
    opened = union(almanac.hours(rows), resource.extra) if rows else almanac.always()
    return difference(intersection(opened, (almanac.window,)), resource.closed)
