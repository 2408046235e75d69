"""The roster: rows in, rows out.

It knows no rules: what a shift covers and whether two may stand beside each other is told by
`core/roster.py`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.store.tables import accounts, duty_shifts, people
from telemed.store.tx import Row, Tx

D = duty_shifts.c


def on_duty(tx: Tx, institution_id: str, at: datetime) -> list[Row]:
    """The shifts of an institution that run at a moment, as the roster stood then.

    Rows of `duty_shifts`, in the order of people's ids; `services` empty is every service. Who
    has left the institution is on duty no longer.
    """
    return tx.all(
        _of_staff()
        .where(
            D.institution_id == institution_id,
            D.until > at,
            D.since <= at,
            D.made_at <= at,
            sa.or_(D.canceled_at.is_(None), D.canceled_at > at),
        )
        .order_by(D.person_id, D.since, D.id)
    )


def on_duty_if_kept(tx: Tx, institution_id: str, at: datetime) -> list[Row] | None:
    """`on_duty`; None where no roster is kept.

    One is kept where a shift runs or is planned; a roster that has run out binds nobody.
    """
    shifts = on_duty(tx, institution_id, at)
    return shifts if shifts or next_change(tx, institution_id, at) is not None else None


def accounts_on_duty(tx: Tx, account_ids: Collection[str], at: datetime) -> set[str]:
    """Those accounts whose person's shift runs at a moment."""
    runs = sa.and_(D.until > at, D.since <= at, D.canceled_at.is_(None))
    rows = tx.all(
        sa.select(accounts.c.id)
        .join(duty_shifts, D.person_id == accounts.c.person_id)
        .where(accounts.c.id.in_(sorted(account_ids)), runs)
        .where(D.institution_id == accounts.c.institution_id)
    )
    return {row["id"] for row in rows}


def next_change(tx: Tx, institution_id: str, after: datetime) -> datetime | None:
    """When somebody comes on duty or goes off it next, if the roster stays as it is."""
    here = sa.and_(D.institution_id == institution_id, D.canceled_at.is_(None))
    edges = sa.union_all(
        *(
            sa.select(sa.func.min(edge, type_=edge.type).label("at")).where(here, edge > after)
            for edge in (D.since, D.until)
        )
    ).subquery()
    found: datetime | None = tx.scalar(sa.select(sa.func.min(edges.c.at, type_=D.since.type)))
    return found


def between(tx: Tx, institution_id: str, since: datetime, until: datetime) -> list[Row]:
    """The shifts of an institution that touch a stretch of time, by when they begin."""
    return tx.all(
        _of_staff()
        .where(D.institution_id == institution_id, D.canceled_at.is_(None))
        .where(D.until > since, D.since < until)
        .order_by(D.since, D.person_id, D.id)
    )


def of_people(
    tx: Tx, institution_id: str, people_ids: Collection[str], since: datetime, until: datetime
) -> list[Row]:
    """The shifts of some people of an institution that touch a stretch of time."""
    return tx.all(
        sa.select(duty_shifts)
        .where(D.institution_id == institution_id, D.canceled_at.is_(None))
        .where(D.person_id.in_(people_ids), D.until > since, D.since < until)
        .order_by(D.since, D.id)
    )


def some(tx: Tx, institution_id: str, ids: Collection[str]) -> list[Row]:
    """Shifts of an institution by id, canceled ones too; others' and unknown ones are left out."""
    return tx.all(
        sa.select(duty_shifts)
        .where(D.institution_id == institution_id, D.id.in_(ids))
        .order_by(D.since, D.id)
    )


def staff(tx: Tx, institution_id: str) -> list[Row]:
    """Who can be put on the roster: active people of an institution who can sign in, highest
    title first."""
    signs_in = (
        sa.exists()
        .where(accounts.c.person_id == people.c.id, accounts.c.disabled.is_(False))
        .where(accounts.c.institution_id == people.c.institution_id)
        .correlate(people)
    )
    return tx.all(
        sa.select(people)
        .where(people.c.institution_id == institution_id, people.c.active.is_(True), signs_in)
        .order_by(people.c.title, people.c.id)
    )


def add(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """New shifts."""
    tx.insert(duty_shifts, rows)


def cancel(tx: Tx, shift_id: str, by: str, at: datetime) -> bool:
    """Take a shift off the roster; False when it is off already."""
    standing = sa.and_(D.id == shift_id, D.canceled_at.is_(None))
    return tx.update(duty_shifts, standing, {"canceled_by": by, "canceled_at": at}) == 1


def restore(tx: Tx, shift_id: str) -> bool:
    """Put a canceled shift back; False when it stands."""
    gone = sa.and_(D.id == shift_id, D.canceled_at.is_not(None))
    return tx.update(duty_shifts, gone, {"canceled_by": None, "canceled_at": None}) == 1


def _of_staff() -> sa.Select[Any]:
    """Shifts of people who are still of the institution, with their names."""
    stays = sa.and_(people.c.institution_id == D.institution_id, people.c.active.is_(True))
    return sa.select(duty_shifts, people.c.name.label("person_name")).join(
        people, sa.and_(people.c.id == D.person_id, stays)
    )
