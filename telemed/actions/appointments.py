"""What people do with an appointment: hold, propose, confirm, another time, cancel, begin, end.

Whoever asks holds a time and proposes it, the responding institution's coordinator confirms; that
coordinator may also book for the institution that asks. A step names the version that was seen, so
a confirmation sent twice, or by two, is done once and the other is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import accompanying, booking, door, guidance, participation
from telemed.actions.act import Act
from telemed.actions.availability import reachable
from telemed.actions.booking import Booked, Invited, Used
from telemed.actions.calendars import BOOKING
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.appointment import (
    MACHINE,
    SEATS,
    Event,
    SeatEvent,
    SeatState,
    State,
    Times,
    require_due,
    times,
)
from telemed.core.errors import Problem
from telemed.core.intervals import minute_of, moment
from telemed.core.workdays import ZONE
from telemed.store import appointments, calendars, network, people, requests
from telemed.store.tx import Row

PREFIX: Final = "YY"
"""预约: the beginning of an appointment's number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be booked: for whom, with whom, when and where."""

    service: str
    requester_id: str
    provider_id: str
    times: Times
    invited: tuple[Invited, ...]
    used: tuple[Used, ...] = ()
    request_id: str | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """A coded reason, and words beside it."""

    code: str
    note: str = ""


# --- seeing ---------------------------------------------------------------------------------------


def show(act: Act, appointment_id: str) -> Booked:
    """An appointment of which the own institution is a party."""
    act.subject.require(Permission.SEE_CALENDARS)
    return booking.load(act, appointment_id)


def between(
    act: Act,
    since: datetime,
    until: datetime,
    person_id: str | None = None,
    resource_id: str | None = None,
) -> list[Booked]:
    """The own institution's appointments that touch a stretch; of one person or room only."""
    act.subject.require(Permission.SEE_CALENDARS)
    if until <= since:
        raise Problem("impossible-time", detail="since < until")
    own = act.subject.own_institution
    rows = appointments.of_parties(act.tx, own, since, until, person_id, resource_id)
    ids = [row["id"] for row in rows]
    seats, rooms = appointments.seats(act.tx, ids), appointments.rooms(act.tx, ids)
    return [Booked(row, seats[row["id"]], rooms[row["id"]]) for row in rows]


def of_case(act: Act, request_id: str) -> list[Booked]:
    """The appointments of a case that one may see, of which the own institution is a party."""
    case = door.case(act, request_id)
    found = [booking.whole(act, row) for row in appointments.of_request(act.tx, case.id)]
    return [one for one in found if act.subject.institution_id in one.institutions]


# --- booking --------------------------------------------------------------------------------------


def hold(act: Act, plan: Plan) -> Booked:
    """Keep a time for some minutes for whoever is about to propose it."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    act.tx.take_turn(BOOKING)
    require_plan(act, plan)
    held = act.catalogue.booking.of(plan.service).hold
    return place(act, plan, min(act.now + held, _latest(plan)))


def place(act: Act, plan: Plan, hold_until: datetime, waiting_id: str | None = None) -> Booked:
    """Write a held appointment if everybody and everything is free; in the turn only."""
    staff, _ = _require_known(act, plan)
    booking.require_free(act, plan.service, plan.times, plan.invited, plan.used, plan.urgent)
    key, day = act.new_id(), act.now.astimezone(ZONE).strftime("%Y%m%d")
    row = {
        "id": key,
        "number": requests.next_number(act.tx, PREFIX, day),
        "service": plan.service,
        "request_id": plan.request_id,
        "requester_id": plan.requester_id,
        "provider_id": plan.provider_id,
        "state": State.HELD.value,
        "version": 1,
        "urgent": plan.urgent,
        **_moments(plan.times),
        "hold_until": hold_until,
        "waiting_id": waiting_id,
        "created_by": act.subject.account_id,
        "created_at": act.now,
        "updated_at": act.now,
    }
    seats = [_seat_row(act, key, n, one, staff) for n, one in enumerate(plan.invited, 1)]
    rooms = [
        {"appointment_id": key, "resource_id": one.resource, "units": one.units}
        for one in plan.used
    ]
    appointments.add(act.tx, row, seats, rooms)
    made = appointments.get(act.tx, key)
    assert made is not None
    booked = booking.whole(act, made)
    booking.record(act, booked, "hold")
    booking.tell(act, booked, Kind.APPOINTMENT_HELD, waiting=waiting_id)
    return booked


def propose(act: Act, appointment_id: str, version: int) -> None:
    """Ask the responding institution for the time that is held."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked)
    booking.step(act, booked, Event.PROPOSE, {"hold_until": None})


def confirm(act: Act, appointment_id: str, version: int) -> None:
    """The responding institution's coordinator agrees to the time; everybody must be able to sit
    in it still, since people fall ill."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked, provider_only=True)
    _require_still_free(act, booked)
    asked = booking.last_move(act, booked, Event.PROPOSE, Event.RESCHEDULE)
    booking.step(act, booked, Event.CONFIRM, asked_at=asked)


def agree_at_once(act: Act, plan: Plan) -> Booked:
    """Book and confirm what everybody in it has agreed to already, in the turn only: whoever sits
    in it said so, and the roster spoke for the coordinator."""
    booked = place(act, plan, _latest(plan))
    booked = booking.step(act, booked, Event.PROPOSE, {"hold_until": None})
    for seat in booked.seats:
        _move_seat(act, booked, seat, SeatEvent.ACCEPT)
    return booking.step(act, booking.load_anew(act, booked), Event.CONFIRM)


def reschedule(
    act: Act, appointment_id: str, version: int, since: datetime, minutes: int | None, why: Why
) -> None:
    """Another time for the same people and rooms; it is confirmed again, and everybody is invited
    again. The time before stays in the moves."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked)
    reason = _reason(act, "reschedule-appointment", why)
    row = booked.row
    before = minute_of(row["since"]) - minute_of(row["kept_since"])
    after = minute_of(row["kept_until"]) - minute_of(row["until"])
    long = minute_of(row["until"]) - minute_of(row["since"])
    new = times(since, long if minutes is None else minutes, before, after)
    again = [seat for seat in booked.seats if seat["state"] != SeatState.REPLACED]
    booking.require_free(
        act, row["service"], new, list(map(_invited, again)), _used(booked), row["urgent"],
        booked.id,
    )  # fmt: skip
    was = {"was_since": row["since"].isoformat(), "was_until": row["until"].isoformat()}
    booking.step(act, booked, Event.RESCHEDULE, _moments(new), reason, **was)
    for seat in again:
        _move_seat(act, booked, seat, SeatEvent.REINVITE)


def cancel(act: Act, appointment_id: str, version: int, why: Why) -> None:
    """Give the time back, with a reason."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked)
    booking.step(act, booked, Event.CANCEL, None, _reason(act, "cancel-appointment", why))


def begin(act: Act, appointment_id: str, version: int) -> None:
    """The session begins: said by the coordinator, or by whoever sits in it."""
    _run(act, appointment_id, version, Event.BEGIN)


def end(act: Act, appointment_id: str, version: int) -> None:
    """The session ends; what is left of its time is free."""
    _run(act, appointment_id, version, Event.END)


def miss(act: Act, appointment_id: str, version: int, why: Why) -> None:
    """Somebody did not come."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked, provider_only=True)
    require_due(Event.MISS, booked.row["since"], act.now)
    booking.step(act, booked, Event.MISS, None, _reason(act, "miss-appointment", why))


def _run(act: Act, appointment_id: str, version: int, event: Event) -> None:
    booked = booking.turn(act, appointment_id, version)
    if act.subject.person_id not in {seat["person_id"] for seat in booked.sitting}:
        booking.require_side(act, booked, provider_only=True)
    require_due(event, booked.row["since"], act.now)
    if event is Event.BEGIN:
        presence = accompanying.require_presence(act, booked)
        guidance.require_acknowledged(act, booked)
        booking.step(act, booked, event, accompanying=presence)
        return
    begun = booking.last_move(act, booked, Event.BEGIN)
    there = accompanying.was_there(act, booked)
    came = participation.there(act, booked)
    booking.step(act, booked, event, begun_at=begun, accompanied=there, institutions=len(came))
    participation.tell(act, booked, came)


# --- those who are invited ------------------------------------------------------------------------


def answer(act: Act, appointment_id: str, accepts: bool, why: Why | None) -> None:
    """Whoever is invited accepts, or declines with a reason and has the time back."""
    act.subject.require(Permission.SEE_CALENDARS)
    booked = booking.turn(act, appointment_id, None)
    mine = [s for s in booked.sitting if s["person_id"] == act.subject.person_id]
    if not mine:
        raise Problem("not-found")
    if booked.state not in (State.PROPOSED, State.CONFIRMED):
        raise Problem(
            "illegal-transition",
            state=MACHINE.word(booked.state),
            event=SEATS.word(SeatEvent.ACCEPT if accepts else SeatEvent.DECLINE),
        )
    reason = None if accepts else _reason(act, "decline-seat", why)
    event = SeatEvent.ACCEPT if accepts else SeatEvent.DECLINE
    (seat,) = mine
    _move_seat(act, booked, seat, event)
    code = None if reason is None else reason["code"]
    booking.tell(
        act, booked, Kind.APPOINTMENT_ANSWERED, seat=seat["n"], answer=event.value, reason=code
    )


def swap(act: Act, appointment_id: str, version: int, n: int, person_id: str) -> None:
    """Somebody else takes a seat: after a refusal, or because the coordinator knows better."""
    booked = booking.turn(act, appointment_id, version)
    booking.require_side(act, booked, provider_only=True)
    if booked.state not in (State.PROPOSED, State.CONFIRMED):
        raise Problem(
            "illegal-transition",
            state=MACHINE.word(booked.state),
            event=SEATS.word(SeatEvent.REPLACE),
        )
    seat = next((s for s in booked.seats if s["n"] == n), None)
    row = people.person(act.tx, person_id)
    if seat is None or row is None or not reachable(act, row["institution_id"], None):
        raise Problem("not-found")
    if person_id in {s["person_id"] for s in booked.sitting}:
        raise Problem("invalid", detail="person_id")
    one = Invited(seat["role"], person_id)
    service, urgent = booked.row["service"], booked.row["urgent"]
    when = times_of(booked)
    booking.require_free(act, service, when, [one], [], urgent, booked.id, noticed=True)
    _move_seat(act, booked, seat, SeatEvent.REPLACE)
    new = max(s["n"] for s in booked.seats) + 1
    appointments.add_seat(act.tx, _seat_row(act, booked.id, new, one, {person_id: row}))
    if not appointments.change(act.tx, booked.id, version, {"updated_at": act.now}):
        raise Problem("stale", current="?")
    left, was = booking.load_anew(act, booked), seat["state"]
    booking.tell(act, left, Kind.APPOINTMENT_REPLACED, seat=n, by_seat=new, was=was)


def _move_seat(act: Act, booked: Booked, seat: Row, event: SeatEvent) -> None:
    to = SEATS.step(SeatState(seat["state"]), event)
    values = {"state": to.value, "state_at": act.now}
    if not appointments.change_seat(act.tx, booked.id, seat["n"], seat["state"], values):
        raise Problem("stale", current="?")


# --- what must hold -------------------------------------------------------------------------------


def require_plan(act: Act, plan: Plan) -> None:
    """Problem unless the subject may book for these two institutions and this case."""
    if plan.service not in act.catalogue.services:
        raise Problem("invalid", detail="service")
    _require_parties(act, plan)
    _require_request(act, plan)


def _require_parties(act: Act, plan: Plan) -> None:
    """One side is one's own, and an agreement in force lets the one ask the other."""
    own = act.subject.own_institution
    if own not in (plan.requester_id, plan.provider_id):
        raise Problem("not-found")
    if own != plan.requester_id:
        act.subject.require(Permission.CONFIRM_APPOINTMENTS)
    if plan.requester_id == plan.provider_id:
        return
    agreement = network.agreement_in_force(
        act.tx, plan.requester_id, plan.provider_id, plan.service, act.now
    )
    if agreement is None:
        provider = network.institution(act.tx, plan.provider_id)
        if provider is None or not reachable(act, plan.provider_id, None):
            raise Problem("not-found")
        label = act.catalogue.services[plan.service].label
        raise Problem(
            "no-agreement",
            provider=provider["name"],
            service={"zh": label.zh, "en": label.en},
        )


def _require_request(act: Act, plan: Plan) -> None:
    """The case that it is for is one that the subject may see, between the same two."""
    if plan.request_id is None:
        return
    case = door.case(act, plan.request_id)
    pair = (case.row["requester_id"], case.row["provider_id"], case.row["service"])
    if pair != (plan.requester_id, plan.provider_id, plan.service):
        raise Problem("invalid", detail="request_id")


def _require_known(act: Act, plan: Plan) -> tuple[dict[str, Row], dict[str, Row]]:
    """Everybody and everything named is within reach; Problem("not-found") otherwise."""
    staff = people.people_by_id(
        act.tx, sorted({k for i in plan.invited for k in (i.person, i.instead_of or i.person)})
    )
    rooms = calendars.some_resources(act.tx, [one.resource for one in plan.used])
    wanted = {one.person for one in plan.invited} | {one.resource for one in plan.used}
    rows: Sequence[Row] = (*staff.values(), *rooms.values())
    places = {row["institution_id"] for row in rows}
    if wanted - set(staff) - set(rooms) or not all(
        reachable(act, key, plan.service) for key in places
    ):
        raise Problem("not-found")
    return staff, rooms


def _require_still_free(act: Act, booked: Booked) -> None:
    invited = list(map(_invited, booked.sitting))
    if not invited:
        raise Problem("nobody-bookable", what="")
    service, urgent, when = booked.row["service"], booked.row["urgent"], times_of(booked)
    used = _used(booked)
    booking.require_free(act, service, when, invited, used, urgent, booked.id, noticed=True)


def _reason(act: Act, step: str, why: Why | None) -> dict[str, str]:
    if why is None or act.catalogue.reason(step, why.code) is None:
        raise Problem("reason-required")
    return {"code": why.code, "note": why.note}


def _latest(plan: Plan) -> datetime:
    """A hold ends when its time begins."""
    return moment(plan.times.since)


def times_of(booked: Booked) -> Times:
    """When it is, and the time that it keeps around."""
    row = booked.row
    since, until = minute_of(row["since"]), minute_of(row["until"])
    before, after = since - minute_of(row["kept_since"]), minute_of(row["kept_until"]) - until
    return Times(since, until - since, before, after)


def _moments(when: Times) -> dict[str, Any]:
    kept_since, kept_until = when.kept
    return {
        "since": moment(when.since),
        "until": moment(when.until),
        "kept_since": moment(kept_since),
        "kept_until": moment(kept_until),
    }


def _invited(seat: Row) -> Invited:
    """Whoever sits there by now; that they came for somebody else's leave is no matter any more."""
    return Invited(seat["role"], seat["person_id"])


def _used(booked: Booked) -> list[Used]:
    return [Used(room["resource_id"], room["units"]) for room in booked.rooms]


def _seat_row(act: Act, key: str, n: int, one: Invited, staff: dict[str, Row]) -> dict[str, Any]:
    return {
        "appointment_id": key,
        "n": n,
        "role": one.role,
        "person_id": one.person,
        "institution_id": staff[one.person]["institution_id"],
        "instead_of": one.instead_of,
        "state": SeatState.INVITED.value,
        "state_at": act.now,
    }


def lapse(act: Act, row: Row) -> None:
    """Give back what nobody went on with in time."""
    booked = booking.whole(act, row)
    booking.step(act, booked, Event.LAPSE, None, {"code": "lapsed", "note": ""})
