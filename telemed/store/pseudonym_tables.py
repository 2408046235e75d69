"""The tables of copies without identity: for which case, under which name, and how far they are.

Whose copy it is stands here alone, and only the institution that made it is told. The seed makes
the copies' UIDs from the originals', so that a run that was cut off goes on where it was.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime
from telemed.store.columns import table as _table

pseudonyms = _table(
    "pseudonyms",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    # The number in the name, 讨论病例 0001; the institution's own count.
    Col("n", sa.Integer, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False),
    Col("original_ref", sa.Text, sa.ForeignKey("patients.id"), nullable=False),
    Col("patient_ref", sa.Text, sa.ForeignKey("patients.id"), nullable=False),
    Col("seed", sa.Text, nullable=False),
    Col("shift_days", sa.Integer, nullable=False),
    # The original studies that are copied, in the draft's order.
    Col("study_ids", Json, nullable=False),
    Col("left_out", sa.Integer, nullable=False),
    Col("made_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("done_at", UtcTime),
    sa.UniqueConstraint("institution_id", "n"),
    sa.UniqueConstraint("request_id", "original_ref"),
    sa.UniqueConstraint("patient_ref"),
)

pixel_checks = _table(
    "pixel_checks",
    # Who looked at a study's pixels and saw no name, before it was copied.
    Col("pseudonym_id", sa.Text, sa.ForeignKey("pseudonyms.id"), primary_key=True),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), primary_key=True),
    Col("looked_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("looked_at", UtcTime, nullable=False),
)

copied_instances = _table(
    "copied_instances",
    Col("pseudonym_id", sa.Text, sa.ForeignKey("pseudonyms.id"), primary_key=True),
    # An image taken out later keeps its row here: what was made of it stays made.
    Col("instance_id", sa.Text, primary_key=True),
    # NULL for what is neither picture nor tracing and has no copy.
    Col("study_id", sa.Text, sa.ForeignKey("studies.id")),
)
