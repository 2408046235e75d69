"""Escalations and notices of a course or of a lecture.

SQLite cannot change a check: there the rows are put aside, the tables are made anew and the rows
are put back, within the migration's one transaction (https://sqlite.org/lang_altertable.html, 7).
"""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, UtcTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_CLIMBED = {
    "request_id": "requests.id",
    "appointment_id": "appointments.id",
    "course_id": "courses.id",
    "lecture_id": "lectures.id",
}
_TOLD = {**_CLIMBED, "call_id": "urgent_calls.id"}
_NEW = ("course_id", "lecture_id")
_KEY = ("opened_seq", "occasion", "finding")


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("PRAGMA defer_foreign_keys=ON")
        _anew("escalations", _escalations())
        _anew("notices", _notices())
        _index_all()
        return
    for table, about in (("escalations", _CLIMBED), ("notices", _TOLD)):
        for column in _NEW:
            op.add_column(table, sa.Column(column, sa.Text()))
            name, target = f"fk_{table}_{column}", about[column].partition(".")[0]
            op.create_foreign_key(name, table, target, [column], ["id"])
            op.create_index(f"ix_{table}_{column}", table, [column])
        op.drop_constraint(f"ck_{table}_about", table)
        op.create_check_constraint(f"ck_{table}_about", table, _one_of(about))


def _one_of(about: dict[str, str]) -> str:
    return " + ".join(f"(CASE WHEN {each} IS NULL THEN 0 ELSE 1 END)" for each in about) + " = 1"


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
        *map(_text, ("ladder", "occasion")),
        *(sa.Column(name, sa.Text()) for name in _CLIMBED),
        sa.Column("seat", sa.Integer()),
        *map(_text, ("finding", "requester_id", "provider_id")),
        sa.Column("opened_by", sa.Text()),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("anchor_at", UtcTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("acknowledged_by", sa.Text()),
        *(sa.Column(name, UtcTime()) for name in ("acknowledged_at", "exhausted_at", "ended_at")),
        sa.Column("end_reason", sa.Text()),
        *_keys(table, {**_CLIMBED, "acknowledged_by": "accounts.id"}),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        sa.UniqueConstraint(*_KEY, name=f"uq_escalations_{'_'.join(_KEY)}"),
        sa.CheckConstraint(_one_of(_CLIMBED), name="ck_escalations_about"),
    ]


def _notices() -> list[sa.schema.SchemaItem]:
    return [
        *map(_text, ("id", "source", "account_id")),
        sa.Column("escalation_id", sa.Text()),
        *map(_text, ("occasion", "weight")),
        sa.Column("rung", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in _TOLD),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        *_keys(
            "notices",
            {**_TOLD, "account_id": "accounts.id", "escalation_id": "escalations.id"},
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("source", "account_id", name="uq_notices_source_account_id"),
        sa.CheckConstraint(_one_of(_TOLD), name="ck_notices_about"),
    ]


def _index_all() -> None:
    waits, going = sa.text("next_at IS NOT NULL"), sa.text("ended_at IS NULL")
    op.create_index("ix_escalations_next", "escalations", ["next_at"], sqlite_where=waits)
    op.create_index("ix_escalations_going", "escalations", ["occasion"], sqlite_where=going)
    for table, columns in (("escalations", _CLIMBED), ("notices", (*_TOLD, "escalation_id"))):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("ix_notices_account_at", "notices", ["account_id", "at"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _keys(table: str, targets: dict[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
        for column, target in targets.items()
    ]
