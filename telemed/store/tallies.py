"""Tally entries: the counted facts, one row each, kept beside the log they were folded from."""

from collections.abc import Iterable
from dataclasses import fields

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


def add(tx: Tx, entries: Iterable[Entry]) -> None:
    """Keep entries; those already there (a replay) are left as they are."""
    tx.insert_missing(tally_entries, [_row(e) for e in entries])


def clear(tx: Tx) -> None:
    """Forget every entry, to fold the log anew."""
    tx.execute(sa.delete(tally_entries))


def everything(tx: Tx) -> list[Entry]:
    """All entries in log order."""
    return _entries(tx, sa.select(tally_entries).order_by(T.seq, T.part))


def of_months(tx: Tx, months: Iterable[str], where: sa.ColumnElement[bool]) -> list[Entry]:
    """The entries of some months that a viewer may count."""
    return _entries(tx, sa.select(tally_entries).where(T.month.in_(list(months)), where))


def _entries(tx: Tx, query: sa.Select[tuple[object, ...]]) -> list[Entry]:
    return [
        Entry(**{name: row[column] for name, column in _COLUMNS.items()}) for row in tx.all(query)
    ]


def _row(entry: Entry) -> Row:
    return {column: getattr(entry, name) for name, column in _COLUMNS.items()}
