"""What a case is promised and owes, asked of the tables: agreement, deadlines, working calendar.

It computes and writes nothing; `moves.move` and the steps of a request store what it says.
"""

from datetime import datetime, timedelta
from typing import Any

from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import request, sla
from telemed.core.clocks import PAUSING, SIDES, TURNS, Side, Turn, pauses_of, turns_of
from telemed.store import log
from telemed.store.tx import Row


def answer(
    act: Act, case: Case, agreement: Row, modality: str | None, sent: datetime
) -> dict[str, Any]:
    """`promise` and `due_at` of a case that is sent now, for the first time at `sent`.

    Earlier waits for the requester come from the case's log: a promise that runs in working hours
    is pushed back by the working hours among them.
    """
    row = case.row
    found = sla.promised(
        act.catalogue.deadlines,
        row["service"],
        row["urgency"],
        modality,
        bool(row["content"].get("frozen")),
        sla.terms_of(agreement["terms"]),
    )
    clock = sla.clock_of(
        found.row.clock, act.catalogue.calendar, row["service"], agreement["provider_id"]
    )
    pauses = pauses_of(turns_of(log.of_request(act.tx, case.id)), act.now)
    told = found.told()
    if found.agreed:
        told["agreement"] = agreement["id"]
    return {"promise": told, "due_at": sla.due_at(sent, found.allowance, pauses, clock)}


def turn(act: Act, case: Case, to: request.State) -> dict[str, Any]:
    """The requester's clock after a step: its turn ends, and perhaps the next begins."""
    changes: dict[str, Any] = {}
    before, after = TURNS[case.state], TURNS[to]
    if owes(case) is not None:
        changes |= rested(act, case)
    if after is not None and SIDES[after] is Side.REQUESTER:
        due = owed_at(act, case, after.value)
        changes |= {"asked_since": act.now, "asked_due_at": due}
    if before in PAUSING:
        changes |= {"waiting_since": None, "waited_seconds": int(waited(act, case))}
    if after in PAUSING:
        changes |= {"waiting_since": act.now}
    return changes


def owes(case: Case) -> Turn | None:
    """What the requester owes now, if its clock runs."""
    what = TURNS[case.state]
    if what is Turn.ANSWER:
        return None if case.row["asked_since"] is None else Turn.PASSING
    return what if what is not None and SIDES[what] is Side.REQUESTER else None


def rested(act: Act, case: Case) -> dict[str, Any]:
    """The requester's clock stopped, with what it ran."""
    since = case.row["asked_since"] or case.row["waiting_since"] or case.row["updated_at"]
    spent = timedelta(seconds=case.row["asked_seconds"]) + (act.now - since)
    seconds = int(spent.total_seconds())
    return {"asked_seconds": seconds, "asked_since": None, "asked_due_at": None}


def owed_at(act: Act, case: Case, what: str) -> datetime | None:
    """By when the requester's turn that begins now should end; None where nothing is set."""
    row = sla.owed(act.catalogue.owed, what, case.row["urgency"])
    if row is None:
        return None
    clock = sla.clock_of(
        row.clock, act.catalogue.calendar, case.row["service"], case.row["requester_id"]
    )
    return clock.later(act.now, timedelta(minutes=row.minutes))


def waited(act: Act, case: Case) -> float:
    """Seconds the responding side waited for the requester, up to now."""
    total, since = float(case.row["waited_seconds"]), case.row["waiting_since"]
    return total if since is None else total + (act.now - since).total_seconds()


def ended(case: Case) -> dict[str, object]:
    """What a fact says of the requester's turn that it ends: nothing when none ran."""
    what = owes(case)
    if what is None:
        return {}
    since, due = case.row["asked_since"], case.row["asked_due_at"]
    return {
        "owed": what.value,
        "asked_at": None if since is None else since.isoformat(),
        "owed_by": None if due is None else due.isoformat(),
    }


def begun(after: dict[str, Any]) -> dict[str, object]:
    """What a fact says of the requester's turn that it begins."""
    due = after.get("asked_due_at")
    return {} if due is None else {"asked_due_at": due.isoformat()}
