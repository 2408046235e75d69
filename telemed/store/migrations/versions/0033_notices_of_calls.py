"""Notices of urgent calls, beside those of cases and of appointments.

SQLite cannot change a check: there the rows are put aside, the table is made anew and they are put
back, within the migration's one transaction (https://sqlite.org/lang_altertable.html, 7).
"""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import UtcTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_ABOUT = (
    "(CASE WHEN request_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN call_id IS NULL THEN 0 ELSE 1 END) = 1"
)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("PRAGMA defer_foreign_keys=ON")
        op.execute("CREATE TABLE aside AS SELECT * FROM notices")
        op.drop_table("notices")
        _make()
        op.execute("INSERT INTO notices SELECT *, NULL FROM aside")
        op.drop_table("aside")
        return
    op.add_column("notices", sa.Column("call_id", sa.Text()))
    op.create_foreign_key("fk_notices_call_id", "notices", "urgent_calls", ["call_id"], ["id"])
    op.create_index("ix_notices_call_id", "notices", ["call_id"])
    op.drop_constraint("ck_notices_about", "notices")
    op.create_check_constraint("ck_notices_about", "notices", _ABOUT)


def _make() -> None:
    """The columns in the order that the rows aside have, the new one last."""
    op.create_table(
        "notices",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "source", "account_id")),
        sa.Column("escalation_id", sa.Text()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("occasion", "weight")),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        sa.Column("call_id", sa.Text()),
        *(
            sa.ForeignKeyConstraint([column], [target], name=f"fk_notices_{column}")
            for column, target in (
                ("account_id", "accounts.id"),
                ("escalation_id", "escalations.id"),
                ("request_id", "requests.id"),
                ("appointment_id", "appointments.id"),
                ("call_id", "urgent_calls.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("source", "account_id", name="uq_notices_source_account_id"),
        sa.CheckConstraint(_ABOUT, name="ck_notices_about"),
    )
    for column in ("request_id", "appointment_id", "call_id", "escalation_id"):
        op.create_index(f"ix_notices_{column}", "notices", [column])
    op.create_index("ix_notices_account_at", "notices", ["account_id", "at"])
