"""Training: courses and to whom they are offered, lectures, enrolments, material, quiz, credit."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _courses()
    _course_offers()
    _course_moves()
    _lectures()
    _enrolments()
    _code_guesses()
    _course_materials()
    _material_plays()
    _quiz_sittings()
    _lecture_feedback()
    _credits()


def _courses() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("offerer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("target_group", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lecturers", Json, nullable=False),
        sa.Column("credit_tenths", sa.Integer(), nullable=False),
        sa.Column("credit_class", sa.Text(), nullable=False),
        sa.Column("required_percent", sa.Integer(), nullable=False),
        sa.Column("quiz", Json, nullable=False),
        sa.Column("pass_mark", sa.Integer(), nullable=False),
        sa.Column("most_sittings", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", Json),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("applied_by", sa.Text()),
        sa.Column("published_at", UtcTime()),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _fk("courses", "offerer_id", "institutions.id"),
        _fk("courses", "made_by", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_courses"),
        sa.UniqueConstraint("number", name="uq_courses_number"),
    )
    op.create_index("ix_courses_offerer_id", "courses", ["offerer_id"])
    op.create_index("ix_courses_offerer_state", "courses", ["offerer_id", "state"])


def _course_offers() -> None:
    op.create_table(
        "course_offers",
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        _fk("course_offers", "course_id", "courses.id"),
        sa.PrimaryKeyConstraint("course_id", "kind", "target_id", name="pk_course_offers"),
    )
    op.create_index("ix_course_offers_target", "course_offers", ["target_id", "course_id"])


def _course_moves() -> None:
    op.create_table(
        "course_moves",
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("lecture_id", sa.Text()),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", Json),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_at", UtcTime(), nullable=False),
        _fk("course_moves", "course_id", "courses.id"),
        sa.PrimaryKeyConstraint("course_id", "n", name="pk_course_moves"),
    )


def _lectures() -> None:
    op.create_table(
        "lectures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("offerer_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("join_address", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("quota", sa.Integer()),
        sa.Column("most_waiting", sa.Integer(), nullable=False),
        sa.Column("on_the_spot", sa.Boolean(), nullable=False),
        sa.Column("code_secret", sa.Text(), nullable=False),
        sa.Column("code_seconds", sa.Integer(), nullable=False),
        sa.Column("code_before", sa.Integer(), nullable=False),
        sa.Column("code_after", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("came", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Integer(), nullable=False),
        sa.Column("begun_at", UtcTime()),
        sa.Column("finished_at", UtcTime()),
        sa.Column("reason", Json),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _fk("lectures", "course_id", "courses.id"),
        _fk("lectures", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name="pk_lectures"),
        sa.UniqueConstraint("number", name="uq_lectures_number"),
    )
    op.create_index("ix_lectures_course_id", "lectures", ["course_id"])
    op.create_index("ix_lectures_until", "lectures", ["until", "since"])


def _enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("lecture_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("checked_in_at", UtcTime()),
        sa.Column("checked_out_at", UtcTime()),
        sa.Column("on_the_spot", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("beat_at", UtcTime()),
        sa.Column("pauses", sa.Integer(), nullable=False),
        _fk("enrolments", "lecture_id", "lectures.id"),
        _fk("enrolments", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("lecture_id", "account_id", name="pk_enrolments"),
    )
    op.create_index("ix_enrolments_account_id", "enrolments", ["account_id"])
    op.create_index("ix_enrolments_order", "enrolments", ["lecture_id", "n"])
    op.create_index("ix_enrolments_person_id", "enrolments", ["person_id"])
    op.create_index(
        "ix_enrolments_waiting",
        "enrolments",
        ["lecture_id", "n"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _code_guesses() -> None:
    op.create_table(
        "code_guesses",
        sa.Column("lecture_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcTime(), nullable=False),
        _fk("code_guesses", "lecture_id", "lectures.id"),
        _fk("code_guesses", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("lecture_id", "account_id", name="pk_code_guesses"),
    )


def _course_materials() -> None:
    op.create_table(
        "course_materials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("removed_by", sa.Text()),
        sa.Column("removed_at", UtcTime()),
        _fk("course_materials", "course_id", "courses.id"),
        sa.PrimaryKeyConstraint("id", name="pk_course_materials"),
    )
    op.create_index("ix_course_materials_course_id", "course_materials", ["course_id"])


def _material_plays() -> None:
    op.create_table(
        "material_plays",
        sa.Column("material_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("plays", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("watched", sa.Integer(), nullable=False),
        sa.Column("beat_at", UtcTime(), nullable=False),
        _fk("material_plays", "material_id", "course_materials.id"),
        _fk("material_plays", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("material_id", "account_id", name="pk_material_plays"),
    )


def _quiz_sittings() -> None:
    op.create_table(
        "quiz_sittings",
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("sat_at", UtcTime(), nullable=False),
        _fk("quiz_sittings", "course_id", "courses.id"),
        _fk("quiz_sittings", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("course_id", "account_id", "n", name="pk_quiz_sittings"),
    )


def _lecture_feedback() -> None:
    op.create_table(
        "lecture_feedback",
        sa.Column("lecture_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("marks", Json, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("given_at", UtcTime(), nullable=False),
        _fk("lecture_feedback", "lecture_id", "lectures.id"),
        _fk("lecture_feedback", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("lecture_id", "account_id", name="pk_lecture_feedback"),
    )


def _credits() -> None:
    op.create_table(
        "credits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("institution_name", sa.Text(), nullable=False),
        sa.Column("tenths", sa.Integer(), nullable=False),
        sa.Column("credit_class", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("given_at", UtcTime(), nullable=False),
        _fk("credits", "course_id", "courses.id"),
        _fk("credits", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_credits"),
        sa.UniqueConstraint("code", name="uq_credits_code"),
        sa.UniqueConstraint("course_id", "account_id", name="uq_credits_course_id_account_id"),
    )
    op.create_index("ix_credits_account_id", "credits", ["account_id"])


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
