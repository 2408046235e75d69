"""What the fairness ledger is folded from: facts of a month, cases, what lay in the pool."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from telemed.core.activity import Activity
from telemed.store import log
from telemed.store.tables import activities, requests, workitems
from telemed.store.tx import Row, Tx

_SLACK: Final = timedelta(days=1)
"""The log's times follow its numbers but for the difference of the servers' clocks."""
_CHUNK: Final = 500
W, A = workitems.c, activities.c


def facts(
    tx: Tx, institution_id: str, since: datetime, until: datetime, kinds: Collection[str]
) -> list[Activity]:
    """The facts of some kinds that concern an institution, of a stretch of time, in order."""
    first = _first(tx, lambda at: at >= since - _SLACK)
    last = _first(tx, lambda at: at >= until + _SLACK)
    here = sa.and_(
        A.seq < last,
        A.kind.in_(sorted(kinds)),
        A.at >= since,
        A.at < until,
        log.concerns(institution_id),
    )
    return log.since(tx, first - 1, last - first + 1, here)


def _first(tx: Tx, holds: Callable[[datetime], bool]) -> int:
    """The first number of the log from which on a time holds: it has no gaps, so it is halved."""
    low, high = 1, log.head(tx) + 1
    while low < high:
        middle = (low + high) // 2
        at = tx.scalar(sa.select(A.at).where(A.seq == middle))
        low, high = (low, middle) if holds(at) else (middle + 1, high)
    return low


def cases(tx: Tx, ids: Collection[str]) -> list[Row]:
    """id, number, service, modality and due_at of cases."""
    columns = (requests.c.id, requests.c.number, requests.c.service, requests.c.modality)
    wanted = sorted(ids)
    return [
        row
        for first in range(0, len(wanted), _CHUNK)
        for row in tx.all(
            sa.select(*columns, requests.c.due_at).where(
                requests.c.id.in_(wanted[first : first + _CHUNK])
            )
        )
    ]


def waiting(tx: Tx, institution_id: str, at: datetime) -> list[str]:
    """The cases that lay in an institution's pool at a moment, kept for nobody."""
    begun = sa.func.coalesce(
        W.scheduled_performer_at, W.claimed_at, W.ended_at, type_=W.ended_at.type
    )
    query = sa.select(W.request_id).where(
        W.provider_id == institution_id,
        W.scheduled_at < at,
        sa.or_(begun.is_(None), begun >= at),
        sa.or_(W.ended_at.is_(None), W.ended_at >= at),
    )
    return [row["request_id"] for row in tx.all(query)]
