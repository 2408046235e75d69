"""Routes of one agreement: its terms, what a change would mean, changing, taking back."""

from typing import Any

from telemed.actions import agreements as acts
from telemed.actions import network as networks
from telemed.actions.act import Act
from telemed.core import sla
from telemed.core.access import Permission
from telemed.core.agreements import Part
from telemed.core.catalogue import Count, Deadline
from telemed.server import agreement_schemas as sch
from telemed.server import cases
from telemed.server import network_schemas as ns
from telemed.server import schemas as s
from telemed.server.routing import Call, Route
from telemed.store.tx import Row


async def show(call: Call) -> Any:
    """An agreement with its history."""
    return await call.ask(lambda act: shown(act, call.path("id")))


def shown(act: Act, agreement_id: str) -> sch.AgreementPage:
    """Everything that the drawer shows."""
    found = acts.view(act, agreement_id)
    row = found.agreement
    return sch.AgreementPage(
        agreement=ns.AgreementOut(
            **row,
            requester=s.InstitutionRef(**found.names[row["requester_id"]]),
            provider=s.InstitutionRef(**found.names[row["provider_id"]]),
            in_force=networks.in_force(row, act.now),
        ),
        revision=found.revision,
        may=[part.value for part in Part if part in found.may],
        running=found.running,
        changes=[_change(act, found, one) for one in found.changes],
    )


def _change(act: Act, found: acts.View, one: Row) -> sch.AgreementChangeOut:
    part = Part(one["part"])
    row = found.agreement
    side = "provider_id" if part is Part.TERMS else "requester_id"
    latest = next(other["n"] for other in found.changes if other["part"] == part)
    was, became = one["was"].get(part.value), one["became"].get(part.value)
    terms, rank = part is Part.TERMS, part is Part.RANK
    return sch.AgreementChangeOut(
        n=one["n"],
        at=one["changed_at"],
        by=cases.account_name(act, one["changed_by"]),
        institution=found.names[row[side]]["short_name"],
        part=part.value,
        terms_before=was if terms else None,
        terms_after=became if terms else None,
        rank_before=was if rank else None,
        rank_after=became if rank else None,
        undoes=one["undoes"],
        may_undo=part in found.may and one["n"] == latest,
    )


async def preview(call: Call) -> Any:
    """What a change would mean; it changes nothing."""
    wanted = _wanted(call.body(sch.AgreementIn))
    found, running = await call.ask(lambda act: acts.preview(act, call.path("id"), wanted))
    return {
        "running": running,
        "differences": [
            {"service": each.of.service, "urgency": each.of.urgency,
             "modality": each.of.modality, "frozen": each.of.frozen,
             "before": _told(each.before), "after": _told(each.after)}
            for each in found
        ],
    }  # fmt: skip


async def change(call: Call) -> Any:
    """Set one's own part from now on."""
    wanted = _wanted(call.body(sch.AgreementIn))
    await call.act(lambda act: acts.change(act, call.path("id"), wanted), quiet=True)
    return await call.ask(lambda act: shown(act, call.path("id")))


async def undo(call: Call) -> Any:
    """Take a change back."""
    body = call.body(sch.UndoIn)
    await call.act(lambda act: acts.undo(act, call.path("id"), body.revision, body.n), quiet=True)
    return await call.ask(lambda act: shown(act, call.path("id")))


def _wanted(body: sch.AgreementIn) -> acts.Wanted:
    terms = None if body.terms is None else tuple(_deadline(row) for row in body.terms)
    return acts.Wanted(body.revision, terms, body.rank)


def _deadline(row: sch.TermIn) -> Deadline:
    told = row.model_dump()
    return Deadline(**{**told, "clock": Count(row.clock), "clause": row.clause.strip()})


def _told(promise: sla.Promise | None) -> dict[str, object] | None:
    return None if promise is None else promise.told()


P = Permission
_ONE = "/api/agreements/{id}"
ROUTES = (
    Route("GET", _ONE, show, P.SEE_NETWORK, "An agreement and its changes",
          returns=sch.AgreementPage),
    Route("POST", f"{_ONE}/preview", preview, P.KEEP_AGREEMENTS, "What a change would mean",
          body=sch.AgreementIn, returns=sch.PreviewOut),
    Route("PUT", _ONE, change, P.KEEP_AGREEMENTS, "Set one's own part of an agreement",
          body=sch.AgreementIn, returns=sch.AgreementPage),
    Route("POST", f"{_ONE}/undo", undo, P.KEEP_AGREEMENTS, "Take a change back",
          body=sch.UndoIn, returns=sch.AgreementPage),
)  # fmt: skip
