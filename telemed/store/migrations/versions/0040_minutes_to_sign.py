"""Minutes to sign: one fact begins a climb for each who is to sign.

SQLite cannot change a key: there the rows are put aside, the table is made anew and they are put
back, within the migration's one transaction (https://sqlite.org/lang_altertable.html, 7).
"""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, UtcTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_ABOUT = "(request_id IS NULL) <> (appointment_id IS NULL)"
_OLD, _KEY = "uq_escalations_opened_seq_occasion", ["opened_seq", "occasion", "finding"]
_NEW = f"{_OLD}_finding"


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(_OLD, "escalations")
        op.create_unique_constraint(_NEW, "escalations", _KEY)
        return
    op.execute("PRAGMA defer_foreign_keys=ON")
    columns = sa.inspect(op.get_bind()).get_columns("escalations")
    was = ", ".join(f'"{column["name"]}"' for column in columns)
    op.execute("CREATE TABLE aside AS SELECT * FROM escalations")
    op.drop_table("escalations")
    _make()
    op.execute(f"INSERT INTO escalations ({was}) SELECT {was} FROM aside")
    op.drop_table("aside")


def _make() -> None:
    told = [sa.Column(name, sa.Text(), nullable=False) for name in ("ladder", "occasion")]
    about = [sa.Column(name, sa.Text()) for name in ("request_id", "appointment_id")]
    sides = [
        sa.Column(name, sa.Text(), nullable=False)
        for name in ("finding", "requester_id", "provider_id")
    ]
    ends: list[sa.Column[object]] = [
        sa.Column(name, UtcTime()) for name in ("acknowledged_at", "exhausted_at", "ended_at")
    ]
    keys = (
        ("request_id", "requests.id"),
        ("appointment_id", "appointments.id"),
        ("acknowledged_by", "accounts.id"),
    )
    op.create_table(
        "escalations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("opened_seq", Big, nullable=False),
        *told,
        *about,
        sa.Column("seat", sa.Integer()),
        *sides,
        sa.Column("opened_by", sa.Text()),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("anchor_at", UtcTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("acknowledged_by", sa.Text()),
        *ends,
        sa.Column("end_reason", sa.Text()),
        *(
            sa.ForeignKeyConstraint([column], [to], name=f"fk_escalations_{column}")
            for column, to in keys
        ),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        sa.UniqueConstraint(*_KEY, name=_NEW),
        sa.CheckConstraint(_ABOUT, name="ck_escalations_about"),
    )
    waits, going = sa.text("next_at IS NOT NULL"), sa.text("ended_at IS NULL")
    op.create_index("ix_escalations_next", "escalations", ["next_at"], sqlite_where=waits)
    op.create_index("ix_escalations_going", "escalations", ["occasion"], sqlite_where=going)
    for column in ("request_id", "appointment_id"):
        op.create_index(f"ix_escalations_{column}", "escalations", [column])
