"""Who asked for a legal hold and until when; which studies are told otherwise than as files."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Studies that a merge, a move or a decision of the quarantine gave to somebody. Some of them are
# told as their files say; that is seen when a file is asked for.
MERGED_OR_NAMED = """\
UPDATE studies SET identity_at = updated_at WHERE patient_ref IN (
  SELECT to_ref FROM patient_changes UNION SELECT from_ref FROM patient_changes
) OR EXISTS (
  SELECT 1 FROM conflicts AS c WHERE c.institution_id = studies.institution_id
  AND c.study_uid = studies.study_uid AND c.resolution <> 'kept'
)"""


def upgrade() -> None:
    for name in ("asked_by", "end_reason"):
        op.add_column("legal_holds", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("legal_holds", sa.Column("until", sa.Date()))
    op.create_index("ix_legal_holds_institution_at", "legal_holds", ["institution_id", "at"])
    op.add_column("studies", sa.Column("identity_at", UtcTime()))
    op.execute(MERGED_OR_NAMED)
