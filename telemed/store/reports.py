"""Reports: one row per request, a row per version, the signed bytes of each final version."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.report import State
from telemed.store.tables import people, report_versions, reports, requests, signed_reports
from telemed.store.tx import Row, Tx, given

_author = people.alias("author")
_verifier = people.alias("verifier")


_VERSIONS = (
    sa.select(
        report_versions,
        reports.c.request_id,
        _author.c.name.label("author_name"),
        _author.c.title.label("author_title"),
        _verifier.c.name.label("verifier_name"),
        _verifier.c.title.label("verifier_title"),
        signed_reports.c.sha256,
        signed_reports.c.verification_code,
    )
    .join(reports, reports.c.id == report_versions.c.report_id)
    .join(_author, _author.c.id == report_versions.c.author_id)
    .outerjoin(_verifier, _verifier.c.id == report_versions.c.verifier_id)
    .outerjoin(signed_reports, signed_reports.c.version_id == report_versions.c.id)
    .where(reports.c.request_id == given(reports.c.request_id))
    .order_by(report_versions.c.number)
)


def versions(tx: Tx, request_id: str) -> list[Row]:
    """All versions of a request's report, oldest first, discarded drafts too."""
    return tx.all(_VERSIONS, request_id=request_id)


def latest(tx: Tx, request_id: str) -> Row | None:
    """The newest version that was not discarded."""
    kept = [v for v in versions(tx, request_id) if v["state"] != State.DISCARDED]
    return kept[-1] if kept else None


def ensure(tx: Tx, report_id: str, request_id: str, now: datetime) -> str:
    """The report of a request, made on first need; its id."""
    tx.insert_missing(reports, [{"id": report_id, "request_id": request_id, "created_at": now}])
    return str(tx.scalar(_OF_REQUEST, request_id=request_id))


_OF_REQUEST = sa.select(reports.c.id).where(reports.c.request_id == given(reports.c.request_id))
_LAST_NUMBER = sa.select(sa.func.coalesce(sa.func.max(report_versions.c.number), 0)).where(
    report_versions.c.report_id == given(report_versions.c.report_id)
)


def add_version(tx: Tx, row: dict[str, Any]) -> None:
    """A new version at the next number."""
    last = tx.scalar(_LAST_NUMBER, report_id=row["report_id"])
    tx.insert(report_versions, {**row, "number": last + 1})


def change_version(
    tx: Tx, version_id: str, state: str, revision: int, values: dict[str, Any]
) -> bool:
    """Write if state and revision are still those read; False when somebody was first."""
    keys = {"id": version_id, "state": state, "revision": revision}
    return tx.change(report_versions, keys, {**values, "revision": revision + 1}) == 1


def discard_drafts(tx: Tx, request_id: str, now: datetime) -> int:
    """What was written but not issued is set aside, never deleted."""
    return tx.run(_DISCARD, request_id=request_id, updated_at=now)


_DISCARD = (
    sa.update(report_versions)
    .where(
        report_versions.c.report_id.in_(_OF_REQUEST),
        report_versions.c.state.in_(
            [sa.literal(s.value) for s in (State.DRAFT, State.PRELIMINARY)]
        ),
    )
    .values(state=sa.literal(State.DISCARDED.value), updated_at=given(report_versions.c.updated_at))
)


def set_aside_by(tx: Tx, request_id: str, author_id: str) -> Row | None:
    """The author's own last set-aside draft, to go on from."""
    rows = [
        v
        for v in versions(tx, request_id)
        if v["state"] == State.DISCARDED and v["author_id"] == author_id
    ]
    return rows[-1] if rows else None


def keep_signed(tx: Tx, row: dict[str, Any]) -> None:
    """The exact signed bytes of a final version."""
    tx.insert(signed_reports, row)


def signed(tx: Tx, version_id: str) -> Row | None:
    """The signed bytes of a version."""
    return tx.find(signed_reports, version_id=version_id)


def by_verification_code(tx: Tx, code: str) -> Row | None:
    """A signed version with its request, by the code printed on the paper."""
    return tx.one(
        sa.select(
            signed_reports,
            report_versions.c.number,
            report_versions.c.kind,
            report_versions.c.report_id,
            reports.c.request_id,
            requests.c.number.label("request_number"),
        )
        .join(report_versions, report_versions.c.id == signed_reports.c.version_id)
        .join(reports, reports.c.id == report_versions.c.report_id)
        .join(requests, requests.c.id == reports.c.request_id)
        .where(signed_reports.c.verification_code == code)
    )
