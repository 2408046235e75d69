"""Tally entries: the counted facts, one row each, kept beside the log they were folded from."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from telemed.core.tally import Entry
from telemed.store.tables import tally_entries
from telemed.store.tx import Row, Tx

FOLLOWER = "tallies"
"""The name of the bookmark up to which these entries speak."""

_COLUMNS = {f.name: f.name for f in fields(Entry)} | {
    "requester": "requester_id",
    "provider": "provider_id",
}
T = tally_entries.c
_ENTRIES = sa.select(*(T[column] for column in _COLUMNS.values()))


def add(tx: Tx, entries: Iterable[Entry]) -> None:
    """Keep entries; those already there (a replay) are left as they are."""
    tx.insert_missing(tally_entries, [_row(e) for e in entries])


def clear(tx: Tx) -> None:
    """Forget every entry, to fold the log anew."""
    tx.execute(sa.delete(tally_entries))


def everything(tx: Tx) -> list[Entry]:
    """All entries in log order."""
    return _entries(tx, _ENTRIES.order_by(T.seq, T.part))


def of_months(tx: Tx, months: Iterable[str], where: sa.ColumnElement[bool]) -> list[Entry]:
    """The entries of some months that a viewer may count."""
    return _entries(tx, _ENTRIES.where(T.month.in_(list(months)), where))


def first_month(tx: Tx, where: sa.ColumnElement[bool]) -> str | None:
    """The first month with an entry that a viewer may count, or None."""
    month = tx.scalar(sa.select(sa.func.min(T.month)).where(where))
    return None if month is None else str(month)


def _entries(tx: Tx, query: sa.Select[Any]) -> list[Entry]:
    # By position: a month of the whole region is tens of thousands of rows, and a mapping for
    # each costs more than the query.
    return [_entry(row) for row in tx.execute(query)]


def _entry(columns: Iterable[Any]) -> Entry:
    return Entry(*columns)


def _row(entry: Entry) -> Row:
    return {column: getattr(entry, name) for name, column in _COLUMNS.items()}
