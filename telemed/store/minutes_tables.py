"""The tables of minutes: what was said at an appointment, who signed it, what each side archived.

A change of the notes is never rewritten, nor is a text that was closed, a signature, a consent or
an archived record: what is void says so and stays.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- minutes ----------------------------------------------------------------------------------

minutes = _table(
    "minutes",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    # One of core.minutes.State.
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    # The number of the last change of the notes.
    Col("head", sa.Integer, nullable=False),
    Col("place", sa.Text, nullable=False),
    # People: who sat in it and did not come, and who came without having been invited.
    Col("absent", Json, nullable=False),
    Col("also", Json, nullable=False),
    # How often it was closed.
    Col("round", sa.Integer, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
)

minutes_sections = _table(
    "minutes_sections",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("section", sa.Text, primary_key=True),
    Col("text", sa.Text, nullable=False),
)

minutes_changes = _table(
    "minutes_changes",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("section", sa.Text, nullable=False),
    Col("change", Json, nullable=False),
    # Made by the page that wrote it, so that a change sent twice is made once.
    Col("key", sa.Text, nullable=False),
    Col("account_id", sa.Text, nullable=False),
    Col("person_id", sa.Text),
    Col("at", UtcTime, nullable=False),
    sa.Index("ix_minutes_changes_key", "appointment_id", "key", unique=True),
)

minutes_closings = _table(
    "minutes_closings",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("round", sa.Integer, primary_key=True, autoincrement=False),
    # The exact text that is signed, and what of it was nobody's to write: who, when, where.
    Col("text", sa.LargeBinary, nullable=False),
    Col("sha256", sa.Text, nullable=False),
    Col("closed_by", sa.Text, nullable=False),
    Col("closed_at", UtcTime, nullable=False),
    Col("void_by", sa.Text),
    Col("void_at", UtcTime),
    Col("void_reason", sa.Text),
)

# Whose signature a closed text waits for.
minutes_signers = _table(
    "minutes_signers",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("round", sa.Integer, primary_key=True, autoincrement=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), primary_key=True, index=True),
)

minutes_signatures = _table(
    "minutes_signatures",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("round", sa.Integer, primary_key=True, autoincrement=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), primary_key=True),
    Col("account_id", sa.Text, nullable=False),
    # One of core.minutes.Stance, with the words of a reservation.
    Col("stance", sa.Text, nullable=False),
    Col("words", sa.Text, nullable=False),
    Col("signed_bytes", sa.LargeBinary, nullable=False),
    Col("signature", sa.LargeBinary, nullable=False),
    Col("key_id", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
)

# Each institution's own record: its bytes, and a statement about them that the server signed.
minutes_archives = _table(
    "minutes_archives",
    Col("appointment_id", sa.Text, sa.ForeignKey("minutes.appointment_id"), primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), primary_key=True),
    Col("pdf", sa.LargeBinary, nullable=False),
    Col("sha256", sa.Text, nullable=False),
    Col("signed_bytes", sa.LargeBinary, nullable=False),
    Col("signature", sa.LargeBinary, nullable=False),
    Col("key_id", sa.Text, nullable=False),
    Col("verification_code", sa.Text, nullable=False, unique=True),
    Col("at", UtcTime, nullable=False),
)

appointment_consents = _table(
    "appointment_consents",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    # One of core.minutes.Purpose and of core.minutes.Answer.
    Col("purpose", sa.Text, nullable=False),
    Col("answer", sa.Text, nullable=False),
    Col("signer", sa.Text, nullable=False),
    Col("relation", sa.Text, nullable=False),
    Col("version", sa.Text, nullable=False),
    Col("entered_by", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
)
