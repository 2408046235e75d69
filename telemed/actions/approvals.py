"""In-house approval: asked for, given or refused step by step, taken back, and owed.

Steps are decided one after the other by whoever holds their role at the institution that asks,
never by whoever sent the request. Of two at once one decides and the other is told.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from telemed.actions import door, moves
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import approval, request
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.approval import MACHINE, Chain, Event, State, Step
from telemed.core.errors import Problem
from telemed.store import approvals
from telemed.store.tx import Row

MOST_LISTED: Final = 100


# --- whoever sends --------------------------------------------------------------------------------


def ask(act: Act, case: Case, owed: bool) -> bool:
    """Write down the steps of a request that is about to be sent, each that nobody can decide as
    passed over; whether anybody is asked. `owed`: it is sent before they are given."""
    chain = act.catalogue.approvals.get(case.row["service"])
    if chain is None:
        return False
    if owed and case.row["urgency"] not in chain.bypass:
        raise Problem("approval-needed")
    steps = _steps(act, case, chain)
    asked = any(held for _, held in steps)
    rounds = [row["round"] for row in approvals.of_request(act.tx, case.id)]
    rows = [
        {
            "id": act.new_id(),
            "request_id": case.id,
            "round": max(rounds, default=0) + 1,
            "n": n,
            "institution_id": case.row["requester_id"],
            "key": step.key,
            "role": step.role,
            "state": (State.WAITING if held else State.PASSED_OVER).value,
            "owed": owed and asked,
            "version": 1,
            "asked_by": act.subject.account_id,
            "asked_at": act.now,
        }
        for n, (step, held) in enumerate(steps, 1)
    ]
    approvals.add(act.tx, rows)
    if asked:
        _tell_turn(act, case, rows, Kind.APPROVAL_BYPASSED if owed else Kind.APPROVAL_ASKED)
    return asked


def is_asked(act: Act, case: Case) -> bool:
    """Whether somebody must agree before the subject sends a request."""
    chain = act.catalogue.approvals.get(case.row["service"])
    return chain is not None and any(held for _, held in _steps(act, case, chain))


def _steps(act: Act, case: Case, chain: Chain) -> list[tuple[Step, bool]]:
    """The steps of a chain, and whether anybody but the subject can decide them there."""
    holders = approvals.holders(act.tx, case.row["requester_id"])
    own = {act.subject.account_id}
    return [(step, bool(holders.get(step.role, set()) - own)) for step in chain.steps]


def recall(act: Act, request_id: str) -> None:
    """Take a request back that waits for approval: it is a draft again."""
    case = door.own_case(act, request_id)
    act.tx.take_turn(f"approvals {request_id}")
    moves.move(act, case, request.Event.RECALL)
    _cancel(act, case)
    _tell(act, case, Kind.APPROVAL_RECALLED)


# --- whoever decides ------------------------------------------------------------------------------


def waiting(act: Act) -> list[Row]:
    """What the subject is to decide: what holds a request up, then what is owed."""
    act.subject.require(Permission.APPROVE_REQUESTS)
    roles = {role.value for role in act.subject.roles}
    rows = approvals.waiting(act.tx, act.subject.own_institution, roles, MOST_LISTED)
    return [row for row in rows if row["asked_by"] != act.subject.account_id]


def approve(
    act: Act, approval_id: str, version: int, note: str, send: Callable[[Act, Case], None]
) -> None:
    """Agree. After the last step the request is sent, by `send`, if it has not been."""
    case, row = _mine(act, approval_id, version)
    reason = {"note": note} if note else None
    _decide(act, row, Event.APPROVE, reason)
    _tell(act, case, Kind.APPROVAL_GIVEN, step=row["key"], owed=row["owed"] or None)
    left = _pass_over(act, case)
    if left:
        _tell_turn(act, case, left, Kind.APPROVAL_PASSED_ON)
    elif case.state is request.State.AWAITING:
        send(act, case)


def reject(act: Act, approval_id: str, version: int, code: str, note: str) -> None:
    """Do not agree, with a reason: the request is a draft again. One that was sent already stays
    sent; that nobody agreed stays on record."""
    case, row = _mine(act, approval_id, version)
    known = act.catalogue.reason("reject-approval", code)
    if known is None or (code == "other" and not note):
        raise Problem("reason-required")
    why = {"step": "reject-approval", "code": code, "note": note, "at": act.now.isoformat()}
    _decide(act, row, Event.REJECT, why)
    if case.state is request.State.AWAITING:
        moves.move(act, case, request.Event.REJECT, {"step_reason": why})
        _cancel(act, case)
        _tell(act, case, Kind.APPROVAL_REJECTED, step=row["key"], reason=code)
        return
    _tell(act, case, Kind.APPROVAL_DENIED, step=row["key"], reason=code)
    left = _pass_over(act, case)
    if left:
        _tell_turn(act, case, left, Kind.APPROVAL_PASSED_ON)


def may_decide(act: Act, row: Row, rows: Sequence[Row]) -> bool:
    """Whether a step is the subject's to decide now."""
    now = approval.current([one for one in rows if one["round"] == row["round"]])
    return (
        now is not None
        and now["id"] == row["id"]
        and Permission.APPROVE_REQUESTS in act.subject.permissions
        and act.subject.institution_id == row["institution_id"]
        and row["role"] in {role.value for role in act.subject.roles}
        and row["asked_by"] != act.subject.account_id
    )


def _mine(act: Act, approval_id: str, version: int) -> tuple[Case, Row]:
    """A step that the subject decides, with its request, as it was seen."""
    act.subject.require(Permission.APPROVE_REQUESTS)
    row = approvals.get(act.tx, approval_id)
    if row is None or row["institution_id"] != act.subject.own_institution:
        raise Problem("not-found")
    act.tx.take_turn(f"approvals {row['request_id']}")
    case = door.case(act, row["request_id"])
    row = approvals.get(act.tx, approval_id)
    assert row is not None  # nothing deletes one
    if row["role"] not in {role.value for role in act.subject.roles}:
        raise Problem("forbidden", action=Permission.APPROVE_REQUESTS.value)
    if row["asked_by"] == act.subject.account_id:
        raise Problem("own-approval")
    if row["version"] != version:
        raise Problem("stale", current=row["version"])
    same = [r for r in approvals.of_request(act.tx, case.id) if r["round"] == row["round"]]
    now = approval.current(same)
    if now is not None and now["id"] != row["id"] and row["state"] == State.WAITING:
        word = {"zh": "待前一步审批", "en": "waiting for the step before"}
        raise Problem("illegal-transition", state=word, event=MACHINE.word(Event.APPROVE))
    return case, row


def _decide(act: Act, row: Row, event: Event, reason: dict[str, Any] | None) -> None:
    to = MACHINE.step(State(row["state"]), event)
    values: dict[str, Any] = {"state": to.value, "reason": reason}
    if event in (Event.APPROVE, Event.REJECT):
        values |= {"decided_by": act.subject.account_id, "decided_at": act.now}
    if not approvals.change(act.tx, row["id"], row["version"], values):
        raise Problem("stale", current="?")


def _left(act: Act, case: Case) -> list[Row]:
    """The steps of the last time that still wait."""
    rows = approvals.of_request(act.tx, case.id)
    last = max((row["round"] for row in rows), default=0)
    return [r for r in rows if r["round"] == last and r["state"] == State.WAITING]


def _pass_over(act: Act, case: Case) -> list[Row]:
    """Pass over what nobody can decide any more; the steps that are left."""
    holders = approvals.holders(act.tx, case.row["requester_id"])
    left = _left(act, case)
    for row in left:
        if holders.get(row["role"], set()) - {row["asked_by"]}:
            break
        _decide(act, row, Event.PASS_OVER, None)
    return _left(act, case)


def _cancel(act: Act, case: Case) -> None:
    for row in _left(act, case):
        _decide(act, row, Event.CANCEL, None)


def _tell_turn(act: Act, case: Case, rows: Sequence[Row], kind: Kind) -> None:
    """Whose turn it is, for whoever tells them."""
    now = approval.current(rows)
    if now is not None:
        _tell(act, case, kind, step=now["key"], role=now["role"])


def _tell(act: Act, case: Case, kind: Kind, **data: object) -> None:
    """A fact for the institution that asks: what it agrees on in house is nobody else's news."""
    own = case.row["requester_id"]
    told = case.data(**data)
    act.tell(Fact(kind, act.now, act.subject.account_id, own, (own,), case.id, data=told))


def label(chain: Chain | None, key: str) -> dict[str, str]:
    """What a step is called, also where the chain has it no more."""
    return dict(chain.label_of(key)) if chain is not None else {"zh": key, "en": key}
