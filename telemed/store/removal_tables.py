"""The tables of images that are not shown, and of reports whose images changed.

What is shown lies in `instances`; what is quarantined, hidden, replaced or deleted lies here, so
that no list, count or search has to leave it out.
"""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

# --- images that are not shown ------------------------------------------------------------------

conflicts = _table(
    "conflicts",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False, index=True),
    Col("study_uid", sa.Text, nullable=False),
    Col("sop_uid", sa.Text, nullable=False),
    Col("blob", sa.Text, nullable=False),
    Col("size", Big, nullable=False),
    Col("kept_blob", sa.Text),
    Col("reason", sa.Text, nullable=False),
    # Whom the copy names; empty for one that came before this was written down.
    Col("patient_id", sa.Text, nullable=False, server_default=""),
    Col("patient_name", sa.Text, nullable=False, server_default=""),
    Col("at", UtcTime, nullable=False),
    Col("resolved_at", UtcTime),
    Col("resolution", sa.Text),
    Col("resolved_by", sa.Text),
    Col("note", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("institution_id", "sop_uid", "blob"),
    sa.Index("ix_conflicts_study", "institution_id", "study_uid"),
)

removals = _table(
    "removals",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False, index=True),
    Col("kind", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("level", sa.Text, nullable=False),
    Col("uid", sa.Text, nullable=False),
    Col("instances", sa.Integer, nullable=False),
    Col("reason", sa.Text, nullable=False),
    Col("note", sa.Text, nullable=False),
    Col("removed_by", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("ended_by", sa.Text),
    Col("ended_at", UtcTime),
    sa.Index("ix_removals_institution_at", "institution_id", "at"),
)

removed_instances = _table(
    "removed_instances",
    Col("id", sa.Text, primary_key=True),
    Col("removal_id", sa.Text, sa.ForeignKey("removals.id"), nullable=False, index=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False, index=True),
    # The series as it was, to be made again when its last instance comes back.
    Col("series", Json, nullable=False),
    Col("series_uid", sa.Text, nullable=False),
    Col("sop_uid", sa.Text, nullable=False),
    Col("sop_class", sa.Text, nullable=False),
    Col("transfer_syntax", sa.Text, nullable=False),
    Col("number", sa.Integer),
    Col("rows", sa.Integer),
    Col("columns", sa.Integer),
    Col("bits_allocated", sa.Integer),
    Col("frames", sa.Integer, nullable=False),
    # NULL once it is deleted.
    Col("blob", sa.Text, index=True),
    Col("size", Big, nullable=False),
    Col("metadata", sa.LargeBinary, nullable=False),
    Col("stored_at", UtcTime, nullable=False),
    sa.Index("ix_removed_instances_sop", "institution_id", "sop_uid"),
)

legal_holds = _table(
    "legal_holds",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False, index=True),
    Col("reason", sa.Text, nullable=False),
    # Who wanted it: a court, the patient, the health authority. Empty before it was asked for.
    Col("asked_by", sa.Text, nullable=False, server_default=""),
    # When somebody is to look again; NULL is open-ended. A hold never ends by itself.
    Col("until", sa.Date),
    Col("held_by", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("ended_by", sa.Text),
    Col("ended_at", UtcTime),
    Col("end_reason", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_legal_holds_institution_at", "institution_id", "at"),
)

# Patients merged and studies moved: what went from whom to whom, so that it can be taken back.
patient_changes = _table(
    "patient_changes",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("kind", sa.Text, nullable=False),
    Col("from_ref", sa.Text, sa.ForeignKey("patients.id"), nullable=False, index=True),
    Col("to_ref", sa.Text, sa.ForeignKey("patients.id"), nullable=False, index=True),
    Col("study_ids", Json, nullable=False),
    Col("request_ids", Json, nullable=False),
    Col("reason", sa.Text, nullable=False),
    Col("changed_by", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("undone_by", sa.Text),
    Col("undone_at", UtcTime),
)

# Blobs that no row named when they were left; whoever sweeps looks again.
left_blobs = _table(
    "left_blobs",
    Col("key", sa.Text, primary_key=True),
    Col("at", UtcTime, nullable=False),
)

# Images that changed under a report that was signed, until its author has looked.
image_changes = _table(
    "image_changes",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, index=True),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False),
    Col("what", sa.Text, nullable=False),
    Col("instances", sa.Integer, nullable=False),
    Col("author_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("checked_at", UtcTime),
    Col("checked_by", sa.Text),
    Col("outcome", sa.Text),
    Col("note", sa.Text, nullable=False),
    partial_index("ix_image_changes_open", "author_id", where="checked_at IS NULL"),
)
