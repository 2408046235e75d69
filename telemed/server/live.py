"""The live socket: what happened since you last looked, and what happens now.

A socket carries ids and codes, never a name or a text; the page fetches what it may see. This is
its protocol: who is let in, hello and welcome, what a page may say. What is sent, to whom and when
is `fanout`'s. The log is the queue: a socket holds only a sequence number, so who is slow, or comes
to another server, resumes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from types import EllipsisType
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from sqlalchemy.exc import SQLAlchemyError

from telemed.actions import worklist
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.server import auth, fanout
from telemed.server.conference_rooms import Rooms
from telemed.server.fanout import Fanout
from telemed.server.presence import Watch
from telemed.server.problems import problem_response, shape
from telemed.server.readers import SESSION_ENDED, Reader, Readers, frame
from telemed.server.routing import SERVICES
from telemed.server.services import Services
from telemed.store.engine import problem_of

log = logging.getLogger(__name__)

HEARTBEAT: Final = 15.0
"""Seconds between pings; who does not answer one in half of that is gone (WS-10)."""
MAX_MESSAGE: Final = 16 << 10
MESSAGES_PER_SECOND: Final = 50
MOST_HELD: Final = 20
MOST_NUMBER: Final = 1 << 62


class Live:
    """All open sockets of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.refused: Counter[str] = Counter()
        """How often each of the limits here refused."""
        self.readers = Readers()
        self.fanout = Fanout(services, self.readers)
        services.screens = self.fanout.told
        self.watch = Watch(services, self.readers, self.fanout.tell)
        self.rooms = Rooms(services)
        self.rooms.refused = self._refused
        self.fanout.happened = self.rooms.facts

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self.readers.all)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /live: same session and the exact Origin (WS-01), then hello, replay, follow."""
        auth.check_origin(request, self._services)
        rights = self.fanout.rights_seen
        signed = await auth.authenticate(request, self._services)
        credential = auth.credential(request, self._services.settings)
        if signed is None or credential is None:
            return await _refused(request)
        account, most = signed.subject.account_id, self._services.settings.sockets_per_account
        place = await self._services.counts.enter(account, most)
        if place is None:
            return self._one_too_many()
        try:
            if self._services.draining:  # a proxy then asks the next server
                return web.Response(status=503, headers={"Retry-After": "1"})
            if self.readers.count_of(account) >= most:
                return self._one_too_many()
            return await self._let_in(request, signed, credential, rights)
        finally:
            self._services.counts.leave(account, place)

    def _refused(self, what: str) -> None:
        self.refused[what] += 1

    def _one_too_many(self) -> web.Response:
        self.refused["sockets-of-account"] += 1
        return web.Response(status=429)

    async def _let_in(
        self,
        request: web.Request,
        signed: auth.Signed,
        credential: tuple[str, str],
        rights: int,
    ) -> web.StreamResponse:
        """Open a socket that there is a place for, until it ends."""
        if request.transport is None:  # hung up while the place was asked for
            return web.Response(status=400)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0
        )
        reader = Reader(socket, request.transport, credential, signed)
        reader.due = asyncio.get_running_loop().time() + fanout.RECHECK_SECONDS
        if not socket.can_prepare(request).ok:
            return problem_response(Problem("invalid", detail="WebSocket"))
        self.readers.add(reader)
        self.watch.noticed(signed.subject.account_id)
        try:
            await socket.prepare(request)
            if self.fanout.rights_seen != rights:  # looked up before, let in after
                await self.fanout.look_up([reader])
            await self._serve(reader)
        except (ConnectionError, TimeoutError):
            pass  # the page went away; it resumes from its sequence number
        except Exception as fault:
            await _failed(reader, fault)
        finally:
            self.readers.remove(reader)
            self.rooms.gone(reader)
            self.watch.noticed(signed.subject.account_id)
        return socket

    async def close_all(self) -> None:
        """The server stops: tell everybody to come back (1012)."""
        await self.readers.close_all()

    async def _serve(self, reader: Reader) -> None:
        body = _parse(await reader.socket.receive(timeout=HEARTBEAT)) or {}
        since = _since(body)
        if since is ...:
            await reader.close(WSCloseCode.POLICY_VIOLATION, b"hello first")
            return
        reader.wants_presence = body.get("presence") is True
        await self._welcome(reader, since)
        self.fanout.chase(reader)
        await self._listen(reader)

    async def _welcome(self, reader: Reader, since: int | None) -> None:
        """One of four answers; each tells the page what to do."""
        head = await self.fanout.fresh()
        if since is None:
            answer, reader.seq = "up-to-date", head
        elif since > head:
            answer, reader.seq = "ahead", head
        elif head - since > fanout.MAX_BEHIND:
            answer, reader.seq = "too-old", head
        else:
            answer, reader.seq = ("up-to-date" if since == head else "here-they-are"), since
        _say(reader, {"type": "welcome", "answer": answer, "seq": head})

    async def _listen(self, reader: Reader) -> None:
        """What the page says, until it goes."""
        window, count = 0.0, 0
        async for received in reader.socket:
            now = asyncio.get_running_loop().time()
            window, count = (now, 0) if now - window > 1 else (window, count + 1)
            body = _parse(received)
            if body is None or count > MESSAGES_PER_SECOND:
                why = b"unexpected" if body is None else b"too many"
                self.refused["messages-of-socket"] += body is not None
                await reader.close(WSCloseCode.POLICY_VIOLATION, why)
                return
            await self._hear(reader, body)

    async def _hear(self, reader: Reader, body: dict[str, Any]) -> None:
        """Do what a message asks; what we do not know is answered and the socket goes on."""
        held = body.get("requests")
        if body.get("type") == "ping":
            _say(reader, {"type": "pong"})
        elif body.get("type") == "conference":
            await self.rooms.hear(reader, body)
        elif body.get("type") != "presence":
            _say(reader, {"type": "error", **shape(Problem("invalid", detail="type"))})
        elif not isinstance(held, list) or not all(isinstance(one, str) for one in held):
            _say(reader, {"type": "error", **shape(Problem("invalid", detail="requests"))})
        else:
            await self._presence(reader, held[:MOST_HELD])

    async def _presence(self, reader: Reader, held: list[str]) -> None:
        """They show these cases: their claims on them stand, and others may know."""
        await self.watch.show(reader, held)
        if held and Permission.WRITE_REPORTS in reader.subject.permissions:
            # No ring: nobody's screen changes because somebody stayed.
            await self._services.store.write(
                lambda tx: worklist.keep(self._services.make_act(tx, reader.subject), held)
            )


def _say(reader: Reader, body: dict[str, Any]) -> None:
    """Write a message; who is too slow to take even this misses it."""
    if not reader.full:
        reader.write(frame(orjson.dumps(body, option=orjson.OPT_UTC_Z)))


async def _failed(reader: Reader, fault: Exception) -> None:
    """Close with a code: the handshake was answered, a JSON error would be a broken frame."""
    if isinstance(fault, SQLAlchemyError) and problem_of(fault) is not None:
        log.warning("the database is away: a live socket is closed, its page comes back")
        await reader.close(WSCloseCode.TRY_AGAIN_LATER, b"no database")
    else:
        log.error("a live socket failed", exc_info=fault)
        await reader.close(WSCloseCode.INTERNAL_ERROR, b"")


async def _refused(request: web.Request) -> web.StreamResponse:
    """Browsers cannot read a 401 of a handshake; a close code they can."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await socket.close(code=SESSION_ENDED, message=b"sign in")
    return socket


def _parse(received: WSMessage) -> dict[str, Any] | None:
    if received.type is not WSMsgType.TEXT:
        return None
    try:
        body = orjson.loads(received.data)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _since(body: dict[str, Any]) -> int | EllipsisType | None:
    """The number in the first message, None for none, ... when it is not a hello."""
    if body.get("type") != "hello":
        return ...
    since = body.get("since")
    if since is None:
        return None
    # A bool is an int to Python, and no number to anybody else.
    return since if type(since) is int and 0 <= since < MOST_NUMBER else ...


LIVE = web.AppKey("live", Live)


async def live(request: web.Request) -> web.StreamResponse:
    """The /live route."""
    return await request.app[LIVE].handle(request)


def begin(app: web.Application) -> None:
    """Attach the sockets to an app; they follow the log while it runs."""
    app[LIVE] = Live(app[SERVICES])
    app.cleanup_ctx.append(_follow)


async def _follow(app: web.Application) -> AsyncIterator[None]:
    work = (app[LIVE].fanout.run(), app[LIVE].watch.run(), app[LIVE].rooms.run())
    tasks = [asyncio.create_task(one) for one in work]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app[LIVE].rooms.close()
