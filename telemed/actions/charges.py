"""Charges: counted from a case's facts, settled by the requesting side, seen by both.

Only `_step` sets a charge's state, by the table. Until it is charged it is counted anew when a
fact changes what it costs; what is charged stands, and each step after it is kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import door, moves
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import charge as rule
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.charge import Counted, Event, Facts, Payer, State
from telemed.core.errors import Problem
from telemed.core.tally import month_span
from telemed.store import charges as store
from telemed.store.tx import Row

PRESSING: Final = frozenset({"urgent", "stat"})
MOST_LISTED: Final = 5000
FACTS: Final[Mapping[Event, Kind]] = {
    Event.CHARGE: Kind.CHARGE_CHARGED,
    Event.SETTLE: Kind.CHARGE_SETTLED,
    Event.WAIVE: Kind.CHARGE_WAIVED,
    Event.REFUND: Kind.CHARGE_REFUNDED,
}
"""What people do with a charge; counting it is nobody's step."""
REASONS: Final[Mapping[Event, str]] = {Event.WAIVE: "waive-charge", Event.REFUND: "refund-charge"}


@dataclass(frozen=True, slots=True)
class Given:
    """What goes with a step: who pays, and why it is waived or refunded."""

    payer: Payer | None = None
    reason: str | None = None
    note: str = ""


def count(act: Act, request_id: str, at: datetime, named: bool | None = None) -> bool:
    """Count what a case costs, anew or for the first time; whether anything changed.

    `at` is when what is to be paid for was done: its first time decides the month.
    """
    case = door.case_for_clock(act, request_id)
    fees = act.catalogue.aftercare.fees
    if case is None or case.row["provider_id"] is None or not fees.of(case.row["service"]):
        return False
    row = store.get(act.tx, request_id)
    if row is not None and State(row["state"]) not in rule.COUNTED_IN:
        return False
    if named is None:
        named = bool(row is not None and row["named"])
    facts = _facts(act, case, named)
    counted = rule.count(fees, case.row["service"], case.row["agreement_id"], facts)
    event = rule.event_of(counted)
    to = rule.MACHINE.step(State.UNPRICED if row is None else State(row["state"]), event)
    values = {
        "provider_id": case.row["provider_id"],
        "agreement_id": case.row["agreement_id"],
        "state": to.value,
        "named": named,
        "changed_at": act.now,
        **_kept(facts, counted),
    }
    if row is None:
        begun = {"request_id": case.id, "requester_id": case.row["requester_id"], "version": 1}
        more = {"service": case.row["service"], "counted_at": at}
        return store.add(act.tx, {**begun, **more, **values})
    if not store.change(act.tx, row, values):
        raise Problem("stale", current="?")
    return True


def _facts(act: Act, case: Case, named: bool) -> Facts:
    spans = store.sessions(act.tx, case.id)
    people = store.experts(act.tx, case.id, case.row["requester_id"])
    return Facts(
        # Of a minute that was begun somebody sat there.
        sessions=tuple(-int(-(end - begin).total_seconds() // 60) for begin, end in spans),
        experts=max(1, len(people)),
        urgent=case.row["urgency"] in PRESSING,
        named=named,
    )


def _kept(facts: Facts, counted: Counted) -> dict[str, Any]:
    return {
        "facts": {**asdict(facts), "sessions": list(facts.sessions)},
        "fees": [asdict(line) for line in counted.fees],
        "surcharges": [asdict(line) for line in counted.surcharges],
        "amount": counted.amount,
    }


# --- people's part --------------------------------------------------------------------------------


def show(act: Act, request_id: str) -> tuple[Case, Row | None]:
    """What a case costs that the subject may see; None where nothing was counted."""
    case = door.case(act, request_id)
    return case, store.get(act.tx, case.id)


def may_settle(act: Act, case: Case) -> bool:
    """Whether the subject enters the settlement of a case: the requesting side does."""
    return case.own and Permission.SETTLE_CHARGES in act.subject.permissions


def set_named(act: Act, request_id: str, version: int, named: bool) -> None:
    """Say that the expert was asked for by name, or was not; what it costs is counted anew."""
    row = _settled_by_us(act, request_id, version)
    if State(row["state"]) not in rule.COUNTED_IN:
        raise Problem(
            "illegal-transition",
            state=rule.MACHINE.word(State(row["state"])),
            event=rule.MACHINE.word(Event.PRICE),
        )
    count(act, request_id, row["counted_at"], named)


def step(act: Act, request_id: str, version: int, event: Event, given: Given) -> None:
    """Charge, settle, waive or refund."""
    row = _settled_by_us(act, request_id, version)
    to = rule.MACHINE.step(State(row["state"]), event)
    reason = _reason(act, event, given)
    values: dict[str, Any] = {"state": to.value, "changed_at": act.now, "reason": reason}
    if event is Event.CHARGE:
        if given.payer is None:
            raise Problem("payer-required")
        values["payer"] = given.payer.value
    if not store.change(act.tx, row, values):
        raise Problem("stale", current="?")
    payer = values.get("payer", row["payer"])
    store.add_move(
        act.tx,
        {"request_id": request_id, "event": event.value, "state": to.value,
         "amount": row["amount"], "payer": payer, "reason": reason,
         "moved_by": act.subject.account_id, "moved_at": act.now},
    )  # fmt: skip
    case = door.case(act, request_id)
    code = None if reason is None else reason["code"]
    told = {"amount": row["amount"], "payer": payer, "reason": code}
    act.tell(moves.fact(act, case, FACTS[event], **told))


def _settled_by_us(act: Act, request_id: str, version: int) -> Row:
    act.subject.require(Permission.SETTLE_CHARGES)
    case, row = show(act, request_id)
    if not case.own:
        raise Problem("forbidden", action=Permission.SETTLE_CHARGES.value)
    if row is None:
        raise Problem("not-found")
    if row["version"] != version:
        raise Problem("stale", current=row["version"])
    return row


def _reason(act: Act, event: Event, given: Given) -> dict[str, str] | None:
    if event not in rule.WANT_REASON:
        return None
    if given.reason is None or act.catalogue.reason(REASONS[event], given.reason) is None:
        raise Problem("reason-required")
    return {"code": given.reason, "note": given.note}


def of_month(act: Act, month: str, other: str | None) -> list[Row]:
    """The own institution's charges of a month, with one other institution or all."""
    act.subject.require(Permission.SETTLE_CHARGES)
    since, until = month_span(month)
    own = act.subject.own_institution
    return store.of_month(act.tx, own, since, until, other, MOST_LISTED)
