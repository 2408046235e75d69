"""Conferences: members, the log, what was written in them, device and line checks."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _members()
    _log()
    _words()
    _checks()


def _fk(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_appointment_id"
    return sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=name)


def _members() -> None:
    op.create_table(
        "conference_members",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("flags", Json, nullable=False),
        sa.Column("page", sa.Text()),
        sa.Column("line", sa.Text()),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        _fk("conference_members"),
        sa.PrimaryKeyConstraint("id", name="pk_conference_members"),
        sa.UniqueConstraint(
            "appointment_id",
            "person_id",
            name="uq_conference_members_appointment_id_person_id",
        ),
    )
    present = sa.text("state = 'present'")
    op.create_index(
        "ix_conference_members_present",
        "conference_members",
        ["seen_at"],
        sqlite_where=present,
        postgresql_where=present,
    )


def _log() -> None:
    op.create_table(
        "conference_log",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("noted_at", UtcTime(), nullable=False),
        sa.Column("noted_by", sa.Text()),
        _fk("conference_log"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_conference_log"),
    )


def _words() -> None:
    op.create_table(
        "conference_words",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", UtcTime(), nullable=False),
        _fk("conference_words"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_conference_words"),
    )
    op.create_index("ix_conference_words_request_id", "conference_words", ["request_id"])


def _checks() -> None:
    op.create_table(
        "conference_checks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("found", Json, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("checked_at", UtcTime(), nullable=False),
        _fk("conference_checks"),
        sa.PrimaryKeyConstraint("id", name="pk_conference_checks"),
    )
    op.create_index("ix_conference_checks_appointment_id", "conference_checks", ["appointment_id"])
