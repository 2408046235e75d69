"""The schema. One table per noun; the log is the spine.

Ids of network things are their codes; ids of cases are time-ordered UUIDs made by the caller.
Times are aware UTC. JSON columns hold forms and facts, never what a query must filter on.
"""

import sqlalchemy as sa

from telemed.store import (
    aftercare_tables,
    appointment_tables,
    approval_tables,
    checklist_tables,
    conference_tables,
    guidance_tables,
    minutes_tables,
    opinion_tables,
    pseudonym_tables,
    training_tables,
    urgent_call_tables,
)
from telemed.store.account_tables import accounts, sessions, tokens
from telemed.store.agreement_tables import agreement_changes
from telemed.store.assignment_tables import assignment_decisions
from telemed.store.columns import Big, Bytewise, Col, Json, UtcTime, metadata, partial_index
from telemed.store.columns import table as _table
from telemed.store.desk_tables import desk_settings, handovers, worklist_filters
from telemed.store.expected_tables import expectations, expected_cells
from telemed.store.notice_tables import deliveries, escalations, notices
from telemed.store.removal_tables import conflicts
from telemed.store.roster_tables import duty_shifts
from telemed.store.tally_tables import tally_entries, tally_sums, tally_times
from telemed.store.ups_tables import ups_items

# Importing this module fills the metadata.
__all__ = [
    "accounts", "aftercare_tables", "agreement_changes", "appointment_tables", "approval_tables",
    "assignment_decisions", "checklist_tables", "conference_tables", "conflicts", "deliveries",
    "desk_settings", "duty_shifts", "escalations", "expectations", "expected_cells",
    "guidance_tables", "handovers", "metadata", "minutes_tables", "notices", "opinion_tables",
    "pseudonym_tables", "sessions", "tally_entries", "tally_sums", "tally_times", "tokens",
    "training_tables", "ups_items", "urgent_call_tables", "worklist_filters",
]  # fmt: skip

# --- the network ------------------------------------------------------------------------------

area_codes = _table(
    "area_codes",
    Col("code", sa.Text, primary_key=True),
    Col("name", sa.Text, nullable=False),
    Col("kind", sa.Text, nullable=False),
    Col("parent", sa.Text, nullable=False),
    Col("former_poverty", sa.Boolean, nullable=False),
    Col("valid_from", sa.Date),
    Col("valid_until", sa.Date),
    Col("successor", sa.Text),
)

institutions = _table(
    "institutions",
    Col("id", sa.Text, primary_key=True),
    Col("name", sa.Text, nullable=False),
    Col("short_name", sa.Text, nullable=False),
    Col("search", sa.Text, nullable=False),
    Col("kind", sa.Text, nullable=False),
    Col("level", sa.Text, nullable=False),
    Col("grade", sa.Text, nullable=False),
    Col("uscc", sa.Text, nullable=False, unique=True),
    Col("licence_no", sa.Text, nullable=False),
    Col("licence_until", sa.Date),
    Col("area_code", sa.Text, sa.ForeignKey("area_codes.code"), nullable=False, index=True),
    Col("scopes", Json, nullable=False),
    Col("former_poverty_county", sa.Boolean, nullable=False),
    Col("connected", sa.Boolean, nullable=False),
    Col("connected_since", sa.Date),
)

alliances = _table(
    "alliances",
    Col("id", sa.Text, primary_key=True),
    Col("name", sa.Text, nullable=False),
    Col("form", sa.Text, nullable=False),
    Col("lead_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
)

memberships = _table(
    "memberships",
    Col("alliance_id", sa.Text, sa.ForeignKey("alliances.id"), primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), primary_key=True, index=True),
    Col("since", sa.Date, primary_key=True),
    Col("until", sa.Date),
    Col("role", sa.Text, nullable=False),
)

agreements = _table(
    "agreements",
    Col("id", sa.Text, primary_key=True),
    Col("requester_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("services", Json, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    Col("rank", sa.Integer, nullable=False),
    Col("liability", sa.Text, nullable=False),
    Col("document_no", sa.Text, nullable=False),
    # Its own deadlines, as core.sla stores them; NULL: the network's.
    Col("terms", Json),
)

departments = _table(
    "departments",
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), primary_key=True),
    Col("code", sa.Text, primary_key=True),
    Col("name", sa.Text, nullable=False),
    Col("scope", sa.Text, nullable=False),
)

people = _table(
    "people",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    Col("department", sa.Text, nullable=False),
    Col("name", sa.Text, nullable=False),
    Col("sex", sa.Text, nullable=False),
    Col("title", sa.Text, nullable=False),
    Col("licence_no", sa.Text, nullable=False),
    Col("practice_since", sa.Date),
    Col("specialty", sa.Text, nullable=False),
    Col("scopes", Json, nullable=False),
    Col("active", sa.Boolean, nullable=False),
)

# --- patients and studies ---------------------------------------------------------------------

patients = _table(
    "patients",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("patient_id", sa.Text, nullable=False),
    Col("name", sa.Text, nullable=False),
    Col("search", sa.Text, nullable=False),
    Col("sex", sa.Text, nullable=False),
    Col("birth_date", sa.Text, nullable=False),
    Col("id_number", sa.Text, nullable=False),
    Col("phone", sa.Text, nullable=False),
    Col("created_at", UtcTime, nullable=False),
    # Who stands for a patient that was registered twice; what arrives for this one goes there.
    Col("merged_into", sa.Text),
    sa.UniqueConstraint("institution_id", "patient_id"),
    sa.Index("ix_patients_like", "institution_id", "name", "birth_date"),
)

studies = _table(
    "studies",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("study_uid", sa.Text, nullable=False),
    Col("patient_ref", sa.Text, sa.ForeignKey("patients.id"), nullable=False, index=True),
    Col("patient_name", sa.Text, nullable=False),
    Col("patient_search", sa.Text, nullable=False),
    Col("patient_id", sa.Text, nullable=False),
    Col("accession_number", sa.Text, nullable=False),
    Col("study_date", sa.Text, nullable=False),
    Col("study_time", sa.Text, nullable=False),
    Col("description", sa.Text, nullable=False),
    Col("study_local_id", sa.Text, nullable=False),
    Col("referring_physician", sa.Text, nullable=False),
    Col("modalities", sa.Text, nullable=False),
    Col("body_part", sa.Text, nullable=False),
    Col("series_count", sa.Integer, nullable=False),
    Col("instance_count", sa.Integer, nullable=False),
    # Taken out of `instances` and not put back; while nobody ever did, arrivals need no look.
    Col("removed_count", sa.Integer, nullable=False, server_default="0"),
    Col("bytes", Big, nullable=False),
    Col("name_keys", sa.Text, nullable=False),
    Col("referring_keys", sa.Text, nullable=False),
    Col("sop_classes", sa.Text, nullable=False),
    Col("attributes", Json, nullable=False),
    Col("search_json", sa.LargeBinary, nullable=False),
    Col("received_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    # Since when its images may be told under another identity than their files say; NULL: never.
    Col("identity_at", UtcTime),
    sa.UniqueConstraint("institution_id", "study_uid"),
    sa.Index("ix_studies_study_uid", "study_uid"),
    sa.Index("ix_studies_institution_date", "institution_id", "study_date"),
    sa.Index("ix_studies_institution_received", "institution_id", "received_at"),
    sa.Index("ix_studies_patient_id", "patient_id"),
)

series = _table(
    "series",
    Col("id", sa.Text, primary_key=True),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False),
    Col("series_uid", sa.Text, nullable=False),
    Col("modality", sa.Text, nullable=False),
    Col("number", sa.Integer),
    Col("description", sa.Text, nullable=False),
    Col("series_date", sa.Text, nullable=False),
    Col("series_time", sa.Text, nullable=False),
    Col("body_part", sa.Text, nullable=False),
    Col("instance_count", sa.Integer, nullable=False),
    Col("attributes", Json, nullable=False),
    Col("search_json", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("study_id", "series_uid"),
    sa.Index("ix_series_series_uid", "series_uid"),
)

instances = _table(
    "instances",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("series_id", sa.Text, sa.ForeignKey("series.id"), nullable=False),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), nullable=False, index=True),
    Col("sop_uid", sa.Text, nullable=False),
    Col("sop_class", sa.Text, nullable=False),
    Col("transfer_syntax", sa.Text, nullable=False),
    Col("number", sa.Integer),
    Col("rows", sa.Integer),
    Col("columns", sa.Integer),
    Col("bits_allocated", sa.Integer),
    Col("frames", sa.Integer, nullable=False),
    Col("blob", sa.Text, nullable=False, index=True),
    Col("size", Big, nullable=False),
    Col("metadata", sa.LargeBinary, nullable=False),
    Col("stored_at", UtcTime, nullable=False),
    sa.UniqueConstraint("institution_id", "sop_uid"),
    sa.Index("ix_instances_series", "series_id", "number"),
)

study_keys = _table(
    "study_keys",
    Col("viewer_id", sa.Text, primary_key=True),
    Col("key", Bytewise, primary_key=True),
    Col("study_date", sa.Text, primary_key=True),
    Col("study_id", sa.Text, primary_key=True),
    Col("own", sa.Boolean, primary_key=True),
    sa.Index("ix_study_keys_study", "study_id"),
    in_key_order=True,
)

uploads = _table(
    "uploads",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("account_id", sa.Text, nullable=False),
    Col("request_id", sa.Text, index=True),
    Col("created_at", UtcTime, nullable=False),
    Col("closed_at", UtcTime),
)

upload_files = _table(
    "upload_files",
    Col("id", sa.Text, primary_key=True),
    Col("upload_id", sa.Text, sa.ForeignKey("uploads.id"), nullable=False, index=True),
    Col("name", sa.Text, nullable=False),
    Col("size", Big, nullable=False),
    Col("verdict", sa.Text, nullable=False),
    Col("code", sa.Text),
    Col("study_id", sa.Text),
    Col("instance_count", sa.Integer, nullable=False),
    Col("parent_id", sa.Text),
    Col("created_at", UtcTime, nullable=False),
)

# --- requests, workitems, reports -------------------------------------------------------------

numbers = _table(
    "numbers",
    Col("prefix", sa.Text, primary_key=True),
    Col("day", sa.Text, primary_key=True),
    Col("last", sa.Integer, nullable=False),
)

requests = _table(
    "requests",
    Col("id", sa.Text, primary_key=True),
    Col("number", sa.Text, nullable=False, unique=True),
    Col("service", sa.Text, nullable=False),
    Col("urgency", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("requester_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("provider_id", sa.Text, sa.ForeignKey("institutions.id")),
    Col("agreement_id", sa.Text, sa.ForeignKey("agreements.id")),
    Col("patient_ref", sa.Text, sa.ForeignKey("patients.id"), index=True),
    Col("content", Json, nullable=False),
    Col("consent", Json),
    Col("modality", sa.Text),
    Col("body_part", sa.Text, nullable=False),
    Col("question", sa.Text, nullable=False),
    Col("created_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("created_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    Col("submitted_at", UtcTime),
    Col("waiting_since", UtcTime),
    Col("waited_seconds", sa.Integer, nullable=False),
    Col("due_at", UtcTime),
    # The row or clause that the due time comes from.
    Col("promise", Json),
    # The requester's clock: since when it runs, until when, and what its ended turns took.
    Col("asked_since", UtcTime),
    Col("asked_due_at", UtcTime),
    Col("asked_seconds", sa.Integer, nullable=False, server_default="0"),
    Col("issued_at", UtcTime),
    Col("confirmed_at", UtcTime),
    Col("adoption", sa.Text),
    Col("final_diagnosis", sa.Text, nullable=False),
    Col("final_diagnosis_code", sa.Text),
    Col("step_reason", Json),
    Col("positive", sa.Boolean),
    Col("critical", sa.Boolean, nullable=False),
    sa.Index("ix_requests_requester_state", "requester_id", "state", "created_at"),
    sa.Index("ix_requests_provider_state", "provider_id", "state", "due_at"),
    sa.Index("ix_requests_provider_issued", "provider_id", "issued_at"),
    sa.Index("ix_requests_created", "created_at"),
)

request_studies = _table(
    "request_studies",
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), primary_key=True),
    Col("study_id", sa.Text, sa.ForeignKey("studies.id"), primary_key=True, index=True),
    Col("role", sa.Text, nullable=False),
)

workitems = _table(
    "workitems",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, index=True),
    Col("attempt", sa.Integer, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("transaction_uid", sa.Text),
    Col("performer_id", sa.Text, sa.ForeignKey("people.id"), index=True),
    Col("scheduled_at", UtcTime, nullable=False),
    Col("claimed_at", UtcTime),
    # Whose it is to be (ScheduledHumanPerformersSequence), who said so, and since when.
    Col("scheduled_performer_id", sa.Text, index=True),
    Col("scheduled_by", sa.Text),
    Col("scheduled_performer_at", UtcTime),
    Col("lease_until", UtcTime, index=True),
    # Since when its holder has put it aside for another case, and where they were in it.
    Col("aside_at", UtcTime),
    Col("aside_place", Json),
    Col("ended_at", UtcTime),
    Col("end_reason", sa.Text),
    sa.UniqueConstraint("request_id", "attempt"),
    sa.Index("ix_workitems_provider_state_ended", "provider_id", "state", "ended_at"),
    partial_index("ix_workitems_set_aside", "scheduled_performer_at", where="state = 'SCHEDULED'"),
)

reports = _table(
    "reports",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, unique=True),
    Col("created_at", UtcTime, nullable=False),
)

report_versions = _table(
    "report_versions",
    Col("id", sa.Text, primary_key=True),
    Col("report_id", sa.Text, sa.ForeignKey("reports.id"), nullable=False),
    Col("number", sa.Integer, nullable=False),
    Col("kind", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("revision", sa.Integer, nullable=False),
    Col("content", Json, nullable=False),
    Col("reason", sa.Text, nullable=False),
    Col("workitem_id", sa.Text, sa.ForeignKey("workitems.id")),
    Col("author_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("authored_at", UtcTime),
    Col("verifier_id", sa.Text, sa.ForeignKey("people.id")),
    Col("verified_at", UtcTime),
    Col("created_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("report_id", "number"),
    partial_index(
        "ix_report_versions_unfinished", "state", where="state IN ('draft', 'preliminary')"
    ),
)

signed_reports = _table(
    "signed_reports",
    Col("version_id", sa.Text, sa.ForeignKey("report_versions.id"), primary_key=True),
    Col("signed_bytes", sa.LargeBinary, nullable=False),
    Col("sha256", sa.Text, nullable=False),
    Col("signature", sa.LargeBinary, nullable=False),
    Col("key_id", sa.Text, nullable=False),
    Col("verification_code", sa.Text, nullable=False, unique=True),
    Col("at", UtcTime, nullable=False),
)

critical_notices = _table(
    "critical_notices",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, index=True),
    Col("finding", sa.Text, nullable=False),
    Col("raised_by", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("raised_at", UtcTime, nullable=False),
    Col("due_at", UtcTime, nullable=False),
    Col("acknowledged_by", sa.Text, sa.ForeignKey("accounts.id")),
    Col("acknowledged_at", UtcTime),
    Col("action", sa.Text, nullable=False),
    # What was done, when the patient's side did it, and who entered it when.
    Col("acted_code", sa.Text),
    Col("acted_note", sa.Text, nullable=False, server_default=""),
    Col("acted_at", UtcTime),
    Col("acted_by", sa.Text),
    Col("acted_entered_at", UtcTime),
)

# --- the log and its followers ----------------------------------------------------------------

activities = _table(
    "activities",
    Col("seq", Big, primary_key=True, autoincrement=False),
    Col("kind", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
    Col("actor_id", sa.Text),
    Col("institution_id", sa.Text),
    Col("party_a", sa.Text, index=True),
    Col("party_b", sa.Text, index=True),
    Col("party_c", sa.Text, index=True),
    Col("request_id", sa.Text, index=True),
    Col("study_id", sa.Text, index=True),
    Col("report_id", sa.Text),
    Col("data", Json, nullable=False),
)

bookmarks = _table(
    "bookmarks",
    Col("follower", sa.Text, primary_key=True),
    Col("seq", Big, nullable=False),
)

audit = _table(
    "audit",
    Col("seq", Big, primary_key=True, autoincrement=False),
    Col("at", UtcTime, nullable=False),
    Col("event", sa.Text, nullable=False),
    Col("outcome", sa.Text, nullable=False),
    Col("account_id", sa.Text, index=True),
    Col("institution_id", sa.Text),
    Col("address", sa.Text, nullable=False),
    Col("object_kind", sa.Text, nullable=False),
    Col("object_id", sa.Text, nullable=False),
    Col("detail", Json, nullable=False),
    Col("previous", sa.Text, nullable=False),
    Col("chain", sa.Text, nullable=False),
)

settings_kv = _table(
    "settings",
    Col("key", sa.Text, primary_key=True),
    Col("value", sa.Text, nullable=False),
)
