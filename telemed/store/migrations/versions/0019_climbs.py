"""The climbs that go on, without a walk through all that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    going = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_escalations_going",
        "escalations",
        ["occasion"],
        sqlite_where=going,
        postgresql_where=going,
    )
