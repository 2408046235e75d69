"""The tables of what goes with an answer: who accompanied a session.

Nothing here is deleted: whoever was named stays beside whoever took their place.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, UtcTime
from telemed.store.columns import table as _table

# --- around an answer -------------------------------------------------------------------------

# Who of the requesting side accompanies the patient; `n` counts those named one after the other.
accompaniments = _table(
    "accompaniments",
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), index=True),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    # What the register said then: the title, the licence, and what follows from them.
    Col("title", sa.Text, nullable=False),
    Col("licence_no", sa.Text, nullable=False),
    Col("fit", sa.Text, nullable=False),
    Col("named_by", sa.Text, nullable=False),
    Col("named_at", UtcTime, nullable=False),
    Col("confirmed_by", sa.Text),
    Col("confirmed_at", UtcTime),
    Col("confirmed_as", sa.Text),
    Col("replaced_at", UtcTime),
)
