"""The tables of conferences: members, the log, what was said in writing, device and line checks.

A member's row is where they are now; the log is never rewritten.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

conference_members = _table(
    "conference_members",
    Col("id", sa.Text, primary_key=True),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), nullable=False),
    # A person of the register, or an account that is nobody's.
    Col("person_id", sa.Text, nullable=False),
    Col("institution_id", sa.Text, nullable=False),
    # One of core.conference.State.
    Col("state", sa.Text, nullable=False),
    # One of core.conference.Mode.
    Col("mode", sa.Text, nullable=False),
    # Muted, camera, hand, sharing.
    Col("flags", Json, nullable=False),
    # Listed to watch: sees and hears, and is neither seen nor heard.
    Col("watches", sa.Boolean, nullable=False, server_default=sa.false()),
    # Which page, and which socket of it at which server; none by telephone.
    Col("page", sa.Text),
    Col("line", sa.Text),
    Col("seen_at", UtcTime, nullable=False),
    Col("entered_at", UtcTime, nullable=False),
    sa.UniqueConstraint("appointment_id", "person_id"),
    partial_index("ix_conference_members_present", "seen_at", where="state = 'present'"),
)

conference_log = _table(
    "conference_log",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("person_id", sa.Text, nullable=False),
    Col("institution_id", sa.Text, nullable=False),
    # One of core.conference.Event.
    Col("event", sa.Text, nullable=False),
    Col("mode", sa.Text, nullable=False),
    # Why, by a code: left, closed, line, lease, other-page, phone.
    Col("cause", sa.Text, nullable=False),
    # What happened to somebody who watches is nobody's attendance.
    Col("watches", sa.Boolean, nullable=False, server_default=sa.false()),
    # When it happened; a lost line is noticed later.
    Col("at", UtcTime, nullable=False),
    Col("noted_at", UtcTime, nullable=False),
    Col("noted_by", sa.Text),
)

conference_words = _table(
    "conference_words",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("request_id", sa.Text, index=True),
    Col("person_id", sa.Text, nullable=False),
    Col("institution_id", sa.Text, nullable=False),
    Col("text", sa.Text, nullable=False),
    Col("said_at", UtcTime, nullable=False),
)

conference_checks = _table(
    "conference_checks",
    Col("id", sa.Text, primary_key=True),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), nullable=False, index=True),
    Col("person_id", sa.Text, nullable=False),
    Col("institution_id", sa.Text, nullable=False),
    Col("found", Json, nullable=False),
    # The mode to begin in, one of core.conference.Mode.
    Col("verdict", sa.Text, nullable=False),
    Col("checked_at", UtcTime, nullable=False),
)
