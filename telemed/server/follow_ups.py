"""Routes of follow-ups: those of a case, those that wait for us, and what became of my patients."""

from collections.abc import Sequence
from typing import Any

from telemed.actions import follow_ups as acts
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import follow_up as rule
from telemed.core.access import Permission as P
from telemed.core.aftercare_rules import Coded
from telemed.core.follow_up import Event, State
from telemed.server import aftercare_schemas as s
from telemed.server import cases
from telemed.server.routing import Call, Route
from telemed.store import requests
from telemed.store import tables as t
from telemed.store.tx import Row


async def choices(call: Call) -> Any:
    """What may be chosen around an answer."""
    known = call.services.catalogue.aftercare
    return {
        "outcomes": [coded(c) for c in known.follow_ups.outcomes],
        "advice": [coded(c) for c in known.follow_ups.advice],
    }


async def of_case(call: Call) -> Any:
    """The follow-ups of one case."""
    return await call.ask(lambda act: _of_case(act, call.path("id")))


async def waiting(call: Call) -> Any:
    """What the own institution is to answer now."""

    def ask(act: Act) -> dict[str, Any]:
        rows, total = acts.waiting(act)
        return {"items": _with_cases(act, rows, own=True), "total": total}

    return await call.ask(ask)


async def outcomes(call: Call) -> Any:
    """What became of the patients of whom one signed the answer."""
    return await call.ask(lambda act: {"items": _with_cases(act, acts.my_outcomes(act), own=False)})


async def answer(call: Call) -> Any:
    """What became of the patient."""
    body = call.body(s.FollowUpIn)
    diagnosis = None if body.diagnosis is None else body.diagnosis.model_dump()
    given = acts.Answer(body.outcome, body.advice, body.note, diagnosis)
    case = await call.act(lambda act: acts.answer(act, call.path("id"), given).id)
    return await call.ask(lambda act: _of_case(act, case))


def _of_case(act: Act, request_id: str) -> dict[str, Any]:
    case, rows = acts.of_case(act, request_id)
    return {"items": [_told(act, row, may_answer(act, case)) for row in rows]}


def may_answer(act: Act, case: Case) -> bool:
    """Whether the subject answers for the requesting side of a case."""
    return case.own and P.WRITE_REQUESTS in act.subject.permissions


def _with_cases(act: Act, rows: Sequence[Row], own: bool) -> list[dict[str, Any]]:
    """Follow-ups of cases that are known to be the subject's to see, each with its case."""
    R = t.requests.c
    ids = {row["request_id"] for row in rows}
    found = requests.listed(act.tx, R.id.in_(sorted(ids)), [R.id], len(ids)) if ids else []
    shown = {row["id"]: cases.list_row(act, row) for row in found}
    return [{**_told(act, row, own), "request": shown[row["request_id"]]} for row in rows]


def _told(act: Act, row: Row, own: bool) -> dict[str, Any]:
    known, state, masked = (
        act.catalogue.aftercare.follow_ups,
        State(row["state"]),
        act.subject.masked,
    )
    names = cases.actor_names(act, [row["answered_by"]])
    return {
        **row,
        "state_words": rule.MACHINE.word(state),
        "overdue": rule.is_overdue(state, row["overdue_at"], act.now),
        "outcome": _chosen(known.outcomes, row["outcome"]),
        "advice": _chosen(known.advice, row["advice"]),
        "note": "" if masked else row["note"],
        "diagnosis": None if masked else row["diagnosis"],
        "answered_by": names.get(row["answered_by"] or ""),
        "allowed": _allowed(act, row, state) if own else [],
    }


def _allowed(act: Act, row: Row, state: State) -> list[str]:
    if state is State.DONE:
        until = row["answered_at"] + act.catalogue.aftercare.follow_ups.correct
        return [Event.CORRECT.value] if act.now < until else []
    early = state is State.PLANNED and act.now < row["opens_at"]
    return [] if early or not rule.MACHINE.allows(state, Event.ANSWER) else [Event.ANSWER.value]


def _chosen(choices: Sequence[Coded], code: str | None) -> dict[str, Any] | None:
    """A chosen code with its words; one that the file names no more stands for itself."""
    if code is None:
        return None
    found = next((c for c in choices if c.code == code), Coded(code, code, code))
    return coded(found)


def coded(choice: Coded) -> dict[str, Any]:
    """A code as the contract's."""
    return {"code": choice.code, "label": {"zh": choice.zh, "en": choice.en}}


ROUTES = (
    Route("GET", "/api/aftercare", choices, P.SIGNED_IN, "What may be chosen around an answer",
          returns=s.AftercareOut),
    Route("GET", "/api/requests/{id}/follow-ups", of_case, P.SEE_CASES,
          "The follow-ups of a case", returns=s.CaseFollowUps),
    Route("GET", "/api/follow-ups", waiting, P.WRITE_REQUESTS, "Patients to be followed up now",
          returns=s.WaitingFollowUps),
    Route("POST", "/api/follow-ups/{id}", answer, P.WRITE_REQUESTS, "What became of the patient",
          body=s.FollowUpIn, returns=s.CaseFollowUps),
    Route("GET", "/api/outcomes", outcomes, P.WRITE_REPORTS,
          "What became of the patients of whom one signed the answer", returns=s.MyOutcomes),
)  # fmt: skip
