"""What the parties changed in their agreements."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_changes",
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("was", Json, nullable=False),
        sa.Column("became", Json, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("undoes", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name="fk_agreement_changes_agreement_id"
        ),
        sa.PrimaryKeyConstraint("agreement_id", "n", name="pk_agreement_changes"),
    )
