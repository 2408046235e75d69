"""The tables of the tally: the counted facts, and what they add up to.

A view of the log that can be folded anew; nothing else writes here than its follower.
"""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, UtcTime
from telemed.store.columns import table as _table

# --- the tally --------------------------------------------------------------------------------

tally_entries = _table(
    "tally_entries",
    Col("seq", Big, primary_key=True, autoincrement=False),
    Col("part", sa.Integer, primary_key=True, autoincrement=False),
    Col("indicator", sa.Text, nullable=False),
    Col("month", sa.Text, nullable=False),
    Col("request_id", sa.Text, nullable=False),
    Col("service", sa.Text, nullable=False),
    Col("urgency", sa.Text, nullable=False),
    Col("requester_id", sa.Text, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("value", sa.Float),
    Col("weight", Big, nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("person", sa.Text),
    # Enough to find and to filter a number's facts without the row: of one month and indicator
    # they lie in the log's order, where new ones are added at the end.
    sa.Index(
        "ix_tally_facts",
        *("indicator", "month", "seq", "part", "requester_id", "provider_id", "service"),
    ),
    # All that is added up of what is not routine, which is little: asked for by itself it is not
    # looked for among the rest.
    sa.Index(
        "ix_tally_pressing",
        *("urgency", "indicator", "month", "requester_id", "provider_id", "service"),
        *("request_id", "value", "weight"),
        sqlite_where=sa.text("urgency <> 'routine'"),
        postgresql_where=sa.text("urgency <> 'routine'"),
    ),
)

# What the entries add up to, kept with them. An institution's sums stand under each side it was on.
tally_sums = _table(
    "tally_sums",
    Col("side", sa.Text, primary_key=True),
    Col("month", sa.Text, primary_key=True),
    Col("indicator", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, primary_key=True),
    Col("service", sa.Text, primary_key=True),
    Col("weight", Big, nullable=False),
    in_key_order=True,
)

# The measured times with what reversals have left of each. The key begins as percentiles ask.
tally_times = _table(
    "tally_times",
    Col("indicator", sa.Text, primary_key=True),
    Col("month", sa.Text, primary_key=True),
    Col("value", sa.Float, primary_key=True),
    Col("request_id", sa.Text, primary_key=True),
    Col("service", sa.Text, primary_key=True),
    Col("requester_id", sa.Text, primary_key=True),
    Col("provider_id", sa.Text, primary_key=True),
    # How often one case took just so long: never many, and no money.
    Col("weight", sa.Integer, nullable=False),
    # One institution's, for its own trend.
    sa.Index("ix_tally_times_requester", "requester_id", "indicator", "month", "value"),
    sa.Index("ix_tally_times_provider", "provider_id", "indicator", "month", "value"),
    in_key_order=True,
)
