"""Which earlier case a request comes from, and into which requests a case went on.

Told to whoever sees both cases. Where the later one is told under a pseudonym only the own
institution is told: the link would say whose it is.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from telemed.actions import door
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.store import guidance as store
from telemed.store import pseudonyms
from telemed.store import tables as t
from telemed.store.tx import Row

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Links:
    """The earlier case, and those that come from this one."""

    source: Row | None
    continued: list[Row]


def show(act: Act, request_id: str) -> Links:
    """The links of a case that the subject sees, as far as they see their other end."""
    case = door.case(act, request_id)
    if act.subject.masked:
        return Links(None, [])
    source = store.source_of(act.tx, case.id)
    hidden = not case.own and _is_pseudonym(act, case.row["patient_ref"])
    found = None if source is None or hidden else _seen(act, source)
    later = [
        row
        for row in store.continued_in(act.tx, case.id, _MOST)
        if (case.own or not _is_pseudonym(act, row["patient_ref"])) and _seen(act, row["id"])
    ]
    return Links(None if found is None else found.row, later)


def set_source(act: Act, request_id: str, number: str) -> None:
    """A draft comes from this earlier case, which the subject must see; '' for none."""
    act.subject.require(Permission.WRITE_REQUESTS)
    case = door.own_case(act, request_id)
    if not case.service.continues:
        raise Problem("not-found")
    if case.state not in request.EDITABLE:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "关联病例", "en": "link a case"},
        )
    if not number:
        store.clear_source(act.tx, case.id)
        return
    found = act.tx.one(sa.select(t.requests.c.id).where(t.requests.c.number == number))
    source = None if found is None else _seen(act, found["id"])
    if source is None or source.id == case.id or source.state is request.State.DRAFT:
        raise Problem("not-found")
    store.set_source(
        act.tx,
        {"request_id": case.id, "source_id": source.id, "linked_by": act.subject.account_id,
         "linked_at": act.now},
    )  # fmt: skip


def _seen(act: Act, request_id: str) -> Case | None:
    """A case if the subject sees it."""
    try:
        return door.case(act, request_id)
    except Problem:
        return None


def _is_pseudonym(act: Act, patient_ref: str | None) -> bool:
    return pseudonyms.of_patient(act.tx, patient_ref) is not None
