"""A line to a TURN server that can get thin: what there is no room for is lost, as by a router.

TURN over TCP keeps messages apart, so that relayed ones can be left out while all else goes
through whole. Knows the two kinds of messages (RFC 8656 12.5 and RFC 8489 5) and nothing of what is
in them.
"""

import asyncio
import time
from dataclasses import dataclass

from tests.faults.wire import Line, Wire

BURST_SECONDS = 0.4
"""What fits into the router's memory."""


@dataclass
class ThinLine(Wire):
    """Carries `kbps` on each connection each way, and everything while that is 0."""

    kbps: int = 0

    async def pump(
        self, line: Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        """Carry one way, message by message."""
        room, at = 0.0, time.monotonic()
        try:
            while True:
                message, relayed = await _message(source)
                now = time.monotonic()
                rate = self.kbps * 125
                room, at = min(room + (now - at) * rate, BURST_SECONDS * rate), now
                if line.dead or (relayed and self.kbps and len(message) > room):
                    continue
                room -= len(message)
                sink.write(message)
                await sink.drain()
        except asyncio.IncompleteReadError:
            if line.dead:
                await asyncio.Event().wait()  # not even that somebody hung up comes through


async def _message(source: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The next message, and whether it is one that is relayed."""
    head = await source.readexactly(4)
    length = int.from_bytes(head[2:])
    if head[0] & 0xC0 == 0x40:  # ChannelData, padded to four bytes
        return head + await source.readexactly((length + 3) // 4 * 4), True
    indication = head[0] & 0x01 == 0 and head[1] & 0x10 == 0x10
    return head + await source.readexactly(16 + length), indication
