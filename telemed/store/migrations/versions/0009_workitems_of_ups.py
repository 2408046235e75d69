"""Unified Procedure Steps: own workitems, what clients say of attempts, subscribers."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, Json, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _own_items()
    _case_items()
    _subscribers()
    _cancel_requests()


def _own_items() -> None:
    op.create_table(
        "ups_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("transaction_uid", sa.Text()),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("dataset", Json, nullable=False),
        sa.Column("starts_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name="fk_ups_items_institution_id"
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["accounts.id"], name="fk_ups_items_claimed_by"),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name="fk_ups_items_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_ups_items"),
        sa.UniqueConstraint("institution_id", "uid", name="uq_ups_items_institution_id_uid"),
    )
    op.create_index("ix_ups_items_ended_at", "ups_items", ["ended_at"])
    op.create_index("ix_ups_items_place", "ups_items", ["institution_id", "state", "starts_at"])
    op.create_table(
        "ups_item_keys",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["ups_items.id"], name="fk_ups_item_keys_item_id"),
        sa.PrimaryKeyConstraint("item_id", "path", "value", name="pk_ups_item_keys"),
        sqlite_with_rowid=False,
    )


def _case_items() -> None:
    op.create_table(
        "ups_case_items",
        sa.Column("workitem_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text()),
        sa.Column("dataset", Json, nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workitem_id"], ["workitems.id"], name="fk_ups_case_items_workitem_id"
        ),
        sa.PrimaryKeyConstraint("workitem_id", name="pk_ups_case_items"),
        sa.UniqueConstraint("institution_id", "uid", name="uq_ups_case_items_institution_id_uid"),
    )


def _subscribers() -> None:
    op.create_table(
        "ups_subscribers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("aet", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("scope", sa.Text()),
        sa.Column("filter", Json, nullable=False),
        sa.Column("locked_until", UtcTime()),
        sa.Column("suspended_at", UtcTime()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name="fk_ups_subscribers_institution_id"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_ups_subscribers_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ups_subscribers"),
        sa.UniqueConstraint("institution_id", "aet", name="uq_ups_subscribers_institution_id_aet"),
    )
    op.create_index("ix_ups_subscribers_account_id", "ups_subscribers", ["account_id"])
    op.create_table(
        "ups_subscriptions",
        sa.Column("subscriber_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locked_until", UtcTime()),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["ups_subscribers.id"], name="fk_ups_subscriptions_subscriber_id"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "item_id", name="pk_ups_subscriptions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ups_subscriptions_item_id", "ups_subscriptions", ["item_id"])


def _cancel_requests() -> None:
    op.create_table(
        "ups_cancel_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("dataset", Json, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_ups_cancel_requests_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ups_cancel_requests"),
    )
    op.create_index("ix_ups_cancel_requests_item_id", "ups_cancel_requests", ["item_id"])
