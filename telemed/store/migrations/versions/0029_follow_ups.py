"""What became of the patient, so many days after an answer; the final diagnosis by its code."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = "follow_ups"
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("opens_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("overdue_at", UtcTime(), nullable=False),
        sa.Column("lapses_at", UtcTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("advice", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("diagnosis", Json),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_at", UtcTime()),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=f"fk_{name}_request_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("request_id", "days", name=f"uq_{name}_request_id_days"),
    )
    op.add_column("requests", sa.Column("final_diagnosis_code", sa.Text()))
    op.create_index("ix_follow_ups_requester", name, ["requester_id", "state", "due_at"])
    _index_of_some("ix_follow_ups_due", "due_at", "state = 'planned'")
    _index_of_some("ix_follow_ups_lapses", "lapses_at", "state = 'due'")


def _index_of_some(index: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        index, "follow_ups", [column], sqlite_where=condition, postgresql_where=condition
    )
