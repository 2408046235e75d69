"""The triggers of the search index anew: they no longer walk an institution for each study."""

from alembic import op

from telemed.store import study_keys

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in study_keys.triggers(op.get_bind().dialect.name):
        op.execute(statement)
