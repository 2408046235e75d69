"""A reader's desk: saved filters, settings, claims put aside, hand-over sheets."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workitems", sa.Column("aside_at", UtcTime()))
    op.add_column("workitems", sa.Column("aside_place", Json))
    op.create_table(
        "worklist_filters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tab", sa.Text(), nullable=False),
        sa.Column("conditions", Json, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("deleted_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name="pk_worklist_filters"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_worklist_filters_owner_id"),
    )
    op.create_index("ix_worklist_filters_owner_id", "worklist_filters", ["owner_id"])
    op.create_index(
        "ix_worklist_filters_audience", "worklist_filters", ["institution_id", "audience"]
    )
    op.create_table(
        "desk_settings",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_desk_settings"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_desk_settings_account_id"
        ),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("from_id", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("signed_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcTime(), nullable=False),
        sa.Column("accepted_at", UtcTime()),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("outcome", Json),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sa.ForeignKeyConstraint(["from_id"], ["people.id"], name="fk_handovers_from_id"),
        sa.ForeignKeyConstraint(["to_id"], ["people.id"], name="fk_handovers_to_id"),
    )
    op.create_index("ix_handovers_institution_signed", "handovers", ["institution_id", "signed_at"])
