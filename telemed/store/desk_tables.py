"""The tables of a reader's desk: saved filters, and how somebody likes their lists."""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- a reader's desk --------------------------------------------------------------------------

worklist_filters = _table(
    "worklist_filters",
    Col("id", sa.Text, primary_key=True),
    # Its audience is of this institution and of no other.
    Col("institution_id", sa.Text, nullable=False),
    Col("owner_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    Col("name", sa.Text, nullable=False),
    Col("tab", sa.Text, nullable=False),
    Col("conditions", Json, nullable=False),
    Col("sort", sa.Text, nullable=False),
    # Empty: the owner's alone; else `everyone` or a role.
    Col("audience", sa.Text, nullable=False),
    Col("created_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    Col("deleted_at", UtcTime),
    sa.Index("ix_worklist_filters_audience", "institution_id", "audience"),
)

desk_settings = _table(
    "desk_settings",
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("settings", Json, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
)

# One person's hand-over of a shift: what was open when they signed, who took it and when.
handovers = _table(
    "handovers",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("from_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("to_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("state", sa.Text, nullable=False),
    # Exactly what was signed, as JSON bytes with sorted keys; the columns beside it only find it.
    Col("signed_bytes", sa.LargeBinary, nullable=False),
    Col("signature", sa.LargeBinary, nullable=False),
    Col("key_id", sa.Text, nullable=False),
    Col("signed_at", UtcTime, nullable=False),
    Col("accepted_at", UtcTime),
    Col("remark", sa.Text, nullable=False),
    # By case: passed on, or why not; known once it was accepted.
    Col("outcome", Json),
    sa.Index("ix_handovers_institution_signed", "institution_id", "signed_at"),
)
