"""The notification channel of UPS-RS (PS3.18 8.10): event reports over a WebSocket.

The log is the queue. A channel holds a number; what comes after it is read, told with the rights of
that moment and sent, then a ping that carries the number. Its pong is the acknowledgement the
standard does not have: only then is the number kept, so that a line that breaks, or a server, loses
nothing and a client that never reads costs nothing but its own place. Whoever comes back hears
everything after the last pong, in order; the end may come twice.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from telemed.actions import ups_events, ups_subscriptions, worklist
from telemed.actions.act import Act
from telemed.core import ups
from telemed.core.access import Permission, Subject
from telemed.core.activity import Activity
from telemed.core.errors import Problem
from telemed.dicom import workitem as model
from telemed.server import auth
from telemed.server.fanout import SEND_SECONDS
from telemed.server.hearing import hearing
from telemed.server.live import MAX_MESSAGE, MESSAGES_PER_SECOND
from telemed.server.problems import problem_response
from telemed.server.readers import CLOSE_SECONDS
from telemed.server.routing import SERVICES
from telemed.server.services import Services
from telemed.server.ups_lookout import Lookout
from telemed.store import log as store_log
from telemed.store import requests as case_store
from telemed.store import ups_subscribers as store
from telemed.store.tables import activities
from telemed.store.tx import Row, Tx

log = logging.getLogger(__name__)
BATCH: Final = 200
"""Facts that are told of in one look."""
PING_SECONDS: Final = 15.0
"""How often a quiet channel is tried, and how long its pong may take: a half-open one is noticed
within twice that."""
KEEP_SECONDS: Final = 0.2
"""How long confirmed numbers are gathered: one transaction keeps those of all channels."""
PRESENCE_SECONDS: Final = 60.0
"""How often an open channel keeps its performer's claims from running out."""
RECHECK_SECONDS: Final = 5.0
"""How long a revoked subscriber may still hear anything when the bell is silent."""
_WATCHED: Final = sorted(kind.value for kind in ups.WATCHED)
_ACT_FAULTS: Final = (ConnectionError, TimeoutError)


@dataclass(slots=True, eq=False)
class Channel:
    """One subscriber's open socket. `seq` is what was sent, `pinged` what a pong will confirm,
    `telling` whether anything was told since; `woken` is set when there may be something new."""

    socket: web.WebSocketResponse
    subject: Subject
    subscriber: Row
    seq: int
    transport: asyncio.Transport | None
    messages: int = 0
    pinged: int | None = None
    pinged_at: float = 0.0
    telling: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, event: dict[str, Any]) -> None:
        """Send a report under the connection's next message number; TimeoutError when stuck."""
        self.messages += 1
        self.telling = True
        raw = orjson.dumps(model.numbered(event, self.messages)).decode()
        await asyncio.wait_for(self.socket.send_str(raw), SEND_SECONDS)

    async def ping(self, now: float) -> None:
        """Ask whether everything up to here arrived."""
        self.pinged, self.pinged_at, self.telling = self.seq, now, False
        await asyncio.wait_for(self.socket.ping(str(self.seq).encode()), SEND_SECONDS)

    async def close(self, code: int, why: bytes) -> None:
        """Say goodbye; whoever does not take that in time is cut off."""
        try:
            await asyncio.wait_for(self.socket.close(code=code, message=why), CLOSE_SECONDS)
        except TimeoutError:
            self.cut()

    def cut(self) -> None:
        """Drop the connection: the log still has what was on its way."""
        if self.transport is not None:
            self.transport.abort()


class Channels:
    """All open channels of this process, one for each subscriber."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[str, Channel] = {}
        self._lookout = Lookout(services, lambda: tuple(self._open.values()))
        self._confirmed: dict[str, int] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._began = services.clock()

    @property
    def open(self) -> int:
        """How many channels are open."""
        return len(self._open)

    @property
    def seen(self) -> int:
        """The last fact that was looked at for all of them; -1 before the first look."""
        return self._lookout.head

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET …/subscribers/{aet}: who is it, is the AE title theirs, then replay and follow."""
        try:
            auth.check_origin(request, self._services)
            signed = await auth.authenticate(request, self._services)
            if signed is None:
                return await _closed(request, 4401, b"sign in")
            if self._services.draining:  # a proxy then asks the next server
                return web.Response(status=503, headers={"Retry-After": "1"})
            subscriber = await self._subscriber(request, signed.subject)
        except Problem as problem:
            if problem.code in ("forbidden", "aet-taken"):
                return await _closed(request, 4403, b"not yours")
            return problem_response(problem)
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0
        )
        if not socket.can_prepare(request).ok:
            return problem_response(Problem("invalid", detail="WebSocket"))
        await socket.prepare(request)
        channel = Channel(socket, signed.subject, subscriber, subscriber["seq"], request.transport)
        await self._replace(channel)
        try:
            await self._serve(request, channel)
        except _ACT_FAULTS:
            channel.cut()  # it resumes from the last pong
        except Exception:
            log.exception("a notification channel failed")
            await channel.close(WSCloseCode.INTERNAL_ERROR, b"")
        finally:
            if self._open.get(subscriber["id"]) is channel:
                del self._open[subscriber["id"]]
        return socket

    async def close_all(self) -> None:
        """The server stops: say so as the standard does (event 4), then come back (1012)."""
        leaving = [self._leave(channel) for channel in self._open.values()]
        await asyncio.gather(*leaving, return_exceptions=True)
        if self._keeping is not None:
            await self._keeping

    def confirm(self, subscriber_id: str, seq: int) -> None:
        """A subscriber has everything up to here; kept soon, and until then it may come again."""
        self._confirmed[subscriber_id] = seq
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while self._confirmed:
            await asyncio.sleep(KEEP_SECONDS)
            confirmed, self._confirmed = self._confirmed, {}
            now = self._services.clock()

            def keep(tx: Tx, told: dict[str, int] = confirmed, at: datetime = now) -> None:
                for subscriber_id in sorted(told):
                    store.came_to(tx, subscriber_id, told[subscriber_id], at)

            try:
                await self._services.store.write(keep)
            except Exception:
                log.exception("confirmed event reports could not be noted; they will come again")

    async def _leave(self, channel: Channel) -> None:
        if channel.subscriber["scope"] is not None:
            await channel.send(model.service_status(going_down=True))
        await channel.close(WSCloseCode.SERVICE_RESTART, b"restart")

    async def _subscriber(self, request: web.Request, subject: Subject) -> Row:
        subject.require(Permission.SEE_CASES)
        aet = request.match_info["aet"]
        return await self._services.ask(subject, lambda act: ups_subscriptions.channel_of(act, aet))

    async def _replace(self, channel: Channel) -> None:
        """The newest connection of a subscriber counts: the one before may be half open."""
        before = self._open.get(channel.subscriber["id"])
        self._open[channel.subscriber["id"]] = channel
        self._lookout.keep_watch()
        if before is not None:
            await before.close(WSCloseCode.POLICY_VIOLATION, b"opened elsewhere")

    async def _serve(self, request: web.Request, channel: Channel) -> None:
        seen: Any = channel.subscriber["seen_at"]
        if channel.subscriber["scope"] is not None and seen < self._began:
            await channel.send(model.service_status(going_down=False))
        both = [
            asyncio.create_task(self._follow(request, channel)),
            asyncio.create_task(self._listen(channel)),
        ]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            task.result()

    async def _follow(self, request: web.Request, channel: Channel) -> None:
        """Send what is new at each ring; try the line, the rights and the claims now and then."""
        clock = asyncio.get_running_loop().time
        checked = kept = clock()
        await channel.ping(clock())
        while not channel.socket.closed:
            now = clock()
            if now - checked > RECHECK_SECONDS:
                checked = now
                if not await self._still_theirs(request, channel):
                    return
            if now - kept > PRESENCE_SECONDS:
                kept = now
                await self._keep_claims(channel)
            channel.woken.clear()
            more = await self._send_new(request, channel)
            if not await self._try_line(channel, clock()):
                return
            if not more:
                await _woken(channel, RECHECK_SECONDS)

    async def _try_line(self, channel: Channel, now: float) -> bool:
        """One ping at a time; False when the last one was not answered in time."""
        if channel.pinged is not None:
            if now - channel.pinged_at > PING_SECONDS:
                channel.cut()
                return False
            return True
        if channel.telling or now - channel.pinged_at > PING_SECONDS:
            await channel.ping(now)
        return True

    async def _send_new(self, request: web.Request, channel: Channel) -> bool:
        """Tell of one batch of facts; whether there may be more."""
        subject = channel.subject
        heard = self._lookout.heard(subject, channel.seq)
        if heard is not None and not heard[0]:
            channel.seq = heard[1]
            return False
        batch = await self._services.ask(subject, lambda act: _batch(act, channel, heard))
        if batch is None:
            await channel.close(4403, b"unsubscribed")
            return False
        told, last, full, found = batch
        if told and not await self._still_theirs(request, channel):
            return False
        if found:
            key = channel.subscriber["id"]
            await self._services.store.write(lambda tx: store.watch_missing(tx, key, found))
        for event in told:
            await channel.send(event)
        channel.seq = last
        return full

    async def _still_theirs(self, request: web.Request, channel: Channel) -> bool:
        """Rights are those of this moment (WS-08)."""
        signed = await auth.authenticate(request, self._services, touch=False)
        if signed is None or signed.subject.account_id != channel.subject.account_id:
            await channel.close(4401, b"session ended")
            return False
        if Permission.SEE_CASES not in signed.subject.permissions:
            await channel.close(4403, b"no rights")
            return False
        channel.subject = signed.subject
        return True

    async def _keep_claims(self, channel: Channel) -> None:
        """An open channel is the sign of life of a performer that has no page."""
        person = channel.subject.person_id
        if person is None or Permission.WRITE_REPORTS not in channel.subject.permissions:
            return

        def keep(tx: Tx) -> None:
            act = self._services.make_act(tx, channel.subject)
            worklist.keep(act, case_store.claimed_by(tx, person))

        await self._services.store.write(keep)

    async def _listen(self, channel: Channel) -> None:
        """Pongs confirm; pings are answered; a client has nothing else to say."""
        window, count = 0.0, 0
        while True:
            received = await channel.socket.receive()
            now = asyncio.get_running_loop().time()
            window, count = (now, 0) if now - window > 1 else (window, count + 1)
            if received.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
                return
            if received.type is WSMsgType.ERROR or count > MESSAGES_PER_SECOND:
                await channel.close(WSCloseCode.POLICY_VIOLATION, b"unexpected")
                return
            await self._hear(channel, received)

    async def _hear(self, channel: Channel, received: WSMessage) -> None:
        if received.type is WSMsgType.PING:
            await channel.socket.pong(received.data)
            return
        if received.type is not WSMsgType.PONG or channel.pinged is None:
            return
        if bytes(received.data) != str(channel.pinged).encode():
            return  # an unasked pong, or the answer to an older one, confirms nothing
        seq, channel.pinged = channel.pinged, None
        if channel.telling:
            channel.woken.set()  # what was told meanwhile wants a ping of its own
        if seq > channel.subscriber["seq"]:
            self.confirm(channel.subscriber["id"], seq)
            channel.subscriber = {**channel.subscriber, "seq": seq}


Batch = tuple[list[dict[str, Any]], int, bool, set[str]]


Heard = tuple[list[Activity], int]


def _batch(act: Act, channel: Channel, known: Heard | None) -> Batch | None:
    """The reports of the next facts, the number they end at, whether there may be more, and what
    the filter met; None when the subscriber is gone. `known` spares the look at the log."""
    subscriber = store.by_id(act.tx, channel.subscriber["id"])
    if subscriber is None or subscriber["account_id"] != act.subject.account_id:
        return None
    channel.subscriber = {**subscriber, "seq": max(subscriber["seq"], channel.subscriber["seq"])}
    heard, reached = _read(act, channel) if known is None else known
    seen, full = heard[:BATCH], len(heard) >= BATCH
    last = seen[-1].seq if full else reached
    if not seen:
        return [], last, False, set()
    watch = ups_events.watching(act, subscriber)
    told = [event for _, events in ups_events.reports(watch, seen) for event in events]
    return told, last, full, watch.found


def _read(act: Act, channel: Channel) -> Heard:
    """What a channel that is further behind hears next, and the number the log has reached."""
    wanted = activities.c.kind.in_(_WATCHED)
    seen = store_log.since(act.tx, channel.seq, BATCH, hearing(act.subject) & wanted)
    return seen, max(channel.seq, store_log.head(act.tx))


async def _woken(channel: Channel, seconds: float) -> None:
    """Until there may be something new, or so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await channel.woken.wait()


async def _closed(request: web.Request, code: int, why: bytes) -> web.StreamResponse:
    """Browsers cannot read the status of a refused handshake; a close code they can."""
    socket = web.WebSocketResponse(compress=False)
    if not socket.can_prepare(request).ok:
        return problem_response(Problem("not-signed-in" if code == 4401 else "not-found"))
    await socket.prepare(request)
    await socket.close(code=code, message=why)
    return socket


CHANNELS: web.AppKey[Channels] = web.AppKey("ups-channels")


async def channel(request: web.Request) -> web.StreamResponse:
    """The route of a subscriber's channel."""
    return await request.app[CHANNELS].handle(request)


def begin(app: web.Application) -> None:
    """Attach the channels to an app."""
    app[CHANNELS] = Channels(app[SERVICES])
