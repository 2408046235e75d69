"""One moment of a database as a file, and back: SQLite by its backup API, PostgreSQL by its tools.

A dump is taken while servers write. With it comes a transaction that sees exactly the same moment,
so that what is counted and listed is what the file holds. The two kinds differ here and in
`store.engine`, and nowhere else.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa

from telemed.operations.checkup import Deployment
from telemed.operations.manifest import BackupFault
from telemed.store.blobs import sync_directory, sync_file
from telemed.store.tx import Tx

NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
"""The file of a set by the kind of database."""


def kind_of(at: Deployment) -> str:
    """sqlite or postgresql."""
    return at.url.get_backend_name()


@contextmanager
def dumped(at: Deployment, folder: Path) -> Iterator[Tx]:
    """Write the dump into a folder, flushed; then a transaction of the same moment."""
    path = folder / NAMES[kind_of(at)]
    path.touch(mode=0o600)
    with _dumped_sqlite(at, path) if at.sqlite else _dumped_postgresql(at, path) as tx:
        sync_file(path)
        yield tx


def load(at: Deployment, folder: Path) -> None:
    """Bring a dump into a database that is empty or not there yet."""
    path = folder / NAMES[kind_of(at)]
    if at.sqlite:
        _load_sqlite(path, file_of(at))
    else:
        _run(at, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner",
             "--no-privileges", f"--dbname={_address(at)}", str(path))  # fmt: skip


def file_of(at: Deployment) -> Path:
    """Where the SQLite database is."""
    return Path(str(at.url.database))


# --- SQLite -----------------------------------------------------------------------------------


@contextmanager
def _dumped_sqlite(at: Deployment, path: Path) -> Iterator[Tx]:
    if not file_of(at).is_file():
        raise BackupFault(f"there is no database {file_of(at)}")
    try:
        with (
            closing(sqlite3.connect(path)) as copy,
            _at_rest_or_not(file_of(at)),
            at.engine.connect() as source,
        ):
            # All pages in one step: in several, each commit of the server would begin it anew.
            source.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it
            said = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as fault:
        raise BackupFault(f"the database cannot be copied: {fault}") from fault
    if said != "ok":
        raise BackupFault(f"the database is damaged: {said}")
    engine = sa.create_engine("sqlite://", creator=lambda: _open_copy(path))
    with engine.connect() as connection, connection.begin():
        yield Tx(connection)
    engine.dispose()


@contextmanager
def _at_rest_or_not(file: Path) -> Iterator[None]:
    """Keep a server from waking up a database at rest while it is read as an unchanging file.

    A database in use is read as one more reader and needs no lock.
    """
    lock = file.with_name(file.name + ".lock")
    resting = not file.with_name(file.name + "-wal").exists()
    with lock.open("rb") if resting and lock.exists() else nullcontext() as handle:
        if handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _open_copy(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)


def _load_sqlite(path: Path, file: Path) -> None:
    beside = file.with_name(file.name + ".restoring")
    shutil.copyfile(path, beside)
    beside.chmod(0o600)
    sync_file(beside)
    beside.replace(file)
    sync_directory(file.parent)


# --- PostgreSQL -------------------------------------------------------------------------------


@contextmanager
def _dumped_postgresql(at: Deployment, path: Path) -> Iterator[Tx]:
    engine = at.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        # It idles for as long as pg_dump works, and with it would go the snapshot.
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar()
        _run(at, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
             f"--snapshot={snapshot}", f"--file={path}", f"--dbname={_address(at)}")  # fmt: skip
        yield Tx(connection)


def _address(at: Deployment) -> str:
    """The address for libpq's programs, without the password: arguments can be seen by all."""
    url = at.url.set(drivername="postgresql")._replace(password=None)
    return url.render_as_string()


def _run(at: Deployment, program: str, *words: str) -> None:
    """Run one of PostgreSQL's client programs; BackupFault with what it said."""
    found = shutil.which(program)
    if found is None:
        raise BackupFault(
            f"{program} is not installed here; install PostgreSQL's client programs (Debian:"
            " postgresql-client) of the server's version or newer"
        )
    password = {"PGPASSWORD": str(at.url.password)} if at.url.password else {}
    done = _done([found, *words], {**os.environ, **password})
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise BackupFault(f"{program} failed: {said or f'exit status {done.returncode}'}")


def _done(command: Sequence[str], env: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
