"""The doctor's vocabulary: what a check finds, and the deployment it looks at.

A finding is a verdict, a sentence of fact and, where something is to be done, a sentence of what
to do, each in Chinese and English. A `Deployment` opens the database for reading only: it makes no
file, converts no mode and migrates nothing, so that looking at a patient cannot make it worse.
Which checks there are it refuses to know.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from telemed.core.catalogue import Words
from telemed.settings import Settings
from telemed.store.tx import Tx

T = TypeVar("T")
CONNECT_SECONDS = 5


class Verdict(IntEnum):
    """How bad a finding is; the worst decides the exit status."""

    OK = 0
    INFO = 1
    WARN = 2
    FAIL = 3

    @property
    def status(self) -> int:
        """The exit status for monitoring: 0 nothing to do, 1 look soon, 2 act now."""
        return max(0, self - 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, and what to do about it (None when nothing is to be done)."""

    verdict: Verdict
    fact: Words
    do: Words | None = None


def good(zh: str, en: str) -> Finding:
    """All is well, in a sentence."""
    return Finding(Verdict.OK, Words(zh, en))


def note(zh: str, en: str) -> Finding:
    """Worth knowing; nothing is wrong."""
    return Finding(Verdict.INFO, Words(zh, en))


def warn(zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    """Something will go wrong unless somebody looks."""
    return Finding(Verdict.WARN, Words(zh, en), Words(do_zh, do_en))


def fail(zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    """Something is wrong now."""
    return Finding(Verdict.FAIL, Words(zh, en), Words(do_zh, do_en))


class NotLooked(Exception):
    """A check cannot look because of what another check reports."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


@dataclass
class Deployment:
    """What is looked at: settings, and the database behind them, opened for reading only.

    `deep` asks for everything that takes as long as there is data; `grace` seconds are how young
    a file may be to belong to an upload that is still under way.
    """

    settings: Settings
    deep: bool = False
    grace: float = 24 * 3600.0
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @cached_property
    def url(self) -> sa.URL:
        """The address of the database."""
        return sa.make_url(self.settings.database)

    @property
    def sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.url.get_backend_name() == "sqlite"

    @cached_property
    def engine(self) -> sa.Engine:
        """Connections that cannot write; each is closed after use."""
        if self.sqlite:
            return sa.create_engine(
                "sqlite://", creator=self._open_file, poolclass=sa.NullPool, hide_parameters=True
            )
        wanted = {
            "connect_timeout": CONNECT_SECONDS,
            "options": "-c default_transaction_read_only=on",
        }
        return sa.create_engine(
            self.url, connect_args=wanted, poolclass=sa.NullPool, hide_parameters=True
        )

    def _open_file(self) -> sqlite3.Connection:
        file = Path(str(self.url.database))
        if not file.is_file():
            raise FileNotFoundError(file)
        # Without a WAL nobody has the database open, and nothing but `immutable` keeps SQLite
        # from making one (sqlite.org/uri.html#uriimmutable).
        resting = not file.with_name(file.name + "-wal").exists()
        mode = "immutable=1" if resting else "mode=ro"
        return sqlite3.connect(f"{file.resolve().as_uri()}?{mode}", uri=True, timeout=10)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A read transaction; raises what the driver raises."""
        with self.engine.connect() as connection, connection.begin():
            yield Tx(connection)

    def ask(self, question: Callable[[Tx], T]) -> T:
        """Ask the database; NotLooked when it is not there or has no schema."""
        if self._reached and self.revision is None:
            raise NotLooked("数据库为空，未检查", "not looked at: the database is empty")
        return self.ask_bare(question)

    def ask_bare(self, question: Callable[[Tx], T]) -> T:
        """Ask a database that may be empty; NotLooked when it is not there."""
        if not self._reached:
            raise NotLooked("数据库未应答，未检查", "not looked at: the database does not answer")
        with self.reading() as tx:
            return question(tx)

    @cached_property
    def revision(self) -> str | None:
        """The revision of the schema; None for an empty database; raises when unreachable."""
        with self.reading() as tx:
            if not sa.inspect(tx.connection).has_table("alembic_version"):
                return None
            found = tx.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)

    @cached_property
    def _reached(self) -> bool:
        """Whether it answers, asked once: nobody waits twice for what is away."""
        try:
            _ = self.revision
        except (sa.exc.SQLAlchemyError, OSError, sqlite3.Error):
            return False
        return True


def owner_of(path: Path) -> int:
    """The user id a file belongs to."""
    return path.stat().st_uid


def words_of_user(uid: int) -> str:
    """A user's name, or the number where there is none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def is_root() -> bool:
    """Whether this process may do everything, so that its own rights prove nothing."""
    return os.geteuid() == 0
