"""The one place where people, rooms and devices are taken and given back.

Whatever takes or frees time has its turn first (`take_turn`), so what it reads is what the act
before it left, on both databases: a time is given once however many ask for it at once. `step` asks
the state table, writes the appointment with its move, and tells the fact. Nothing else sets an
appointment's state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telemed.actions import diaries, entries
from telemed.actions.act import Act
from telemed.actions.calendars import BOOKING
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.appointment import (
    MACHINE,
    SITS,
    Event,
    SeatState,
    State,
    Times,
    bounds,
    is_lapsed,
)
from telemed.core.errors import Problem
from telemed.core.intervals import minute_from, minute_of, moment
from telemed.core.schedule import Almanac
from telemed.core.slot_search import find
from telemed.core.slots import WORDS, Closing, Need, Reason, Seat, WhyNone, Wish
from telemed.store import appointments, calendars, people
from telemed.store.tx import Row

FACTS: Final[Mapping[Event, Kind]] = {
    Event.PROPOSE: Kind.APPOINTMENT_PROPOSED,
    Event.CONFIRM: Kind.APPOINTMENT_CONFIRMED,
    Event.RESCHEDULE: Kind.APPOINTMENT_RESCHEDULED,
    Event.BEGIN: Kind.APPOINTMENT_BEGUN,
    Event.END: Kind.APPOINTMENT_ENDED,
    Event.CANCEL: Kind.APPOINTMENT_CANCELED,
    Event.LAPSE: Kind.APPOINTMENT_LAPSED,
    Event.MISS: Kind.APPOINTMENT_MISSED,
}
"""What each step is told as."""
_PARTIES: Final = 3


@dataclass(frozen=True, slots=True)
class Invited:
    """Who is to sit where; `instead_of` is the candidate whose leave they cover."""

    role: str
    person: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """A room or device, and how many of its units."""

    resource: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment, everybody who was ever invited, and the rooms and devices it uses."""

    row: Row
    seats: list[Row]
    rooms: list[Row]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row["id"])

    @property
    def state(self) -> State:
        """Where it is."""
        return State(self.row["state"])

    @property
    def sitting(self) -> list[Row]:
        """The seats of those who sit in it: invited, and neither declined nor replaced."""
        return [seat for seat in self.seats if SeatState(seat["state"]) in SITS]

    @property
    def institutions(self) -> tuple[str, ...]:
        """Everybody whom it concerns: who asks, who answers, and who sends somebody."""
        sent = [s["institution_id"] for s in self.seats if s["state"] != SeatState.REPLACED]
        return tuple(dict.fromkeys([self.row["requester_id"], self.row["provider_id"], *sent]))


def load(act: Act, appointment_id: str) -> Booked:
    """An appointment of which the own institution is a party, or in which one had a seat oneself:
    whoever is told that somebody else has it can see which; Problem("not-found") for others."""
    row = appointments.get(act.tx, appointment_id)
    if row is None:
        raise Problem("not-found")
    booked, who = whole(act, row), act.subject.person_id
    had = who is not None and who in {seat["person_id"] for seat in booked.seats}
    if not had and act.subject.institution_id not in booked.institutions:
        raise Problem("not-found")
    return booked


def whole(act: Act, row: Row) -> Booked:
    """A row with its seats and rooms."""
    key = row["id"]
    seats = appointments.seats(act.tx, [key])[key]
    return Booked(row, seats, appointments.rooms(act.tx, [key])[key])


def turn(act: Act, appointment_id: str, version: int | None) -> Booked:
    """An appointment that nobody else changes meanwhile and nobody has since `version`."""
    act.tx.take_turn(BOOKING)
    booked = load(act, appointment_id)
    if version is not None and booked.row["version"] != version:
        raise Problem("stale", current=booked.row["version"])
    return booked


def require_side(act: Act, booked: Booked, provider_only: bool = False) -> None:
    """The responding institution's coordinator; or who books for the asking one, too."""
    own = act.subject.own_institution
    if own == booked.row["provider_id"] and (
        Permission.CONFIRM_APPOINTMENTS in act.subject.permissions
    ):
        return
    if provider_only or own != booked.row["requester_id"]:
        raise Problem("forbidden", action=Permission.CONFIRM_APPOINTMENTS.value)
    act.subject.require(Permission.BOOK_APPOINTMENTS)


# --- a step ---------------------------------------------------------------------------------------


def step(
    act: Act,
    booked: Booked,
    event: Event,
    values: Mapping[str, Any] | None = None,
    reason: Mapping[str, Any] | None = None,
    **told: object,
) -> Booked:
    """Take one step of the state table: the row, its move and the fact; what is left."""
    if is_lapsed(booked.state, booked.row["hold_until"], booked.row["since"], act.now) and (
        event not in (Event.LAPSE, Event.CANCEL)
    ):
        raise Problem("hold-over")
    to = MACHINE.step(booked.state, event)
    written = {"state": to.value, "updated_at": act.now, **(values or {})}
    if reason is not None:
        written["reason"] = dict(reason)
    if not appointments.change(act.tx, booked.id, booked.row["version"], written):
        raise Problem("stale", current="?")
    left = load_anew(act, booked)
    record(act, left, event.value, reason)
    entries.settle(act, booked.row["waiting_id"], event)
    code = {} if reason is None else {"reason": reason.get("code")}
    tell(act, left, FACTS[event], **code, **told)
    return left


def load_anew(act: Act, booked: Booked) -> Booked:
    """The appointment as it is stored now."""
    row = appointments.get(act.tx, booked.id)
    assert row is not None  # nothing deletes one
    return whole(act, row)


def record(act: Act, booked: Booked, event: str, reason: Mapping[str, Any] | None = None) -> None:
    """Keep a step with the state and the time that it left."""
    row = booked.row
    appointments.add_move(
        act.tx,
        {"appointment_id": booked.id, "event": event, "state": row["state"],
         "since": row["since"], "until": row["until"],
         "reason": None if reason is None else dict(reason),
         "moved_by": act.subject.account_id, "moved_at": act.now},
    )  # fmt: skip


def last_move(act: Act, booked: Booked, *events: Event) -> str | None:
    """When one of these steps was last taken, as facts say a time; None where none was."""
    named = {event.value for event in events}
    times = [
        move["moved_at"] for move in appointments.moves(act.tx, booked.id) if move["event"] in named
    ]
    return times[-1].isoformat() if times else None


def tell(act: Act, booked: Booked, kind: Kind, **data: object) -> None:
    """A fact for everybody whom the appointment concerns: ids, codes and times, no names.

    A fact has three parties at most; those beyond are told by facts that say there was one.
    """
    row, own = booked.row, act.subject.institution_id
    common = {"appointment": booked.id, "number": row["number"], "service": row["service"]}
    told = {
        **common,
        "state": row["state"],
        "since": row["since"].isoformat(),
        "until": row["until"].isoformat(),
        "urgent": row["urgent"],
        "urgency": "urgent" if row["urgent"] else "routine",
        "requester": row["requester_id"],
        "provider": row["provider_id"],
        **{key: value for key, value in data.items() if value is not None},
    }
    actor, place = entries.actor_of(act), own or row["provider_id"]
    parties = booked.institutions
    act.tell(Fact(kind, act.now, actor, place, parties[:_PARTIES], row["request_id"], data=told))
    for first in range(_PARTIES, len(parties), _PARTIES):
        more, shared = parties[first : first + _PARTIES], {**common, "of": kind.value}
        act.tell(Fact(Kind.APPOINTMENT_SHARED, act.now, actor, place, more, data=shared))


# --- a time that must be free ---------------------------------------------------------------------


def require_free(
    act: Act,
    service: str,
    times: Times,
    invited: Sequence[Invited],
    used: Sequence[Used],
    urgent: bool,
    but: str | None = None,
    noticed: bool = False,
) -> None:
    """Problem unless everybody and everything can be had then; `but` one appointment's own time.

    With `noticed`, notice was given before and only the past is too late. In the turn (`BOOKING`)
    only: otherwise somebody else may take it before it is written.
    """
    window = (times.since, times.until)
    asked = [one.instead_of or one.person for one in invited]
    if len(set(asked)) < len(asked) or len({one.resource for one in used}) < len(used):
        raise Problem("invalid", detail="the same twice")
    known = diaries.diaries(act, set(asked), window, urgent=urgent, but=but)
    rooms = diaries.resources(act, [one.resource for one in used], window, but)
    seats = [Seat(i.role, (c,)) for i, c in zip(invited, asked, strict=True)]
    needs = [Need("resource", (one.resource,), one.units) for one in used]
    one_time = wish(act, service, times, seats, needs, urgent, noticed)
    found = find(one_time, known, rooms, Almanac(window, act.catalogue.calendar.days))
    if found.why is not None:
        raise _refusal(act, found.why, times)
    (slot,) = found.slots
    for one, sitting in zip(invited, slot.sitting, strict=True):
        if sitting.person != one.person:
            why = _words(Reason.AWAY if one.instead_of is None else Reason.UNKNOWN)
            raise Problem("slot-taken", who=_name(act, one.person), why=why)


def wish(
    act: Act,
    service: str,
    times: Times,
    seats: Sequence[Seat],
    needs: Sequence[Need],
    urgent: bool,
    noticed: bool,
) -> Wish:
    """What is asked of one time and no other."""
    first, last = bounds(act.now, urgent or noticed, act.catalogue.booking.of(service))
    return Wish(
        window=(times.since, times.until),
        minutes=times.minutes,
        seats=tuple(seats),
        needs=tuple(needs),
        before=times.before,
        after=times.after,
        step=1,
        origin=times.since,
        not_before=minute_from(first),
        not_after=minute_of(last),
        urgent=urgent,
    )


def _refusal(act: Act, why: WhyNone, times: Times) -> Problem:
    """Why a time cannot be booked, naming who or what closes it."""
    if moment(times.since) < act.now:
        return Problem("time-past")
    closing: Closing | None = next(
        (one for one in (*why.people, *why.resources) if one.reason is not None), None
    )
    if closing is None or closing.reason is None:
        return Problem("time-refused", why=_words(why.reason))
    return Problem("slot-taken", who=_name(act, closing.key), why=_words(closing.reason))


def _words(reason: Reason) -> dict[str, str]:
    zh, en = WORDS[reason]
    return {"zh": zh, "en": en}


def _name(act: Act, key: str) -> str:
    row = people.person(act.tx, key) or calendars.some_resources(act.tx, [key]).get(key)
    return "" if row is None else str(row["name"])
