"""The tables of calendars and of what is booked in them.

Hours and exceptions are never rewritten: what is changed is canceled and something else stands in
its place. An appointment's every step stays in its moves, the times it had before among them.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

# --- calendars and appointments ---------------------------------------------------------------

resources = _table(
    "resources",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    # One of core.calendars.ResourceKind.
    Col("kind", sa.Text, nullable=False),
    Col("name", sa.Text, nullable=False),
    Col("place", sa.Text, nullable=False),
    Col("capacity", sa.Integer, nullable=False),
    Col("active", sa.Boolean, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
)

# Of a person or of a resource, never of both. Times of the day are minutes.
weekly_hours = _table(
    "weekly_hours",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("person_id", sa.Text, sa.ForeignKey("people.id")),
    Col("resource_id", sa.Text, sa.ForeignKey("resources.id")),
    Col("weekdays", Json, nullable=False),
    Col("begins", sa.Integer, nullable=False),
    Col("ends", sa.Integer, nullable=False),
    Col("first", sa.Date, nullable=False),
    Col("last", sa.Date),
    Col("every", sa.Integer, nullable=False),
    Col("calendar", sa.Boolean, nullable=False),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("canceled_by", sa.Text),
    Col("canceled_at", UtcTime),
    partial_index("ix_weekly_hours_person", "person_id", where="canceled_at IS NULL"),
    partial_index("ix_weekly_hours_resource", "resource_id", where="canceled_at IS NULL"),
)

calendar_exceptions = _table(
    "calendar_exceptions",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("person_id", sa.Text, sa.ForeignKey("people.id")),
    Col("resource_id", sa.Text, sa.ForeignKey("resources.id")),
    # One of core.calendars.Kind: extra opens, away closes.
    Col("kind", sa.Text, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    Col("cover_id", sa.Text, sa.ForeignKey("people.id")),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("canceled_by", sa.Text),
    Col("canceled_at", UtcTime),
    sa.Index("ix_calendar_exceptions_person", "person_id", "until"),
    sa.Index("ix_calendar_exceptions_resource", "resource_id", "until"),
)

appointments = _table(
    "appointments",
    Col("id", sa.Text, primary_key=True),
    Col("number", sa.Text, nullable=False, unique=True),
    Col("service", sa.Text, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), index=True),
    Col("requester_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("urgent", sa.Boolean, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    # With the time that it keeps before and after.
    Col("kept_since", UtcTime, nullable=False),
    Col("kept_until", UtcTime, nullable=False),
    Col("hold_until", UtcTime),
    # Whom it was offered to, if it filled a gap.
    Col("waiting_id", sa.Text),
    Col("reason", Json),
    Col("created_by", sa.Text, nullable=False),
    Col("created_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    sa.Index("ix_appointments_kept", "kept_until", "kept_since"),
    sa.Index("ix_appointments_requester", "requester_id", "until"),
    sa.Index("ix_appointments_provider", "provider_id", "until"),
    partial_index("ix_appointments_held", "hold_until", where="state = 'held'"),
    partial_index("ix_appointments_proposed", "since", where="state = 'proposed'"),
)

appointment_seats = _table(
    "appointment_seats",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("role", sa.Text, nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False, index=True),
    Col("institution_id", sa.Text, nullable=False, index=True),
    Col("instead_of", sa.Text),
    Col("state", sa.Text, nullable=False),
    Col("state_at", UtcTime, nullable=False),
)

appointment_resources = _table(
    "appointment_resources",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("resource_id", sa.Text, sa.ForeignKey("resources.id"), primary_key=True, index=True),
    Col("units", sa.Integer, nullable=False),
)

# Never rewritten: each step with the state and the time that it left.
appointment_moves = _table(
    "appointment_moves",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("event", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    Col("reason", Json),
    Col("moved_by", sa.Text, nullable=False),
    Col("moved_at", UtcTime, nullable=False),
)

waitings = _table(
    "waitings",
    Col("id", sa.Text, primary_key=True),
    Col("requester_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("service", sa.Text, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id")),
    Col("urgent", sa.Boolean, nullable=False),
    # What is wished for: the body of a search for slots.
    Col("wish", Json, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    # One of core.waiting.State.
    Col("state", sa.Text, nullable=False),
    Col("appointment_id", sa.Text),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    sa.Index("ix_waitings_provider_state", "provider_id", "state", "made_at"),
)

calendar_links = _table(
    "calendar_links",
    Col("id", sa.Text, primary_key=True),
    Col("secret_hash", sa.Text, nullable=False, unique=True),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False, index=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("label", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("revoked_at", UtcTime),
    # To the hour: a calendar fetches it every few minutes.
    Col("read_at", UtcTime),
)
