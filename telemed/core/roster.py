"""The roster 值班表: what a shift covers, which days a pattern falls on, and where nobody is.

Knows shifts, the kinds of duty, overlap, the days of a repetition and gaps. Days and hours are
those of Asia/Shanghai, moments are aware UTC. Refuses to know who is asking, what time it is, and
where shifts are kept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from telemed.core.catalogue import Count, Deadline, DutyKind
from telemed.core.workdays import HOLIDAY, ROUND_THE_CLOCK, SWAPPED, ZONE, Days, Working

Row = Mapping[str, Any]
Stretch = tuple[datetime, datetime]

LONGEST: Final = timedelta(hours=24)
"""No shift is longer: nobody is on duty for two days."""
AT_ONCE: Final = timedelta(hours=1)
"""Whoever promises an answer within this has somebody on duty at every hour that counts."""
_DAY: Final = timedelta(days=1)
_WORKWEEK: Final = frozenset(range(5))


def covers(kind: DutyKind, services: Sequence[str], service: str, frozen: bool) -> bool:
    """Whether a shift of a kind, with its own services, is for a case of a service.

    A shift without services takes its kind's; a kind without any takes every one.
    """
    if not kind.reads or (kind.frozen and not frozen):
        return False
    mine = services or kind.services
    return not mine or service in mine


def readers(
    shifts: Iterable[Row], kinds: Mapping[str, DutyKind], service: str, frozen: bool = False
) -> list[str]:
    """Who of those on duty reads cases of a service: ids of people, each once, in order.

    A kind that is in the table no longer covers nothing.
    """
    return list(
        dict.fromkeys(
            shift["person_id"]
            for shift in shifts
            if (kind := kinds.get(shift["kind"])) is not None
            and covers(kind, shift["services"], service, frozen)
        )
    )


def coordinators(shifts: Iterable[Row], kinds: Mapping[str, DutyKind]) -> list[str]:
    """Who of those on duty coordinates instead of reading, each once."""
    return list(
        dict.fromkeys(
            shift["person_id"]
            for shift in shifts
            if (kind := kinds.get(shift["kind"])) is not None and not kind.reads
        )
    )


def running(shifts: Iterable[Row], person_id: str) -> Row | None:
    """Somebody's own shift of those that run; of several the one that began first."""
    mine = [shift for shift in shifts if shift["person_id"] == person_id]
    return min(mine, key=lambda shift: (shift["since"], shift["id"]), default=None)


# --- when -------------------------------------------------------------------------------------


def span_of(day: date, begins: time, ends: time) -> Stretch:
    """The moments of hours on a day; an end that is not after the beginning is the next day's."""
    over = _DAY if ends <= begins else timedelta(0)
    return _moment(day, begins), _moment(day + over, ends)


def days_of(
    first: date, weekdays: Collection[int], weeks: int, calendar: Days | None
) -> list[date]:
    """The days of a weekly pattern (0 is Monday) for so many weeks from the first day on.

    By the working calendar, public holidays from Monday to Friday fall out, and a week-end day
    that is worked instead (调休) is a day of whoever works Monday to Friday. Who is on duty at
    week-ends is so on a holiday's week-end too. Without the calendar only weekdays count.
    """
    every = [first + n * _DAY for n in range(7 * weeks)]
    return [day for day in every if _is_of(day, weekdays, calendar)]


def _is_of(day: date, weekdays: Collection[int], calendar: Days | None) -> bool:
    if calendar is not None:
        if calendar.kind_of(day) == SWAPPED and set(weekdays) >= _WORKWEEK:
            return True
        if is_lost(day, calendar):
            return False
    return day.weekday() in weekdays


def is_lost(day: date, calendar: Days) -> bool:
    """Whether it is a day from Monday to Friday that is a public holiday."""
    return day.weekday() in _WORKWEEK and calendar.kind_of(day) == HOLIDAY


def moved(stretch: Stretch, days: int) -> Stretch:
    """The same hours of the clock so many days later."""
    begin, end = (at.astimezone(ZONE) for at in stretch)
    later = days * _DAY
    return (
        _moment(begin.date() + later, begin.timetz().replace(tzinfo=None)),
        _moment(end.date() + later, end.timetz().replace(tzinfo=None)),
    )


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - day.weekday() * _DAY


def week_of(day: date) -> Stretch:
    """The moments at which a day's week begins and ends."""
    monday = monday_of(day)
    return _moment(monday, time()), _moment(monday + 7 * _DAY, time())


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZONE).astimezone(UTC)


# --- beside each other ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift that is to stand on the roster."""

    person_id: str
    kind: str
    services: tuple[str, ...]
    since: datetime
    until: datetime


def overlap(new: Sequence[Shift], standing: Iterable[Row]) -> tuple[Shift, Stretch] | None:
    """The first new shift that meets another of the same person and kind, and which one it meets.

    Two duties of different kinds may run at once; the same one twice is a mistake.
    """
    taken: dict[tuple[str, str], list[Stretch]] = {}
    for row in standing:
        taken.setdefault((row["person_id"], row["kind"]), []).append((row["since"], row["until"]))
    for shift in sorted(new, key=lambda s: (s.since, s.person_id, s.kind)):
        mine = taken.setdefault((shift.person_id, shift.kind), [])
        for since, until in mine:
            if since < shift.until and shift.since < until:
                return shift, (since, until)
        mine.append((shift.since, shift.until))
    return None


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody must always be on duty for: the shortest promise of a service decides."""

    service: str
    frozen: bool
    minutes: int
    count: Count


def needs(deadlines: Iterable[Deadline], services: Collection[str]) -> list[Need]:
    """The needs of services, frozen sections apart where a promise of their own is short."""
    shortest: dict[tuple[str, bool], Deadline] = {}
    for row in deadlines:
        key = (row.service, bool(row.frozen))
        short = row.service in services and row.minutes <= AT_ONCE / timedelta(minutes=1)
        if short and (key not in shortest or row.minutes < shortest[key].minutes):
            shortest[key] = row
    return [
        Need(service, frozen, row.minutes, row.clock)
        for (service, frozen), row in sorted(shortest.items())
    ]


def uncovered(
    need: Need, shifts: Iterable[Stretch], within: Stretch, working: Working
) -> list[Stretch]:
    """When nobody is on duty for a need; working hours alone count where its promise says so."""
    clock = ROUND_THE_CLOCK if need.count is Count.CLOCK else working
    kept = list(shifts)
    return [gap for span in clock.within(*within) for gap in gaps(kept, span)]


def gaps(shifts: Iterable[Stretch], within: Stretch) -> Iterator[Stretch]:
    """The stretches of time in which none of the shifts runs, in order."""
    begin, end = within
    reached = begin
    for since, until in sorted(shifts):
        if since >= end:
            break
        if since > reached:
            yield reached, since
        reached = max(reached, until)
    if reached < end:
        yield reached, end
