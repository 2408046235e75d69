"""Saved filters and desk settings: rows in, rows out."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.store.tables import accounts, desk_settings, worklist_filters
from telemed.store.tx import Row, Tx

F = worklist_filters.c
MOST_SHOWN = 100


def filters(tx: Tx, account: str, institution: str, audiences: list[str]) -> list[Row]:
    """One's own filters and those that colleagues share with one, oldest first."""
    shared = sa.and_(F.institution_id == institution, F.audience.in_(audiences))
    return tx.all(
        sa.select(worklist_filters, accounts.c.display_name.label("owner_name"))
        .join(accounts, accounts.c.id == F.owner_id)
        .where(
            F.deleted_at.is_(None),
            # Who moved to another hospital left their filters there.
            F.institution_id == institution,
            sa.or_(F.owner_id == account, shared),
        )
        .order_by(F.created_at, F.id)
        .limit(MOST_SHOWN)
    )


def own_filter(tx: Tx, filter_id: str, account: str, institution: str) -> Row | None:
    """A filter of one's own, a deleted one too."""
    return tx.find(worklist_filters, id=filter_id, owner_id=account, institution_id=institution)


def own_count(tx: Tx, account: str) -> int:
    """How many filters somebody keeps."""
    mine = sa.and_(F.owner_id == account, F.deleted_at.is_(None))
    return int(tx.scalar(sa.select(sa.func.count()).where(mine)))


def add_filter(tx: Tx, row: dict[str, Any]) -> None:
    """A new filter."""
    tx.insert(worklist_filters, row)


def change_filter(tx: Tx, filter_id: str, values: dict[str, Any]) -> None:
    """Change a filter that was found to be one's own."""
    tx.update(worklist_filters, F.id == filter_id, values)


def settings(tx: Tx, account: str) -> dict[str, Any]:
    """How somebody likes their lists; empty where they never said."""
    row = tx.find(desk_settings, account_id=account)
    return dict(row["settings"]) if row else {}


def keep_settings(tx: Tx, account: str, given: dict[str, Any], now: datetime) -> None:
    """Put somebody's settings in the place of the earlier ones."""
    values = {"settings": given, "updated_at": now}
    if not tx.update(desk_settings, desk_settings.c.account_id == account, values):
        tx.insert_missing(desk_settings, [{"account_id": account, **values}])
