"""What the parties changed in their agreements, and an agreement as it is now.

It knows no rules: who may change what, and which values may stand, is asked before.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from telemed.core.request import State
from telemed.store.agreement_tables import agreement_changes
from telemed.store.tables import agreements, requests
from telemed.store.tx import Row, Tx

C = agreement_changes.c


def changes(tx: Tx, agreement_id: str) -> list[Row]:
    """Every change of an agreement, the newest first."""
    mine = sa.select(agreement_changes).where(C.agreement_id == agreement_id)
    return tx.all(mine.order_by(C.n.desc()))


def change(tx: Tx, row: Row) -> None:
    """Keep a change and make the agreement say so; the caller has taken a turn."""
    tx.insert(agreement_changes, row)
    tx.update(agreements, agreements.c.id == row["agreement_id"], row["became"])


def running(tx: Tx, agreement_id: str) -> int:
    """Cases that wait for their answer under an agreement."""
    waits = sa.and_(requests.c.agreement_id == agreement_id, requests.c.state == State.OPEN.value)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(requests).where(waits)))


def set_by_parties(tx: Tx, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """By agreement, the parts that its parties set since the register told them, as they are."""
    found: dict[str, dict[str, Any]] = {}
    for row in tx.find_each(C.agreement_id, ids, C.agreement_id, C.n, C.became):
        found.setdefault(row["agreement_id"], {})[row["n"]] = row["became"]
    return {
        key: {name: value for n in sorted(rows) for name, value in rows[n].items()}
        for key, rows in found.items()
    }
