"""The tables of accounts, their sessions and their machine tokens."""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- accounts ---------------------------------------------------------------------------------

accounts = _table(
    "accounts",
    Col("id", sa.Text, primary_key=True),
    Col("username", sa.Text, nullable=False, unique=True),
    Col("password_hash", sa.Text, nullable=False),
    Col("display_name", sa.Text, nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id")),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), index=True),
    Col("region", sa.Text),
    Col("roles", Json, nullable=False),
    Col("demo", sa.Boolean, nullable=False),
    Col("disabled", sa.Boolean, nullable=False),
    Col("failures", sa.Integer, nullable=False),
    Col("locked_until", UtcTime),
    Col("created_at", UtcTime, nullable=False),
)

sessions = _table(
    "sessions",
    Col("token_hash", sa.Text, primary_key=True),
    Col("id", sa.Text, nullable=False, unique=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    Col("created_at", UtcTime, nullable=False),
    Col("seen_at", UtcTime, nullable=False),
    Col("expires_at", UtcTime, nullable=False),
    Col("csrf", sa.Text, nullable=False),
    Col("address", sa.Text, nullable=False),
    Col("agent", sa.Text, nullable=False),
)

tokens = _table(
    "tokens",
    Col("token_hash", sa.Text, primary_key=True),
    Col("id", sa.Text, nullable=False, unique=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    Col("label", sa.Text, nullable=False),
    Col("scopes", Json),
    Col("created_at", UtcTime, nullable=False),
    Col("expires_at", UtcTime, nullable=False),
    Col("revoked_at", UtcTime),
)
