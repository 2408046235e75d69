"""Requests and their workitems: rows in, rows out, compare-and-set on every change.

It knows no rules. What is written here is what `core` returned.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telemed.core import report, workitem
from telemed.store.tables import (
    accounts,
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
from telemed.store.tx import Row, Tx, among, given, once

OPEN_WORKITEM = (workitem.State.SCHEDULED.value, workitem.State.IN_PROGRESS.value)

_attempts = workitems.alias("attempts")
_requester = institutions.alias("requester")
_provider = institutions.alias("provider")
_scheduled = people.alias("scheduled")


def next_number(tx: Tx, prefix: str, day: str) -> str:
    """The next human number of a service's day, such as YX20261122-0007. Gap-free per commit."""
    last = tx.scalar(_next_number(tx.sqlite), prefix=prefix, day=day, last=1)
    return f"{prefix}{day}-{last:04d}"


@cache
def _next_number(on_sqlite: bool) -> sa.Executable:
    insert = sqlite.insert(numbers) if on_sqlite else postgresql.insert(numbers)
    return insert.on_conflict_do_update(
        index_elements=[numbers.c.prefix, numbers.c.day], set_={"last": numbers.c.last + 1}
    ).returning(numbers.c.last)


def get(tx: Tx, request_id: str) -> Row | None:
    """A request with what the access rule needs beside it."""
    return tx.one(_case(), id=request_id)


@cache
def _case() -> sa.Select[Any]:
    return (
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
        .where(requests.c.id == given(requests.c.id))
    )


def change(tx: Tx, request_id: str, version: int, values: dict[str, Any]) -> bool:
    """Write `values` if the version is still the one read; False when somebody was first."""
    keys = {"id": request_id, "version": version}
    return tx.change(requests, keys, {**values, "version": version + 1}) == 1


# --- workitems --------------------------------------------------------------------------------


def current_workitem(tx: Tx, request_id: str) -> Row | None:
    """The latest attempt of a request with its performer's name."""
    return tx.one(_CURRENT_WORKITEM, request_id=request_id)


_CURRENT_WORKITEM = (
    sa.select(workitems, people.c.name.label("performer_name"))
    .outerjoin(people, people.c.id == workitems.c.performer_id)
    .where(workitems.c.request_id == given(workitems.c.request_id))
    .order_by(workitems.c.attempt.desc())
    .limit(1)
)


def attempts(tx: Tx, request_id: str) -> dict[str, int]:
    """A request's attempts by id, with their numbers."""
    rows = tx.all(
        sa.select(workitems.c.id, workitems.c.attempt).where(workitems.c.request_id == request_id)
    )
    return {row["id"]: row["attempt"] for row in rows}


def providers(tx: Tx, request_id: str) -> set[str]:
    """Every institution that a request was asked of."""
    rows = tx.all(
        sa.select(workitems.c.provider_id).where(workitems.c.request_id == request_id).distinct()
    )
    return {row["provider_id"] for row in rows}


_LAST_ATTEMPT = sa.select(sa.func.coalesce(sa.func.max(workitems.c.attempt), 0)).where(
    workitems.c.request_id == given(workitems.c.request_id)
)


def schedule(tx: Tx, workitem_id: str, request_id: str, provider_id: str, now: datetime) -> Row:
    """A new attempt, SCHEDULED."""
    last = tx.scalar(_LAST_ATTEMPT, request_id=request_id)
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
    return tx.change(workitems, {"id": workitem_id, "state": was}, values) == 1


def extend_leases(tx: Tx, person_id: str, request_ids: Iterable[str], until: datetime) -> int:
    """The holder was seen: claims of theirs live on. A lease that is None stays so."""
    values = {"performer_id": person_id, "until": until}
    return sum(tx.run(_EXTEND, request_id=request_id, **values) for request_id in request_ids)


_EXTEND = (
    sa.update(workitems)
    .where(
        workitems.c.performer_id == given(workitems.c.performer_id),
        workitems.c.state == workitem.State.IN_PROGRESS.value,
        workitems.c.lease_until.is_not(None),
        # What was put aside waits for a bounded time; only taking it up again renews it.
        workitems.c.aside_at.is_(None),
        workitems.c.request_id == given(workitems.c.request_id),
    )
    .values(lease_until=sa.bindparam("until", type_=workitems.c.lease_until.type))
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
    """The studies attached to a request of which anything is shown, in the order received."""
    return tx.all(_STUDIES_OF, request_id=request_id)


_STUDIES_OF = (
    sa.select(studies, request_studies.c.role)
    .join(request_studies, request_studies.c.study_id == studies.c.id)
    .where(
        request_studies.c.request_id == given(request_studies.c.request_id),
        studies.c.instance_count > 0,
    )
    .order_by(studies.c.received_at)
)


def attach(tx: Tx, request_id: str, study_ids: Iterable[str]) -> int:
    """Attach studies; how many were new."""
    rows = [{"request_id": request_id, "study_id": s, "role": "current"} for s in study_ids]
    return tx.insert_missing(request_studies, rows)


def set_studies(tx: Tx, request_id: str, study_ids: list[str]) -> None:
    """Exactly these studies."""
    tx.run(_DETACH, request_id=request_id)
    attach(tx, request_id, study_ids)


_DETACH = sa.delete(request_studies).where(
    request_studies.c.request_id == given(request_studies.c.request_id)
)


def uploads_running(tx: Tx, request_id: str) -> bool:
    """Whether files of an upload for this request are still on their way."""
    return tx.one(_UPLOADS_RUNNING, request_id=request_id) is not None


def upload_of(request_id: sa.ColumnElement[str]) -> sa.Select[Any]:
    """The files still on their way of a request's uploads."""
    return (
        sa.select(upload_files.c.id)
        .join(uploads, uploads.c.id == upload_files.c.upload_id)
        .where(
            uploads.c.request_id == request_id,
            sa.or_(upload_files.c.verdict == "uploading", upload_files.c.verdict == "checking"),
        )
    )


_UPLOADS_RUNNING = upload_of(given(uploads.c.request_id)).limit(1)


# --- lists ------------------------------------------------------------------------------------


def _first_study(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return (
        sa.select(column)
        .join(request_studies, request_studies.c.study_id == studies.c.id)
        .where(request_studies.c.request_id == requests.c.id, studies.c.instance_count > 0)
        .order_by(studies.c.received_at)
        .limit(1)
        .correlate(requests)
        .scalar_subquery()
    )


def current_work(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether the latest attempt of a row of `requests` is so; `condition` is on `workitems`."""
    return (
        sa.exists()
        .where(
            workitems.c.request_id == requests.c.id,
            workitems.c.attempt == _last_attempt(workitems.c.request_id),
            condition,
        )
        .correlate(requests)
    )


def claimed_by(tx: Tx, person_id: str) -> list[str]:
    """The requests whose claim a person holds."""
    return [row["request_id"] for row in tx.all(_CLAIMED_BY, performer_id=person_id)]


_CLAIMED_BY = sa.select(workitems.c.request_id).where(
    workitems.c.performer_id == given(workitems.c.performer_id),
    workitems.c.state == workitem.State.IN_PROGRESS.value,
)


def held(tx: Tx, provider_id: str) -> list[Row]:
    """The claims in an institution: request_id, performer_id and aside_at."""
    return tx.all(_HELD, provider_id=provider_id)


_HELD = sa.select(workitems.c.request_id, workitems.c.performer_id, workitems.c.aside_at).where(
    workitems.c.provider_id == given(workitems.c.provider_id),
    workitems.c.state == workitem.State.IN_PROGRESS.value,
)


def holders(tx: Tx, provider_id: str) -> list[Row]:
    """The claims in an institution with their holders' names and leases."""
    return tx.all(_HOLDERS, provider_id=provider_id)


_HOLDERS = (
    sa.select(
        workitems.c.request_id,
        workitems.c.performer_id.label("person_id"),
        people.c.name,
        workitems.c.claimed_at.label("since"),
        workitems.c.lease_until,
        workitems.c.aside_at,
    )
    .join(people, people.c.id == workitems.c.performer_id)
    .where(
        workitems.c.provider_id == given(workitems.c.provider_id),
        workitems.c.state == workitem.State.IN_PROGRESS.value,
    )
    .order_by(workitems.c.claimed_at)
)


def unfinished(tx: Tx) -> list[Row]:
    """The report versions of the network that are yet to be issued: request_id, state, author_id.

    They are few. Narrowed to one institution, the database would walk everything it ever answered.
    """
    return tx.all(_UNFINISHED)


_UNFINISHED = once(
    sa.select(reports.c.request_id, report_versions.c.state, report_versions.c.author_id)
    .select_from(report_versions)
    .join(reports, reports.c.id == report_versions.c.report_id)
    .where(
        report_versions.c.state.in_(
            # Parameters of their own: a list in one would be spelled out at each execution.
            [sa.literal(s.value) for s in (report.State.DRAFT, report.State.PRELIMINARY)]
        )
    )
)


def _last_attempt(request_id: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.max(_attempts.c.attempt))
        .where(_attempts.c.request_id == request_id)
        .correlate(workitems, requests)
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


@cache
def _listing(on_sqlite: bool) -> sa.Select[Any]:
    """The cases of `ids` in a list."""
    return dressing().where(among(requests.c.id, "ids", on_sqlite))


def dressing() -> sa.Select[Any]:
    """Cases in a list: one row each, everything shown."""
    latest = _last_attempt(requests.c.id)
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
            workitems.c.aside_at,
            workitems.c.aside_place,
            people.c.name.label("performer_name"),
            workitems.c.scheduled_performer_id,
            workitems.c.scheduled_by,
            workitems.c.scheduled_performer_at,
            _scheduled.c.name.label("scheduled_performer_name"),
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
        .outerjoin(_scheduled, _scheduled.c.id == workitems.c.scheduled_performer_id)
    )


def listed(
    tx: Tx,
    where: sa.ColumnElement[bool],
    order: Iterable[sa.ColumnElement[Any]],
    limit: int = 100,
    offset: int = 0,
) -> list[Row]:
    """Cases as list rows. `where` and `order` are on `requests`; `where` holds the access rule.

    The page is chosen first and dressed afterwards: what is sorted are ids, and what a row shows
    is looked up for the rows of the page alone.
    """
    page = sa.select(requests.c.id).where(where).order_by(*order).limit(limit).offset(offset)
    return dressed(tx, [row["id"] for row in tx.all(page)])


def dressed(tx: Tx, ids: Sequence[str]) -> list[Row]:
    """Cases as list rows, in this order; who asks has seen that they may be shown."""
    if not ids:
        return []
    found = {row["id"]: row for row in tx.all(_listing(tx.sqlite), ids=list(ids))}
    return [found[each] for each in ids if each in found]


def count(tx: Tx, where: sa.ColumnElement[bool]) -> int:
    """How many cases a list has; the same rule."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(requests).where(where)))


def matches(text: str) -> sa.ColumnElement[bool]:
    """Cases by number, patient name (hanzi, pinyin, initials) or question."""
    return matching(sa.literal(pattern_of(text)))


def pattern_of(text: str) -> str:
    """What `matching` looks for, from words as they are typed."""
    return f"%{_escape(text.strip().lower())}%"


def matching(pattern: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """`matches` by a pattern, which may be a parameter."""
    return sa.or_(
        sa.func.lower(requests.c.number).like(pattern, escape="\\"),
        sa.exists()
        .where(
            patients.c.id == requests.c.patient_ref, patients.c.search.like(pattern, escape="\\")
        )
        .correlate(requests),
        requests.c.question.like(pattern, escape="\\"),
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# --- critical findings ------------------------------------------------------------------------


def critical_notices_of(tx: Tx, request_id: str) -> list[Row]:
    """The critical notices of a case with who raised, acknowledged and acted on them."""
    return tx.all(_NOTICES, request_id=request_id)


_acknowledging, _acting = accounts.alias(), accounts.alias()
_NOTICES = (
    sa.select(
        critical_notices,
        people.c.name.label("raised_by_name"),
        _acknowledging.c.display_name.label("acknowledged_by_name"),
        _acting.c.display_name.label("acted_by_name"),
    )
    .join(people, people.c.id == critical_notices.c.raised_by)
    .outerjoin(_acknowledging, _acknowledging.c.id == critical_notices.c.acknowledged_by)
    .outerjoin(_acting, _acting.c.id == critical_notices.c.acted_by)
    .where(critical_notices.c.request_id == given(critical_notices.c.request_id))
    .order_by(critical_notices.c.raised_at)
)
