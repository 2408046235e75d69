"""Who takes part in a lecture, in which order they came to it, and their wrong codes.

Whatever gives or takes a place is written in the lecture's turn, with the lecture's own counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.checkin import Guesses
from telemed.core.training import TOOK_PART, EnrolmentState, LectureState
from telemed.store.notice_tables import notices
from telemed.store.tables import accounts, institutions
from telemed.store.training_tables import code_guesses, courses, credits, enrolments, lectures
from telemed.store.tx import Row, Tx

E, L, C = enrolments.c, lectures.c, courses.c


def get(tx: Tx, lecture_id: str, account_id: str) -> Row | None:
    """Somebody's enrolment."""
    return tx.find(enrolments, lecture_id=lecture_id, account_id=account_id)


def add(tx: Tx, row: Row) -> None:
    """Keep a new enrolment."""
    tx.insert(enrolments, row)


def change(tx: Tx, lecture_id: str, account_id: str, values: Mapping[str, Any]) -> None:
    """Change somebody's enrolment; in the lecture's turn only."""
    tx.change(enrolments, {"lecture_id": lecture_id, "account_id": account_id}, values)


def change_if(tx: Tx, row: Row, state: EnrolmentState, values: Mapping[str, Any]) -> bool:
    """Change an enrolment if it is still in a state; whether it was. For what needs no turn."""
    keys = {k: row[k] for k in ("lecture_id", "account_id")}
    return tx.change(enrolments, {**keys, "state": state.value}, values) == 1


def waiting(tx: Tx, lecture_id: str, most: int) -> list[Row]:
    """Who waits for a place, the first to come first."""
    query = sa.select(enrolments).where(
        E.lecture_id == lecture_id, E.state == EnrolmentState.WAITING.value
    )
    return tx.all(query.order_by(E.n).limit(most))


def before(tx: Tx, lecture_id: str, n: int) -> int:
    """How many wait before the one of that place."""
    query = sa.select(sa.func.count()).where(
        E.lecture_id == lecture_id, E.state == EnrolmentState.WAITING.value, E.n < n
    )
    return int(tx.scalar(query))


def in_states(tx: Tx, lecture_id: str, states: Collection[EnrolmentState]) -> list[Row]:
    """Everybody of a lecture who is in one of these states."""
    names = sorted(state.value for state in states)
    query = sa.select(enrolments).where(E.lecture_id == lecture_id, E.state.in_(names))
    return tx.all(query.order_by(E.n))


def page(
    tx: Tx, lecture_id: str, state: str | None, offset: int, limit: int
) -> tuple[list[Row], int]:
    """A page of a lecture's people with their names and institutions, and how many there are."""
    where = [E.lecture_id == lecture_id]
    if state is not None:
        where.append(E.state == state)
    total = int(tx.scalar(sa.select(sa.func.count()).select_from(enrolments).where(*where)))
    query = (
        sa.select(
            enrolments,
            accounts.c.display_name.label("name"),
            institutions.c.short_name.label("institution_name"),
        )
        .join(accounts, accounts.c.id == E.account_id)
        .join(institutions, institutions.c.id == E.institution_id)
        .where(*where)
        .order_by(E.checked_in_at.desc(), E.n)
    )
    return tx.all(query.offset(offset).limit(limit)), total


def counts(tx: Tx, lecture_id: str) -> dict[str, int]:
    """How many of a lecture's people are in each state, as the rows themselves say."""
    query = sa.select(E.state, sa.func.count()).where(E.lecture_id == lecture_id).group_by(E.state)
    return {state: int(n) for state, n in tx.rows(query)}


def of_account(tx: Tx, account_id: str, lecture_ids: Collection[str]) -> dict[str, Row]:
    """Somebody's enrolments in these lectures, by lecture."""
    wanted = sorted(lecture_ids)
    query = sa.select(enrolments).where(E.account_id == account_id, E.lecture_id.in_(wanted))
    return {row["lecture_id"]: row for row in tx.all(query)} if wanted else {}


def in_course(tx: Tx, course_id: str, account_id: str) -> list[Row]:
    """Somebody's enrolments in a course."""
    query = (
        sa.select(enrolments)
        .join(lectures, L.id == E.lecture_id)
        .where(L.course_id == course_id, E.account_id == account_id)
    )
    return tx.all(query)


def uncredited(tx: Tx, course_id: str) -> list[Row]:
    """Whoever took part in any lecture of a course and has not got its credit, each once."""
    given = sa.exists().where(
        credits.c.course_id == course_id, credits.c.account_id == E.account_id
    )
    query = (
        sa.select(enrolments)
        .join(lectures, L.id == E.lecture_id)
        .where(L.course_id == course_id, E.state.in_(sorted(TOOK_PART)), ~given)
        .order_by(L.since, L.id, E.n)
    )
    first: dict[str, Row] = {}
    for row in tx.all(query):
        first.setdefault(row["account_id"], row)
    return list(first.values())


def of_person(tx: Tx, person_id: str, since: datetime, until: datetime) -> list[Row]:
    """The lectures in which somebody has a place and that touch a stretch, for their calendar."""
    has_place = ("enrolled", "checked in", "attended", "absent", "studied", "unfinished")
    told = [state.value for state in LectureState if state is not LectureState.PLANNED]
    query = (
        sa.select(lectures, C.title.label("course_title"), C.kind, C.service)
        .join(enrolments, E.lecture_id == L.id)
        .join(courses, C.id == L.course_id)
        .where(E.person_id == person_id, E.state.in_(has_place), L.state.in_(told))
        .where(L.until > since, L.since < until)
        .order_by(L.since)
        .limit(500)
    )
    return tx.all(query)


# --- who is to be told ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Untold:
    """An account that is to be told, and its institution."""

    account_id: str
    institution_id: str


def untold(
    tx: Tx,
    lecture_id: str,
    states: Collection[EnrolmentState],
    source: str,
    but: str | None,
    most: int,
) -> list[Untold]:
    """A lecture's people in these states who may sign in and have no notice of this source, but for
    one of them; the first to come first."""
    told = sa.exists().where(notices.c.source == source, notices.c.account_id == E.account_id)
    query = (
        sa.select(E.account_id, E.institution_id)
        .join(accounts, accounts.c.id == E.account_id)
        .where(E.lecture_id == lecture_id, E.state.in_(sorted(one.value for one in states)))
        .where(accounts.c.disabled.is_(False), E.account_id != (but or ""), ~told)
        .order_by(E.n)
        .limit(most)
    )
    return [Untold(account, place) for account, place in tx.rows(query)]


# --- wrong codes ----------------------------------------------------------------------------------


def guesses(tx: Tx, lecture_id: str, account_id: str) -> Guesses:
    """Somebody's wrong codes for a lecture."""
    row = tx.find(code_guesses, lecture_id=lecture_id, account_id=account_id)
    return Guesses() if row is None else Guesses(row["wrong"], row["first_at"])


def set_guesses(tx: Tx, lecture_id: str, account_id: str, those: Guesses) -> None:
    """Keep somebody's wrong codes; in the lecture's turn only."""
    keys = {"lecture_id": lecture_id, "account_id": account_id}
    values = {"wrong": those.wrong, "first_at": those.first_at}
    if not tx.change(code_guesses, keys, values):
        tx.insert(code_guesses, {**keys, **values})
