"""The media server Janus (VideoRoom plugin), spoken to over its WebSocket interface.

One session a process, one handle for what a member sends and one for each of whom they see. A
session that ends takes its handles with it, so a process that dies leaves nothing behind; while the
line is away every call is refused, and who called asks again. Rooms are made by their first member
and end when the last one has left. Conferences meet in the same room whichever process their
members are at.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import aiohttp
import orjson

from telemed.server.media import NoMedia, NotSending

log = logging.getLogger(__name__)
PLUGIN: Final = "janus.plugin.videoroom"
KEEP_ALIVE_SECONDS: Final = 20.0
"""Janus forgets a session that says nothing for a minute."""
ANSWER_SECONDS: Final = 8.0
BREATH_SECONDS: Final = 1.0
LEAVING_SECONDS: Final = 2.0
"""Janus says that a handle is detached before its member has left the room."""
_GLANCE_SECONDS: Final = 0.1
_ANSWERS: Final = ("success", "event", "error")
_EXISTS, _NO_ROOM, _NO_FEED, _TAKEN = 427, 426, 428, 436
_CAMERA: Final = "1"
"""The second line of what a member sends: voice, camera, screen."""
_MOST_MEMBERS: Final = 32
_BITS_A_SECOND: Final = 4_000_000
"""Janus bounds all that one member sends together: two pictures of an operation at their highest
(1500 kbit/s each) and a shared screen (900). A page bounds each of them by itself."""


class _Taken(NoMedia):
    """The member is in the room already: at another process of ours, or still leaving."""


class Janus:
    """A line to one Janus."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._http: aiohttp.ClientSession | None = None
        self._line: aiohttp.ClientWebSocketResponse | None = None
        self._session: int | None = None
        self._waiting: dict[str, tuple[asyncio.Future[dict[str, Any]], str]] = {}
        self._sends: dict[tuple[str, str], int] = {}
        self._sees: dict[tuple[str, str, str], int] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether Janus does not answer just now."""
        return self._session is None

    async def start(self) -> None:
        """Begin to keep the line."""
        self._http = aiohttp.ClientSession()
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Hang up; Janus ends the session and all that hangs on it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    # --- what is asked of it --------------------------------------------------------------------

    async def publish(self, room: str, member: str, offer: str) -> str:
        """Take what a member sends; the answer."""
        await self._detach(self._sends.pop((room, member), None))
        await self._make_room(room)
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": room, "id": member}
        tries = LEAVING_SECONDS // _GLANCE_SECONDS
        while True:
            handle = self._sends[room, member] = await self._attach()
            try:
                return _sdp_of(await self._ask(handle, body, {"type": "offer", "sdp": offer}))
            except _Taken:
                await self._detach(self._sends.pop((room, member), None))
                if (tries := tries - 1) < 0:
                    raise
            await asyncio.sleep(_GLANCE_SECONDS)

    async def subscribe(self, room: str, member: str, other: str) -> str:
        """An offer of what another member sends."""
        key = (room, member, other)
        await self._detach(self._sees.pop(key, None))
        handle = await self._attach()
        body = {
            "request": "join", "ptype": "subscriber", "room": room, "streams": [{"feed": other}],
        }  # fmt: skip
        try:
            told = await self._ask(handle, body)
        except NotSending:
            await self._detach(handle)
            raise
        self._sees[key] = handle
        return _sdp_of(told)

    async def accept(self, room: str, member: str, other: str, answer: str) -> None:
        """A member's answer."""
        handle = self._sees.get((room, member, other))
        if handle is None:
            raise NotSending(other)
        await self._ask(handle, {"request": "start"}, {"type": "answer", "sdp": answer})

    async def pictures(self, room: str, member: str, other: str, on: bool) -> None:
        """Pass on a camera, or pause it."""
        handle = self._sees.get((room, member, other))
        if handle is None:
            raise NotSending(other)
        await self._ask(handle, {"request": "configure", "streams": [{"mid": _CAMERA, "send": on}]})

    async def leave(self, room: str, member: str) -> None:
        """Everything that a member sends and sees ends."""
        gone = [self._sends.pop((room, member), None)]
        gone += [self._sees.pop(key) for key in list(self._sees) if key[:2] == (room, member)]
        for handle in gone:
            await self._detach(handle)
        if not any(key[0] == room for key in self._sends):
            # Refused while members of other processes are in it; Janus then keeps it.
            with suppress(NoMedia, NotSending):
                await self._end_room(room, member)

    async def _make_room(self, room: str) -> None:
        handle = await self._attach()
        body = {
            "request": "create", "room": room, "permanent": False, "is_private": True,
            "publishers": _MOST_MEMBERS, "videocodec": "vp8", "audiocodec": "opus",
            "bitrate": _BITS_A_SECOND, "notify_joining": False, "secret": self._room_secret(room),
        }  # fmt: skip
        try:
            await self._ask(handle, body)
        finally:
            await self._detach(handle)

    async def _end_room(self, room: str, member: str) -> None:
        """End the room that its last member is leaving."""
        handle, inside = await self._attach(), {member}
        try:
            for _ in range(int(LEAVING_SECONDS // _GLANCE_SECONDS)):
                told = await self._ask(handle, {"request": "listparticipants", "room": room})
                inside = {one["id"] for one in told["plugindata"]["data"].get("participants", ())}
                if inside != {member}:
                    break
                await asyncio.sleep(_GLANCE_SECONDS)
            if not inside:
                body = {"request": "destroy", "room": room, "secret": self._room_secret(room)}
                await self._ask(handle, body)
        finally:
            await self._detach(handle)

    def _room_secret(self, room: str) -> str:
        """Only who has telemed's key to Janus may end a room."""
        return f"{self._secret}:{room}"

    # --- handles and transactions ---------------------------------------------------------------

    async def _attach(self) -> int:
        told = await self._call({"janus": "attach", "plugin": PLUGIN})
        return int(told["data"]["id"])

    async def _detach(self, handle: int | None) -> None:
        """What cannot be detached is gone already, or goes with the line."""
        if handle is not None:
            with suppress(NoMedia):
                await self._call({"janus": "detach", "handle_id": handle})

    async def _ask(
        self, handle: int, body: Mapping[str, Any], jsep: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A request to the plugin, and its answer."""
        said: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            said["jsep"] = jsep
        told = await self._call(said)
        data = told.get("plugindata", {}).get("data", {})
        code = data.get("error_code")
        if code in (_NO_FEED, _NO_ROOM):
            raise NotSending(str(data.get("error")))
        if code == _TAKEN:
            raise _Taken(str(data.get("error")))
        if code is not None and code != _EXISTS:
            raise NoMedia(f"{body['request']}: {code} {data.get('error')}")
        return told

    async def _call(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """A message of our session, with its answer: at once, or as an event after an `ack`."""
        if self._session is None:
            raise NoMedia("no line")
        return await self._exchange({**said, "session_id": self._session})

    async def _exchange(self, said: Mapping[str, Any], last: str = "") -> dict[str, Any]:
        """A message, and what comes with its transaction; an `ack` only where that is the last."""
        line = self._line
        if line is None or line.closed:
            raise NoMedia("no line")
        transaction = secrets.token_hex(8)
        done: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = (done, last)
        sent = {**said, "transaction": transaction, "apisecret": self._secret}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await line.send_str(orjson.dumps(sent).decode())
                told = await done
        except (TimeoutError, ConnectionError) as fault:
            raise NoMedia(f"{said['janus']}: {type(fault).__name__}") from fault
        finally:
            self._waiting.pop(transaction, None)
        if told["janus"] == "error":
            raise NoMedia(f"{said['janus']}: {told['error'].get('reason')}")
        return told

    # --- the line -------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Connect, and again whenever the line ends."""
        while True:
            try:
                await self._connected()
            except (aiohttp.ClientError, OSError, NoMedia, TimeoutError) as fault:
                log.warning("the media server does not answer: %s", type(fault).__name__)
            except Exception:
                log.exception("the line to the media server stumbled")
            await asyncio.sleep(BREATH_SECONDS)

    async def _connected(self) -> None:
        assert self._http is not None
        protocols = ("janus-protocol",)
        async with self._http.ws_connect(self._url, protocols=protocols, heartbeat=15) as line:
            self._line = line
            listening = asyncio.create_task(self._listen(line))
            try:
                told = await self._exchange({"janus": "create"})
                self._session = int(told["data"]["id"])
                while not listening.done():
                    await asyncio.wait((listening,), timeout=KEEP_ALIVE_SECONDS)
                    if not listening.done():
                        said = {"janus": "keepalive", "session_id": self._session}
                        await self._exchange(said, "ack")
            finally:
                self._lose()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, line: aiohttp.ClientWebSocketResponse) -> None:
        async for message in line:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            told = orjson.loads(message.data)
            if told["janus"] == "timeout" and told.get("session_id") == self._session:
                return  # it forgot us: begin again
            done, last = self._waiting.get(told.get("transaction", ""), (None, ""))
            if done is not None and not done.done() and told["janus"] in (last, *_ANSWERS):
                done.set_result(told)

    def _lose(self) -> None:
        """The session is over, and all that hung on it."""
        self._line = self._session = None
        self._sends.clear()
        self._sees.clear()
        for done, _ in self._waiting.values():
            if not done.done():
                done.set_exception(ConnectionError("the line ended"))


def _sdp_of(told: Mapping[str, Any]) -> str:
    try:
        return str(told["jsep"]["sdp"])
    except KeyError:
        raise NoMedia("an answer without a description") from None
