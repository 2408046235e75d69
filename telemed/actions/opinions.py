"""Experts: whoever leads a case asks them; they accept or decline, write and sign an opinion.

The responding institution's coordinator leads, and so do the chair and whoever holds the case.
Asked may be people of the own institution, and of others with which an agreement in force covers
the service if the patient's consent allows passing on (PIPL art. 23). What is signed stays.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from telemed.actions import assigning, door, experts, ranking, unnamed, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.requests import may_go_on
from telemed.core import opinion, request, workitem
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.assignment import By, why_not_take
from telemed.core.errors import Problem
from telemed.core.opinion import MOST_ASKED, OPEN, STANDING, Event, Role, State
from telemed.core.workdays import ZONE
from telemed.store import network, opinions, people, requests, studies
from telemed.store.signer import Signer
from telemed.store.tx import Row

MOST_LISTED: Final = 100
_SHOWN_FOR: Final = timedelta(days=30)
"""How long what ended stands in an expert's list."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is asked, as what, until when, and what of them in particular."""

    person_id: str
    role: Role = Role.EXPERT
    due_at: datetime | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """A coded reason, and words beside it."""

    code: str
    note: str = ""


# --- whoever leads --------------------------------------------------------------------------------


def ask(act: Act, request_id: str, wish: Wish, instead_of: str | None = None) -> str:
    """Ask somebody; the id of their opinion."""
    act.tx.take_turn(f"opinions {request_id}")
    case = led_case(act, request_id)
    if case.state is not request.State.OPEN:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "邀请专家", "en": "ask an expert"},
        )
    person = people.person(act.tx, wish.person_id)
    if person is None:
        raise Problem("not-found")
    agreement = require_reach(act, case, person["institution_id"])
    unnamed.require(act, case.id, {"question": wish.question}, opinion.WRITTEN)
    _require_fit(act, case, person, wish.role)
    _require_place(act, case, person, wish.role)
    row = {
        "id": act.new_id(),
        "request_id": case.id,
        "provider_id": case.row["provider_id"],
        "person_id": person["id"],
        "institution_id": person["institution_id"],
        "agreement_id": agreement,
        "role": wish.role.value,
        "state": State.ASKED.value,
        "version": 1,
        "question": wish.question,
        "content": {},
        "asked_by": act.subject.account_id,
        "asked_at": act.now,
        "due_at": opinion.due_at(wish.due_at, case.row["due_at"], act.now),
        "instead_of": instead_of,
        "updated_at": act.now,
    }
    if wish.role is Role.CHAIR:
        _keep_for_chair(act, case, person["id"])
    opinions.add(act.tx, row)
    experts.tell(act, case, row, Kind.OPINION_ASKED, instead_of=instead_of)
    return str(row["id"])


def withdraw(act: Act, opinion_id: str, why: Why) -> None:
    """Ask somebody no longer; what they signed cannot be taken back."""
    case, row = _led_opinion(act, opinion_id)
    _leave(act, case, row, Event.WITHDRAW, _reason(act, case, "withdraw-opinion", why))


def replace(act: Act, opinion_id: str, person_id: str, why: Why | None) -> str:
    """Ask somebody else for what was asked: of whoever declined or lapsed, or in the place of one
    who has not answered yet; the id of the new opinion."""
    case, row = _led_opinion(act, opinion_id)
    if State(row["state"]) in OPEN:
        if why is None:
            raise Problem("reason-required")
        reason = _reason(act, case, "withdraw-opinion", why)
        _leave(act, case, row, Event.WITHDRAW, reason)
    elif State(row["state"]) in STANDING:
        opinion.MACHINE.step(State(row["state"]), Event.WITHDRAW)
    wish = Wish(person_id, Role(row["role"]), None, row["question"])
    return ask(act, case.id, wish, instead_of=row["id"])


def led_case(act: Act, request_id: str) -> Case:
    """A case that the subject leads: as coordinator, as its chair, or because they hold it."""
    case = door.provided_case(act, request_id, Permission.MOVE_REQUESTS)
    if not leads(act, case):
        raise Problem("forbidden", action="ask-experts")
    return case


def leads(act: Act, case: Case) -> bool:
    """Whether the subject may ask experts about a case of their institution."""
    held, person = act.subject.permissions, act.subject.person_id
    if not case.providing or Permission.MOVE_REQUESTS not in held:
        return False
    if Permission.ASSIGN_WORK in held:
        return True
    current = requests.current_workitem(act.tx, case.id)
    taken = current is not None and current["state"] == workitem.State.IN_PROGRESS
    if taken and current is not None and current["performer_id"] == person:
        return True
    return any(
        row["person_id"] == person and row["role"] == Role.CHAIR
        for row in opinions.still_open(act.tx, case.id)
    )


def _led_opinion(act: Act, opinion_id: str) -> tuple[Case, Row]:
    row = opinions.get(act.tx, opinion_id)
    if row is None:
        raise Problem("not-found")
    act.tx.take_turn(f"opinions {row['request_id']}")
    case = led_case(act, row["request_id"])
    now = opinions.get(act.tx, opinion_id)
    if now is None or now["provider_id"] != case.row["provider_id"]:
        raise Problem("not-found")
    return case, now


# --- who may be asked -----------------------------------------------------------------------------


def reach(act: Act, case: Case) -> dict[str, str | None]:
    """The institutions whose people may be asked about a case, and under which agreement; the own
    one needs none. None but the own while the consent names one receiver only."""
    own, service = str(case.row["provider_id"]), case.row["service"]
    found: dict[str, str | None] = {own: None}
    for row in network.agreements_of(act.tx, own) if may_go_on(case) else ():
        other = row["provider_id"] if row["requester_id"] == own else row["requester_id"]
        in_force = row["since"] <= act.now < row["until"] and service in row["services"]
        if in_force and other != case.row["requester_id"]:
            found.setdefault(other, row["id"])
    return found


def require_reach(act: Act, case: Case, institution_id: str) -> str | None:
    """The agreement under which somebody there may be asked; Problem when there is none, and
    Problem("consent-receiver") when the patient agreed to one receiver only."""
    if institution_id == case.row["provider_id"]:
        return None
    if not may_go_on(case):
        raise Problem("consent-receiver")
    found = reach(act, case)
    if institution_id not in found:
        raise Problem("not-found")
    return found[institution_id]


def candidates(act: Act, case: Case, institution_id: str) -> list[tuple[Row, str | None]]:
    """The people of an institution who may write opinions, each with why they may not on this."""
    require_reach(act, case, institution_id)
    staff = ranking.readers(act, institution_id)
    return [(row, why_not(act, case, row)) for row in staff]


def why_not(act: Act, case: Case, person: Row) -> str | None:
    """Why somebody may not be asked, or None: the rules of whoever reads, at their own place."""
    today = act.now.astimezone(ZONE).date()
    taker, asks = worklist.taker_of(person), case.row["requester_id"]
    place, level = person["institution_id"], case.row["body_part"]
    return why_not_take(taker, case.service, place, asks, today, level)


def _require_fit(act: Act, case: Case, person: Row, role: Role) -> None:
    refusal = why_not(act, case, person)
    if refusal is None and role is Role.CHAIR:
        # Whoever draws the opinions together signs for the institution that answers.
        refusal = worklist.why_not(worklist.taker_of(person), case.service, case.row, act.now)
    if refusal is not None:
        raise worklist.not_qualified(refusal)
    if person["id"] not in {row["id"] for row in ranking.readers(act, person["institution_id"])}:
        raise worklist.not_qualified("inactive")


def _require_place(act: Act, case: Case, person: Row, role: Role) -> None:
    """Nobody is asked twice, there is one chair, and a case has so many experts at most."""
    rows = [
        row
        for row in opinions.of_request(act.tx, case.id)
        if row["provider_id"] == case.row["provider_id"]
    ]
    stand = [row for row in rows if State(row["state"]) in STANDING]
    for row in stand:
        if row["person_id"] == person["id"]:
            raise Problem("opinion-asked", name=person["name"])
        if role is Role.CHAIR and row["role"] == Role.CHAIR:
            raise Problem("chair-taken", name=row["person_name"])
    if len(rows) >= MOST_ASKED:
        raise Problem("invalid", detail=f"> {MOST_ASKED}")


def _keep_for_chair(act: Act, case: Case, person_id: str) -> None:
    """The report is the chair's to write: nobody else takes the case from the queue."""
    current = requests.current_workitem(act.tx, case.id)
    if current is None or current["performer_id"] == person_id:
        return
    if current["state"] != workitem.State.SCHEDULED:
        worklist.refuse_taken(current)
    if current["scheduled_performer_id"] != person_id:
        assigning.give(act, case, current, person_id, By.COORDINATOR)


def _leave(act: Act, case: Case, row: Row, event: Event, reason: dict[str, Any] | None) -> None:
    """Somebody is asked no longer; what was kept for a chair is everybody's again."""
    experts.step(act, case, row, event, {"reason": reason})
    current = requests.current_workitem(act.tx, case.id)
    if row["role"] == Role.CHAIR and current is not None:
        waits = current["state"] == workitem.State.SCHEDULED
        if waits and current["scheduled_performer_id"] == row["person_id"]:
            assigning.open_again(act, case, current)


# --- whoever is asked -----------------------------------------------------------------------------


def listed(act: Act) -> list[Row]:
    """What the subject is asked for: what is open, then what ended lately."""
    act.subject.require(Permission.WRITE_REPORTS)
    person = act.subject.person_id
    since = act.now - _SHOWN_FOR
    return [] if person is None else opinions.of_person(act.tx, person, since, MOST_LISTED)


def own(act: Act, opinion_id: str) -> Row:
    """An opinion that the subject was asked for; Problem("not-found") for anybody else's."""
    act.subject.require(Permission.WRITE_REPORTS)
    row = opinions.get(act.tx, opinion_id)
    if row is None or act.subject.person_id is None or row["person_id"] != act.subject.person_id:
        raise Problem("not-found")
    return row


def accept(act: Act, opinion_id: str) -> None:
    """Say that one will give it. Saying it twice is once."""
    case, row = _own_case(act, opinion_id)
    if row["state"] != State.ACCEPTED:
        experts.step(act, case, row, Event.ACCEPT, {"accepted_at": act.now})


def decline(act: Act, opinion_id: str, why: Why) -> None:
    """Say that one cannot, with a reason; what was written so far is shown to nobody."""
    case, row = _own_case(act, opinion_id)
    reason = _reason(act, case, "decline-opinion", why)
    _leave(act, case, row, Event.DECLINE, reason)


def save(act: Act, opinion_id: str, version: int, content: Mapping[str, Any]) -> None:
    """Autosave. Only while it is accepted; `version` guards two windows."""
    _, row = _own_case(act, opinion_id)
    if row["state"] != State.ACCEPTED:
        raise Problem(
            "illegal-transition",
            state=opinion.MACHINE.word(State(row["state"])),
            event={"zh": "书写", "en": "write"},
        )
    values = {"content": dict(content), "updated_at": act.now}
    if not opinions.change(act.tx, row["id"], version, values):
        raise Problem("stale", current=row["version"])


def sign(act: Act, opinion_id: str, version: int, signer: Signer) -> None:
    """Sign what stands there. The bytes are kept and never change."""
    case, row = _own_case(act, opinion_id)
    if row["version"] != version:
        raise Problem("stale", current=row["version"])
    opinion.MACHINE.step(State(row["state"]), Event.SIGN)
    opinion.require_complete(row["content"])
    unnamed.require(act, case.id, row["content"], opinion.WRITTEN)
    signed = canonical(act, case, row)
    experts.step(act, case, row, Event.SIGN)
    opinions.keep_signed(
        act.tx,
        {
            "opinion_id": row["id"],
            "signed_bytes": signed,
            "sha256": hashlib.sha256(signed).hexdigest(),
            "signature": signer.sign(signed),
            "key_id": signer.key_id,
            "at": act.now,
        },
    )


def canonical(act: Act, case: Case, row: Row) -> bytes:
    """The signed content: which case, about whom, who says what and when; keys sorted, UTF-8."""
    patient = studies.patient(act.tx, case.row["patient_ref"]) or {}
    return orjson.dumps(
        {
            "format": "telemed-opinion-1",
            "opinion": row["id"],
            "request": case.id,
            "number": case.row["number"],
            "service": case.row["service"],
            "requester": {"id": case.row["requester_id"], "name": case.row["requester_name"]},
            "provider": {"id": case.row["provider_id"], "name": case.row["provider_name"]},
            "institution": {"id": row["institution_id"], "name": row["institution_name"]},
            "patient": {k: patient.get(k) for k in ("patient_id", "name", "sex", "birth_date")},
            "studies": [s["study_uid"] for s in requests.studies_of(act.tx, case.id)],
            "n": row["n"],
            "role": row["role"],
            "question": row["question"],
            "content": row["content"],
            "author": {
                "id": row["person_id"],
                "name": row["person_name"],
                "title": row["person_title"],
                "department": row["person_department"],
            },
            "signed_at": act.now,
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )


def _own_case(act: Act, opinion_id: str) -> tuple[Case, Row]:
    """One's own opinion with its case, in turn with whoever leads it."""
    row = own(act, opinion_id)
    act.tx.take_turn(f"opinions {row['request_id']}")
    row = own(act, opinion_id)
    if State(row["state"]) not in STANDING:
        # Who is asked no longer learns that, and nothing of the case.
        opinion.MACHINE.step(State(row["state"]), Event.ACCEPT)
    return door.case(act, row["request_id"]), row


# --- the clock ------------------------------------------------------------------------------------


def lapse_all(act: Act) -> int:
    """End what nobody answered in time; how many."""
    late = opinions.lapsed(act.tx, act.now)
    for row in late:
        case = door.case_for_clock(act, row["request_id"])
        if case is not None:
            _leave(act, case, row, Event.LAPSE, None)
    return len(late)


def _reason(act: Act, case: Case, step: str, why: Why) -> dict[str, Any]:
    """The coded reason of a step, as stored; Problem when it is not one of the list."""
    known = act.catalogue.reason(step, why.code)
    if known is None or (known.services and case.row["service"] not in known.services):
        raise Problem("reason-required")
    if why.code == "other" and not why.note.strip():
        raise Problem("reason-required")
    unnamed.require_note(act, case.id, why.note)
    return {"step": step, "code": why.code, "note": why.note, "at": act.now.isoformat()}
