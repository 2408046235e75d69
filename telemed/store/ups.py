"""Workitems as UPS clients know them: the attempts of requests, and an institution's own.

Rows in, rows out, compare-and-set on every change. Both kinds are named by a UID; an attempt whose
creator gave it none is named by its id, a UUID (PS3.5 B.2). Which of them a caller may see is a
condition that comes ready made. Knows no data set.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from telemed.store import requests as cases
from telemed.store.tables import (
    accounts,
    instances,
    institutions,
    patients,
    people,
    report_versions,
    request_studies,
    requests,
    series,
    studies,
    upload_files,
    uploads,
    workitems,
)
from telemed.store.tx import Row, Tx
from telemed.store.ups_tables import (
    ups_cancel_requests,
    ups_case_items,
    ups_item_keys,
    ups_items,
)

Where = sa.ColumnElement[bool]
_UUIDS: Final = "2.25."
_requester = institutions.alias("ups_requester")
_provider = institutions.alias("ups_provider")
_before = workitems.alias("ups_before")
_named_before = ups_case_items.alias("ups_named_before")


def uid_of(workitem_id: str) -> str:
    """The UID that an attempt has by its id."""
    return f"{_UUIDS}{UUID(workitem_id).int}"


def id_of(uid: str) -> str | None:
    """The id of an attempt whose UID is made of it, None for any other UID."""
    number = uid.removeprefix(_UUIDS)
    if number == uid or not number.isdecimal() or int(number) >= 1 << 128:
        return None
    return str(UUID(int=int(number)))


def named(uid: str) -> Where:
    """The attempts of that name; `cases` joins what it needs."""
    own = ups_case_items.c.uid == uid
    key = id_of(uid)
    if key is None:
        return own
    return sa.or_(own, sa.and_(workitems.c.id == key, ups_case_items.c.uid.is_(None)))


# --- attempts of requests -----------------------------------------------------------------------


def attempts(where: Where) -> sa.Select[Any]:
    """What a search chooses among: attempts with their request and patient."""
    return (
        sa.select(sa.literal("case").label("kind"), workitems.c.id, workitems.c.scheduled_at)
        .select_from(JOINED)
        .where(where)
    )


JOINED: Final = (
    workitems.join(requests, requests.c.id == workitems.c.request_id)
    .outerjoin(patients, patients.c.id == requests.c.patient_ref)
    .outerjoin(ups_case_items, ups_case_items.c.workitem_id == workitems.c.id)
)


def _has_images() -> Where:
    return (
        sa.exists()
        .where(
            request_studies.c.request_id == requests.c.id,
            studies.c.id == request_studies.c.study_id,
            studies.c.instance_count > 0,
        )
        .correlate(requests)
    )


def _on_their_way() -> Where:
    return (
        sa.exists()
        .where(
            uploads.c.request_id == requests.c.id,
            upload_files.c.upload_id == uploads.c.id,
            upload_files.c.verdict.in_(("uploading", "checking")),
        )
        .correlate(requests)
    )


HAS_IMAGES: Final = _has_images()
ON_THEIR_WAY: Final = _on_their_way()

_CASE_COLUMNS: Final = (
    workitems,
    requests.c.number,
    requests.c.service,
    requests.c.urgency,
    requests.c.state.label("request_state"),
    requests.c.requester_id,
    requests.c.submitted_at,
    requests.c.due_at,
    requests.c.content,
    requests.c.question,
    requests.c.modality,
    requests.c.step_reason,
    patients.c.id.label("patient_ref"),
    patients.c.patient_id,
    patients.c.name.label("patient_name"),
    patients.c.sex.label("patient_sex"),
    patients.c.birth_date.label("patient_birth_date"),
    _requester.c.name.label("requester_name"),
    _provider.c.name.label("provider_name"),
    people.c.name.label("performer_name"),
    accounts.c.display_name.label("asked_by"),
    ups_case_items.c.uid.label("given_uid"),
    ups_case_items.c.dataset.label("said"),
    HAS_IMAGES.label("has_images"),
    ON_THEIR_WAY.label("on_their_way"),
    _before.c.id.label("before_id"),
    _named_before.c.uid.label("before_uid"),
    cases.latest_version(report_versions.c.author_id).label("author_id"),
)


def cases_where(tx: Tx, where: Where) -> list[Row]:
    """Attempts with all that their data sets are made of."""
    return tx.all(
        sa.select(*_CASE_COLUMNS)
        .select_from(
            JOINED.join(_requester, _requester.c.id == requests.c.requester_id)
            .join(_provider, _provider.c.id == workitems.c.provider_id)
            .join(accounts, accounts.c.id == requests.c.created_by)
            .outerjoin(people, people.c.id == workitems.c.performer_id)
            .outerjoin(
                _before,
                sa.and_(
                    _before.c.request_id == workitems.c.request_id,
                    _before.c.attempt == workitems.c.attempt - 1,
                ),
            )
            .outerjoin(_named_before, _named_before.c.workitem_id == _before.c.id)
        )
        .where(where)
    )


def attempt_of(tx: Tx, request_id: str, attempt: int) -> str | None:
    """The id of a request's attempt by its number."""
    row = tx.find(workitems, request_id=request_id, attempt=attempt)
    return str(row["id"]) if row else None


def latest_attempt(tx: Tx, request_id: str) -> str | None:
    """The id of a request's latest attempt."""
    row = cases.current_workitem(tx, request_id)
    return str(row["id"]) if row else None


def series_of(tx: Tx, request_ids: Iterable[str]) -> list[Row]:
    """The series of the studies that requests show, with request_id, study_uid and accession."""
    return tx.all(
        sa.select(
            request_studies.c.request_id,
            studies.c.study_uid,
            studies.c.accession_number,
            studies.c.instance_count.label("of_study"),
            series.c.id.label("series_id"),
            series.c.series_uid,
            series.c.instance_count,
        )
        .join(studies, studies.c.id == request_studies.c.study_id)
        .join(series, series.c.study_id == studies.c.id)
        .where(request_studies.c.request_id.in_(list(request_ids)), studies.c.instance_count > 0)
        .order_by(studies.c.received_at, studies.c.id, series.c.number, series.c.series_uid)
    )


def instances_of(tx: Tx, series_id: str, limit: int) -> list[Row]:
    """SOP class and UID of a series' first instances."""
    chosen = sa.select(instances.c.sop_class, instances.c.sop_uid).where(
        instances.c.series_id == series_id
    )
    return tx.all(chosen.order_by(instances.c.number, instances.c.sop_uid).limit(limit))


def say(tx: Tx, workitem_id: str, institution_id: str, said: Row, now: datetime) -> None:
    """Keep what a client said of an attempt beyond what the platform knows."""
    values = {"dataset": dict(said), "updated_at": now}
    if not tx.change(ups_case_items, {"workitem_id": workitem_id}, values):
        key = {"workitem_id": workitem_id, "institution_id": institution_id}
        tx.insert(ups_case_items, {**key, **values, "uid": None})


def name(tx: Tx, workitem_id: str, institution_id: str, uid: str, said: Row, now: datetime) -> bool:
    """Give a new attempt the UID its creator chose; False when the institution uses it already."""
    key = {"workitem_id": workitem_id, "institution_id": institution_id, "uid": uid}
    row = {**key, "dataset": dict(said), "updated_at": now}
    return not is_used(tx, institution_id, uid) and tx.insert_missing(ups_case_items, [row]) == 1


def is_used(tx: Tx, institution_id: str, uid: str) -> bool:
    """Whether a workitem of the institution has this UID."""
    mine = {"institution_id": institution_id, "uid": uid}
    if tx.find(ups_items, **mine) or tx.find(ups_case_items, **mine):
        return True
    key = id_of(uid)
    return key is not None and tx.find(workitems, id=key) is not None


# --- an institution's own -----------------------------------------------------------------------


def own_items(where: Where) -> sa.Select[Any]:
    """What a search chooses among: an institution's own workitems."""
    return sa.select(sa.literal("own").label("kind"), ups_items.c.id, ups_items.c.starts_at).where(
        where
    )


def has_key(path: str, test: Where) -> Where:
    """Own workitems with a value at a path that passes a test on `ups_item_keys.value`."""
    return (
        sa.exists()
        .where(ups_item_keys.c.item_id == ups_items.c.id, ups_item_keys.c.path == path, test)
        .correlate(ups_items)
    )


def own(tx: Tx, institution_id: str, uid: str) -> Row | None:
    """An institution's own workitem by its UID."""
    return tx.find(ups_items, institution_id=institution_id, uid=uid)


def own_by_id(tx: Tx, item_id: str) -> Row | None:
    """An own workitem by its id."""
    return tx.find(ups_items, id=item_id)


def own_by_ids(tx: Tx, ids: Iterable[str]) -> list[Row]:
    """Own workitems by their ids."""
    return tx.all(sa.select(ups_items).where(ups_items.c.id.in_(list(ids))))


def add(tx: Tx, row: Row, keys: Iterable[tuple[str, str]]) -> bool:
    """A new own workitem; False when its UID is in use."""
    if is_used(tx, row["institution_id"], row["uid"]):
        return False
    if tx.insert_missing(ups_items, [row]) != 1:
        return False
    _set_keys(tx, row["id"], keys)
    return True


def change(
    tx: Tx, row: Row, values: dict[str, Any], keys: Iterable[tuple[str, str]] | None = None
) -> bool:
    """Write `values` if nobody changed the row since it was read; `keys` replace those it had."""
    was = {"id": row["id"], "version": row["version"]}
    if tx.change(ups_items, was, {**values, "version": row["version"] + 1}) != 1:
        return False
    if keys is not None:
        tx.execute(sa.delete(ups_item_keys).where(ups_item_keys.c.item_id == row["id"]))
        _set_keys(tx, row["id"], keys)
    return True


def _set_keys(tx: Tx, item_id: str, keys: Iterable[tuple[str, str]]) -> None:
    rows = [{"item_id": item_id, "path": path, "value": value} for path, value in set(keys)]
    tx.insert(ups_item_keys, rows)


def forget(tx: Tx, ids: Sequence[str]) -> None:
    """Delete own workitems and all that hangs on them."""
    for table, column in (
        (ups_item_keys, ups_item_keys.c.item_id),
        (ups_cancel_requests, ups_cancel_requests.c.item_id),
        (ups_items, ups_items.c.id),
    ):
        tx.execute(sa.delete(table).where(column.in_(ids)))


# --- both ---------------------------------------------------------------------------------------


def page(tx: Tx, parts: Sequence[sa.Select[Any]], limit: int, offset: int) -> list[Row]:
    """Which workitems of either kind stand on a page, the latest to begin first: kind and id."""
    union = sa.union_all(*parts).subquery("ups_found")
    starts = list(union.c)[2]
    query = sa.select(union.c.kind, union.c.id).order_by(starts.desc(), union.c.id.desc())
    return tx.all(query.limit(limit).offset(offset))


def ask_cancel(tx: Tx, row: Row) -> None:
    """Keep who wants a workitem canceled, and why."""
    tx.insert(ups_cancel_requests, row)


def cancel_asked(tx: Tx, key: str) -> Row | None:
    """A request for cancellation."""
    return tx.find(ups_cancel_requests, id=key)
