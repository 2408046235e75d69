"""When a calendar link was last read."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calendar_links", sa.Column("read_at", UtcTime()))
