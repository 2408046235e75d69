"""Hand-over sheets: rows in, rows out."""

from typing import Any

import sqlalchemy as sa

from telemed.store.tables import accounts, critical_notices, handovers, people
from telemed.store.tx import Row, Tx

H = handovers.c
_from = people.alias("outgoing")
_to = people.alias("incoming")
SHOWN = 50


def add(tx: Tx, row: dict[str, Any]) -> None:
    """A signed sheet."""
    tx.insert(handovers, row)


def change(tx: Tx, handover_id: str, was: str, values: dict[str, Any]) -> bool:
    """Write `values` if the state is still `was`."""
    return tx.change(handovers, {"id": handover_id, "state": was}, values) == 1


def get(tx: Tx, handover_id: str, institution: str) -> Row | None:
    """A sheet of an institution with its people's names."""
    rows = _listed(tx, sa.and_(H.id == handover_id, H.institution_id == institution))
    return rows[0] if rows else None


def recent(tx: Tx, institution: str) -> list[Row]:
    """The latest sheets of an institution, newest first."""
    return _listed(tx, H.institution_id == institution)


def _listed(tx: Tx, where: sa.ColumnElement[bool]) -> list[Row]:
    return tx.all(
        sa.select(handovers, _from.c.name.label("from_name"), _to.c.name.label("to_name"))
        .join(_from, _from.c.id == H.from_id)
        .join(_to, _to.c.id == H.to_id)
        .where(where)
        .order_by(H.signed_at.desc(), H.id.desc())
        .limit(SHOWN)
    )


def colleagues(tx: Tx, institution: str) -> list[Row]:
    """The active people of an institution who can sign in: id and name."""
    return tx.all(
        sa.select(people.c.id, people.c.name)
        .where(
            people.c.institution_id == institution,
            people.c.active.is_(True),
            sa.exists()
            .where(accounts.c.person_id == people.c.id, accounts.c.disabled.is_(False))
            .correlate(people),
        )
        .order_by(people.c.name, people.c.id)
    )


def open_critical(tx: Tx, person: str) -> list[Row]:
    """Cases with a critical finding of a person's that nobody has acknowledged."""
    return tx.all(
        sa.select(critical_notices.c.request_id)
        .where(critical_notices.c.raised_by == person, critical_notices.c.acknowledged_at.is_(None))
        .distinct()
    )
