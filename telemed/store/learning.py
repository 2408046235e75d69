"""What people did in a course beside coming to it: material watched, quizzes sat, feedback, credit.

Rows in, rows out; it knows no rules.
"""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from telemed.store.training_tables import (
    course_materials,
    courses,
    credits,
    lecture_feedback,
    material_plays,
    quiz_sittings,
)
from telemed.store.tx import Row, Tx

M, P, Q, F, K = (
    course_materials.c, material_plays.c, quiz_sittings.c, lecture_feedback.c, credits.c,
)  # fmt: skip

# --- material -------------------------------------------------------------------------------------


def materials(tx: Tx, course_id: str) -> list[Row]:
    """A course's material, the first one first, with how often it was played in all."""
    plays = (
        sa.select(sa.func.coalesce(sa.func.sum(P.plays), 0))
        .where(P.material_id == M.id)
        .scalar_subquery()
    )
    query = sa.select(course_materials, plays.label("plays"))
    return tx.all(
        query.where(M.course_id == course_id, M.removed_at.is_(None)).order_by(M.made_at, M.id)
    )


def material(tx: Tx, material_id: str) -> Row | None:
    """A material that was not removed."""
    row = tx.find(course_materials, id=material_id)
    return None if row is None or row["removed_at"] is not None else row


def add_material(tx: Tx, row: Row) -> None:
    """Keep a material."""
    tx.insert(course_materials, row)


def remove_material(tx: Tx, material_id: str, values: Mapping[str, Any]) -> None:
    """Take a material out of its course; the row and its file stay."""
    tx.change(course_materials, {"id": material_id}, values)


def play(tx: Tx, material_id: str, account_id: str) -> Row | None:
    """How far somebody has come in a material."""
    return tx.find(material_plays, material_id=material_id, account_id=account_id)


def set_play(tx: Tx, material_id: str, account_id: str, values: Mapping[str, Any]) -> None:
    """Keep how far somebody has come."""
    keys = {"material_id": material_id, "account_id": account_id}
    if not tx.change(material_plays, keys, values):
        tx.insert(material_plays, {**keys, **values})


def plays_of(tx: Tx, account_id: str, material_ids: Collection[str]) -> dict[str, Row]:
    """How far somebody has come in these materials."""
    wanted = sorted(material_ids)
    query = sa.select(material_plays).where(P.account_id == account_id, P.material_id.in_(wanted))
    return {row["material_id"]: row for row in tx.all(query)} if wanted else {}


# --- quiz -----------------------------------------------------------------------------------------


def sittings(tx: Tx, course_id: str, account_id: str) -> list[Row]:
    """Somebody's sittings of a quiz, the first one first."""
    query = sa.select(quiz_sittings).where(Q.course_id == course_id, Q.account_id == account_id)
    return tx.all(query.order_by(Q.n))


def add_sitting(tx: Tx, row: Row) -> None:
    """Keep a sitting."""
    tx.insert(quiz_sittings, row)


def quiz_result(tx: Tx, course_id: str) -> tuple[int, int]:
    """How many people sat a course's quiz, and how many of them have passed."""
    passed = sa.func.max(sa.case((Q.passed, 1), else_=0)).label("passed")
    each = sa.select(passed).where(Q.course_id == course_id).group_by(Q.account_id).subquery()
    row = tx.one(
        sa.select(
            sa.func.count().label("sat"),
            sa.func.coalesce(sa.func.sum(each.c.passed), 0).label("passed"),
        ).select_from(each)
    )
    return (0, 0) if row is None else (int(row["sat"]), int(row["passed"]))


# --- feedback -------------------------------------------------------------------------------------


def feedback(tx: Tx, lecture_id: str, account_id: str) -> Row | None:
    """Somebody's own feedback on a lecture."""
    return tx.find(lecture_feedback, lecture_id=lecture_id, account_id=account_id)


def add_feedback(tx: Tx, row: Row) -> None:
    """Keep somebody's feedback."""
    tx.insert(lecture_feedback, row)


def feedback_of(tx: Tx, lecture_id: str, most: int) -> list[Row]:
    """Marks and words given on a lecture, without who gave them and in no order of theirs."""
    query = sa.select(F.marks, F.words).where(F.lecture_id == lecture_id)
    # Neither by time nor by name: that would tell who said what.
    return tx.all(query.order_by(F.words, sa.cast(F.marks, sa.Text)).limit(most))


# --- credit ---------------------------------------------------------------------------------------


def credit(tx: Tx, course_id: str, account_id: str) -> Row | None:
    """Somebody's credit for a course."""
    return tx.find(credits, course_id=course_id, account_id=account_id)


def tenths_of(tx: Tx, course_id: str) -> dict[str, int]:
    """What a course's credit gave, by account."""
    query = sa.select(K.account_id, K.tenths).where(K.course_id == course_id)
    return {account: int(tenths) for account, tenths in tx.rows(query)}


def add_credit(tx: Tx, row: Row) -> None:
    """Keep a credit."""
    tx.insert(credits, row)


def credits_of(tx: Tx, account_id: str, most: int = 500) -> list[Row]:
    """Somebody's credits, the latest first, with their courses."""
    query = _credit().where(K.account_id == account_id)
    return tx.all(query.order_by(K.given_at.desc()).limit(most))


def credit_by(tx: Tx, **key: str) -> Row | None:
    """A credit by its id or by the code on its certificate, with its course."""
    return tx.one(_credit().where(*(K[name] == value for name, value in key.items())))


def _credit() -> sa.Select[Any]:
    course = (
        courses.c.title, courses.c.number, courses.c.kind, courses.c.lecturers,
        courses.c.offerer_id, courses.c.specialty, courses.c.service,
    )  # fmt: skip
    return sa.select(credits, *course).join(courses, courses.c.id == K.course_id)
