"""Bringing a backup back into an empty place, and proving that what came back is what was kept.

Every byte is compared with the manifest before anything is written and after all of it is. Then
the restored server is asked what only a whole one can answer: the audit chain from its first row
to the manifest's head, every request's state folded again from the log, the tally folded again,
every signature. A place that holds anything is left alone; until the end a mark in the data
directory keeps servers from starting on half a restore.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from telemed.assemble import RESTORING, open_blobs
from telemed.followers.tallies import rebuild
from telemed.operations.backup import Progress, count_rows, key_id_of, silent, verify
from telemed.operations.checkup import Deployment
from telemed.operations.dumps import file_of, kind_of, load
from telemed.operations.histories import unlike_their_history
from telemed.operations.manifest import KEY, BackupFault, Manifest, Shelf, listed
from telemed.settings import Settings
from telemed.store import audit, log
from telemed.store.blobs import Blobs, make_directory, sync_directory, sync_file
from telemed.store.engine import Store
from telemed.store.migrate import TooNew, known_revisions, migrate
from telemed.store.signer import SoftwareSigner
from telemed.store.tables import signed_reports
from telemed.store.tx import Tx

_NO_LIMIT = 1 << 62
_OURS = ("blobs", "spool", "s3-cache", KEY, RESTORING)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what the proofs found wrong with it (nothing, of a sound server)."""

    folder: Path
    manifest: Manifest
    revision: str
    wrong: tuple[str, ...]


def restore(
    src: Path,
    settings: Settings,
    *,
    name: str | None = None,
    key: Path | None = None,
    progress: Progress = silent,
) -> Restored:
    """Restore the set `name` of a place of backups, the newest without a name.

    `key` is the signing key when the backup was made without it. BackupFault when the backup is
    damaged, the place is not empty or of the other kind; nothing was written then.
    """
    folder = Shelf(src).find(name)
    manifest = Manifest.read(folder)
    at = Deployment(settings)
    _require_fit(manifest, at)
    signing_key = _fitting_key(folder, manifest, key)
    _require_empty(at)
    _require_sound(folder, progress)
    mark = settings.data_dir / RESTORING
    make_directory(settings.data_dir)
    mark.write_text(f"{folder}\n")
    sync_file(mark)
    blobs = open_blobs(settings)
    _put_blobs(src, folder, blobs, manifest, progress)
    load(at, folder)
    if signing_key is not None:
        _place_key(signing_key, settings.data_dir / KEY)
    _require_same(folder, manifest, at, blobs, progress)
    revision, wrong = _prove(settings, manifest)
    mark.unlink()
    sync_directory(settings.data_dir)
    return Restored(folder, manifest, revision, wrong)


# --- before anything is written ---------------------------------------------------------------


def _require_fit(manifest: Manifest, at: Deployment) -> None:
    if manifest.database != kind_of(at):
        raise BackupFault(
            f"the backup is of a {manifest.database} database, database_url names a {kind_of(at)}"
        )
    if manifest.revision not in known_revisions():
        raise TooNew(manifest.revision)


def _fitting_key(folder: Path, manifest: Manifest, key: Path | None) -> Path | None:
    """The file of the key that signed this server's reports; None when there was none."""
    if manifest.key_id is None:
        return None
    found = key or folder / KEY
    if not found.is_file():
        raise BackupFault(
            "the backup was made without the signing key, and no report is valid without it:"
            " name its file with --key"
        )
    if key is not None and key_id_of(found) != manifest.key_id:
        raise BackupFault(f"{found} is not the key {manifest.key_id} that signed these reports")
    return found


def _require_empty(at: Deployment) -> None:
    data = at.settings.data_dir
    taken = [data / name for name in _OURS if _holds_something(data / name)]
    if at.sqlite:
        file = file_of(at)
        taken += [f for f in (file, file.with_name(file.name + "-wal")) if f.exists()]
    else:
        with at.reading() as tx:
            tables = sa.inspect(tx.connection).get_table_names()
        if tables:
            raise BackupFault(f"the database is not empty: it has {len(tables)} tables")
    if taken:
        raise BackupFault(f"a restore needs an empty place, and there is {taken[0]}")


def _holds_something(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _require_sound(folder: Path, progress: Progress) -> None:
    wrong = list(verify(folder, progress))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BackupFault(f"the backup {folder.name} is damaged: {wrong[0]}{more}")


# --- writing ----------------------------------------------------------------------------------


def _put_blobs(
    src: Path, folder: Path, blobs: Blobs, manifest: Manifest, progress: Progress
) -> None:
    kept = Shelf(src).blobs()
    for key, _ in progress(listed(folder), "images", manifest.blobs):
        with blobs.writer(_NO_LIMIT) as writer:  # a copy: a link would share the backup's bytes
            for piece in kept.read(key):
                writer.write(piece)
            writer.seal()
            if writer.key != key:
                raise BackupFault(f"the image {key} changed while it was restored")
            blobs.put_file(writer.path, key)


def _place_key(source: Path, path: Path) -> None:
    path.touch(mode=0o600)
    shutil.copyfile(source, path)
    sync_file(path)
    sync_directory(path.parent)


# --- afterwards -------------------------------------------------------------------------------


def _require_same(
    folder: Path, manifest: Manifest, at: Deployment, blobs: Blobs, progress: Progress
) -> None:
    """BackupFault unless rows, heads and every byte of every image are the manifest's."""
    store = Store(at.settings.database)
    try:
        found = store.read_now(lambda tx: _heads(tx, manifest))
    finally:
        store.close()
    expected = (dict(manifest.rows), manifest.log_head, manifest.audit_head)
    if found != expected or key_id_of(at.settings.data_dir / KEY) != manifest.key_id:
        raise BackupFault("what was restored is not what the manifest says; keep nothing of it")
    for key, _ in progress(listed(folder), "checking", manifest.blobs):
        digest = hashlib.sha256()
        for piece in blobs.read(key):
            digest.update(piece)
        if digest.hexdigest() != key:
            raise BackupFault(f"the image {key} did not come back whole")


def _heads(tx: Tx, manifest: Manifest) -> tuple[dict[str, int], int, str]:
    return count_rows(tx, manifest.rows), log.head(tx), str(audit.head(tx))


def _prove(settings: Settings, manifest: Manifest) -> tuple[str, tuple[str, ...]]:
    """The schema's revision after migration, and what is wrong, in sentences."""
    store = Store(settings.database)
    try:
        broken = store.read_now(lambda tx: audit.verify_chain(tx, [head_of(manifest.audit_head)]))
        revision = migrate(store)
        if not store.sqlite:  # a restored PostgreSQL knows nothing yet of its tables' sizes
            store.write_now(lambda tx: tx.execute(sa.text("ANALYZE")))
        return revision, tuple(_wrong(settings, store, broken))
    finally:
        store.close()


def head_of(text: str) -> audit.Head:
    """An audit head as it is written down: number, colon, hash."""
    seq, _, chain = text.partition(":")
    return audit.Head(int(seq), chain)


def _wrong(settings: Settings, store: Store, broken: int | None) -> Iterator[str]:
    if broken is not None:
        yield f"the audit chain is broken at row {broken}"
    for number in store.read_now(unlike_their_history):
        yield f"the request {number} is not in the state that the log says"
    done = rebuild(store)
    if not done.same:
        yield "the tally was not what the log adds up to; it has been counted anew"
    if (settings.data_dir / KEY).exists():
        signer = SoftwareSigner.load(settings.data_dir / KEY)
        for code in store.read_now(lambda tx: list(_unsigned(tx, signer))):
            yield f"the signature of the report {code} does not verify"


def _unsigned(tx: Tx, signer: SoftwareSigner) -> Iterator[str]:
    for row in tx.execute(sa.select(signed_reports).execution_options(yield_per=200)).mappings():
        sound = hashlib.sha256(row["signed_bytes"]).hexdigest() == row["sha256"]
        if not (sound and signer.verify(row["signed_bytes"], row["signature"], row["key_id"])):
            yield str(row["verification_code"])
