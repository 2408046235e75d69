"""The deployment, started once for the module's tests on an empty PostgreSQL database."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from telemed.store.engine import Store
from tests import world
from tests.deployment.topology import NODES, Topology, absent_programs
from tests.services import Postgres, absent, wait_until

DATABASE = "telemed"


@pytest.fixture(scope="module")
def topology(postgres: Postgres) -> Iterator[Topology]:
    """Both servers at once on nothing, the proxy before them, the people of the small world."""
    for program in absent_programs():
        absent(program)
    folder = Path(tempfile.mkdtemp(prefix="telemed-deployment-"))
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    running = Topology(folder, postgres)
    try:
        running.prepare()
        running.start_redis()
        running.start_nodes(*NODES)
        running.start_proxy()
        _people(postgres.sqlalchemy_url(DATABASE))
        wait_until(running.answers_at_proxy, "the proxy")
        yield running
    finally:
        running.stop()
        with suppress(psycopg.Error):
            postgres.drop_database(DATABASE)
        shutil.rmtree(folder, ignore_errors=True)


def _people(url: str) -> None:
    store = Store(url)
    try:
        store.write_now(world.add_network)
        store.write_now(world.add_people)
    finally:
        store.close()


@pytest.fixture
def store(topology: Topology) -> Iterator[Store]:
    """The servers' database, looked at from outside."""
    opened = Store(topology.postgres.sqlalchemy_url(DATABASE))
    yield opened
    opened.close()
