"""Whose an attempt is to be: the scheduled performer, who said so, and since when."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workitems", sa.Column("scheduled_performer_id", sa.Text()))
    op.add_column("workitems", sa.Column("scheduled_by", sa.Text()))
    op.add_column("workitems", sa.Column("scheduled_performer_at", UtcTime()))
    op.create_index("ix_workitems_scheduled_performer_id", "workitems", ["scheduled_performer_id"])
