"""Who could take a seat of an appointment in somebody's place, and why others cannot.

It asks what the swap itself will ask, by the same rules; nothing is held by looking. Of others'
calendars it tells that somebody is booked or away, never by what.
"""

from dataclasses import dataclass
from typing import Final

from telemed.actions import booking, diaries
from telemed.actions.act import Act
from telemed.actions.appointments import times_of
from telemed.actions.availability import reachable
from telemed.core.errors import Problem
from telemed.core.intervals import length
from telemed.core.schedule import Almanac
from telemed.core.slot_search import find
from telemed.core.slots import Reason, Seat
from telemed.store import calendars
from telemed.store.tx import Row

MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be asked; `reason` is why they cannot come then."""

    row: Row
    reason: Reason | None


def for_seat(act: Act, appointment_id: str, n: int) -> list[Candidate]:
    """Those of the responding institution, and of the one that the seat is of, for whom hours are
    kept: who is free first, among them who has least booked around that time."""
    booked = booking.load(act, appointment_id)
    booking.require_side(act, booked, provider_only=True)
    seat = next((one for one in booked.seats if one["n"] == n), None)
    if seat is None:
        raise Problem("not-found")
    places = dict.fromkeys((booked.row["provider_id"], seat["institution_id"]))
    there = {one["person_id"] for one in booked.sitting}
    rows = [
        row
        for place in places
        if reachable(act, place, None)
        for row in calendars.kept_for(act.tx, place)
        if row["id"] not in there
    ][:MOST]
    when, urgent, service = times_of(booked), booked.row["urgent"], booked.row["service"]
    window = (when.since, when.until)
    ids = [row["id"] for row in rows]
    known = diaries.diaries(act, ids, window, urgent=urgent, but=booked.id)
    almanac = Almanac(window, act.catalogue.calendar.days)

    def judged(row: Row) -> Candidate:
        one = (Seat(seat["role"], (row["id"],)),)
        wish = booking.wish(act, service, when, one, (), urgent, noticed=True)
        found = find(wish, known, {}, almanac)
        if found.why is not None:
            closing = next((c for c in found.why.people if c.key == row["id"]), None)
            own = None if closing is None else closing.reason
            return Candidate(row, own or found.why.reason)
        # Their cover person would come instead: whoever is chosen sits there themselves.
        is_there = found.slots[0].sitting[0].person == row["id"]
        return Candidate(row, None if is_there else Reason.AWAY)

    def rank(one: Candidate) -> tuple[bool, int]:
        diary = known.get(one.row["id"])
        return one.reason is not None, 0 if diary is None else length(diary.busy)

    return sorted(map(judged, rows), key=rank)
