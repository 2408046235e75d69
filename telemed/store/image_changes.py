"""Reports whose images changed after they were signed, until somebody has looked."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telemed.core.report import State
from telemed.store.removal_tables import image_changes
from telemed.store.tables import (
    accounts,
    report_versions,
    reports,
    request_studies,
    requests,
    studies,
)
from telemed.store.tx import Row, Tx, given

_SIGNED = (State.PRELIMINARY.value, State.FINAL.value)


def used(tx: Tx, study_id: str) -> bool:
    """Whether any case shows the study."""
    return tx.one(_USED, study_id=study_id) is not None


_USED = (
    sa.select(request_studies.c.request_id)
    .where(request_studies.c.study_id == given(request_studies.c.study_id))
    .limit(1)
)


def signed_on(tx: Tx, study_ids: Iterable[str]) -> list[Row]:
    """The cases of these studies that have a signed report: the request's columns, `study_id`,
    and `author_id` of the version signed last."""
    newer = report_versions.alias("newer")
    last = (
        sa.select(sa.func.max(newer.c.number))
        .where(newer.c.report_id == report_versions.c.report_id, newer.c.state.in_(_SIGNED))
        .correlate(report_versions)
        .scalar_subquery()
    )
    query = (
        sa.select(
            requests,
            request_studies.c.study_id,
            report_versions.c.author_id,
        )
        .join(request_studies, request_studies.c.request_id == requests.c.id)
        .join(reports, reports.c.request_id == requests.c.id)
        .join(report_versions, report_versions.c.report_id == reports.c.id)
        .where(
            request_studies.c.study_id.in_(list(study_ids)),
            report_versions.c.state.in_(_SIGNED),
            report_versions.c.number == last,
        )
        .order_by(requests.c.id, request_studies.c.study_id)
    )
    return tx.all(query)


def add(tx: Tx, row: Row) -> bool:
    """Note a change; False when the same kind of change to the study waits already, which then
    counts the new instances too."""
    waiting = sa.and_(
        image_changes.c.request_id == row["request_id"],
        image_changes.c.study_id == row["study_id"],
        image_changes.c.what == row["what"],
        image_changes.c.checked_at.is_(None),
    )
    more = {"instances": image_changes.c.instances + row["instances"]}
    if tx.update(image_changes, waiting, more):
        return False
    tx.insert(image_changes, row)
    return True


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """All changes under a case's report, oldest first, with the study and who looked."""
    return tx.all(_OF_REQUEST, request_id=request_id)


_OF_REQUEST = (
    sa.select(
        image_changes,
        studies.c.description,
        studies.c.modalities,
        accounts.c.display_name.label("checked_by_name"),
    )
    .join(studies, studies.c.id == image_changes.c.study_id)
    .outerjoin(accounts, accounts.c.id == image_changes.c.checked_by)
    .where(image_changes.c.request_id == given(image_changes.c.request_id))
    .order_by(image_changes.c.at, image_changes.c.id)
)


def check(tx: Tx, request_id: str, outcome: str, note: str, who: str, now: datetime) -> int:
    """Close what waits in a case; how many there were."""
    waiting = sa.and_(
        image_changes.c.request_id == request_id, image_changes.c.checked_at.is_(None)
    )
    values = {"checked_at": now, "checked_by": who, "outcome": outcome, "note": note}
    return tx.update(image_changes, waiting, values)


def waiting_for(tx: Tx, author_id: str | None) -> list[str]:
    """The requests whose changed images wait for an author."""
    if author_id is None:
        return []
    return [row["request_id"] for row in tx.all(_WAITING_FOR, author_id=author_id)]


_WAITING_FOR = (
    sa.select(image_changes.c.request_id)
    .where(
        image_changes.c.author_id == given(image_changes.c.author_id),
        image_changes.c.checked_at.is_(None),
    )
    .distinct()
)
