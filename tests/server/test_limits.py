"""Attempts and live sockets are counted by all servers together, and by each while Redis is away.

Two servers with a database each and one Redis between them: what they know of each other is there.
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis as Client
from websockets.exceptions import InvalidStatus

from telemed.actions import accounts as acts
from telemed.bus import redis_counts
from telemed.bus.counts import Count, Span
from telemed.bus.redis_counts import RedisCounts
from telemed.server.budgets import spent_until
from tests.server.test_live import PATIENCE, hello, socket
from tests.server.test_metrics import scraped, value
from tests.services import Redis
from tests.world import World, world_at

NOW = datetime(2026, 3, 5, tzinfo=UTC)
SECRET = "x" * 32
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("unheard-of")
"""These tests are about how often, and guess some fifty times."""


@pytest.fixture
async def pair(
    world_template: Path, tmp_path: Path, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[World, World]]:
    """Two servers on one Redis."""
    monkeypatch.setattr(acts, "dummy_hash", lambda: QUICK)
    async with AsyncExitStack() as stack:
        found = []
        for name in ("one", "two"):
            folder = shutil.copytree(world_template, tmp_path / name / "data")
            settings = {"redis_url": redis_server.url, "secret": SECRET}
            found.append(await stack.enter_async_context(world_at(folder, **settings)))
        yield found[0], found[1]


async def attempt(world: World, username: str) -> int:
    """Sign in with a wrong password; the status."""
    body = {"username": username, "password": "wrong"}
    return (await world.client("nobody").call("POST", "/api/session", body)).status


async def counted_alone(world: World) -> float:
    """Whether a server tells Prometheus that it cannot ask the others."""
    return value(await scraped(world), "telemed_limits_counted_alone")


async def lets_in(world: World, who: str) -> None:
    """One more socket is let in within the tests' patience."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with socket(world, who) as one:
                    await hello(one)
                    return
            except InvalidStatus as refused:
                assert refused.response.status_code == 429
                await asyncio.sleep(0.02)


async def test_attempts_are_counted_together_and_alone_without_redis(
    pair: tuple[World, World], redis_server: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty from one address in all; without Redis thirty at each, and one warning for all."""
    one, two = pair
    caplog.set_level(logging.WARNING, redis_counts.__name__)
    statuses = [await attempt(pair[n % 2], f"guess{n}") for n in range(31)]
    assert statuses == [401] * 30 + [429]
    assert await attempt(one, "guess-a") == await attempt(two, "guess-b") == 429
    assert [await counted_alone(world) for world in pair] == [0, 0]
    with Client(port=redis_server.port) as client:
        keys = client.keys("*")
        assert keys and all(client.ttl(key) > 0 for key in keys)
        assert not any(b"guess" in key or b"127.0.0.1" in key for key in keys)
    redis_server.kill()
    statuses = [await attempt(one, f"other{n}") for n in range(16)]
    assert statuses == [401] * 15 + [429]
    assert await attempt(two, "other") == 401
    assert [await counted_alone(world) for world in pair] == [1, 1]
    said = [r for r in caplog.records if "each server counts alone" in r.getMessage()]
    assert len(said) == 2  # one of each server


async def test_a_made_up_name_locks_at_all_servers(pair: tuple[World, World]) -> None:
    """As a real account does, whose count is in the database (AU-03)."""
    assert [await attempt(pair[n % 2], "nobody") for n in range(6)] == [401] * 4 + [429] * 2


async def test_sockets_are_counted_together(pair: tuple[World, World]) -> None:
    """The sixth is refused at either server, and a place that was left is free at both."""
    one, two = pair
    async with AsyncExitStack() as stack:
        for world in (one, one, one, two, two):
            await hello(await stack.enter_async_context(socket(world, "hub-reader")))
        for world in pair:
            with pytest.raises(InvalidStatus) as refused:
                async with socket(world, "hub-reader"):
                    pass
            assert refused.value.response.status_code == 429
        await lets_in(two, "hub-verifier")
    await lets_in(two, "hub-reader")


async def test_places_of_a_forgotten_server_come_free(redis_server: Redis) -> None:
    """What was not given back counts until its server's own key is gone; a flush loses counts."""
    dead, living = (RedisCounts(redis_server.url, name, SECRET) for name in ("dead", "living"))
    try:
        places = [await dead.enter("reader", 2) for _ in range(3)]
        assert all(places[:2]) and places[2] is None
        assert await living.enter("reader", 2) is None
        with Client(port=redis_server.port) as client:
            (alive,) = client.keys("*server:dead")
            assert 0 < client.ttl(alive) <= redis_counts.FORGET_SECONDS
            client.delete(alive)  # as its time would
            assert await living.enter("reader", 2)
            assert await living.enter("reader", 2)
            assert await living.enter("reader", 2) is None
            client.flushall()
        assert await living.enter("reader", 2)
        assert (await living.add("device", "a", Span(60)) or Count(0, 0)).number == 1
        await living.forget("device", "a")
        assert (await dead.look("device", "a") or Count(9, 0)).number == 0
        redis_server.kill()
        assert await living.enter("reader", 1) == ""
        assert await living.look("device", "a") is None
    finally:
        await dead.stop()
        await living.stop()


@given(st.integers(0, 50), st.floats(0, 900), st.integers(1, 30))
def test_a_common_count_refuses_exactly_while_it_is_spent(
    number: int, seconds: float, most: int
) -> None:
    """Until it is forgotten, and never without an end."""
    until = spent_until(Count(number, seconds), most, NOW)
    assert (until is not None) == (number >= most and seconds > 0)
    assert until is None or until == NOW + timedelta(seconds=seconds)
    assert spent_until(None, most, NOW) is None
