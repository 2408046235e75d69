"""Looking through a case's material before experts are asked: each thing of the service's list is
there or missing, by whom and when. What is missing is asked for by the step that returns a case."""

from typing import Any

import sqlalchemy as sa

from telemed.actions import door, moves, opinions, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import request
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.store import accounts
from telemed.store.checklist_tables import checklist_ticks
from telemed.store.tx import Row

M = checklist_ticks.c


def listed(act: Act, request_id: str) -> tuple[Case, list[dict[str, Any]]]:
    """The things of the list in order, with the latest word on each."""
    case = door.case(act, request_id)
    rows = act.tx.all(sa.select(checklist_ticks).where(M.request_id == case.id))
    names = accounts.by_ids(act.tx, {row["checked_by"] for row in rows})
    said = {row["key"]: row for row in rows}
    return case, [
        {"key": key, "label": label, **_word(said.get(key), names)}
        for key, label in case.service.checklist
    ]


def _word(row: Row | None, names: dict[str, Row]) -> dict[str, Any]:
    if row is None:
        return {"there": None, "note": "", "checked_by": None, "checked_at": None}
    who = names.get(row["checked_by"])
    return {
        **{k: row[k] for k in ("there", "note", "checked_at")},
        "checked_by": None if who is None else who["display_name"],
    }


def may_check(act: Act, case: Case) -> bool:
    """Whether the subject looks it through: whoever leads the case, while it is open."""
    return case.state is request.State.OPEN and opinions.leads(act, case)


def check(act: Act, request_id: str, key: str, there: bool, note: str) -> None:
    """Say of one thing that it is there, or that it is missing. Saying it again is once."""
    case = opinions.led_case(act, request_id)
    if key not in dict(case.service.checklist):
        raise Problem("invalid", detail="key")
    if case.state is not request.State.OPEN:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "核对资料", "en": "check the material"},
        )
    unnamed.require_note(act, case.id, note)
    act.tx.take_turn(f"checklist {case.id}")
    here = {"request_id": case.id, "key": key}
    before = act.tx.find(checklist_ticks, **here)
    if before is not None and (before["there"], before["note"]) == (there, note):
        return
    values = {
        "there": there,
        "note": note,
        "checked_by": act.subject.account_id,
        "checked_at": act.now,
    }
    if before is None:
        act.tx.insert(checklist_ticks, {**here, **values})
    else:
        act.tx.change(checklist_ticks, here, values)
    act.tell(moves.fact(act, case, Kind.CHECKLIST_TICKED, key=key, there=there))
