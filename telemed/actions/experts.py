"""The one place where an opinion changes its state, and where all that are open end with the case.

`step` asks the state table, writes by compare-and-set and tells the fact. Nobody is let in here:
who may take a step is asked before.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import request
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.core.opinion import MACHINE, Event, Role, State, unanswered
from telemed.store import opinions
from telemed.store.tx import Row

FACTS: Final[Mapping[Event, Kind]] = {
    Event.ACCEPT: Kind.OPINION_ACCEPTED,
    Event.DECLINE: Kind.OPINION_DECLINED,
    Event.SIGN: Kind.OPINION_SIGNED,
    Event.CONSOLIDATE: Kind.OPINION_CONSOLIDATED,
    Event.WITHDRAW: Kind.OPINION_WITHDRAWN,
    Event.LAPSE: Kind.OPINION_LAPSED,
}
"""What each step is told as."""


def step(
    act: Act, case: Case, row: Row, event: Event, values: Mapping[str, Any] | None = None
) -> None:
    """Take one step of the state table."""
    to = MACHINE.step(State(row["state"]), event)
    ended = {} if event is Event.ACCEPT else {"ended_at": act.now}
    written = {"state": to.value, "updated_at": act.now, **ended, **(values or {})}
    if not opinions.change(act.tx, row["id"], row["version"], written):
        raise Problem("stale", current="?")
    reason = written.get("reason") or {}
    tell(act, case, {**row, **written}, FACTS[event], reason=reason.get("code"))


def tell(act: Act, case: Case, row: Row, kind: Kind, **data: object) -> None:
    """A fact for the two sides of the case and the expert's institution: ids, codes and times."""
    place = act.subject.institution_id
    told = {
        "opinion": row["id"], "person": row["person_id"], "role": row["role"],
        "asked_at": row["asked_at"].isoformat(), "due_at": row["due_at"].isoformat(), **data,
    }  # fmt: skip
    act.tell(
        Fact(
            kind,
            act.now,
            None if place is None else act.subject.account_id,
            row["provider_id"] if place is None else place,
            tuple(dict.fromkeys((*case.parties, row["institution_id"]))),
            request_id=case.id,
            data=case.data(**told),
        )
    )


def close(act: Act, case: Case, event: request.Event) -> None:
    """The case is answered, or leaves whoever asked: what is still to come is asked no longer.

    The chair's answer is the report itself.
    """
    for row in opinions.still_open(act.tx, case.id):
        drawn = event is request.Event.ANSWER and row["role"] == Role.CHAIR
        why = _why(act, event.value, "")
        step(act, case, row, Event.CONSOLIDATE if drawn else Event.WITHDRAW, {"reason": why})


def require_answered(act: Act, case: Case, without: str) -> None:
    """Problem("opinions-open") while experts are still to answer, unless it is said why the report
    is written without them: then they are asked no longer."""
    rows = opinions.still_open(act.tx, case.id)
    waiting = unanswered(rows)
    if waiting and not without.strip():
        names = "、".join(row["person_name"] for row in waiting)
        raise Problem("opinions-open", count=len(waiting), names=names)
    _leave_out(act, case, [row for row in rows if row in waiting], without.strip())


def _leave_out(act: Act, case: Case, rows: Sequence[Row], without: str) -> None:
    for row in rows:
        step(act, case, row, Event.WITHDRAW, {"reason": _why(act, "answered-without", without)})


def _why(act: Act, code: str, note: str) -> dict[str, Any]:
    return {"code": code, "note": note, "at": act.now.isoformat()}
