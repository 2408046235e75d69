"""A desk's lists in SQL: what each holds, how it is sorted and cut into pages, how it is counted.

Every question holds the visibility rule of whoever looks. Pages follow the last row seen, not a
number of rows, so that rows which come or go meanwhile are neither skipped nor shown twice. Each
list is a statement that is built once for each way of asking; what is asked of is a parameter.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemed.core import request, workitem
from telemed.core.assignment import By
from telemed.core.errors import Problem
from telemed.core.worklist import ISSUED
from telemed.store import requests
from telemed.store.access import Given, Sight, unindexed
from telemed.store.columns import UtcTime
from telemed.store.tables import critical_notices, institutions, patients, workitems
from telemed.store.tables import requests as cases
from telemed.store.tx import Row, Tx

R = cases.c
PLACE: Final = sa.bindparam("place", type_=sa.Text())
KEPT_SINCE: Final = sa.bindparam("kept_since", type_=UtcTime())
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


@dataclass(frozen=True, slots=True)
class Base:
    """The cases a desk is about: those asked of its institution that whoever looks may see, of so
    many services; None for all of them. `reads` says whether who looks takes cases themselves.

    Parameters: those of `sight`, `place`, and the services' codes.
    """

    sight: Sight
    services: int | None
    reads: bool

    def rule(self, ids: int = 0) -> sa.ColumnElement[bool]:
        """It as a condition on `requests`; of so many that are named, if any are."""
        place = unindexed(R.provider_id) if ids else R.provider_id
        rules = [self.sight.answering(named=ids > 0), place == PLACE]
        if ids:
            rules.append(R.id.in_([sa.bindparam(f"id_{n}", type_=sa.Text()) for n in range(ids)]))
        if self.services is not None:
            codes = [sa.bindparam(name, type_=sa.Text()) for name in service_names(self.services)]
            rules.append(R.service.in_(codes) if codes else sa.false())
        return sa.and_(*rules)


def service_names(count: int) -> list[str]:
    """The parameters of a base's services."""
    return [f"service_{number}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Asked:
    """One list of a desk, of one person's cases or everybody's, narrowed by conditions.

    A tab that names its cases has so many `ids`: as many as `id_values` gives parameters.
    """

    base: Base
    tab: str
    fits: "Fits" = ()
    of_person: bool = False
    ids: int = 0

    def rule(self) -> sa.ColumnElement[bool]:
        """It as a condition on `requests`."""
        rules = [self.base.rule(self.ids), fitting(self.fits)]
        if self.tab not in NAMED:
            rules.append(tab_rule(self.base, self.tab))
        if self.of_person:
            rules.append(of_person(PLACE, KEPT_SINCE, sa.bindparam("person", type_=sa.Text())))
        return sa.and_(*rules)


def page(tx: Tx, asked: Asked, values: Row, sort: Sort, limit: int, after: str | None) -> list[Row]:
    """The rows behind the row `after`, dressed for a list.

    `after` is looked up among the cases asked of the institution: where a stranger's row would
    stand in one's own list is nobody's to find out. Problem("list-moved") when it is not there.
    """
    found = {**values, "most": limit}
    if after is not None:
        found |= _place_of(tx, sort, after, values["place"])
    chosen = tx.ask(_page, (asked, sort, after is not None), found)
    return requests.dressed(tx, [row["id"] for row in chosen])


def _page(shape: tuple[Asked, Sort, bool]) -> sa.Select[Any]:
    asked, sort, behind = shape
    order = _order(sort)
    where = sa.and_(asked.rule(), _behind(order)) if behind else asked.rule()
    by = [column.desc() if down else column.asc() for column, down in order]
    most = sa.bindparam("most", type_=sa.Integer())
    return sa.select(R.id).where(where).order_by(*by).limit(most)


Order = Sequence[tuple[sa.ColumnElement[Any], bool]]


def _order(sort: Sort) -> Order:
    return [*((KEYS[key], down) for key, down in sort), (R.id, False)]


def _place_of(tx: Tx, sort: Sort, after: str, place: str) -> Row:
    """The values by which a row is sorted, of this moment."""
    rows = tx.ask(_values_of, sort, {"after": after, "place": place})
    if not rows or any(value is None for value in rows[0].values()):
        raise Problem("list-moved")
    return rows[0]


def _values_of(sort: Sort) -> sa.Select[Any]:
    columns = [column.label(f"k{n}") for n, (column, _) in enumerate(_order(sort))]
    after = sa.bindparam("after", type_=sa.Text())
    return sa.select(*columns).where(R.id == after, R.provider_id == PLACE)


def _behind(order: Order) -> sa.ColumnElement[bool]:
    """Rows that sort behind one, by its values."""
    rungs: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    values = [sa.bindparam(f"k{n}", type_=column.type) for n, (column, _) in enumerate(order)]
    for value, (column, down) in zip(values, order, strict=True):
        rungs.append(sa.and_(*equal, column < value if down else column > value))
        equal.append(column == value)
    first, down = order[0]
    # Says no more than the rungs do, in the form that an index can begin at.
    return sa.and_(first <= values[0] if down else first >= values[0], sa.or_(*rungs))


# --- what a list holds --------------------------------------------------------------------------


def waiting(asked_of: Given[str]) -> sa.ColumnElement[bool]:
    """Open cases that nobody holds: an open case is either scheduled or in progress."""
    held = sa.select(workitems.c.request_id).where(
        workitems.c.provider_id == asked_of,
        workitems.c.state == workitem.State.IN_PROGRESS.value,
    )
    return sa.and_(R.state == request.State.OPEN.value, R.id.not_in(held))


def kept(
    asked_of: Given[str],
    since: Given[datetime],
    *,
    whose: Given[str] | None = None,
    own: bool | None = None,
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


def of_person(
    asked_of: Given[str], since: Given[datetime], person_id: Given[str]
) -> sa.ColumnElement[bool]:
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


NAMED: Final = frozenset({"mine", "aside", "held", "verify", "check"})
"""Tabs whose cases are looked up first and named."""


def id_values(ids: Collection[str]) -> dict[str, str]:
    """The parameters of a list that names its cases.

    Each is one of its own, as SQLite likes it; the last is repeated up to a power of two, so that a
    few statements do.
    """
    named = sorted(ids) or [""]
    named += [named[-1]] * ((1 << (len(named) - 1).bit_length()) - len(named))
    return {f"id_{number}": each for number, each in enumerate(named)}


def tab_rule(base: Base, name: str) -> sa.ColumnElement[bool]:
    """A tab of a desk that names no cases, as a condition on `requests`.

    Parameters: `place`, `kept_since`, `whose` (the person who looks), `soon` and `day`. `kept` is
    no tab of its own: what is in the pool and kept for whoever looks.
    """
    return _tabs(base.reads)[name]


@cache
def _tabs(reads: bool) -> dict[str, sa.ColumnElement[bool]]:
    is_open = R.state == request.State.OPEN.value
    answered = (request.State.ANSWERED, request.State.CONFIRMED)
    # Parameters of their own: a list in one would be spelled out anew at each execution.
    issued = R.state.in_([sa.literal(state.value) for state in answered])
    whose = sa.bindparam("whose", type_=sa.Text()) if reads else None
    waits, aside = waiting(PLACE), kept(PLACE, KEPT_SINCE)
    # What is kept for oneself stands in a list of its own, what is for others says so here.
    pool = sa.and_(waits, sa.not_(kept(PLACE, KEPT_SINCE, whose=whose))) if reads else waits
    free = sa.and_(waits, sa.not_(aside))
    moment = partial(sa.bindparam, type_=R.due_at.type)
    return {
        "pool": pool,
        "assigned": sa.and_(is_open, kept(PLACE, KEPT_SINCE, whose=whose, own=False)),
        "reserved": sa.and_(is_open, kept(PLACE, KEPT_SINCE, whose=whose, own=True)),
        "open": is_open,
        "free": free,
        "kept": sa.and_(pool, sa.not_(free)),
        "danger": sa.and_(is_open, R.due_at <= moment("soon")),
        "returned": R.state == request.State.RETURNED.value,
        "done": sa.and_(issued, R.issued_at >= moment("day")),
        "archive": issued,
    }


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

    @property
    def fits(self) -> "Fits":
        """What is asked for, without the values; each list by how long it is."""
        lists = [(name, len(held)) for name, held in self._among().items() if held]
        others = [(name, 0) for name in _OTHERS if getattr(self, name)]
        return (*lists, *others)

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of `fitting`."""
        found = {
            f"{name}_is_{n}": value
            for name, held in self._among().items()
            for n, value in enumerate(held)
        }
        times = {name: getattr(self, name) for name in _OTHERS if name not in ("critical", "text")}
        return {**found, **times, "text": requests.pattern_of(self.text)}

    def _among(self) -> dict[str, tuple[str, ...]]:
        """By column, the values of which it holds one."""
        return {
            "service": self.services,
            "urgency": self.urgencies,
            "requester_id": self.requesters,
            "modality": self.modalities,
            "body_part": self.body_parts,
        }


Fits: TypeAlias = tuple[tuple[str, int], ...]
_OTHERS: Final = ("submitted_from", "due_until", "overdue_at", "critical", "text")


def fitting(fits: "Fits") -> sa.ColumnElement[bool]:
    """The rows of `requests` that fit conditions of such a kind; their values are parameters."""
    moment = partial(sa.bindparam, type_=R.due_at.type)
    rules: list[sa.ColumnElement[bool]] = []
    for name, count in fits:
        if count:
            held = [sa.bindparam(f"{name}_is_{n}", type_=sa.Text()) for n in range(count)]
            rules.append(R[name].in_(held))
        elif name == "submitted_from":
            rules.append(R.submitted_at >= moment(name))
        elif name == "due_until":
            rules.append(R.due_at <= moment(name))
        elif name == "overdue_at":
            rules.append(R.due_at < moment(name))
        elif name == "critical":
            rules.append(sa.exists().where(critical_notices.c.request_id == R.id).correlate(cases))
        else:
            rules.append(requests.matching(sa.bindparam("text", type_=sa.Text())))
    return sa.and_(sa.true(), *rules)


# --- counts -------------------------------------------------------------------------------------


def tally(tx: Tx, where: sa.ColumnElement[bool]) -> dict[str, dict[str, int]]:
    """How many cases of each service and urgency fit."""
    return _sums(tx.all(_tally(where)))


def tally_of(tx: Tx, asked: Asked, values: Row) -> dict[str, dict[str, int]]:
    """How many cases of each service and urgency a list has."""
    return _sums(tx.ask(_tally_of, asked, values))


def _tally_of(asked: Asked) -> sa.Select[Any]:
    return _tally(asked.rule())


def _tally(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    count = sa.func.count().label("n")
    return sa.select(R.service, R.urgency, count).where(where).group_by(R.service, R.urgency)


def _sums(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["service"], {})[row["urgency"]] = row["n"]
    return found


def counts(tx: Tx, base: Base, tabs: tuple[str, ...], values: Row) -> dict[str, int]:
    """How many cases of `base` each tab has: one statement, in which each goes by an index of its
    own."""
    return dict(tx.ask(_counts, (base, tabs), values)[0])


def _counts(shape: tuple[Base, tuple[str, ...]]) -> sa.Select[Any]:
    base, tabs = shape
    rule = base.rule()
    each = (
        sa.select(sa.func.count())
        .select_from(cases)
        .where(rule, tab_rule(base, name))
        .scalar_subquery()
        .label(name)
        for name in tabs
    )
    return sa.select(*each)


def held_of(tx: Tx, base: Base, ids: Collection[str], values: Row) -> frozenset[str]:
    """Which of these cases `base` holds."""
    if not ids:
        return frozenset()
    named = id_values(ids)
    rows = tx.ask(_held_of, (base, len(named)), {**values, **named})
    return frozenset(row["id"] for row in rows)


def _held_of(shape: tuple[Base, int]) -> sa.Select[Any]:
    base, count = shape
    return sa.select(R.id).where(base.rule(count))


def counted(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of some services' counts: in all, pressing (urgent and stat), and stat."""
    by = {"total": 0, "pressing": 0, "stat": 0}
    for each in found:
        stat = each.get("stat", 0)
        by["total"] += sum(each.values())
        by["pressing"] += stat + each.get("urgent", 0)
        by["stat"] += stat
    return by
