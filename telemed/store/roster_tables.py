"""The table of who is on duty, for what and when.

A shift is never rewritten: one that is changed is canceled and another stands in its place, so
that what the roster said at any moment can be told afterwards.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- the roster -------------------------------------------------------------------------------

duty_shifts = _table(
    "duty_shifts",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("kind", sa.Text, nullable=False),
    # Empty is every service.
    Col("services", Json, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    # The shift that this one was made of by a change.
    Col("replaces", sa.Text),
    Col("canceled_by", sa.Text),
    Col("canceled_at", UtcTime),
    sa.Index("ix_duty_shifts_institution", "institution_id", "until", "since"),
    sa.Index("ix_duty_shifts_person", "person_id", "until"),
)
