"""Routes of in-house approvals: what one is to decide, a request's story, and the steps."""

from collections.abc import Sequence
from typing import Any

from telemed.actions import approvals as acts
from telemed.actions import door, requests
from telemed.actions.act import Act
from telemed.core.access import Permission as P
from telemed.core.access import Relation
from telemed.core.approval import MACHINE, State
from telemed.server import approval_schemas as s
from telemed.server import case_schemas as common
from telemed.server import cases
from telemed.server.routing import Call, Route
from telemed.store import approvals, log
from telemed.store import requests as lists
from telemed.store.tx import Row


async def tasks(call: Call) -> Any:
    """What the caller is to decide."""

    def find(act: Act) -> dict[str, Any]:
        rows = acts.waiting(act)
        shown = lists.dressed(act.tx, list(dict.fromkeys(row["request_id"] for row in rows)))
        found = {row["id"]: row for row in shown}
        return {
            "seq": log.head(act.tx),
            "items": [
                {
                    "approval": _told(act, found[row["request_id"]]["service"], row, True),
                    "case": cases.list_row(act, found[row["request_id"]]),
                }
                for row in rows
            ],
        }

    return await call.ask(find)


async def listed(call: Call) -> Any:
    """A request's steps."""
    return await call.ask(lambda act: _of_case(act, call.path("id")))


def _of_case(act: Act, key: str) -> dict[str, Any]:
    """What the institution that asks agreed on in house; of others only whoever answers sees it,
    and of the reasons nothing."""
    case = door.case(act, key)
    rows = approvals.of_request(act.tx, case.id)
    chain = act.catalogue.approvals.get(case.row["service"])
    if case.relation in (Relation.EXPERT, Relation.SUPERVISOR):
        rows = []
    own = case.own
    return {
        "items": [_told(act, case.row["service"], row, own, rows) for row in rows],
        "bypass": own and chain is not None and case.row["urgency"] in chain.bypass,
        "asked": own and acts.is_asked(act, case),
    }


def _told(act: Act, service: str, row: Row, own: bool, rows: Sequence[Row] = ()) -> dict[str, Any]:
    kept = row["reason"] if own else None
    code = (kept or {}).get("code")
    known = act.catalogue.reason("reject-approval", code)
    decides = own and acts.may_decide(act, row, rows or [row])
    return {
        **{k: row[k] for k in _SAME},
        "label": acts.label(act.catalogue.approvals.get(service), row["key"]),
        "state_words": MACHINE.word(State(row["state"])),
        "asked_by": row["asked_by_name"] or "",
        "decided_by": row["decided_by_name"],
        "reason": None
        if not kept
        else {
            "code": code or "",
            "words": None if known is None else cases.words(known.label),
            "note": kept.get("note", ""),
        },
        "allowed": ["approve", "reject"] if decides else [],
    }


_SAME = ("id", "round", "n", "role", "state", "owed", "version", "asked_at", "decided_at")


async def approve(call: Call) -> Any:
    """Agree."""
    body = call.body(s.ApproveIn)

    def do(act: Act, key: str) -> None:
        acts.approve(act, key, body.version, body.note, requests.send_approved)

    return await call.step(do, _after)


async def reject(call: Call) -> Any:
    """Do not agree."""
    body = call.body(s.RejectIn)

    def do(act: Act, key: str) -> None:
        acts.reject(act, key, body.version, body.reason, body.note)

    return await call.step(do, _after)


def _after(act: Act, key: str) -> dict[str, Any]:
    row = approvals.get(act.tx, key)
    assert row is not None  # the step was just taken on it
    return _of_case(act, row["request_id"])


async def submit(call: Call) -> Any:
    """Send, or ask for the approval that comes before."""
    body = call.body(s.SubmitIn)

    def do(act: Act, key: str) -> None:
        requests.submit(act, key, body.bypass)

    return await call.step(do, cases.full)


async def recall(call: Call) -> Any:
    """Take back what waits for approval."""
    return await call.step(acts.recall, cases.full)


ONE = "/api/approvals/{id}"
ROUTES = (
    Route("GET", "/api/approvals", tasks, P.APPROVE_REQUESTS, "What one is to approve",
          returns=s.ApprovalList),
    Route("GET", "/api/requests/{id}/approvals", listed, P.SEE_CASES,
          "The in-house approvals of a request", returns=s.CaseApprovals),
    Route("POST", f"{ONE}/approve", approve, P.APPROVE_REQUESTS, "Agree", body=s.ApproveIn,
          returns=s.CaseApprovals),
    Route("POST", f"{ONE}/reject", reject, P.APPROVE_REQUESTS, "Do not agree, with a reason",
          body=s.RejectIn, returns=s.CaseApprovals),
    Route("POST", "/api/requests/{id}/submit", submit, P.WRITE_REQUESTS,
          "Send, or ask for approval first", body=s.SubmitIn, returns=common.RequestOut),
    Route("POST", "/api/requests/{id}/recall", recall, P.WRITE_REQUESTS,
          "Take back from approval", returns=common.RequestOut),
)  # fmt: skip
