"""Routes of urgent calls: somebody is needed now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from telemed.actions import urgent_calls as acts
from telemed.actions.act import Act
from telemed.actions.urgent_calls import Called, Wanted
from telemed.core.access import Permission as P
from telemed.core.schedule import LONGEST, SHORTEST
from telemed.core.urgent_call import ALONE, MACHINE, RING_MACHINE, Event, RingState, State
from telemed.server.availability import named_person
from telemed.server.calendar_schemas import NamedPerson
from telemed.server.routing import Call, Route
from telemed.server.schemas import Code, In, Out, Words
from telemed.store import network, people, requests


class UrgentCallIn(In):
    """Who is called; `requester_id` is whoever calls, oneself without it. Minutes at most."""

    service: Code
    provider_id: Code
    requester_id: Code | None = None
    request_id: Code | None = None
    minutes: int = Field(default=30, ge=SHORTEST, le=LONGEST)


class RingOut(Out):
    """Somebody who was rung. `until` is when the next is."""

    n: int
    person: NamedPerson
    on_duty: bool
    state: RingState
    state_words: Words
    rung_at: datetime
    until: datetime


class UrgentCallOut(Out):
    """A call; of the case only its number, which opens by its own rules."""

    id: str
    service: str
    service_words: Words
    request_id: str | None
    number: str
    requester_id: str
    requester_name: str
    provider_id: str
    provider_name: str
    state: State
    state_words: Words
    appointment_id: str | None
    made_at: datetime
    ended_at: datetime | None
    rings: list[RingOut]
    allowed: list[str]


class UrgentCallList(Out):
    calls: list[UrgentCallOut]


async def make(call: Call) -> Any:
    """Ring the first."""
    body = call.body(UrgentCallIn)
    made = await call.act(lambda act: acts.make(act, Wanted(**body.model_dump())))
    return await call.ask(lambda act: _one(act, made))


async def show(call: Call) -> Any:
    """One call."""
    return await call.ask(lambda act: _one(act, call.path("id")))


async def listed(call: Call) -> Any:
    """The own institution's calls of a week."""
    return await call.ask(lambda act: {"calls": told(act, acts.listed(act))})


async def ringing(call: Call) -> Any:
    """What rings for the subject."""
    return await call.ask(lambda act: {"calls": told(act, acts.ringing(act))})


def _step(take: Callable[[Act, str], None]) -> Any:
    async def handler(call: Call) -> Any:
        """A step, and the call after it."""
        return await call.step(take, _one)

    return handler


def _one(act: Act, key: str) -> dict[str, Any]:
    (shown,) = told(act, [acts.show(act, key)])
    return shown


def told(act: Act, calls: Sequence[Called]) -> list[dict[str, Any]]:
    """Calls with the names of everybody in them."""
    staff = people.people_by_id(act.tx, sorted({r["person_id"] for c in calls for r in c.rings}))
    sides = {one.row[side] for one in calls for side in ("requester_id", "provider_id")}
    names = {key: row["name"] for key, row in network.institution_refs(act.tx, sides).items()}
    return [
        {
            **one.row,
            "service_words": _service(act, one.row["service"]),
            "number": _number(act, one.row["request_id"]),
            "requester_name": names[one.row["requester_id"]],
            "provider_name": names[one.row["provider_id"]],
            "state_words": MACHINE.word(State(one.row["state"])),
            "rings": [_ring(ring, staff) for ring in one.rings],
            "allowed": _allowed(act, one),
        }
        for one in calls
    ]


def _ring(ring: Mapping[str, Any], staff: Mapping[str, Any]) -> dict[str, Any]:
    words = RING_MACHINE.word(RingState(ring["state"]))
    return {**ring, "person": named_person(staff[ring["person_id"]]), "state_words": words}


def _service(act: Act, code: str) -> dict[str, str]:
    label = act.catalogue.services[code].label
    return {"zh": label.zh, "en": label.en}


def _number(act: Act, request_id: str | None) -> str:
    case = None if request_id is None else requests.get(act.tx, request_id)
    return "" if case is None else str(case["number"])


def _allowed(act: Act, one: Called) -> list[str]:
    """The steps that the subject may take now."""
    if not MACHINE.allows(State(one.row["state"]), Event.CANCEL):
        return []
    mine = [RingState(r["state"]) for r in one.rings if r["person_id"] == act.subject.person_id]
    own, held = act.subject.institution_id, act.subject.permissions
    books = own == one.row["requester_id"] and P.BOOK_APPOINTMENTS in held
    coordinates = own == one.row["provider_id"] and P.CONFIRM_APPOINTMENTS in held
    found = ["answer"] if set(mine) & ALONE else []
    found += ["decline"] * (RingState.RINGING in mine)
    return found + ["cancel"] * (books or coordinates)


ONE = "/api/urgent-calls/{id}"
ROUTES = (
    Route("GET", "/api/urgent-calls", listed, P.SEE_CALENDARS,
          "The own institution's urgent calls of a week", returns=UrgentCallList),
    Route("POST", "/api/urgent-calls", make, P.BOOK_APPOINTMENTS,
          "Ring down the roster until somebody answers", body=UrgentCallIn, returns=UrgentCallOut,
          created=True),
    Route("GET", "/api/urgent-calls/ringing", ringing, P.SEE_CALENDARS,
          "The calls that one may answer now", returns=UrgentCallList),
    Route("GET", ONE, show, P.SEE_CALENDARS, "One urgent call", returns=UrgentCallOut),
    Route("POST", f"{ONE}/answer", _step(acts.answer), P.SEE_CALENDARS,
          "Take the call: an appointment that begins", returns=UrgentCallOut),
    Route("POST", f"{ONE}/decline", _step(acts.decline), P.SEE_CALENDARS,
          "The next is rung at once", returns=UrgentCallOut),
    Route("POST", f"{ONE}/cancel", _step(acts.cancel), P.BOOK_APPOINTMENTS,
          "Nobody is needed any more", returns=UrgentCallOut),
)  # fmt: skip
