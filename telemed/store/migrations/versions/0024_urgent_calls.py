"""Urgent calls, and everybody they rang."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "urgent_calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
        _fk("urgent_calls", "request_id", "requests.id"),
        _fk("urgent_calls", "requester_id", "institutions.id"),
        _fk("urgent_calls", "provider_id", "institutions.id"),
        _fk("urgent_calls", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name="pk_urgent_calls"),
    )
    for column in ("request_id", "appointment_id"):
        op.create_index(f"ix_urgent_calls_{column}", "urgent_calls", [column])
    for side in ("requester", "provider"):
        op.create_index(f"ix_urgent_calls_{side}", "urgent_calls", [f"{side}_id", "made_at"])
    rings = sa.text("state = 'ringing'")
    op.create_index(
        "ix_urgent_calls_ringing",
        "urgent_calls",
        ["next_at"],
        sqlite_where=rings,
        postgresql_where=rings,
    )
    op.create_table(
        "urgent_call_rings",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rung_at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("state_at", UtcTime(), nullable=False),
        _fk("urgent_call_rings", "call_id", "urgent_calls.id"),
        _fk("urgent_call_rings", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("call_id", "n", name="pk_urgent_call_rings"),
    )
    op.create_index("ix_urgent_call_rings_person", "urgent_call_rings", ["person_id", "rung_at"])


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
