"""A backup while servers run: the database at one moment, then every image it names, then the key.

The order is what makes it whole. An image is durable before the row that names it commits, is
never changed and never removed, so whatever a copy of the database names can still be copied
afterwards. Images that an earlier backup to the same place holds are not copied again. Nothing of
the server's own is changed.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

import telemed
from telemed.assemble import open_blobs
from telemed.operations.checkup import Deployment
from telemed.operations.dumps import NAMES, dumped, kind_of
from telemed.operations.file_checks import blob_columns
from telemed.operations.manifest import (
    KEY,
    LISTING,
    BackupFault,
    Manifest,
    Part,
    Shelf,
    listed,
    part_of,
    remove,
)
from telemed.settings import Settings
from telemed.store import audit, log
from telemed.store.blobs import Blobs, FileBlobs, hash_file, sync_file
from telemed.store.signer import SoftwareSigner
from telemed.store.tables import metadata
from telemed.store.tx import Tx

T = TypeVar("T")
AT_ONCE = 8
BATCH = 256
_WANTED = ".wanted"
_NO_LIMIT = 1 << 62


class Progress(Protocol):
    """Follows an iteration for somebody who waits: what it is about, and how long it is."""

    def __call__(self, steps: Iterable[T], words: str, total: int) -> Iterable[T]: ...


def silent(steps: Iterable[T], words: str, total: int) -> Iterable[T]:
    """Nobody waits."""
    return steps


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup: where it is, what it says, and how many images were new here."""

    folder: Path
    manifest: Manifest
    copied: int


def make(
    settings: Settings,
    dest: Path,
    clock: Callable[[], datetime],
    *,
    with_key: bool = True,
    keep: int | None = None,
    progress: Progress = silent,
) -> Made:
    """Back a server up into a directory; BackupFault when that cannot be done.

    `keep` is how many sets stay in the end, all without it. Images the server has lost do not
    stop the backup of the rest: `manifest.lost` names them.
    """
    at = Deployment(settings)
    _require_elsewhere(settings, dest)
    key_id = key_id_of(settings.data_dir / KEY)
    shelf = Shelf(dest)
    shelf.open(key_id)
    with shelf.locked():
        began = clock()
        name = began.strftime("%Y-%m-%dT%H-%M-%SZ")
        if (dest / "sets" / name).exists():
            raise BackupFault(f"there is a backup {name} already")
        with shelf.new_set(name) as folder:
            with dumped(at, folder) as tx:
                facts, wanted = _facts(tx), _list_wanted(tx, folder / _WANTED)
            copied = _copy_blobs(settings, shelf.blobs(), folder, wanted, progress)
            if with_key and key_id is not None:
                _copy_key(settings.data_dir / KEY, folder / KEY)
            manifest = Manifest(
                made_by=f"telemed {telemed.__version__}",
                began_at=began.isoformat(),
                ended_at=clock().isoformat(),
                database=kind_of(at),
                **facts,
                blobs=copied.count,
                blob_bytes=copied.bytes,
                lost=copied.lost,
                key_id=key_id,
                files=_parts(folder, kind_of(at)),
            )
            manifest.write(folder)
        for old in shelf.sets[: -keep or None] if keep else ():
            remove(old)
    return Made(dest / "sets" / name, manifest, copied.new)


def _require_elsewhere(settings: Settings, dest: Path) -> None:
    if dest.resolve().is_relative_to(settings.data_dir.resolve()):
        raise BackupFault(f"{dest} is in the data directory: what takes one would take both")


def key_id_of(path: Path) -> str | None:
    """The id of the signing key in a file, None without one."""
    return SoftwareSigner.load(path).key_id if path.exists() else None


def _copy_key(source: Path, path: Path) -> None:
    path.touch(mode=0o600)
    shutil.copyfile(source, path)
    sync_file(path)


def _parts(folder: Path, kind: str) -> dict[str, Part]:
    names = (NAMES[kind], LISTING, KEY)
    return {name: part_of(folder / name) for name in names if (folder / name).exists()}


# --- the database ------------------------------------------------------------------------------


def _facts(tx: Tx) -> dict[str, Any]:
    """What the manifest says of the database."""
    tables = set(sa.inspect(tx.connection).get_table_names())
    if "alembic_version" not in tables:
        raise BackupFault("the database is empty: no telemed server has used it")
    return {
        "revision": str(tx.scalar(sa.text("SELECT version_num FROM alembic_version"))),
        "log_head": log.head(tx),
        "audit_head": str(audit.head(tx)),
        "bookmarks": log.all_bookmarks(tx),
        "rows": count_rows(tx, sorted(tables & set(metadata.tables))),
    }


def count_rows(tx: Tx, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each table has."""
    return {
        name: int(tx.scalar(sa.select(sa.func.count()).select_from(sa.table(name))))
        for name in tables
    }


def _list_wanted(tx: Tx, path: Path) -> int:
    """Write the hash of every image that the database names, in order; how many."""
    named = (sa.select(c.label("blob")).where(c.is_not(None)) for c in blob_columns())
    query = sa.union(*named).order_by("blob").execution_options(yield_per=1000)
    count = 0
    with path.open("w", encoding="ascii") as file:
        for row in tx.rows(query):
            file.write(f"{row[0]}\n")
            count += 1
    return count


# --- images ------------------------------------------------------------------------------------


@dataclass
class _Copied:
    """How copying went."""

    count: int
    bytes: int
    new: int
    lost: dict[str, str]


def _copy_blobs(
    settings: Settings, into: FileBlobs, folder: Path, wanted: int, progress: Progress
) -> _Copied:
    """Copy what is not here yet and list what is; several at once, for a bucket is far away."""
    source = open_blobs(settings)
    result = _Copied(0, 0, 0, {})
    with (
        (folder / _WANTED).open(encoding="ascii") as lines,
        (folder / LISTING).open("w", encoding="ascii") as listing,
        ThreadPoolExecutor(AT_ONCE, "backup") as threads,
    ):
        keys = progress((line.rstrip("\n") for line in lines), "images", wanted)
        for batch in _batches(keys):
            fates = threads.map(lambda key: _copy_blob(source, into, key), batch)
            for key, fate in zip(batch, fates, strict=True):
                _note(result, into, listing.write, key, fate)
    (folder / _WANTED).unlink()
    (folder / LISTING).chmod(0o600)
    sync_file(folder / LISTING)
    return result


def _copy_blob(source: Blobs, into: FileBlobs, key: str) -> str:
    """new, here, missing or damaged."""
    if into.exists(key):
        return "here"
    with into.writer(_NO_LIMIT) as writer:
        try:
            for piece in source.read(key):
                writer.write(piece)
        except FileNotFoundError:
            return "missing"
        writer.seal()
        if writer.key != key:
            return "damaged"
        into.put_file(writer.path, key)
    return "new"


def _note(
    result: _Copied, into: FileBlobs, write: Callable[[str], object], key: str, fate: str
) -> None:
    if fate in ("missing", "damaged"):
        result.lost[key] = fate
        return
    size = into.path(key).stat().st_size
    write(f"{key} {size}\n")
    result.count += 1
    result.bytes += size
    result.new += fate == "new"


def _batches(steps: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(steps)
    while batch := list(islice(rest, BATCH)):
        yield batch


# --- looking at a backup ----------------------------------------------------------------------


def verify(folder: Path, progress: Progress = silent) -> Iterator[str]:
    """Read every byte of a set and its images; each thing that is wrong, in a sentence."""
    manifest = Manifest.read(folder)
    for name, part in manifest.files.items():
        with suppress(FileNotFoundError):
            if part_of(folder / name) == part:
                continue
        yield f"{name} is not the file that was written"
    if NAMES[manifest.database] not in manifest.files or LISTING not in manifest.files:
        yield "the manifest names no database or no images"
        return
    yield from _verify_blobs(folder, manifest, progress)


def _verify_blobs(folder: Path, manifest: Manifest, progress: Progress) -> Iterator[str]:
    blobs, count = folder.parent.parent / "blobs", 0
    try:
        for key, size in progress(listed(folder), "verifying", manifest.blobs):
            count += 1
            path = blobs / key[:2] / key[2:4] / key
            if not path.is_file():
                yield f"the image {key} is missing"
            elif path.stat().st_size != size or hash_file(path) != key:
                yield f"the image {key} is damaged"
    except (OSError, ValueError) as fault:
        yield f"{LISTING} cannot be read: {fault}"
    if count != manifest.blobs:
        yield f"{LISTING} names {count} images, the manifest {manifest.blobs}"
