"""The tables of Unified Procedure Step beside the platform's own workitems.

An attempt to perform a request is a row of `workitems`; what a UPS client said of it beyond what
the platform knows is in `ups_case_items`. `ups_items` are an institution's own workitems that no
request stands behind. Subscribers hold a number of the log, never a message.
"""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- workitems of UPS clients -----------------------------------------------------------------

ups_items = _table(
    "ups_items",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("uid", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("transaction_uid", sa.Text),
    # Who claimed it; only an account can hold the Transaction UID.
    Col("claimed_by", sa.Text, sa.ForeignKey("accounts.id")),
    Col("dataset", Json, nullable=False),
    Col("starts_at", UtcTime, nullable=False),
    Col("created_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("created_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    Col("ended_at", UtcTime, index=True),
    sa.UniqueConstraint("institution_id", "uid"),
    sa.Index("ix_ups_items_place", "institution_id", "state", "starts_at"),
)

# The values by which an own workitem is found, by the path of their attribute.
ups_item_keys = _table(
    "ups_item_keys",
    Col("item_id", sa.Text, sa.ForeignKey("ups_items.id"), primary_key=True),
    Col("path", sa.Text, primary_key=True),
    Col("value", sa.Text, primary_key=True),
    in_key_order=True,
)

ups_case_items = _table(
    "ups_case_items",
    Col("workitem_id", sa.Text, sa.ForeignKey("workitems.id"), primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    # The name its creator gave it; without one it is made from the id.
    Col("uid", sa.Text),
    Col("dataset", Json, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("institution_id", "uid"),
)

ups_subscribers = _table(
    "ups_subscribers",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("aet", sa.Text, nullable=False),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    # The last number of the log whose events this subscriber is known to have.
    Col("seq", Big, nullable=False),
    # The global subscription's UID; NULL when there is none.
    Col("scope", sa.Text),
    Col("filter", Json, nullable=False),
    Col("locked_until", UtcTime),
    # Since when what is new is not subscribed to any more.
    Col("suspended_at", UtcTime),
    Col("created_at", UtcTime, nullable=False),
    Col("seen_at", UtcTime, nullable=False),
    sa.UniqueConstraint("institution_id", "aet"),
)

ups_subscriptions = _table(
    "ups_subscriptions",
    Col("subscriber_id", sa.Text, sa.ForeignKey("ups_subscribers.id"), primary_key=True),
    Col("item_id", sa.Text, primary_key=True, index=True),
    # False: left out of the subscriber's global subscription.
    Col("active", sa.Boolean, nullable=False),
    Col("locked_until", UtcTime),
    in_key_order=True,
)

# Who wants a workitem canceled that somebody performs, in their words: facts carry none.
ups_cancel_requests = _table(
    "ups_cancel_requests",
    Col("id", sa.Text, primary_key=True),
    Col("item_id", sa.Text, nullable=False, index=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("dataset", Json, nullable=False),
    Col("at", UtcTime, nullable=False),
)
