"""What strangers may send: slow, endless, malformed or hostile HTTP, on raw sockets.

The server is the real one with short deadlines. While it is attacked a second client keeps asking
for its health, and every one of those questions must be answered.
"""

import asyncio
import json
import os
import re
import resource
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession

from telemed.assemble import open_services, running
from telemed.server.app import serve
from telemed.server.deadlines import PORTER, Limits, Porter, room_for_files
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import tables as t
from tests.server.test_live_frames import frame, wire
from tests.services import free_port
from tests.world import csrf_of, session_of

QUICK = Limits(header=0.5, idle=0.8, grace=0.8, stalled_answer=0.8, look=0.05, per_source=64)
"""Deadlines that a test can wait for. Bodies still have to bring 10 KB a second."""
PATIENCE = 30.0
PRIVATE = ("/private/folder", "sqlite", "Traceback", "sqlalchemy", "telemed/", "site-packages")
"""What no stranger may ever read in an answer."""


@dataclass
class Server:
    """The running server as a stranger meets it."""

    port: int
    porter: Porter
    services: Services
    lines: "list[Line]" = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def line(self, source: str = "127.0.0.1") -> "Line":
        """A new connection from an address of this machine."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(source, 0)
        )
        self.lines.append(Line(reader, writer))
        return self.lines[-1]

    async def answer(self, raw: bytes, source: str = "127.0.0.1") -> "Answer":
        """What comes back for these bytes on a connection of their own."""
        line = await self.line(source)
        try:
            line.send(raw)
            return await line.answer(with_body=not raw.startswith(b"HEAD "))
        finally:
            line.close()

    async def get(self, path: str, *headers: str, source: str = "127.0.0.1") -> "Answer":
        """GET of exactly this path."""
        return await self.answer(request("GET", path, *headers), source)


@dataclass
class Answer:
    """One parsed answer; status 0 when the server hung up without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Line:
    """A connection in our own hands."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def answer(self, *, with_body: bool = True) -> Answer:
        """The next answer."""
        try:
            async with asyncio.timeout(PATIENCE):
                head = await self.reader.readuntil(b"\r\n\r\n")
                status, *lines = head.decode("latin-1").split("\r\n")
                pairs = (line.split(": ", 1) for line in lines if line)
                headers = {name.lower(): value for name, value in pairs}
                length = int(headers.get("content-length", "0")) if with_body else 0
                body = await self.reader.readexactly(length)
                return Answer(int(status.split()[1]), headers, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return Answer(0, {}, b"")

    async def drip(self, piece: bytes, pause: float = 0.02) -> None:
        """Send small pieces until the server hangs up."""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while not self.reader.at_eof() and not self.reader.exception():
                    self.writer.write(piece)
                    await self.writer.drain()
                    await asyncio.sleep(pause)

    async def hung_up(self) -> None:
        """Wait until the server ends the connection."""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while await self.reader.read(1 << 16):
                    pass

    def close(self) -> None:
        self.writer.transport.abort()


def request(method: str, path: str, *headers: str, host: str = "telemed") -> bytes:
    """The bytes of a request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


@asynccontextmanager
async def server_at(
    folder: Path, limits: Limits = QUICK, host: str = "127.0.0.1", **more: Any
) -> AsyncIterator[Server]:
    """The real server in this process."""
    port = free_port()
    settings = Settings(data_dir=folder, host=host, port=port, free_space_reserve_bytes=0, **more)
    services = open_services(settings)
    try:
        async with running(services) as app:
            started = asyncio.Event()
            task = asyncio.create_task(serve(app, (host, port), started.set, limits))
            await started.wait()
            found = Server(port, app[PORTER], services)
            try:
                yield found
            finally:
                for line in found.lines:
                    line.close()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    finally:
        await services.renderer.aclose()
        services.threads.shutdown()
        services.store.close()


@pytest.fixture
def site(tmp_path: Path) -> dict[str, Path]:
    """A built client and viewer beside a secret that must never be sent."""
    for part in ("client", "viewer"):
        (tmp_path / part / "assets").mkdir(parents=True)
        (tmp_path / part / "index.html").write_text(f"<!doctype html><title>{part}</title>")
        (tmp_path / part / "assets" / "app-1a2b.js").write_text("0")
    (tmp_path / "secret.txt").write_text("the secret beside the site")
    return {"web_dir": tmp_path / "client", "viewer_dir": tmp_path / "viewer"}


@pytest.fixture
async def server(world_folder: Path, site: dict[str, Path]) -> AsyncIterator[Server]:
    """The server with short deadlines, a client to serve, and one proxy it trusts."""
    async with server_at(world_folder, trusted_proxies=["127.0.0.6"], **site) as found:
        yield found


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[None]:
    """While inside, somebody else asks for the server's health and must always be answered."""
    asked = answered = 0

    async def ask() -> None:
        nonlocal asked, answered
        while True:
            asked += 1
            answer = await server.get("/health/ready", "Connection: close", source="127.0.0.2")
            assert answer.status == 200
            answered += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(ask())
    try:
        yield
        before = answered
        async with asyncio.timeout(PATIENCE):  # and at least once more, after the attack
            while answered <= before and not task.done():
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        (fault,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(fault, asyncio.CancelledError), fault
    assert answered >= asked - 1


# --- slow strangers ---------------------------------------------------------------------------


async def test_a_header_must_be_whole_in_time(server: Server) -> None:
    """Twenty headers that come byte by byte are all cut, and nobody else notices (ST-16)."""
    async with watched(server):
        lines = [await server.line() for _ in range(20)]
        for line in lines:
            line.send(b"GET /health/live HTTP/1.1\r\nX-Slow: ")
        await asyncio.gather(*(line.drip(b"a") for line in lines))
    assert server.porter.ended["header"] == 20


async def test_a_body_must_keep_coming(server: Server) -> None:
    """Bodies that trickle are cut: of a JSON route, of an upload, and chunked ones."""
    heads = [
        request("POST", "/api/session", "Content-Type: application/json", "Content-Length: 900000"),
        request("POST", "/api/session", "Content-Type: application/json",
                "Transfer-Encoding: chunked"),
        request("POST", "/dicom-web/studies", *_signed("county-technician", server),
                "Content-Type: application/dicom", "Content-Length: 900000"),
    ]  # fmt: skip
    async with watched(server):
        lines = [await server.line() for _ in heads]
        for line, head in zip(lines, heads, strict=True):
            line.send(head)
        await asyncio.gather(*(line.drip(b"1\r\n \r\n") for line in lines))
    assert server.porter.ended["body"] == len(heads)


async def test_a_steady_line_may_take_longer_than_the_grace(server: Server) -> None:
    """What counts is the pace: a body that keeps coming is served however long it takes."""
    body = json.dumps({"username": "nobody", "password": "x"}).encode()
    pieces = [b" " * 20_000] * 30 + [body]
    length = sum(len(piece) for piece in pieces)
    line = await server.line()
    line.send(
        request("POST", "/api/session", f"Origin: {server.base}", f"Content-Length: {length}",
                "Content-Type: application/json")
    )  # fmt: skip
    began = asyncio.get_running_loop().time()
    for piece in pieces:
        line.send(piece)
        await asyncio.sleep(0.05)
    assert asyncio.get_running_loop().time() - began > QUICK.grace
    assert (await line.answer()).status == 401
    line.close()


@pytest.mark.parametrize(
    ("rate", "stall_every", "stall", "served"),
    [
        (32_000, 0, 0, True),  # a county's 256 kbit/s
        (32_000, 60, 25, True),  # and when it stops for a while now and then
        (10_500, 0, 0, True),
        (9_000, 0, 0, False),
        (1_000_000, 60, 35, False),  # a burst buys no right to stop for ever
        (1, 0, 0, False),
    ],
)
def test_a_county_line_is_quick_enough(
    rate: int, stall_every: int, stall: int, served: bool
) -> None:
    """An hour of a body at a pace, second by second, under the deadlines of service."""
    limits = Limits()
    left = limits.grace
    lowest = left
    for second in range(3600):
        stalled = stall_every and second % (stall_every + stall) >= stall_every
        left = limits.left(left, 0 if stalled else rate, 1.0)
        lowest = min(lowest, left)
    assert (lowest >= 0) is served


async def test_idle_connections_end(server: Server) -> None:
    """Neither silence from the start nor silence after an answer keeps a connection."""
    silent, once = await server.line(), await server.line()
    once.send(request("GET", "/health/live"))
    assert (await once.answer()).status == 200
    async with watched(server):
        await asyncio.gather(silent.hung_up(), once.hung_up())
    assert server.porter.ended["idle"] == 2
    assert server.porter.open == 0


async def test_an_answer_nobody_takes_is_given_up(server: Server) -> None:
    """Asking for much and reading nothing holds a connection for the deadline and no longer."""
    taker = socket.socket()
    with closing(taker):
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        taker.connect(("127.0.0.1", server.port))
        taker.setblocking(False)
        asking = asyncio.create_task(_ask_for_ever(taker, request("GET", "/api/openapi.json")))
        async with watched(server), asyncio.timeout(PATIENCE):
            while not server.porter.ended["answer"]:
                await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask_for_ever(taker: socket.socket, raw: bytes) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while True:
            await loop.sock_sendall(taker, raw)
            await asyncio.sleep(0)


async def test_a_socket_is_no_idle_connection(server: Server) -> None:
    """/live outlives the idle deadline: it has a heartbeat of its own."""
    headers = {"Origin": server.base, "Cookie": f"telemed={session_of('hub-reader')}"}
    async with (
        ClientSession() as http,
        http.ws_connect(server.base + "/live", headers=headers) as ws,
    ):
        await ws.send_json({"type": "hello", "since": None})
        assert (await ws.receive_json(timeout=PATIENCE))["type"] == "welcome"
        with suppress(TimeoutError):
            await ws.receive(timeout=3 * QUICK.idle)
        assert not ws.closed
        assert not server.porter.ended
        assert server.porter.open >= 1


async def test_half_a_goodbye_frees_the_place(server: Server) -> None:
    """A client that ends its side in the middle of a header or a body leaves nothing behind."""
    for start in (
        b"GET / HTTP/1.1\r\nHost:",
        request("POST", "/api/session", "Content-Type: application/json", "Content-Length: 10"),
    ):
        line = await server.line()
        line.send(start)
        line.writer.write_eof()
        await line.hung_up()
    async with asyncio.timeout(PATIENCE):
        while server.porter.open:
            await asyncio.sleep(0.01)


# --- many strangers ---------------------------------------------------------------------------


async def refusals(server: Server, limit: str) -> float:
    """How many a limit refused, as Prometheus is told."""
    shown = (await server.get("/metrics")).body.decode()
    (number,) = re.findall(rf'(?m)^telemed_limit_refusals_total{{limit="{limit}"}} (\S+)$', shown)
    return float(number)


async def test_one_address_cannot_hold_all_places(server: Server) -> None:
    """Past its share an address is told 503 and counted; others, and a trusted proxy, are
    served."""
    before = await refusals(server, "connections-of-address")
    held = [await server.line("127.0.0.5") for _ in range(QUICK.per_source)]
    for line in held:
        line.send(request("GET", "/health/live"))
        assert (await line.answer()).status == 200
    refused = await server.answer(b"", "127.0.0.5")
    assert refused.status == 503
    assert refused.headers["retry-after"] == "5"
    assert await refusals(server, "connections-of-address") == before + 1
    async with watched(server):
        through_proxy = []
        for _ in range(QUICK.per_source + 10):
            line = await server.line("127.0.0.6")
            through_proxy.append(line)
            line.send(request("GET", "/health/live"))
            assert (await line.answer()).status == 200
    for line in (*held, *through_proxy):
        line.close()
    again = await server.get("/health/live", source="127.0.0.5")
    assert again.status in (200, 503)  # the kernel may not have told of all the goodbyes yet
    async with asyncio.timeout(PATIENCE):
        while (await server.get("/health/live", source="127.0.0.5")).status != 200:
            await asyncio.sleep(0.01)


async def test_all_places_together_are_limited(world_folder: Path) -> None:
    """The server refuses politely before it runs out of file handles, and counts it."""
    async with server_at(world_folder, Limits(total=20, per_source=15)) as server:
        before = await refusals(server, "connections-of-everybody")
        held = [await server.line(f"127.0.0.{10 + n % 4}") for n in range(20)]
        await asyncio.sleep(0.1)
        assert (await server.answer(b"", "127.0.0.2")).status == 503
        held.pop().close()
        async with asyncio.timeout(PATIENCE):
            while (await server.get("/health/live", source="127.0.0.2")).status != 200:
                await asyncio.sleep(0.01)
        for line in held:
            line.close()
        async with asyncio.timeout(PATIENCE):
            while server.porter.open > 1:
                await asyncio.sleep(0.01)
        assert await refusals(server, "connections-of-everybody") > before


def test_places_never_exceed_file_handles() -> None:
    """However many are wanted, some handles stay for the database and the images."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        assert room_for_files(100) == 100
        assert room_for_files(10**9) <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("pieces", [1, 1000])
async def test_a_socket_that_does_not_mask_is_closed(server: Server, pieces: int) -> None:
    """At its first such frame, behind long and short ones, in whatever pieces (RFC 6455 5.1)."""
    good = frame('{"type":"?"}') + frame(f'{{"type":"{"x" * 300}"}}') + frame("", 9)
    async with wire(server.base) as one:
        raw = good + frame('{"type":"presence"}', masked=False)
        for first in range(0, len(raw), len(raw) // pieces or 1):
            await one.send(raw[first : first + (len(raw) // pieces or 1)])
        assert await one.code() == 1002


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    """A hundred requests in one packet: a hundred answers in the same order."""
    paths = ["/health/live", "/api/nothing"] * 50
    line = await server.line()
    async with watched(server):
        line.send(b"".join(request("GET", path) for path in paths))
        answers = [await line.answer() for _ in paths]
    assert [a.status for a in answers] == [200, 404] * 50
    line.close()


# --- malformed --------------------------------------------------------------------------------

MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 evil-marker\r\n\r\n",
    "two lengths": request("POST", "/api/session", "Content-Length: 1", "Content-Length: 2")
    + b"{}",
    "length and chunks": request(
        "POST", "/api/session", "Content-Length: 5", "Transfer-Encoding: chunked"
    )
    + b"0\r\n\r\nGET /evil-marker HTTP/1.1\r\nHost: x\r\n\r\n",
    "negative length": request("POST", "/api/session", "Content-Length: -1"),
    "length with plus": request("POST", "/api/session", "Content-Length: +5") + b"12345",
    "odd transfer coding": request("POST", "/api/session", "Transfer-Encoding: xchunked")
    + b"0\r\n\r\n",
    "bad chunk size": request(
        "POST", "/api/session", "Transfer-Encoding: chunked", "Content-Type: application/json"
    )
    + b"evil-marker\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nX: evil-marker\0\r\n\r\n",
    "NUL in the path": b"GET /evil-marker\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n evil-marker\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: evil-marker\n\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : evil-marker\r\n\r\n",
    "strange version": b"GET /evil-marker HTTP/9.9\r\nHost: x\r\n\r\n",
    "long line": b"GET /evil-marker" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: evil-marker" + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n"
    + b"".join(b"X-%d: evil-marker\r\n" % n for n in range(5000))
    + b"\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_requests_are_refused_without_echo(server: Server, name: str) -> None:
    """400 and a closed line; nothing that came in comes back, and the headers are all there."""
    line = await server.line()
    async with watched(server):
        line.send(MALFORMED[name])
        answer = await line.answer()
        await line.hung_up()
    assert answer.status in (0, 400, 403, 404, 411, 413, 414, 415, 431, 501), answer
    if answer.status:
        assert b"evil-marker" not in answer.body
        _is_guarded(answer)


async def test_a_smuggled_request_is_never_seen(server: Server) -> None:
    """Two framings in one request end the connection after one answer."""
    line = await server.line()
    line.send(MALFORMED["length and chunks"])
    first, second = await line.answer(), await line.answer()
    assert (first.status, second.status) == (400, 0)
    line.close()


async def test_a_vast_body_is_refused_at_once(server: Server) -> None:
    """One gigabyte announced to a JSON route: 413 before a byte of it is sent."""
    who = _signed("county-requester", server)
    for path in ("/api/session", "/api/requests", "/api/uploads"):
        answer = await server.answer(
            request("POST", path, *who, "Content-Type: application/json",
                    f"Content-Length: {1 << 30}")
        )  # fmt: skip
        assert answer.status == 413, (path, answer)
        assert json.loads(answer.body)["code"] == "too-large"


async def test_an_endless_body_is_cut(server: Server) -> None:
    """Chunks without end to a JSON route: refused when the limit is reached, then hung up."""
    line = await server.line()
    line.send(request("POST", "/api/session", "Content-Type: application/json",
                      f"Origin: {server.base}", "Transfer-Encoding: chunked"))  # fmt: skip
    async with watched(server):
        sending = asyncio.create_task(line.drip(b"8000\r\n" + b" " * 0x8000 + b"\r\n", 0))
        assert (await line.answer()).status == 413
        await sending
    line.close()


async def test_nobody_is_cut_off_because_the_server_was_held_up(server: Server) -> None:
    """Time in which it could not listen is nobody's; a sender that goes on is answered."""
    raw = request("GET", "/health/ready")
    line = await server.line()
    line.send(raw[:10])
    await asyncio.sleep(0.1)
    time.sleep(2 * QUICK.header)
    await asyncio.sleep(2 * QUICK.look)
    line.send(raw[10:])
    assert (await line.answer()).status == 200
    line.close()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"])
async def test_compressed_bodies_are_refused(server: Server, coding: str) -> None:
    """415 on every kind of route: what would inflate is known too late (ST-07)."""
    for who, method, path, kind in (
        ("county-requester", "POST", "/api/requests", "application/json"),
        ("county-technician", "POST", "/dicom-web/studies", "application/dicom"),
        ("county-technician", "PATCH", "/api/uploads/u/files/f", "application/offset+octet-stream"),
    ):
        raw = request(
            method,
            path,
            *_signed(who, server),
            f"Content-Encoding: {coding}",
            f"Content-Type: {kind}",
            "Content-Length: 3",
            "Tus-Resumable: 1.0.0",
            "Upload-Offset: 0",
        )
        assert (await server.answer(raw + b"\x1f\x8b\x08")).status == 415, path


# --- methods, paths, hosts --------------------------------------------------------------------

METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "MKCOL",
    "LOCK",
    "SEARCH",
    "PURGE",
    "get",
    "BREW",
    "X-CUSTOM",
    "M-SEARCH",
]
TRICKS = (
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/../../secret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/assets/..%5c..%5csecret.txt",
    "/viewer/../secret.txt",
    "/viewer/%2e%2e/%2e%2e/secret.txt",
    "/viewer/..%252f..%252fsecret.txt",
    "//secret.txt",
    "//127.0.0.1/secret.txt",
    "///etc/passwd",
    "/%2fetc%2fpasswd",
    "/assets/%00",
    "/%00",
    "/a%00.js",
    "/%ff%fe",
    "/%c0%ae%c0%ae/secret.txt",
    "/%u002e%u002e/",
    "/%",
    "/%zz",
    "/.git/config",
    "/.env",
    "/index.html/",
    "/assets/app-1a2b.js/",
    "/assets//app-1a2b.js",
    "/api//requests",
    "/api/../metrics",
    "/api/%2e%2e/%2e%2e/secret.txt",
    "/dicom-web/studies/..%2f..%2fx",
    "/dicom-web/studies/%00/metadata",
    "/api/requests/%00",
    "/api/requests/" + "a" * 4000,
    "/" + "a" * 7000,
    "/" + "/" * 4000,
    "/" + "%41" * 2000,
    "/?" + "a=b&" * 1500,
    "/api/requests?q=%00",
    "/api/requests?limit=1&limit=2",
    "http://evil.example/",
    "http://127.0.0.1/../secret.txt",
    "*",
    "/%0d%0aX-Evil:1",
    "/;/..;/secret.txt",
    "/\u202esecret",
    "/api/verify/%F0%9F%92%89",
)


async def test_every_method_gets_an_answer(server: Server) -> None:
    """No method breaks a route, and TRACE never echoes."""
    async with watched(server):
        for method in METHODS:
            for path in (
                "/",
                "/api/session",
                "/dicom-web/studies",
                "/health/live",
                "/viewer/",
                "/live",
            ):
                answer = await server.answer(request(method, path, "Cookie: evil=marker"))
                assert answer.status < 500 and (answer.status or method == "CONNECT"), (
                    method,
                    path,
                )
                assert b"evil=marker" not in answer.body
                assert "public" not in answer.headers
                if answer.status == 405:
                    assert answer.headers["allow"]


@pytest.mark.parametrize("path", TRICKS)
async def test_no_path_leads_out_of_the_site(server: Server, path: str) -> None:
    """A name is looked up in an index; no spelling reaches a file beside it (IN-04)."""
    answer = await server.get(path, *_signed("county-requester", server))
    assert answer.status < 500
    assert b"the secret beside the site" not in answer.body
    assert b"root:" not in answer.body
    assert "x-evil" not in answer.headers
    assert not any(word in answer.text for word in PRIVATE if answer.status != 200)
    if answer.status:
        _is_guarded(answer)


async def test_the_host_header_is_never_believed(server: Server) -> None:
    """What is answered names the configured origin, whatever Host or X-Forwarded-Host say."""
    forwarded = ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https",
                 "Forwarded: host=evil.example", "X-Original-URL: /metrics",
                 "X-Rewrite-URL: /metrics", "X-HTTP-Method-Override: DELETE")  # fmt: skip
    for path in ("/", "/api/hello", "/api/openapi.json", "/dicom-web/studies", "/nothing/here/"):
        for host in ("evil.example", "127.0.0.1:1@evil.example", "", "[::1", "a" * 300):
            raw = request("GET", path, *_signed("county-technician", server), *forwarded, host=host)
            answer = await server.answer(raw)
            assert answer.status < 500
            everything = answer.text + str(answer.headers)
            assert "evil.example" not in everything


# --- what every answer has --------------------------------------------------------------------


async def test_every_kind_of_answer_is_guarded(server: Server) -> None:
    """Policy, nosniff, referrer and cache headers on success, refusal, page, file and error."""
    js = await server.get("/assets/app-1a2b.js")
    tagged = f"If-None-Match: {js.headers['etag']}"
    me = _signed("county-requester", server)
    kinds = {
        200: [
            js,
            await server.get("/"),
            await server.get("/viewer/"),
            await server.get("/api/docs"),
            await server.get("/api/openapi.json"),
            await server.get("/health/live"),
            await server.get("/metrics"),
            await server.get("/api/session", *me),
            await server.get("/any/page/of/the/client"),
        ],
        304: [await server.get("/assets/app-1a2b.js", tagged)],
        400: [await server.get("/api/requests?limit=x", *me), await server.answer(b"?\r\n\r\n")],
        401: [await server.get("/api/requests"), await server.get("/dicom-web/studies")],
        403: [
            await server.answer(
                request("POST", "/api/session", "Origin: https://evil.example", "Content-Length: 0")
            )
        ],
        404: [await server.get("/api/nothing"), await server.get("/assets/nothing.js")],
        405: [await server.answer(request("DELETE", "/health/live"))],
    }
    for status, answers in kinds.items():
        for answer in answers:
            assert answer.status == status, answer
            _is_guarded(answer)


def _is_guarded(answer: Answer) -> None:
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    public = answer.status in (200, 304) and "etag" in headers
    assert public or "no-store" in headers["cache-control"], headers
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "server" not in headers or "Python" not in headers["server"]


async def test_other_sites_get_no_permission(server: Server) -> None:
    """No CORS header on any answer, preflight included."""
    ask = ("Origin: https://evil.example", "Access-Control-Request-Method: POST",
           "Access-Control-Request-Headers: content-type")  # fmt: skip
    me = _signed("county-requester", server)[1:]
    for path in (
        "/",
        "/api/session",
        "/api/requests",
        "/dicom-web/studies",
        "/api/uploads/x/files",
    ):
        for method in ("OPTIONS", "GET", "POST"):
            answer = await server.answer(request(method, path, *ask, *me, "Content-Length: 0"))
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            if method == "POST":
                assert answer.status in (403, 405), (path, answer)


async def test_metrics_are_for_this_machine(server: Server) -> None:
    """Another address sees no metrics, and no header makes it this machine (IN-08)."""
    assert (await server.get("/metrics")).status == 200
    claims = ("X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1",
              "X-Client-IP: 127.0.0.1", "Client-IP: ::1")  # fmt: skip
    assert (await server.get("/metrics", *claims, source="127.0.0.9")).status == 404
    assert (await server.get("/metrics", source="127.0.0.9")).status == 404
    # A proxy on this machine passes strangers on: what it forwards is not from this machine.
    assert (await server.get("/metrics", "X-Forwarded-For: 203.0.113.5")).status == 404


async def test_a_broken_server_tells_strangers_nothing(server: Server) -> None:
    """With its tables gone the server says 500 and an incident number, and no word of why."""
    await server.services.store.write(lambda tx: tx.connection.exec_driver_sql(
        "ALTER TABLE requests RENAME TO gone"))  # fmt: skip
    for path in ("/api/requests", "/api/todo"):
        answer = await server.get(path, *_signed("county-requester", server))
        assert answer.status == 500
        body = json.loads(answer.body)
        assert body["code"] == "internal" and len(body["facts"]["incident"]) == 8
        assert not any(word in answer.text for word in (*PRIVATE, "requests", "OperationalError"))
        _is_guarded(answer)


def _signed(who: str, server: Server) -> list[str]:
    """The header lines of somebody's page."""
    return [
        f"Origin: {server.base}",
        f"Cookie: telemed={session_of(who)}",
        f"X-CSRF-Token: {csrf_of(who)}",
    ]


async def test_a_lost_image_is_an_error_and_never_other_bytes(server: Server) -> None:
    """A blob that is gone is a clean 500, and so is a short file that was cut shorter."""
    me = _signed("county-requester", server)
    query = (
        sa.select(
            t.instances.c.blob,
            t.instances.c.sop_uid,
            t.series.c.series_uid,
            t.studies.c.study_uid,
        )
        .join(t.series, t.series.c.id == t.instances.c.series_id)
        .join(t.studies, t.studies.c.id == t.instances.c.study_id)
        .where(t.studies.c.institution_id == "county")
    )
    gone, short = (await server.services.store.read(lambda tx: tx.all(query)))[:2]
    server.services.blobs.path(gone["blob"]).unlink()
    os.truncate(server.services.blobs.path(short["blob"]), 100)
    answers = [
        await server.get(
            f"/dicom-web/studies/{row['study_uid']}/series/{row['series_uid']}"
            f"/instances/{row['sop_uid']}",
            *me,
            "Accept: application/dicom; transfer-syntax=*",
        )
        for row in (gone, short)
    ]
    for answer in answers:
        assert answer.status == 500
        assert json.loads(answer.body)["code"] == "internal"
