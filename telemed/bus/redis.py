"""The bell across processes: a Redis channel. Deaf, not dead, while Redis is away.

Loaded only where a Redis is configured: a desk has none.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

from telemed.bus import InProcessBell

log = logging.getLogger(__name__)
CHANNEL: Final = "telemed:bell"
AWAY: Final = (RedisError, OSError)
"""How a Redis that is away shows."""
SILENCE_SECONDS: Final = 3.0
"""After so long without a word the line is tried; as long again without one, and it is dead."""
BREATH_SECONDS: Final = 1.0


def connect(url: str) -> aioredis.Redis:
    """A client that gives up soon; a connection that died while it was idle is made anew."""
    again = Retry(NoBackoff(), 1)
    return aioredis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=again)


async def listen(
    client: aioredis.Redis,
    channel: str,
    hear: Callable[[bytes], None],
    connected: Callable[[], None],
) -> None:
    """Hand on what is said on a channel until canceled; `connected` whenever the line is new."""
    while True:
        try:
            await _listen(client, channel, hear, connected)
        except AWAY as problem:
            log.warning("%s: redis is away, polling: %s", channel, type(problem).__name__)
        except Exception:
            log.exception("%s stumbled", channel)
        await asyncio.sleep(BREATH_SECONDS)


async def _listen(
    client: aioredis.Redis,
    channel: str,
    hear: Callable[[bytes], None],
    connected: Callable[[], None],
) -> None:
    """Until the line breaks, or says nothing when it is asked: a cut cable hangs up nowhere."""
    async with client.pubsub() as line:
        await line.subscribe(channel)
        connected()
        asked = False
        while True:
            told = await line.get_message(ignore_subscribe_messages=True, timeout=SILENCE_SECONDS)
            if told is not None:
                asked = False
                if told["type"] == "message":
                    hear(told["data"])
            elif asked:
                raise NoAnswer(channel)
            else:
                asked = True
                await line.ping()


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks that use a client until they are over: a cancellation that comes together with
    the client's own timeout is lost (until Python 3.12)."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=BREATH_SECONDS)


class RedisBell(InProcessBell):
    """Rings here and in every other server process; deaf, not dead, while Redis is away."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = connect(url)
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def ring(self) -> None:
        """Wake this process at once and the others through Redis."""
        self.ring_here()
        self._wanted.set()

    async def start(self) -> None:
        """Begin to ring for others and to listen."""
        listening = listen(self._redis, CHANNEL, lambda _: self.ring_here(), self.ring_here)
        self._tasks = [asyncio.create_task(one) for one in (listening, self._ring_for_others())]

    async def stop(self) -> None:
        """Stop listening and close."""
        await end(self._tasks)
        await self._redis.aclose()

    async def _ring_for_others(self) -> None:
        """One ring at a time: those that come meanwhile are one, and a Redis that hangs holds up
        nothing but this."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._redis.publish(CHANNEL, b"")
            except AWAY as problem:
                log.warning("bell: redis is away, others poll: %s", type(problem).__name__)
                await asyncio.sleep(BREATH_SECONDS)
