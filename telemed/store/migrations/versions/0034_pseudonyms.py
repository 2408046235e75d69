"""Copies without identity, and who looked at their pixels."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _pseudonyms()
    op.create_table(
        "pixel_checks",
        sa.Column("pseudonym_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("looked_by", sa.Text(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=False),
        _fk("pixel_checks", "pseudonym_id", "pseudonyms.id"),
        _fk("pixel_checks", "study_id", "studies.id"),
        _fk("pixel_checks", "looked_by", "accounts.id"),
        sa.PrimaryKeyConstraint("pseudonym_id", "study_id", name="pk_pixel_checks"),
    )
    op.create_table(
        "copied_instances",
        sa.Column("pseudonym_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text()),
        _fk("copied_instances", "pseudonym_id", "pseudonyms.id"),
        _fk("copied_instances", "study_id", "studies.id"),
        sa.PrimaryKeyConstraint("pseudonym_id", "instance_id", name="pk_copied_instances"),
    )


def _pseudonyms() -> None:
    op.create_table(
        "pseudonyms",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("original_ref", sa.Text(), nullable=False),
        sa.Column("patient_ref", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("shift_days", sa.Integer(), nullable=False),
        sa.Column("study_ids", Json, nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime()),
        _fk("pseudonyms", "institution_id", "institutions.id"),
        _fk("pseudonyms", "request_id", "requests.id"),
        _fk("pseudonyms", "original_ref", "patients.id"),
        _fk("pseudonyms", "patient_ref", "patients.id"),
        _fk("pseudonyms", "made_by", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_pseudonyms"),
        sa.UniqueConstraint("institution_id", "n", name="uq_pseudonyms_institution_id_n"),
        sa.UniqueConstraint(
            "request_id", "original_ref", name="uq_pseudonyms_request_id_original_ref"
        ),
        sa.UniqueConstraint("patient_ref", name="uq_pseudonyms_patient_ref"),
    )


def _fk(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")
