"""How many readers were on duty when a case was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("expectations", sa.Column("on_duty", sa.Integer()))
