"""What is booked, by whom and when. Rows in, rows out; it knows no rules.

What takes time is asked for in one place, `taken`: an appointment in one of the states that take
it, a hold that has not run out, a seat that its person sits in.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.appointment import SITS, TAKES_TIME, State
from telemed.store.appointment_tables import (
    appointment_moves,
    appointment_resources,
    appointment_seats,
    appointments,
    waitings,
)
from telemed.store.columns import MinuteFrom, MinuteOf, UtcTime
from telemed.store.tables import requests
from telemed.store.tx import Row, Tx, among

A, S, U, W = appointments.c, appointment_seats.c, appointment_resources.c, waitings.c
TAKING: Final = frozenset(state.value for state in TAKES_TIME)
_SITS: Final = S.state.in_([sa.literal(state.value) for state in sorted(SITS)])


def taken() -> sa.ColumnElement[bool]:
    """The appointments but one that take their time within a stretch."""
    takes = A.state.in_([sa.literal(state) for state in sorted(TAKING)])
    held = sa.or_(A.state != State.HELD.value, A.hold_until > _moment("now"))
    touches = sa.and_(A.kept_until > _moment("since"), A.kept_since < _moment("until"))
    return sa.and_(takes, held, touches, A.id != sa.bindparam("but", type_=sa.Text))


def _moment(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=UtcTime)


_TOUCHED: Final = (
    sa.type_coerce(A.kept_since, MinuteOf).label("kept_since"),
    sa.type_coerce(A.kept_until, MinuteFrom).label("kept_until"),
)
"""The minutes that an appointment takes, as `intervals.touched` counts them."""


@cache
def _busy_people(on_sqlite: bool) -> sa.Select[Any]:
    return (
        sa.select(S.person_id, *_TOUCHED)
        .join(appointments, A.id == S.appointment_id)
        .where(taken(), _SITS, among(S.person_id, "ids", on_sqlite))
    )


@cache
def _busy_resources(on_sqlite: bool) -> sa.Select[Any]:
    return (
        sa.select(U.resource_id, U.units, *_TOUCHED)
        .join(appointments, A.id == U.appointment_id)
        .where(taken(), among(U.resource_id, "ids", on_sqlite))
    )


def busy_people(
    tx: Tx,
    ids: Collection[str],
    since: datetime,
    until: datetime,
    now: datetime,
    but: str | None = None,
) -> list[tuple[str, int, int]]:
    """The minutes that people sit in appointments (`but` one), with the time around: person, from,
    to."""
    values = {"ids": sorted(ids), "since": since, "until": until, "now": now, "but": but or ""}
    return [tuple(row) for row in tx.rows(_busy_people(tx.sqlite), **values)] if ids else []


def busy_resources(
    tx: Tx,
    ids: Collection[str],
    since: datetime,
    until: datetime,
    now: datetime,
    but: str | None = None,
) -> list[tuple[str, int, int, int]]:
    """The minutes that rooms and devices are used (but by one): which, how many units, from, to."""
    values = {"ids": sorted(ids), "since": since, "until": until, "now": now, "but": but or ""}
    return [tuple(row) for row in tx.rows(_busy_resources(tx.sqlite), **values)] if ids else []


# --- appointments ---------------------------------------------------------------------------------


def get(tx: Tx, appointment_id: str) -> Row | None:
    """An appointment."""
    return tx.find(appointments, id=appointment_id)


def seats(tx: Tx, ids: Collection[str]) -> dict[str, list[Row]]:
    """The seats of appointments in order, those of whoever was replaced too."""
    return _grouped(tx, appointment_seats, ids, S.n)


def rooms(tx: Tx, ids: Collection[str]) -> dict[str, list[Row]]:
    """The rooms and devices of appointments."""
    return _grouped(tx, appointment_resources, ids, U.resource_id)


def moves(tx: Tx, appointment_id: str) -> list[Row]:
    """All that happened to an appointment, the first step first."""
    m = appointment_moves.c
    return tx.all(
        sa.select(appointment_moves).where(m.appointment_id == appointment_id).order_by(m.n)
    )


def was_proposed(tx: Tx, appointment_id: str) -> bool:
    """Whether it was ever more than a time that somebody held."""
    return _had(tx, appointment_id, "propose")


def was_confirmed(tx: Tx, appointment_id: str) -> bool:
    """Whether it ever had a time that was agreed to."""
    return _had(tx, appointment_id, "confirm")


def _had(tx: Tx, appointment_id: str, event: str) -> bool:
    m = appointment_moves.c
    mine = sa.and_(m.appointment_id == appointment_id, m.event == event)
    return tx.scalar(sa.select(m.n).where(mine).limit(1)) is not None


def _grouped(
    tx: Tx, table: sa.Table, ids: Collection[str], order: sa.Column[Any]
) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {key: [] for key in ids}
    query = sa.select(table).where(table.c.appointment_id.in_(sorted(ids))).order_by(order)
    for row in tx.all(query) if ids else ():
        found[row["appointment_id"]].append(row)
    return found


def of_parties(
    tx: Tx,
    institution_id: str,
    since: datetime,
    until: datetime,
    person_id: str | None = None,
    resource_id: str | None = None,
    most: int = 1000,
) -> list[Row]:
    """The appointments that an institution is a party of and that touch a stretch, by time.

    A party asked, answers, or sends somebody who was invited and not replaced.
    """
    sends = sa.exists().where(
        S.appointment_id == A.id, S.institution_id == institution_id, S.state != "replaced"
    )
    party = sa.or_(
        A.requester_id == institution_id,
        A.provider_id == institution_id,
        sends.correlate(appointments),
    )
    query = sa.select(appointments).where(party, A.until > since, A.since < until)
    if person_id is not None:
        query = query.where(
            A.id.in_(sa.select(S.appointment_id).where(S.person_id == person_id, _SITS))
        )
    if resource_id is not None:
        query = query.where(
            A.id.in_(sa.select(U.appointment_id).where(U.resource_id == resource_id))
        )
    return tx.all(query.order_by(A.since, A.id).limit(most))


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """The appointments of a case by time, those that were merely held left out."""
    query = sa.select(appointments).where(A.request_id == request_id, A.state != State.HELD.value)
    return tx.all(query.order_by(A.since, A.id).limit(50))


def of_person(tx: Tx, person_id: str, since: datetime, until: datetime) -> list[Row]:
    """The appointments that somebody sits in and that were not merely held, canceled ones too."""
    sat = sa.select(S.appointment_id).where(S.person_id == person_id, _SITS)
    return tx.all(
        sa.select(appointments)
        .where(A.id.in_(sat), A.state != State.HELD.value, A.until > since, A.since < until)
        .order_by(A.since, A.id)
    )


def with_forms(
    tx: Tx, institution_id: str, services: Collection[str], since: datetime, until: datetime
) -> list[Row]:
    """The appointments of cases of some services that an institution asks or answers, with the
    `content` of each case's form."""
    party = sa.or_(A.requester_id == institution_id, A.provider_id == institution_id)
    here = sa.and_(party, A.service.in_(services), A.until > since, A.since < until)
    query = sa.select(appointments, requests.c.content).join(
        requests, requests.c.id == A.request_id
    )
    return tx.all(
        query.where(here, A.state != State.HELD.value).order_by(A.since, A.id).limit(1000)
    )


def add(
    tx: Tx,
    row: Mapping[str, Any],
    seat_rows: Sequence[Mapping[str, Any]],
    room_rows: Sequence[Mapping[str, Any]],
) -> None:
    """A new appointment with its seats, rooms and devices."""
    tx.insert(appointments, row)
    tx.insert(appointment_seats, list(seat_rows))
    if room_rows:
        tx.insert(appointment_resources, list(room_rows))


def change(tx: Tx, appointment_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change an appointment that still has this version."""
    changed = {**values, "version": version + 1}
    return tx.change(appointments, {"id": appointment_id, "version": version}, changed) == 1


def add_move(tx: Tx, row: Mapping[str, Any]) -> None:
    """A step, after those that there are."""
    m = appointment_moves.c
    last = tx.scalar(sa.select(sa.func.max(m.n)).where(m.appointment_id == row["appointment_id"]))
    tx.insert(appointment_moves, {**row, "n": (last or 0) + 1})


def add_seat(tx: Tx, row: Mapping[str, Any]) -> None:
    """One more seat."""
    tx.insert(appointment_seats, row)


def change_seat(tx: Tx, appointment_id: str, n: int, was: str, values: Mapping[str, Any]) -> bool:
    """Change a seat that is still in a state."""
    keys = {"appointment_id": appointment_id, "n": n, "state": was}
    here = sa.and_(*(appointment_seats.c[key] == value for key, value in keys.items()))
    return tx.update(appointment_seats, here, values) == 1


def lapsed(tx: Tx, now: datetime) -> list[Row]:
    """What nobody went on with in time: holds that ran out, proposals whose time has come."""
    out = sa.and_(A.state == State.HELD.value, A.hold_until <= now)
    late = sa.and_(A.state == State.PROPOSED.value, A.since <= now)
    return tx.all(sa.select(appointments).where(sa.or_(out, late)).order_by(A.created_at, A.id))


# --- who waits ------------------------------------------------------------------------------------


def waiting(tx: Tx, waiting_id: str) -> Row | None:
    """An entry of the wait list."""
    return tx.find(waitings, id=waiting_id)


def waiting_for(tx: Tx, provider_id: str, now: datetime) -> list[Row]:
    """Who waits for a time at an institution, the urgent first, then who came first."""
    here = sa.and_(W.provider_id == provider_id, W.state == "waiting", W.until > now)
    return tx.all(sa.select(waitings).where(here).order_by(W.urgent.desc(), W.made_at, W.id))


def waitings_of(tx: Tx, institution_id: str) -> list[Row]:
    """The entries an institution made or is asked by, those that still wait first."""
    mine = sa.or_(W.requester_id == institution_id, W.provider_id == institution_id)
    return tx.all(
        sa.select(waitings)
        .where(mine)
        .order_by(sa.case((W.state == "waiting", 0), else_=1), W.made_at, W.id)
        .limit(500)
    )


def waitings_over(tx: Tx, now: datetime) -> list[Row]:
    """Entries that wait for a time that has passed."""
    return tx.all(sa.select(waitings).where(W.state == "waiting", W.until <= now))


def add_waiting(tx: Tx, row: Mapping[str, Any]) -> None:
    """A new entry."""
    tx.insert(waitings, row)


def change_waiting(tx: Tx, waiting_id: str, was: str, values: Mapping[str, Any]) -> bool:
    """Change an entry that is still in a state."""
    return tx.change(waitings, {"id": waiting_id, "state": was}, values) == 1
