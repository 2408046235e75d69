"""The activity log: append in commit order, read since, bookmarks.

`seq` is taken under a lock that is held until commit (BEGIN IMMEDIATE on SQLite, an advisory lock
on PostgreSQL), so whoever has read up to n will never find a smaller number later. At a network's
rate (a few facts a second) serialising appends costs nothing that matters.
"""

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from telemed.core.activity import Activity, Fact, Kind
from telemed.store.tables import activities, bookmarks
from telemed.store.tx import Row, Tx, given, once

LOCK = 0x7E1E
_TAKE_LOCK = sa.select(sa.func.pg_advisory_xact_lock(LOCK))
_PARTIES = ("party_a", "party_b", "party_c")
_FIELDS = tuple(f.name for f in fields(Activity) if f.name != "parties")
_PARTY = len(_FIELDS)
_BY_POSITION = sa.select(*(activities.c[name] for name in (*_FIELDS, *_PARTIES)))
_AFTER = (
    _BY_POSITION.where(activities.c.seq > sa.bindparam("after"))
    .order_by(activities.c.seq)
    .limit(sa.bindparam("most"))
)
_HEAD = once(sa.select(sa.func.coalesce(sa.func.max(activities.c.seq), 0)))


def append(tx: Tx, facts: Iterable[Fact]) -> list[Activity]:
    """Write facts at the end of the log, in order."""
    pending = list(facts)
    if not pending:
        return []
    if tx.log_head is None:
        if not tx.sqlite:
            tx.execute(_TAKE_LOCK)
        tx.log_head = head(tx)
    rows = [_row(tx.log_head + 1 + i, fact) for i, fact in enumerate(pending)]
    tx.insert(activities, rows)
    tx.log_head += len(rows)
    return [_activity(row) for row in rows]


def head(tx: Tx) -> int:
    """The last sequence number, 0 when the log is empty."""
    return int(tx.scalar(_HEAD))


def since(
    tx: Tx, seq: int, limit: int = 1000, where: sa.ColumnElement[bool] | None = None
) -> list[Activity]:
    """Up to `limit` activities after `seq`, oldest first."""
    query = sa.select(activities).where(activities.c.seq > seq)
    if where is not None:
        query = query.where(where)
    return [_activity(r) for r in tx.all(query.order_by(activities.c.seq).limit(limit))]


def following(tx: Tx, seq: int, limit: int) -> list[Activity]:
    """`since` without a condition: the question that every server asks at every ring."""
    return [_activity(row) for row in tx.all(_AFTER, after=seq, most=limit)]


def between(tx: Tx, after: int, last: int, kinds: Collection[str] | None) -> list[Activity]:
    """The activities after one up to another, of some kinds or of all, oldest first."""
    named = None if kinds is None else tuple(sorted(kinds))
    rows = tx.rows(_between(named), after=after, last=last)
    return [_by_position(*row) for row in rows]


@cache
def _between(kinds: tuple[str, ...] | None) -> sa.Select[Any]:
    seq = activities.c.seq
    query = _BY_POSITION.where(seq > sa.bindparam("after"), seq <= sa.bindparam("last"))
    if kinds is not None:
        query = query.where(activities.c.kind.in_([sa.literal(kind) for kind in kinds]))
    return query.order_by(seq)


def _by_position(*row: Any) -> Activity:
    parties = tuple(party for party in row[_PARTY:] if party is not None)
    return Activity(*(*row[:_PARTY], parties))


def of_request(tx: Tx, request_id: str, kinds: Collection[Kind] | None = None) -> list[Activity]:
    """A case's facts, of some kinds or of all, oldest first. `kinds` is a constant of the rules."""
    named = None if kinds is None else tuple(sorted(kinds))
    return [_activity(row) for row in tx.all(_of_request(named), request_id=request_id)]


@cache
def _of_request(kinds: tuple[str, ...] | None) -> sa.Select[Any]:
    query = sa.select(activities).where(activities.c.request_id == given(activities.c.request_id))
    if kinds is not None:
        query = query.where(sa.or_(*(activities.c.kind == kind for kind in kinds)))
    return query.order_by(activities.c.seq)


def told(tx: Tx, kind: Kind, party: str, at: datetime | None = None) -> list[Activity]:
    """The facts of a kind of which an institution is the first party; of one moment, or all."""
    c = activities.c
    here = sa.and_(c.party_a == party, c.kind == kind.value)
    if at is not None:
        here = sa.and_(here, c.at == at)
    return [_activity(row) for row in tx.all(sa.select(activities).where(here).order_by(c.seq))]


def concerns(institution_id: str) -> sa.ColumnElement[bool]:
    """Facts of which the institution is a party."""
    parties = (activities.c.party_a, activities.c.party_b, activities.c.party_c)
    return sa.or_(*(party == institution_id for party in parties))


def bookmark(tx: Tx, follower: str) -> int:
    """How far a follower has come."""
    found = tx.find(bookmarks, follower=follower)
    return 0 if found is None else int(found["seq"])


def take_bookmark(tx: Tx, follower: str) -> int:
    """`bookmark`, in turn: every server process follows, and one moves it at a time."""
    tx.take_turn(f"follower {follower}")
    return bookmark(tx, follower)


def move_bookmark(tx: Tx, follower: str, seq: int) -> None:
    """Set a follower's bookmark, in the transaction of what it did."""
    if not tx.change(bookmarks, {"follower": follower}, {"seq": seq}):
        tx.insert(bookmarks, {"follower": follower, "seq": seq})


def _row(seq: int, fact: Fact) -> Row:
    parties = (*fact.parties, None, None, None)
    return {
        "seq": seq,
        "kind": fact.kind.value,
        "at": fact.at,
        "actor_id": fact.actor_id,
        "institution_id": fact.institution_id,
        "party_a": parties[0],
        "party_b": parties[1],
        "party_c": parties[2],
        "request_id": fact.request_id,
        "study_id": fact.study_id,
        "report_id": fact.report_id,
        "data": dict(fact.data or {}),
    }


def _activity(row: Row) -> Activity:
    parties = tuple(row[p] for p in _PARTIES if row[p] is not None)
    return Activity(
        seq=row["seq"],
        kind=row["kind"],
        at=row["at"],
        actor_id=row["actor_id"],
        institution_id=row["institution_id"],
        request_id=row["request_id"],
        study_id=row["study_id"],
        report_id=row["report_id"],
        data=row["data"],
        parties=parties,
    )


def all_bookmarks(tx: Tx) -> dict[str, int]:
    """Every follower's bookmark."""
    return {row["follower"]: row["seq"] for row in tx.all(sa.select(bookmarks))}
