"""Escalations and notices of a case or of an appointment.

PostgreSQL changes the tables. SQLite cannot take NOT NULL from a column: there the rows are put
aside, the table is made anew and they are put back, within the migration's one transaction, in
which the keys that point at them are looked at last (https://sqlite.org/foreignkeys.html, 4.2).
"""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, UtcTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ABOUT = "(request_id IS NULL) <> (appointment_id IS NULL)"


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("PRAGMA defer_foreign_keys=ON")
        _anew("escalations", _escalations())
        _anew("notices", _notices())
        _index_all()
        return
    op.add_column("escalations", sa.Column("seat", sa.Integer()))
    op.add_column("escalations", sa.Column("opened_by", sa.Text()))
    for table in ("escalations", "notices"):
        op.add_column(table, sa.Column("appointment_id", sa.Text()))
        op.alter_column(table, "request_id", nullable=True)
        name = f"fk_{table}_appointment_id"
        op.create_foreign_key(name, table, "appointments", ["appointment_id"], ["id"])
        op.create_check_constraint(f"ck_{table}_about", table, _ABOUT)
        op.create_index(f"ix_{table}_appointment_id", table, ["appointment_id"])


def _anew(table: str, items: list[sa.schema.SchemaItem]) -> None:
    """The table in its new shape with its rows as they were."""
    connection = op.get_bind()
    was = ", ".join(f'"{column["name"]}"' for column in sa.inspect(connection).get_columns(table))
    op.execute(f"CREATE TABLE aside AS SELECT * FROM {table}")
    op.drop_table(table)
    op.create_table(table, *items)
    op.execute(f"INSERT INTO {table} ({was}) SELECT {was} FROM aside")
    op.drop_table("aside")


def _escalations() -> list[sa.schema.SchemaItem]:
    table = "escalations"
    return [
        _text("id"),
        sa.Column("opened_seq", Big, nullable=False),
        _text("ladder"),
        _text("occasion"),
        sa.Column("request_id", sa.Text()),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("seat", sa.Integer()),
        _text("finding"),
        _text("requester_id"),
        _text("provider_id"),
        sa.Column("opened_by", sa.Text()),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("anchor_at", UtcTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("acknowledged_at", UtcTime()),
        sa.Column("exhausted_at", UtcTime()),
        sa.Column("ended_at", UtcTime()),
        sa.Column("end_reason", sa.Text()),
        _fk(table, "request_id", "requests.id"),
        _fk(table, "appointment_id", "appointments.id"),
        _fk(table, "acknowledged_by", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        sa.UniqueConstraint("opened_seq", "occasion", name="uq_escalations_opened_seq_occasion"),
        sa.CheckConstraint(_ABOUT, name="ck_escalations_about"),
    ]


def _notices() -> list[sa.schema.SchemaItem]:
    return [
        _text("id"),
        _text("source"),
        _text("account_id"),
        sa.Column("escalation_id", sa.Text()),
        _text("occasion"),
        _text("weight"),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        _fk("notices", "account_id", "accounts.id"),
        _fk("notices", "escalation_id", "escalations.id"),
        _fk("notices", "request_id", "requests.id"),
        _fk("notices", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("source", "account_id", name="uq_notices_source_account_id"),
        sa.CheckConstraint(_ABOUT, name="ck_notices_about"),
    ]


def _index_all() -> None:
    waits, going = sa.text("next_at IS NOT NULL"), sa.text("ended_at IS NULL")
    op.create_index("ix_escalations_next", "escalations", ["next_at"], sqlite_where=waits)
    op.create_index("ix_escalations_going", "escalations", ["occasion"], sqlite_where=going)
    for table in ("escalations", "notices"):
        for column in ("request_id", "appointment_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("ix_notices_escalation_id", "notices", ["escalation_id"])
    op.create_index("ix_notices_account_at", "notices", ["account_id", "at"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
