"""Routes of requests: lists, one case, its steps; and the worklist of those who answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from telemed.actions import door, expected, worklist
from telemed.actions import requests as acts
from telemed.actions.act import Act
from telemed.actions.studies import save_patient
from telemed.core import request
from telemed.core.access import Permission
from telemed.server import case_schemas as s
from telemed.server import cases
from telemed.server.notice_schemas import ActedIn
from telemed.server.routing import Call
from telemed.store import network
from telemed.store import requests as store
from telemed.store import tables as t
from telemed.store.access import visible_requests

R = t.requests.c
_LIVE_STATES = ("open", "returned", "declined", "draft", "awaiting")
_DONE_STATES = ("answered", "confirmed", "withdrawn")


class Query(BaseModel):
    """A query string; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class ClaimQuery(Query):
    """Whether who is listed to watch an operation means to guide it."""

    as_guide: bool = False


class ListQuery(Query):
    view: Literal["all", "active", "done"] = "all"
    side: Literal["both", "asking", "answering"] = "both"
    state: str | None = Field(default=None, max_length=40)
    service: str | None = Field(default=None, max_length=40)
    q: str | None = Field(default=None, max_length=60)
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    cursor: int = Field(default=0, ge=0, le=100_000)
    limit: int = Field(default=50, ge=1, le=200)


# --- lists ------------------------------------------------------------------------------------


async def list_requests(call: Call) -> Any:
    """The cases the caller may see, newest first."""
    query = call.query(ListQuery)

    def ask(act: Act) -> dict[str, Any]:
        where = [visible_requests(act.subject, act.now), R.state != "discarded"]
        if query.side != "both":
            party = R.requester_id if query.side == "asking" else R.provider_id
            where.append(party == act.subject.own_institution)
        if query.view != "all":
            where.append(R.state.in_(_LIVE_STATES if query.view == "active" else _DONE_STATES))
        if query.state:
            where.append(R.state == query.state)
        if query.service:
            where.append(R.service == query.service)
        if query.q and not act.subject.masked:
            where.append(store.matches(query.q))
        if query.from_:
            where.append(R.created_at >= network.begin_of(query.from_))
        if query.to:
            where.append(R.created_at < network.end_of(query.to))
        rule = sa.and_(*where)
        order = [R.created_at.desc(), R.id.desc()]
        rows = store.listed(act.tx, rule, order, query.limit + 1, query.cursor)
        likely = expected.of_rows(act, rows[: query.limit])
        return {
            "items": [cases.list_row(act, row, None, likely) for row in rows[: query.limit]],
            "next": _next(rows, query.cursor, query.limit),
            "total": store.count(act.tx, rule),
        }

    return await call.ask(ask)


TODO_SHOWN = 50
"""Rows of each group; the counts are of all."""


async def todo(call: Call) -> Any:
    """What waits for the requesting side, most pressing first."""

    def ask(act: Act) -> dict[str, Any]:
        own = R.requester_id == act.subject.own_institution
        listing = {
            "returned": R.state == request.State.RETURNED.value,
            "declined": R.state == request.State.DECLINED.value,
            "to_read": R.state == request.State.ANSWERED.value,
            "drafts": sa.and_(
                R.state == request.State.DRAFT.value, R.created_by == act.subject.account_id
            ),
            "critical": sa.exists()
            .where(
                t.critical_notices.c.request_id == R.id,
                t.critical_notices.c.acknowledged_at.is_(None),
            )
            .correlate(t.requests),
        }
        # Our own clock first: what is due soonest, then what has no time to keep.
        order = [R.critical.desc(), R.asked_due_at.asc().nulls_last(), R.updated_at.desc()]
        groups = {
            name: store.listed(act.tx, sa.and_(own, where), order, TODO_SHOWN)
            for name, where in listing.items()
        }
        counts = {
            name: len(rows)
            if len(rows) < TODO_SHOWN
            else store.count(act.tx, sa.and_(own, listing[name]))
            for name, rows in groups.items()
        }
        shown = {n: [cases.list_row(act, row) for row in rows] for n, rows in groups.items()}
        return {**shown, "counts": counts}

    return await call.ask(ask)


def _next(rows: list[Any], cursor: int, limit: int) -> str | None:
    return str(cursor + limit) if len(rows) > limit else None


# --- one case ---------------------------------------------------------------------------------


async def show(call: Call) -> Any:
    """One case in full."""
    return await call.ask(lambda act: cases.full(act, call.path("id")))


async def facts(call: Call) -> Any:
    """The facts of one case."""
    return await call.ask(lambda act: cases.facts(act, call.path("id")))


async def create(call: Call) -> Any:
    """A new draft."""
    body = call.body(s.RequestIn)
    return await call.act(lambda act: cases.full(act, acts.create(act, body.service, body.urgency)))


async def edit(call: Call) -> Any:
    """Autosave of a draft."""
    body = call.body(s.RequestPatch)
    change = acts.Edit(
        version=body.version,
        urgency=body.urgency,
        provider_id=body.provider_id,
        patient_ref=body.patient_ref,
        content=body.content,
        consent=None if body.consent is None else body.consent.model_dump(mode="json"),
        study_ids=body.study_ids,
    )

    def do(act: Act) -> dict[str, Any]:
        given = change
        if body.patient is not None:
            given = replace(change, patient_ref=save_patient(act, body.patient.model_dump()))
        acts.edit(act, call.path("id"), given)
        return cases.full(act, call.path("id"))

    return await call.act(do)


def _done(act: Act, case: str) -> dict[str, Any]:
    return {"ok": True}


def _step(do: Callable[[Act, str, s.StepIn], None], leaves: bool = False) -> Callable[[Call], Any]:
    """A handler for a step with a coded reason. It answers with the case after it, or, where the
    case leaves the caller's sight with the step, that it is done."""

    async def handler(call: Call) -> Any:
        body = call.body(s.StepIn)
        show = _done if leaves else cases.full
        return await call.step(lambda act, case: do(act, case, body), show)

    return handler


resubmit = _step(lambda act, case, body: acts.resubmit(act, case))
discard = _step(lambda act, case, body: acts.discard(act, case))
withdraw = _step(lambda act, case, body: acts.withdraw(act, case, body.reason, body.note))
return_ = _step(lambda act, case, body: acts.return_(act, case, body.reason, body.note))
decline = _step(
    lambda act, case, body: acts.decline(act, case, body.reason, body.note), leaves=True
)
redirect = _step(
    lambda act, case, body: acts.redirect(act, case, body.provider_id, body.reason, body.note),
    leaves=True,
)
release = _step(lambda act, case, body: worklist.release(act, case, body.reason, body.note))
take_over = _step(lambda act, case, body: worklist.take_over(act, case, body.reason, body.note))


async def claim(call: Call) -> Any:
    """Take a case from the queue."""
    meant = call.query(ClaimQuery).as_guide
    return await call.step(lambda act, key: worklist.claim(act, key, as_guide=meant), cases.full)


async def heartbeat(call: Call) -> Any:
    """The holder is present."""

    def do(act: Act) -> dict[str, Any]:
        case = door.provided_case(act, call.path("id"), Permission.WRITE_REPORTS)
        return {"lease_until": worklist.keep(act, [case.id])}

    return await call.act(do)


async def confirm(call: Call) -> Any:
    """Read, and what was decided."""
    body = call.body(s.ConfirmIn)
    decision = acts.Decision(
        body.adoption, body.final_diagnosis, body.final_diagnosis_code, body.reason, body.note
    )

    def do(act: Act, case: str) -> None:
        acts.confirm(act, case, decision)

    return await call.step(do, cases.full)


async def acknowledge(call: Call) -> Any:
    """A critical finding was received."""
    body = call.body(s.AcknowledgeIn)

    def do(act: Act, case: str) -> None:
        acts.acknowledge(act, case, call.path("notice_id"), body.action)

    return await call.step(do, cases.full)


async def acted_on(call: Call) -> Any:
    """What was done about a critical finding."""
    body = call.body(ActedIn)

    def do(act: Act, case: str) -> None:
        acts.act_on(act, case, call.path("notice_id"), body.code, body.note, body.at)

    return await call.step(do, cases.full)
