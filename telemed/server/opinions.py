"""Routes of experts' opinions: whoever leads a case asks, whoever is asked answers.

Texts are shown as they were signed. Until the case is answered a signed opinion is its author's and
the responding institution's; the requester and the other experts read it with the report, so that
nobody writes by what somebody else wrote.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from telemed.actions import door
from telemed.actions import opinions as acts
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.opinions import Why, Wish
from telemed.actions.requests import may_go_on
from telemed.core import request
from telemed.core.access import Permission as P
from telemed.core.access import Relation
from telemed.core.assignment import WHY_NOT
from telemed.core.errors import Problem
from telemed.core.opinion import MACHINE, OPEN, ROLE_WORDS, STANDING, Event, Role, State
from telemed.server import cases
from telemed.server import opinion_schemas as s
from telemed.server.auth import confirm_password
from telemed.server.routing import Call, Route
from telemed.server.schemas import Code
from telemed.store import log, network, opinions, people, requests
from telemed.store.forecasts import department_names
from telemed.store.signer import Signer
from telemed.store.tx import Row

MOST_FOUND = 50


class AskableQuery(BaseModel):
    """Of which institution, and words of a name, department or specialty."""

    model_config = ConfigDict(extra="forbid")

    institution: Code | None = None
    q: str = Field(default="", max_length=40)


# --- a case's ---------------------------------------------------------------------------------


async def listed(call: Call) -> Any:
    """Everybody asked about a case."""
    return await call.ask(_of_case(call))


def _of_case(call: Call) -> Any:
    signer = call.services.signer
    return lambda act: of_case(act, door.case(act, call.path("id")), signer)


def of_case(act: Act, case: Case, signer: Signer) -> dict[str, Any]:
    """The opinions on a case as the subject may see them, asked for by whoever answers now."""
    rows = [
        row
        for row in opinions.of_request(act.tx, case.id)
        if row["provider_id"] == case.row["provider_id"]
    ]
    asks = acts.leads(act, case) and case.state is request.State.OPEN
    return {
        "items": told(act, case, rows, signer, asks),
        "allowed": ["ask"] if asks else [],
    }


async def ask(call: Call) -> Any:
    """Ask somebody."""
    body = call.body(s.AskIn)
    wish = Wish(body.person_id, body.role, body.due_at, body.question)
    await call.act(lambda act: acts.ask(act, call.path("id"), wish))
    return await call.ask(_of_case(call))


async def askable(call: Call) -> Any:
    """Who may be asked about a case."""
    q = call.query(AskableQuery)

    def find(act: Act) -> dict[str, Any]:
        case = acts.led_case(act, call.path("id"))
        own = case.row["provider_id"]
        places = network.institution_refs(act.tx, acts.reach(act, case).keys())
        staff = [] if q.institution is None else _staff(act, case, q.institution)
        found = [one for one in staff if _fits(one[0], q.q.strip().lower())]
        rank = sorted(found, key=lambda one: (one[1] is not None, one[0]["name"]))
        return {
            "institutions": [
                {**{k: row[k] for k in ("id", "name", "short_name")}, "own": key == own}
                for key, row in sorted(places.items(), key=lambda one: (one[0] != own, one[0]))
            ],
            "onward": may_go_on(case),
            "people": [_expert(row, why) for row, why in rank[:MOST_FOUND]],
        }

    return await call.ask(find)


def _staff(act: Act, case: Case, place: str) -> list[tuple[Row, str | None]]:
    """The people of an institution who may be asked, with what it calls their departments."""
    found = acts.candidates(act, case, place)
    names = department_names(act.tx, place, {row["department"] for row, _ in found})
    return [
        ({**row, "department": names.get(row["department"], row["department"])}, why)
        for row, why in found
    ]


def _fits(row: Row, q: str) -> bool:
    return not q or any(q in str(row[k]).lower() for k in ("name", "department", "specialty"))


def _expert(row: Row, why: str | None) -> dict[str, Any]:
    return {
        **{k: row[k] for k in ("id", "name", "department", "specialty")},
        "title": _title(row["title"]),
        "why_not": None if why is None else cases.words(WHY_NOT[why]),
    }


# --- one's own --------------------------------------------------------------------------------


async def invitations(call: Call) -> Any:
    """What the caller is asked for."""
    signer = call.services.signer

    def find(act: Act) -> dict[str, Any]:
        rows = acts.listed(act)
        seen = {row["request_id"]: _seen(act, row) for row in rows}
        shown = requests.dressed(act.tx, [key for key, case in seen.items() if case is not None])
        listed = {row["id"]: cases.list_row(act, row) for row in shown}
        return {
            "seq": log.head(act.tx),
            "items": [
                {
                    "opinion": _one(act, seen[row["request_id"]], row, signer),
                    "case": listed.get(row["request_id"]),
                }
                for row in rows
            ],
        }

    return await call.ask(find)


def _seen(act: Act, row: Row) -> Case | None:
    """The case of an opinion, or None where it is the expert's to see no longer."""
    try:
        return door.case(act, row["request_id"])
    except Problem:
        return None


async def show(call: Call) -> Any:
    """One opinion that the caller was asked for."""
    return await call.ask(lambda act: _own(act, call.path("id"), call.services.signer))


def _own(act: Act, key: str, signer: Signer) -> dict[str, Any]:
    row = acts.own(act, key)
    return _one(act, _seen(act, row), row, signer)


def _one(act: Act, case: Case | None, row: Row, signer: Signer) -> dict[str, Any]:
    (shown,) = told(act, case, [row], signer, leads=False)
    return shown


async def accept(call: Call) -> Any:
    """Say that one will give it."""
    return await call.step(acts.accept, partial(_own, signer=call.services.signer))


async def decline(call: Call) -> Any:
    """Say that one cannot."""
    body = call.body(s.NoLongerIn)

    def do(act: Act, key: str) -> None:
        acts.decline(act, key, Why(body.reason, body.note))

    return await call.step(do, partial(_own, signer=call.services.signer))


async def save(call: Call) -> Any:
    """Autosave."""
    body = call.body(s.OpinionDraftIn)
    content = body.content.model_dump(mode="json")

    def do(act: Act) -> dict[str, Any]:
        acts.save(act, call.path("id"), body.version, content)
        return _own(act, call.path("id"), call.services.signer)

    return await call.act(do)


async def sign(call: Call) -> Any:
    """Sign, after asking who they are again (RP-05)."""
    body = call.body(s.OpinionSignIn)
    await confirm_password(call, body.password)
    signer = call.services.signer

    def do(act: Act, key: str) -> None:
        acts.sign(act, key, body.version, signer)

    return await call.step(do, partial(_own, signer=signer))


# --- whoever leads ----------------------------------------------------------------------------


async def withdraw(call: Call) -> Any:
    """Ask somebody no longer."""
    body = call.body(s.NoLongerIn)

    def do(act: Act, key: str) -> None:
        acts.withdraw(act, key, Why(body.reason, body.note))

    return await call.step(do, partial(_led, signer=call.services.signer))


async def replace(call: Call) -> Any:
    """Ask somebody else instead."""
    body = call.body(s.ReplaceIn)
    why = None if body.reason is None else Why(body.reason, body.note)

    def do(act: Act, key: str) -> None:
        acts.replace(act, key, body.person_id, why)

    return await call.step(do, partial(_led, signer=call.services.signer))


def _led(act: Act, key: str, signer: Signer) -> dict[str, Any]:
    """The case's opinions after a step on one of them."""
    row = opinions.get(act.tx, key)
    if row is None:
        raise Problem("not-found")
    return of_case(act, door.case(act, row["request_id"]), signer)


# --- how it is told ---------------------------------------------------------------------------


def told(
    act: Act, case: Case | None, rows: Sequence[Row], signer: Signer, leads: bool
) -> list[dict[str, Any]]:
    """Opinions on a case; `case` is None for whoever sees it no longer."""
    signed = opinions.signed(act.tx, rows[0]["request_id"]) if rows else {}
    taken = {row["instead_of"] for row in rows}
    return [
        {
            **{k: row[k] for k in _SAME},
            "role_words": cases.words(ROLE_WORDS[Role(row["role"])]),
            "state_words": MACHINE.word(State(row["state"])),
            "person": _person(row),
            "institution": {
                "id": row["institution_id"],
                "name": row["institution_name"],
                "short_name": row["institution_short"],
            },
            "question": row["question"] if _may_read_question(act, case, row) else "",
            "asked_by": row["asked_by_name"] or "",
            "late": State(row["state"]) in OPEN and row["due_at"] <= act.now,
            "reason": _reason(act, row),
            "mine": _mine(act, row),
            "content": _content(act, case, row, signed.get(row["id"]), signer),
            "allowed": _allowed(act, case, row, leads, row["id"] in taken),
        }
        for row in rows
    ]


_SAME = (
    "id", "request_id", "n", "role", "state", "asked_at", "due_at", "accepted_at", "signed_at",
    "ended_at", "instead_of", "version", "sha256",
)  # fmt: skip


def _person(row: Row) -> dict[str, Any]:
    return {
        "id": row["person_id"],
        "name": row["person_name"],
        "title": _title(row["person_title"]),
        "department": row["person_department"],
    }


def _title(code: str) -> dict[str, str]:
    zh, en = people.title_words(code)
    return {"zh": zh, "en": en}


def _mine(act: Act, row: Row) -> bool:
    return act.subject.person_id is not None and row["person_id"] == act.subject.person_id


def _reason(act: Act, row: Row) -> dict[str, Any] | None:
    kept = row["reason"]
    if not kept:
        return None
    known = act.catalogue.reason(str(kept.get("step")), kept["code"])
    own = _ENDED_BY.get(kept["code"])
    label = cases.words(known.label) if known is not None else own
    return {"code": kept["code"], "words": label, "note": kept.get("note", "")}


_ENDED_BY: Mapping[str, Mapping[str, str]] = {
    "answered-without": {"zh": "未等待其意见", "en": "not waited for"},
    **{event.value: request.MACHINE.word(event) for event in request.Event},
}


def _inside(act: Act, case: Case | None) -> bool:
    """Whether the subject works at the institution that answers."""
    held = act.subject.permissions
    return case is not None and case.providing and P.READ_QUEUE in held


def _may_read_question(act: Act, case: Case | None, row: Row) -> bool:
    if case is None or case.relation is Relation.SUPERVISOR:
        return False
    return _inside(act, case) or _mine(act, row) or case.state in request.ANSWERED


def _content(
    act: Act, case: Case | None, row: Row, kept: Row | None, signer: Signer
) -> dict[str, Any] | None:
    """What was signed, for whom it is to read; a draft for its author alone."""
    mine = _mine(act, row)
    if kept is None:
        writes = mine and case is not None and State(row["state"]) is State.ACCEPTED
        return dict(row["content"]) if writes else None
    answered = case is not None and case.state in request.ANSWERED
    reads = answered and not act.subject.masked
    if not (mine or _inside(act, case) or reads):
        return None
    return dict(signed_opinion(row, kept, signer)["content"])


def signed_opinion(row: Row, kept: Row, signer: Signer) -> dict[str, Any]:
    """The signed content of an opinion; what does not verify is never shown as valid (RP-01)."""
    if not signer.verify(kept["signed_bytes"], kept["signature"], kept["key_id"]):
        raise Problem("signature-invalid", number=row["n"])
    return dict(orjson.loads(kept["signed_bytes"]))


def _allowed(act: Act, case: Case | None, row: Row, leads: bool, replaced: bool) -> list[str]:
    """The steps that the subject may take: their own, and those of whoever leads."""
    state, steps = State(row["state"]), []
    if case is None:
        return []
    if _mine(act, row) and P.WRITE_REPORTS in act.subject.permissions:
        own = (Event.ACCEPT, Event.DECLINE, Event.SIGN)
        steps += [event.value for event in own if MACHINE.allows(state, event)]
        steps += ["write"] if state is State.ACCEPTED else []
    if leads and MACHINE.allows(state, Event.WITHDRAW):
        steps += ["withdraw", "replace"]
    if leads and state not in STANDING and not replaced:
        steps.append("replace")
    return steps


ONE = "/api/opinions/{id}"
OF_CASE = "/api/requests/{id}/opinions"
ROUTES = (
    Route("GET", OF_CASE, listed, P.SEE_CASES, "The experts asked about a case",
          returns=s.CaseOpinions),
    Route("POST", OF_CASE, ask, P.MOVE_REQUESTS, "Ask an expert", body=s.AskIn,
          returns=s.CaseOpinions, created=True),
    Route("GET", "/api/requests/{id}/experts", askable, P.MOVE_REQUESTS,
          "Who may be asked about a case", query=AskableQuery, returns=s.AskableOut),
    Route("GET", "/api/opinions", invitations, P.WRITE_REPORTS, "What one is asked for",
          returns=s.InvitationList),
    Route("GET", ONE, show, P.WRITE_REPORTS, "One's own opinion", returns=s.OpinionOut),
    Route("POST", f"{ONE}/accept", accept, P.WRITE_REPORTS, "Say that one will give it",
          returns=s.OpinionOut),
    Route("POST", f"{ONE}/decline", decline, P.WRITE_REPORTS, "Say that one cannot",
          body=s.NoLongerIn, returns=s.OpinionOut),
    Route("PUT", f"{ONE}/draft", save, P.WRITE_REPORTS, "Autosave", body=s.OpinionDraftIn,
          returns=s.OpinionOut),
    Route("POST", f"{ONE}/sign", sign, P.WRITE_REPORTS, "Sign one's opinion",
          body=s.OpinionSignIn, returns=s.OpinionOut),
    Route("POST", f"{ONE}/withdraw", withdraw, P.MOVE_REQUESTS, "Ask somebody no longer",
          body=s.NoLongerIn, returns=s.CaseOpinions),
    Route("POST", f"{ONE}/replace", replace, P.MOVE_REQUESTS, "Ask somebody else instead",
          body=s.ReplaceIn, returns=s.CaseOpinions),
)  # fmt: skip
