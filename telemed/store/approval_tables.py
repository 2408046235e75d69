"""The table of in-house approvals: a row for each step of each time a request was sent for it."""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

approvals = _table(
    "approvals",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    # Sent for approval the how manieth time, and the step's place in the chain.
    Col("round", sa.Integer, nullable=False),
    Col("n", sa.Integer, nullable=False),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("key", sa.Text, nullable=False),
    Col("role", sa.Text, nullable=False),
    # One of core.approval.State.
    Col("state", sa.Text, nullable=False),
    # The request was sent before it: it is to be given afterwards.
    Col("owed", sa.Boolean, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("asked_by", sa.Text, nullable=False),
    Col("asked_at", UtcTime, nullable=False),
    Col("decided_by", sa.Text),
    Col("decided_at", UtcTime),
    Col("reason", Json),
    sa.UniqueConstraint("request_id", "round", "n"),
    partial_index(
        "ix_approvals_waiting", "institution_id", "role", "asked_at", where="state = 'waiting'"
    ),
)
