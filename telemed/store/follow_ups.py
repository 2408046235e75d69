"""Follow-ups in the database. Who may see or answer one is for the caller."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.follow_up import State
from telemed.store import tables as t
from telemed.store.aftercare_tables import follow_ups
from telemed.store.tx import Row, Tx

F = follow_ups.c


def add(tx: Tx, rows: Sequence[Row]) -> int:
    """Plan follow-ups; those of the same day of the same case are there already."""
    return tx.insert_missing(follow_ups, rows)


def get(tx: Tx, follow_up_id: str) -> Row | None:
    """A follow-up."""
    return tx.find(follow_ups, id=follow_up_id)


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """The follow-ups of a case, the first day first."""
    query = sa.select(follow_ups).where(F.request_id == request_id)
    return tx.all(query.order_by(F.days))


def change(tx: Tx, row: Row, values: Mapping[str, Any]) -> bool:
    """Change a follow-up that is still as it was read."""
    keys = {"id": row["id"], "version": row["version"]}
    return tx.change(follow_ups, keys, {**values, "version": row["version"] + 1}) == 1


def waiting(tx: Tx, requester_id: str, limit: int) -> list[Row]:
    """What an institution is to answer now, what was due first first."""
    here = sa.and_(F.requester_id == requester_id, F.state == State.DUE.value)
    return tx.all(sa.select(follow_ups).where(here).order_by(F.due_at, F.id).limit(limit))


def count_waiting(tx: Tx, requester_id: str) -> int:
    """How many an institution is to answer now."""
    here = sa.and_(F.requester_id == requester_id, F.state == State.DUE.value)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(follow_ups).where(here)))


def to_step(tx: Tx, now: datetime, limit: int) -> list[Row]:
    """Those whose day has come, and those that have lapsed."""
    come = sa.and_(F.state == State.PLANNED.value, F.due_at <= now)
    late = sa.and_(F.state == State.DUE.value, F.lapses_at <= now)
    return tx.all(
        sa.select(follow_ups).where(sa.or_(come, late)).order_by(F.due_at, F.id).limit(limit)
    )


def outcomes(tx: Tx, person_id: str, where: sa.ColumnElement[bool], limit: int) -> list[Row]:
    """What became of the patients of whom somebody signed the answer, the newest first."""
    v = t.report_versions.c
    signed = (
        sa.select(t.reports.c.request_id)
        .join(t.report_versions, v.report_id == t.reports.c.id)
        .where(v.state == "final", sa.or_(v.author_id == person_id, v.verifier_id == person_id))
    )
    query = (
        sa.select(follow_ups)
        .join(t.requests, t.requests.c.id == F.request_id)
        .where(F.state == State.DONE.value, F.request_id.in_(signed), where)
    )
    return tx.all(query.order_by(F.changed_at.desc(), F.id).limit(limit))
