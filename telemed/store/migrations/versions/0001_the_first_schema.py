"""The first schema."""

import sqlalchemy as sa
from alembic import op

from telemed.store.audit import append_only_triggers
from telemed.store.columns import Big, Json, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activities",
        sa.Column("seq", Big, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("institution_id", sa.Text(), nullable=True),
        sa.Column("party_a", sa.Text(), nullable=True),
        sa.Column("party_b", sa.Text(), nullable=True),
        sa.Column("party_c", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("study_id", sa.Text(), nullable=True),
        sa.Column("report_id", sa.Text(), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_party_a"), "activities", ["party_a"], unique=False)
    op.create_index(op.f("ix_activities_party_b"), "activities", ["party_b"], unique=False)
    op.create_index(op.f("ix_activities_party_c"), "activities", ["party_c"], unique=False)
    op.create_index(op.f("ix_activities_request_id"), "activities", ["request_id"], unique=False)
    op.create_index(op.f("ix_activities_study_id"), "activities", ["study_id"], unique=False)

    op.create_table(
        "area_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("former_poverty", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area_codes")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", Big, autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("institution_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account_id"), "audit", ["account_id"], unique=False)

    op.create_table(
        "bookmarks",
        sa.Column("follower", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.PrimaryKeyConstraint("follower", name=op.f("pk_bookmarks")),
    )
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("study_uid", sa.Text(), nullable=False),
        sa.Column("sop_uid", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("kept_blob", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("resolved_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
        sa.UniqueConstraint(
            "institution_id",
            "sop_uid",
            "blob",
            name=op.f("uq_conflicts_institution_id_sop_uid_blob"),
        ),
    )
    op.create_index(
        op.f("ix_conflicts_institution_id"), "conflicts", ["institution_id"], unique=False
    )

    op.create_table(
        "numbers",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "day", name=op.f("pk_numbers")),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "tally_entries",
        sa.Column("seq", Big, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "part", name=op.f("pk_tally_entries")),
    )
    op.create_index(
        "ix_tally_month_provider", "tally_entries", ["month", "provider_id"], unique=False
    )
    op.create_index(
        "ix_tally_month_requester", "tally_entries", ["month", "requester_id"], unique=False
    )

    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_request_id"), "uploads", ["request_id"], unique=False)

    op.create_table(
        "institutions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("licence_no", sa.Text(), nullable=False),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("former_poverty_county", sa.Boolean(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("connected_since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_code"], ["area_codes.code"], name=op.f("fk_institutions_area_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institutions")),
        sa.UniqueConstraint("uscc", name=op.f("uq_institutions_uscc")),
    )
    op.create_index(op.f("ix_institutions_area_code"), "institutions", ["area_code"], unique=False)

    op.create_table(
        "upload_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("study_id", sa.Text(), nullable=True),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_files_upload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_files")),
    )
    op.create_index(op.f("ix_upload_files_upload_id"), "upload_files", ["upload_id"], unique=False)

    op.create_table(
        "agreements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("services", Json, nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("liability", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["institutions.id"], name=op.f("fk_agreements_provider_id")
        ),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["institutions.id"], name=op.f("fk_agreements_requester_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index(op.f("ix_agreements_provider_id"), "agreements", ["provider_id"], unique=False)
    op.create_index(
        op.f("ix_agreements_requester_id"), "agreements", ["requester_id"], unique=False
    )

    op.create_table(
        "alliances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["institutions.id"], name=op.f("fk_alliances_lead_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alliances")),
    )
    op.create_table(
        "departments",
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_departments_institution_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "code", name=op.f("pk_departments")),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Text(), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_patients_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint(
            "institution_id", "patient_id", name=op.f("uq_patients_institution_id_patient_id")
        ),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licence_no", sa.Text(), nullable=False),
        sa.Column("practice_since", sa.Date(), nullable=True),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_people_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index(op.f("ix_people_institution_id"), "people", ["institution_id"], unique=False)

    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("institution_id", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("roles", Json, nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_accounts_institution_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_index(
        op.f("ix_accounts_institution_id"), "accounts", ["institution_id"], unique=False
    )

    op.create_table(
        "memberships",
        sa.Column("alliance_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alliance_id"], ["alliances.id"], name=op.f("fk_memberships_alliance_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_memberships_institution_id")
        ),
        sa.PrimaryKeyConstraint(
            "alliance_id", "institution_id", "since", name=op.f("pk_memberships")
        ),
    )
    op.create_index(
        op.f("ix_memberships_institution_id"), "memberships", ["institution_id"], unique=False
    )

    op.create_table(
        "studies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("study_uid", sa.Text(), nullable=False),
        sa.Column("patient_ref", sa.Text(), nullable=False),
        sa.Column("patient_name", sa.Text(), nullable=False),
        sa.Column("patient_search", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("accession_number", sa.Text(), nullable=False),
        sa.Column("study_date", sa.Text(), nullable=False),
        sa.Column("study_time", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("study_local_id", sa.Text(), nullable=False),
        sa.Column("referring_physician", sa.Text(), nullable=False),
        sa.Column("modalities", sa.Text(), nullable=False),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("bytes", Big, nullable=False),
        sa.Column("attributes", Json, nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_studies_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["patient_ref"], ["patients.id"], name=op.f("fk_studies_patient_ref")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
        sa.UniqueConstraint(
            "institution_id", "study_uid", name=op.f("uq_studies_institution_id_study_uid")
        ),
    )
    op.create_index(
        "ix_studies_institution_date", "studies", ["institution_id", "study_date"], unique=False
    )
    op.create_index(
        "ix_studies_institution_received",
        "studies",
        ["institution_id", "received_at"],
        unique=False,
    )
    op.create_index("ix_studies_patient_id", "studies", ["patient_id"], unique=False)
    op.create_index(op.f("ix_studies_patient_ref"), "studies", ["patient_ref"], unique=False)
    op.create_index("ix_studies_study_uid", "studies", ["study_uid"], unique=False)

    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("agreement_id", sa.Text(), nullable=True),
        sa.Column("patient_ref", sa.Text(), nullable=True),
        sa.Column("content", Json, nullable=False),
        sa.Column("consent", Json, nullable=True),
        sa.Column("modality", sa.Text(), nullable=True),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("submitted_at", UtcTime(), nullable=True),
        sa.Column("waiting_since", UtcTime(), nullable=True),
        sa.Column("waited_seconds", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("issued_at", UtcTime(), nullable=True),
        sa.Column("confirmed_at", UtcTime(), nullable=True),
        sa.Column("adoption", sa.Text(), nullable=True),
        sa.Column("final_diagnosis", sa.Text(), nullable=False),
        sa.Column("step_reason", Json, nullable=True),
        sa.Column("positive", sa.Boolean(), nullable=True),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_requests_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_requests_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["patient_ref"], ["patients.id"], name=op.f("fk_requests_patient_ref")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["institutions.id"], name=op.f("fk_requests_provider_id")
        ),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["institutions.id"], name=op.f("fk_requests_requester_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index(op.f("ix_requests_patient_ref"), "requests", ["patient_ref"], unique=False)
    op.create_index(
        "ix_requests_provider_state", "requests", ["provider_id", "state", "due_at"], unique=False
    )
    op.create_index(
        "ix_requests_requester_state",
        "requests",
        ["requester_id", "state", "created_at"],
        unique=False,
    )

    op.create_table(
        "series",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("series_uid", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("series_date", sa.Text(), nullable=False),
        sa.Column("series_time", sa.Text(), nullable=False),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("attributes", Json, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_series_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("study_id", "series_uid", name=op.f("uq_series_study_id_series_uid")),
    )
    op.create_index("ix_series_series_uid", "series", ["series_uid"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_sessions_id")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", Json, nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tokens_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
    )
    op.create_index(op.f("ix_tokens_account_id"), "tokens", ["account_id"], unique=False)

    op.create_table(
        "critical_notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", UtcTime(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["accounts.id"], name=op.f("fk_critical_notices_acknowledged_by")
        ),
        sa.ForeignKeyConstraint(
            ["raised_by"], ["people.id"], name=op.f("fk_critical_notices_raised_by")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_critical_notices_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_critical_notices")),
    )
    op.create_index(
        op.f("ix_critical_notices_request_id"), "critical_notices", ["request_id"], unique=False
    )

    op.create_table(
        "instances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("sop_uid", sa.Text(), nullable=False),
        sa.Column("sop_class", sa.Text(), nullable=False),
        sa.Column("transfer_syntax", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("columns", sa.Integer(), nullable=True),
        sa.Column("bits_allocated", sa.Integer(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("metadata", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_instances_series_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_instances_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sa.UniqueConstraint(
            "institution_id", "sop_uid", name=op.f("uq_instances_institution_id_sop_uid")
        ),
    )
    op.create_index(op.f("ix_instances_blob"), "instances", ["blob"], unique=False)
    op.create_index("ix_instances_series", "instances", ["series_id", "number"], unique=False)
    op.create_index(op.f("ix_instances_study_id"), "instances", ["study_id"], unique=False)

    op.create_table(
        "reports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_reports_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("request_id", name=op.f("uq_reports_request_id")),
    )
    op.create_table(
        "request_studies",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_studies_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_request_studies_study_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "study_id", name=op.f("pk_request_studies")),
    )
    op.create_index(
        op.f("ix_request_studies_study_id"), "request_studies", ["study_id"], unique=False
    )

    op.create_table(
        "workitems",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("transaction_uid", sa.Text(), nullable=True),
        sa.Column("performer_id", sa.Text(), nullable=True),
        sa.Column("scheduled_at", UtcTime(), nullable=False),
        sa.Column("claimed_at", UtcTime(), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["people.id"], name=op.f("fk_workitems_performer_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_workitems_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workitems")),
        sa.UniqueConstraint("request_id", "attempt", name=op.f("uq_workitems_request_id_attempt")),
    )
    op.create_index(op.f("ix_workitems_lease_until"), "workitems", ["lease_until"], unique=False)
    op.create_index(op.f("ix_workitems_performer_id"), "workitems", ["performer_id"], unique=False)
    op.create_index(
        "ix_workitems_provider_state", "workitems", ["provider_id", "state"], unique=False
    )
    op.create_index(op.f("ix_workitems_request_id"), "workitems", ["request_id"], unique=False)

    op.create_table(
        "report_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("workitem_id", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("authored_at", UtcTime(), nullable=True),
        sa.Column("verifier_id", sa.Text(), nullable=True),
        sa.Column("verified_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_report_versions_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_report_versions_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["verifier_id"], ["people.id"], name=op.f("fk_report_versions_verifier_id")
        ),
        sa.ForeignKeyConstraint(
            ["workitem_id"], ["workitems.id"], name=op.f("fk_report_versions_workitem_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_versions")),
        sa.UniqueConstraint(
            "report_id", "number", name=op.f("uq_report_versions_report_id_number")
        ),
    )
    op.create_table(
        "signed_reports",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("signed_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("verification_code", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_signed_reports_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_signed_reports")),
        sa.UniqueConstraint("verification_code", name=op.f("uq_signed_reports_verification_code")),
    )
    for statement in append_only_triggers(op.get_bind().dialect.name):
        op.execute(statement)
