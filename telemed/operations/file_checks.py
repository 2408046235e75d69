"""Checks of the image files: every row finds its file, every file is of a row.

By default a sample: the newest rows, and as many from a random place of the hash order on each
side, which finds a lost directory at once and a lost file sooner or later. `deep` reads all of it,
hashes included. A file younger than the grace may belong to an upload still under way.
"""

import secrets
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from telemed.operations.checkup import Deployment, Finding, fail, good, warn
from telemed.operations.places import SAMPLE, Found, place_of
from telemed.store import uploads
from telemed.store.blobs import words_of_size
from telemed.store.removal_tables import removed_instances
from telemed.store.tables import conflicts, instances, metadata
from telemed.store.tx import Tx

CHUNK = 500
SPOOL_DAYS = 8
"""A day more than the server's own housekeeping lets a spool file lie."""


class Kept(NamedTuple):
    """A row's file: its key and its size in bytes."""

    key: str
    size: int


def blob_columns() -> list[sa.Column[Any]]:
    """Every column of the schema that names a blob."""
    return [
        column
        for table in metadata.tables.values()
        for column in table.c
        if column.name == "blob" or column.name.endswith("_blob")
    ]


# --- rows without a file ----------------------------------------------------------------------


def rows_have_files(at: Deployment) -> Finding:
    """Each row's file is there, as long as the row says, and with `deep` of its hash."""
    looked, missing, wrong = 0, [], []
    place = place_of(at.settings)
    for kept in _rows(at):
        looked += 1
        size = place.size(kept.key)
        if size is None:
            missing.append(kept.key)
        elif size != kept.size or (at.deep and place.digest(kept.key) != kept.key):
            wrong.append(kept.key)
    if missing or wrong:
        first = (missing or wrong)[0]
        return fail(
            f"看了 {looked} 条：缺 {len(missing)} 个文件，{len(wrong)} 个不符，如 {first[:16]}…",
            f"of {looked} rows {len(missing)} have no file and {len(wrong)} one of other content,"
            f" as {first[:16]}…",
            "不要清理；从备份恢复 blobs/ 中缺少的文件（文件名就是内容的 SHA-256）",
            "clean nothing up; bring the files back from the backup of blobs/ (a file's name is"
            " the SHA-256 of its content)",
        )
    how = ("全部核对哈希", "hashes included") if at.deep else ("抽样", "a sample")
    return good(f"{looked} 个影像文件都在（{how[0]}）", f"{looked} files are there ({how[1]})")


def _rows(at: Deployment) -> Iterator[Kept]:
    if not at.deep:
        yield from at.ask(_sampled)
        return
    for table in (instances, conflicts, removed_instances):
        after = ""
        while page := at.ask(partial(_page, table=table, after=after, limit=CHUNK)):
            yield from page
            after = page[-1].key


def _sampled(tx: Tx) -> list[Kept]:
    newest = sa.select(instances.c.blob, instances.c.size).order_by(instances.c.id.desc())
    rows = [Kept(row["blob"], row["size"]) for row in tx.all(newest.limit(SAMPLE))]
    here = secrets.token_hex(32)
    return rows + (_page(tx, instances, here, SAMPLE) or _page(tx, instances, "", SAMPLE))


def _page(tx: Tx, table: sa.Table, after: str, limit: int) -> list[Kept]:
    """Blobs of a table in the order of their keys, each once."""
    query = sa.select(table.c.blob, sa.func.max(table.c.size).label("size"))
    query = query.where(table.c.blob > after).group_by(table.c.blob).order_by(table.c.blob)
    return [Kept(row["blob"], row["size"]) for row in tx.all(query.limit(limit))]


# --- files without a row ----------------------------------------------------------------------


def files_have_rows(at: Deployment) -> Finding:
    """Each file that is old enough is named by a row."""
    looked, orphans, size = 0, [], 0
    for batch in _batches(place_of(at.settings).listed(at.deep), CHUNK):
        looked += len(batch)
        old = [found for found in batch if found.age > at.grace]
        for found in at.ask(partial(_unknown, files=old)):
            orphans.append(found.key)
            size += found.size
    how = ("全部", "all") if at.deep else ("抽样", "a sample")
    if orphans:
        return warn(
            f"看了 {looked} 个文件（{how[0]}）：{len(orphans)} 个（{words_of_size(size)}）"
            f"没有记录，如 {orphans[0][:16]}…",
            f"of {looked} files ({how[1]}) {len(orphans)} ({words_of_size(size)}) are of no row,"
            f" as {orphans[0][:16]}…",
            "只占空间；若刚从较旧的备份恢复了数据库，它们正是恢复点之后的影像，先留着",
            "they only take space; after a database was restored from an older backup they are"
            " the images that came since, so keep them",
        )
    return good(f"{looked} 个文件都有记录（{how[0]}）", f"{looked} files have rows ({how[1]})")


def _batches(files: Iterator[Found], size: int) -> Iterator[list[Found]]:
    while batch := list(islice(files, size)):
        yield batch


def _unknown(tx: Tx, files: list[Found]) -> list[Found]:
    keys = [found.key for found in files]
    known: set[str] = set()
    for column in blob_columns():
        known |= set(tx.connection.execute(sa.select(column).where(column.in_(keys))).scalars())
    return [found for found in files if found.key not in known]


def _age(path: Path) -> float:
    """Seconds since a file was last written; none for one that has just gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


# --- what uploads leave -----------------------------------------------------------------------


def spool(at: Deployment) -> Finding:
    """No partial file lies there for longer than the server's housekeeping allows."""
    folder = at.settings.data_dir / "spool"
    files = list(folder.iterdir()) if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    old = [path for path in files if _age(path) > SPOOL_DAYS * 86400]
    if old:
        return warn(
            f"上传缓存中有 {len(old)} 个文件超过 {SPOOL_DAYS} 天，服务器的每小时清理没有运行",
            f"{len(old)} partial uploads are older than {SPOOL_DAYS} days: the server's hourly"
            " housekeeping does not run",
            "服务器在运行吗？日志中查找 housekeeping",
            "does a server run? look for 'housekeeping' in its log",
        )
    waiting = at.ask(lambda tx: len(uploads.unfinished(tx)))
    return good(
        f"{waiting} 个文件在上传中，缓存 {len(files)} 个、{words_of_size(size)}",
        f"{waiting} files are being uploaded; {len(files)} in the spool, {words_of_size(size)}",
    )
