"""The tables of guided operations, and of which earlier case a request comes from.

Entries, marks and acknowledgements are only ever added; the database itself refuses to change
them.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

advice_entries = _table(
    "advice_entries",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("n", sa.Integer, nullable=False),
    Col("kind", sa.Text, nullable=False),
    Col("side", sa.Text, nullable=False),
    Col("text", sa.Text, nullable=False),
    # When it was said; and when it was entered.
    Col("at", UtcTime, nullable=False),
    Col("entered_at", UtcTime, nullable=False),
    Col("entered_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("corrects", sa.Text, sa.ForeignKey("advice_entries.id")),
    sa.UniqueConstraint("request_id", "n"),
)

advice_marks = _table(
    "advice_marks",
    Col("entry_id", sa.Text, sa.ForeignKey("advice_entries.id"), primary_key=True),
    Col("taken", sa.Boolean, nullable=False),
    Col("note", sa.Text, nullable=False),
    Col("marked_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("marked_at", UtcTime, nullable=False),
)

acknowledged_notes = _table(
    "acknowledged_notes",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("side", sa.Text, nullable=False),
    Col("version", sa.Text, nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("at", UtcTime, nullable=False),
    sa.UniqueConstraint("request_id", "side", "version"),
)

case_outcomes = _table(
    "case_outcomes",
    # Entered again, it is another row: what was said before stays.
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("n", sa.Integer, nullable=False),
    Col("content", Json, nullable=False),
    Col("entered_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("entered_at", UtcTime, nullable=False),
    sa.UniqueConstraint("request_id", "n"),
)

case_links = _table(
    "case_links",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    # The earlier case that the request comes from.
    Col("source_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, index=True),
    Col("linked_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("linked_at", UtcTime, nullable=False),
)
