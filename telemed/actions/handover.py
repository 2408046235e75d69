"""A shift is handed over: a signed sheet of what is open, and what becomes of each case.

The outgoing reader says of each case whether the next one takes it, they finish it themselves, or
it goes back to the queue. What is passed waits under the longer lease of what is put aside. The
incoming reader accepts and holds the passed cases from then on, with the text that was begun; a
case that they may not take, or that is no longer the other's, stays where it is and says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from telemed.actions import door, moves, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import access, report, request, workitem
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.store import handovers as store
from telemed.store import reports, requests
from telemed.store import tables as t
from telemed.store import worklist as lists
from telemed.store.access import visible_requests
from telemed.store.signer import Signer
from telemed.store.tx import Row

R = t.requests.c
FORMAT = "telemed-handover-1"


@dataclass(frozen=True, slots=True)
class Handed:
    """What becomes of a case: `pass`, `keep` or `release`, and a note for the next reader."""

    request_id: str
    deed: str
    note: str = ""


def open_cases(act: Act) -> list[dict[str, Any]]:
    """What a person has open: claims, what is put aside, signed and unverified, critical findings
    that nobody has acknowledged; with promises, no clinical text."""
    person = _person(act)
    found: dict[str, str] = {}
    for row in store.open_critical(act.tx, person):
        found[row["request_id"]] = "critical"
    for version in requests.unfinished(act.tx):
        if version["author_id"] == person and version["state"] == report.State.PRELIMINARY:
            found[version["request_id"]] = "preliminary"
    for claim in requests.held(act.tx, act.subject.own_institution):
        if claim["performer_id"] == person and found.get(claim["request_id"]) != "preliminary":
            found[claim["request_id"]] = "aside" if claim["aside_at"] else "reading"
    rule = sa.and_(R.id.in_(sorted(found)), visible_requests(act.subject, act.now))
    rows = requests.listed(act.tx, rule, [R.due_at, R.id], max(1, len(found)))
    return [_line(row, found[row["id"]]) for row in rows]


def _line(row: Row, state: str) -> dict[str, Any]:
    mine = state in ("reading", "aside")
    return {
        "request_id": row["id"],
        "number": row["number"],
        "service": row["service"],
        "urgency": row["urgency"],
        # Initials of a name are enough to find the person one talks about.
        "patient": access.mask_name(row["patient_name"] or ""),
        "exam": " ".join(x for x in (row["modality"], row["body_part"]) if x),
        "requester": row["requester_short"],
        "due_at": row["due_at"],
        "state": state,
        "deed": "pass" if mine else "keep",
        "note": "",
    }


def queue(act: Act) -> dict[str, int]:
    """The institution's queue now: waiting, pressing, overdue, held."""
    place = act.subject.own_institution
    seen = sa.and_(visible_requests(act.subject, act.now), R.provider_id == place)
    waiting = sa.and_(seen, lists.waiting(place))
    sums = lists.counted(lists.tally(act.tx, waiting).values())
    late = sa.and_(seen, R.state == request.State.OPEN.value, R.due_at < act.now)
    return {
        "waiting": sums["total"],
        "pressing": sums["pressing"],
        "overdue": requests.count(act.tx, late),
        "held": len(requests.held(act.tx, place)),
    }


def sign(act: Act, to_id: str, remark: str, given: Sequence[Handed], signer: Signer) -> str:
    """Sign a sheet of everything one has open; its id. What is not spoken of is kept."""
    person, place = _person(act), act.subject.own_institution
    if to_id == person or to_id not in {c["id"] for c in store.colleagues(act.tx, place)}:
        raise Problem("not-found")
    said = {each.request_id: each for each in given}
    lines = open_cases(act)
    if not said.keys() <= {line["request_id"] for line in lines}:
        raise Problem("stale", current="?")
    for line in lines:
        _settle(act, line, said.get(line["request_id"]))
    sheet = {
        "format": FORMAT,
        "institution": place,
        "from": person,
        "to": to_id,
        "signed_at": act.now,
        "remark": remark,
        "cases": lines,
        "queue": queue(act),
    }
    signed = orjson.dumps(sheet, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    made = act.new_id()
    store.add(
        act.tx,
        {
            "id": made,
            "institution_id": place,
            "from_id": person,
            "to_id": to_id,
            "state": "signed",
            "signed_bytes": signed,
            "signature": signer.sign(signed),
            "key_id": signer.key_id,
            "signed_at": act.now,
            "remark": remark,
        },
    )
    act.tell(_fact(act, Kind.HANDOVER_SIGNED, made, lines, person=person, to=to_id))
    return made


def _settle(act: Act, line: dict[str, Any], said: Handed | None) -> None:
    """Write down what becomes of a case, and do it now where it is not the other's to do."""
    held = line["state"] in ("reading", "aside")
    deed = said.deed if said is not None else "keep"
    if deed != "keep" and not held:
        raise Problem("invalid", detail="deed")
    line |= {"deed": deed, "note": said.note if said is not None else ""}
    if deed == "release":
        worklist.release(act, line["request_id"], "shift-end", "")
    elif deed == "pass" and line["state"] == "reading":
        worklist.put_aside(act, line["request_id"], {})


def accept(act: Act, handover_id: str) -> None:
    """Take over what was passed; a second time changes nothing."""
    row = found(act, handover_id)
    if row["to_id"] != _person(act):
        raise Problem("forbidden", action="accept-handover")
    if row["state"] != "signed":
        return
    lines = orjson.loads(row["signed_bytes"])["cases"]
    passed = [line for line in lines if line["deed"] == "pass"]
    outcome = {line["request_id"]: _take(act, line["request_id"], row) for line in passed}
    values = {"state": "accepted", "accepted_at": act.now, "outcome": outcome}
    if not store.change(act.tx, handover_id, "signed", values):
        raise Problem("stale", current="?")
    taken = sum(1 for result in outcome.values() if result == "taken")
    people = {"person": row["to_id"], "previous": row["from_id"]}
    act.tell(_fact(act, Kind.HANDOVER_ACCEPTED, handover_id, passed, taken=taken, **people))


def _take(act: Act, request_id: str, row: Row) -> str:
    """`taken`, or the code of the reason why the case stays where it is."""
    try:
        case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    except Problem:
        return "gone"
    current = requests.current_workitem(act.tx, case.id)
    if current is None or current["state"] != workitem.State.IN_PROGRESS:
        return "gone"
    if current["performer_id"] != row["from_id"] or current["lease_until"] is None:
        return "not-theirs"
    refusal = worklist.why_not(worklist.taker(act.tx, act.subject), case.service, case.row, act.now)
    if refusal is not None:
        return refusal
    _pass(act, case, current, row["from_id"])
    return "taken"


def _pass(act: Act, case: Case, current: Row, giver: str) -> None:
    """The claim changes hands, and the text that was begun goes with it: whoever signs signs it."""
    begun = reports.latest(act.tx, case.id)
    worklist.hand_to(act, case, current, "handover")
    mine = reports.latest(act.tx, case.id)
    if begun is not None and mine is not None and begun["state"] == report.State.DRAFT:
        values = {"content": begun["content"], "updated_at": act.now}
        reports.change_version(act.tx, mine["id"], mine["state"], mine["revision"], values)
    who = {"person": act.subject.person_id, "previous": giver}
    act.tell(moves.fact(act, case, Kind.WORKITEM_TAKEN_OVER, reason="handover", **who))


def found(act: Act, handover_id: str) -> Row:
    """A sheet of one's own institution, or Problem("not-found")."""
    row = store.get(act.tx, handover_id, act.subject.own_institution)
    if row is None:
        raise Problem("not-found")
    return row


def _person(act: Act) -> str:
    act.subject.require(Permission.WRITE_REPORTS)
    if act.subject.person_id is None:
        raise Problem("forbidden", action="hand-over")
    return act.subject.person_id


def _fact(
    act: Act, kind: Kind, handover_id: str, lines: Sequence[Mapping[str, Any]], **more: object
) -> Fact:
    place = act.subject.own_institution
    data = {"handover": handover_id, "cases": len(lines), **more}
    return Fact(kind, act.now, act.subject.account_id, place, (place,), data=data)
