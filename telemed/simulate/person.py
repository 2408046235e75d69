"""Somebody at a browser: a session, calls that may go unanswered, and a socket that listens."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

import orjson
from aiohttp import ClientError, ClientSession, WSMsgType

from telemed.core.access import Permission, Subject

T = TypeVar("T")

PATIENCE: Final = 180.0
"""Seconds after which a step that nobody answers ends the simulation."""
_AGAIN = frozenset({429, 502, 503, 504})


class Street(Protocol):
    """What people share: the servers, the password, the connections, the timings."""

    servers: Sequence[str]
    origin: str
    password: str
    http: ClientSession
    door: asyncio.Semaphore
    timings: "Timings"


class Unanswered(Exception):
    """No server answered, or one answered that it cannot now: nobody knows what was done."""


class Refused(Exception):
    """A server said no."""

    def __init__(self, what: str, status: int, body: Any) -> None:
        self.status = status
        self.code = body.get("code", "") if isinstance(body, dict) else ""
        super().__init__(f"{what}: {status} {self.code}")


@dataclass(slots=True)
class Timings:
    """Seconds each kind of call took, when it was answered at once."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    """How much later than planned each step began: what a load that is too high piles up."""
    retries: int = 0

    def note(self, name: str, took: float) -> None:
        """One more."""
        self.seconds.setdefault(name, []).append(took)


class Person:
    """Somebody at a browser: signs in when needed, and asks the next server when one is gone."""

    def __init__(
        self, wire: Street, username: str, subject: Subject, headers: Mapping[str, str]
    ) -> None:
        self._wire, self._username, self.subject = wire, username, subject
        self._turn = secrets.randbelow(len(wire.servers))
        self._headers = headers
        self._signing_in = asyncio.Lock()

    @property
    def server(self) -> str:
        """The server this person talks to now."""
        return self._wire.servers[self._turn % len(self._wire.servers)]

    def next_server(self) -> None:
        """Try another one."""
        self._turn += 1

    async def headers(self) -> Mapping[str, str]:
        """The session's headers; signs in first."""
        async with self._signing_in:
            if not self._headers:
                async with self._wire.door:
                    await self._sign_in()
        return self._headers

    async def _sign_in(self) -> None:
        body = {"username": self._username, "password": self._wire.password}
        origin = self._wire.origin or self.server
        async with self._wire.http.post(
            f"{self.server}/api/session", json=body, headers={"Origin": origin}
        ) as answer:
            if answer.status in _AGAIN:
                raise Unanswered
            told = await answer.json()
            if answer.status != 200:
                raise Refused("sign-in", answer.status, told)
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        self._headers = {"Origin": origin, "Cookie": cookie, "X-CSRF-Token": told["csrf"]}

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        kind: str = "application/json",
    ) -> Any:
        """One try. Unanswered, Refused, or the answer's JSON."""
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        began = monotonic()
        try:
            sent = {**await self.headers(), "Content-Type": kind}
            async with self._wire.http.request(
                method, self.server + path, data=data, headers=sent
            ) as answer:
                text = await answer.read()
                if answer.status in _AGAIN:
                    raise Unanswered(answer.status)
        except (ClientError, TimeoutError, ConnectionError) as fault:
            self._wire.timings.retries += 1
            self.next_server()
            raise Unanswered from fault
        told = orjson.loads(text) if text else {}
        if answer.status == 401:
            self._headers = {}
            raise Unanswered(401)
        if answer.status >= 400:
            raise Refused(f"{method} {_template(path)}", answer.status, told)
        self._wire.timings.note(f"{method} {_template(path)}", monotonic() - began)
        return told

    async def get(self, path: str) -> Any:
        """A question, asked until it is answered: it changes nothing."""
        return await insist(lambda: self.call("GET", path))


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again until somebody answers."""
    deadline, wait = monotonic() + PATIENCE, 0.1
    while True:
        try:
            return await ask()
        except Unanswered:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(wait)
            wait = min(wait * 1.7, 3.0)


def _template(path: str) -> str:
    """A path without ids: what a timing is kept under."""
    parts = path.partition("?")[0].split("/")
    return "/".join("{id}" if len(part) > 20 else part for part in parts)


class Listener:
    """One socket: hears, reconnects from where it was, and remembers every number it heard."""

    def __init__(self, wire: Street, person: Person) -> None:
        self._wire, self.person = wire, person
        self.ready = asyncio.Event()
        self.first = 0
        self.last = 0
        self.heard: list[int] = []
        self.reconnects = -1
        self.trouble = ""

    async def listen(self) -> None:
        """Until canceled."""
        while True:
            try:
                await self._one_connection()
            except (ClientError, Unanswered, TimeoutError, ConnectionError) as fault:
                self.trouble = repr(fault)
            self.ready.clear()
            self.person.next_server()
            await asyncio.sleep(0.2)

    async def begun(self) -> None:
        """Once it is connected; ValueError with the last trouble when it never is."""
        try:
            await asyncio.wait_for(self.ready.wait(), PATIENCE)
        except TimeoutError:
            raise ValueError(f"a socket does not open: {self.trouble}") from None

    async def _one_connection(self) -> None:
        headers = await self.person.headers()
        async with self._wire.http.ws_connect(
            f"{self.person.server}/live", headers=headers, heartbeat=15
        ) as socket:
            hello = {"type": "hello", "since": self.last if self.ever else None}
            await socket.send_str(orjson.dumps(hello).decode())
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    return
                self.hear(orjson.loads(message.data))

    @property
    def ever(self) -> bool:
        """Whether it was ever connected."""
        return self.reconnects >= 0

    def hear(self, body: Mapping[str, Any]) -> None:
        """Remember the numbers of what came."""
        if body["type"] == "welcome":
            if body["answer"] in ("too-old", "ahead") and self.ever:
                raise ValueError(f"the socket lost its place: {body['answer']}")
            if not self.ever:
                self.first = self.last = body["seq"]
            self.reconnects += 1
            self.ready.set()
        elif body["type"] == "activities":
            for item in body["items"]:
                self.heard.append(item["seq"])
                self.last = item["seq"]


LOOKS: Final = (
    (Permission.READ_QUEUE, "/api/worklist"),
    (Permission.WRITE_REQUESTS, "/api/todo"),
)
"""Which list somebody has open, by what they may."""
TOGETHER: Final = 0.12
"""Seconds in which a page gathers facts before it asks again, as `web/src/live/pace.ts` has it."""
APART: Final = 1.0
"""Seconds from one asking to the next, unless something presses."""


class Screen(Listener):
    """A socket with a page before it: what is heard makes the page fetch its list again."""

    def __init__(self, wire: Street, person: Person) -> None:
        super().__init__(wire, person)
        may = person.subject.permissions
        self._list = next((path for right, path in LOOKS if right in may), None)
        self._fetching: asyncio.Task[None] | None = None
        self._stale = False
        self._asked = -APART
        self._pressed = asyncio.Event()

    async def listen(self) -> None:
        """Until canceled, and then no list is fetched any more."""
        try:
            await super().listen()
        finally:
            if self._fetching is not None:
                self._fetching.cancel()

    def hear(self, body: Mapping[str, Any]) -> None:
        """And look."""
        super().hear(body)
        if self._list is None or body["type"] != "activities":
            return
        self._stale = True
        if any(map(_presses, body["items"])):
            self._pressed.set()
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(self._list))

    async def _fetch(self, path: str) -> None:
        clock = asyncio.get_running_loop().time
        while self._stale:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._asked + APART - TOGETHER):
                    await self._pressed.wait()
            await asyncio.sleep(TOGETHER)
            self._pressed.clear()
            self._asked, self._stale = clock(), False
            await self.person.get(path)


def _presses(item: Mapping[str, Any]) -> bool:
    return item.get("urgency", "routine") != "routine" or str(item["kind"]).startswith("critical.")
