"""Who watched a conference and took no part in it."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("conference_members", "conference_log"):
        op.add_column(
            table,
            sa.Column("watches", sa.Boolean(), nullable=False, server_default=sa.false()),
        )
