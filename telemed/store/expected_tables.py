"""The tables of expected answer times: what each cell has seen, and what was told of each case."""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- expected answers ---------------------------------------------------------------------------

expected_cells = _table(
    "expected_cells",
    Col("cell", sa.Text, primary_key=True),
    # Seconds from sending to answer of the newest cases, oldest first.
    Col("seen", Json, nullable=False),
    # The last fact folded in: a fact that comes again changes nothing.
    Col("seq", Big, nullable=False),
)

# Of each case that was sent: the situation of its last sending, and the range told then.
expectations = _table(
    "expectations",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    Col("sent_at", UtcTime, nullable=False),
    Col("frozen", sa.Boolean, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("ahead", sa.Integer, nullable=False),
    # Readers on duty for it then; NULL where no roster is kept.
    Col("on_duty", sa.Integer),
    # In seconds after sent_at; NULL where too little was known.
    Col("low", sa.Integer),
    Col("mid", sa.Integer),
    Col("high", sa.Integer),
    Col("cell", sa.Text),
    Col("took", sa.Integer),
)
