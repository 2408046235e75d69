"""What experts are asked for on a case, and the bytes that they signed."""

import sqlalchemy as sa
from alembic import op

from telemed.store import study_keys
from telemed.store.audit import append_only_triggers
from telemed.store.columns import Json, UtcTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_STANDING = "state IN ('asked', 'accepted', 'signed', 'consolidated')"


def upgrade() -> None:
    _opinions()
    _indexes()
    _signed()
    dialect = op.get_bind().dialect.name
    for statement in study_keys.triggers(dialect, experts=True):
        op.execute(statement)
    for statement in append_only_triggers(dialect, (("signed_opinions", "opinion_id"),)):
        op.execute(statement)


def _opinions() -> None:
    op.create_table(
        "opinions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("accepted_at", UtcTime()),
        sa.Column("ended_at", UtcTime()),
        sa.Column("reason", Json),
        sa.Column("instead_of", sa.Text()),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _fk("opinions", "request_id", "requests.id"),
        _fk("opinions", "provider_id", "institutions.id"),
        _fk("opinions", "person_id", "people.id"),
        _fk("opinions", "institution_id", "institutions.id"),
        _fk("opinions", "agreement_id", "agreements.id"),
        sa.PrimaryKeyConstraint("id", name="pk_opinions"),
    )


def _indexes() -> None:
    op.create_index("ix_opinions_request", "opinions", ["request_id", "n"], unique=True)
    op.create_index("ix_opinions_person", "opinions", ["person_id", "state", "due_at"])
    _partial("ix_opinions_asked", ["due_at"], "state = 'asked'")
    standing = ["request_id", "provider_id", "person_id"]
    _partial("uq_opinions_standing", standing, _STANDING, unique=True)
    chair = f"role = 'chair' AND {_STANDING}"
    _partial("uq_opinions_chair", ["request_id", "provider_id"], chair, unique=True)


def _partial(name: str, columns: list[str], where: str, unique: bool = False) -> None:
    only = sa.text(where)
    op.create_index(
        name, "opinions", columns, unique=unique, sqlite_where=only, postgresql_where=only
    )


def _signed() -> None:
    op.create_table(
        "signed_opinions",
        sa.Column("opinion_id", sa.Text(), nullable=False),
        sa.Column("signed_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("signed_opinions", "opinion_id", "opinions.id"),
        sa.PrimaryKeyConstraint("opinion_id", name="pk_signed_opinions"),
    )


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
