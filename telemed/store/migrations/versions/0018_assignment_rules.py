"""How cases are given out, readers' terms, every decision, and what the rule has to look at."""

import sqlalchemy as sa
from alembic import op

from telemed.store.audit import append_only_triggers
from telemed.store.columns import Big, Json, UtcTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _modes()
    _terms()
    _decisions()
    _queue()
    dialect = op.get_bind().dialect.name
    for statement in append_only_triggers(dialect, (("assignment_decisions", "id"),)):
        op.execute(sa.text(statement))


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _modes() -> None:
    op.create_table(
        "assignment_modes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("overflow", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        _fk("assignment_modes", "institution_id", "institutions.id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment_modes"),
        sa.UniqueConstraint(
            "institution_id", "service", "n", name="uq_assignment_modes_institution_id_service_n"
        ),
    )


def _terms() -> None:
    op.create_table(
        "reader_terms",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("in_hand", sa.Float()),
        sa.Column("in_shift", sa.Float()),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        _fk("reader_terms", "institution_id", "institutions.id"),
        _fk("reader_terms", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name="pk_reader_terms"),
        sa.UniqueConstraint(
            "institution_id", "person_id", "n", name="uq_reader_terms_institution_id_person_id_n"
        ),
    )


def _decisions() -> None:
    op.create_table(
        "assignment_decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("workitem_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("person_id", sa.Text()),
        sa.Column("provider_id", sa.Text()),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("ranking", Json, nullable=False),
        sa.Column("others", Json, nullable=False),
        _fk("assignment_decisions", "request_id", "requests.id"),
        _fk("assignment_decisions", "workitem_id", "workitems.id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment_decisions"),
    )
    op.create_index("ix_assignment_decisions_workitem_id", "assignment_decisions", ["workitem_id"])
    op.create_index("ix_assignment_decisions_request_id", "assignment_decisions", ["request_id"])
    op.create_index(
        "ix_assignment_decisions_person",
        "assignment_decisions",
        ["institution_id", "person_id", "at"],
    )


def _queue() -> None:
    op.create_table(
        "assignment_queue",
        sa.Column("workitem_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("due_at", UtcTime()),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        _fk("assignment_queue", "workitem_id", "workitems.id"),
        sa.PrimaryKeyConstraint("workitem_id", name="pk_assignment_queue"),
    )
    op.create_index("ix_assignment_queue_next_at", "assignment_queue", ["next_at"])
    op.create_index(
        "ix_assignment_queue_institution", "assignment_queue", ["institution_id", "found", "due_at"]
    )
