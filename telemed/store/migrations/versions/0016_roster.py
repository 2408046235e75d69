"""Who is on duty, for what and when."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("services", Json, nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("replaces", sa.Text()),
        sa.Column("canceled_by", sa.Text()),
        sa.Column("canceled_at", UtcTime()),
        _fk("institution_id", "institutions.id"),
        _fk("person_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shifts"),
    )
    by_place = ["institution_id", "until", "since"]
    op.create_index("ix_duty_shifts_institution", "duty_shifts", by_place)
    op.create_index("ix_duty_shifts_person", "duty_shifts", ["person_id", "until"])


def _fk(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_duty_shifts_{column}")
