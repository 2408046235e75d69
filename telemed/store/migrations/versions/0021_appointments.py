"""Calendars: rooms and devices, weekly hours, exceptions; appointments and who waits for one."""

import sqlalchemy as sa
from alembic import op

from telemed.store.columns import Json, UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _resources()
    _weekly_hours()
    _calendar_exceptions()
    _appointments()
    _appointment_seats()
    _appointment_resources()
    _appointment_moves()
    _waitings()
    _calendar_links()


def _resources() -> None:
    op.create_table(
        "resources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        _fk("resources", "institution_id", "institutions.id"),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
    )
    op.create_index("ix_resources_institution_id", "resources", ["institution_id"])


def _weekly_hours() -> None:
    op.create_table(
        "weekly_hours",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("resource_id", sa.Text()),
        sa.Column("weekdays", Json, nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date()),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("canceled_by", sa.Text()),
        sa.Column("canceled_at", UtcTime()),
        _fk("weekly_hours", "institution_id", "institutions.id"),
        _fk("weekly_hours", "person_id", "people.id"),
        _fk("weekly_hours", "resource_id", "resources.id"),
        sa.PrimaryKeyConstraint("id", name="pk_weekly_hours"),
    )
    op.create_index("ix_weekly_hours_institution_id", "weekly_hours", ["institution_id"])
    _index_of_some(
        "ix_weekly_hours_person", "weekly_hours", "person_id", where="canceled_at IS NULL"
    )
    _index_of_some(
        "ix_weekly_hours_resource", "weekly_hours", "resource_id", where="canceled_at IS NULL"
    )


def _calendar_exceptions() -> None:
    op.create_table(
        "calendar_exceptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("resource_id", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("cover_id", sa.Text()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("canceled_by", sa.Text()),
        sa.Column("canceled_at", UtcTime()),
        _fk("calendar_exceptions", "cover_id", "people.id"),
        _fk("calendar_exceptions", "institution_id", "institutions.id"),
        _fk("calendar_exceptions", "person_id", "people.id"),
        _fk("calendar_exceptions", "resource_id", "resources.id"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_exceptions"),
    )
    op.create_index(
        "ix_calendar_exceptions_institution_id", "calendar_exceptions", ["institution_id"]
    )
    op.create_index("ix_calendar_exceptions_person", "calendar_exceptions", ["person_id", "until"])
    op.create_index(
        "ix_calendar_exceptions_resource", "calendar_exceptions", ["resource_id", "until"]
    )


def _appointments() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("kept_since", UtcTime(), nullable=False),
        sa.Column("kept_until", UtcTime(), nullable=False),
        sa.Column("hold_until", UtcTime()),
        sa.Column("waiting_id", sa.Text()),
        sa.Column("reason", Json),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        _fk("appointments", "provider_id", "institutions.id"),
        _fk("appointments", "request_id", "requests.id"),
        _fk("appointments", "requester_id", "institutions.id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("number", name="uq_appointments_number"),
    )
    _index_of_some("ix_appointments_held", "appointments", "hold_until", where="state = 'held'")
    op.create_index("ix_appointments_kept", "appointments", ["kept_until", "kept_since"])
    _index_of_some("ix_appointments_proposed", "appointments", "since", where="state = 'proposed'")
    op.create_index("ix_appointments_provider", "appointments", ["provider_id", "until"])
    op.create_index("ix_appointments_request_id", "appointments", ["request_id"])
    op.create_index("ix_appointments_requester", "appointments", ["requester_id", "until"])


def _appointment_seats() -> None:
    op.create_table(
        "appointment_seats",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Text(), nullable=False),
        sa.Column("instead_of", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", UtcTime(), nullable=False),
        _fk("appointment_seats", "appointment_id", "appointments.id"),
        _fk("appointment_seats", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_appointment_seats"),
    )
    op.create_index("ix_appointment_seats_institution_id", "appointment_seats", ["institution_id"])
    op.create_index("ix_appointment_seats_person_id", "appointment_seats", ["person_id"])


def _appointment_resources() -> None:
    op.create_table(
        "appointment_resources",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        _fk("appointment_resources", "appointment_id", "appointments.id"),
        _fk("appointment_resources", "resource_id", "resources.id"),
        sa.PrimaryKeyConstraint("appointment_id", "resource_id", name="pk_appointment_resources"),
    )
    op.create_index(
        "ix_appointment_resources_resource_id", "appointment_resources", ["resource_id"]
    )


def _appointment_moves() -> None:
    op.create_table(
        "appointment_moves",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("reason", Json),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_at", UtcTime(), nullable=False),
        _fk("appointment_moves", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("appointment_id", "n", name="pk_appointment_moves"),
    )


def _waitings() -> None:
    op.create_table(
        "waitings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("wish", Json, nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        _fk("waitings", "provider_id", "institutions.id"),
        _fk("waitings", "request_id", "requests.id"),
        _fk("waitings", "requester_id", "institutions.id"),
        sa.PrimaryKeyConstraint("id", name="pk_waitings"),
    )
    op.create_index("ix_waitings_provider_state", "waitings", ["provider_id", "state", "made_at"])
    op.create_index("ix_waitings_requester_id", "waitings", ["requester_id"])


def _calendar_links() -> None:
    op.create_table(
        "calendar_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime()),
        _fk("calendar_links", "account_id", "accounts.id"),
        _fk("calendar_links", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_links"),
        sa.UniqueConstraint("secret_hash", name="uq_calendar_links_secret_hash"),
    )
    op.create_index("ix_calendar_links_person_id", "calendar_links", ["person_id"])


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _index_of_some(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)
