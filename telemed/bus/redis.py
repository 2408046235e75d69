"""The bell across processes: a Redis channel. Deaf, not dead, while Redis is away.

Loaded only where a Redis is configured: a desk has none.
"""

import asyncio
import logging

import redis.asyncio as aioredis
from redis.exceptions import RedisError

from telemed.bus import InProcessBell

log = logging.getLogger(__name__)
CHANNEL = "telemed:bell"


class RedisBell(InProcessBell):
    """Rings here and in every other server process; deaf, not dead, while Redis is away."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = aioredis.from_url(url, socket_timeout=5, socket_connect_timeout=2)
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        """Wake this process at once and the others through Redis."""
        self.ring_here()
        self._spawn(self._publish())

    async def start(self) -> None:
        """Begin to listen."""
        self._spawn(self._listen())

    async def stop(self) -> None:
        """Stop listening and close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self) -> None:
        try:
            await self._redis.publish(CHANNEL, b"")
        except RedisError as problem:
            log.warning("bell: redis is away, others will poll: %s", problem)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        heard = await channel.get_message(ignore_subscribe_messages=True, timeout=2)
                        if heard is not None:
                            self.ring_here()
            except RedisError as problem:
                log.warning("bell: redis is away, polling: %s", problem)
                await asyncio.sleep(2)
