"""Uploads by people: what was announced, what arrived, and what became of each file.

How many bytes of an unfinished file are here is the size of its spool file, never a column: after
a crash the file system is right and a counter would lie.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telemed.store.tables import upload_files, uploads
from telemed.store.tx import Row, Tx

UPLOADING = "uploading"


def get(tx: Tx, upload_id: str, institution_id: str) -> Row | None:
    """An upload of the institution."""
    mine = uploads.c.institution_id == institution_id
    return tx.one(sa.select(uploads).where(uploads.c.id == upload_id, mine))


def file(tx: Tx, upload_id: str, file_id: str, institution_id: str) -> Row | None:
    """A file of an upload of the institution, with the upload's request."""
    query = _with_upload().where(
        upload_files.c.id == file_id,
        upload_files.c.upload_id == upload_id,
        uploads.c.institution_id == institution_id,
    )
    return tx.one(query)


def files_of(tx: Tx, upload_id: str) -> list[Row]:
    """The files of an upload in the order announced."""
    query = sa.select(upload_files).where(upload_files.c.upload_id == upload_id)
    return tx.all(query.order_by(upload_files.c.created_at, upload_files.c.id))


def count_files(tx: Tx, upload_id: str) -> int:
    """How many files were announced, members of archives not counted."""
    query = sa.select(sa.func.count()).where(
        upload_files.c.upload_id == upload_id, upload_files.c.parent_id.is_(None)
    )
    return int(tx.scalar(query.select_from(upload_files)))


def unfinished(tx: Tx, before: datetime | None = None) -> list[Row]:
    """Files without a verdict, with their upload's institution, account and request."""
    query = _with_upload().where(upload_files.c.verdict == UPLOADING)
    if before is not None:
        query = query.where(upload_files.c.created_at < before)
    return tx.all(query.order_by(upload_files.c.created_at))


def _with_upload() -> sa.Select[tuple[object, ...]]:
    return sa.select(
        upload_files, uploads.c.institution_id, uploads.c.account_id, uploads.c.request_id
    ).join(uploads, uploads.c.id == upload_files.c.upload_id)


def known(tx: Tx, file_ids: Iterable[str]) -> dict[str, str]:
    """The verdicts of those files that have a row."""
    wanted = upload_files.c.id.in_(list(file_ids))
    rows = tx.all(sa.select(upload_files.c.id, upload_files.c.verdict).where(wanted))
    return {row["id"]: row["verdict"] for row in rows}


def judge(tx: Tx, file_id: str, verdict: str, code: str | None, study_id: str | None) -> None:
    """Write a file's verdict."""
    values = {"verdict": verdict, "code": code, "study_id": study_id}
    tx.update(upload_files, upload_files.c.id == file_id, values)


def forget_members(tx: Tx, file_id: str) -> None:
    """Remove the rows of an archive's members before it is opened (again)."""
    tx.execute(sa.delete(upload_files).where(upload_files.c.parent_id == file_id))


def forget(tx: Tx, file_id: str) -> None:
    """Remove a file that was given up by its sender."""
    tx.execute(sa.delete(upload_files).where(upload_files.c.id == file_id))
