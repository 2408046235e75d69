"""Somebody is needed now: ring down the roster, and who answers has an appointment that begins.

Everything here is done in the turn of all booking, so of two who answer at once one sits in it and
the other is told; and nobody is rung who is being booked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from telemed.actions import appointments as acts
from telemed.actions import diaries, entries, ranking
from telemed.actions.act import Act
from telemed.actions.appointments import Plan
from telemed.actions.booking import Invited
from telemed.actions.calendars import BOOKING
from telemed.core import roster as duty
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.appointment import times
from telemed.core.errors import Problem
from telemed.core.intervals import minute_of, moment
from telemed.core.schedule import Almanac, free_of
from telemed.core.urgent_call import (
    MACHINE,
    RING_MACHINE,
    RINGS_FOR,
    Candidate,
    Event,
    RingEvent,
    RingState,
    State,
    minutes_free,
    next_up,
)
from telemed.store import calendars, roster, urgent_calls
from telemed.store.tx import Row

RINGS: Final = "calling"
UNANSWERED: Final = "calling-unanswered"
"""What people are told of: that it rings for them, and that nobody answered."""
LISTED: Final = timedelta(days=7)
MOST_LISTED: Final = 100
_FACTS: Final[Mapping[Event, Kind]] = {
    Event.ANSWER: Kind.URGENT_CALL_ANSWERED,
    Event.EXHAUST: Kind.URGENT_CALL_EXHAUSTED,
    Event.CANCEL: Kind.URGENT_CALL_CANCELED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is called for what, by whom, and how long they are wanted at most."""

    service: str
    provider_id: str
    requester_id: str | None = None
    request_id: str | None = None
    minutes: int = 30


@dataclass(frozen=True, slots=True)
class Called:
    """A call and whom it rang."""

    row: Row
    rings: list[Row]


def make(act: Act, wanted: Wanted) -> str:
    """Ring the first; the call's id. One that rings for the same already is that one."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    act.tx.take_turn(BOOKING)
    row = _row(act, wanted)
    acts.require_plan(act, _plan(act, row, wanted.minutes, ()))
    going = urgent_calls.going(
        act.tx, row["requester_id"], row["provider_id"], row["service"], row["request_id"]
    )
    if going is not None:
        return str(going["id"])
    urgent_calls.add(act.tx, row)
    _tell(act, row, Kind.URGENT_CALL_BEGUN)
    _ring_next(act, row)
    return str(row["id"])


def show(act: Act, call_id: str) -> Called:
    """A call of which the own institution is a party; Problem("not-found") for others."""
    act.subject.require(Permission.SEE_CALENDARS)
    row = urgent_calls.get(act.tx, call_id)
    if row is None or act.subject.own_institution not in (row["requester_id"], row["provider_id"]):
        raise Problem("not-found")
    return Called(row, urgent_calls.rings(act.tx, [call_id])[call_id])


def listed(act: Act) -> list[Called]:
    """The own institution's calls of some days, the newest first."""
    act.subject.require(Permission.SEE_CALENDARS)
    own = act.subject.own_institution
    return _with_rings(act, urgent_calls.of_institution(act.tx, own, act.now - LISTED, MOST_LISTED))


def ringing(act: Act) -> list[Called]:
    """The calls that the subject may answer now."""
    act.subject.require(Permission.SEE_CALENDARS)
    person = act.subject.person_id
    if person is None:
        return []
    return _with_rings(act, urgent_calls.ringing_with(act.tx, person, act.now - LISTED))


def _with_rings(act: Act, rows: Sequence[Row]) -> list[Called]:
    rings = urgent_calls.rings(act.tx, [row["id"] for row in rows])
    return [Called(row, rings[row["id"]]) for row in rows]


# --- steps ----------------------------------------------------------------------------------------


def answer(act: Act, call_id: str) -> None:
    """Whoever was rung takes it: an appointment with them that begins with the next minute."""
    called, ring = _rung(act, call_id)
    MACHINE.step(State(called.row["state"]), Event.ANSWER)
    _move_ring(act, ring, RingEvent.ANSWER)
    free = _free(act, called.row, [ring["person_id"]]).get(ring["person_id"])
    minutes = free if free is not None else called.row["minutes"]  # booking says what is not free
    booked = acts.agree_at_once(
        act, _plan(act, called.row, minutes, (Invited("expert", ring["person_id"]),))
    )
    _end(act, called, Event.ANSWER, appointment_id=booked.id)


def decline(act: Act, call_id: str) -> None:
    """Whoever is rung cannot: the next is rung at once."""
    called, ring = _rung(act, call_id)
    if called.row["state"] != State.RINGING:
        return  # it is over for them already
    _move_ring(act, ring, RingEvent.DECLINE)
    _ring_next(act, called.row)


def cancel(act: Act, call_id: str) -> None:
    """Whoever called needs nobody any more."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    act.tx.take_turn(BOOKING)
    called = show(act, call_id)
    if act.subject.own_institution != called.row["requester_id"]:
        act.subject.require(Permission.CONFIRM_APPOINTMENTS)
    _end(act, called, Event.CANCEL)


def _rung(act: Act, call_id: str) -> tuple[Called, Row]:
    """A call that rang the subject, and their ring; Problem("not-found") for anybody else."""
    act.subject.require(Permission.SEE_CALENDARS)
    act.tx.take_turn(BOOKING)
    called = show(act, call_id)
    person = act.subject.person_id
    mine = [ring for ring in called.rings if ring["person_id"] == person]
    if not mine:
        raise Problem("not-found")
    return called, mine[-1]


# --- ringing --------------------------------------------------------------------------------------


def go_on(act: Act, row: Row) -> None:
    """The clock's part: whoever did not answer missed it, and the next is rung."""
    for ring in urgent_calls.rings(act.tx, [row["id"]])[row["id"]]:
        if ring["state"] == RingState.RINGING:
            _move_ring(act, ring, RingEvent.MISS)
    _ring_next(act, row)


def _ring_next(act: Act, row: Row) -> None:
    """Ring the next, or say that there is nobody left."""
    rung = urgent_calls.rings(act.tx, [row["id"]])[row["id"]]
    candidates = _candidates(act, row)
    person = next_up(candidates, {ring["person_id"] for ring in rung})
    if person is None:
        _end(act, Called(row, rung), Event.EXHAUST)
        return
    until = act.now + RINGS_FOR
    ring = {
        "call_id": row["id"],
        "n": len(rung) + 1,
        "person_id": person,
        "on_duty": next(one.on_duty for one in candidates if one.person == person),
        "state": RingState.RINGING.value,
        "rung_at": act.now,
        "until": until,
        "state_at": act.now,
    }
    urgent_calls.add_ring(act.tx, ring)
    urgent_calls.change(act.tx, row["id"], row["state"], {"next_at": until})
    _tell(act, row, Kind.URGENT_CALL_RUNG, person=person, ring=ring["n"])


def _candidates(act: Act, row: Row) -> list[Candidate]:
    """Those on duty for the service, then those whose hours are on; whoever can be had now, may
    answer such a case, and can sign in."""
    place, kinds = row["provider_id"], act.catalogue.duties
    on_duty = duty.readers(roster.on_duty(act.tx, place, act.now), kinds, row["service"])
    in_hours = [each["id"] for each in calendars.kept_for(act.tx, place)]
    able = {each["id"] for each in ranking.readers(act, place)}
    people = [key for key in dict.fromkeys((*on_duty, *in_hours)) if key in able]
    free = _free(act, row, people)
    last = urgent_calls.last_rung(act.tx, people)
    return [Candidate(key, key in on_duty, last.get(key)) for key in people if key in free]


def _free(act: Act, row: Row, people: Sequence[str]) -> dict[str, int]:
    """How many minutes people can be had from the next minute on, for the call's length at most."""
    since = _since(act)
    window = (since, since + row["minutes"])
    almanac = Almanac(window, act.catalogue.calendar.days)
    found: dict[str, int] = {}
    for key, diary in diaries.diaries(act, people, window, urgent=True).items():
        minutes = minutes_free(free_of(diary, almanac, urgent=True), since, row["minutes"])
        if key in people and minutes is not None:
            found[key] = minutes
    return found


def _since(act: Act) -> int:
    """The next whole minute: what begins now would have gone by before it is agreed."""
    return minute_of(act.now) + 1


def _plan(act: Act, row: Row, minutes: int, invited: tuple[Invited, ...]) -> Plan:
    return Plan(
        service=row["service"],
        requester_id=row["requester_id"],
        provider_id=row["provider_id"],
        times=times(moment(_since(act)), minutes, 0, 0),
        invited=invited,
        request_id=row["request_id"],
        urgent=True,
    )


def _row(act: Act, wanted: Wanted) -> Row:
    return {
        "id": act.new_id(),
        "service": wanted.service,
        "request_id": wanted.request_id,
        "requester_id": wanted.requester_id or act.subject.own_institution,
        "provider_id": wanted.provider_id,
        "state": State.RINGING.value,
        "minutes": wanted.minutes,
        "next_at": act.now,
        "appointment_id": None,
        "made_by": act.subject.account_id,
        "made_at": act.now,
        "ended_at": None,
    }


# --- writing --------------------------------------------------------------------------------------


def _end(act: Act, called: Called, event: Event, appointment_id: str | None = None) -> None:
    """The call's last step; it rings with nobody any more."""
    row = called.row
    to = MACHINE.step(State(row["state"]), event)
    values = {"state": to.value, "ended_at": act.now, "next_at": None}
    if appointment_id is not None:
        values["appointment_id"] = appointment_id
    if not urgent_calls.change(act.tx, row["id"], row["state"], values):
        raise Problem("stale", current="?")
    for ring in urgent_calls.rings(act.tx, [row["id"]])[row["id"]]:
        if ring["state"] == RingState.RINGING:
            _move_ring(act, ring, RingEvent.END)
    waited = int((act.now - row["made_at"]).total_seconds())
    rung = len(called.rings)
    _tell(
        act, {**row, **values}, _FACTS[event], seconds=waited, rung=rung, appointment=appointment_id
    )


def _move_ring(act: Act, ring: Row, event: RingEvent) -> None:
    to = RING_MACHINE.step(RingState(ring["state"]), event)
    values = {"state": to.value, "state_at": act.now}
    if not urgent_calls.change_ring(act.tx, ring["call_id"], ring["n"], ring["state"], values):
        raise Problem("stale", current="?")


def _tell(act: Act, row: Row, kind: Kind, **data: object) -> None:
    parties = tuple(dict.fromkeys((row["requester_id"], row["provider_id"])))
    told = {
        "call": row["id"],
        "service": row["service"],
        "urgency": "urgent",
        "requester": row["requester_id"],
        "provider": row["provider_id"],
        "state": row["state"],
        **{key: value for key, value in data.items() if value is not None},
    }
    who, place = entries.actor_of(act), act.subject.institution_id or row["provider_id"]
    act.tell(Fact(kind, act.now, who, place, parties, row["request_id"], data=told))
