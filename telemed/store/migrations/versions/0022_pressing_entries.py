"""What is not routine in the tally, without a walk through all that is."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pressing = sa.text("urgency <> 'routine'")
    op.create_index(
        "ix_tally_pressing",
        "tally_entries",
        [
            "urgency", "indicator", "month", "requester_id", "provider_id", "service",
            "request_id", "value", "weight",
        ],
        sqlite_where=pressing,
        postgresql_where=pressing,
    )  # fmt: skip
