"""What is beyond the whole seconds of somebody's time in a lecture and at a film."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("enrolments", "material_plays"):
        op.add_column(table, sa.Column("micros", sa.Integer(), nullable=False, server_default="0"))
