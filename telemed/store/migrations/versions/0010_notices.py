"""Ladders being climbed, notices and how they went out, and what was done about the critical."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, Json, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _escalations()
    _notices()
    _people()
    acted: tuple[sa.Column[Any], ...] = (
        sa.Column("acted_code", sa.Text()),
        sa.Column("acted_note", sa.Text(), nullable=False, server_default=""),
        sa.Column("acted_at", UtcTime()),
        sa.Column("acted_by", sa.Text()),
        sa.Column("acted_entered_at", UtcTime()),
    )
    for column in acted:
        op.add_column("critical_notices", column)


def _text(name: str, *more: sa.schema.SchemaItem) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), *more, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def _waiting(table: str) -> None:
    waits = sa.text("next_at IS NOT NULL")
    name = f"ix_{table}_next"
    op.create_index(name, table, ["next_at"], sqlite_where=waits, postgresql_where=waits)


def _escalations() -> None:
    table = "escalations"
    op.create_table(
        table,
        _text("id"),
        sa.Column("opened_seq", Big, nullable=False),
        _text("ladder"),
        _text("occasion"),
        _text("request_id"),
        _text("finding"),
        _text("requester_id"),
        _text("provider_id"),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("anchor_at", UtcTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("acknowledged_at", UtcTime()),
        sa.Column("exhausted_at", UtcTime()),
        sa.Column("ended_at", UtcTime()),
        sa.Column("end_reason", sa.Text()),
        _foreign(table, "request_id", "requests"),
        _foreign(table, "acknowledged_by", "accounts"),
        _key(table, "id"),
        sa.UniqueConstraint(
            "opened_seq", "occasion", name=op.f("uq_escalations_opened_seq_occasion")
        ),
    )
    op.create_index(op.f("ix_escalations_request_id"), table, ["request_id"])
    _waiting(table)


def _notices() -> None:
    op.create_table(
        "notices",
        _text("id"),
        _text("source"),
        _text("account_id"),
        sa.Column("escalation_id", sa.Text()),
        _text("occasion"),
        _text("weight"),
        sa.Column("rung", sa.Integer(), nullable=False),
        _text("request_id"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        _foreign("notices", "account_id", "accounts"),
        _foreign("notices", "escalation_id", "escalations"),
        _foreign("notices", "request_id", "requests"),
        _key("notices", "id"),
        sa.UniqueConstraint("source", "account_id", name=op.f("uq_notices_source_account_id")),
    )
    for column in ("escalation_id", "request_id"):
        op.create_index(op.f(f"ix_notices_{column}"), "notices", [column])
    op.create_index("ix_notices_account_at", "notices", ["account_id", "at"])
    op.create_table(
        "deliveries",
        _text("id"),
        _text("notice_id"),
        _text("channel"),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        _text("why"),
        _foreign("deliveries", "notice_id", "notices"),
        _key("deliveries", "id"),
        sa.UniqueConstraint("notice_id", "channel", name=op.f("uq_deliveries_notice_id_channel")),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    _waiting("deliveries")


def _people() -> None:
    op.create_table(
        "notice_preferences",
        _text("account_id"),
        _text("email"),
        _text("phone"),
        _text("wecom"),
        sa.Column("channels", Json, nullable=False),
        sa.Column("quiet_from", sa.Integer()),
        sa.Column("quiet_until", sa.Integer()),
        sa.Column("on_call_until", UtcTime()),
        _text("language"),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _foreign("notice_preferences", "account_id", "accounts"),
        _key("notice_preferences", "account_id"),
    )
    table = "push_subscriptions"
    op.create_table(
        table,
        _text("id"),
        _text("account_id"),
        _text("endpoint"),
        _text("p256dh"),
        _text("auth"),
        sa.Column("created_at", UtcTime(), nullable=False),
        _foreign(table, "account_id", "accounts"),
        _key(table, "id"),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )
    op.create_index(op.f("ix_push_subscriptions_account_id"), table, ["account_id"])
