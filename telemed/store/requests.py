"""Requests and their workitems: rows in, rows out, compare-and-set on every change.

It knows no rules. What is written here is what `core` returned.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core import report, workitem
from telemed.store.tables import (
    agreements,
    critical_notices,
    institutions,
    numbers,
    patients,
    people,
    report_versions,
    reports,
    request_studies,
    requests,
    studies,
    upload_files,
    uploads,
    workitems,
)
from telemed.store.tx import Row, Tx

OPEN_WORKITEM = (workitem.State.SCHEDULED.value, workitem.State.IN_PROGRESS.value)

_requester = institutions.alias("requester")
_provider = institutions.alias("provider")


def next_number(tx: Tx, prefix: str, day: str) -> str:
    """The next human number of a service's day, such as YX20261122-0007. Gap-free per commit."""
    where = sa.and_(numbers.c.prefix == prefix, numbers.c.day == day)
    tx.insert_missing(numbers, [{"prefix": prefix, "day": day, "last": 0}])
    tx.update(numbers, where, {"last": numbers.c.last + 1})
    last = tx.scalar(sa.select(numbers.c.last).where(where))
    return f"{prefix}{day}-{last:04d}"


def get(tx: Tx, request_id: str) -> Row | None:
    """A request with what the access rule needs beside it."""
    return tx.one(
        sa.select(
            requests,
            _requester.c.area_code.label("requester_area"),
            _requester.c.name.label("requester_name"),
            _provider.c.area_code.label("provider_area"),
            _provider.c.name.label("provider_name"),
            agreements.c.until.label("agreement_until"),
            agreements.c.liability.label("liability"),
        )
        .join(_requester, _requester.c.id == requests.c.requester_id)
        .outerjoin(_provider, _provider.c.id == requests.c.provider_id)
        .outerjoin(agreements, agreements.c.id == requests.c.agreement_id)
        .where(requests.c.id == request_id)
    )


def change(tx: Tx, request_id: str, version: int, values: dict[str, Any]) -> bool:
    """Write `values` if the version is still the one read; False when somebody was first."""
    where = sa.and_(requests.c.id == request_id, requests.c.version == version)
    return tx.update(requests, where, {**values, "version": version + 1}) == 1


# --- workitems --------------------------------------------------------------------------------


def current_workitem(tx: Tx, request_id: str) -> Row | None:
    """The latest attempt of a request with its performer's name."""
    return tx.one(
        sa.select(workitems, people.c.name.label("performer_name"))
        .outerjoin(people, people.c.id == workitems.c.performer_id)
        .where(workitems.c.request_id == request_id)
        .order_by(workitems.c.attempt.desc())
        .limit(1)
    )


def schedule(tx: Tx, workitem_id: str, request_id: str, provider_id: str, now: datetime) -> Row:
    """A new attempt, SCHEDULED."""
    last = tx.scalar(
        sa.select(sa.func.coalesce(sa.func.max(workitems.c.attempt), 0)).where(
            workitems.c.request_id == request_id
        )
    )
    row = {
        "id": workitem_id,
        "request_id": request_id,
        "attempt": last + 1,
        "state": workitem.State.SCHEDULED.value,
        "provider_id": provider_id,
        "scheduled_at": now,
    }
    tx.insert(workitems, row)
    return row


def change_workitem(tx: Tx, workitem_id: str, was: str, values: dict[str, Any]) -> bool:
    """Write `values` if the state is still `was`; False is a lost race."""
    where = sa.and_(workitems.c.id == workitem_id, workitems.c.state == was)
    return tx.update(workitems, where, values) == 1


def extend_leases(tx: Tx, person_id: str, request_ids: Iterable[str], until: datetime) -> int:
    """The holder was seen: claims of theirs live on. A lease that is None stays so."""
    return tx.update(
        workitems,
        sa.and_(
            workitems.c.performer_id == person_id,
            workitems.c.state == workitem.State.IN_PROGRESS.value,
            workitems.c.lease_until.is_not(None),
            workitems.c.request_id.in_(list(request_ids)),
        ),
        {"lease_until": until},
    )


def abandoned(tx: Tx, now: datetime) -> list[str]:
    """Requests whose claim's holder has been gone for longer than the lease."""
    rows = tx.all(
        sa.select(workitems.c.request_id).where(
            workitems.c.state == workitem.State.IN_PROGRESS.value,
            workitems.c.lease_until <= now,
        )
    )
    return [row["request_id"] for row in rows]


# --- studies of a request ---------------------------------------------------------------------


def studies_of(tx: Tx, request_id: str) -> list[Row]:
    """The studies attached to a request, in the order attached."""
    return tx.all(
        sa.select(studies, request_studies.c.role)
        .join(request_studies, request_studies.c.study_id == studies.c.id)
        .where(request_studies.c.request_id == request_id)
        .order_by(studies.c.received_at)
    )


def attach(tx: Tx, request_id: str, study_ids: Iterable[str]) -> int:
    """Attach studies; how many were new."""
    rows = [{"request_id": request_id, "study_id": s, "role": "current"} for s in study_ids]
    return tx.insert_missing(request_studies, rows)


def set_studies(tx: Tx, request_id: str, study_ids: list[str]) -> None:
    """Exactly these studies."""
    tx.execute(sa.delete(request_studies).where(request_studies.c.request_id == request_id))
    attach(tx, request_id, study_ids)


def uploads_running(tx: Tx, request_id: str) -> bool:
    """Whether files of an upload for this request are still on their way."""
    query = (
        sa.select(sa.func.count())
        .select_from(upload_files.join(uploads, uploads.c.id == upload_files.c.upload_id))
        .where(
            uploads.c.request_id == request_id,
            upload_files.c.verdict.in_(("uploading", "checking")),
        )
    )
    return bool(tx.scalar(query))


# --- lists ------------------------------------------------------------------------------------


def _first_study(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return (
        sa.select(column)
        .join(request_studies, request_studies.c.study_id == studies.c.id)
        .where(request_studies.c.request_id == requests.c.id)
        .order_by(studies.c.received_at)
        .limit(1)
        .correlate(requests)
        .scalar_subquery()
    )


def latest_version(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """A column of the newest report version of a row of `requests`, discarded drafts aside."""
    return (
        sa.select(column)
        .join(reports, reports.c.id == report_versions.c.report_id)
        .where(
            reports.c.request_id == requests.c.id,
            report_versions.c.state != report.State.DISCARDED.value,
        )
        .order_by(report_versions.c.number.desc())
        .limit(1)
        .correlate(requests)
        .scalar_subquery()
    )


def _listing() -> sa.Select[Any]:
    """A case in a list: one row, everything shown."""
    latest = (
        sa.select(sa.func.max(workitems.c.attempt))
        .where(workitems.c.request_id == requests.c.id)
        .correlate(requests)
        .scalar_subquery()
    )
    images = (
        sa.select(sa.func.coalesce(sa.func.sum(studies.c.instance_count), 0))
        .join(request_studies, request_studies.c.study_id == studies.c.id)
        .where(request_studies.c.request_id == requests.c.id)
        .correlate(requests)
        .scalar_subquery()
    )
    unacknowledged = (
        sa.exists()
        .where(
            critical_notices.c.request_id == requests.c.id,
            critical_notices.c.acknowledged_at.is_(None),
        )
        .correlate(requests)
    )
    return (
        sa.select(
            requests,
            patients.c.name.label("patient_name"),
            patients.c.sex.label("patient_sex"),
            patients.c.birth_date.label("patient_birth_date"),
            _requester.c.name.label("requester_name"),
            _requester.c.short_name.label("requester_short"),
            _provider.c.name.label("provider_name"),
            _provider.c.short_name.label("provider_short"),
            workitems.c.id.label("workitem_id"),
            workitems.c.state.label("workitem_state"),
            workitems.c.performer_id,
            workitems.c.claimed_at,
            workitems.c.lease_until,
            people.c.name.label("performer_name"),
            latest_version(report_versions.c.state).label("report_state"),
            latest_version(report_versions.c.author_id).label("report_author_id"),
            images.label("instance_count"),
            _first_study(studies.c.study_uid).label("study_uid"),
            unacknowledged.label("critical_open"),
        )
        .select_from(requests)
        .outerjoin(patients, patients.c.id == requests.c.patient_ref)
        .join(_requester, _requester.c.id == requests.c.requester_id)
        .outerjoin(_provider, _provider.c.id == requests.c.provider_id)
        .outerjoin(
            workitems,
            sa.and_(workitems.c.request_id == requests.c.id, workitems.c.attempt == latest),
        )
        .outerjoin(people, people.c.id == workitems.c.performer_id)
    )


def listed(
    tx: Tx,
    where: sa.ColumnElement[bool],
    order: Iterable[sa.ColumnElement[Any]],
    limit: int = 100,
    offset: int = 0,
) -> list[Row]:
    """Cases as list rows. `where` already holds the access rule."""
    return tx.all(_listing().where(where).order_by(*order).limit(limit).offset(offset))


def count(tx: Tx, where: sa.ColumnElement[bool]) -> int:
    """How many cases a list has; same joins, same rule."""
    inner = _listing().where(where).with_only_columns(requests.c.id)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(inner.subquery())))


def matches(text: str) -> sa.ColumnElement[bool]:
    """Cases by number, patient name (hanzi, pinyin, initials) or question."""
    pattern = f"%{_escape(text.strip().lower())}%"
    return sa.or_(
        sa.func.lower(requests.c.number).like(pattern, escape="\\"),
        patients.c.search.like(pattern, escape="\\"),
        requests.c.question.like(pattern, escape="\\"),
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# --- critical findings ------------------------------------------------------------------------


def critical_notices_of(tx: Tx, request_id: str) -> list[Row]:
    """The critical notices of a case with who raised and acknowledged them."""
    return tx.all(
        sa.select(critical_notices, people.c.name.label("raised_by_name"))
        .join(people, people.c.id == critical_notices.c.raised_by)
        .where(critical_notices.c.request_id == request_id)
        .order_by(critical_notices.c.raised_at)
    )
