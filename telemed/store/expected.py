"""Expected answer times in the database: rows in, rows out; what is likely is core's to say."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from telemed.store.expected_tables import expectations, expected_cells
from telemed.store.tables import requests
from telemed.store.tx import Row, Tx


def history(tx: Tx, cells: Collection[str]) -> dict[str, list[int]]:
    """What these cells have seen."""
    c = expected_cells.c
    return {row["cell"]: row["seen"] for row in tx.find_each(c.cell, cells, c.cell, c.seen)}


def marks(tx: Tx, cells: Collection[str]) -> dict[str, int]:
    """The last fact that each of these cells holds."""
    c = expected_cells.c
    return {row["cell"]: row["seq"] for row in tx.find_each(c.cell, cells, c.cell, c.seq)}


def remember(tx: Tx, seen: Mapping[str, Sequence[int]], seq: Mapping[str, int]) -> None:
    """Keep what these cells have seen now."""
    known = marks(tx, seen)
    for cell, seconds in seen.items():
        values = {"seen": list(seconds), "seq": seq[cell]}
        if cell in known:
            tx.change(expected_cells, {"cell": cell}, values)
        else:
            tx.insert(expected_cells, {"cell": cell, **values})


def expect(tx: Tx, row: Row) -> None:
    """Keep what was told of a case when it was sent; the last sending counts."""
    values = {key: value for key, value in row.items() if key != "request_id"}
    if not tx.change(expectations, {"request_id": row["request_id"]}, values):
        tx.insert(expectations, row)


def took(tx: Tx, request_id: str, seconds: int) -> None:
    """The answer came."""
    tx.change(expectations, {"request_id": request_id}, {"took": seconds})


def of_requests(tx: Tx, ids: Collection[str]) -> dict[str, Row]:
    """What was told of these cases, by request."""
    return {row["request_id"]: row for row in tx.find_each(expectations.c.request_id, ids)}


def ahead(tx: Tx, provider: str, service: str, urgencies: Collection[str]) -> int:
    """Open cases of a service at a desk, of these urgencies."""
    r = requests.c
    query: sa.Select[Any] = sa.select(sa.func.count()).where(
        r.provider_id == provider,
        r.state == "open",
        r.service == service,
        r.urgency.in_(urgencies),
    )
    return int(tx.scalar(query))
