"""What is no longer shown and why, who resolved a conflict, images that changed under a report."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Big, Json, UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UNCHECKED = sa.text("checked_at IS NULL")


def upgrade() -> None:
    op.add_column(
        "studies", sa.Column("removed_count", sa.Integer(), nullable=False, server_default="0")
    )
    for name in ("patient_id", "patient_name", "note"):
        op.add_column("conflicts", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("resolution", "resolved_by"):
        op.add_column("conflicts", sa.Column(name, sa.Text()))
    op.create_index("ix_conflicts_study", "conflicts", ["institution_id", "study_uid"])
    op.add_column("patients", sa.Column("merged_into", sa.Text()))
    op.create_index("ix_patients_like", "patients", ["institution_id", "name", "birth_date"])
    _removals()
    _patient_changes()
    _holds()
    _image_changes()


def _removals() -> None:
    op.create_table(
        "removals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_removals_study_id_studies")
        ),
    )
    op.create_index("ix_removals_study_id", "removals", ["study_id"])
    op.create_index("ix_removals_institution_at", "removals", ["institution_id", "at"])
    op.create_table(
        "removed_instances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("removal_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("series", Json, nullable=False),
        sa.Column("series_uid", sa.Text(), nullable=False),
        sa.Column("sop_uid", sa.Text(), nullable=False),
        sa.Column("sop_class", sa.Text(), nullable=False),
        sa.Column("transfer_syntax", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("rows", sa.Integer()),
        sa.Column("columns", sa.Integer()),
        sa.Column("bits_allocated", sa.Integer()),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("blob", sa.Text()),
        sa.Column("size", Big, nullable=False),
        sa.Column("metadata", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_instances")),
        sa.ForeignKeyConstraint(
            ["removal_id"], ["removals.id"], name=op.f("fk_removed_instances_removal_id_removals")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_removed_instances_study_id_studies")
        ),
    )
    for name in ("removal_id", "study_id", "blob"):
        op.create_index(f"ix_removed_instances_{name}", "removed_instances", [name])
    op.create_index("ix_removed_instances_sop", "removed_instances", ["institution_id", "sop_uid"])


def _patient_changes() -> None:
    op.create_table(
        "patient_changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_ref", sa.Text(), nullable=False),
        sa.Column("to_ref", sa.Text(), nullable=False),
        sa.Column("study_ids", Json, nullable=False),
        sa.Column("request_ids", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("undone_by", sa.Text()),
        sa.Column("undone_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_changes")),
        *(
            sa.ForeignKeyConstraint(
                [name], ["patients.id"], name=op.f(f"fk_patient_changes_{name}_patients")
            )
            for name in ("from_ref", "to_ref")
        ),
    )
    for name in ("from_ref", "to_ref"):
        op.create_index(f"ix_patient_changes_{name}", "patient_changes", [name])


def _holds() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_legal_holds_study_id_studies")
        ),
    )
    op.create_index("ix_legal_holds_study_id", "legal_holds", ["study_id"])
    op.create_table(
        "left_blobs",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_left_blobs")),
    )


def _image_changes() -> None:
    op.create_table(
        "image_changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("checked_at", UtcTime()),
        sa.Column("checked_by", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_changes")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_image_changes_request_id_requests")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_image_changes_study_id_studies")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_image_changes_author_id_people")
        ),
    )
    op.create_index("ix_image_changes_request_id", "image_changes", ["request_id"])
    op.create_index(
        "ix_image_changes_open",
        "image_changes",
        ["author_id"],
        sqlite_where=_UNCHECKED,
        postgresql_where=_UNCHECKED,
    )
