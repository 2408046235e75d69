"""Each defence against bad input has a switch, and what tests it notices when it is off.

A row is a defence, the attack that it stops, and how to take it away. The attack is played twice:
with the defence it must be stopped, without it the very same check must fail. A check that passes
both times guards nothing.
"""

import asyncio
import random
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession

from telemed.dicom import multipart, scan, xmlmodel
from telemed.dicom.elements import Limits as FileLimits
from telemed.dicom.refusal import Refused
from telemed.server import auth, live, routing, stow_metadata
from telemed.server.deadlines import Limits
from tests.hostile_dicom import DEFLATED, element, encoded, even, hostile_files, identity, image
from tests.hostile_dicom import part10 as whole
from tests.server.imaging_house import House, Reply, house_at
from tests.server.test_hardening import QUICK, Server, request, server_at
from tests.server.test_hostile import FRAMINGS, WHO
from tests.store.files import ct_bytes
from tests.world import csrf_of, session_of

# --- the scanner of files ---------------------------------------------------------------------

NO_END = 1 << 40


class FileBomb(NamedTuple):
    """What one limit of the scanner is for."""

    code: str
    make: Callable[[], bytes]
    off: dict[str, int]


def _hostile(name: str) -> Callable[[], bytes]:
    return lambda: dict(hostile_files())[name]


def _many_elements() -> bytes:
    """More elements at the top than any object has."""
    extra = b"".join(element(0x00090000 + n, "SH", b"") for n in range(0x1001, 0x1001 + 20_001))
    return whole(encoded(identity()) + extra)


def _long_header() -> bytes:
    """Texts of a lawful size each, 70 MB together."""
    texts = b"".join(element(0x00091001 + n, "UT", b" " * 1_000_000) for n in range(70))
    return whole(encoded(identity()) + texts)


def _large_inflated() -> bytes:
    """Deflated pixels that stay below the ratio and grow past the size."""
    noise = random.Random(7).randbytes(2 << 20)
    data = encoded(image()) + element(0x7FE00010, "OW", noise + bytes(66 << 20))
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return whole(even(packer.compress(data) + packer.flush(), b"\0"), DEFLATED)


FILE_BOMBS: dict[str, FileBomb] = {
    "depth": FileBomb("too-deep", _hostile("deep-defined-60"), {"depth": 200}),
    "top elements": FileBomb("too-many-elements", _many_elements, {"top_elements": NO_END}),
    "elements and items": FileBomb("too-many-elements", _hostile("flood-items-200000"),
                                   {"nodes_floor": NO_END, "nodes_ceiling": NO_END}),
    "fragments": FileBomb("too-many-fragments", _hostile("flood-fragments-300000"),
                          {"fragments": NO_END}),
    "one value": FileBomb("value-too-long", _hostile("flood-text"), {"value": NO_END}),
    "values": FileBomb("too-many-values", _hostile("flood-values"), {"values": NO_END}),
    "header": FileBomb("header-too-large", _long_header, {"header": NO_END}),
    "inflated size": FileBomb("inflates-too-much", _large_inflated, {"inflated": NO_END}),
    "inflation": FileBomb("inflates-too-much", _hostile("bomb-deflate-8"),
                          {"inflate_ratio": NO_END}),
}  # fmt: skip


def _is_refused(data: bytes, code: str, limits: FileLimits) -> None:
    told = ""
    try:
        scan.scan(data, limits)
    except Refused as refused:
        told = refused.code
    assert told == code


@pytest.mark.parametrize("name", FILE_BOMBS)
def test_each_limit_of_the_scanner_is_needed(name: str) -> None:
    """Its bomb is refused by it, and by nothing else when it is off."""
    bomb = FILE_BOMBS[name]
    data = bomb.make()
    _is_refused(data, bomb.code, FileLimits())
    with pytest.raises(AssertionError):
        _is_refused(data, bomb.code, replace(FileLimits(), **bomb.off))


# --- what a request may hold ------------------------------------------------------------------

Check = Callable[[House], Awaitable[None]]
Patch = Callable[[pytest.MonkeyPatch], None]


def _framing(name: str, status: int, words: bytes) -> Check:
    """A multipart body is refused with this status, for this reason."""

    async def check(house: House) -> None:
        kind, body = FRAMINGS[name]
        told = {"Content-Type": kind}
        reply = await house.call(WHO, "POST", "/dicom-web/studies", told, data=body)
        assert (reply.status, words in reply.body) == (status, True)

    return check


async def _long_json(house: House) -> None:
    body = b'{"service":"imaging","urgency":"routine"}' + b" " * (2 << 20)
    told = {"Content-Type": "application/json"}
    reply = await house.call(WHO, "POST", "/api/requests", told, data=BytesIO(body))
    assert reply.status == 413


async def _long_body(house: House) -> None:
    assert (await house.store(WHO, ct_bytes(side=900))).status == 413


async def _strange_uid(house: House) -> None:
    assert (await house.store(WHO, ct_bytes(SeriesDescription="x"))).status == 200
    strange = (
        ct_bytes().replace(b"2.25.1.1.1\0", b"../../etc/\0").replace(b"2.25.1.1.1", b"../../etc/")
    )
    assert (await house.store(WHO, strange)).status in (400, 409)


async def _sent_metadata(house: House, kind: str, text: bytes) -> Reply:
    body = f"--b\r\nContent-Type: {kind}\r\n\r\n".encode() + text + b"\r\n--b--"
    told = {"Content-Type": f'multipart/related; type="{kind}"; boundary=b'}
    return await house.call(WHO, "POST", "/dicom-web/studies", told, data=BytesIO(body))


async def _long_metadata(house: House) -> None:
    """Metadata that would be hundreds of megabytes of objects."""
    text = b"[" + b" " * (9 << 20) + b"]"
    assert (await _sent_metadata(house, "application/dicom+json", text)).status == 413


async def _entities(house: House) -> None:
    """A document that declares what it will be blown up with."""
    text = b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel/>'
    reply = await _sent_metadata(house, "application/dicom+xml", text)
    assert (reply.status, b"DOCTYPE" in reply.body) == (400, True)


def _reader_default(name: str) -> Patch:
    """A limit that MultipartReader takes as the default of an argument."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        init = multipart.MultipartReader.__init__
        told = {**(init.__kwdefaults__ or {}), name: NO_END}
        monkeypatch.setattr(init, "__kwdefaults__", told)

    return patch


def _value(owner: object, name: str, value: object) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


REQUESTS: dict[str, tuple[Check, Patch]] = {
    "parts": (_framing("part crowd", 413, b"2000"), _reader_default("max_parts")),
    "part header": (_framing("header flood", 400, b"8192"), _reader_default("max_header")),
    "preamble": (_framing("preamble flood", 400, b"preamble"),
                 _value(multipart, "MAX_PREAMBLE", NO_END)),
    "metadata": (_long_metadata, _value(stow_metadata, "MOST_METADATA", NO_END)),
    "DOCTYPE": (_entities, _value(xmlmodel._Reader, "doctype", lambda *_told: None)),
    "JSON": (_long_json, _value(routing, "MAX_JSON", NO_END)),
    "UID": (_strange_uid, _value(scan, "valid_uid", lambda text: True)),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
async def test_each_bound_of_a_request_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The attack is refused; with the bound gone the same check fails."""
    check, off = REQUESTS[name]
    async with house_at(tmp_path) as house:
        await check(house)
        off(monkeypatch)
        with pytest.raises(AssertionError):
            await check(house)


async def test_the_size_of_a_body_is_needed(tmp_path: Path) -> None:
    """A body over `upload_max_bytes` is cut off; with a larger setting it is stored."""
    async with house_at(tmp_path / "on", upload_max_bytes=1 << 20) as house:
        await _long_body(house)
    async with house_at(tmp_path / "off") as house:
        with pytest.raises(AssertionError):
            await _long_body(house)


# --- whose page asks --------------------------------------------------------------------------


def _page(origin: str) -> list[str]:
    return [
        f"Origin: {origin}",
        f"Cookie: telemed={session_of('county-requester')}",
        f"X-CSRF-Token: {csrf_of('county-requester')}",
    ]


async def _foreign_page(server: Server) -> None:
    head = request("POST", "/api/requests", *_page("https://evil.example"),
                   "Content-Type: application/json", "Content-Length: 2")  # fmt: skip
    assert (await server.answer(head + b"{}")).status == 403


async def _no_csrf(server: Server) -> None:
    lines = [*_page(server.base)[:2], "Content-Type: application/json", "Content-Length: 2"]
    assert (await server.answer(request("POST", "/api/requests", *lines) + b"{}")).status == 403


async def _long_message(server: Server) -> None:
    """A socket that says far too much at once is closed."""
    headers = {"Origin": server.base, "Cookie": f"telemed={session_of('hub-reader')}"}
    async with (
        ClientSession() as http,
        http.ws_connect(server.base + "/live", headers=headers) as ws,
    ):
        await ws.send_json({"type": "hello", "since": None})
        await ws.receive_json(timeout=5)
        await ws.send_str('{"type":"' + "x" * 100_000 + '"}')
        with suppress(TimeoutError):
            await ws.receive(timeout=2)
        assert ws.close_code == 1009


def _let_pass(*args: object) -> None:
    return None


DOORS: dict[str, tuple[Callable[[Server], Awaitable[None]], Patch]] = {
    "origin": (_foreign_page, _value(auth, "check_origin", _let_pass)),
    "CSRF value": (_no_csrf, _value(auth, "check_csrf", _let_pass)),
    "length of a message": (_long_message, _value(live, "MAX_MESSAGE", 1 << 24)),
}


@pytest.mark.parametrize("name", DOORS)
async def test_each_door_is_needed(
    world_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The stranger is turned away; with the door open the same check fails."""
    check, off = DOORS[name]
    async with server_at(world_folder) as server:
        await check(server)
        off(monkeypatch)
        with pytest.raises(AssertionError):
            await check(server)


# --- deadlines --------------------------------------------------------------------------------

SOON = 6.0
"""Seconds within which QUICK's deadlines have cut every slow connection."""


async def _is_cut(server: Server, start: bytes, piece: bytes = b"") -> None:
    """A connection that begins so and then drips is ended by the server."""
    line = await server.line()
    line.send(start)
    try:
        async with asyncio.timeout(SOON):
            await (line.drip(piece) if piece else line.hung_up())
    except TimeoutError:
        raise AssertionError("it is still open") from None
    finally:
        line.close()


async def _slow_header(server: Server) -> None:
    await _is_cut(server, b"GET /health/live HTTP/1.1\r\nX-Slow: ", b"a")


async def _slow_body(server: Server) -> None:
    head = request("POST", "/api/session", f"Origin: {server.base}", "Content-Length: 900000",
                   "Content-Type: application/json")  # fmt: skip
    await _is_cut(server, head, b" ")


async def _idle(server: Server) -> None:
    await _is_cut(server, b"")


async def _half_open(server: Server) -> None:
    """Whoever says nothing after a whole answer, as a peer whose machine is gone, is ended."""
    await _is_cut(server, request("GET", "/health/live"))


async def _crowd(server: Server) -> None:
    held = [await server.line("127.0.0.9") for _ in range(QUICK.per_source)]
    for line in held:
        line.send(request("GET", "/health/live"))
        assert (await line.answer()).status == 200
    refused = await server.answer(request("GET", "/health/live"), "127.0.0.9")
    for line in held:
        line.close()
    assert refused.status == 503


async def _honest_upload(server: Server) -> None:
    """256 kbit/s, scaled: it needs longer than the grace and is served all the same."""
    body = multipart_pieces()
    lines = [*_page(server.base), "Content-Type: application/dicom",
             f"Content-Length: {sum(map(len, body))}"]  # fmt: skip
    lines[1] = f"Cookie: telemed={session_of('county-technician')}"
    lines[2] = f"X-CSRF-Token: {csrf_of('county-technician')}"
    line = await server.line()
    line.send(request("POST", "/dicom-web/studies", *lines))
    for piece in body:
        line.send(piece)
        await asyncio.sleep(0.1)
    assert (await line.answer()).status == 200
    line.close()


def multipart_pieces() -> list[bytes]:
    """An image in pieces of 3,200 bytes: ten a second are 256 kbit/s."""
    data = ct_bytes(side=180)
    return [data[at : at + 3200] for at in range(0, len(data), 3200)]


SLOW: dict[str, tuple[Callable[[Server], Awaitable[None]], dict[str, Any]]] = {
    "header": (_slow_header, {"header": 600.0}),
    "body": (_slow_body, {"grace": 600.0}),
    "idle": (_idle, {"idle": 600.0}),
    "half open": (_half_open, {"idle": 600.0}),
    "per source": (_crowd, {"per_source": 10_000}),
    "pace": (_honest_upload, {"rate": 1e9}),
}
"""The last row's switch takes the refill away, which is what spares an honest slow line."""


@pytest.mark.parametrize("name", SLOW)
async def test_each_deadline_is_needed(world_folder: Path, name: str) -> None:
    """It does its work at QUICK's pace, and without it the same check fails."""
    check, off = SLOW[name]
    async with server_at(world_folder) as server:
        await check(server)
    async with server_at(world_folder, replace(QUICK, **off)) as server:
        with pytest.raises(AssertionError):
            await check(server)


def test_limits_are_as_documented() -> None:
    """The rows above cover every limit there is: a new one needs a row."""
    covered = {key for bomb in FILE_BOMBS.values() for key in bomb.off}
    spared = {"bytes_per_node", "inflate_floor"}  # how an allowance is reckoned, none itself
    assert covered | spared == set(FileLimits.__slots__)
    slow = {key for _, off in SLOW.values() for key in off}
    elsewhere = {"stalled_answer", "total", "look"}  # tests/server/test_hardening.py
    assert slow | elsewhere == set(Limits.__slots__)
