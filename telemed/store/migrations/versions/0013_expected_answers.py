"""When answers are likely: what each cell of cases has seen, and what was told of each case."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, Json, UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expected_cells",
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("seen", Json, nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.PrimaryKeyConstraint("cell", name="pk_expected_cells"),
    )
    op.create_table(
        "expectations",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcTime, nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer()),
        sa.Column("mid", sa.Integer()),
        sa.Column("high", sa.Integer()),
        sa.Column("cell", sa.Text()),
        sa.Column("took", sa.Integer()),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_expectations_request_id"),
        sa.PrimaryKeyConstraint("request_id", name="pk_expectations"),
    )
