"""Looking for a time: who may be asked, what is looked for, and what others see of a calendar.

Asked for may be people, rooms and devices of one's own institution and of those with which an
agreement covers the service, whichever side asks. Of others' calendars free time is told and why
there is none; never what it is taken by, and no patient.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from telemed.actions import diaries
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.appointment import bounds, times
from telemed.core.errors import Problem
from telemed.core.intervals import (
    Span,
    inside,
    intersection,
    length,
    minute_from,
    minute_of,
    moment,
    normal,
)
from telemed.core.schedule import WIDEST, Almanac, Diary, free_of
from telemed.core.slot_search import find
from telemed.core.slots import Found, Need, Seat, Wish, group
from telemed.core.workdays import ZONE
from telemed.store import calendars, network, people
from telemed.store.tx import Row

MOST_SLOTS: Final = 1000
MOST_PEOPLE: Final = 400
MOST_SEATS: Final = 20
_GRID: Final = 15


@dataclass(frozen=True, slots=True)
class Group:
    """So many of some people, or of an institution's bookable staff; `chairs` can lead them."""

    role: str
    people: tuple[str, ...] = ()
    institution: str | None = None
    department: str | None = None
    count: int = 1
    chairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """One of some rooms or devices, or of all of a kind that an institution has."""

    kind: str
    resources: tuple[str, ...] = ()
    institution: str | None = None
    units: int = 1


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. `grid_from` is where the grid of beginnings counts from; midnight
    without it. With `working_hours`, only within those of every institution that is asked."""

    service: str
    since: datetime
    until: datetime
    minutes: int
    groups: tuple[Group, ...]
    places: tuple[Place, ...] = ()
    before: int = 0
    after: int = 0
    step: int = _GRID
    grid_from: datetime | None = None
    urgent: bool = False
    working_hours: bool = False

    def as_row(self) -> dict[str, Any]:
        """As a wait list keeps it."""
        row = asdict(self)
        for name in ("since", "until", "grid_from"):
            row[name] = row[name].isoformat() if row[name] is not None else None
        return row


def search_of(row: Mapping[str, Any]) -> Search:
    """What a wait list kept."""
    grid = row["grid_from"]
    return Search(
        **{
            **row,
            "since": datetime.fromisoformat(row["since"]),
            "until": datetime.fromisoformat(row["until"]),
            "grid_from": None if grid is None else datetime.fromisoformat(grid),
            "groups": tuple(Group(**{**g, "people": tuple(g["people"]),
                                     "chairs": tuple(g["chairs"])}) for g in row["groups"]),
            "places": tuple(Place(**{**p, "resources": tuple(p["resources"])})
                            for p in row["places"]),
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and who and what is named in it."""

    found: Found
    people: Mapping[str, Row]
    resources: Mapping[str, Row]


def slots(act: Act, search: Search, most: int = MOST_SLOTS) -> Answer:
    """The slots of a search; an empty answer says why."""
    act.subject.require(Permission.SEE_CALENDARS)
    window = _window(search)
    staff, rooms = _asked(act, search)
    known = diaries.diaries(act, staff, window, urgent=search.urgent, staff=staff)
    wish = _wish(act, search, window, staff, rooms, known)
    usable = diaries.resources(act, rooms, window)
    found = find(wish, known, usable, Almanac(window, act.catalogue.calendar.days), most)
    covers = people.people_by_id(act.tx, sorted(set(known) - set(staff)))
    return Answer(found, {**covers, **staff}, rooms)


def free_time(act: Act, person_id: str, since: datetime, until: datetime) -> list[Span]:
    """What is left of somebody's hours: all that others see of a calendar."""
    act.subject.require(Permission.SEE_CALENDARS)
    window = _stretch(since, until)
    row = people.person(act.tx, person_id)
    if row is None or not row["active"] or not reachable(act, row["institution_id"], None):
        raise Problem("not-found")
    diary = diaries.diaries(act, [person_id], window)[person_id]
    return list(free_of(diary, Almanac(window, act.catalogue.calendar.days)))


def bookable(act: Act, institution_id: str) -> tuple[list[Row], list[Row]]:
    """The people, rooms and devices of an institution that can be asked for."""
    act.subject.require(Permission.SEE_CALENDARS)
    if not reachable(act, institution_id, None):
        raise Problem("not-found")
    rooms = [row for row in calendars.resources_of(act.tx, institution_id) if row["active"]]
    return calendars.kept_for(act.tx, institution_id), rooms


def reachable(act: Act, institution_id: str, service: str | None) -> bool:
    """Whether an institution may be asked: one's own, or one with an agreement in force for the
    service (for any, without one), on either side."""
    own = act.subject.own_institution
    if institution_id == own:
        return True
    return any(
        {row["requester_id"], row["provider_id"]} == {own, institution_id}
        and row["since"] <= act.now < row["until"]
        and (service is None or service in row["services"])
        for row in network.agreements_of(act.tx, own)
    )


def askable(act: Act) -> tuple[str, ...]:
    """The institutions that the own one may ask for something, by an agreement in force."""
    own = act.subject.own_institution
    found = [
        row["provider_id"]
        for row in network.agreements_of(act.tx, own)
        if row["requester_id"] == own and row["since"] <= act.now < row["until"]
    ]
    return tuple(dict.fromkeys(found))


# --- what is asked for ----------------------------------------------------------------------------


def _asked(act: Act, search: Search) -> tuple[dict[str, Row], dict[str, Row]]:
    """Every candidate and every room by id; Problem("not-found") for any out of reach."""
    if search.service not in act.catalogue.services:
        raise Problem("invalid", detail="service")
    named = {key for g in search.groups for key in (*g.people, *g.chairs)}
    staff = people.people_by_id(act.tx, sorted(named))
    rooms = calendars.some_resources(act.tx, [key for p in search.places for key in p.resources])
    whole = {one.institution for one in search.groups} | {p.institution for p in search.places}
    _require_reach(act, (key for key in whole if key is not None), search.service)
    if named - set(staff) or {k for p in search.places for k in p.resources} - set(rooms):
        raise Problem("not-found")
    staff = {**staff, **_staff_of_groups(act, search.groups)}
    rooms = {**rooms, **_rooms_of_places(act, search.places)}
    _require_reach(
        act, (row["institution_id"] for row in (*staff.values(), *rooms.values())), search.service
    )
    if len(staff) > MOST_PEOPLE:
        raise Problem("invalid", detail=f"> {MOST_PEOPLE}")
    return staff, rooms


def _require_reach(act: Act, institutions: Iterable[str], service: str) -> None:
    if not all(reachable(act, key, service) for key in set(institutions)):
        raise Problem("not-found")


def _staff_of_groups(act: Act, groups: Sequence[Group]) -> dict[str, Row]:
    places = {g.institution for g in groups if g.institution is not None and not g.people}
    return {row["id"]: row for key in sorted(places) for row in calendars.kept_for(act.tx, key)}


def _rooms_of_places(act: Act, places: Sequence[Place]) -> dict[str, Row]:
    open_ones = {p.institution for p in places if p.institution is not None and not p.resources}
    return {
        row["id"]: row
        for key in sorted(open_ones)
        for row in calendars.resources_of(act.tx, key)
        if row["active"]
    }


def _wish(
    act: Act,
    search: Search,
    window: Span,
    staff: Mapping[str, Row],
    rooms: Mapping[str, Row],
    known: Mapping[str, Diary],
) -> Wish:
    lengths = times(moment(window[0]), search.minutes, search.before, search.after)
    first, last = bounds(act.now, search.urgent, act.catalogue.booking.of(search.service))
    seats = tuple(seat for g in search.groups for seat in _seats(g, staff, known))
    if not 1 <= len(seats) <= MOST_SEATS:
        raise Problem("invalid", detail=f"1-{MOST_SEATS}")
    within = _working(act, search, window, (*staff.values(), *rooms.values()))
    return Wish(
        window=window,
        minutes=lengths.minutes,
        seats=seats,
        needs=tuple(_need(place, rooms) for place in search.places),
        before=lengths.before,
        after=lengths.after,
        step=search.step,
        origin=_origin(search),
        not_before=minute_from(first),
        not_after=minute_of(last),
        within=within if search.working_hours else None,
        urgent=search.urgent,
    )


def _seats(wanted: Group, staff: Mapping[str, Row], known: Mapping[str, Diary]) -> tuple[Seat, ...]:
    candidates = list(wanted.people)
    if not candidates:
        candidates = [
            key
            for key, row in staff.items()
            if row["institution_id"] == wanted.institution
            and wanted.department in (None, row["department"])
        ]
        # Whoever has least booked then is asked first.
        candidates.sort(key=lambda key: length(known[key].busy) if key in known else 0)
    if not candidates:
        raise Problem("nobody-bookable", what=wanted.role)
    try:
        return group(wanted.role, candidates, wanted.count, wanted.chairs)
    except ValueError as fault:
        raise Problem("invalid", detail=f"{wanted.role}: {fault}") from fault


def _need(place: Place, rooms: Mapping[str, Row]) -> Need:
    candidates = place.resources or tuple(
        key
        for key, row in rooms.items()
        if row["institution_id"] == place.institution and row["kind"] == place.kind
    )
    if not candidates:
        raise Problem("nobody-bookable", what=place.kind)
    return Need(place.kind, tuple(dict.fromkeys(candidates)), place.units)


def _working(act: Act, search: Search, window: Span, rows: Iterable[Row]) -> tuple[Span, ...]:
    """The minutes that every institution asked for works."""
    since, until = moment(window[0]), moment(window[1])
    within: tuple[Span, ...] = (window,)
    for place in sorted({row["institution_id"] for row in rows}):
        working = act.catalogue.calendar.working(search.service, place)
        from_place = normal(inside(*span) for span in working.within(since, until))
        within = intersection(within, from_place)
    return within


def _origin(search: Search) -> int:
    if search.grid_from is not None:
        return minute_of(search.grid_from)
    return minute_of(datetime.combine(search.since.astimezone(ZONE).date(), time(), ZONE))


def _window(search: Search) -> Span:
    if not 1 <= search.step <= 24 * 60:
        raise Problem("impossible-time", detail="1-1440 min")
    return _stretch(search.since, search.until)


def _stretch(since: datetime, until: datetime) -> Span:
    """A stretch that may be asked about; Problem("impossible-time") for any other."""
    if until <= since:
        raise Problem("impossible-time", detail="since < until")
    if until - since > timedelta(days=WIDEST):
        raise Problem("impossible-time", detail=f"<= {WIDEST} d")
    return inside(since, until)
