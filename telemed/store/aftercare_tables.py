"""The tables of what goes with an answer: who accompanied a session, what became of the patient.

Nothing here is deleted: whoever was named stays beside whoever took their place.
"""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime, partial_index
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

# One of core.follow_up.State. `answered_at` is the first answer's, `changed_at` the last word's.
follow_ups = _table(
    "follow_ups",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("days", sa.Integer, nullable=False),
    Col("requester_id", sa.Text, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("opens_at", UtcTime, nullable=False),
    Col("due_at", UtcTime, nullable=False),
    Col("overdue_at", UtcTime, nullable=False),
    Col("lapses_at", UtcTime, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("outcome", sa.Text),
    Col("advice", sa.Text),
    Col("note", sa.Text, nullable=False),
    # The final diagnosis, where it is another than was given with the decision: code and name.
    Col("diagnosis", Json),
    Col("answered_by", sa.Text),
    Col("answered_at", UtcTime),
    Col("changed_at", UtcTime, nullable=False),
    sa.UniqueConstraint("request_id", "days"),
    sa.Index("ix_follow_ups_requester", "requester_id", "state", "due_at"),
    partial_index("ix_follow_ups_due", "due_at", where="state = 'planned'"),
    partial_index("ix_follow_ups_lapses", "lapses_at", where="state = 'due'"),
)

# What a side thinks of the other, one row a side; `scores` by item.
evaluations = _table(
    "evaluations",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    Col("side", sa.Text, primary_key=True),
    Col("scores", Json, nullable=False),
    Col("words", sa.Text, nullable=False),
    Col("given_by", sa.Text, nullable=False),
    Col("given_at", UtcTime, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    # When the other side sees it at the latest, and since when it does.
    Col("opens_at", UtcTime, nullable=False),
    Col("opened_at", UtcTime),
    partial_index("ix_evaluations_opens", "opens_at", where="opened_at IS NULL"),
)

# What a case costs, in fen; NULL is unpriced. `counted_at` says in which month it is settled.
charges = _table(
    "charges",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    Col("requester_id", sa.Text, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("agreement_id", sa.Text),
    Col("service", sa.Text, nullable=False),
    # One of core.charge.State.
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("named", sa.Boolean, nullable=False),
    # What it was counted from, and how it was counted.
    Col("facts", Json, nullable=False),
    Col("fees", Json, nullable=False),
    Col("surcharges", Json, nullable=False),
    Col("amount", Big),
    Col("payer", sa.Text),
    Col("reason", Json),
    Col("counted_at", UtcTime, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    sa.Index("ix_charges_requester", "requester_id", "counted_at"),
    sa.Index("ix_charges_provider", "provider_id", "counted_at"),
)

# Never rewritten: each step with what it left.
charge_moves = _table(
    "charge_moves",
    Col("request_id", sa.Text, sa.ForeignKey("charges.request_id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("event", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("amount", Big),
    Col("payer", sa.Text),
    Col("reason", Json),
    Col("moved_by", sa.Text, nullable=False),
    Col("moved_at", UtcTime, nullable=False),
)
