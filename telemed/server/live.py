"""The live socket: what happened since you last looked, and what happens now.

A socket carries ids and codes, never a name or a text; the page fetches what it may see. Which
facts a socket hears is decided at delivery from the subject's rights of that moment. The log is
the queue: a socket holds only a sequence number, so a slow reader costs nothing and resumes.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from sqlalchemy.exc import SQLAlchemyError

from telemed.actions import worklist
from telemed.core.access import Permission, Subject
from telemed.core.activity import Activity
from telemed.server import auth
from telemed.server.routing import SERVICES
from telemed.server.services import Services
from telemed.store import log as store_log
from telemed.store.engine import problem_of
from telemed.store.tables import activities

log = logging.getLogger(__name__)

MAX_BEHIND = 2000
"""Further behind than this, a reload is cheaper than a replay."""
BATCH = 200
SEND_SECONDS = 10.0
"""A reader that does not take a message for so long is cut and resumes."""
CLOSE_SECONDS = 5.0
"""aiohttp's close waits for a full send buffer to drain, which a stalled reader never lets it."""
HEARTBEAT = 15.0
MAX_MESSAGE = 16 << 10
MESSAGES_PER_SECOND = 50
RECHECK_SECONDS = 5.0
"""How long a revoked session may still hear anything when the bell is silent."""

_CARRIED = (
    "service",
    "urgency",
    "requester",
    "provider",
    "number",
    "person",
    "previous",
    "reason",
    "finding",
    "adoption",
)


@dataclass(slots=True, eq=False)
class Reader:
    """One open socket."""

    socket: web.WebSocketResponse
    subject: Subject
    seq: int
    transport: asyncio.Transport | None = None

    async def close(self, code: int, why: bytes) -> None:
        """Say goodbye; whoever does not take that in time is cut off."""
        try:
            await asyncio.wait_for(self.socket.close(code=code, message=why), CLOSE_SECONDS)
        except TimeoutError:
            self.cut()

    def cut(self) -> None:
        """Drop the connection and what was queued on it: the log still has it."""
        if self.transport is not None:
            self.transport.abort()


class Live:
    """All open sockets of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._readers: set[Reader] = set()
        self._per_account: dict[str, int] = {}

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._readers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /live: same session and the exact Origin (WS-01), then hello, replay, follow."""
        auth.check_origin(request, self._services)
        signed = await auth.authenticate(request, self._services)
        if signed is None:
            return await _refused(request)
        if self._services.draining:  # a proxy then asks the next server
            return web.Response(status=503, headers={"Retry-After": "1"})
        account = signed.subject.account_id
        if self._per_account.get(account, 0) >= self._services.settings.sockets_per_account:
            return web.Response(status=429)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0
        )
        await socket.prepare(request)
        reader = Reader(socket, signed.subject, 0, request.transport)
        self._per_account[account] = self._per_account.get(account, 0) + 1
        try:
            await self._serve(request, reader)
        except (ConnectionError, TimeoutError):
            pass  # the page went away; it resumes from its sequence number
        except Exception as fault:
            # The handshake was answered: a JSON error now would be a broken frame.
            if isinstance(fault, SQLAlchemyError) and problem_of(fault) is not None:
                log.warning("the database is away: a live socket is closed, its page comes back")
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            else:
                log.exception("a live socket failed")
                await socket.close(code=WSCloseCode.INTERNAL_ERROR)
        finally:
            self._readers.discard(reader)
            self._per_account[account] -= 1
            if not self._per_account[account]:
                del self._per_account[account]
        return socket

    async def close_all(self) -> None:
        """The server stops: tell everybody to come back (1012)."""
        leaving = [r.close(WSCloseCode.SERVICE_RESTART, b"restart") for r in self._readers]
        await asyncio.gather(*leaving, return_exceptions=True)

    async def _serve(self, request: web.Request, reader: Reader) -> None:
        first = await reader.socket.receive(timeout=HEARTBEAT)
        since = _since(first)
        if since is Ellipsis:
            await reader.close(WSCloseCode.POLICY_VIOLATION, b"hello first")
            return
        await self._welcome(reader, since)
        self._readers.add(reader)
        both = [
            asyncio.create_task(self._follow(request, reader)),
            asyncio.create_task(self._listen(reader)),
        ]
        try:
            # A socket that hears nothing any more must not look open: when one ends, both do.
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            task.result()

    async def _welcome(self, reader: Reader, since: int | None) -> None:
        """One of four answers; each tells the page what to do."""
        head = await self._services.store.read(store_log.head)
        if since is None:
            answer, reader.seq = "up-to-date", head
        elif since > head:
            answer, reader.seq = "ahead", head
        elif head - since > MAX_BEHIND:
            answer, reader.seq = "too-old", head
        else:
            answer, reader.seq = ("up-to-date" if since == head else "here-they-are"), since
        await _send(reader, {"type": "welcome", "answer": answer, "seq": head})

    async def _follow(self, request: web.Request, reader: Reader) -> None:
        """Send what is new at each ring; now and then ask whether they may still hear."""
        checked = asyncio.get_running_loop().time()
        while not reader.socket.closed:
            now = asyncio.get_running_loop().time()
            if now - checked > RECHECK_SECONDS:
                checked = now
                if not await self._still_signed_in(request, reader):
                    return
            upcoming = self._services.bell.upcoming()
            if not await self._send_new(request, reader):
                await self._services.bell.wait(upcoming, RECHECK_SECONDS)

    async def _send_new(self, request: web.Request, reader: Reader) -> bool:
        """Send one batch; whether there may be more."""
        seen, head = await self._services.store.read(
            lambda tx: (
                store_log.since(tx, reader.seq, BATCH, hearing(reader.subject)),
                store_log.head(tx),
            )
        )
        if not seen:
            reader.seq = max(reader.seq, head)
            return False
        if not await self._still_signed_in(request, reader):
            return False
        items = [message(a) for a in seen]
        try:
            await _send(reader, {"type": "activities", "items": items})
        except (TimeoutError, ConnectionError):
            log.info("a slow reader was cut; it resumes from %d", reader.seq)
            reader.cut()
            return False
        reader.seq = seen[-1].seq
        return len(seen) == BATCH

    async def _still_signed_in(self, request: web.Request, reader: Reader) -> bool:
        """Rights are those of this moment (AU-08, WS-08)."""
        signed = await auth.authenticate(request, self._services, touch=False)
        if signed is None or signed.subject.account_id != reader.subject.account_id:
            await reader.close(4401, b"session ended")
            return False
        reader.subject = signed.subject
        return True

    async def _listen(self, reader: Reader) -> None:
        """Presence from the page keeps its claims; anything else is refused."""
        window, count = 0.0, 0
        async for received in reader.socket:
            now = asyncio.get_running_loop().time()
            window, count = (now, 0) if now - window > 1 else (window, count + 1)
            body = _parse(received)
            if body is None or count > MESSAGES_PER_SECOND:
                await reader.close(WSCloseCode.POLICY_VIOLATION, b"unexpected")
                return
            await self._presence(reader, body)

    async def _presence(self, reader: Reader, body: dict[str, Any]) -> None:
        held = body.get("requests")
        if body.get("type") != "presence" or not isinstance(held, list):
            return
        ids = [r for r in held[:20] if isinstance(r, str)]
        if ids and Permission.WRITE_REPORTS in reader.subject.permissions:
            # No ring: nobody's screen changes because somebody stayed.
            await self._services.store.write(
                lambda tx: worklist.keep(self._services.make_act(tx, reader.subject), ids)
            )


def hearing(subject: Subject) -> sa.ColumnElement[bool]:
    """Which facts a subject hears: those of its institution; supervision counts, it hears none."""
    if Permission.SEE_CASES not in subject.permissions or subject.institution_id is None:
        return sa.false()
    mine = store_log.concerns(subject.institution_id)
    # A draft concerns nobody but its writer.
    own_draft = sa.or_(
        activities.c.kind != "request.drafted", activities.c.actor_id == subject.account_id
    )
    return sa.and_(mine, own_draft)


def message(activity: Activity) -> dict[str, Any]:
    """A fact as it goes over the socket: ids and codes (WS-13)."""
    return {
        "seq": activity.seq,
        "kind": activity.kind,
        "at": activity.at,
        "actor_id": activity.actor_id,
        "request_id": activity.request_id,
        "study_id": activity.study_id,
        **{k: activity.data[k] for k in _CARRIED if k in activity.data},
    }


async def _send(reader: Reader, body: dict[str, Any]) -> None:
    raw = orjson.dumps(body, option=orjson.OPT_UTC_Z).decode()
    await asyncio.wait_for(reader.socket.send_str(raw), SEND_SECONDS)


async def _refused(request: web.Request) -> web.StreamResponse:
    """Browsers cannot read a 401 of a handshake; a close code they can."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await socket.close(code=4401, message=b"sign in")
    return socket


def _parse(received: WSMessage) -> dict[str, Any] | None:
    if received.type is not WSMsgType.TEXT:
        return None
    try:
        body = orjson.loads(received.data)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _since(received: WSMessage) -> Any:
    """The number in the first message, None for none, Ellipsis when it is not a hello."""
    body = _parse(received)
    if body is None or body.get("type") != "hello":
        return ...
    since = body.get("since")
    if since is None or (isinstance(since, int) and 0 <= since < 1 << 62):
        return since
    return ...


LIVE = web.AppKey("live", Live)


async def live(request: web.Request) -> web.StreamResponse:
    """The /live route."""
    return await request.app[LIVE].handle(request)


def begin(app: web.Application) -> None:
    """Attach the sockets to an app."""
    app[LIVE] = Live(app[SERVICES])
