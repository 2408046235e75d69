"""Who of the requesting side accompanies a session."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = "accompaniments"
    op.create_table(
        name,
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licence_no", sa.Text(), nullable=False),
        sa.Column("fit", sa.Text(), nullable=False),
        sa.Column("named_by", sa.Text(), nullable=False),
        sa.Column("named_at", UtcTime(), nullable=False),
        sa.Column("confirmed_by", sa.Text()),
        sa.Column("confirmed_at", UtcTime()),
        sa.Column("confirmed_as", sa.Text()),
        sa.Column("replaced_at", UtcTime()),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=f"fk_{name}_appointment_id"
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=f"fk_{name}_request_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{name}_person_id"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_request_id", name, ["request_id"])
