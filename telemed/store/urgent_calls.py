"""Urgent calls and whom they rang. Rows in, rows out; it knows no rules."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.urgent_call import ALONE, State
from telemed.store.tx import Row, Tx
from telemed.store.urgent_call_tables import urgent_call_rings, urgent_calls

C, R = urgent_calls.c, urgent_call_rings.c
_RINGS = C.state == sa.literal(State.RINGING.value)


def get(tx: Tx, call_id: str) -> Row | None:
    """A call."""
    return tx.find(urgent_calls, id=call_id)


def of_appointment(tx: Tx, appointment_id: str) -> Row | None:
    """The call that an appointment is the answer to."""
    return tx.find(urgent_calls, appointment_id=appointment_id)


def rings(tx: Tx, ids: Collection[str]) -> dict[str, list[Row]]:
    """Whom calls rang, in order."""
    found: dict[str, list[Row]] = {key: [] for key in ids}
    query = sa.select(urgent_call_rings).where(R.call_id.in_(sorted(ids)))
    for row in tx.all(query.order_by(R.call_id, R.n)):
        found[row["call_id"]].append(row)
    return found


def going(
    tx: Tx, requester_id: str, provider_id: str, service: str, request_id: str | None
) -> Row | None:
    """The call that rings for the same already."""
    same = (C.requester_id == requester_id, C.provider_id == provider_id, C.service == service)
    case = C.request_id.is_(None) if request_id is None else C.request_id == request_id
    return tx.one(sa.select(urgent_calls).where(_RINGS, *same, case).limit(1))


def of_institution(tx: Tx, institution_id: str, since: datetime, most: int) -> list[Row]:
    """The calls that an institution made or got since a moment, the newest first."""
    theirs = sa.or_(C.requester_id == institution_id, C.provider_id == institution_id)
    query = sa.select(urgent_calls).where(theirs, C.made_at >= since)
    return tx.all(query.order_by(C.made_at.desc(), C.id.desc()).limit(most))


def ringing_with(tx: Tx, person_id: str, since: datetime) -> list[Row]:
    """The calls that ring and that somebody may still answer, the newest first."""
    mine = sa.and_(R.person_id == person_id, R.rung_at >= since)
    query = (
        sa.select(urgent_calls)
        .join(urgent_call_rings, R.call_id == C.id)
        .where(_RINGS, mine, R.state.in_(sorted(state.value for state in ALONE)))
    )
    return tx.all(query.order_by(C.made_at.desc()))


def due(tx: Tx, now: datetime) -> list[Row]:
    """The calls whose next is to be rung."""
    return tx.all(sa.select(urgent_calls).where(_RINGS, C.next_at <= now).order_by(C.next_at))


def last_rung(tx: Tx, people_ids: Collection[str]) -> dict[str, datetime]:
    """When people were rung last; who never was is not in it."""
    query = (
        sa.select(R.person_id, sa.func.max(R.rung_at, type_=R.rung_at.type).label("at"))
        .where(R.person_id.in_(sorted(people_ids)))
        .group_by(R.person_id)
    )
    return {row["person_id"]: row["at"] for row in tx.all(query)}


def add(tx: Tx, row: Mapping[str, Any]) -> None:
    """A new call."""
    tx.insert(urgent_calls, row)


def change(tx: Tx, call_id: str, was: str, values: Mapping[str, Any]) -> bool:
    """Set values of a call that is where it was seen."""
    return tx.update(urgent_calls, sa.and_(C.id == call_id, C.state == was), values) == 1


def add_ring(tx: Tx, row: Mapping[str, Any]) -> None:
    """Ring somebody."""
    tx.insert(urgent_call_rings, row)


def change_ring(tx: Tx, call_id: str, n: int, was: str, values: Mapping[str, Any]) -> bool:
    """Set values of a ring that is where it was seen."""
    where = sa.and_(R.call_id == call_id, R.n == n, R.state == was)
    return tx.update(urgent_call_rings, where, values) == 1
