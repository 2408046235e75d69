"""What names begin with, as keys of the search index: a surname's studies stand in order."""

from alembic import op

from telemed.store import study_keys

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The trigger first: what an older version enters from now on has them, too.
    for statement in study_keys.triggers(op.get_bind().dialect.name):
        op.execute(statement)
    op.execute(study_keys.BEGINNINGS.format(which="TRUE"))
