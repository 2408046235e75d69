"""Routes of appointments and of the wait list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from telemed.actions import appointments as acts
from telemed.actions import lecturing, waiting
from telemed.actions.act import Act
from telemed.actions.appointments import Plan, Why
from telemed.actions.booking import Booked, Invited, Used
from telemed.core import waiting as waiting_rules
from telemed.core.access import Permission as P
from telemed.core.appointment import (
    MACHINE,
    SEATS,
    Event,
    SeatState,
    State,
    due_from,
    is_lapsed,
    times,
)
from telemed.core.training import LECTURES, LectureState
from telemed.server import appointment_schemas as s
from telemed.server.availability import (
    StretchQuery,
    named_person,
    named_resource,
    search_of,
)
from telemed.server.calendar_schemas import Made
from telemed.server.routing import Call, Route
from telemed.server.schemas import Code, Done, In
from telemed.store import appointments as store
from telemed.store import calendars, log, network, people
from telemed.store.tx import Row

Step = Callable[[Act, str, Any], None]


class ListQuery(StretchQuery):
    """A stretch of time, and whose appointments in it: everybody's of one's institution without."""

    person: Code | None = Field(default=None)
    resource: Code | None = Field(default=None)


async def listed(call: Call) -> Any:
    """Appointments and lectures of a stretch; a lecture takes no room of the register."""
    q = call.query(ListQuery)

    def ask(act: Act) -> dict[str, Any]:
        found = acts.between(act, q.since, q.until, q.person, q.resource)
        given = () if q.resource else lecturing.between(act, q.since, q.until, q.person)
        return {
            "seq": log.head(act.tx),
            "appointments": told(act, found),
            "lectures": [_lecture(act, row) for row in given],
        }

    return await call.ask(ask)


async def of_case(call: Call) -> Any:
    """A case's appointments."""

    def ask(act: Act) -> dict[str, Any]:
        found = acts.of_case(act, call.path("id"))
        return {"seq": log.head(act.tx), "appointments": told(act, found)}

    return await call.ask(ask)


async def show(call: Call) -> Any:
    """One appointment with all that happened to it."""
    return await call.ask(lambda act: _whole(act, call.path("id")))


async def hold(call: Call) -> Any:
    """Keep a time."""
    body = call.body(s.TimeHoldIn)

    def do(act: Act) -> str:
        return acts.hold(act, _plan(act, body)).id

    made = await call.act(do)
    return await call.ask(lambda act: _whole(act, made))


def _step(take: Step) -> Any:
    async def handler(call: Call) -> Any:
        """A step, and the appointment after it."""
        return await call.step(lambda act, key: take(act, key, call.body(In)), _whole)

    return handler


def _why(body: s.BecauseIn) -> Why:
    return Why(body.reason, body.note)


def _answer(act: Act, key: str, body: s.AnswerIn) -> None:
    why = None if body.reason is None else Why(body.reason, body.note)
    acts.answer(act, key, body.accepts, why)


STEPS: Mapping[str, tuple[Step, P, Any, str]] = {
    "propose": (lambda act, key, b: acts.propose(act, key, b.version), P.BOOK_APPOINTMENTS,
                s.AppointmentIn, "Ask for the time that is held"),
    "confirm": (lambda act, key, b: acts.confirm(act, key, b.version), P.CONFIRM_APPOINTMENTS,
                s.AppointmentIn, "Agree to the time"),
    "reschedule": (lambda act, key, b: acts.reschedule(act, key, b.version, b.since, b.minutes,
                                                       _why(b)), P.BOOK_APPOINTMENTS,
                   s.RescheduleIn, "Another time, to be confirmed again"),
    "cancel": (lambda act, key, b: acts.cancel(act, key, b.version, _why(b)), P.BOOK_APPOINTMENTS,
               s.BecauseIn, "Give the time back"),
    "begin": (lambda act, key, b: acts.begin(act, key, b.version), P.SEE_CALENDARS, s.AppointmentIn,
              "The session begins"),
    "end": (lambda act, key, b: acts.end(act, key, b.version), P.SEE_CALENDARS, s.AppointmentIn,
            "The session ends"),
    "miss": (lambda act, key, b: acts.miss(act, key, b.version, _why(b)), P.CONFIRM_APPOINTMENTS,
             s.BecauseIn, "Somebody did not come"),
    "answer": (_answer, P.SEE_CALENDARS, s.AnswerIn, "Accept an invitation, or decline it"),
    "swap": (lambda act, key, b: acts.swap(act, key, b.version, b.seat, b.person_id),
             P.CONFIRM_APPOINTMENTS, s.SwapIn, "Somebody else takes a seat"),
}  # fmt: skip
"""Every step: what it does, what it asks for, its body, and what it is."""


# --- the wait list --------------------------------------------------------------------------------


async def wait(call: Call) -> Any:
    """Wait for a time."""
    b = call.body(s.WaitingIn)
    search = search_of(b.search)
    made = await call.act(
        lambda act: waiting.join(act, b.provider_id, b.requester_id, b.request_id, search)
    )
    return {"id": made}


async def withdraw(call: Call) -> Any:
    """Wait no longer."""
    await call.act(lambda act: waiting.withdraw(act, call.path("id")))
    return {}


async def waiting_list(call: Call) -> Any:
    """Who waits."""

    def ask(act: Act) -> dict[str, Any]:
        rows = waiting.listed(act)
        names = _names(act, rows)
        return {"waiting": [_entry(row, names) for row in rows]}

    return await call.ask(ask)


def _entry(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    state = waiting_rules.State(row["state"])
    return {
        **row,
        "requester_name": names[row["requester_id"]],
        "provider_name": names[row["provider_id"]],
        "minutes": row["wish"]["minutes"],
        "state_words": waiting_rules.MACHINE.word(state),
    }


# --- how it is told -------------------------------------------------------------------------------


def _plan(act: Act, body: s.TimeHoldIn) -> Plan:
    return Plan(
        service=body.service,
        requester_id=body.requester_id or act.subject.own_institution,
        provider_id=body.provider_id,
        times=times(body.since, body.minutes, body.before, body.after),
        invited=tuple(Invited(i.role, i.person_id, i.instead_of) for i in body.seats),
        used=tuple(Used(one.resource_id, one.units) for one in body.resources),
        request_id=body.request_id,
        urgent=body.urgent,
    )


def _whole(act: Act, key: str) -> dict[str, Any]:
    booked = acts.show(act, key)
    (shown,) = told(act, [booked])
    moves = [{**move, "event_words": _event(move["event"])} for move in store.moves(act.tx, key)]
    return {**shown, "moves": moves}


def _event(event: str) -> dict[str, str]:
    """A step in words; holding a time is where it begins, and no step of the table."""
    return MACHINE.word(State.HELD if event == "hold" else Event(event))


def told(act: Act, found: Sequence[Booked]) -> list[dict[str, Any]]:
    """Appointments with the names of everybody and everything in them."""
    staff = people.people_by_id(
        act.tx, sorted({seat["person_id"] for one in found for seat in one.seats})
    )
    rooms = calendars.some_resources(
        act.tx, {room["resource_id"] for one in found for room in one.rooms}
    )
    names = _names(act, [one.row for one in found])
    return [
        {
            **one.row,
            "requester_name": names[one.row["requester_id"]],
            "provider_name": names[one.row["provider_id"]],
            "state_words": MACHINE.word(one.state),
            "seats": [_seat(seat, staff) for seat in one.seats],
            "resources": [
                {**named_resource(rooms[room["resource_id"]]), "units": room["units"]}
                for room in one.rooms
            ],
            **steps_of(act, one),
        }
        for one in found
    ]


def _lecture(act: Act, row: Row) -> dict[str, Any]:
    return {
        **row,
        "state_words": LECTURES.word(LectureState(row["state"])),
        "keeps": lecturing.keeps(row),
        "opens": lecturing.opens(act),
    }


def _seat(seat: Row, staff: Mapping[str, Row]) -> dict[str, Any]:
    words = SEATS.word(SeatState(seat["state"]))
    return {**seat, "person": named_person(staff[seat["person_id"]]), "state_words": words}


def steps_of(act: Act, one: Booked) -> dict[str, Any]:
    """The steps that the subject may take now, and those whose time has yet to come."""
    since = one.row["since"]
    if is_lapsed(one.state, one.row["hold_until"], since, act.now):
        return {"allowed": [s for s in _permitted(act, one) if s == Event.CANCEL], "later": []}
    now, later = [], []
    for step in _permitted(act, one):
        first = due_from(Event(step), since) if step in set(Event) else None
        if first is None or first <= act.now:
            now.append(step)
        else:
            later.append({"step": step, "at": first})
    return {"allowed": now, "later": later}


def _permitted(act: Act, one: Booked) -> list[str]:
    """The steps of the subject's role and the appointment's state, whatever the time."""
    held, own = act.subject.permissions, act.subject.institution_id
    coordinates = own == one.row["provider_id"] and P.CONFIRM_APPOINTMENTS in held
    books = coordinates or (own == one.row["requester_id"] and P.BOOK_APPOINTMENTS in held)
    sits = act.subject.person_id in {seat["person_id"] for seat in one.sitting}
    may = {
        Event.PROPOSE: books, Event.RESCHEDULE: books, Event.CANCEL: books,
        Event.CONFIRM: coordinates, Event.MISS: coordinates,
        Event.BEGIN: coordinates or sits, Event.END: coordinates or sits,
    }  # fmt: skip
    found = [
        event.value for event, is_so in may.items() if is_so and MACHINE.allows(one.state, event)
    ]
    if one.state in (State.PROPOSED, State.CONFIRMED):
        found += ["answer"] * sits + ["swap"] * coordinates
    return found


def _names(act: Act, rows: Sequence[Row]) -> dict[str, str]:
    ids = {row[side] for row in rows for side in ("requester_id", "provider_id")}
    return {key: row["name"] for key, row in network.institution_refs(act.tx, ids).items()}


ONE = "/api/appointments/{id}"
ROUTES = (
    Route("GET", "/api/appointments", listed, P.SEE_CALENDARS,
          "The own institution's appointments and lectures of a stretch", query=ListQuery,
          returns=s.CalendarStretch),
    Route("POST", "/api/appointments", hold, P.BOOK_APPOINTMENTS, "Keep a time for some minutes",
          body=s.TimeHoldIn, returns=s.AppointmentWhole, created=True),
    Route("GET", "/api/requests/{id}/appointments", of_case, P.SEE_CASES,
          "The appointments of a case", returns=s.AppointmentList),
    Route("GET", ONE, show, P.SEE_CALENDARS, "One appointment with its history",
          returns=s.AppointmentWhole),
    *(
        Route("POST", f"{ONE}/{name}", _step(take), permission, what, body=body,
              returns=s.AppointmentWhole)
        for name, (take, permission, body, what) in STEPS.items()
    ),
    Route("GET", "/api/waiting", waiting_list, P.SEE_CALENDARS, "Who waits for a time",
          returns=s.WaitingList),
    Route("POST", "/api/waiting", wait, P.BOOK_APPOINTMENTS, "Wait for a time that becomes free",
          body=s.WaitingIn, returns=Made, created=True),
    Route("POST", "/api/waiting/{id}/withdraw", withdraw, P.BOOK_APPOINTMENTS, "Wait no longer",
          returns=Done),
)  # fmt: skip
