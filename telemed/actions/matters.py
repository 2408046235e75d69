"""What a notice is about (a case, an appointment, a call, training), and whom a ladder's steps name
of it.

Who that is is looked up at the moment of telling. It knows accounts and roles, and no ladder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from telemed.actions import booking, conferences, taught
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core import roster as duty
from telemed.core.access import Role
from telemed.core.appointment import SeatState
from telemed.core.approval import current
from telemed.core.assignment import covers
from telemed.core.escalation import OF_WATCHERS, TOLD_TO_WATCH, WHEN_NOBODY, Who
from telemed.store import (
    appointments,
    approvals,
    minutes,
    notices,
    opinions,
    people,
    requests,
    roster,
    urgent_calls,
)
from telemed.store.tx import Row

_ROLES: Final[Mapping[Who, tuple[str, tuple[Role, ...]]]] = {
    Who.READERS: ("provider_id", (Role.READER, Role.VERIFIER)),
    Who.PROVIDER_COORDINATORS: ("provider_id", (Role.COORDINATOR,)),
    Who.PROVIDER_ADMINS: ("provider_id", (Role.INSTITUTION_ADMIN,)),
    Who.REQUESTERS: ("requester_id", (Role.REQUESTER,)),
    Who.REQUESTER_COORDINATORS: ("requester_id", (Role.COORDINATOR,)),
    Who.REQUESTER_ADMINS: ("requester_id", (Role.INSTITUTION_ADMIN,)),
}
"""On which side a step's people are, and by which roles."""


@dataclass(frozen=True, slots=True)
class Matter:
    """A case, an appointment with its seats, an urgent call, or a course or lecture; `seat` when
    one seat of an appointment is meant."""

    row: Row
    booked: Booked | None = None
    seat: int | None = None
    is_call: bool = False
    is_taught: bool = False
    of: str = ""
    """The finding, follow-up or opinion of a case that is meant, who is to sign minutes, or the
    account of a learner."""

    @property
    def is_case(self) -> bool:
        """Whether it is of a case and of nothing that may be for one."""
        return self.booked is None and not self.is_call and not self.is_taught

    @property
    def request_id(self) -> str | None:
        """The case, or the one that the appointment or the call is for."""
        key = self.row["id"] if self.is_case else self.row["request_id"]
        return None if key is None else str(key)

    @property
    def parties(self) -> tuple[str, ...]:
        """The institutions that it concerns."""
        if self.booked is not None:
            return self.booked.institutions
        sides = (self.row["requester_id"], self.row["provider_id"])
        return tuple(dict.fromkeys(side for side in sides if side))


def load(act: Act, row: Row) -> Matter | None:
    """What an escalation or a notice is about; None when it is there no more."""
    if row.get("call_id") is not None:
        called = urgent_calls.get(act.tx, row["call_id"])
        return None if called is None else Matter(called, is_call=True)
    if row["course_id"] is not None or row["lecture_id"] is not None:
        course = taught.found(act, row)
        of = row.get("finding") or ""
        return None if course is None else Matter(course, is_taught=True, of=of)
    if row["appointment_id"] is None:
        case = requests.get(act.tx, row["request_id"])
        return None if case is None else Matter(case, of=row.get("finding") or "")
    found = appointments.get(act.tx, row["appointment_id"])
    if found is None:
        return None
    return Matter(found, booking.whole(act, found), row.get("seat"), of=row.get("finding") or "")


def whom(act: Act, matter: Matter, who: Sequence[Who]) -> list[str]:
    """The accounts a step tells, each once, in the step's order."""
    found: dict[str, None] = {}
    for each in who:
        found |= dict.fromkeys(_accounts(act, matter, each))
    return list(found)


def let_in(act: Act, booked: Booked) -> set[str]:
    """The accounts of those who take part in an appointment or may watch it, as things stand."""
    to = conferences.invitation(act, booked)
    return set(notices.accounts_of(act.tx, to.watching | to.taking_part))


def _accounts(act: Act, matter: Matter, who: Who) -> Sequence[str]:
    if matter.booked is not None and (named := _named(act, matter, matter.booked, who)) is not None:
        return named
    case = matter.row
    if matter.is_taught and (learn := taught.whom(act, case, matter.of, who)) is not None:
        return learn
    if who is Who.REQUESTING_DOCTOR:
        return notices.enabled(act.tx, [case["created_by"]])
    if who is Who.APPROVERS:
        return _approvers(act, case)
    if who is Who.EXPERT:
        asked = opinions.get(act.tx, matter.of)
        return [] if asked is None else notices.accounts_of(act.tx, [asked["person_id"]])
    if who is Who.HOLDER:
        work = requests.current_workitem(act.tx, case["id"])
        holders = {work[k] for k in ("performer_id", "scheduled_performer_id") if work.get(k)} \
            if work else set()  # fmt: skip
        return notices.accounts_of(act.tx, holders) if holders else []
    if who in WHEN_NOBODY:
        return _on_duty(act, matter, who) or _accounts(act, matter, WHEN_NOBODY[who])
    side, roles = _ROLES[who]
    if case[side] is None:
        return []
    rows = notices.accounts_with(act.tx, case[side], roles)
    if who is Who.READERS:
        wanted = act.catalogue.services[case["service"]].reader_scopes
        rows = [r for r in rows if r["active"] and covers(tuple(r["scopes"] or ()), wanted)]
    return [row["id"] for row in rows]


def _on_duty(act: Act, matter: Matter, who: Who) -> list[str]:
    """The accounts of those on duty just now. Who may not read a case is not told of it, whatever
    the roster says."""
    row = matter.row
    if row["provider_id"] is None:
        return []
    shifts, kinds = roster.on_duty(act.tx, row["provider_id"], act.now), act.catalogue.duties
    if who is Who.ON_DUTY:
        frozen = bool((row["content"] or {}).get("frozen"))
        people = duty.readers(shifts, kinds, row["service"], frozen)
    else:
        people = duty.coordinators(shifts, kinds)
    mine = set(notices.accounts_of(act.tx, people)) if people else set()
    if who is Who.ON_DUTY:
        mine &= set(_accounts(act, matter, Who.READERS))
    return sorted(mine)


def _approvers(act: Act, case: Row) -> list[str]:
    """Who decides the step of in-house approval whose turn it is, but for whoever asked."""
    now = current(approvals.of_request(act.tx, case["id"]))
    if now is None:
        return []
    held = approvals.holders(act.tx, now["institution_id"]).get(now["role"], set())
    return sorted(held - {now["asked_by"]})


# --- people of an appointment ---------------------------------------------------------------------


def _named(act: Act, matter: Matter, booked: Booked, who: Who) -> Sequence[str] | None:
    """Those who sit, are invited, declined, were replaced, booked it, may watch it or may no more,
    waited for it or are to sign its minutes; None for a `who` that is no such person."""
    if who is Who.BOOKER:
        call = urgent_calls.of_appointment(act.tx, booked.id)
        if call is not None:  # whoever answered it wrote it down; it is the caller's
            return notices.enabled(act.tx, [call["made_by"]])
        asked = {m["moved_by"] for m in appointments.moves(act.tx, booked.id)
                 if m["event"] == "propose"}  # fmt: skip
        return notices.enabled(act.tx, asked)
    if who is Who.WATCHERS:
        to = conferences.invitation(act, booked)
        return notices.accounts_of(act.tx, to.watching - to.taking_part)
    if who is Who.UNLISTED:
        return _unlisted(act, booked)
    if who is Who.WAITER:
        entry = booked.row["waiting_id"] and appointments.waiting(act.tx, booked.row["waiting_id"])
        return notices.enabled(act.tx, [entry["made_by"]]) if entry else []
    if who is Who.SITTING:
        return _seated(act, matter, booked.sitting)
    if who is Who.INVITED:
        return _seated(act, matter, [s for s in booked.seats if s["state"] == SeatState.INVITED])
    if who is Who.DECLINED:
        return _seated(act, matter, _gone(booked, SeatState.DECLINED, SeatState.REPLACED))
    if who is Who.REPLACED:
        return _seated(act, matter, _gone(booked, SeatState.REPLACED))
    if who in (Who.SIGNER, Who.SIGNER_COORDINATORS):
        return _signing(act, booked, matter.of, who)
    return None


def _unlisted(act: Act, booked: Booked) -> list[str]:
    """Who was told last that they may watch, and neither may any more nor takes part."""
    last = notices.told_last(act.tx, booked.id, OF_WATCHERS)
    told = {key for key, occasion in last.items() if occasion in TOLD_TO_WATCH}
    return notices.enabled(act.tx, told - let_in(act, booked))


def _signing(act: Act, booked: Booked, person_id: str, who: Who) -> list[str]:
    """Who is to sign, or the coordinators of their institution, of a third one the responding
    side's; nobody once they have, though the fact may not have been followed yet."""
    person = people.person(act.tx, person_id)
    if person is None or not minutes.is_to_sign(act.tx, booked.id, person_id):
        return []
    if who is Who.SIGNER:
        return notices.accounts_of(act.tx, [person_id])
    sides = (booked.row["requester_id"], booked.row["provider_id"])
    # A third institution's coordinator may not read what its expert signs: whoever keeps the
    # minutes hears of it instead.
    whose = person["institution_id"] if person["institution_id"] in sides else sides[1]
    held = notices.accounts_with(act.tx, whose, (Role.COORDINATOR,))
    return [row["id"] for row in held]


def _gone(booked: Booked, *states: SeatState) -> list[Row]:
    """The seats in these states of those who sit in it no more."""
    there = {seat["person_id"] for seat in booked.sitting}
    gone = [seat for seat in booked.seats if seat["person_id"] not in there]
    return [seat for seat in gone if seat["state"] in states]


def _seated(act: Act, matter: Matter, seats: Sequence[Row]) -> list[str]:
    people = {s["person_id"] for s in seats if matter.seat in (None, s["n"])}
    return notices.accounts_of(act.tx, people) if people else []
