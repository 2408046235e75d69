"""What each side thinks of the other, and what a case costs."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, Json, UtcTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _evaluations()
    _charges()
    _charge_moves()


def _evaluations() -> None:
    name = "evaluations"
    op.create_table(
        name,
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("scores", Json, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("opens_at", UtcTime(), nullable=False),
        sa.Column("opened_at", UtcTime()),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=f"fk_{name}_request_id"),
        sa.PrimaryKeyConstraint("request_id", "side", name=f"pk_{name}"),
    )
    waits = sa.text("opened_at IS NULL")
    op.create_index(
        "ix_evaluations_opens", name, ["opens_at"], sqlite_where=waits, postgresql_where=waits
    )


def _charges() -> None:
    name = "charges"
    op.create_table(
        name,
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Text()),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("fees", Json, nullable=False),
        sa.Column("surcharges", Json, nullable=False),
        sa.Column("amount", Big),
        sa.Column("payer", sa.Text()),
        sa.Column("reason", Json),
        sa.Column("counted_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=f"fk_{name}_request_id"),
        sa.PrimaryKeyConstraint("request_id", name=f"pk_{name}"),
    )
    op.create_index("ix_charges_requester", name, ["requester_id", "counted_at"])
    op.create_index("ix_charges_provider", name, ["provider_id", "counted_at"])


def _charge_moves() -> None:
    name = "charge_moves"
    op.create_table(
        name,
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", Big),
        sa.Column("payer", sa.Text()),
        sa.Column("reason", Json),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["charges.request_id"], name=f"fk_{name}_request_id"
        ),
        sa.PrimaryKeyConstraint("request_id", "n", name=f"pk_{name}"),
    )
