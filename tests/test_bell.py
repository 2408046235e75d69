"""The bell wakes everybody who waits, misses no ring, and rings across processes by Redis."""

import asyncio

from telemed.bus import InProcessBell
from telemed.bus.redis import RedisBell
from tests.services import Redis


async def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    """Take the upcoming ring, look, then wait: a ring meanwhile ends the wait at once."""
    bell = InProcessBell()
    upcoming = bell.upcoming()
    bell.ring()
    assert await bell.wait(upcoming, 5)


async def test_everybody_who_waits_wakes_and_nobody_wakes_twice() -> None:
    """One ring, all waiters; the next wait needs the next ring."""
    bell = InProcessBell()
    waits = [asyncio.create_task(bell.wait(bell.upcoming(), 5)) for _ in range(50)]
    await asyncio.sleep(0)
    bell.ring()
    assert all(await asyncio.gather(*waits))
    assert not await bell.wait(bell.upcoming(), 0.01)


async def test_a_ring_crosses_processes_and_redis_may_come_and_go(redis_server: Redis) -> None:
    """Two bells on one Redis hear each other; without Redis each still wakes its own process."""
    one, other = RedisBell(redis_server.url), RedisBell(redis_server.url)
    await one.start()
    await other.start()
    try:
        assert await _heard(one, other)
        redis_server.kill()
        upcoming = one.upcoming()
        one.ring()
        assert await one.wait(upcoming, 5)
        redis_server.start()
        assert await _heard(one, other)
    finally:
        await one.stop()
        await other.stop()


async def _heard(one: RedisBell, other: RedisBell) -> bool:
    """Whether the other hears one within a few tries: a subscription takes a moment."""
    for _ in range(40):
        upcoming = other.upcoming()
        one.ring()
        if await other.wait(upcoming, 0.5):
            return True
    return False
