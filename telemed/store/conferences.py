"""Conferences as rows: who is where, what happened, what was said, what was measured."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.conference import State
from telemed.store.conference_tables import (
    conference_checks,
    conference_log,
    conference_members,
    conference_words,
)
from telemed.store.tx import Row, Tx

M, L = conference_members.c, conference_log.c
W, K = conference_words.c, conference_checks.c
MOST_LOG: Final = 2000
MOST_WORDS: Final = 500


def members(tx: Tx, appointment_id: str) -> list[Row]:
    """Everybody who ever entered, in the order in which they first did."""
    query = sa.select(conference_members).where(M.appointment_id == appointment_id)
    return tx.all(query.order_by(M.entered_at, M.id))


def member_of(tx: Tx, appointment_id: str, person_id: str) -> Row | None:
    """Somebody's place in a conference."""
    return tx.find(conference_members, appointment_id=appointment_id, person_id=person_id)


def member(tx: Tx, member_id: str) -> Row | None:
    """A member."""
    return tx.find(conference_members, id=member_id)


def add_member(tx: Tx, row: Mapping[str, Any]) -> None:
    """Somebody who was not there before."""
    tx.insert(conference_members, row)


def change_member(tx: Tx, row: Row, values: Mapping[str, Any]) -> bool:
    """Change a member that is as it was seen: in that state, on that line."""
    line = M.line.is_(None) if row["line"] is None else M.line == row["line"]
    here = sa.and_(M.id == row["id"], M.state == row["state"], line)
    return tx.update(conference_members, here, values) == 1


def keep(tx: Tx, lines: Collection[str], now: datetime) -> int:
    """Vouch for those whose line was heard."""
    here = sa.and_(M.line.in_(sorted(lines)), M.state == State.PRESENT.value)
    return tx.update(conference_members, here, {"seen_at": now})


def unvouched(tx: Tx, before: datetime) -> list[Row]:
    """Members on a line for which nobody has vouched since a moment."""
    late = sa.and_(M.state == State.PRESENT.value, M.seen_at <= before, M.line.is_not(None))
    return tx.all(sa.select(conference_members).where(late).order_by(M.seen_at, M.id))


def log_of(tx: Tx, appointment_id: str, most: int = MOST_LOG) -> list[Row]:
    """What happened in a conference, in the order in which it was noted; the latest of it."""
    query = sa.select(conference_log).where(L.appointment_id == appointment_id)
    return tx.all(query.order_by(L.n.desc()).limit(most))[::-1]


def note(tx: Tx, row: Mapping[str, Any]) -> None:
    """One more line of the log."""
    key = row["appointment_id"]
    last = tx.scalar(sa.select(sa.func.max(L.n)).where(L.appointment_id == key))
    tx.insert(conference_log, {**row, "n": (last or 0) + 1})


def say(tx: Tx, row: Mapping[str, Any]) -> int:
    """One more thing that was said in writing; its number."""
    key = row["appointment_id"]
    last = tx.scalar(sa.select(sa.func.max(W.n)).where(W.appointment_id == key))
    n = int(last or 0) + 1
    tx.insert(conference_words, {**row, "n": n})
    return n


def words(tx: Tx, appointment_id: str, after: int = 0, most: int = MOST_WORDS) -> list[Row]:
    """What was said in writing after a number, the first first."""
    here = sa.and_(W.appointment_id == appointment_id, W.n > after)
    return tx.all(sa.select(conference_words).where(here).order_by(W.n).limit(most))


def add_check(tx: Tx, row: Mapping[str, Any]) -> None:
    """A device and line check."""
    tx.insert(conference_checks, row)


def checks(tx: Tx, appointment_id: str) -> list[Row]:
    """Each person's latest check."""
    query = sa.select(conference_checks).where(K.appointment_id == appointment_id)
    latest: dict[str, Row] = {}
    for row in tx.all(query.order_by(K.checked_at.desc(), K.id.desc()).limit(200)):
        latest.setdefault(row["person_id"], row)
    return sorted(latest.values(), key=_checked)


def _checked(row: Row) -> datetime:
    at: datetime = row["checked_at"]
    return at


def open_of(tx: Tx, ids: Sequence[str]) -> list[Row]:
    """The members of some conferences who have not left."""
    here = sa.and_(M.appointment_id.in_(sorted(ids)), M.state != State.AWAY.value)
    return tx.all(sa.select(conference_members).where(here).order_by(M.entered_at, M.id))


def going_on(tx: Tx) -> list[Row]:
    """Of members whose line stands: by mode, how many, and of how many conferences in all."""
    here = M.state == State.PRESENT.value
    rooms = sa.select(sa.func.count(sa.distinct(M.appointment_id))).where(here)
    return tx.all(
        sa.select(M.mode, sa.func.count().label("members"), rooms.scalar_subquery().label("rooms"))
        .where(here)
        .group_by(M.mode)
        .order_by(M.mode)
    )
