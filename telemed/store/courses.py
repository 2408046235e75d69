"""Courses, to whom they are offered, and their lectures. Rows in, rows out; it knows no rules but
one: `visible`, to whom a course exists at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.training import GOES_ON, CourseKind, EnrolmentState, LectureState
from telemed.store.tables import institutions, memberships
from telemed.store.training_tables import (
    course_moves,
    course_offers,
    courses,
    enrolments,
    lectures,
)
from telemed.store.tx import Row, Tx

C, L, E, T = courses.c, lectures.c, enrolments.c, course_offers.c
_BRIEF = [column for column in C if column.name != "quiz"]
"""What a listing reads: without the quiz and its answers."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: an institution, whether its drafts are theirs to see, the account, the day."""

    institution_id: str
    account_id: str
    gives: bool
    on: date


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The courses that exist for a viewer: of their own institution, or published and offered."""
    published = C.published_at.is_not(None)
    open_end = sa.or_(memberships.c.until.is_(None), memberships.c.until >= viewer.on)
    alliances = sa.select(memberships.c.alliance_id).where(
        memberships.c.institution_id == viewer.institution_id,
        memberships.c.since <= viewer.on,
        open_end,
    )
    offered = C.id.in_(
        sa.select(T.course_id).where(
            sa.or_(
                sa.and_(T.kind == "institution", T.target_id == viewer.institution_id),
                sa.and_(T.kind == "alliance", T.target_id.in_(alliances)),
            )
        )
    )
    own = C.offerer_id == viewer.institution_id
    return sa.or_(own if viewer.gives else sa.and_(own, published), sa.and_(published, offered))


def get(tx: Tx, course_id: str) -> Row | None:
    """A course with its quiz."""
    return tx.find(courses, id=course_id)


def seen(tx: Tx, course_id: str, viewer: Viewer) -> bool:
    """Whether a course exists for a viewer."""
    return tx.scalar(sa.select(C.id).where(C.id == course_id, visible(viewer))) is not None


def add(tx: Tx, row: Row) -> None:
    """Keep a new course."""
    tx.insert(courses, row)


def change(tx: Tx, course_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a course if it is still of that version."""
    keys = {"id": course_id, "version": version}
    return tx.change(courses, keys, {**values, "version": version + 1}) == 1


def offers(tx: Tx, ids: Collection[str]) -> dict[str, list[Row]]:
    """To whom courses are offered, with the names."""
    found: dict[str, list[Row]] = {key: [] for key in ids}
    query = sa.select(course_offers).where(T.course_id.in_(sorted(ids))).order_by(T.kind)
    for row in tx.all(query.order_by(T.target_id)) if ids else ():
        found[row["course_id"]].append(row)
    return found


def set_offers(tx: Tx, course_id: str, those: Collection[tuple[str, str]]) -> None:
    """Offer a course to these and nobody else."""
    tx.execute(sa.delete(course_offers).where(T.course_id == course_id))
    rows = [
        {"course_id": course_id, "kind": kind, "target_id": target}
        for kind, target in sorted(set(those))
    ]
    if rows:
        tx.insert(course_offers, rows)


def alliances_on(tx: Tx, institution_id: str, on: date) -> set[str]:
    """The alliances of which an institution is a member on a day."""
    m = memberships.c
    open_end = sa.or_(m.until.is_(None), m.until >= on)
    query = sa.select(m.alliance_id).where(
        m.institution_id == institution_id, m.since <= on, open_end
    )
    return {row[0] for row in tx.rows(query)}


def are_institutions(tx: Tx, ids: Collection[str]) -> bool:
    """Whether all of these are in the register."""
    query = sa.select(sa.func.count()).where(institutions.c.id.in_(sorted(ids)))
    return int(tx.scalar(query)) == len(ids)


# --- moves ----------------------------------------------------------------------------------------


def add_move(tx: Tx, move: Row) -> None:
    """Keep a step of a course or of one of its lectures; in the course's turn."""
    m = course_moves.c
    last = sa.select(sa.func.coalesce(sa.func.max(m.n), 0)).where(m.course_id == move["course_id"])
    tx.insert(course_moves, {**move, "n": int(tx.scalar(last)) + 1})


def moves(tx: Tx, course_id: str, most: int = 500) -> list[Row]:
    """What happened to a course and its lectures, the first step first."""
    m = course_moves.c
    query = sa.select(course_moves).where(m.course_id == course_id).order_by(m.n).limit(most)
    return tx.all(query)


# --- lectures -------------------------------------------------------------------------------------


def lecture(tx: Tx, lecture_id: str) -> Row | None:
    """A lecture."""
    return tx.find(lectures, id=lecture_id)


def add_lecture(tx: Tx, row: Row) -> None:
    """Keep a new lecture."""
    tx.insert(lectures, row)


def set_lecture(tx: Tx, lecture_id: str, values: Mapping[str, Any]) -> None:
    """Change a lecture; in its turn only."""
    tx.change(lectures, {"id": lecture_id}, values)


def lectures_of(tx: Tx, course_ids: Collection[str]) -> dict[str, list[Row]]:
    """The lectures of courses by time."""
    found: dict[str, list[Row]] = {key: [] for key in course_ids}
    query = sa.select(lectures).where(L.course_id.in_(sorted(course_ids)))
    for row in tx.all(query.order_by(L.since, L.id)) if course_ids else ():
        found[row["course_id"]].append(row)
    return found


def some_lectures(tx: Tx, ids: Collection[str]) -> dict[str, Row]:
    """Lectures by id, each with its course's number, title and offerer."""
    course = (C.number.label("course_number"), C.title.label("course_title"), C.kind)
    query = sa.select(lectures, *course).join(courses, C.id == L.course_id)
    wanted = sorted(ids)
    return {row["id"]: row for row in tx.all(query.where(L.id.in_(wanted)))} if wanted else {}


# --- the catalogue --------------------------------------------------------------------------------


def taught(
    tx: Tx,
    offerers: Collection[str],
    since: datetime,
    until: datetime,
    states: Collection[LectureState],
) -> list[Row]:
    """The lectures of institutions that are at a time and touch a stretch, with who gives them; of
    courses that have been published, since the others are their own people's."""
    query = (
        sa.select(lectures, C.title.label("course_title"), C.kind, C.lecturers)
        .join(courses, C.id == L.course_id)
        .where(L.offerer_id.in_(sorted(offerers)), L.state.in_(sorted(s.value for s in states)))
        .where(C.kind != CourseKind.ON_DEMAND.value, C.published_at.is_not(None))
        .where(L.until > since, L.since < until)
        .order_by(L.since, L.id)
    )
    return tx.all(query) if offerers else []


@dataclass(frozen=True, slots=True)
class Asked:
    """What a listing is asked for: a view, words, a specialty, and a page of it."""

    view: str
    words: str = ""
    specialty: str = ""
    offset: int = 0
    limit: int = 50


def page(tx: Tx, viewer: Viewer, asked: Asked, now: datetime) -> tuple[list[Row], int]:
    """A page of courses and how many there are."""
    where = [visible(viewer), *_of_view(asked.view, viewer, now), *_worded(asked)]
    total = int(tx.scalar(sa.select(sa.func.count()).select_from(courses).where(*where)))
    soonest = (
        sa.select(sa.func.min(L.since))
        .where(L.course_id == C.id, L.until > now, L.state.in_(_GOING))
        .scalar_subquery()
    )
    far = sa.literal(datetime.max.replace(tzinfo=now.tzinfo), C.made_at.type)
    query = sa.select(*_BRIEF).where(*where)
    query = query.order_by(sa.func.coalesce(soonest, far), C.made_at.desc(), C.id)
    return tx.all(query.offset(asked.offset).limit(asked.limit)), total


_GOING = sorted(state.value for state in GOES_ON)


def _of_view(view: str, viewer: Viewer, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Which courses a view has."""
    open_now = sa.exists().where(L.course_id == C.id, L.until > now, L.state.in_(_GOING))
    mine = sa.exists().where(
        L.course_id == C.id,
        E.lecture_id == L.id,
        E.account_id == viewer.account_id,
        E.state != EnrolmentState.WITHDRAWN.value,
    )
    own = C.offerer_id == viewer.institution_id
    on_demand = C.kind == CourseKind.ON_DEMAND.value
    rows: Mapping[str, list[sa.ColumnElement[bool]]] = {
        "upcoming": [C.state == "published", open_now, sa.not_(on_demand)],
        "on-demand": [C.state == "published", on_demand],
        "mine": [mine],
        "given": [own],
        "review": [own, sa.or_(C.state.in_(["applied", "approved"]), _to_open())],
    }
    return rows[view]


def _to_open() -> sa.ColumnElement[bool]:
    """Published, with a lecture that was added since and waits for the reviewer."""
    waits = sa.exists().where(L.course_id == C.id, L.state == LectureState.PLANNED.value)
    return sa.and_(C.state == "published", waits)


def _worded(asked: Asked) -> Sequence[sa.ColumnElement[bool]]:
    found = [
        sa.or_(
            sa.func.lower(C.title).contains(word, autoescape=True),
            sa.func.lower(C.target_group).contains(word, autoescape=True),
            sa.cast(C.lecturers, sa.Text).contains(word, autoescape=True),
            sa.func.lower(C.number).contains(word, autoescape=True),
        )
        for word in asked.words.lower().split()[:5]
    ]
    if asked.specialty:
        found.append(C.specialty == asked.specialty)
    return found
