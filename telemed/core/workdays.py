"""The working calendar: which minutes of which days are worked, and counting in them.

Knows weekly hours, days off and the week-end days that are worked instead (调休), all as data, and
that their days are those of Asia/Shanghai. Refuses to know where a year's holidays come from, and
what day it is. Working time is counted to the microsecond: `between` measures it, `later` goes
along it, and one undoes the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")
HOLIDAY: Final = 7
SWAPPED: Final = 8
KINDS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "holiday", "swapped",
)  # fmt: skip
"""The kinds of day that hours are given for; a weekday's number is `date.weekday()`."""
_WEEKEND: Final = 5
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 4000
"""No promise lies further ahead; hours that are never open end here instead of nowhere."""

Span = tuple[int, int]
"""Minutes of a day, from and to: (480, 720) is 08:00-12:00, and 1440 the end of the day."""


@dataclass(frozen=True, slots=True)
class Days:
    """Which days are off, and which week-end days are worked instead.

    After `known_until` nobody has announced anything yet: Monday to Friday count as worked.
    """

    off: frozenset[date]
    swapped: frozenset[date]
    known_until: date

    def kind_of(self, day: date) -> int:
        """The number of the day's kind in `KINDS`."""
        if day in self.off:
            return HOLIDAY
        if day in self.swapped:
            return SWAPPED
        return day.weekday()

    def is_workday(self, day: date) -> bool:
        """Whether people at large work that day."""
        kind = self.kind_of(day)
        return kind == SWAPPED or kind < _WEEKEND


@dataclass(frozen=True, slots=True)
class Hours:
    """What is worked on each kind of day: spans in order, apart from each other."""

    spans: tuple[tuple[Span, ...], ...]

    def __post_init__(self) -> None:
        """ValueError unless there is a list for each kind, in order, and a workday is worked."""
        if len(self.spans) != len(KINDS):
            raise ValueError(f"hours want {len(KINDS)} kinds of day")
        for spans in self.spans:
            edges = [0, *(minute for span in spans for minute in span), 24 * 60]
            if edges != sorted(edges) or any(begin == end for begin, end in spans):
                raise ValueError(f"not in order: {spans}")
        if not any(self.spans[:_WEEKEND]):
            raise ValueError("no hours from Monday to Friday")

    @property
    def always(self) -> bool:
        """Whether no minute is off."""
        return all(spans == ((0, 24 * 60),) for spans in self.spans)


@dataclass(frozen=True, slots=True)
class Working:
    """Somebody's working time: a clock that runs while they work."""

    hours: Hours
    days: Days

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """The working time from one moment to another; negative when `end` is the earlier."""
        if self.hours.always:
            return end - begin
        if end < begin:
            return -self.between(end, begin)
        total = timedelta(0)
        for opens, closes in self._from(begin):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def later(self, at: datetime, span: timedelta) -> datetime:
        """The first moment by which `span` of working time has passed since `at`.

        A negative span goes back, to the last moment from which as much passed until `at`; none
        stays. ValueError beyond eleven years.
        """
        if not span or self.hours.always:
            return at + span
        if span < timedelta(0):
            return self._earlier(at, -span)
        for opens, closes in self._from(at):
            if span <= closes - opens:
                return opens + span
            span -= closes - opens
        raise ValueError("no working time that far ahead")

    def opens(self, at: datetime) -> datetime:
        """`at` while it is worked, else the next moment at which work begins."""
        return at if self.hours.always else next(self._from(at))[0]

    def within(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The spans that are worked between two moments."""
        if self.hours.always:
            return [(begin, end)]
        spans = takewhile(lambda span: span[0] < end, self._from(begin))
        return [(opens, min(closes, end)) for opens, closes in spans]

    def _earlier(self, at: datetime, span: timedelta) -> datetime:
        day = _day_of(at)
        for back in range(_MOST_DAYS):
            for opens, closes in reversed(self._of(day - back * _DAY)):
                closes = min(closes, at)
                if opens < closes:
                    if span <= closes - opens:
                        return closes - span
                    span -= closes - opens
        raise ValueError("no working time that far back")

    def _from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans from a moment on; the one it lies in begins with it."""
        day = _day_of(at)
        for ahead in range(_MOST_DAYS):
            for opens, closes in self._of(day + ahead * _DAY):
                if closes > at:
                    yield max(opens, at), closes

    def _of(self, day: date) -> list[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, time(), ZONE).astimezone(UTC)
        return [
            (midnight + timedelta(minutes=begin), midnight + timedelta(minutes=end))
            for begin, end in self.hours.spans[self.days.kind_of(day)]
        ]


@dataclass(frozen=True, slots=True)
class HoursRow:
    """Hours of a service, of an institution, of both, or of whatever has no row of its own."""

    hours: Hours
    service: str | None = None
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days, and whose hours are which."""

    days: Days
    rows: Sequence[HoursRow]

    def working(self, service: str, institution: str | None) -> Working:
        """The working time of a service at an institution; who names more comes first, and an
        institution's own hours before a service's."""
        best = max(
            (
                row
                for row in self.rows
                if row.service in (None, service) and row.institution in (None, institution)
            ),
            key=lambda row: 2 * (row.institution is not None) + (row.service is not None),
        )
        return Working(best.hours, self.days)


ALL_DAY: Final = Hours(tuple(((0, 24 * 60),) for _ in KINDS))
ROUND_THE_CLOCK: Final = Working(ALL_DAY, Days(frozenset(), frozenset(), date.max))
"""A clock that never stops: time as everybody's clock shows it."""


def _day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()
