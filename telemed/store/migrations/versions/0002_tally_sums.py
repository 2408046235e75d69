"""Sums and measured times beside the tally's entries, and one index for the facts behind them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What a version that keeps them one by one would have kept: the entries added up.
_SUMS = """
    INSERT INTO tally_sums (side, month, indicator, institution_id, service, weight)
    SELECT '{side}', month, indicator, {side}_id, service, sum(weight)
    FROM tally_entries GROUP BY month, indicator, {side}_id, service
"""
_TIMES = """
    INSERT INTO tally_times
        (indicator, month, value, request_id, service, requester_id, provider_id, weight)
    SELECT indicator, month, value, request_id, service, requester_id, provider_id, sum(weight)
    FROM tally_entries WHERE value IS NOT NULL
    GROUP BY indicator, month, value, request_id, service, requester_id, provider_id
"""


def upgrade() -> None:
    op.create_table(
        "tally_sums",
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "side", "month", "indicator", "institution_id", "service", name=op.f("pk_tally_sums")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally_times",
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "indicator",
            "month",
            "value",
            "request_id",
            "service",
            "requester_id",
            "provider_id",
            name=op.f("pk_tally_times"),
        ),
        sqlite_with_rowid=False,
    )
    for side in ("requester", "provider"):
        op.execute(_SUMS.format(side=side))
    op.execute(_TIMES)
    for side in ("requester", "provider"):
        op.create_index(
            f"ix_tally_times_{side}", "tally_times", [f"{side}_id", "indicator", "month", "value"]
        )
    op.drop_index("ix_tally_month_requester", "tally_entries")
    op.drop_index("ix_tally_month_provider", "tally_entries")
    op.create_index(
        "ix_tally_facts",
        "tally_entries",
        ["indicator", "month", "seq", "part", "requester_id", "provider_id", "service"],
    )
