"""Whose attempts are to be, and what everybody has in hand: rows of `workitems`, and counts.

It knows no rules. What is written here is what the actions decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from telemed.core import workitem
from telemed.core.access import PERMISSIONS, Permission, Role
from telemed.core.assignment import By
from telemed.store.tables import accounts, requests, workitems
from telemed.store.tx import Row, Tx

W = workitems.c
_SCHEDULED = W.state == workitem.State.SCHEDULED.value


@dataclass(frozen=True, slots=True)
class Held:
    """Attempts of one kind that one person has or had.

    `open` claims that are being read, `waiting` assigned or reserved; of those completed, how many
    since the day and since the shift began.
    """

    person_id: str
    service: str
    modality: str | None
    open: int = 0
    waiting: int = 0
    done_today: int = 0
    done_in_shift: int = 0


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


def loads(
    tx: Tx, provider_id: str, day: datetime, shift: datetime, person_id: str | None = None
) -> list[Held]:
    """What everybody of an institution has in hand and did since some moments, or one person.

    A claim that awaits its second signature is in nobody's hand. Each part of the question is one
    walk of an index, however much was ever read.
    """
    given = {"provider": provider_id, "day": day, "shift": shift, "begin": min(day, shift)}
    if person_id is not None:
        given["person"] = person_id
    return [Held(**row) for row in tx.all(_loads(person_id is not None), **given)]


@cache
def _loads(of_one: bool) -> sa.CompoundSelect[Any]:
    """Built once: every list of a desk asks it."""
    moment = partial(sa.bindparam, type_=W.ended_at.type)
    begun = sa.and_(W.state == workitem.State.IN_PROGRESS.value, W.lease_until.is_not(None))
    ended = sa.and_(W.state == workitem.State.COMPLETED.value, W.ended_at >= moment("begin"))
    since = {
        "done_today": sa.func.sum(sa.case((W.ended_at >= moment("day"), 1), else_=0)),
        "done_in_shift": sa.func.sum(sa.case((W.ended_at >= moment("shift"), 1), else_=0)),
    }
    every = sa.func.count()
    return sa.union_all(
        _counted(W.performer_id, of_one, begun, open=every),
        _counted(W.scheduled_performer_id, of_one, _SCHEDULED, waiting=every),
        _counted(W.performer_id, of_one, ended, **since),
    )


_COUNTS = ("open", "waiting", "done_today", "done_in_shift")


def _counted(
    whose: sa.Column[Any],
    of_one: bool,
    which: sa.ColumnElement[bool],
    **counts: sa.ColumnElement[int],
) -> sa.Select[Any]:
    none = sa.literal_column("0", sa.Integer)
    named = (counts.get(name, none).label(name) for name in _COUNTS)
    mine = whose == sa.bindparam("person") if of_one else whose.is_not(None)
    return (
        sa.select(whose.label("person_id"), requests.c.service, requests.c.modality, *named)
        .join(requests, requests.c.id == W.request_id)
        .where(W.provider_id == sa.bindparam("provider"), which, mine)
        .group_by(whose, requests.c.service, requests.c.modality)
    )


def read_patient(
    tx: Tx, provider_id: str, patient_ref: str | None, since: datetime
) -> dict[str, datetime]:
    """Who of an institution began or ended reading a case of a patient since a moment, and when."""
    if patient_ref is None:
        return {}
    at = sa.func.coalesce(W.ended_at, W.claimed_at, type_=W.claimed_at.type)
    done = W.state.in_([workitem.State.IN_PROGRESS.value, workitem.State.COMPLETED.value])
    query = (
        sa.select(W.performer_id, sa.func.max(at, type_=at.type).label("at"))
        .join(requests, requests.c.id == W.request_id)
        .where(requests.c.patient_ref == patient_ref, W.provider_id == provider_id, done)
        .where(at >= since)
        .group_by(W.performer_id)
    )
    return {row["performer_id"]: row["at"] for row in tx.all(query)}


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
