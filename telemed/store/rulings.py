"""What was set and decided about assignment: modes, readers' terms, decisions, the rule's queue.

It knows no rules. Modes and terms are never rewritten: of the rows of one thing the newest counts.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from telemed.core import workitem
from telemed.core.assignment import Outcome
from telemed.core.assignment_rules import Limits
from telemed.store.assignment_tables import (
    assignment_decisions,
    assignment_modes,
    assignment_queue,
    reader_terms,
)
from telemed.store.tables import people, requests, workitems
from telemed.store.tx import Row, Tx, given, once

M, T, D, Q = assignment_modes.c, reader_terms.c, assignment_decisions.c, assignment_queue.c
_CHUNK = 500
WAITS = Outcome.NOBODY.value
"""What the queue says of a case that nobody could take."""
ASKED = Outcome.ASKED.value
"""And of one whose requester was asked to let it go on."""


# --- what somebody set ----------------------------------------------------------------------------


def modes(tx: Tx, institution_id: str | None = None) -> dict[tuple[str, str], Row]:
    """The mode of each service of an institution or of all; where none was set there is no row."""
    rows = _newest(tx, assignment_modes, "service", institution_id)
    return {(row["institution_id"], row["service"]): row for row in rows}


def terms(tx: Tx, institution_id: str, person_id: str | None = None) -> dict[str, Row]:
    """What an institution agreed with its readers or one of them, by person; most have no terms of
    their own."""
    if person_id is not None:
        mine = tx.one(_MINE, institution_id=institution_id, person_id=person_id)
        return {} if mine is None else {person_id: mine}
    rows = _newest(tx, reader_terms, "person_id", institution_id)
    return {row["person_id"]: row for row in rows}


_MINE = (
    sa.select(reader_terms)
    .where(T.institution_id == given(T.institution_id), T.person_id == given(T.person_id))
    .order_by(T.n.desc())
    .limit(1)
)


def limits(tx: Tx, institution_id: str, person_id: str | None = None) -> dict[str, Limits]:
    """`terms` as the rules read them."""
    return {who: limits_of(row) for who, row in terms(tx, institution_id, person_id).items()}


def limits_of(row: Row) -> Limits:
    """A row of terms as the rules read it."""
    return Limits(row["in_hand"], row["in_shift"], row["share"])


def set_mode(tx: Tx, row: Row) -> None:
    """A service's mode from now on; the caller has taken a turn."""
    _add(tx, assignment_modes, "service", row)


def set_terms(tx: Tx, row: Row) -> None:
    """A reader's terms from now on; the caller has taken a turn."""
    _add(tx, reader_terms, "person_id", row)


def history(tx: Tx, institution_id: str, most: int) -> tuple[list[Row], list[Row]]:
    """The latest settings of modes and of terms, the newest first."""

    def latest(table: sa.Table) -> list[Row]:
        here = sa.select(table).where(table.c.institution_id == institution_id)
        return tx.all(here.order_by(table.c.changed_at.desc(), table.c.n.desc()).limit(most))

    return latest(assignment_modes), latest(reader_terms)


def _newest(tx: Tx, table: sa.Table, of: str, institution_id: str | None) -> list[Row]:
    if institution_id is None:
        return tx.all(_last(table, of, False))
    return tx.all(_last(table, of, True), institution_id=institution_id)


@cache
def _last(table: sa.Table, of: str, here: bool) -> sa.Select[Any]:
    key = (table.c.institution_id, table.c[of])
    last = sa.select(*key, sa.func.max(table.c.n).label("n")).group_by(*key)
    if here:
        last = last.where(table.c.institution_id == given(table.c.institution_id))
    newest = last.subquery()
    same = [table.c[name] == newest.c[name] for name in ("institution_id", of, "n")]
    return once(sa.select(table).join(newest, sa.and_(*same)))


def _add(tx: Tx, table: sa.Table, of: str, row: Row) -> None:
    mine = sa.and_(table.c.institution_id == row["institution_id"], table.c[of] == row[of])
    last = tx.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.n), 0)).where(mine))
    tx.insert(table, {**row, "n": last + 1})


# --- decisions ------------------------------------------------------------------------------------


def decide(tx: Tx, row: Row) -> None:
    """Keep a decision for ever."""
    tx.insert(assignment_decisions, row)


def decisions(tx: Tx, request_id: str, institution_id: str) -> list[Row]:
    """What an institution decided about a case, oldest first."""
    mine = sa.and_(D.request_id == request_id, D.institution_id == institution_id)
    return tx.all(sa.select(assignment_decisions).where(mine).order_by(D.at, D.id))


def is_decided(tx: Tx, workitem_id: str) -> bool:
    """Whether anything was decided about an attempt."""
    return tx.scalar(sa.select(D.id).where(D.workitem_id == workitem_id).limit(1)) is not None


def gone(tx: Tx, institution_id: str, since: datetime, most: int) -> list[Row]:
    """The last decision of an institution about each case that it gave to nobody and that is with
    another institution or nowhere now; with the case's number, service and urgency."""
    here = sa.and_(D.institution_id == institution_id, D.person_id.is_(None), D.at >= since)
    place = sa.func.row_number().over(
        partition_by=D.request_id, order_by=(D.at.desc(), D.id.desc())
    )
    ranked = sa.select(D.id, place.label("place")).where(here).subquery()
    away = requests.c.provider_id.is_distinct_from(institution_id)
    query = (
        sa.select(assignment_decisions, requests.c.number, requests.c.service, requests.c.urgency)
        .join(ranked, ranked.c.id == D.id)
        .join(requests, requests.c.id == D.request_id)
        .where(ranked.c.place == 1, away)
        .order_by(D.at.desc(), D.id.desc())
    )
    return tx.all(query.limit(most))


def asked(tx: Tx, workitem_id: str) -> str | None:
    """Where an attempt's requester was asked to let it go; the last time counts."""
    mine = sa.and_(D.workitem_id == workitem_id, D.outcome == ASKED)
    found: str | None = tx.scalar(
        sa.select(D.provider_id).where(mine).order_by(D.at.desc(), D.id.desc()).limit(1)
    )
    return found


def last_given(tx: Tx, institution_id: str) -> dict[str, datetime]:
    """When each reader of an institution was last given a case by somebody else or by the rule."""
    last = (
        sa.select(sa.func.max(D.at, type_=D.at.type))
        .where(D.institution_id == institution_id, D.person_id == people.c.id)
        .correlate(people)
        .scalar_subquery()
    )
    rows = tx.all(
        sa.select(people.c.id, last.label("at")).where(people.c.institution_id == institution_id)
    )
    return {row["id"]: row["at"] for row in rows if row["at"] is not None}


# --- the queue ------------------------------------------------------------------------------------


def enqueue(
    tx: Tx, request_ids: Collection[str], at: datetime, among: Collection[tuple[str, str]]
) -> None:
    """The rule is to look from `at` on at the waiting attempts of those of these cases that are of
    an institution and a service among some."""
    for row in tx.all(_waiting().where(workitems.c.request_id.in_(request_ids))):
        if (row["institution_id"], row["service"]) not in among:
            continue
        if not tx.change(assignment_queue, {"workitem_id": row["workitem_id"]}, {"next_at": at}):
            tx.insert(assignment_queue, {**row, "next_at": at, "found": ""})


def enqueue_service(tx: Tx, institution_id: str, service: str, at: datetime) -> None:
    """`enqueue` for all that waits of a service at an institution."""
    here = sa.and_(workitems.c.provider_id == institution_id, requests.c.service == service)
    waiting = [row["request_id"] for row in tx.all(_waiting().where(here))]
    for first in range(0, len(waiting), _CHUNK):
        enqueue(tx, waiting[first : first + _CHUNK], at, {(institution_id, service)})


def _waiting() -> sa.Select[Any]:
    return (
        sa.select(
            workitems.c.id.label("workitem_id"),
            workitems.c.request_id,
            workitems.c.provider_id.label("institution_id"),
            requests.c.service,
            requests.c.due_at,
        )
        .join(requests, requests.c.id == workitems.c.request_id)
        .where(workitems.c.state == workitem.State.SCHEDULED.value)
    )


def wake(tx: Tx, institution_id: str, at: datetime, most: int | None = None) -> None:
    """Something changed at an institution: look again from `at` on.

    With `most`, at so many of the cases that nobody could take, the most pressing first.
    """
    here = sa.and_(Q.institution_id == institution_id, Q.next_at > at)
    if most is not None:
        pressing = sa.select(Q.workitem_id).where(here, Q.found.in_((WAITS, ASKED)))
        here = Q.workitem_id.in_(pressing.order_by(Q.due_at, Q.workitem_id).limit(most))
    tx.update(assignment_queue, here, {"next_at": at})


def due(tx: Tx, now: datetime, most: int) -> list[Row]:
    """What the rule is to look at now: workitem_id and institution_id.

    What it never looked at first, by when it is due; then whatever has waited longest for a look,
    so that many cases that nobody can take keep none from its turn.
    """
    new = Q.found == ""
    turn = sa.case((new, Q.due_at), else_=Q.next_at)
    query = sa.select(Q.workitem_id, Q.institution_id).where(Q.next_at <= now)
    return tx.all(query.order_by(new.desc(), turn, Q.workitem_id).limit(most))


def queued(tx: Tx, workitem_id: str) -> Row | None:
    """An entry of the queue."""
    return tx.find(assignment_queue, workitem_id=workitem_id)


def look_again(tx: Tx, workitem_id: str, at: datetime, found: str) -> None:
    """When the rule looks next, and what it found now."""
    tx.change(assignment_queue, {"workitem_id": workitem_id}, {"next_at": at, "found": found})


def postpone(tx: Tx, workitem_id: str, at: datetime) -> None:
    """When the rule looks next at what it could not decide."""
    tx.change(assignment_queue, {"workitem_id": workitem_id}, {"next_at": at})


def dequeue(tx: Tx, workitem_id: str) -> None:
    """Nothing is left to look at."""
    tx.execute(sa.delete(assignment_queue).where(Q.workitem_id == workitem_id))


def waiting_of(tx: Tx, institution_id: str) -> Mapping[str, int]:
    """How many cases of an institution the rule could give to nobody, by service."""
    query = (
        sa.select(Q.service, sa.func.count().label("n"))
        .where(Q.institution_id == institution_id, Q.found.in_((WAITS, ASKED)))
        .group_by(Q.service)
    )
    return {row["service"]: row["n"] for row in tx.all(query)}
