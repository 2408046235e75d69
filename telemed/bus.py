"""The bell: something was written, look again. It carries no facts.

A lost ring costs a second (everybody who waits also polls), never a fact. In one process it is an
asyncio event; across processes a Redis channel that falls back to polling when Redis is away.
"""

import asyncio
import logging
from typing import Protocol

import redis.asyncio as aioredis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
CHANNEL = "telemed:bell"
POLL_SECONDS = 1.0


class Bell(Protocol):
    """Ring after a commit; wait for the next ring or the poll interval."""

    def ring(self) -> None: ...

    async def wait(self, seconds: float = POLL_SECONDS) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class InProcessBell:
    """Wakes everybody in this process."""

    def __init__(self) -> None:
        self._rung: asyncio.Event = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now; those who come later wait for the next ring."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float = POLL_SECONDS) -> bool:
        """Whether it rang within `seconds`."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""


class RedisBell(InProcessBell):
    """Rings here and in every other server process; deaf, not dead, while Redis is away."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = aioredis.from_url(url, socket_timeout=5, socket_connect_timeout=2)
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        """Wake this process at once and the others through Redis."""
        super().ring()
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
                            super().ring()
            except RedisError as problem:
                log.warning("bell: redis is away, polling: %s", problem)
                await asyncio.sleep(2)
