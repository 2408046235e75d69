"""The table of what the parties changed in their agreements, beside the agreement as it is now."""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- changes of agreements --------------------------------------------------------------------

# Never rewritten; the highest `n` of an agreement is its revision. Undoing is a change too.
agreement_changes = _table(
    "agreement_changes",
    Col("agreement_id", sa.Text, sa.ForeignKey("agreements.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True),
    # One of core.agreements.Part, and its value before and after, under the part's name.
    Col("part", sa.Text, nullable=False),
    Col("was", Json, nullable=False),
    Col("became", Json, nullable=False),
    Col("changed_by", sa.Text, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    # Which change this one took back.
    Col("undoes", sa.Integer),
)
