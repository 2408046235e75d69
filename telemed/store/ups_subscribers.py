"""Who watches workitems: subscribers by their AE title, their subscriptions, and how far each is.

A subscriber belongs to an account of an institution; AE titles are an institution's own. What it
has been sent is one number of the log. Knows no data set and no socket.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.store.tx import Row, Tx
from telemed.store.ups_tables import ups_items, ups_subscribers, ups_subscriptions


def find(tx: Tx, institution_id: str, aet: str) -> Row | None:
    """An institution's subscriber by AE title."""
    return tx.find(ups_subscribers, institution_id=institution_id, aet=aet)


def by_id(tx: Tx, subscriber_id: str) -> Row | None:
    """A subscriber by id."""
    return tx.find(ups_subscribers, id=subscriber_id)


def of_account(tx: Tx, account_id: str) -> list[Row]:
    """An account's subscribers by AE title."""
    mine = ups_subscribers.c.account_id == account_id
    return tx.all(sa.select(ups_subscribers).where(mine).order_by(ups_subscribers.c.aet))


def add(tx: Tx, row: Row) -> bool:
    """A new subscriber; False when somebody of the institution was first with this AE title."""
    return tx.insert_missing(ups_subscribers, [row]) == 1


def change(tx: Tx, subscriber_id: str, values: dict[str, Any]) -> None:
    """Set a subscriber's columns."""
    tx.change(ups_subscribers, {"id": subscriber_id}, values)


def came_to(tx: Tx, subscriber_id: str, seq: int, now: datetime) -> None:
    """The subscriber has everything up to this number; it never goes back."""
    further = sa.and_(ups_subscribers.c.id == subscriber_id, ups_subscribers.c.seq <= seq)
    tx.update(ups_subscribers, further, {"seq": seq, "seen_at": now})


def subscriptions(tx: Tx, subscriber_id: str) -> dict[str, bool]:
    """Which workitems a subscriber watches by name (True) or leaves out (False), by row id."""
    mine = ups_subscriptions.c.subscriber_id == subscriber_id
    chosen = sa.select(ups_subscriptions.c.item_id, ups_subscriptions.c.active).where(mine)
    return {row["item_id"]: bool(row["active"]) for row in tx.all(chosen)}


def watch(
    tx: Tx, subscriber_id: str, item_ids: Iterable[str], *, active: bool = True,
    locked_until: datetime | None = None,
) -> None:  # fmt: skip
    """Watch workitems, or leave them out; what was said of them before is replaced."""
    for item_id in item_ids:
        key = {"subscriber_id": subscriber_id, "item_id": item_id}
        values = {"active": active, "locked_until": locked_until}
        if not tx.change(ups_subscriptions, key, values):
            tx.insert(ups_subscriptions, {**key, **values})


def watch_missing(tx: Tx, subscriber_id: str, item_ids: Iterable[str]) -> None:
    """Watch workitems of which nothing was said yet."""
    rows = [
        {"subscriber_id": subscriber_id, "item_id": item_id, "active": True, "locked_until": None}
        for item_id in item_ids
    ]
    tx.insert_missing(ups_subscriptions, rows)


def unwatch(tx: Tx, subscriber_id: str, item_id: str | None = None) -> int:
    """Forget what was said of a workitem, or of all; of how many."""
    which = ups_subscriptions.c.subscriber_id == subscriber_id
    if item_id is not None:
        which = sa.and_(which, ups_subscriptions.c.item_id == item_id)
    return tx.execute(sa.delete(ups_subscriptions).where(which)).rowcount


def forget_unseen(tx: Tx, before: datetime) -> int:
    """Drop subscribers that were not seen since; how many."""
    gone = sa.select(ups_subscribers.c.id).where(ups_subscribers.c.seen_at < before)
    tx.execute(sa.delete(ups_subscriptions).where(ups_subscriptions.c.subscriber_id.in_(gone)))
    return tx.execute(sa.delete(ups_subscribers).where(ups_subscribers.c.seen_at < before)).rowcount


def deletable(tx: Tx, ended_before: datetime, now: datetime, limit: int) -> list[str]:
    """Own workitems that ended before and on which no deletion lock is."""
    locked = (
        sa.exists()
        .where(
            ups_subscriptions.c.item_id == ups_items.c.id,
            ups_subscriptions.c.locked_until > now,
        )
        .correlate(ups_items)
    )
    locked_all = (
        sa.exists()
        .where(
            ups_subscribers.c.institution_id == ups_items.c.institution_id,
            ups_subscribers.c.locked_until > now,
        )
        .correlate(ups_items)
    )
    query = sa.select(ups_items.c.id).where(
        ups_items.c.ended_at < ended_before, sa.not_(locked), sa.not_(locked_all)
    )
    return [row["id"] for row in tx.all(query.limit(limit))]


def forget_items(tx: Tx, ids: Iterable[str]) -> None:
    """Drop the subscriptions of workitems that are deleted."""
    tx.execute(sa.delete(ups_subscriptions).where(ups_subscriptions.c.item_id.in_(list(ids))))
