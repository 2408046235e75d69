"""What is known of people's and rooms' time, read for everybody at once and given to the rules.

The on-call hours are those of the roster's shifts. Nothing of a patient and no reason of anybody's
absence is read here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from telemed.actions import lecturing
from telemed.actions.act import Act
from telemed.core.calendars import Kind
from telemed.core.intervals import Span, inside, moment, normal, touched
from telemed.core.schedule import Diary, Leave, Resource, Weekly
from telemed.core.training import GOES_ON
from telemed.store import appointments, calendars, courses, people, roster
from telemed.store.tx import Row

MOST_COVERS = 3
"""As far as the rules follow covers of covers, so far they are read."""


def diaries(
    act: Act,
    ids: Collection[str],
    window: Span,
    *,
    urgent: bool = False,
    but: str | None = None,
    staff: Mapping[str, Row] = MappingProxyType({}),
) -> dict[str, Diary]:
    """The diaries of active people and of whoever covers them, without one appointment's time;
    `staff` are those of them who were read before."""
    known: dict[str, Diary] = {}
    asked = set(ids)
    for _ in range(MOST_COVERS + 1):
        new = _read(act, _active(act, asked - set(known), staff), window, urgent, but)
        known |= new
        asked = {leave.cover for diary in new.values() for leave in diary.away if leave.cover}
        if asked <= set(known):
            break
    return known


def _read(
    act: Act, active: Mapping[str, Row], window: Span, urgent: bool, but: str | None
) -> dict[str, Diary]:
    if not active:
        return {}
    since, until = (moment(edge) for edge in _wide(window))
    hours = _by(calendars.hours(act.tx, active), "person_id")
    exceptions = _by(calendars.exceptions(act.tx, active, (), since, until), "person_id")
    busy: dict[str, list[Span]] = defaultdict(list)
    for person, a, b in appointments.busy_people(act.tx, active, since, until, act.now, but):
        busy[person].append((a, b))
    for person, span in _taught(act, active, since, until, but):
        busy[person].append(span)
    shifts = _shifts(act, active, since, until) if urgent else {}
    return {
        key: Diary(
            weekly=tuple(map(weekly_of, hours[key])),
            extra=_opened(exceptions[key]),
            on_call=normal(shifts.get(key, ())),
            away=_away(exceptions[key]),
            busy=normal(busy[key]),
        )
        for key in active
    }


def _taught(
    act: Act, active: Mapping[str, Row], since: datetime, until: datetime, but: str | None
) -> Iterable[tuple[str, Span]]:
    """When people give lectures. One whose conference is the appointment that is asked about is
    no other."""
    places = {row["institution_id"] for row in active.values()}
    for row in courses.taught(act.tx, places, since, until, GOES_ON):
        if not lecturing.keeps(row) or (but is not None and row["appointment_id"] == but):
            continue
        for lecturer in row["lecturers"]:
            if lecturer.get("person_id") in active:
                yield lecturer["person_id"], touched(row["since"], row["until"])


def _active(act: Act, ids: Collection[str], staff: Mapping[str, Row]) -> dict[str, Row]:
    """Those who work there still."""
    read = people.people_by_id(act.tx, [key for key in ids if key not in staff])
    known = read | {key: staff[key] for key in ids if key in staff}
    return {key: row for key, row in sorted(known.items()) if row["active"]}


def resources(
    act: Act, ids: Collection[str], window: Span, but: str | None = None
) -> dict[str, Resource]:
    """Rooms and devices that are in use, without one appointment's."""
    since, until = (moment(edge) for edge in _wide(window))
    rows = calendars.some_resources(act.tx, ids)
    active = {key: row for key, row in rows.items() if row["active"]}
    hours = _by(calendars.hours(act.tx, (), active), "resource_id")
    exceptions = _by(calendars.exceptions(act.tx, (), active, since, until), "resource_id")
    uses: dict[str, list[tuple[Span, int]]] = defaultdict(list)
    for key, units, a, b in appointments.busy_resources(act.tx, active, since, until, act.now, but):
        uses[key].append(((a, b), units))
    return {
        key: Resource(
            capacity=row["capacity"],
            weekly=tuple(map(weekly_of, hours[key])),
            extra=_opened(exceptions[key]),
            closed=normal(leave.span for leave in _away(exceptions[key])),
            uses=tuple(uses[key]),
        )
        for key, row in active.items()
    }


def weekly_of(row: Row) -> Weekly:
    """A weekly row as the rules read it."""
    return Weekly(
        weekdays=frozenset(row["weekdays"]),
        begins=row["begins"],
        ends=row["ends"],
        first=row["first"],
        last=row["last"],
        every=row["every"],
        calendar=row["calendar"],
    )


def _wide(window: Span) -> Span:
    """The window and a day around it: buffers reach over its edges."""
    return window[0] - 24 * 60, window[1] + 24 * 60


def _shifts(
    act: Act, active: Mapping[str, Row], since: datetime, until: datetime
) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for place in sorted({row["institution_id"] for row in active.values()}):
        of_place = [key for key, row in active.items() if row["institution_id"] == place]
        for shift in roster.of_people(act.tx, place, of_place, since, until):
            kind = act.catalogue.duties.get(shift["kind"])
            if kind is not None and kind.reads:
                found[shift["person_id"]].append(inside(shift["since"], shift["until"]))
    return found


def _opened(rows: Iterable[Row]) -> tuple[Span, ...]:
    return normal(inside(r["since"], r["until"]) for r in rows if r["kind"] == Kind.EXTRA)


def _away(rows: Iterable[Row]) -> tuple[Leave, ...]:
    return tuple(
        Leave(touched(r["since"], r["until"]), r["cover_id"])
        for r in rows
        if r["kind"] == Kind.AWAY
    )


def _by(rows: Iterable[Row], key: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found
