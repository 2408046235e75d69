"""The wait list: coming onto it, leaving it, and the offer of a time that somebody gave back.

A time is offered by holding it, in the same turn as any other booking, so nobody else gets it and
nobody is offered what is taken. Who waits is looked at in order; an entry is offered one time.
"""

from dataclasses import replace
from typing import Final

from telemed.actions import appointments as acts
from telemed.actions import availability, entries
from telemed.actions.act import Act
from telemed.actions.appointments import Plan
from telemed.actions.availability import Search, search_of
from telemed.actions.booking import Invited, Used
from telemed.actions.calendars import BOOKING
from telemed.actions.worklist import SYSTEM
from telemed.core.access import Permission, Role, Subject
from telemed.core.activity import Kind
from telemed.core.appointment import times
from telemed.core.errors import Problem
from telemed.core.intervals import moment
from telemed.core.slots import Slot
from telemed.core.waiting import Event, State
from telemed.store import appointments
from telemed.store.tx import Row

MOST_WAITING: Final = 100
"""Entries of one institution that wait at once."""
MOST_TRIED: Final = 20
"""Entries that are looked at after one time was given back."""


def join(
    act: Act, provider_id: str, requester_id: str | None, request_id: str | None, search: Search
) -> str:
    """Wait for a time; the entry's id. What can be had now is not waited for: it is booked. The
    same wish sent twice is one, or two times would be kept for it."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    act.tx.take_turn(BOOKING)
    requester = requester_id or act.subject.own_institution
    plan = Plan(
        search.service, requester, provider_id,
        times(search.since, search.minutes, search.before, search.after),
        (), (), request_id, search.urgent,
    )  # fmt: skip
    acts.require_plan(act, plan)
    if search.until <= act.now:
        raise Problem("time-past")
    own = appointments.waitings_of(act.tx, requester)
    same = (requester, provider_id, request_id, search)
    known = next((row["id"] for row in own if _asks(row) == same), None)
    if known is not None:
        return str(known)
    if sum(row["state"] == State.WAITING for row in own) >= MOST_WAITING:
        raise Problem("too-many-waiting", most=MOST_WAITING)
    availability.slots(act, search, most=1)  # refuses whom it cannot ask
    made = act.new_id()
    appointments.add_waiting(
        act.tx,
        {"id": made, "requester_id": requester, "provider_id": provider_id,
         "service": search.service, "request_id": request_id, "urgent": search.urgent,
         "wish": search.as_row(), "since": search.since, "until": search.until,
         "state": State.WAITING.value, "appointment_id": None,
         "made_by": act.subject.account_id, "made_at": act.now, "changed_at": act.now},
    )  # fmt: skip
    row = appointments.waiting(act.tx, made)
    assert row is not None
    entries.tell(act, row, Kind.WAITING_BEGUN)
    return made


def _asks(row: Row) -> tuple[str, str, str | None, Search] | None:
    """Who wishes what of whom, while it waits."""
    if row["state"] != State.WAITING:
        return None
    return row["requester_id"], row["provider_id"], row["request_id"], search_of(row["wish"])


def withdraw(act: Act, waiting_id: str) -> None:
    """Wait no longer; a time that is offered already is given back by canceling it."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    act.tx.take_turn(BOOKING)
    row = appointments.waiting(act.tx, waiting_id)
    own = act.subject.own_institution
    if row is None or own not in (row["requester_id"], row["provider_id"]):
        raise Problem("not-found")
    if own != row["requester_id"]:
        act.subject.require(Permission.CONFIRM_APPOINTMENTS)
    if row["state"] == State.OFFERED:
        raise Problem("offered", number=_number(act, row))
    entries.move(act, row, Event.WITHDRAW)


def _number(act: Act, row: Row) -> str:
    offered = appointments.get(act.tx, row["appointment_id"])
    return "" if offered is None else str(offered["number"])


def listed(act: Act) -> list[Row]:
    """The entries that the own institution made or is asked by."""
    act.subject.require(Permission.SEE_CALENDARS)
    return appointments.waitings_of(act.tx, act.subject.own_institution)


# --- a time became free ---------------------------------------------------------------------------


def offer(act: Act, provider_id: str) -> int:
    """Hold what became free at an institution for whoever waits for it; how many got a time."""
    act.tx.take_turn(BOOKING)
    given = 0
    for row in appointments.waiting_for(act.tx, provider_id, act.now)[:MOST_TRIED]:
        given += _offer(act, row)
    return given


def _offer(act: Act, row: Row) -> bool:
    """Try one entry, with the reach of the institution that waits as it is today."""
    asker = Subject(
        account_id=SYSTEM.account_id,
        roles=frozenset({Role.COORDINATOR}),
        institution_id=row["requester_id"],
    )
    theirs = replace(act, subject=asker)
    search = search_of(row["wish"])
    try:
        answer = availability.slots(theirs, search, most=1)
        if not answer.found.slots:
            return False
        plan = _plan(row, search, answer.found.slots[0])
        until = min(
            act.now + act.catalogue.booking.of(row["service"]).offer, moment(plan.times.since)
        )
        booked = acts.place(theirs, plan, until, row["id"])
    except Problem:
        # Whom they asked for has left, or the agreement ended: they go on waiting, others come.
        return False
    entries.move(act, row, Event.OFFER, booked.id)
    return True


def _plan(row: Row, search: Search, slot: Slot) -> Plan:
    units = [place.units for place in search.places]
    return Plan(
        service=row["service"],
        requester_id=row["requester_id"],
        provider_id=row["provider_id"],
        times=times(moment(slot.since), search.minutes, search.before, search.after),
        invited=tuple(Invited(s.role, s.person, s.instead_of) for s in slot.sitting),
        used=tuple(Used(*pair) for pair in zip(slot.resources, units, strict=True)),
        request_id=row["request_id"],
        urgent=row["urgent"],
    )


def pass_by(act: Act) -> int:
    """Entries that waited for a time that has gone by are over; how many."""
    gone = appointments.waitings_over(act.tx, act.now)
    for row in gone:
        entries.move(act, row, Event.PASS)
    return len(gone)
