"""Escalations, notices and deliveries in the database. Who may read one is for the caller."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.access import Role
from telemed.core.escalation import INFORMS, End, Occasion
from telemed.core.workitem import State
from telemed.store import tables as t
from telemed.store.appointment_tables import appointments
from telemed.store.columns import UtcTime
from telemed.store.notice_tables import (
    deliveries,
    escalations,
    notice_preferences,
    notices,
    push_subscriptions,
)
from telemed.store.training_tables import courses, lectures
from telemed.store.tx import Row, Tx, given
from telemed.store.urgent_call_tables import urgent_calls

E, N, D, B, C = escalations.c, notices.c, deliveries.c, appointments.c, urgent_calls.c
K, L = courses.c, lectures.c
WAITING = "waiting"
GONE_OUT = ("accepted", "delivered", "read")
FAILED = "failed"
OVER = "over"
"""Never sent: what it was about had ended."""
_ASKS: Final = E.occasion.not_in(sorted(INFORMS))

# --- ladders being climbed --------------------------------------------------------------------


def open_escalation(tx: Tx, row: Row) -> bool:
    """Begin a climb; False when its fact has begun it before."""
    return tx.insert_missing(escalations, [row]) == 1


def end_escalations(
    tx: Tx, request_id: str, occasions: Iterable[Occasion], finding: str, at: datetime
) -> int:
    """The condition has ended for these occasions of a case; how many climbs ended with it."""
    named = tuple(sorted(occasion.value for occasion in occasions))
    return tx.run(_end(named), request_id=request_id, of=finding, at=at)


def end_of_appointment(
    tx: Tx,
    appointment_id: str,
    occasions: Iterable[Occasion],
    seat: int | None,
    whose: str,
    at: datetime,
) -> int:
    """The condition has ended for these occasions of an appointment, or of one seat of it, or for
    one person."""
    named = tuple(sorted(occasion.value for occasion in occasions))
    one: dict[str, object] = {} if seat is None else {"seat": seat}
    if whose:
        one["finding"] = whose
    return tx.run(
        _over("appointment_id", named, tuple(one)), appointment_id=appointment_id, at=at, **one
    )


def end_of_training(
    tx: Tx, of: str, key: str, occasions: Iterable[Occasion], whose: str, at: datetime
) -> int:
    """The condition has ended for these occasions of a `course` or a `lecture`, or for one
    person."""
    named = tuple(sorted(occasion.value for occasion in occasions))
    one = {"finding": whose} if whose else {}
    return tx.run(_over(f"{of}_id", named, tuple(one)), **{f"{of}_id": key}, at=at, **one)


@cache
def _end(occasions: tuple[str, ...]) -> sa.Update:
    """Of the occasions of a kind of fact: there are as many as there are kinds."""
    of = sa.or_(E.finding == "", E.finding == sa.bindparam("of", type_=E.finding.type))
    return _ending(occasions, E.request_id == given(E.request_id), of)


@cache
def _over(column: str, occasions: tuple[str, ...], only: tuple[str, ...]) -> sa.Update:
    of = [E[each] == given(E[each]) for each in (column, *only)]
    return _ending(occasions, *of)


def _ending(occasions: tuple[str, ...], *where: sa.ColumnElement[bool]) -> sa.Update:
    named = E.occasion.in_([sa.literal(occasion) for occasion in occasions])
    return (
        sa.update(escalations)
        .where(*where, named, E.ended_at.is_(None))
        .values(
            ended_at=sa.bindparam("at", type_=E.ended_at.type),
            end_reason=sa.literal(End.CONDITION.value),
            next_at=sa.null(),
        )
    )


def due_escalations(tx: Tx, now: datetime, limit: int) -> list[str]:
    """Ids of climbs whose next rung is due, the longest due first."""
    query = sa.select(E.id).where(E.next_at <= now).order_by(E.next_at).limit(limit)
    return [row["id"] for row in tx.all(query)]


def escalation(tx: Tx, escalation_id: str) -> Row | None:
    """One climb."""
    return tx.find(escalations, id=escalation_id)


def change_escalation(tx: Tx, escalation_id: str, told: int, values: Mapping[str, Any]) -> bool:
    """Compare and set by the number of rungs told; False when another was quicker."""
    where = sa.and_(E.id == escalation_id, E.told == told, E.ended_at.is_(None))
    return tx.update(escalations, where, values) == 1


def assigned_to(tx: Tx, person_id: str, request_ids: Collection[str]) -> list[Row]:
    """Climbs that go on because these cases were assigned to somebody."""
    w = t.workitems.c
    query = (
        sa.select(escalations)
        .join(t.workitems, w.request_id == E.request_id)
        .where(E.request_id.in_(sorted(request_ids)), E.occasion == Occasion.ASSIGNED.value)
        .where(w.scheduled_performer_id == person_id, w.state == State.SCHEDULED.value)
        .where(E.ended_at.is_(None))
    )
    return tx.all(query)


_URGENCY: Final = sa.case(
    (t.requests.c.id.is_not(None), t.requests.c.urgency),
    (B.urgent, "urgent"),
    else_="routine",
)
_ABOUT: Final = (
    sa.func.coalesce(t.requests.c.number, B.number, L.number, K.number, "").label("number"),
    sa.func.coalesce(t.requests.c.service, B.service, C.service, K.service).label("service"),
    sa.case((C.id.is_not(None), "urgent"), else_=_URGENCY).label("urgency"),
    sa.func.coalesce(B.since, L.since, type_=UtcTime).label("since"),
    sa.func.coalesce(K.title, "").label("title"),
)
"""What a list says of what it is about."""


def _about(of: sa.Table, call_id: sa.ColumnElement[Any]) -> sa.Join:
    """A table with the case, the appointment, the call or the training that its rows name."""
    request_id = sa.func.coalesce(of.c.request_id, C.request_id)
    return (
        of.outerjoin(urgent_calls, C.id == call_id)
        .outerjoin(t.requests, t.requests.c.id == request_id)
        .outerjoin(appointments, B.id == of.c.appointment_id)
        .outerjoin(lectures, L.id == of.c.lecture_id)
        .outerjoin(courses, K.id == sa.func.coalesce(of.c.course_id, L.course_id))
    )


def unanswered(tx: Tx, where: sa.ColumnElement[bool], limit: int) -> list[Row]:
    """Climbs that go on or are exhausted, of which somebody was told; the oldest first. What asks
    nobody for an answer is not among them."""
    query = (
        sa.select(escalations, *_ABOUT)
        .select_from(_about(escalations, sa.null()))
        .where(E.ended_at.is_(None), E.told > 0, _ASKS, where)
        .order_by(E.exhausted_at.is_(None), E.anchor_at)
        .limit(limit)
    )
    return tx.all(query)


def told_of(tx: Tx, climb: Row) -> set[str]:
    """Whom another climb of the same appointment and occasion told, that has not ended."""
    same = sa.and_(
        E.appointment_id == climb["appointment_id"],
        E.occasion == climb["occasion"],
        E.ended_at.is_(None),
        E.id != climb["id"],
    )
    query = sa.select(N.account_id).join(escalations, E.id == N.escalation_id).where(same)
    return {row["account_id"] for row in tx.all(query)}


def told_last(tx: Tx, appointment_id: str, occasions: Collection[Occasion]) -> dict[str, str]:
    """What each account was told last of an appointment, of these occasions."""
    named = sorted(occasion.value for occasion in occasions)
    query = sa.select(N.account_id, N.occasion).where(
        N.appointment_id == appointment_id, N.occasion.in_(named)
    )
    return {row["account_id"]: row["occasion"] for row in tx.all(query.order_by(N.at, N.id))}


def of_case(tx: Tx, request_id: str) -> list[Row]:
    """All climbs of a case, oldest first."""
    query = sa.select(escalations).where(E.request_id == request_id).order_by(E.opened_at)
    return tx.all(query)


# --- whom -------------------------------------------------------------------------------------


def accounts_with(tx: Tx, institution_id: str, roles: Collection[Role]) -> list[Row]:
    """Accounts of an institution that hold one of the roles and may sign in."""
    a = t.accounts.c
    query = sa.select(a.id, a.roles, t.people.c.scopes, t.people.c.active).select_from(
        t.accounts.outerjoin(t.people, t.people.c.id == a.person_id)
    )
    rows = tx.all(query.where(a.institution_id == institution_id, a.disabled.is_(False)))
    return [row for row in rows if not {r.value for r in roles}.isdisjoint(row["roles"])]


def accounts_of(tx: Tx, people: Collection[str]) -> list[str]:
    """The accounts of people."""
    a = t.accounts.c
    query = sa.select(a.id).where(a.person_id.in_(sorted(people)), a.disabled.is_(False))
    return [row["id"] for row in tx.all(query)]


def enabled(tx: Tx, account_ids: Collection[str]) -> list[str]:
    """Those accounts that may sign in."""
    a = t.accounts.c
    query = sa.select(a.id).where(a.id.in_(sorted(account_ids)), a.disabled.is_(False))
    return [row["id"] for row in tx.all(query)]


# --- notices ----------------------------------------------------------------------------------


def add_notices(tx: Tx, rows: Sequence[Row]) -> set[str]:
    """Tell these people; the ids of the notices that are new, for whoever this source has told
    before is not told again."""
    ids = [row["id"] for row in rows]
    if tx.insert_missing(notices, rows) == len(rows):
        return set(ids)
    return {row["id"] for row in tx.find_each(N.id, ids, N.id)}


def page(tx: Tx, account_id: str, before: str | None, limit: int) -> list[Row]:
    """One person's notices, the newest first; `before` is the last id of the page before."""
    query = (
        sa.select(
            notices,
            *_ABOUT,
            E.acknowledged_at,
            E.ended_at,
            E.end_reason,
            E.exhausted_at,
            E.ladder,
        )
        .select_from(_about(notices, N.call_id).outerjoin(escalations, E.id == N.escalation_id))
        .where(N.account_id == account_id)
    )
    if before is not None:
        query = query.where(N.id < before)
    return tx.all(query.order_by(N.id.desc()).limit(limit))


def unread(tx: Tx, account_id: str) -> Mapping[str, int]:
    """How many notices one has not read, by weight."""
    query = sa.select(N.weight, sa.func.count().label("n")).where(
        N.account_id == account_id, N.read_at.is_(None)
    )
    return {row["weight"]: row["n"] for row in tx.all(query.group_by(N.weight))}


def mark_read(tx: Tx, account_id: str, ids: Collection[str] | None, at: datetime) -> int:
    """Some of one's own notices, or all, are read; what went out by a channel is read with it."""
    mine = sa.and_(N.account_id == account_id, N.read_at.is_(None))
    where = mine if ids is None else sa.and_(mine, N.id.in_(sorted(ids)))
    which = [row["id"] for row in tx.all(sa.select(N.id).where(where))]
    if which:
        tx.update(notices, sa.and_(mine, N.id.in_(which)), {"read_at": at})
        gone = sa.and_(D.notice_id.in_(which), D.state.in_(GONE_OUT))
        tx.update(deliveries, gone, {"state": "read", "changed_at": at})
    return len(which)


def notice(tx: Tx, account_id: str, notice_id: str) -> Row | None:
    """One's own notice."""
    return tx.find(notices, id=notice_id, account_id=account_id)


# --- what goes out ----------------------------------------------------------------------------


def add_deliveries(tx: Tx, rows: Collection[Row]) -> None:
    """Let a notice go out by channels."""
    tx.insert_missing(deliveries, rows)


def any_due(tx: Tx, now: datetime) -> bool:
    """Whether a delivery is to be tried now."""
    return tx.scalar(sa.select(D.id).where(D.next_at <= now).limit(1)) is not None


def take_due(tx: Tx, now: datetime, until: datetime, limit: int) -> list[Row]:
    """Deliveries to try now, with all a sender needs. They are ours until `until`.

    A process that dies with one in its hand lets it be tried again then; the receiver knows it by
    its id. Must be called in a turn.
    """
    query = (
        sa.select(
            deliveries,
            N.account_id,
            N.occasion,
            N.weight,
            N.request_id,
            N.appointment_id,
            N.call_id,
            N.course_id,
            N.lecture_id,
            C.state.label("call_state"),
            N.read_at,
            E.ended_at,
            E.end_reason,
            notice_preferences.c.email,
            notice_preferences.c.phone,
            notice_preferences.c.wecom,
            notice_preferences.c.language,
        )
        .join(notices, N.id == D.notice_id)
        .outerjoin(urgent_calls, C.id == N.call_id)
        .outerjoin(escalations, E.id == N.escalation_id)
        .outerjoin(notice_preferences, notice_preferences.c.account_id == N.account_id)
        .where(D.next_at <= now)
        .order_by(D.next_at)
        .limit(limit)
    )
    rows = tx.all(query)
    if rows:
        tx.update(deliveries, D.id.in_([row["id"] for row in rows]), {"next_at": until})
    return rows


def settle(tx: Tx, delivery_id: str, state: str, now: datetime, **values: Any) -> bool:
    """Write how an attempt went; never back from what a receipt has said meanwhile."""
    where = sa.and_(D.id == delivery_id, D.state == WAITING)
    return tx.update(deliveries, where, {"state": state, "changed_at": now, **values}) == 1


def receipt(tx: Tx, delivery_id: str, channel: str, state: str, now: datetime) -> bool | None:
    """A receiver's word: None for an unknown delivery, False when it says nothing new."""
    row = tx.find(deliveries, id=delivery_id, channel=channel)
    if row is None:
        return None
    order = (WAITING, OVER, "accepted", FAILED, "delivered", "read")
    if order.index(state) <= order.index(row["state"]):
        return False
    tx.update(deliveries, D.id == delivery_id, {"state": state, "changed_at": now, "next_at": None})
    return True


def of_notice(tx: Tx, delivery_id: str) -> Row | None:
    """The notice of a delivery."""
    query = sa.select(notices).join(deliveries, D.notice_id == N.id).where(D.id == delivery_id)
    return tx.one(query)


def sent_of_escalations(tx: Tx, ids: Collection[str]) -> list[Row]:
    """How the notices of climbs went out: counts by climb, channel and state."""
    query = (
        sa.select(N.escalation_id, D.channel, D.state, sa.func.count().label("n"))
        .join(notices, N.id == D.notice_id)
        .where(N.escalation_id.in_(sorted(ids)))
        .group_by(N.escalation_id, D.channel, D.state)
    )
    return tx.all(query)


def outstanding(tx: Tx, now: datetime) -> list[Row]:
    """What has not gone out, by channel: `held` until later and not tried yet, `waiting`, and
    `since` when the oldest waiting one could have gone, None for none."""
    held = sa.and_(D.attempts == 0, D.next_at > now)
    could = sa.case((D.attempts == 0, D.next_at), else_=D.created_at)
    query = sa.select(
        D.channel,
        sa.func.sum(sa.case((held, 1), else_=0)).label("held"),
        sa.func.sum(sa.case((held, 0), else_=1)).label("waiting"),
        sa.func.min(sa.case((held, None), else_=could), type_=UtcTime).label("since"),
    )
    return tx.all(query.where(D.state == WAITING).group_by(D.channel))


def going(tx: Tx) -> list[Row]:
    """Climbs that have not ended, by occasion: `open` ones, and those `exhausted` unanswered."""
    gone = sa.case((E.exhausted_at.is_not(None), 1), else_=0)
    query = sa.select(
        E.occasion,
        sa.func.sum(1 - gone).label("open"),
        sa.func.sum(gone).label("exhausted"),
    )
    asks = query.where(E.ended_at.is_(None), E.told > 0, _ASKS)
    return tx.all(asks.group_by(E.occasion))


# --- what people prefer -----------------------------------------------------------------------


def preferences(tx: Tx, account_ids: Collection[str]) -> dict[str, Row]:
    """What people chose; who chose nothing is not in it."""
    c = notice_preferences.c
    query = sa.select(notice_preferences).where(c.account_id.in_(sorted(account_ids)))
    return {row["account_id"]: row for row in tx.all(query)}


def set_preferences(tx: Tx, account_id: str, values: Mapping[str, Any]) -> None:
    """Keep what one chose."""
    if not tx.change(notice_preferences, {"account_id": account_id}, values):
        tx.insert(notice_preferences, {"account_id": account_id, **values})


def subscribers(tx: Tx, account_ids: Collection[str]) -> dict[str, list[Row]]:
    """The browsers of people that take pushes."""
    c = push_subscriptions.c
    found: dict[str, list[Row]] = {}
    for row in tx.all(sa.select(push_subscriptions).where(c.account_id.in_(sorted(account_ids)))):
        found.setdefault(row["account_id"], []).append(row)
    return found


def subscribe(tx: Tx, row: Row) -> None:
    """A browser takes pushes for this account, and no more for another."""
    tx.execute(
        sa.delete(push_subscriptions).where(push_subscriptions.c.endpoint == row["endpoint"])
    )
    tx.insert(push_subscriptions, row)


def unsubscribe(tx: Tx, endpoint: str, account_id: str | None = None) -> int:
    """A browser takes no pushes any more; with an account only its own."""
    c = push_subscriptions.c
    where = c.endpoint == endpoint
    if account_id is not None:
        where = sa.and_(where, c.account_id == account_id)
    return tx.execute(sa.delete(push_subscriptions).where(where)).rowcount
