"""The tables of what experts are asked for.

A row is one expert asked; declined, it stays, and whoever is asked instead has a row of their own.
The signed bytes are kept apart and never change.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

_STANDING = "state IN ('asked', 'accepted', 'signed', 'consolidated')"

opinions = _table(
    "opinions",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("n", sa.Integer, nullable=False),
    # Who asks: the institution that answers the request. Who is asked may be of another.
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    # Under which somebody of another institution is asked.
    Col("agreement_id", sa.Text, sa.ForeignKey("agreements.id")),
    # One of core.opinion.Role and core.opinion.State.
    Col("role", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("question", sa.Text, nullable=False),
    Col("content", Json, nullable=False),
    Col("asked_by", sa.Text, nullable=False),
    Col("asked_at", UtcTime, nullable=False),
    Col("due_at", UtcTime, nullable=False),
    Col("accepted_at", UtcTime),
    Col("ended_at", UtcTime),
    Col("reason", Json),
    # Whose place they take.
    Col("instead_of", sa.Text),
    Col("updated_at", UtcTime, nullable=False),
    sa.Index("ix_opinions_request", "request_id", "n", unique=True),
    sa.Index("ix_opinions_person", "person_id", "state", "due_at"),
    partial_index("ix_opinions_asked", "due_at", where="state = 'asked'"),
    partial_index("uq_opinions_standing", "request_id", "provider_id", "person_id",
                  where=_STANDING, unique=True),
    partial_index("uq_opinions_chair", "request_id", "provider_id",
                  where=f"role = 'chair' AND {_STANDING}", unique=True),
)  # fmt: skip

signed_opinions = _table(
    "signed_opinions",
    Col("opinion_id", sa.Text, sa.ForeignKey("opinions.id"), primary_key=True),
    Col("signed_bytes", sa.LargeBinary, nullable=False),
    Col("sha256", sa.Text, nullable=False),
    Col("signature", sa.LargeBinary, nullable=False),
    Col("key_id", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
)
