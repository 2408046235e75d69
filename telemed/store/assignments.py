"""Whose attempts are to be, and what everybody has in hand: rows of `workitems`, and counts.

It knows no rules. What is written here is what the actions decided.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core import workitem
from telemed.core.access import PERMISSIONS, Permission, Role
from telemed.core.assignment import By
from telemed.store.tables import accounts, workitems
from telemed.store.tx import Row, Tx

W = workitems.c
_SCHEDULED = W.state == workitem.State.SCHEDULED.value


@dataclass(frozen=True, slots=True)
class Load:
    """Claims, cases assigned or reserved, and reports issued since some moment."""

    open: int = 0
    waiting: int = 0
    done: int = 0


NO_LOAD = Load()


def change(tx: Tx, current: Row, values: Mapping[str, Any]) -> bool:
    """Write to an attempt unless somebody changed its state or performer since it was read."""
    unchanged = {
        "id": current["id"],
        "state": current["state"],
        "scheduled_performer_id": current["scheduled_performer_id"],
    }
    same = sa.and_(*(W[name].is_not_distinct_from(value) for name, value in unchanged.items()))
    return tx.update(workitems, same, dict(values)) == 1


def reserved(tx: Tx, person_id: str, since: datetime) -> list[str]:
    """The cases that somebody set aside for themselves since a moment and has not begun."""
    mine = sa.and_(
        W.scheduled_performer_id == person_id,
        W.scheduled_by == By.SELF.value,
        W.scheduled_performer_at > since,
        _SCHEDULED,
    )
    return [row["request_id"] for row in tx.all(sa.select(W.request_id).where(mine))]


def lapsed(tx: Tx, before: datetime) -> list[str]:
    """The cases that were reserved before a moment and not begun."""
    late = sa.and_(
        W.scheduled_performer_id.is_not(None),
        W.scheduled_by == By.SELF.value,
        W.scheduled_performer_at <= before,
        _SCHEDULED,
    )
    return [row["request_id"] for row in tx.all(sa.select(W.request_id).where(late))]


def loads(tx: Tx, provider_id: str, since: datetime) -> dict[str, Load]:
    """By person of an institution; `done` counts attempts completed since a moment."""
    here = W.provider_id == provider_id
    held = _counted(tx, W.performer_id, here, W.state == workitem.State.IN_PROGRESS.value)
    kept = _counted(tx, W.scheduled_performer_id, here, _SCHEDULED)
    done = _counted(
        tx, W.performer_id, here, W.state == workitem.State.COMPLETED.value, W.ended_at >= since
    )
    everybody = held.keys() | kept.keys() | done.keys()
    return {who: Load(held[who], kept[who], done[who]) for who in everybody}


def _counted(tx: Tx, whose: sa.Column[Any], *where: sa.ColumnElement[bool]) -> Counter[str]:
    """Attempts by person. Each question is one walk of an index, however much was ever read."""
    chosen = sa.and_(whose.is_not(None), *where)
    rows = tx.all(
        sa.select(whose.label("who"), sa.func.count().label("n")).where(chosen).group_by(whose)
    )
    return Counter({row["who"]: row["n"] for row in rows})


_WRITE = frozenset(role for role in Role if Permission.WRITE_REPORTS in PERMISSIONS[role])


def reading(tx: Tx, institution_id: str) -> set[str]:
    """The people of an institution whose account may write reports."""
    rows = tx.all(
        sa.select(accounts.c.person_id, accounts.c.roles).where(
            accounts.c.institution_id == institution_id,
            accounts.c.person_id.is_not(None),
            accounts.c.disabled.is_(False),
        )
    )
    return {row["person_id"] for row in rows if _WRITE & {Role(role) for role in row["roles"]}}
