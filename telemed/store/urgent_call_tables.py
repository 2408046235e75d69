"""The tables of urgent calls: each call, and everybody it rang."""

import sqlalchemy as sa

from telemed.store.columns import Col, UtcTime, partial_index
from telemed.store.columns import table as _table

# --- urgent calls -------------------------------------------------------------------------------

urgent_calls = _table(
    "urgent_calls",
    Col("id", sa.Text, primary_key=True),
    Col("service", sa.Text, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), index=True),
    Col("requester_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    # One of core.urgent_call.State.
    Col("state", sa.Text, nullable=False),
    Col("minutes", sa.Integer, nullable=False),
    # When the next is rung, while it rings.
    Col("next_at", UtcTime),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), index=True),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("ended_at", UtcTime),
    sa.Index("ix_urgent_calls_requester", "requester_id", "made_at"),
    sa.Index("ix_urgent_calls_provider", "provider_id", "made_at"),
    partial_index("ix_urgent_calls_ringing", "next_at", where="state = 'ringing'"),
)

urgent_call_rings = _table(
    "urgent_call_rings",
    Col("call_id", sa.Text, sa.ForeignKey("urgent_calls.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("on_duty", sa.Boolean, nullable=False),
    # One of core.urgent_call.RingState.
    Col("state", sa.Text, nullable=False),
    Col("rung_at", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    Col("state_at", UtcTime, nullable=False),
    sa.Index("ix_urgent_call_rings_person", "person_id", "rung_at"),
)
