"""The open live sockets of this process, and the index by which a fact finds them.

A reader is one socket with the rights it was last seen to have. It is *at the front* when it has
been sent everything up to the window's end; only then does the index know it. Frames are built
once and written to many; what a socket has not taken yet is bounded.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from aiohttp import WSCloseCode, web

from telemed.bus.presence import Shown
from telemed.core.access import Subject
from telemed.server.auth import Signed
from telemed.server.hearing import place_of

CLOSE_SECONDS = 5.0
"""aiohttp's close waits for a full send buffer to drain, which a stalled reader never lets it."""
FULL: Final = 64 << 10
"""Bytes that wait to be taken, above which nothing more is written to a socket."""
SESSION_ENDED: Final = 4401
_TEXT: Final = 0x81


def frame(body: bytes) -> bytes:
    """A whole text frame of a server (RFC 6455 5.2: final, not masked)."""
    size = len(body)
    if size < 126:
        return bytes((_TEXT, size)) + body
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + body
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + body


@dataclass(slots=True, eq=False)
class Reader:
    """One open socket. `seq` is the last fact it was sent or may not hear."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    credential: tuple[str, str]
    signed: Signed
    """What the credential was last found to give."""
    account_id: str = field(init=False)
    place: str | None = field(init=False)
    """The institution whose facts it hears."""
    seq: int = 0
    due: float = 0.0
    """When, on the loop's clock, its rights are looked up although nothing happened to them."""
    at_front: bool = False
    gone: bool = False
    wants_presence: bool = False
    claimed_shown: frozenset[str] = frozenset()
    """The cases its page says it shows."""
    shown: Shown = field(default_factory=dict)
    """Those of them that it may see."""
    shown_until: float = 0.0

    def __post_init__(self) -> None:
        self.stand(self.signed)

    def stand(self, signed: Signed) -> None:
        """Take the rights that were found now."""
        self.signed, self.account_id = signed, signed.subject.account_id
        self.place = place_of(signed.subject)

    @property
    def subject(self) -> Subject:
        """Whose it is, with the rights it was last seen to have."""
        return self.signed.subject

    @property
    def full(self) -> bool:
        """Whether it is slow to take what it was sent."""
        return self.transport.get_write_buffer_size() > FULL

    def write(self, raw: bytes) -> None:
        """Write a frame without waiting."""
        if not self.transport.is_closing() and not self.socket.closed:
            self.transport.write(raw)

    async def close(self, code: int, why: bytes) -> None:
        """Say goodbye; whoever does not take that in time is cut off."""
        self.gone = True
        try:
            await asyncio.wait_for(self.socket.close(code=code, message=why), CLOSE_SECONDS)
        except (TimeoutError, ConnectionError):
            self.cut()

    def cut(self) -> None:
        """Drop the connection and what was queued on it: the log still has it."""
        self.transport.abort()


class Readers:
    """All readers by account, and those at the front by the institution that they hear."""

    def __init__(self) -> None:
        self.all: set[Reader] = set()
        self._by_account: dict[str, set[Reader]] = {}
        self._front: dict[str, set[Reader]] = {}
        self._goodbyes: set[asyncio.Task[None]] = set()
        self.dismissed: Counter[int] = Counter()
        """How many were shown out, by close code."""

    def count_of(self, account_id: str) -> int:
        """How many sockets an account has open."""
        return len(self._by_account.get(account_id, ()))

    def of(self, account_id: str) -> Iterable[Reader]:
        """The sockets of an account."""
        return self._by_account.get(account_id, ())

    def add(self, reader: Reader) -> None:
        """A socket was let in; it hears nothing yet."""
        self.all.add(reader)
        self._by_account.setdefault(reader.account_id, set()).add(reader)

    def remove(self, reader: Reader) -> None:
        """A socket ended."""
        self.leave_front(reader)
        self.all.discard(reader)
        _discard(self._by_account, reader.account_id, reader)

    def to_front(self, reader: Reader) -> None:
        """It has been sent everything: from now on it is in the index."""
        reader.at_front = True
        if reader.place is not None:
            self._front.setdefault(reader.place, set()).add(reader)

    def leave_front(self, reader: Reader) -> None:
        """It is behind, or ended."""
        reader.at_front = False
        if reader.place is not None:
            _discard(self._front, reader.place, reader)

    def front(self, place: str) -> tuple[Reader, ...]:
        """Who is at the front and hears an institution's facts, as of now."""
        return tuple(self._front.get(place, ()))

    def places(self) -> Iterator[str]:
        """The institutions that anybody hears."""
        return iter(tuple(self._front))

    def stands(self, reader: Reader, signed: Signed) -> None:
        """The rights that a reader was found to have now; the index follows them."""
        front = reader.at_front and reader.subject != signed.subject
        if front:
            self.leave_front(reader)
        reader.stand(signed)
        if front:
            self.to_front(reader)

    def dismiss(self, reader: Reader, code: int, why: bytes) -> None:
        """It hears nothing more from this moment, and is told so without anybody waiting for it."""
        self.leave_front(reader)
        if reader.gone:
            return
        reader.gone = True
        self.dismissed[code] += 1
        task = asyncio.get_running_loop().create_task(reader.close(code, why))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    async def close_all(self) -> None:
        """The server stops: tell everybody to come back (1012)."""
        leaving = [r.close(WSCloseCode.SERVICE_RESTART, b"restart") for r in self.all]
        await asyncio.gather(*leaving, *self._goodbyes, return_exceptions=True)


def _discard(index: dict[str, set[Reader]], key: str, reader: Reader) -> None:
    kept = index.get(key)
    if kept is not None:
        kept.discard(reader)
        if not kept:
            del index[key]
