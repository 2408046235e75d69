"""Next week's sessions, and whether the hours that are kept will hold them.

What is needed is worked out from what the own institution's people and rooms sat in; what is there
comes from their hours, without leave and without what is booked already, which is part of the
demand. Demand that came to nothing is counted beside it: nobody sat in it, so it stands in no
history.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from telemed.actions import diaries
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.calendars import ResourceKind
from telemed.core.errors import Problem
from telemed.core.forecast import (
    BLOCKS,
    WEEKS,
    Cell,
    Forecast,
    block_of,
    block_span,
    needed,
    week,
)
from telemed.core.intervals import (
    Span,
    Spans,
    difference,
    inside,
    intersection,
    length,
    minute_of,
)
from telemed.core.roster import monday_of, week_of
from telemed.core.schedule import Almanac, hours_of, open_of
from telemed.core.workdays import ZONE
from telemed.store import calendars, forecasts
from telemed.store.tx import Row

FURTHEST: Final = timedelta(weeks=8)
_USUAL_MINUTES: Final = 30.0


@dataclass(frozen=True, slots=True)
class Need:
    """One half-day of a group. Without a forecast only what is booked and there is known.

    `have` are minutes of hours, `lacks` whether what is likely to come takes more.
    """

    day: date
    block: int
    forecast: Forecast | None
    booked: int
    need: int
    have: int
    lacks: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A department's experts, or the rooms."""

    key: str
    name: str
    people: int
    minutes: float
    cells: list[Need]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A week ahead."""

    monday: date
    experts: list[Group]
    rooms: Group
    unmet: Mapping[str, int]


def ahead(act: Act, day: date) -> Outlook:
    """The week of a day, for the own institution."""
    act.subject.require(Permission.KEEP_ROSTER)
    monday, place = monday_of(day), act.subject.own_institution
    today = act.now.astimezone(ZONE).date()
    if not monday_of(today) <= monday <= today + FURTHEST:
        raise Problem("impossible-time", detail=f"<= {FURTHEST.days} d")
    until = _moment(monday + timedelta(days=7))
    since = _moment(today - timedelta(weeks=WEEKS))
    seats = forecasts.seats(act.tx, place, since, until)
    rooms = forecasts.uses(act.tx, place, ResourceKind.ROOM.value, since, until)
    return Outlook(
        monday,
        _departments(act, monday, seats),
        _rooms(act, monday, rooms),
        forecasts.unmet(act.tx, place, act.now - timedelta(weeks=4)),
    )


def _departments(act: Act, monday: date, seats: Sequence[Row]) -> list[Group]:
    place = act.subject.own_institution
    staff = calendars.kept_for(act.tx, place)
    keys = sorted({row["department"] for row in (*seats, *staff)})
    names = forecasts.department_names(act.tx, place, keys)
    window = _window(monday)
    almanac = Almanac(window, act.catalogue.calendar.days)
    known = diaries.diaries(act, [row["id"] for row in staff], window)
    groups = []
    for key in keys:
        mine = [row["id"] for row in staff if row["department"] == key]
        open_time = [
            difference(hours_of(known[who], almanac, urgent=False), known[who].absent())
            for who in mine
        ]
        rows = [row for row in seats if row["department"] == key]
        groups.append(_group(act, monday, key, names.get(key, key), rows, open_time))
    return groups


def _rooms(act: Act, monday: date, uses: Sequence[Row]) -> Group:
    place, window = act.subject.own_institution, _window(monday)
    known = diaries.resources(
        act,
        [
            row["id"]
            for row in calendars.resources_of(act.tx, place)
            if row["kind"] == ResourceKind.ROOM.value
        ],
        window,
    )
    almanac = Almanac(window, act.catalogue.calendar.days)
    open_time = [open_of(one, almanac) for one in known.values() for _ in range(one.capacity)]
    return _group(act, monday, "rooms", "", uses, open_time)


def _group(
    act: Act, monday: date, key: str, name: str, rows: Sequence[Row], open_time: Sequence[Spans]
) -> Group:
    """What a group's past says of the week, beside its hours and what is booked."""
    today = act.now.astimezone(ZONE).date()
    counts: Counter[Cell] = Counter()
    booked: Counter[Cell] = Counter()
    kept: list[float] = []
    for row in rows:
        cell = _cell(row["since"])
        (booked if cell[0] >= monday else counts)[cell] += row.get("units", 1)
        kept.append((row["kept_until"] - row["kept_since"]).total_seconds() / 60)
    # What is only booked so far is no count of a day.
    past = {cell: n for cell, n in counts.items() if cell[0] < today}
    first = min((day for day, _ in past), default=today)
    minutes = sum(kept) / len(kept) if kept else _USUAL_MINUTES
    found = week(past, first, today, monday, act.catalogue.calendar.days) or {}
    return Group(
        key, name, len(open_time), minutes,
        [
            _need(day, block, found.get((day, block)), booked[day, block], minutes, open_time)
            for day in (monday + timedelta(days=n) for n in range(7))
            for block in range(len(BLOCKS))
        ],
    )  # fmt: skip


def _need(
    day: date,
    block: int,
    forecast: Forecast | None,
    booked: int,
    minutes: float,
    open_time: Iterable[Spans],
) -> Need:
    span = _span(day, block)
    have = sum(length(intersection(spans, (span,))) for spans in open_time)
    served = max(booked, forecast.served if forecast else 0)
    return Need(
        day, block, forecast, booked, needed(served, minutes), have, served * minutes > have
    )


def _cell(at: datetime) -> Cell:
    local = at.astimezone(ZONE)
    return local.date(), block_of(local.hour * 60 + local.minute)


def _span(day: date, block: int) -> Span:
    midnight = minute_of(_moment(day))
    begins, ends = block_span(block)
    return midnight + begins, midnight + ends


def _window(monday: date) -> Span:
    return inside(*week_of(monday))


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)
