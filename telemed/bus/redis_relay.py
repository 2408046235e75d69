"""The relay across processes: a Redis channel. What is said while Redis is away is lost.

Loaded only where a Redis is configured.
"""

import asyncio
import logging
from typing import Final

from telemed.bus.redis import AWAY, connect, end, listen
from telemed.bus.relay import Relay

log = logging.getLogger(__name__)
CHANNEL: Final = "telemed:conference"
MOST_WAITING: Final = 2000
"""More than this waits only for a Redis that is away; what is older than that helps nobody."""
_AT_ONCE: Final = 100


class RedisRelay(Relay):
    """Relays through one Redis."""

    def __init__(self, url: str, node: str) -> None:
        super().__init__()
        self._redis = connect(url)
        self._node = node.encode()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    def post(self, raw: bytes) -> None:
        """Say something to all other processes, in order."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(self._node + b"\n" + raw)

    async def start(self) -> None:
        """Begin to say and to listen."""
        listening = listen(self._redis, CHANNEL, self._hear, lambda: None)
        self._tasks = [asyncio.create_task(one) for one in (listening, self._say())]

    async def stop(self) -> None:
        """Stop listening and close."""
        await end(self._tasks)
        await self._redis.aclose()

    def _hear(self, raw: bytes) -> None:
        node, _, said = raw.partition(b"\n")
        if node != self._node:
            self.heard(said)

    async def _say(self) -> None:
        while True:
            said = [await self._waiting.get()]
            while len(said) < _AT_ONCE and not self._waiting.empty():
                said.append(self._waiting.get_nowait())
            try:
                async with self._redis.pipeline(transaction=False) as line:
                    for one in said:
                        line.publish(CHANNEL, one)
                    await line.execute()
            except AWAY as problem:
                log.warning("conferences: redis is away: %s", type(problem).__name__)
