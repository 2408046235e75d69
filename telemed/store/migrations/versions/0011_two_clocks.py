"""Two clocks: what decided a due time, the requester's own clock, and an agreement's deadlines."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreements", sa.Column("terms", Json))
    op.add_column("requests", sa.Column("promise", Json))
    op.add_column("requests", sa.Column("asked_since", UtcTime))
    op.add_column("requests", sa.Column("asked_due_at", UtcTime))
    op.add_column(
        "requests", sa.Column("asked_seconds", sa.Integer(), nullable=False, server_default="0")
    )
