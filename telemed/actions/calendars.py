"""Calendars are kept: rooms and devices, weekly hours, extra hours, leave with its cover.

An institution keeps those of its own staff and rooms; anybody enters their own leave and extra
hours. What is changed stays readable as it was: nothing is rewritten. Leave that meets what is
booked already is entered all the same, since people fall ill; which appointments it meets is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from telemed.actions import lecturing
from telemed.actions.act import Act
from telemed.core import calendars as rules
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.calendars import ResourceKind
from telemed.core.errors import Problem
from telemed.core.schedule import Weekly
from telemed.store import appointments, calendars, people
from telemed.store.tx import Row

MOST_CAPACITY: Final = 1000


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose calendar: a person or a resource of the own institution."""

    column: str
    id: str
    row: Row

    @property
    def is_person(self) -> bool:
        """Whether it is a person's."""
        return self.column == "person_id"


def owner(act: Act, kind: str, owner_id: str) -> Owner:
    """The person or resource of one's own institution; Problem("not-found") for any other."""
    if kind == "people":
        row = people.person(act.tx, owner_id)
    else:
        row = calendars.some_resources(act.tx, [owner_id]).get(owner_id)
    if row is None or row["institution_id"] != act.subject.own_institution:
        raise Problem("not-found")
    return Owner("person_id" if kind == "people" else "resource_id", owner_id, row)


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar: its weekly rows and the exceptions that touch a stretch."""

    owner: Owner
    hours: list[Row]
    exceptions: list[Row]


def view(act: Act, kind: str, owner_id: str, since: datetime, until: datetime) -> CalendarView:
    """A calendar of one's own institution."""
    act.subject.require(Permission.SEE_CALENDARS)
    found = owner(act, kind, owner_id)
    ids = ([found.id], []) if found.is_person else ([], [found.id])
    return CalendarView(
        found,
        calendars.hours(act.tx, *ids),
        calendars.exceptions(act.tx, *ids, since, until),
    )


def set_hours(act: Act, kind: str, owner_id: str, rows: Sequence[Weekly]) -> None:
    """Other weekly hours in the place of all that stand."""
    act.subject.require(Permission.KEEP_ROSTER)
    found = _turn(act, kind, owner_id)
    rules.require_weekly(rows)
    calendars.set_hours(
        act.tx,
        found.column,
        found.id,
        [_hours_row(act, found, row) for row in rows],
        act.subject.account_id,
        act.now,
    )
    _tell(act, Kind.DIARY_HOURS_SET, {found.column: found.id, "rows": len(rows)})


def add_exception(
    act: Act,
    kind: str,
    owner_id: str,
    what: rules.Kind,
    since: datetime,
    until: datetime,
    cover_id: str | None = None,
) -> tuple[str, list[str], list[str]]:
    """Enter leave, a closure or extra hours; its id, and the appointments and lectures that leave
    or a closure meets."""
    found = _turn(act, kind, owner_id)
    _require_keeper(act, found)
    rules.require_stretch(since, until, act.now)
    ids = ([found.id], []) if found.is_person else ([], [found.id])
    standing = calendars.exceptions(act.tx, *ids, since, until)
    rules.require_apart(
        since, until, [(r["since"], r["until"]) for r in standing if r["kind"] == what]
    )
    if cover_id is not None:
        _require_cover(act, found, what, cover_id)
    made = act.new_id()
    calendars.add_exception(
        act.tx,
        {"id": made, "institution_id": found.row["institution_id"], "person_id": None,
         "resource_id": None, found.column: found.id, "kind": what.value, "since": since,
         "until": until, "cover_id": cover_id, "made_by": act.subject.account_id,
         "made_at": act.now},
    )  # fmt: skip
    told = {"exception": made, found.column: found.id, "kind": what.value}
    _tell(act, Kind.DIARY_EXCEPTION_SET, told)
    if what is not rules.Kind.AWAY:
        return made, [], []
    taught = lecturing.missed(act, found.id, since, until) if found.is_person else []
    return made, _met(act, found, since, until), taught


def cancel_exception(act: Act, exception_id: str) -> None:
    """Take leave, a closure or extra hours back; what is back already stays so."""
    row = calendars.exception(act.tx, exception_id)
    if row is None:
        raise Problem("not-found")
    kind = "people" if row["person_id"] is not None else "resources"
    found = _turn(act, kind, row["person_id"] or row["resource_id"])
    _require_keeper(act, found)
    if calendars.cancel_exception(act.tx, exception_id, act.subject.account_id, act.now):
        told = {"exception": exception_id, found.column: found.id, "kind": row["kind"]}
        _tell(act, Kind.DIARY_EXCEPTION_CANCELED, told)


# --- rooms and devices ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResourceTerms:
    """What a room or device is."""

    kind: ResourceKind
    name: str
    place: str
    capacity: int
    active: bool = True


def resources_of(act: Act) -> list[Row]:
    """The own institution's rooms and devices."""
    act.subject.require(Permission.SEE_CALENDARS)
    return calendars.resources_of(act.tx, act.subject.own_institution)


def add_resource(act: Act, terms: ResourceTerms) -> str:
    """Enter a room or a device; its id."""
    act.subject.require(Permission.KEEP_ROSTER)
    made = act.new_id()
    calendars.add_resource(
        act.tx,
        {"id": made, "institution_id": act.subject.own_institution, "kind": terms.kind.value,
         "name": terms.name, "place": terms.place, "capacity": terms.capacity,
         "active": terms.active, "version": 1, "made_by": act.subject.account_id,
         "made_at": act.now},
    )  # fmt: skip
    _tell(act, Kind.RESOURCE_SET, {"resource": made, "capacity": terms.capacity})
    return made


def change_resource(act: Act, resource_id: str, version: int, terms: ResourceTerms) -> None:
    """Change a room or device; less of it only while nothing booked needs more."""
    act.subject.require(Permission.KEEP_ROSTER)
    found = _turn(act, "resources", resource_id)
    if not terms.active or terms.capacity < found.row["capacity"]:
        horizon = act.now + rules.FURTHEST
        used = appointments.busy_resources(act.tx, [resource_id], act.now, horizon, act.now)
        if used:
            raise Problem("in-use", count=len(used))
    values = {"kind": terms.kind.value, "name": terms.name, "place": terms.place,
              "capacity": terms.capacity, "active": terms.active}  # fmt: skip
    if not calendars.change_resource(act.tx, resource_id, version, values):
        raise Problem("stale", current=found.row["version"])
    _tell(act, Kind.RESOURCE_SET, {"resource": resource_id, "capacity": terms.capacity})


# --- steps ----------------------------------------------------------------------------------------

BOOKING: Final = "calendar"
"""The turn in which everything that takes or frees time is done, one act after the other.

One for the whole network and not one a person: a session takes people, rooms and devices of
several institutions at once, and the log lets one commit through at a time anyway."""


def _turn(act: Act, kind: str, owner_id: str) -> Owner:
    act.subject.require(Permission.SEE_CALENDARS)
    act.tx.take_turn(BOOKING)
    return owner(act, kind, owner_id)


def _require_keeper(act: Act, found: Owner) -> None:
    """One's own calendar, or the permission to keep others'."""
    if not (found.is_person and found.id == act.subject.person_id):
        act.subject.require(Permission.KEEP_ROSTER)


def _require_cover(act: Act, found: Owner, what: rules.Kind, cover_id: str) -> None:
    """Somebody else who is active, of the same institution, for a person's leave."""
    row = people.person(act.tx, cover_id)
    here = row is not None and row["institution_id"] == found.row["institution_id"]
    if row is None or not here or not row["active"]:
        raise Problem("not-found")
    if not found.is_person or what is not rules.Kind.AWAY or cover_id == found.id:
        raise Problem("invalid", detail="cover_id")


def _met(act: Act, found: Owner, since: datetime, until: datetime) -> list[str]:
    """The appointments of the own institution's calendar that a stretch meets."""
    person = found.id if found.is_person else None
    resource = None if found.is_person else found.id
    place = act.subject.own_institution
    rows = appointments.of_parties(act.tx, place, since, until, person, resource)
    return [row["id"] for row in rows if row["state"] in appointments.TAKING]


def _hours_row(act: Act, found: Owner, row: Weekly) -> dict[str, Any]:
    first: date = row.first
    return {
        "id": act.new_id(),
        "institution_id": found.row["institution_id"],
        "person_id": None,
        "resource_id": None,
        found.column: found.id,
        "weekdays": sorted(row.weekdays),
        "begins": row.begins,
        "ends": row.ends,
        "first": first,
        "last": row.last,
        "every": row.every,
        "calendar": row.calendar,
        "made_by": act.subject.account_id,
        "made_at": act.now,
    }


def _tell(act: Act, kind: Kind, data: Mapping[str, Any]) -> None:
    place = act.subject.own_institution
    act.tell(Fact(kind, act.now, act.subject.account_id, place, (place,), data=dict(data)))
