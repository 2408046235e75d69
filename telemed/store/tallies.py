"""The counted facts, one row each, and what they add up to, kept beside the log they came from.

Three tables of one truth: the entries; their sums by month, indicator, institution on a side and
service; and the measured times with what reversals left of them. All are written in the
transaction that moves the follower's bookmark. A question for a number reads sums and times, a
question for its cases reads entries; one about a single urgency, which the sums do not know, adds
the entries up as it asks. Who may ask is not known here: callers pass the predicate.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from telemed.core.tally import Entry, Spread, rank_of
from telemed.store.columns import Big
from telemed.store.log import take_bookmark
from telemed.store.tables import tally_entries, tally_sums, tally_times
from telemed.store.tx import Row, Tx

FOLLOWER = "tallies"
"""The name of the bookmark up to which these entries speak."""

SIDES = ("requester", "provider")
Predicate = sa.ColumnElement[bool]

_COLUMNS = {f.name: f.name for f in fields(Entry)} | {
    "requester": "requester_id",
    "provider": "provider_id",
}
_FIELDS = attrgetter(*_COLUMNS)
T = tally_entries.c
_ENTRIES = sa.select(*(T[column] for column in _COLUMNS.values()))


# --- keeping ------------------------------------------------------------------------------------


def add(tx: Tx, entries: Iterable[Entry]) -> int:
    """Keep entries and add them up; how many were new. A replayed one is left as it is.

    The caller holds the follower's bookmark, so nobody else adds meanwhile.
    """
    new = _unknown(tx, entries)
    if new:
        tx.insert(tally_entries, [_row(e) for e in new])
        tx.add_up(tally_sums, _sums_of(new), "weight")
        tx.add_up(tally_times, _times_of(new), "weight")
    return len(new)


def _unknown(tx: Tx, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that are not kept yet, each once, in log order."""
    by_name = {(e.seq, e.part): e for e in entries}
    if not by_name:
        return []
    names = sorted(by_name)
    kept = tx.rows(sa.select(T.seq, T.part).where(T.seq.between(names[0][0], names[-1][0])))
    known = {(seq, part) for seq, part in kept}
    return [by_name[name] for name in names if name not in known]


def _sums_of(entries: Iterable[Entry]) -> list[Row]:
    sums: Counter[tuple[str, ...]] = Counter()
    for e in entries:
        sums["requester", e.month, e.indicator, e.requester, e.service] += e.weight
        sums["provider", e.month, e.indicator, e.provider, e.service] += e.weight
    names = ("side", "month", "indicator", "institution_id", "service")
    return [{**dict(zip(names, key, strict=True)), "weight": n} for key, n in sums.items()]


def _times_of(entries: Iterable[Entry]) -> list[Row]:
    times: Counter[tuple[str | float, ...]] = Counter()
    for e in entries:
        if e.value is not None:
            name = (e.indicator, e.month, e.value, e.request_id, e.service, e.requester, e.provider)
            times[name] += e.weight
    names = [column.name for column in tally_times.primary_key]
    return [{**dict(zip(names, key, strict=True)), "weight": n} for key, n in times.items()]


def _sum(weight: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Whole on both databases: PostgreSQL's sum of 64 bits is a decimal."""
    return sa.cast(sa.func.sum(weight), Big)


def _row(entry: Entry) -> Row:
    return dict(zip(_COLUMNS.values(), _FIELDS(entry), strict=True))


# --- the numbers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the tally: a side, months, indicators, one service or all, one urgency or
    all."""

    side: str
    months: Collection[str]
    indicators: Collection[str]
    service: str | None = None
    urgency: str | None = None


Allowed = Callable[[sa.ColumnElement[Any]], Predicate]
"""The rows a viewer may count, given the column of the institution on the asked side."""


def sums(tx: Tx, wanted: Wanted, allowed: Allowed, by: str) -> list[tuple[str, str, str, int]]:
    """Month, indicator, group and weight; `by` is institution_id or service."""
    c = _sums(wanted).c
    group = (c.month, c.indicator, c[by])
    query = (
        sa.select(*group, _sum(c.weight))
        .where(c.side == wanted.side, c.month.in_(sorted(wanted.months)))
        .where(c.indicator.in_(sorted(wanted.indicators)), allowed(c.institution_id))
        .group_by(*group)
    )
    if wanted.service is not None:
        query = query.where(c.service == wanted.service)
    return [(month, code, name, int(n)) for month, code, name, n in tx.rows(query)]


def times(
    tx: Tx, wanted: Wanted, allowed: Allowed, by: str
) -> Iterable[tuple[str, str, str, float, int]]:
    """Month, indicator, group, seconds and how often, ascending in seconds within the first two."""
    kept = _times(wanted)
    c = kept.c
    group = c.service if by == "service" else c[f"{wanted.side}_id"]
    query = sa.select(c.month, c.indicator, group, c.value, c.weight)
    ordered = _timed(query, kept, wanted, allowed).order_by(c.indicator, c.month, c.value)
    return ((month, code, name, value, n) for month, code, name, value, n in tx.rows(ordered))


def spreads(tx: Tx, wanted: Wanted, allowed: Allowed) -> dict[tuple[str, str], Spread]:
    """The spread of all groups together by month and indicator; none where nothing was measured.

    The database counts, and then along the ordered times to the asked ranks, so two years of a
    whole region come as a hundred rows. The ranks are those of `core.tally.rank_of`.
    """
    kept = _times(wanted)
    c = kept.c
    counted = sa.select(c.month, c.indicator, _sum(c.weight), sa.func.max(c.weight))
    counts = list(tx.rows(_timed(counted, kept, wanted, allowed).group_by(c.indicator, c.month)))
    found: dict[tuple[str, str], Spread] = {}
    for month, code, total, most in counts:
        one = replace(wanted, months=(month,), indicators=(code,))
        measured, ask = int(total), _at_rank if most == 1 else _at_rank_weighed
        ranks = (rank_of(measured, percent) for percent in (50, 90))
        found[month, code] = Spread(measured, *(ask(tx, one, allowed, k, measured) for k in ranks))
    return found


def _at_rank(tx: Tx, wanted: Wanted, allowed: Allowed, rank: int, measured: int) -> float:
    """The value at a rank where every time counts once, counted from the nearer end."""
    kept = _times(wanted)
    c = kept.c
    query = _timed(sa.select(c.value), kept, wanted, allowed).limit(1)
    if rank <= measured // 2:
        query = query.order_by(c.value).offset(rank - 1)
    else:
        query = query.order_by(c.value.desc()).offset(measured - rank)
    return float(tx.scalar(query))


def _at_rank_weighed(tx: Tx, wanted: Wanted, allowed: Allowed, rank: int, measured: int) -> float:
    """The value at a rank where some case was measured to the same value more than once."""
    kept = _times(wanted)
    c = kept.c
    seen = 0
    for value, weight in tx.rows(
        _timed(sa.select(c.value, c.weight), kept, wanted, allowed).order_by(c.value)
    ):
        seen += weight
        if seen >= rank:
            return float(value)
    raise ValueError(f"rank {rank} of {measured}: the times changed while they were read")


def _timed(
    query: sa.Select[Any], kept: sa.FromClause, wanted: Wanted, allowed: Allowed
) -> sa.Select[Any]:
    """The times that reversals have left, of the wanted part."""
    c = kept.c
    query = query.where(
        c.indicator.in_(sorted(wanted.indicators)),
        c.month.in_(sorted(wanted.months)),
        c.weight > 0,
        allowed(c[f"{wanted.side}_id"]),
    )
    return query if wanted.service is None else query.where(c.service == wanted.service)


def _sums(wanted: Wanted) -> sa.FromClause:
    """What `tally_sums` holds; of one urgency its part, from the wanted entries."""
    if wanted.urgency is None:
        return tally_sums
    side = sa.literal(wanted.side).label("side")
    place = T[f"{wanted.side}_id"].label("institution_id")
    return _of_urgency(sa.select(side, T.month, T.indicator, place, T.service, T.weight), wanted)


def _times(wanted: Wanted) -> sa.FromClause:
    """What `tally_times` holds; of one urgency its part, from the wanted entries.

    A reversal has the urgency of what it takes back, so what is left of a time is the same here.
    """
    if wanted.urgency is None:
        return tally_times
    named = [T[column.name] for column in tally_times.primary_key]
    timed = sa.select(*named, _sum(T.weight).label("weight")).group_by(*named)
    return _of_urgency(timed.where(T.value.is_not(None)), wanted)


def _of_urgency(query: sa.Select[Any], wanted: Wanted) -> sa.FromClause:
    if wanted.urgency != "routine":
        # In the words of the partial index: a bound value is not known when an index is chosen.
        query = query.where(T.urgency != sa.literal_column("'routine'"))
    return query.where(
        T.urgency == wanted.urgency,
        T.indicator.in_(sorted(wanted.indicators)),
        T.month.in_(sorted(wanted.months)),
    ).subquery()


def counted_months(tx: Tx, wanted: Wanted, allowed: Allowed) -> set[str]:
    """Those of the wanted months in which anything was counted, of whatever urgency."""
    c = tally_sums.c
    query = sa.select(c.month).distinct().where(c.month.in_(sorted(wanted.months)))
    query = query.where(c.side == wanted.side, allowed(c.institution_id))
    if wanted.service is not None:
        query = query.where(c.service == wanted.service)
    return {str(month) for (month,) in tx.rows(query)}


def first_month(tx: Tx, wanted: Wanted, allowed: Allowed) -> str | None:
    """The first month with anything counted on a side that a viewer may count, or None.

    Of whatever urgency: from then on none of one urgency is zero, not missing.
    """
    c = tally_sums.c
    query = sa.select(sa.func.min(c.month)).where(c.side == wanted.side, allowed(c.institution_id))
    if wanted.service is not None:
        query = query.where(c.service == wanted.service)
    month = tx.scalar(query)
    return None if month is None else str(month)


# --- the facts behind a number ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """So many facts after the one named `(seq, part)`."""

    after: tuple[int, int] = (0, 0)
    size: int = 100


def facts(tx: Tx, wanted: Wanted, allowed: Allowed, page: Page) -> list[Entry]:
    """Counted facts of the wanted part in the log's order, a page of them.

    Each indicator of each month is asked for by itself: its facts lie in the index in this order,
    and a page of them costs a page, however many there are.
    """
    beyond = sa.tuple_(T.seq, T.part) > sa.tuple_(*page.after)
    query = _ENTRIES.where(beyond, allowed(T[f"{wanted.side}_id"])).order_by(T.seq, T.part)
    if wanted.service is not None:
        query = query.where(T.service == wanted.service)
    if wanted.urgency is not None:
        query = query.where(T.urgency == wanted.urgency)
    found = [
        Entry(*row)
        for code in wanted.indicators
        for month in wanted.months
        for row in tx.rows(query.where(T.indicator == code, T.month == month).limit(page.size))
    ]
    return sorted(found, key=lambda e: (e.seq, e.part))[: page.size]


@dataclass(frozen=True, slots=True)
class Listed:
    """The entries of one indicator that a file lists: of a month, on sides, up to a fact of the
    log, of one urgency or all."""

    month: str
    indicator: str
    sides: Collection[str]
    until: int
    urgency: str | None = None


def listed(
    tx: Tx, wanted: Listed, allowed: Allowed, page: Page
) -> list[tuple[Entry, frozenset[str]]]:
    """A page of entries in the log's order, each with the sides on which it may be counted."""
    marks = [sa.case((allowed(T[f"{side}_id"]), 1), else_=0) for side in wanted.sides]
    query = sa.select(*_ENTRIES.selected_columns, *marks).where(*_listed(wanted, allowed))
    query = query.where(sa.tuple_(T.seq, T.part) > sa.tuple_(*page.after))
    width = len(_COLUMNS)
    return [
        (
            Entry(*row[:width]),
            frozenset(side for side, on in zip(wanted.sides, row[width:], strict=True) if on),
        )
        for row in tx.rows(query.order_by(T.seq, T.part).limit(page.size))
    ]


def how_many(tx: Tx, wanted: Listed, allowed: Allowed) -> int:
    """How many entries `listed` lists in all."""
    query = sa.select(sa.func.count()).select_from(tally_entries)
    return int(tx.scalar(query.where(*_listed(wanted, allowed))))


def _listed(wanted: Listed, allowed: Allowed) -> list[Predicate]:
    rules = [
        T.indicator == wanted.indicator,
        T.month == wanted.month,
        T.seq <= wanted.until,
        sa.or_(*(allowed(T[f"{side}_id"]) for side in wanted.sides)),
    ]
    return rules if wanted.urgency is None else [*rules, T.urgency == wanted.urgency]


# --- the proof ----------------------------------------------------------------------------------


def between(tx: Tx, after: int, last: int | None, limit: int | None = None) -> list[Entry]:
    """The entries of the facts after one up to another (or the end), in log order."""
    query = _ENTRIES.where(_window(after, last)).order_by(T.seq, T.part).limit(limit)
    return [Entry(*row) for row in tx.rows(query)]


def replace_between(tx: Tx, after: int, last: int | None, entries: Iterable[Entry]) -> int:
    """Put entries in the place of a window's, without adding up; how many were there."""
    gone = tx.execute(sa.delete(tally_entries).where(_window(after, last))).rowcount
    tx.insert(tally_entries, [_row(e) for e in entries])
    return gone


def _window(after: int, last: int | None) -> Predicate:
    return T.seq > after if last is None else sa.and_(T.seq > after, T.seq <= last)


def months(tx: Tx) -> list[str]:
    """Every month with an entry or a sum, in order."""
    columns = (T.month, tally_sums.c.month, tally_times.c.month)
    return sorted({row[0] for column in columns for row in tx.rows(sa.select(column).distinct())})


def adds_up(tx: Tx, month: str) -> bool:
    """Whether the month's sums and times are what its entries add up to, row for row."""
    return all(
        tx.execute(sa.except_(one, other).limit(1)).first() is None
        for table, fresh in _added_up(month)
        for kept in [sa.select(table).where(table.c.month == month)]
        for one, other in ((kept, fresh), (fresh, kept))
    )


def add_up_anew(tx: Tx, month: str) -> None:
    """Make the month's sums and times from its entries again."""
    take_bookmark(tx, FOLLOWER)  # a follower that adds to the month holds it too
    for table in (tally_sums, tally_times):
        tx.execute(sa.delete(table).where(table.c.month == month))
    for table, fresh in _added_up(month):
        tx.execute(sa.insert(table).from_select(list(table.c), fresh))


def _added_up(month: str) -> list[tuple[sa.Table, sa.Select[Any]]]:
    """What the entries of a month add up to, in the tables' own columns."""
    one_side = [
        sa.select(
            sa.literal(side).label("side"),
            T.month,
            T.indicator,
            T[f"{side}_id"].label("institution_id"),
            T.service,
            _sum(T.weight).label("weight"),
        )
        .where(T.month == month)
        .group_by(T.month, T.indicator, T[f"{side}_id"], T.service)
        for side in SIDES
    ]
    named = [T[column.name] for column in tally_times.primary_key]
    timed = sa.select(*named, _sum(T.weight).label("weight"))
    timed = timed.where(T.month == month, T.value.is_not(None)).group_by(*named)
    return [(tally_sums, sa.select(sa.union_all(*one_side).subquery())), (tally_times, timed)]
