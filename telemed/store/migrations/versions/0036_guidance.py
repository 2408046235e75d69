"""What is entered while an operation is guided, and which case a request comes from."""

import sqlalchemy as sa
from alembic import op

from telemed.store.audit import append_only_triggers
from telemed.store.columns import Json, UtcTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_KEPT = (
    ("advice_entries", "id"),
    ("advice_marks", "entry_id"),
    ("acknowledged_notes", "id"),
    ("case_outcomes", "id"),
)


def upgrade() -> None:
    _advice_entries()
    _advice_marks()
    _acknowledged_notes()
    _case_outcomes()
    _case_links()
    op.create_index("ix_case_links_source_id", "case_links", ["source_id"])
    for statement in append_only_triggers(op.get_bind().dialect.name, _KEPT):
        op.execute(statement)


def _advice_entries() -> None:
    op.create_table(
        "advice_entries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Text()),
        _fk("advice_entries", "request_id", "requests.id"),
        _fk("advice_entries", "entered_by", "accounts.id"),
        _fk("advice_entries", "corrects", "advice_entries.id"),
        sa.PrimaryKeyConstraint("id", name="pk_advice_entries"),
        sa.UniqueConstraint("request_id", "n", name="uq_advice_entries_request_id_n"),
    )


def _advice_marks() -> None:
    op.create_table(
        "advice_marks",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("marked_at", UtcTime(), nullable=False),
        _fk("advice_marks", "entry_id", "advice_entries.id"),
        _fk("advice_marks", "marked_by", "accounts.id"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_advice_marks"),
    )


def _acknowledged_notes() -> None:
    op.create_table(
        "acknowledged_notes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        _fk("acknowledged_notes", "request_id", "requests.id"),
        _fk("acknowledged_notes", "person_id", "people.id"),
        _fk("acknowledged_notes", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledged_notes"),
        sa.UniqueConstraint(
            "request_id", "side", "version", name="uq_acknowledged_notes_request_id_side_version"
        ),
    )


def _case_outcomes() -> None:
    op.create_table(
        "case_outcomes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", UtcTime(), nullable=False),
        _fk("case_outcomes", "request_id", "requests.id"),
        _fk("case_outcomes", "entered_by", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_outcomes"),
        sa.UniqueConstraint("request_id", "n", name="uq_case_outcomes_request_id_n"),
    )


def _case_links() -> None:
    op.create_table(
        "case_links",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", UtcTime(), nullable=False),
        _fk("case_links", "request_id", "requests.id"),
        _fk("case_links", "source_id", "requests.id"),
        _fk("case_links", "linked_by", "accounts.id"),
        sa.PrimaryKeyConstraint("request_id", name="pk_case_links"),
    )


def _fk(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")
