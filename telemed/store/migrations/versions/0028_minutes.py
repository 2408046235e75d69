"""Minutes of appointments: notes, closings, signatures, consents, and what each side archived."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _minutes()
    _minutes_sections()
    _minutes_changes()
    _minutes_closings()
    _minutes_signers()
    _minutes_signatures()
    _minutes_archives()
    _appointment_consents()


def _minutes() -> None:
    op.create_table(
        "minutes",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("absent", Json, nullable=False),
        sa.Column("also", Json, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _fk("minutes", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_minutes"),
    )


def _minutes_sections() -> None:
    op.create_table(
        "minutes_sections",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _fk("minutes_sections", "appointment_id", "minutes.appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", "section", name="pk_minutes_sections"),
    )


def _minutes_changes() -> None:
    op.create_table(
        "minutes_changes",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("change", Json, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("minutes_changes", "appointment_id", "minutes.appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_minutes_changes"),
    )
    op.create_index(
        "ix_minutes_changes_key", "minutes_changes", ["appointment_id", "key"], unique=True
    )


def _minutes_closings() -> None:
    op.create_table(
        "minutes_closings",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=False),
        sa.Column("void_by", sa.Text()),
        sa.Column("void_at", UtcTime()),
        sa.Column("void_reason", sa.Text()),
        _fk("minutes_closings", "appointment_id", "minutes.appointment_id"),
        sa.PrimaryKeyConstraint("appointment_id", "round", name="pk_minutes_closings"),
    )


def _minutes_signers() -> None:
    op.create_table(
        "minutes_signers",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        _fk("minutes_signers", "appointment_id", "minutes.appointment_id"),
        _fk("minutes_signers", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("appointment_id", "round", "person_id", name="pk_minutes_signers"),
    )
    op.create_index("ix_minutes_signers_person_id", "minutes_signers", ["person_id"])


def _minutes_signatures() -> None:
    op.create_table(
        "minutes_signatures",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("stance", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("signed_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("minutes_signatures", "appointment_id", "minutes.appointment_id"),
        _fk("minutes_signatures", "person_id", "people.id"),
        sa.PrimaryKeyConstraint(
            "appointment_id", "round", "person_id", name="pk_minutes_signatures"
        ),
    )


def _minutes_archives() -> None:
    op.create_table(
        "minutes_archives",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signed_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("verification_code", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("minutes_archives", "appointment_id", "minutes.appointment_id"),
        _fk("minutes_archives", "institution_id", "institutions.id"),
        sa.PrimaryKeyConstraint("appointment_id", "institution_id", name="pk_minutes_archives"),
        sa.UniqueConstraint("verification_code", name="uq_minutes_archives_verification_code"),
    )


def _appointment_consents() -> None:
    op.create_table(
        "appointment_consents",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("appointment_consents", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_appointment_consents"),
    )


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
