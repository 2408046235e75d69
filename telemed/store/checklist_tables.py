"""The table of what was looked through before experts were asked: the latest word on each thing."""

import sqlalchemy as sa

from telemed.store.columns import Col, UtcTime
from telemed.store.columns import table as _table

checklist_ticks = _table(
    "checklist_ticks",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    Col("key", sa.Text, primary_key=True),
    Col("there", sa.Boolean, nullable=False),
    Col("note", sa.Text, nullable=False),
    Col("checked_by", sa.Text, nullable=False),
    Col("checked_at", UtcTime, nullable=False),
)
