"""Room for sums of money: a region's year in fen is more than 32 bits hold.

SQLite keeps every integer in up to 64 bits, whatever its column says.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in ("tally_entries", "tally_sums"):
        op.alter_column(table, "weight", type_=sa.BigInteger(), existing_nullable=False)
