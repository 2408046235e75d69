"""What a stranger may send over the live socket: raw frames against the table of docs/api.md.

Each row is bytes and what must come of them: a close code, or an error message and a socket that
goes on. Whatever they send, the sockets beside them hear everything.
"""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import orjson
import pytest

from telemed.server import live
from tests.server.test_live import activities, head, hello, socket
from tests.world import World, session_of

PATIENCE = 10.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    payload: bytes | str,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    masked: bool = True,
    reserved: int = 0,
    said: int | None = None,
) -> bytes:
    """A client's frame (RFC 6455 5.2); `said` is a length that is not the payload's."""
    data = payload.encode() if isinstance(payload, str) else payload
    size = len(data) if said is None else said
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, mask_bit | size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + data


@dataclass
class Wire:
    """A connection after its handshake, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[tuple[int, bytes]] = field(default_factory=list)

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def next(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame that is no ping."""
        async with asyncio.timeout(PATIENCE):
            while True:
                first, size = await self.reader.readexactly(2)
                assert not size & 0x80, "a server never masks"
                if size == 126:
                    (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                payload = await self.reader.readexactly(size)
                if first & 0xF not in (PING, PONG):
                    return first & 0xF, payload

    async def code(self) -> int:
        """The code they are closed with; 1006 when the line was only cut."""
        try:
            while True:
                opcode, payload = await self.next()
                if opcode == CLOSE:
                    return int(struct.unpack("!H", payload[:2])[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006


@asynccontextmanager
async def wire(base: str, greet: bool = True) -> AsyncIterator[Wire]:
    """A raw live socket of the hub's reader."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
    key = base64.b64encode(b"0123456789abcdef").decode()
    writer.write(
        f"GET /live HTTP/1.1\r\nHost: x\r\nOrigin: {base}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Cookie: telemed={session_of('hub-reader')}\r\n\r\n".encode()
    )
    one = Wire(reader, writer)
    try:
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        if greet:
            await one.send(frame('{"type":"hello"}'))
            assert b"welcome" in (await one.next())[1]
        yield one
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


DEEP = "[" * 8000 + "]" * 8000
CLOSED: dict[str, tuple[list[bytes], set[int]]] = {
    "a reserved bit": ([frame("{}", reserved=4)], {1002}),
    "a reserved opcode": ([frame("{}", 3)], {1002}),
    "a reserved control opcode": ([frame("", 11)], {1002}),
    "a ping in pieces": ([frame("x", PING, fin=False)], {1002}),
    "a ping of 126 bytes": ([frame("x" * 126, PING)], {1002}),
    "a continuation of nothing": ([frame("x", 0)], {1002}),
    "a message inside another": ([frame("{", fin=False), frame("{}")], {1002}),
    "a close of one byte": ([frame(b"\x03", CLOSE)], {1002}),
    "a close with a code nobody has": ([frame(struct.pack("!H", 999), CLOSE)], {1002}),
    "bytes that are not UTF-8": ([frame(b'{"type":"\xff"}')], {1007}),
    "half a character at the end": ([frame(b'{"type":"\xe4\xb8')], {1007, 1008}),
    "too large": ([frame("x" * (17 << 10))], {1009}),
    "said to be 2 GB": ([frame("", said=1 << 31)], {1009}),
    "said to be longer than there is": ([frame("", said=(1 << 63) - 1)], {1002, 1009}),
    "too large in pieces": (
        [frame("x" * 1000, fin=False), *[frame("x" * 1000, 0, fin=False)] * 20], {1009}),
    "binary": ([frame(b"{}", BINARY)], {1008}),
    "not JSON": ([frame("{")], {1008}),
    "nothing": ([frame("")], {1008}),
    "a list": ([frame("[]")], {1008}),
    "a number": ([frame("1e999")], {1008}),
    "nested too deep": ([frame(DEEP)], {1008}),
    "an object nested too deep": ([frame('{"a":' * 2500 + "1" + "}" * 2500)], {1008}),
}  # fmt: skip


@pytest.mark.parametrize("what", CLOSED)
async def test_what_closes_the_socket(world: World, what: str) -> None:
    """The code of the table, and everything is given back."""
    raw, codes = CLOSED[what]
    async with wire(world.base) as one:
        try:
            for piece in raw:
                await one.send(piece)
        except ConnectionError:
            pass
        assert await one.code() in codes
    await all_gone(world)


GOES_ON = {
    "an unknown type": '{"type":"subscribe","channel":"county"}',
    "no type": '{"requests":[]}',
    "a type that is no word": '{"type":{"a":[1]}}',
    "a second hello": '{"type":"hello","since":0}',
    "presence without a list": '{"type":"presence","requests":"all"}',
    "presence of numbers": '{"type":"presence","requests":[1,2]}',
    "presence of nested things": '{"type":"presence","requests":[["x"],{"id":"x"}]}',
    "a queue of somebody else": '{"type":"listen","account":"county-requester"}',
}


async def test_what_is_answered_and_goes_on(world: World) -> None:
    """The one error shape in both languages; nothing of what was sent comes back."""
    async with wire(world.base) as one:
        for said in GOES_ON.values():
            await one.send(frame(said))
            opcode, payload = await one.next()
            told = orjson.loads(payload)
            assert (opcode, told["type"], told["code"]) == (TEXT, "error", "invalid"), said
            assert told["zh"] and told["en"] and b"county" not in payload
        case = await world.sent()
        told = orjson.loads((await one.next())[1])
        assert case in {item["request_id"] for item in told["items"]}


async def test_what_is_well_formed_is_taken_in_any_pieces(world: World) -> None:
    """A message in fragments with a ping between them, byte by byte on the line."""
    said = frame('{"type":"he', fin=False) + frame("?", PING) + frame('llo","since":null}', 0)
    async with wire(world.base, greet=False) as one:
        for byte in said:
            await one.send(bytes((byte,)))
        assert b"welcome" in (await one.next())[1]
        # Twenty cases count; what is more, odd or long is passed over.
        await one.send(frame(orjson.dumps({"type": "presence", "requests": ["x" * 200] * 60})))
        await one.send(frame('{"type":"?"}'))
        assert orjson.loads((await one.next())[1])["type"] == "error"


SINCE = ("-1", "1.5", "1e3", "4611686018427387904", "true", '"7"', "[7]", "{}", "1e400",
         "9" * 400)  # fmt: skip


@pytest.mark.parametrize("since", SINCE)
async def test_a_number_that_is_none_is_shown_out(world: World, since: str) -> None:
    """Negative, a fraction, huge, of another type (WS-09)."""
    async with wire(world.base, greet=False) as one:
        await one.send(frame(f'{{"type":"hello","since":{since}}}'))
        assert await one.code() == 1008


async def test_bad_company_costs_the_others_nothing(world: World) -> None:
    """While every row is played at once, a socket beside them hears each fact once, in order."""
    async with socket(world, "county-requester") as beside:
        start = (await hello(beside))["seq"]

        async def play(raw: list[bytes]) -> None:
            try:
                async with wire(world.base) as one:
                    for piece in raw:
                        await one.send(piece)
                    await one.code()
            except (ConnectionError, AssertionError, asyncio.IncompleteReadError):
                pass  # refused as a sixth socket of this account, or cut

        rows = [raw for raw, _ in CLOSED.values()]
        _, case = await asyncio.gather(asyncio.gather(*map(play, rows)), world.sent())
        heard = await activities(beside, await head(world))
        seqs = [item["seq"] for item in heard]
        assert seqs == sorted(set(seqs)) and min(seqs) > start
        assert case in {item["request_id"] for item in heard}


async def all_gone(world: World) -> None:
    """Nothing is left of closed sockets."""
    readers = world.app[live.LIVE].readers
    async with asyncio.timeout(PATIENCE):
        while readers.all:
            await asyncio.sleep(0.01)
    assert not list(readers.places()) and readers.count_of("hub-reader") == 0
