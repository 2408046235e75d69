"""From the log to the sockets: one look for all readers of this process, one frame for many.

At each ring the facts after the window's end are read once, encoded once, and written to the
readers that the index names. In the same snapshot it is seen whose rights were changed since, by
the audit rows that such a change cannot do without; those readers are looked up again before
anything is written. So nobody hears a fact that was committed after their right to hear it ended.

The window holds the latest facts. Who is behind it reads the log for itself; who does not take what
was written is left behind, then cut, and holds up nobody.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import orjson
import sqlalchemy as sa
from aiohttp import WSCloseCode
from sqlalchemy.exc import SQLAlchemyError

from telemed.bus import POLL_SECONDS
from telemed.core.activity import Activity
from telemed.server import auth
from telemed.server.hearing import hearing, hears, message, only_for
from telemed.server.readers import SESSION_ENDED, Reader, Readers, frame
from telemed.server.services import Services
from telemed.store import audit
from telemed.store import log as store_log
from telemed.store.audit import Event
from telemed.store.tables import activities
from telemed.store.tx import Row, Tx

log = logging.getLogger(__name__)

MAX_BEHIND = 2000
"""Further behind than this, a reload is cheaper than a replay. The window is as long."""
BATCH: Final = 100
LOOK: Final = 500
SEND_SECONDS = 10.0
"""A reader that does not take what it was sent for so long is cut and resumes."""
RECHECK_SECONDS: Final = 60.0
"""How long a right that was taken away behind the audit's back may still be used."""
RECHECK_AT_ONCE: Final = 500
DEAF_SECONDS = 4.0
"""Without the database for so long, sockets are closed: they would look live and hear nothing."""
ANSWER_SECONDS: Final = 0.03
"""How long an answer waits for the screens at most."""
TURN: Final = 128
"""Sockets written to between two looks at what else this process has to do."""
_DRAIN_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact in the window with its message, encoded once."""

    activity: Activity
    raw: bytes
    alone: str | None

    @classmethod
    def of(cls, activity: Activity) -> "Entry":
        """Encode a fact."""
        raw = orjson.dumps(message(activity), option=orjson.OPT_UTC_Z)
        return cls(activity, raw, only_for(activity))


def batch(entries: Iterable[Entry]) -> bytes:
    """The frame that brings some facts."""
    items = b",".join(entry.raw for entry in entries)
    return frame(b'{"type":"activities","items":[' + items + b"]}")


@dataclass(frozen=True, slots=True)
class _Look:
    facts: list[Activity]
    rights: list[Row]
    audited: int


class Fanout:
    """The window, and the task that moves it on."""

    def __init__(self, services: Services, readers: Readers) -> None:
        self._services = services
        self._readers = readers
        self.pushed: Callable[[float], None] = lambda seconds: None
        """Told for each fact how long after it was written the last reader had been written to."""
        self.happened: Callable[[Sequence[Activity]], None] = lambda facts: None
        """Told all new facts, after those who hear them."""
        self._window: deque[Entry] = deque(maxlen=MAX_BEHIND)
        self.head = -1
        """The last fact of the window; -1 before the first look."""
        self.rights_seen = 0
        """Counts looks at which somebody's rights had changed."""
        self._audited = 0
        self._turn = asyncio.Lock()
        self._begun = self._done = 0
        self._well = self._swept = 0.0
        self._chases: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []

    # --- the look ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at each ring and once a second until canceled."""
        loop, bell = asyncio.get_running_loop(), self._services.bell
        self._well = loop.time()
        while True:
            upcoming = bell.upcoming()
            try:
                while await self._look():
                    pass
                self._well = loop.time()
            except Exception as fault:
                if not isinstance(fault, SQLAlchemyError):
                    log.exception("the look at the log for the live sockets stumbled")
                elif self._well:
                    log.warning("live: the database does not answer: %s", type(fault).__name__)
                self._if_deaf(loop.time())
            await bell.wait(upcoming, POLL_SECONDS)

    def _if_deaf(self, now: float) -> None:
        if now - self._well > DEAF_SECONDS:
            for reader in tuple(self._readers.all):
                self._readers.dismiss(reader, WSCloseCode.TRY_AGAIN_LATER, b"no database")

    async def fresh(self) -> int:
        """Look once more, together with whoever else asks just now; the last fact there is."""
        asked = self._begun
        while self._done <= asked:
            if not await self._look(asked):
                break
        return self.head

    async def told(self) -> None:
        """Wait until the next look has been written out, or not much longer.

        Whoever acted has the answer made up in a thread, which would take the interpreter's lock
        from the writing to the sockets.
        """
        if self._readers.all:
            done = asyncio.get_running_loop().create_future()
            self._waiting.append(done)
            await asyncio.wait((done,), timeout=ANSWER_SECONDS)

    async def _look(self, asked: int | None = None) -> bool:
        """One look, in turn; whether there may be more. Not needed if one began after `asked`."""
        async with self._turn:
            if asked is not None and self._done > asked:
                return False
            self._begun += 1
            number = self._begun
            store = self._services.store
            # A glance: at the sockets of one machine a thread's waking would be most of the wait.
            seen = await (store.read if self.head < 0 else store.glance)(self._ask)
            await self._judge(seen)
            await self._take(seen.facts)
            if len(seen.facts) < LOOK:
                self._done = number
                self._release()
                return False
            return True

    def _release(self) -> None:
        for done in self._waiting:
            if not done.done():
                done.set_result(None)
        self._waiting.clear()

    def _ask(self, tx: Tx) -> _Look:
        if self.head < 0:
            head = store_log.head(tx)
            facts = store_log.since(tx, max(0, head - MAX_BEHIND), MAX_BEHIND)
            return _Look(facts, [], audit.last(tx))
        audited = audit.last(tx)
        changed = audit.rights_after(tx, self._audited) if audited > self._audited else []
        return _Look(store_log.following(tx, self.head, LOOK), changed, audited)

    # --- rights -----------------------------------------------------------------------------

    async def _judge(self, seen: _Look) -> None:
        """Look up again whose rights may have changed, and those whose time has come."""
        if seen.rights:
            self.rights_seen += 1
            await self.look_up(self._touched(seen.rights))
        self._audited = seen.audited
        now, wall = asyncio.get_running_loop().time(), self._services.clock()
        if now - self._swept < POLL_SECONDS:
            return
        self._swept = now
        due = (
            r
            for r in self._readers.all
            if r.due <= now or (r.signed.until is not None and r.signed.until <= wall)
        )
        await self.look_up(list(islice(due, RECHECK_AT_ONCE)))

    def _touched(self, rights: Sequence[Row]) -> list[Reader]:
        """The readers whom these audit rows may be about."""
        if any(row["event"] == Event.CONFIGURATION for row in rights):
            return list(self._readers.all)
        ids = {row["object_id"] for row in rights} | {row["account_id"] for row in rights}
        tokens = any(row["object_kind"] == "token" for row in rights)
        sessions = any(row["object_kind"] == "session" for row in rights)
        touched = {r for one in ids if one for r in self._readers.of(one)}
        if tokens or sessions:
            touched |= {
                r
                for r in self._readers.all
                if r.signed.session_id in ids or (tokens and r.signed.session_id is None)
            }
        return list(touched)

    async def look_up(self, readers: Sequence[Reader]) -> None:
        """Give these readers the rights that they have now; who has none is shown out."""
        later = asyncio.get_running_loop().time() + RECHECK_SECONDS
        for first in range(0, len(readers), RECHECK_AT_ONCE):
            some = readers[first : first + RECHECK_AT_ONCE]
            found = await auth.standing(self._services, [r.credential for r in some])
            for reader, signed in zip(some, found, strict=True):
                reader.due = later
                if signed is None or signed.subject.account_id != reader.account_id:
                    self._readers.dismiss(reader, SESSION_ENDED, b"session ended")
                else:
                    self._readers.stands(reader, signed)

    # --- delivery ---------------------------------------------------------------------------

    async def _take(self, facts: Sequence[Activity]) -> None:
        """Put new facts into the window and write them to who is at the front."""
        if self.head < 0:
            self.head = facts[-1].seq if facts else 0
            self._window.extend(map(Entry.of, facts))
            return
        for first in range(0, len(facts), BATCH):
            before, entries = self.head, [Entry.of(a) for a in facts[first : first + BATCH]]
            self._window.extend(entries)
            self.head = entries[-1].activity.seq
            await self._deliver(before, entries)
            self.happened(facts[first : first + BATCH])
            now = self._services.clock()
            for entry in entries:
                self.pushed(max(0.0, (now - entry.activity.at).total_seconds()))

    async def _deliver(self, before: int, entries: Sequence[Entry]) -> None:
        """Write each institution's facts to its readers. A reader hears one institution."""
        heard: dict[str, list[Entry]] = {}
        for entry in entries:
            for place in set(entry.activity.parties):
                heard.setdefault(place, []).append(entry)
        last, written = entries[-1].activity.seq, 0
        for place, facts in heard.items():
            common = [entry for entry in facts if entry.alone is None]
            raw = batch(common) if common else b""
            writers = {entry.alone for entry in facts} - {None}
            for reader in self._readers.front(place):
                if not reader.at_front or reader.seq >= last or reader.place != place:
                    continue  # it went, or caught up by itself, while others were written to
                own = raw
                if reader.account_id in writers:
                    own = batch([e for e in facts if e.alone in (None, reader.account_id)])
                if own:
                    self._write(reader, own, before, last)
                    written += 1
                    if written % TURN == 0:
                        await asyncio.sleep(0)

    def _write(self, reader: Reader, raw: bytes, before: int, last: int) -> None:
        if reader.full:
            reader.seq = max(reader.seq, before)
            self._readers.leave_front(reader)
            self.chase(reader)
            return
        reader.write(raw)
        reader.seq = last

    def tell(self, place: str, body: bytes) -> None:
        """Write presence to those of an institution who asked for it; who is slow misses it."""
        raw = frame(body)
        for reader in self._readers.front(place):
            if reader.wants_presence and not reader.full:
                reader.write(raw)

    # --- catching up ------------------------------------------------------------------------

    def chase(self, reader: Reader) -> None:
        """Begin to bring a reader to the front."""
        task = asyncio.get_running_loop().create_task(self._chase(reader))
        self._chases.add(task)
        task.add_done_callback(self._chases.discard)

    async def _chase(self, reader: Reader) -> None:
        try:
            await self._catch_up(reader)
        except TimeoutError:
            log.info("a slow reader is cut; it resumes from %d", reader.seq)
            self._readers.dismiss(reader, WSCloseCode.TRY_AGAIN_LATER, b"slow")
        except SQLAlchemyError as fault:
            log.warning("live: the database does not answer: %s", type(fault).__name__)
            self._readers.dismiss(reader, WSCloseCode.TRY_AGAIN_LATER, b"no database")
        except Exception:
            log.exception("a live socket failed")
            self._readers.dismiss(reader, WSCloseCode.INTERNAL_ERROR, b"")

    async def _catch_up(self, reader: Reader) -> None:
        """Write what a reader missed until it has all. TimeoutError when it does not take it.

        The window has what it missed unless it is far behind; then it reads the log, up to the
        window's end and no further, for what comes after that is not judged yet.
        """
        while not reader.gone and not reader.socket.closed:
            await _taken(reader)
            if reader.seq >= self.head:
                self._readers.to_front(reader)
                return
            if self._window and self._window[0].activity.seq <= reader.seq + 1:
                missed = self._missed(reader.seq)
                heard = [e for e in missed if hears(reader.subject, e.activity)]
                reached = missed[-1].activity.seq
            else:
                heard, reached = await self._read_for(reader)
            if heard:
                reader.write(batch(heard))
            reader.seq = reached

    def _missed(self, seq: int) -> list[Entry]:
        """The next of the window after a number."""
        # The log has no gaps, so a number is a place in the window.
        first = seq + 1 - self._window[0].activity.seq
        return list(islice(self._window, first, first + BATCH))

    async def _read_for(self, reader: Reader) -> tuple[list[Entry], int]:
        """What a reader far behind hears next, and how far it has come with it."""
        head = self.head
        condition = sa.and_(hearing(reader.subject), activities.c.seq <= head)
        found = await self._services.store.read(
            lambda tx: store_log.since(tx, reader.seq, BATCH, condition)
        )
        reached = found[-1].seq if len(found) == BATCH else head
        return list(map(Entry.of, found)), reached


async def _taken(reader: Reader) -> None:
    """Wait until a reader has taken most of what it was sent; TimeoutError when it does not."""
    async with asyncio.timeout(SEND_SECONDS):
        while reader.full and not reader.transport.is_closing():
            await asyncio.sleep(_DRAIN_SECONDS)
