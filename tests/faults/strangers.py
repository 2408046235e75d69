"""Clients that hang up at any byte, and clients that take nothing: raw bytes on a live socket."""

import asyncio
import random
import socket as sockets
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from tests import world
from tests.faults.network import Network
from tests.server.test_live_frames import PING, frame

_LITTLE: Final = 4096
_AT_ONCE: Final = 40


def handshake(network: Network, who: str, node: str) -> bytes:
    """What opens a live socket."""
    lines = (
        "GET /live HTTP/1.1",
        "Host: a",
        f"Origin: {network.at(node)}",
        f"Cookie: telemed={world.session_of(who)}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    )
    return "\r\n".join((*lines, "", "")).encode()


FRAMES: Final = b"".join((
    frame('{"type": "hello", "since": null, "presence": true}'),
    frame('{"type": "ping"}'),
    frame("still here", PING),
    frame('{"type": "presence", "requests": ["no such case"]}'),
    frame('{"type": "somethi', fin=False),
    frame('ng else"}', 0),
))  # fmt: skip


async def hang_up_at_random(
    network: Network, node: str, count: int, chance: random.Random, who: Sequence[str]
) -> None:
    """So many clients, each gone after so many bytes, with a goodbye or without."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str, cut: int, rudely: bool) -> None:
        async with free:
            with suppress(ConnectionError):
                await _hang_up(network, name, node, cut, rudely)

    length = len(handshake(network, who[0], node)) + len(FRAMES)
    # Half of them within the handshake, half within the frames.
    await asyncio.gather(*(
        one(chance.choice(who), chance.randrange(length), chance.random() < 0.5)
        for _ in range(count)
    ))  # fmt: skip


async def _hang_up(network: Network, who: str, node: str, cut: int, rudely: bool) -> None:
    opening = handshake(network, who, node)
    reader, writer = await asyncio.open_connection("127.0.0.1", network.ports[node])
    try:
        writer.write(opening[:cut])
        if cut >= len(opening):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.write(FRAMES[: cut - len(opening)])
        await writer.drain()
    except asyncio.IncompleteReadError:
        pass
    finally:
        if rudely:  # RST instead of FIN
            raw = writer.get_extra_info("socket")
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def take_nothing(network: Network, who: str, node: str) -> sockets.socket:
    """A live socket whose owner never reads after the welcome; close it at the end."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, _LITTLE)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", network.ports[node]))
    hello = frame('{"type": "hello", "since": null}')
    await loop.sock_sendall(raw, handshake(network, who, node) + hello)
    got = b""
    async with asyncio.timeout(30):
        while b'"welcome"' not in got:
            got += await loop.sock_recv(raw, _LITTLE)
    return raw
