"""A desk's lists in SQL: what each holds, how it is sorted and cut into pages, how it is counted.

It knows no rights: whoever asks brings the visibility rule. Pages follow the last row seen, not a
number of rows, so that rows which come or go meanwhile are neither skipped nor shown twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from telemed.core import request, workitem
from telemed.core.assignment import By
from telemed.core.errors import Problem
from telemed.core.worklist import ISSUED
from telemed.store import requests
from telemed.store.tables import critical_notices, institutions, patients, workitems
from telemed.store.tables import requests as cases
from telemed.store.tx import Row, Tx

R = cases.c
_patient = patients.alias("sorted_patient")
_place = institutions.alias("sorted_place")
_PRESSING = sa.case((R.urgency == "stat", 0), (R.urgency == "urgent", 1), else_=2)

KEYS: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    "due": R.due_at,
    "urgency": _PRESSING,
    "submitted": R.submitted_at,
    "issued": R.issued_at,
    "patient": sa.func.coalesce(
        sa.select(_patient.c.name)
        .where(_patient.c.id == R.patient_ref)
        .correlate(cases)
        .scalar_subquery(),
        "",
    ),
    "requester": sa.select(_place.c.short_name)
    .where(_place.c.id == R.requester_id)
    .correlate(cases)
    .scalar_subquery(),
    "service": R.service,
    "modality": sa.func.coalesce(R.modality, ""),
    "body_part": R.body_part,
}
"""By sort key, what is compared; none is NULL in a list that may be sorted by it."""

Sort = tuple[tuple[str, bool], ...]
"""Keys and whether each descends."""


def default_sort(tab: str) -> Sort:
    """Newest answers first, or the most pressing deadline."""
    return (("issued", True),) if tab in ISSUED else (("due", False), ("submitted", False))


def page(
    tx: Tx, where: sa.ColumnElement[bool], sort: Sort, limit: int, after: str | None, asked_of: str
) -> list[Row]:
    """The rows behind the row `after`, dressed for a list.

    `after` is looked up among the cases asked of the institution: where a stranger's row would
    stand in one's own list is nobody's to find out. Problem("list-moved") when it is not there.
    """
    order = [*((KEYS[key], down) for key, down in sort), (R.id, False)]
    if after is not None:
        where = sa.and_(where, _behind(tx, order, after, asked_of))
    by = [column.desc() if down else column.asc() for column, down in order]
    chosen = [row["id"] for row in tx.all(sa.select(R.id).where(where).order_by(*by).limit(limit))]
    return requests.dressed(tx, chosen)


def _behind(
    tx: Tx, order: Sequence[tuple[sa.ColumnElement[Any], bool]], after: str, asked_of: str
) -> sa.ColumnElement[bool]:
    """Rows that sort behind a row, by its values of this moment."""
    columns = [column.label(f"k{n}") for n, (column, _) in enumerate(order)]
    row = tx.one(sa.select(*columns).where(R.id == after, R.provider_id == asked_of))
    if row is None or any(value is None for value in row.values()):
        raise Problem("list-moved")
    rungs: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for n, (column, down) in enumerate(order):
        value = sa.literal(row[f"k{n}"], column.type)
        rungs.append(sa.and_(*equal, column < value if down else column > value))
        equal.append(column == value)
    first, down = order[0]
    value = sa.literal(row["k0"], first.type)
    # Says no more than the rungs do, in the form that an index can begin at.
    return sa.and_(first <= value if down else first >= value, sa.or_(*rungs))


# --- what a list holds --------------------------------------------------------------------------


def waiting(asked_of: str) -> sa.ColumnElement[bool]:
    """Open cases that nobody holds: an open case is either scheduled or in progress."""
    held = sa.select(workitems.c.request_id).where(
        workitems.c.provider_id == asked_of,
        workitems.c.state == workitem.State.IN_PROGRESS.value,
    )
    return sa.and_(R.state == request.State.OPEN.value, R.id.not_in(held))


def kept(
    asked_of: str, since: datetime, *, whose: str | None = None, own: bool | None = None
) -> sa.ColumnElement[bool]:
    """Cases kept for somebody who has not begun: for one person, or for anybody.

    `since` is the moment before which reservations have lapsed; `own` asks for what readers
    reserved themselves, or for the other assignments only. The rule is `core.is_kept_for`.
    """
    w = workitems.c
    himself = w.scheduled_by == By.SELF.value
    rules: list[sa.ColumnElement[bool]] = [
        w.provider_id == asked_of,
        w.state == workitem.State.SCHEDULED.value,
        w.scheduled_performer_at.is_not(None),
        sa.or_(sa.not_(himself), w.scheduled_performer_at > since),
    ]
    if own is not None:
        rules.append(himself if own else sa.not_(himself))
    if whose is not None:
        rules.append(w.scheduled_performer_id == whose)
    return R.id.in_(sa.select(w.request_id).where(*rules))


def of_person(asked_of: str, since: datetime, person_id: str) -> sa.ColumnElement[bool]:
    """Open cases that somebody has: claimed, or kept for them."""
    w = workitems.c
    claimed = sa.select(w.request_id).where(
        w.provider_id == asked_of,
        w.state == workitem.State.IN_PROGRESS.value,
        w.performer_id == person_id,
    )
    return sa.and_(
        R.state == request.State.OPEN.value,
        sa.or_(R.id.in_(claimed), kept(asked_of, since, whose=person_id)),
    )


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a saved filter asks for; what is empty asks for nothing. Times are absolute by now."""

    services: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    submitted_from: datetime | None = None
    due_until: datetime | None = None
    overdue_at: datetime | None = None
    critical: bool = False
    text: str = ""
    among: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Name the columns that hold one of several values."""
        lists = {
            "service": self.services,
            "urgency": self.urgencies,
            "requester_id": self.requesters,
            "modality": self.modalities,
            "body_part": self.body_parts,
        }
        object.__setattr__(self, "among", {name: v for name, v in lists.items() if v})


def fitting(asked: Conditions) -> sa.ColumnElement[bool]:
    """The rows of `requests` that fit all conditions."""
    rules: list[sa.ColumnElement[bool]] = [R[name].in_(v) for name, v in asked.among.items()]
    if asked.submitted_from is not None:
        rules.append(R.submitted_at >= asked.submitted_from)
    if asked.due_until is not None:
        rules.append(R.due_at <= asked.due_until)
    if asked.overdue_at is not None:
        rules.append(R.due_at < asked.overdue_at)
    if asked.critical:
        rules.append(sa.exists().where(critical_notices.c.request_id == R.id).correlate(cases))
    if asked.text:
        rules.append(requests.matches(asked.text))
    return sa.and_(sa.true(), *rules)


# --- counts -------------------------------------------------------------------------------------


def tally(tx: Tx, where: sa.ColumnElement[bool]) -> dict[str, dict[str, int]]:
    """How many cases of each service and urgency fit."""
    query = (
        sa.select(R.service, R.urgency, sa.func.count().label("n"))
        .where(where)
        .group_by(R.service, R.urgency)
    )
    found: dict[str, dict[str, int]] = {}
    for row in tx.all(query):
        found.setdefault(row["service"], {})[row["urgency"]] = row["n"]
    return found


def counts(
    tx: Tx, base: sa.ColumnElement[bool], lists: Mapping[str, sa.ColumnElement[bool]]
) -> dict[str, int]:
    """How many cases of `base` each list has: one statement, in which each goes by an index of its
    own."""
    each = (
        sa.select(sa.func.count())
        .select_from(cases)
        .where(base, where)
        .scalar_subquery()
        .label(name)
        for name, where in lists.items()
    )
    return dict(tx.one(sa.select(*each)) or {})


def among(tx: Tx, base: sa.ColumnElement[bool], ids: Collection[str]) -> frozenset[str]:
    """Which of these cases `base` holds."""
    if not ids:
        return frozenset()
    return frozenset(r["id"] for r in tx.all(sa.select(R.id).where(base, R.id.in_(sorted(ids)))))


def counted(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of some services' counts: in all, pressing (urgent and stat), and stat."""
    by = {"total": 0, "pressing": 0, "stat": 0}
    for each in found:
        stat = each.get("stat", 0)
        by["total"] += sum(each.values())
        by["pressing"] += stat + each.get("urgent", 0)
        by["stat"] += stat
    return by
