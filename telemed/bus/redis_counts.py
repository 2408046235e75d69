"""Counts of all servers in Redis: whoever cannot be asked in time is not asked again for a second.

Keys carry no name and no address, only their keyed hash, and each ends by itself. The places of
sockets are named after their server, and count only while that server's own key is there: it is
refreshed with one command every few seconds however many sockets are open, so a server that was
killed keeps no place for long. A flush loses only the counts. One Redis, no cluster: the scripts
look at keys that they find. Loaded only where a Redis is configured.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Final, TypeVar

import redis.asyncio as aioredis

from telemed.bus.counts import Count, Counts, Span
from telemed.bus.redis import AWAY, BREATH_SECONDS, connect, end

log = logging.getLogger(__name__)
T = TypeVar("T")
PREFIX: Final = "telemed:count:"
WAIT_SECONDS: Final = 0.3
"""How long an answer is waited for; then this process decides alone."""
BEAT_SECONDS: Final = 8.0
FORGET_SECONDS: Final = 30
"""A server that has not said for so long that it lives has no sockets."""
PLACES_SECONDS: Final = 4 * 86400
"""Longer than a session lasts. A machine's socket may outlast it, and is then not counted here."""

_LOOK: Final = "return {tonumber(redis.call('GET', KEYS[1]) or 0), redis.call('PTTL', KEYS[1])}"
_ADD: Final = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if n == tonumber(ARGV[2]) and tonumber(ARGV[3]) > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {n, redis.call('PTTL', KEYS[1])}
"""
_ENTER: Final = """
redis.call('SET', ARGV[1] .. ARGV[2], 1, 'EX', ARGV[4])
for _, place in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local server = string.match(place, '^[^/]+')
  if redis.call('EXISTS', ARGV[1] .. server) == 0 then redis.call('SREM', KEYS[1], place) end
end
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[6]) then return 0 end
redis.call('SADD', KEYS[1], ARGV[2] .. '/' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""


class RedisCounts(Counts):
    """Counts that all servers on one Redis share; `secret` is the same at each of them."""

    def __init__(self, url: str, node: str, secret: str) -> None:
        self._redis: aioredis.Redis = connect(url)
        self._node, self._secret = node, secret.encode()
        self._look = self._redis.register_script(_LOOK)
        self._add = self._redis.register_script(_ADD)
        self._enter = self._redis.register_script(_ENTER)
        self._numbers = count()
        self._away = False
        self._ask_again = float("-inf")
        self._left: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def cut_off(self) -> bool:
        return self._away

    async def look(self, kind: str, key: str) -> Count | None:
        return _count(await self._ask(lambda: self._look(keys=[self._key(kind, key)])))

    async def add(self, kind: str, key: str, span: Span) -> Count | None:
        numbers = [int(span.seconds * 1000), span.most, int(span.lock * 1000)]
        return _count(await self._ask(lambda: self._add(keys=[self._key(kind, key)], args=numbers)))

    async def forget(self, kind: str, key: str) -> None:
        await self._ask(lambda: self._redis.delete(self._key(kind, key)))

    async def enter(self, account_id: str, most: int) -> str | None:
        number, servers = str(next(self._numbers)), f"{PREFIX}server:"
        known: list[str | int] = [servers, self._node, number, FORGET_SECONDS, PLACES_SECONDS, most]
        key, place = self._key("sockets", account_id), f"{self._node}/{number}"
        asked = not self._resting()
        entered = await self._ask(lambda: self._enter(keys=[key], args=known))
        if entered is None:
            if asked:  # it may have been counted although nobody said so
                self.leave(account_id, place)
            return ""
        return place if entered else None

    def leave(self, account_id: str, place: str) -> None:
        if place:
            self._left.add((self._key("sockets", account_id), place))
            self._wake.set()

    async def start(self) -> None:
        """Begin to say that this server lives."""
        self._tasks = [asyncio.create_task(self._live())]

    async def stop(self) -> None:
        """All its places are free."""
        await end(self._tasks)
        with suppress(*AWAY, TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await self._redis.delete(f"{PREFIX}server:{self._node}")
        await self._redis.aclose()

    async def _live(self) -> None:
        """Say so every few seconds, and give back at once the places that were left."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            left = tuple(self._left)
            if await self._ask(partial(self._beat, left)) is None:
                await asyncio.sleep(BREATH_SECONDS)
                self._wake.set()
            else:
                self._left.difference_update(left)

    async def _beat(self, left: tuple[tuple[str, str], ...]) -> bool:
        async with self._redis.pipeline(transaction=False) as together:
            together.set(f"{PREFIX}server:{self._node}", 1, ex=FORGET_SECONDS)
            for key, place in left:
                together.srem(key, place)
            await together.execute()
        return True

    def _key(self, kind: str, key: str) -> str:
        """Nobody who reads Redis reads a name or an address."""
        hidden = hmac.new(self._secret, f"{kind}\n{key}".encode(), hashlib.sha256).hexdigest()
        return f"{PREFIX}{kind}:{hidden[:32]}"

    def _resting(self) -> bool:
        return asyncio.get_running_loop().time() < self._ask_again

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """The answer; None while Redis is away, said once. Nobody waits longer than so long."""
        if self._resting():
            return None
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                answer = await question()
        except (*AWAY, TimeoutError) as problem:
            self._ask_again = asyncio.get_running_loop().time() + BREATH_SECONDS
            if not self._away:
                self._away = True
                log.warning(
                    "limits: redis is away, each server counts alone: %s", type(problem).__name__
                )
            return None
        if self._away:
            self._away = False
            log.info("limits: redis is back, all servers count together")
        return answer


def _count(answer: list[int] | None) -> Count | None:
    return None if answer is None else Count(answer[0], max(answer[1], 0) / 1000)
