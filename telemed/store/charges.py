"""Charges in the database, and the facts that they are counted from. Who may is for the caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.appointment import SITS, State
from telemed.store import tables as t
from telemed.store.aftercare_tables import charge_moves, charges
from telemed.store.appointment_tables import appointment_moves, appointment_seats, appointments
from telemed.store.opinion_tables import opinions
from telemed.store.tx import Row, Tx

C, M = charges.c, charge_moves.c


def get(tx: Tx, request_id: str) -> Row | None:
    """A case's charge."""
    return tx.find(charges, request_id=request_id)


def add(tx: Tx, row: Mapping[str, Any]) -> bool:
    """A new charge; False when there is one."""
    return tx.insert_missing(charges, [row]) == 1


def change(tx: Tx, row: Row, values: Mapping[str, Any]) -> bool:
    """Change a charge that is still as it was read."""
    keys = {"request_id": row["request_id"], "version": row["version"]}
    return tx.change(charges, keys, {**values, "version": row["version"] + 1}) == 1


def moves(tx: Tx, request_id: str) -> list[Row]:
    """All that people did with a charge, the first step first."""
    query = sa.select(charge_moves).where(M.request_id == request_id)
    return tx.all(query.order_by(M.n))


def add_move(tx: Tx, row: Mapping[str, Any]) -> None:
    """A step, after those that there are."""
    last = tx.scalar(sa.select(sa.func.max(M.n)).where(M.request_id == row["request_id"]))
    tx.insert(charge_moves, {**row, "n": (last or 0) + 1})


def of_month(
    tx: Tx, institution_id: str, since: datetime, until: datetime, other: str | None, limit: int
) -> list[Row]:
    """An institution's charges of a month on either side, with one other institution or all, each
    with its case's number; by pair, then in the order of the cases."""
    mine = sa.or_(C.requester_id == institution_id, C.provider_id == institution_id)
    query = (
        sa.select(charges, t.requests.c.number, t.requests.c.urgency)
        .join(t.requests, t.requests.c.id == C.request_id)
        .where(mine, C.counted_at >= since, C.counted_at < until)
    )
    if other is not None:
        query = query.where(sa.or_(C.requester_id == other, C.provider_id == other))
    order = (C.requester_id, C.provider_id, C.counted_at, C.request_id)
    return tx.all(query.order_by(*order).limit(limit))


# --- what a case costs is counted from ------------------------------------------------------------


def sessions(tx: Tx, request_id: str) -> list[tuple[datetime, datetime]]:
    """When each session of a case began and ended."""
    a, m = appointments.c, appointment_moves.c
    query = (
        sa.select(m.appointment_id, m.event, m.moved_at)
        .join(appointments, a.id == m.appointment_id)
        .where(a.request_id == request_id, a.state == State.ENDED.value)
        .where(m.event.in_(("begin", "end")))
        .order_by(m.appointment_id, m.n)
    )
    times: dict[str, dict[str, datetime]] = {}
    for row in tx.all(query):
        times.setdefault(row["appointment_id"], {})[row["event"]] = row["moved_at"]
    return sorted((one["begin"], one["end"]) for one in times.values())


def experts(tx: Tx, request_id: str, requester_id: str) -> set[str]:
    """Who of the other side sat in a case's sessions, signed an opinion or the report."""
    a, s, o, v = appointments.c, appointment_seats.c, opinions.c, t.report_versions.c
    sat = (
        sa.select(s.person_id)
        .join(appointments, a.id == s.appointment_id)
        .where(a.request_id == request_id, a.state == State.ENDED.value)
        .where(s.institution_id != requester_id, s.state.in_([each.value for each in SITS]))
    )
    opined = sa.select(o.person_id).where(o.request_id == request_id, o.state == "signed")
    signed = (
        sa.select(v.author_id)
        .join(t.reports, t.reports.c.id == v.report_id)
        .where(t.reports.c.request_id == request_id, v.state == "final")
    )
    return {str(person) for query in (sat, opined, signed) for (person,) in tx.rows(query)}
