"""Deadlines and head counts for connections: what aiohttp leaves to a proxy, held here too.

A header must be whole in time, a body must keep coming, an answer must keep going out, an idle
connection ends, and one address cannot hold all the places. It knows bytes, moments and addresses;
what is asked and who asks, it refuses to know.

The choice: aiohttp has no hook for this, so a connection is a `web.RequestHandler` whose asyncio
callbacks are overridden (they are asyncio's public interface, and a request names its connection
in `request.protocol`). A wrapper around the transport or the protocol would have to parse HTTP a
second time to know where a header ends; a middleware knows it already.
"""

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, cast

from aiohttp import web

from telemed.core.errors import Problem
from telemed.server.masks import NOT_MASKED, MaskWalk
from telemed.server.problems import problem_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FILES_KEPT: Final = 256
"""File handles that connections never use up: database, images, log, rendering."""
_GLANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes per second and counts of connections.

    A body has an allowance of `grace` seconds. Time uses it up, bytes refill it at `rate`: a line
    of 256 kbit/s (32 KB/s) refills three times faster than it uses, and may stall for `grace`.
    """

    header: float = 10.0
    idle: float = 60.0
    grace: float = 30.0
    rate: float = 10_000.0
    stalled_answer: float = 120.0
    """Without one byte of an answer taken; long, for kernels buffer megabytes for slow lines."""
    per_source: int = 128
    total: int = 4096
    look: float = 1.0
    """How often the connections are looked at."""

    def left(self, allowance: float, received: int, passed: float) -> float:
        """A body's allowance after `passed` seconds in which so many bytes came."""
        return min(self.grace, allowance + received / self.rate) - passed


class Phase(Enum):
    """Where a connection is."""

    IDLE = auto()
    HEADER = auto()
    REQUEST = auto()
    SOCKET = auto()
    """A WebSocket: it has a heartbeat of its own."""


class Connection(web.RequestHandler):
    """One connection of the server, watched by its porter."""

    __slots__ = ("admitted", "allowance", "buffered", "masks", "moved", "phase", "porter",
                 "received", "request", "since", "source")  # fmt: skip

    def __init__(self, porter: "Porter", server: web.Server, **settings: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        self.porter = porter
        self.admitted = False
        self.source = ""
        self.phase = Phase.IDLE
        self.request: web.BaseRequest | None = None
        self.masks = MaskWalk()
        self.since = self.moved = asyncio.get_running_loop().time()
        self.allowance = porter.limits.grace
        self.received = self.buffered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or say 503 and hang up."""
        # uvloop's transports are not registered as asyncio.Transport; they have its methods.
        peer = transport.get_extra_info("peername")
        self.source = str(peer[0]) if peer else ""
        self.admitted = self.porter.admit(self)
        if not self.admitted:
            cast(asyncio.Transport, transport).write(_FULL)
            transport.close()
            return
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came: perhaps the first of a header, perhaps more of a body."""
        if not self.admitted:
            return
        self.received += len(data)
        self.porter.received += len(data)
        if self.phase is Phase.IDLE and data:
            self.enter(Phase.HEADER)
        elif self.phase is Phase.SOCKET and not self.masks.all_masked(data):
            if self.transport is not None:
                self.transport.write(NOT_MASKED)
                self.transport.close()
            return
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        if self.admitted:
            self.porter.leave(self)
            super().connection_lost(exc)

    def enter(self, phase: Phase, request: web.BaseRequest | None = None) -> None:
        """Begin a phase now."""
        self.phase, self.request = phase, request
        self.since = asyncio.get_running_loop().time()
        self.allowance, self.received = self.porter.limits.grace, 0

    def overdue(self, now: float, passed: float) -> str | None:
        """Why the connection must end, or None; `passed` seconds since the last look."""
        transport, limits = self.transport, self.porter.limits
        if transport is None:
            return None
        buffered = transport.get_write_buffer_size()
        if buffered == 0 or buffered < self.buffered:
            self.moved = now
        self.buffered = buffered
        if buffered:  # an answer is on its way; whatever comes next waits behind it
            if self.phase is not Phase.REQUEST:
                self.since = now
            return "answer" if now - self.moved > limits.stalled_answer else None
        match self.phase:
            case Phase.IDLE:
                return "idle" if now - self.since > limits.idle else None
            case Phase.HEADER:
                return "header" if now - self.since > limits.header else None
            case Phase.REQUEST:
                return self._body_overdue(transport, passed)
        return None

    def _body_overdue(self, transport: asyncio.Transport, passed: float) -> str | None:
        received, self.received = self.received, 0
        if self.request is None or self.request.content.is_eof():
            return None
        # Where we do not read, the sender cannot send.
        spent = passed if transport.is_reading() else 0.0
        self.allowance = self.porter.limits.left(self.allowance, received, spent)
        return "body" if self.allowance < 0 else None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp says by itself (bytes that are not HTTP), without echoing what came in."""
        super().handle_error(request, status, exc, None)
        code = "invalid" if status == 400 else "unavailable"
        response = problem_response(Problem(code, detail="HTTP"))
        response.headers.update(_BARE)
        response.force_close()
        return response


class Porter:
    """Counts the connections at the door and ends those that overstay."""

    def __init__(self, limits: Limits, exempt: Collection[str] = ()) -> None:
        self.limits = limits
        self.ended: Counter[str] = Counter()
        """How many connections were ended or refused, by reason."""
        self.received = 0
        """Bytes that came in on all connections."""
        self._exempt = frozenset(exempt)
        self._connections: set[Connection] = set()
        self._sources: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._looked = 0.0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def attach(self, app: web.Application) -> None:
        """Learn from the application when a request begins, ends or becomes a socket."""
        app[PORTER] = self
        app.middlewares.insert(0, self._around)
        app.on_response_prepare.append(_becomes_socket)

    def admit(self, connection: Connection) -> bool:
        """Whether there is a place; a trusted proxy speaks for many and has no limit of its own."""
        source = connection.source
        crowded = self._sources[source] >= self.limits.per_source and source not in self._exempt
        if crowded or self.open >= self.limits.total:
            self.ended["source" if crowded else "total"] += 1
            return False
        self._connections.add(connection)
        self._sources[source] += 1
        return True

    def leave(self, connection: Connection) -> None:
        """A connection ended."""
        self._connections.discard(connection)
        self._sources[connection.source] -= 1
        if not self._sources[connection.source]:
            del self._sources[connection.source]

    def begin(self) -> None:
        """Look at the connections from now on."""
        loop = asyncio.get_running_loop()
        self._looked = loop.time()
        self._timer = loop.call_later(self.limits.look, self._look)

    async def finished(self, seconds: float) -> None:
        """Wait until no call is under way, at most so long.

        aiohttp's own shutdown is too early for this: from then on it drops what comes in, and the
        rest of an upload's body is not heard any more.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(c.phase is Phase.REQUEST for c in self._connections):
                    await asyncio.sleep(_GLANCE)

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        # When we were held up ourselves, nobody else is to blame for it.
        passed = min(now - self._looked, 2 * self.limits.look)
        held_up = now - self._looked - passed
        self._looked = now
        for connection in list(self._connections):
            connection.since = min(now, connection.since + held_up)
            connection.moved = min(now, connection.moved + held_up)
            why = connection.overdue(now, passed)
            if why is not None and connection.transport is not None:
                self.ended[why] += 1
                connection.transport.abort()
        self._timer = loop.call_later(self.limits.look, self._look)

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        connection.enter(Phase.REQUEST, request)
        try:
            return await handler(request)
        finally:
            connection.enter(Phase.IDLE)


PORTER: Final = web.AppKey("porter", Porter)


async def _becomes_socket(request: web.Request, response: web.StreamResponse) -> None:
    if isinstance(response, web.WebSocketResponse) and isinstance(request.protocol, Connection):
        request.protocol.enter(Phase.SOCKET)


async def listen(
    runner: web.AppRunner, porter: Porter, door: socket.socket | tuple[str, int], **settings: Any
) -> asyncio.Server:
    """Accept connections for a runner that is set up; `settings` go to each `RequestHandler`.

    The door is a listening socket, or the host and port to open one at.
    """
    server = runner.server
    if server is None:
        raise RuntimeError("set the runner up first")
    if isinstance(door, socket.socket):
        where: dict[str, Any] = {"sock": door}
    else:
        where = {"host": door[0], "port": door[1], "reuse_address": True}
    listener = await asyncio.get_running_loop().create_server(
        lambda: Connection(porter, server, **settings), backlog=512, **where
    )
    porter.begin()
    return listener


def room_for_files(wanted: int) -> int:
    """How many connections this process has file handles for; asks the kernel for enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + _FILES_KEPT
    if hard != resource.RLIM_INFINITY:
        enough = min(enough, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
        soft = enough
    return wanted if soft == resource.RLIM_INFINITY else max(16, min(wanted, soft - _FILES_KEPT))


# --- answers without a request ----------------------------------------------------------------

_BARE: Final = {
    "Server": "telemed",
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    + b"".join(f"{name}: {value}\r\n".encode() for name, value in _BARE.items())
    + b"Connection: close\r\n\r\n"
)
