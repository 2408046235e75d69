"""Who accompanies a session, in the database. Who may say so is for the caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.store.aftercare_tables import accompaniments
from telemed.store.tx import Row, Tx

A = accompaniments.c


def of_appointment(tx: Tx, appointment_id: str) -> list[Row]:
    """Everybody who was named for a session, the first one first."""
    query = sa.select(accompaniments).where(A.appointment_id == appointment_id)
    return tx.all(query.order_by(A.n))


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """Everybody who was named for the sessions of a case."""
    query = sa.select(accompaniments).where(A.request_id == request_id)
    return tx.all(query.order_by(A.named_at, A.n))


def name(tx: Tx, row: Mapping[str, Any]) -> None:
    """Somebody is named; whoever was before is replaced. In the turn of the appointment only."""
    before = of_appointment(tx, row["appointment_id"])
    here = sa.and_(A.appointment_id == row["appointment_id"], A.replaced_at.is_(None))
    tx.update(accompaniments, here, {"replaced_at": row["named_at"]})
    tx.insert(accompaniments, {**row, "n": len(before) + 1})


def confirm(tx: Tx, appointment_id: str, n: int, by: str, how: str, at: datetime) -> bool:
    """Somebody is there; False when that was said before."""
    here = sa.and_(A.appointment_id == appointment_id, A.n == n, A.confirmed_at.is_(None))
    values = {"confirmed_by": by, "confirmed_at": at, "confirmed_as": how}
    return tx.update(accompaniments, here, values) == 1
