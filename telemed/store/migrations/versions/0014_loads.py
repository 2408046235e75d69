"""What everybody has in hand, and what was set aside, without a walk through all that was read."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.text("state = 'SCHEDULED'")
    op.create_index(
        "ix_workitems_set_aside",
        "workitems",
        ["scheduled_performer_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "ix_workitems_provider_state_ended", "workitems", ["provider_id", "state", "ended_at"]
    )
    op.drop_index("ix_workitems_provider_state", "workitems")
