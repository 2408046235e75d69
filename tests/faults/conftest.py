"""The network, started once for all tests of this folder that one worker runs."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.faults.checks import Ledger
from tests.faults.network import NODES, Network, client
from tests.faults.wire import Wire
from tests.services import Postgres, Redis, absent


@pytest.fixture(scope="session")
def running_network(postgres: Postgres) -> Iterator[Network]:
    """Three servers with the people of the small world."""
    if shutil.which("redis-server") is None:
        absent("redis-server")
    folder = Path(tempfile.mkdtemp(prefix="telemed-faults-"))
    redis = Redis(folder)
    redis.start()
    wire = Wire(redis.port)
    wire.start()
    network = Network(folder, postgres, redis, wire)
    try:
        network.prepare()
        network.start(NODES[0])
        network.add_people()
        network.start(*NODES[1:])
        yield network
    finally:
        network.stop()
        wire.stop()
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def network(running_network: Network) -> Network:
    """The network with whatever the test before killed started again."""
    for node in NODES:
        program = running_network.programs[node]
        if program.process is None or program.process.poll() is not None:
            running_network.start(node)
    return running_network


@pytest.fixture
def ledger() -> Ledger:
    """What this test's people were promised."""
    return Ledger()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """A client that keeps no connections."""
    async with client() as session:
        yield session
