"""Now, as the database has it: one clock for all servers on it.

Leases, sessions and promises are compared with moments that another server wrote. So on PostgreSQL
a server does not believe its machine's wall clock: it asks the database for the time and counts on
from there by a clock that nobody sets. On SQLite all processes are on one machine, whose clock it
is. Knows nothing of what the time is used for.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemed.store.tx import Tx

DRIFT: Final = 200e-6
"""Seconds that a machine's counting may be off after one second, at most: twice what is usual."""
_NOW = sa.select(sa.func.clock_timestamp())


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's time at a moment of our own counting, and by how much it may be wrong."""

    at: float
    time: datetime
    error: float

    def time_at(self, counted: float) -> datetime:
        """What the database's clock says at a moment of our counting."""
        return self.time + timedelta(seconds=counted - self.at)

    def error_at(self, counted: float) -> float:
        """By how many seconds that may be wrong."""
        return self.error + DRIFT * (counted - self.at)


def better(old: Reading, new: Reading) -> Reading:
    """The reading to believe: the surer one, or the newer where they cannot both be right."""
    apart = abs((new.time - old.time_at(new.at)).total_seconds())
    error = old.error_at(new.at)
    return new if new.error <= error or apart > new.error + error else old


class DatabaseClock:
    """Gives the database's time without asking it each time. Safe in any thread."""

    def __init__(self, count: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._reading: Reading | None = None

    def __call__(self) -> datetime:
        """Now, aware, UTC; the machine's own time until the database was asked."""
        reading = self._reading
        return datetime.now(UTC) if reading is None else reading.time_at(self._count())

    def ask(self, tx: Tx) -> None:
        """Set the clock by the database; half the way there and back is how wrong it may be."""
        if tx.sqlite:
            return
        asked = self._count()
        told: Any = tx.scalar(_NOW)
        way = (self._count() - asked) / 2
        new = Reading(asked + way, told.astimezone(UTC), way)
        old = self._reading
        self._reading = new if old is None else better(old, new)
