"""One look at the log at each ring, for all notification channels of this process.

The latest facts that may make an event report are kept; a channel takes from them what it hears and
asks the database only when there is something to tell. Who is behind the kept facts reads the log
for itself. Knows no socket and no report.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from telemed.bus import POLL_SECONDS
from telemed.core import ups
from telemed.core.access import Subject
from telemed.core.activity import Activity
from telemed.server.hearing import hears
from telemed.server.services import Services
from telemed.store import log as store_log

log = logging.getLogger(__name__)
LOOK: Final = 500
KEPT: Final = 2000
"""Facts kept; a channel further behind reads the log."""
APART_SECONDS: Final = 0.05
"""How far apart two looks are at least: a burst is one look, not many."""
_WATCHED: Final = frozenset(kind.value for kind in ups.WATCHED)


class Listener(Protocol):
    """An open channel."""

    subject: Subject
    woken: asyncio.Event


class Lookout:
    """Looks while any channel is open."""

    def __init__(self, services: Services, listeners: Callable[[], Iterable[Listener]]) -> None:
        self._services = services
        self._listeners = listeners
        self._kept: deque[Activity] = deque(maxlen=KEPT)
        self.head = -1
        """The last fact that was looked at; -1 before the first look."""
        self._floor = 0
        self._task: asyncio.Task[None] | None = None

    def keep_watch(self) -> None:
        """A channel was opened."""
        if self._task is None or self._task.done():
            self.head = -1
            self._task = asyncio.create_task(self._run())

    def heard(self, subject: Subject, seq: int) -> tuple[list[Activity], int] | None:
        """What a subject hears of the facts after a number, and the number they reach; None when
        that is further back than what is kept."""
        if self.head < 0 or seq < self._floor:
            return None
        found = [a for a in self._kept if a.seq > seq and hears(subject, a)]
        return found, max(seq, self.head)

    async def _run(self) -> None:
        loop, bell = asyncio.get_running_loop(), self._services.bell
        while any(True for _ in self._listeners()):
            upcoming, looked = bell.upcoming(), loop.time()
            try:
                while await self._look():
                    pass
            except SQLAlchemyError as fault:
                log.warning("ups: the database does not answer: %s", type(fault).__name__)
            except Exception:
                log.exception("the look at the log for the notification channels stumbled")
            await bell.wait(upcoming, POLL_SECONDS)
            await asyncio.sleep(max(0.0, looked + APART_SECONDS - loop.time()))

    async def _look(self) -> bool:
        """Whether there may be more."""
        read = self._services.store.read
        if self.head < 0:
            self.head = self._floor = await read(store_log.head)
            self._kept.clear()
            for listener in self._listeners():
                listener.woken.set()  # what came before is for each to read
            return False
        facts = await read(lambda tx: store_log.following(tx, self.head, LOOK))
        new = [fact for fact in facts if fact.kind in _WATCHED]
        self._keep(new)
        self.head = facts[-1].seq if facts else self.head
        for listener in self._listeners():
            if any(hears(listener.subject, fact) for fact in new):
                listener.woken.set()
        return len(facts) == LOOK

    def _keep(self, new: Iterable[Activity]) -> None:
        for fact in new:
            if len(self._kept) == KEPT:
                self._floor = self._kept[0].seq
            self._kept.append(fact)
