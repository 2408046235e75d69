"""Every difference between SQLite and PostgreSQL, and nothing else.

`Store.write` and `Store.read` run a plain function over a `Tx` in a database thread. SQLite has
one writer connection in one thread, which flushes once for all acts that wait, WAL with
synchronous=FULL (a commit that was acknowledged survives a power cut), and an advisory file lock
around each write, because two processes that write or checkpoint a WAL at once can corrupt it
(sqlite.org/wal.html#walresetbug, fixed only in 3.51.3). PostgreSQL has a pool; sequence order
equals commit order by an advisory lock taken when the log is appended to.
"""

import asyncio
import fcntl
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from telemed.store.tx import Tx

T = TypeVar("T")
Watch = Callable[[str, float, float], None]
"""Told of each transaction: "read" or "write", seconds it waited for a thread, seconds it took."""


def _unwatched(kind: str, waited: float, took: float) -> None:
    """Nobody measures."""


_GROUP_SECONDS = 0.02
"""How long acts may go on joining the transaction of those before them."""


class Store:
    """The database: run functions over short transactions, never share one."""

    def __init__(self, url: str, readers: int = 4) -> None:
        self.url = sa.make_url(url)
        self.watch: Watch = _unwatched
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            self._writer = _sqlite_engine(self.url, read_only=False)
            self._reader = _sqlite_engine(self.url, read_only=True)
            self._lock_path = Path(str(self.url.database) + ".lock")
            self._write_threads = ThreadPoolExecutor(1, "store-writer")
            self._queue: deque[_Waiting] = deque()
        else:
            self._writer = sa.create_engine(
                self.url,
                pool_size=readers + 4,
                max_overflow=4,
                pool_pre_ping=True,
                hide_parameters=True,
                json_serializer=_as_json,
                json_deserializer=orjson.loads,
                isolation_level="READ COMMITTED",
                connect_args=_GIVE_UP,
            )
            sa.event.listen(self._writer, "connect", _set_up_session)
            # A question of several statements sees one moment, as it does on SQLite: whoever
            # reads "what is new" and "where is the end" must not lose what came in between.
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._write_threads = ThreadPoolExecutor(readers, "store-writer")
        self._read_threads = ThreadPoolExecutor(readers, "store-reader")
        self._kept = threading.local()
        self._all_kept: list[sa.Connection] = []

    async def write(self, act: Callable[[Tx], T]) -> T:
        """Run `act` in one durable transaction; all of it or nothing is kept."""
        return await asyncio.wrap_future(self.begin_write(act))

    def begin_write(self, act: Callable[[Tx], T]) -> "Future[T]":
        """`write` from any thread: what it will have returned, once it is durable."""
        if self.sqlite:
            waiting = _Waiting(act, Future(), time.perf_counter())
            self._queue.append(waiting)
            self._write_threads.submit(self._write_waiting)
            return waiting.done
        timed = partial(self._timed, "write", time.perf_counter(), self._write_soon, act)
        return self._write_threads.submit(timed)

    async def read(self, ask: Callable[[Tx], T]) -> T:
        """Run `ask` in a read transaction of one snapshot."""
        timed = partial(self._timed, "read", time.perf_counter(), self._read_kept, ask)
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, timed)

    async def glance(self, ask: Callable[[Tx], T]) -> T:
        """`read` for a few look-ups by key.

        SQLite finds a row by key in less time than it takes to wake a thread, and never waits for
        its writer, so it is asked at once. PostgreSQL is far away and is asked in a thread.
        """
        if self.sqlite:
            return self._timed("read", time.perf_counter(), self._glance_kept, ask)
        return await self.read(ask)

    def version(self) -> int | None:
        """A number that stays the same for this thread until somebody commits, in whatever process;
        None on PostgreSQL, which has none so cheap."""
        if not self.sqlite:
            return None
        driver: Any = self._keep(self._reader).connection.driver_connection
        return int(driver.execute("PRAGMA data_version").fetchone()[0])

    def _timed(
        self, kind: str, asked: float, run: Callable[[Callable[[Tx], T]], T], do: Callable[[Tx], T]
    ) -> T:
        began = time.perf_counter()
        try:
            return run(do)
        finally:
            self.watch(kind, began - asked, time.perf_counter() - began)

    def write_now(self, act: Callable[[Tx], T]) -> T:
        """`write` without a loop, for the command line and tests; it may take its time."""
        with self.writing(), self._writer.begin() as connection:
            self.be_patient(connection)
            return act(Tx(connection))

    def read_now(self, ask: Callable[[Tx], T]) -> T:
        """`read` without a loop; it may take its time."""
        with self._reader.connect() as connection, connection.begin():
            self.be_patient(connection)
            return ask(Tx(connection))

    def be_patient(self, connection: sa.Connection) -> None:
        """Let this transaction take as long as it does, where nobody waits for an answer."""
        if not self.sqlite:
            for name in _LIMITS:
                connection.exec_driver_sql(f"SET LOCAL {name} = 0")

    def _write_soon(self, act: Callable[[Tx], T]) -> T:
        with self.writing(), self._writer.begin() as connection:
            return act(Tx(connection))

    def _write_waiting(self) -> None:
        """Run the acts that wait and flush once for all of them; none is told before that.

        Whoever comes while others are being written goes with the next, so nobody waits longer for
        it. Each act is kept whole or not at all; if the flush fails, none is.
        """
        if not self._queue:
            return
        group: list[_Waiting] = []
        try:
            with self.writing(), self._keep(self._writer).begin() as transaction:
                until = time.perf_counter() + _GROUP_SECONDS
                while self._queue and (not group or time.perf_counter() < until):
                    waiting = self._queue.popleft()
                    if waiting.done.set_running_or_notify_cancel():
                        group.append(waiting)
                        waiting.run(transaction.connection)
        except BaseException as fault:
            # Nothing could begin: whoever waits is told now, there may be nobody to come after.
            group = group or self._all_waiting()
            for waiting in group:
                waiting.fail(fault)
        for waiting in group:
            waiting.tell()
            self.watch("write", waiting.began - waiting.asked, time.perf_counter() - waiting.began)

    def _all_waiting(self) -> list["_Waiting"]:
        taken = [self._queue.popleft() for _ in range(len(self._queue))]
        return [waiting for waiting in taken if waiting.done.set_running_or_notify_cancel()]

    def _read_kept(self, ask: Callable[[Tx], T]) -> T:
        if self.sqlite:
            return self._glance_kept(ask)
        with self._reader.connect() as far, far.begin():
            return ask(Tx(far))

    def _glance_kept(self, ask: Callable[[Tx], T]) -> T:
        """A read on SQLite whose transaction SQLAlchemy does not see: its own bookkeeping of one
        takes longer than a look-up does."""
        connection = self._keep(self._reader)
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")
        try:
            return ask(Tx(connection))
        finally:
            driver.rollback()
            if connection.in_transaction():  # a statement that was not prepared began one, too
                connection.rollback()

    def _keep(self, engine: sa.Engine) -> sa.Connection:
        """This thread's own connection: taking one from a pool costs more than a look-up."""
        name = "writer" if engine is self._writer else "reader"
        connection: sa.Connection | None = getattr(self._kept, name, None)
        if connection is None:
            connection = engine.connect()
            setattr(self._kept, name, connection)
            self._all_kept.append(connection)
        return connection

    def close(self) -> None:
        """Wait for what is running, then close all connections."""
        self._write_threads.shutdown()
        self._read_threads.shutdown()
        for connection in self._all_kept:
            connection.close()
        self._reader.dispose()
        with self.writing():  # the last close of a WAL database checkpoints it
            self._writer.dispose()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The turn to write: one process at a time on SQLite; PostgreSQL needs no turns."""
        if not self.sqlite:
            yield
            return
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def writer(self) -> sa.Engine:
        """The engine migrations run on."""
        return self._writer

    def check_durable(self) -> str | None:
        """Why an acknowledged commit could be lost on this database, or None."""
        with self._writer.connect() as connection:
            if self.sqlite:
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
                level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
                return None if (mode, level) == ("wal", 2) else f"{mode}, synchronous={level}"
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if connection.exec_driver_sql(f"SHOW {setting}").scalar() == "off":
                    return f"{setting}=off"
        return None


_LIMITS = {"idle_in_transaction_session_timeout": "5s", "statement_timeout": "30s"}
"""How long PostgreSQL lets a server keep others waiting. One that is paused in the midst of a write
holds the log's lock, and nobody in the network can write: after this its transaction is undone."""
_GIVE_UP = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""When a database that vanished without a goodbye is given up (libpq; seconds, the last in ms)."""


def _set_up_session(connection: Any, _record: Any) -> None:
    """The limits; and no compiling of queries: PostgreSQL guesses the cost of the access rule far
    too high, and took a second to compile what runs in three milliseconds."""
    for name, value in {"jit": "off", **_LIMITS}.items():
        connection.execute(f"SET {name} = '{value}'")
    connection.commit()


class _Waiting:
    """An act of SQLite's writer, from the asking to the answer."""

    def __init__(self, act: Callable[[Tx], Any], done: "Future[Any]", asked: float) -> None:
        self.done = done
        self.asked = self.began = asked
        self._act = act
        self._result: Any = None
        self._fault: BaseException | None = None

    def run(self, connection: sa.Connection) -> None:
        """Act, and undo what it did when it fails. What cannot be undone is raised."""
        self.began = time.perf_counter()
        driver: Any = connection.connection.driver_connection
        driver.execute("SAVEPOINT act")
        try:
            self._result = self._act(Tx(connection))
        except Exception as fault:
            self._fault = fault
            try:
                driver.execute("ROLLBACK TO act")
            except sqlite3.Error:  # SQLite has rolled back everything, as on a full disk
                raise fault from None
        driver.execute("RELEASE act")

    def fail(self, fault: BaseException) -> None:
        """The transaction failed, whatever the act did."""
        self._fault = self._fault or fault

    def tell(self) -> None:
        """Answer whoever waits."""
        if self._fault is not None:
            self.done.set_exception(self._fault)
        else:
            self.done.set_result(self._result)


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _as_json(value: object) -> str:
    return orjson.dumps(value).decode()


def problem_of(fault: sa.exc.SQLAlchemyError) -> str | None:
    """The error code of a database that is away or full; None where the fault is ours."""
    if isinstance(fault, sa.exc.TimeoutError):  # every connection of the pool is in use
        return "unavailable"
    found = getattr(fault, "orig", None)
    if isinstance(found, sqlite3.Error):
        return _SQLITE_PROBLEMS.get(getattr(found, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(found, "sqlstate", None)  # psycopg's, which a desk never loads
    if state is None and isinstance(fault, sa.exc.OperationalError):
        state = "08"  # no connection was made, or it broke
    return None if state is None else _POSTGRESQL_PROBLEMS.get(state, _CLASSES.get(state[:2]))


def is_unheld(fault: sa.exc.SQLAlchemyError) -> bool:
    """Whether the database refused a value that its column cannot hold: a number beyond its range,
    a character that it keeps in no text."""
    found = getattr(fault, "orig", None)
    if isinstance(found, OverflowError):
        return True
    state = getattr(found, "sqlstate", None)
    return isinstance(fault, sa.exc.DataError) and state in _UNHELD


_UNHELD = (None, "22003", "22P05", "22021")
"""Found by the driver; out of range; no such character in the database's text."""
_SQLITE_PROBLEMS = {
    sqlite3.SQLITE_FULL: "no-space",
    sqlite3.SQLITE_BUSY: "unavailable",
    sqlite3.SQLITE_CANTOPEN: "unavailable",
    sqlite3.SQLITE_IOERR: "unavailable",
}
_POSTGRESQL_PROBLEMS = {"53100": "no-space", "25P03": "unavailable"}
"""A full disk; a transaction that was undone because its server had fallen asleep over it."""
_CLASSES = dict.fromkeys(("08", "40", "53", "57", "58"), "unavailable")
"""Classes of postgresql.org/docs/current/errcodes-appendix.html: connection, rollback by the
server, want of resources, an operator's intervention, the system below."""


_KEPT_STATEMENTS = 512
"""Statements that a connection keeps parsed. Python's 128 are fewer than a server asks in turn, and
parsing a list's takes longer than running it."""


def _sqlite_engine(url: sa.URL, *, read_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={
            "check_same_thread": False,
            "timeout": 30,
            "isolation_level": None,
            "cached_statements": _KEPT_STATEMENTS,
        },
        poolclass=sa.pool.QueuePool,
        hide_parameters=True,  # an error in the log must not carry a patient's name
        json_serializer=_as_json,
        json_deserializer=orjson.loads,
        pool_size=16 if read_only else 2,
        max_overflow=0,
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Readers are several, and what they miss the system's own cache has.
        cursor.execute(f"PRAGMA cache_size={-4000 if read_only else -32000}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA wal_autocheckpoint=0")
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        # The built-in one knows no letters but ASCII's.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # Past SQLAlchemy, which spends longer on these words than SQLite on a look-up.
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # a glance has begun
            driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
