"""Redis and PostgreSQL fail under three servers: nothing is lost, and nobody has to be restarted.

TELEMED_FAULT_CYCLES says how often each fault is played; once where it is not set.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psycopg
import pytest
from aiohttp import ClientSession

from tests import world
from tests.faults.checks import Ledger, everything_holds
from tests.faults.ears import Ear, hello, listening, socket
from tests.faults.network import NODES, Network, Page, until
from tests.faults.readers_at_work import Reader, team_of

pytestmark = [pytest.mark.services, pytest.mark.crash, pytest.mark.timeout(600)]
CYCLES = int(os.environ.get("TELEMED_FAULT_CYCLES", "1"))
AT_ONCE = 0.2
"""Seconds: by polling alone an event is heard as soon as this once in five times."""
IN_A_ROW = 8
PATIENCE = 60.0
"""Seconds for many things in a row, of which one alone would be held up for five by a Redis that
hangs if anything waited for it."""
BUDGET = 30
"""Wrong passwords of one address within ten minutes."""
LATE = 9
"""What Redis on a busy machine does not answer in time is counted by a server alone."""
_GUESSES = itertools.count()


# --- Redis ------------------------------------------------------------------------------------


@asynccontextmanager
async def killed(network: Network) -> AsyncIterator[None]:
    """SIGKILL, and started anew, empty."""
    network.redis.kill()
    yield
    network.redis.start()


@asynccontextmanager
async def flushed(network: Network) -> AsyncIterator[None]:
    """FLUSHALL in the midst of it."""
    told(network, b"FLUSHALL")
    yield


@asynccontextmanager
async def paused(network: Network) -> AsyncIterator[None]:
    """It accepts connections and answers nothing."""
    assert network.redis.process is not None
    network.redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        network.redis.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def cut_off(network: Network) -> AsyncIterator[None]:
    """The cable is pulled: nobody hangs up, and the old connections never come back."""
    network.to_redis.silence()
    yield
    network.to_redis.mend()


def told(network: Network, command: bytes) -> None:
    """One command to Redis, answered with OK."""
    import socket

    with socket.create_connection(("127.0.0.1", network.redis.port), 10) as wire:
        wire.sendall(command + b"\r\n")
        assert wire.recv(64).startswith(b"+OK")


@pytest.mark.parametrize("fault", [killed, flushed, paused, cut_off])
async def test_without_redis_events_come_by_polling_and_with_it_at_once_again(
    network: Network,
    http: ClientSession,
    ledger: Ledger,
    fault: Callable[[Network], AbstractAsyncContextManager[None]],
) -> None:
    """What is done at one server is heard at another all through; afterwards presence is whole."""
    team = await team_of(network, http, ledger, ["hub-reader"], nodes=("a",))
    (reader,) = team.readers
    async with listening(network, "hub-coordinator", nodes=("b",)) as (ear,):
        await heard_at_once(reader, ear)
        for _ in range(CYCLES):
            async with fault(network):
                for _ in range(4):
                    await heard(reader, ear)
            await heard_at_once(reader, ear)
            await everybody_is_seen(network, http, "hub-coordinator")
        await team.put_down()
        await everything_holds(network, ledger, [ear])
    for node in NODES:
        assert "stumbled" not in network.said(node)


async def heard(reader: Reader, ear: Ear) -> float:
    """Do something; seconds from the answer until it was heard elsewhere."""
    before = len(ear.heard)
    await reader.step()
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(30):
        while len(ear.heard) == before:
            await asyncio.sleep(0.005)
    return loop.time() - began


async def heard_at_once(reader: Reader, ear: Ear) -> None:
    """Until so many events in a row come sooner than polling could bring them."""
    row = 0
    async with asyncio.timeout(120):
        while row < IN_A_ROW:
            row = row + 1 if await heard(reader, ear) < AT_ONCE else 0


async def everybody_is_seen(network: Network, http: ClientSession, who: str) -> None:
    """Every server knows again that somebody who is connected at one of them is there."""
    async with asyncio.timeout(60):
        for node in NODES:
            while True:
                shown = await presence(network, http, node)
                if shown["whole"] and who in {one["account_id"] for one in shown["people"]}:
                    break
                await asyncio.sleep(0.1)


async def test_a_redis_that_hangs_holds_up_and_refuses_nobody(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """It takes every command and answers none, until each server says that it does not know who is
    at the others: people work, sign in and come in as ever, attempts are counted by each server
    alone, one server is stopped and started. Then all is at once, and counted together, again."""
    team = await team_of(network, http, ledger)
    async with listening(network, "hub-coordinator", "county-requester") as ears:
        assert abs(await let_in(network, http) - BUDGET) <= LATE
        async with team.at_work():
            async with paused(network):
                async with asyncio.timeout(PATIENCE):
                    assert [await guess(network, http, node) for node in NODES] == [401] * 3
                    for _ in range(4):
                        for node in NODES:
                            await comes_in(network, http, "hub-technician", node)
                await team.until_more(30)
                process = network.programs["c"].process
                assert process is not None
                process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, PATIENCE) == 0
                await asyncio.to_thread(network.start, "c")
                async with asyncio.timeout(PATIENCE):
                    for node in NODES:
                        while (await presence(network, http, node))["whole"]:
                            await asyncio.sleep(0.1)
            await team.until_more(30)
        await everybody_is_seen(network, http, "hub-coordinator")
        async with asyncio.timeout(PATIENCE):
            for node in NODES:
                while await guess(network, http, node) != 429:
                    await asyncio.sleep(0.1)
        await team.put_down()
        (reader,) = (one for one in team.readers if one.who == "hub-reader")
        reader.nodes = ("a",)
        async with listening(network, "hub-coordinator", nodes=("b",)) as (ear,):
            await heard_at_once(reader, ear)
        await team.put_down()
        assert [reader.refused for reader in team.readers] == [0] * len(team.readers)
        await everything_holds(network, ledger, ears)
    for node in NODES:
        assert "stumbled" not in network.said(node)


async def guess(network: Network, http: ClientSession, node: str) -> int:
    """Somebody elsewhere tries a password for a name that he made up; the status."""
    base, name = network.at(node), f"guess-{next(_GUESSES)}"
    sent = {"Origin": base, "X-Forwarded-For": "192.0.2.7"}
    body = {"username": name, "password": "wrong"}
    async with http.post(f"{base}/api/session", json=body, headers=sent) as answer:
        return answer.status


async def let_in(network: Network, http: ClientSession) -> int:
    """How many guesses in turn are let in before every server refuses one."""
    found = 0
    while (answers := [await guess(network, http, node) for node in NODES]) != [429] * len(NODES):
        found += answers.count(401)
        assert found < len(NODES) * BUDGET
    return found


async def comes_in(network: Network, http: ClientSession, who: str, node: str) -> None:
    """Sign in and open a page."""
    base = network.at(node)
    body = {"username": who, "password": world.PASSWORD}
    async with http.post(f"{base}/api/session", json=body, headers={"Origin": base}) as answer:
        assert answer.status == 200, await answer.text()
    async with socket(network, who, node) as page:
        assert (await hello(page))["type"] == "welcome"


async def presence(network: Network, http: ClientSession, node: str) -> dict[str, Any]:
    """Who is there, as one server knows."""
    told: dict[str, Any] = await Page(network, http, "hub-reader", node).ok("GET", "/api/presence")
    return told


# --- PostgreSQL -------------------------------------------------------------------------------


def cut_connections(network: Network) -> int:
    """Every connection to the database ends, in the midst of whatever it does; how many."""
    with psycopg.connect(network.postgres.dsn(), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
            (network.database,),
        ).fetchone()
        assert ended is not None
        return int(ended[0])


def restarted(network: Network) -> None:
    """In good order, without waiting for its clients."""
    network.postgres.stop()
    network.postgres.start()


def crashed(network: Network) -> None:
    """As by a power cut, and recovered from its log."""
    network.postgres.crash()
    network.postgres.start()


@pytest.mark.parametrize("harm", [cut_connections, restarted, crashed])
async def test_what_postgresql_acknowledged_is_there_and_the_rest_is_tried_again(
    network: Network, http: ClientSession, ledger: Ledger, harm: Callable[[Network], object]
) -> None:
    """People write at all servers while their database goes; who had no answer is told so with a
    code that says to try again, and no server needs a restart."""
    times = CYCLES * (8 if harm is cut_connections else 1)
    pids = [network.pid(node) for node in NODES]
    team = await team_of(network, http, ledger)
    async with listening(network, "hub-coordinator", "county-requester") as ears:
        async with team.at_work():
            for _ in range(times):
                await team.until_more()
                await asyncio.to_thread(harm, network)
            await team.until_more()
        assert sum(reader.refused for reader in team.readers) > 0
        await team.put_down()
        await everything_holds(network, ledger, ears)
    await until(lambda: all(map(network.is_ready, NODES)), "every server's health")
    assert [network.pid(node) for node in NODES] == pids
