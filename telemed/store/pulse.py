"""What an operator measures of the whole deployment, asked of the database in one look.

Numbers by service and urgency only: no institution, no patient, no id. What is cheap is asked each
time; what grows with the images is asked by `holdings`, which a caller keeps for minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from telemed.core import request, workitem
from telemed.store import conferences, log, notices
from telemed.store.tables import (
    activities,
    critical_notices,
    institutions,
    requests,
    studies,
    workitems,
)
from telemed.store.tx import Row, Tx


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a follower is behind: facts, and seconds since the first of them was written."""

    facts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Queue:
    """Open requests of one service and urgency; `oldest` in seconds since it was first sent."""

    service: str
    urgency: str
    waiting: int
    claimed: int
    overdue: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Way:
    """Notices of one channel: to go out now, held until later, and how many seconds the oldest of
    the former has waited."""

    channel: str
    waiting: int
    held: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Climbing:
    """Ladders of one occasion that nobody has answered: being climbed, and exhausted."""

    occasion: str
    open: int
    exhausted: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The look."""

    head: int
    lags: Mapping[str, Lag]
    queues: tuple[Queue, ...]
    critical_open: int
    critical_overdue: int
    ways: tuple[Way, ...] = ()
    climbs: tuple[Climbing, ...] = ()
    conferences: int = 0
    members: Mapping[str, int] = field(default_factory=dict)
    """Of conferences, by how they take part."""


def look(tx: Tx, now: datetime, followers: tuple[str, ...]) -> Pulse:
    """Everything cheap. A follower that never ran has the whole log before it."""
    head = log.head(tx)
    marks = dict.fromkeys(followers, 0) | log.all_bookmarks(tx)
    there = conferences.going_on(tx)
    unacknowledged = critical_notices.c.acknowledged_at.is_(None)
    return Pulse(
        head=head,
        lags={name: _lag(tx, seq, head, now) for name, seq in marks.items()},
        queues=tuple(_queue(row, now) for row in tx.all(_open_requests(now))),
        critical_open=_count(tx, critical_notices, unacknowledged),
        critical_overdue=_count(
            tx, critical_notices, sa.and_(unacknowledged, critical_notices.c.due_at < now)
        ),
        ways=tuple(_way(row, now) for row in notices.outstanding(tx, now)),
        climbs=tuple(
            Climbing(row["occasion"], int(row["open"]), int(row["exhausted"]))
            for row in notices.going(tx)
        ),
        conferences=max((int(row["rooms"]) for row in there), default=0),
        members={row["mode"]: int(row["members"]) for row in there},
    )


def holdings(tx: Tx) -> Row:
    """studies, instances and bytes received; an image that came twice is counted twice."""
    c = studies.c
    return tx.all(
        sa.select(
            sa.func.count().label("studies"),
            sa.func.coalesce(sa.func.sum(c.instance_count), 0).label("instances"),
            sa.func.coalesce(sa.func.sum(c.bytes), 0).label("bytes"),
        )
    )[0]


def _lag(tx: Tx, seq: int, head: int, now: datetime) -> Lag:
    first = sa.select(activities.c.at).where(activities.c.seq > seq)
    row = tx.one(first.order_by(activities.c.seq).limit(1))
    seconds = 0.0 if row is None else max(0.0, (now - row["at"]).total_seconds())
    return Lag(max(0, head - seq), seconds)


def _open_requests(now: datetime) -> sa.Select[tuple[object, ...]]:
    """Open requests by service and urgency, each with its one workitem that has not ended.

    By way of the providers, for whom there is an index: closed requests are not touched.
    """
    taken = sa.case((workitems.c.state == workitem.State.IN_PROGRESS.value, 1), else_=0)
    late = sa.case((requests.c.due_at < now, 1), else_=0)
    live = (workitem.State.SCHEDULED.value, workitem.State.IN_PROGRESS.value)
    current = sa.and_(workitems.c.request_id == requests.c.id, workitems.c.state.in_(live))
    return (
        sa.select(
            requests.c.service,
            requests.c.urgency,
            sa.func.count().label("open"),
            sa.func.sum(taken).label("claimed"),
            sa.func.sum(late).label("overdue"),
            sa.func.min(requests.c.submitted_at).label("first"),
        )
        .join(workitems, current)
        .where(
            requests.c.provider_id.in_(sa.select(institutions.c.id)),
            requests.c.state == request.State.OPEN.value,
        )
        .group_by(requests.c.service, requests.c.urgency)
    )


def _queue(row: Row, now: datetime) -> Queue:
    claimed = int(row["claimed"])
    return Queue(
        service=row["service"],
        urgency=row["urgency"],
        waiting=int(row["open"]) - claimed,
        claimed=claimed,
        overdue=int(row["overdue"]),
        oldest=max(0.0, (now - row["first"]).total_seconds()),
    )


def _way(row: Row, now: datetime) -> Way:
    since = row["since"]
    oldest = 0.0 if since is None else max(0.0, (now - since).total_seconds())
    return Way(row["channel"], int(row["waiting"]), int(row["held"]), oldest)


def _count(tx: Tx, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)))
