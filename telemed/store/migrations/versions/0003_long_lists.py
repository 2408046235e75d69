"""Indexes for lists over years: what a hospital issued, what is being written, what is newest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("state IN ('draft', 'preliminary')")


def upgrade() -> None:
    op.create_index("ix_requests_provider_issued", "requests", ["provider_id", "issued_at"])
    op.create_index("ix_requests_created", "requests", ["created_at"])
    op.create_index(
        "ix_report_versions_unfinished",
        "report_versions",
        ["state"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
