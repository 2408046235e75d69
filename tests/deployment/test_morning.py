"""A simulated morning on three servers while servers, Redis and PostgreSQL are killed under it.

People go on working and ask again; sockets come back. Afterwards ledger, log and tally agree to
the last fact, and every socket has heard each fact of its institution once and in order.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from telemed.assemble import open_services
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.simulate import run
from telemed.simulate.run import Live, Order
from telemed.simulate.world import ZONE
from tests.deployment.topology import PROGRAMS, Program, status_of
from tests.services import Postgres, Redis, absent, free_port, wait_until

pytestmark = pytest.mark.services

UNTIL = datetime(2026, 3, 9, 13, 0, tzinfo=ZONE)
"""One o'clock of a Monday."""
MORNING = Order(seed=5, days=5 / 24, until=UNTIL, rate=90)
SPEED = 900.0


@dataclass
class Site:
    """Three servers on one PostgreSQL, one Redis and one data directory."""

    folder: Path
    postgres: Postgres
    redis: Redis
    database: str
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(3)])
    nodes: dict[int, Program] = field(default_factory=dict)

    @property
    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def settings(self, port: int = 0) -> Settings:
        return Settings(
            data_dir=self.folder / "data",
            port=port or self.ports[0],
            database_url=self.postgres.sqlalchemy_url(self.database),
            redis_url=self.redis.url,
            public_url=self.addresses[0],
            free_space_reserve_bytes=0,
            render_workers=1,
        )

    def start(self, number: int) -> None:
        """A server as a process of its own, settings from the environment alone."""
        told = self.settings(self.ports[number]).model_dump(mode="json", exclude_unset=True)
        environ = {f"TELEMED_{key.upper()}": str(value) for key, value in told.items()}
        node = Program(
            f"node {number}",
            [sys.executable, "-m", "telemed", "serve"],
            {"PATH": PROGRAMS, "HOME": os.environ.get("HOME", "/"), **environ},
            self.folder / f"node{number}.log",
        )
        node.start()
        self.nodes[number] = node

    def is_ready(self, number: int) -> bool:
        self.nodes[number].check()
        return status_of(f"{self.addresses[number]}/health/ready") == 200

    def stop(self) -> None:
        for node in self.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()


@pytest.fixture
def site(postgres: Postgres) -> Iterator[Site]:
    """Three servers, ready."""
    if shutil.which("redis-server") is None:
        absent("redis-server")
    folder = Path(tempfile.mkdtemp(prefix="telemed-morning-"))
    (folder / "redis").mkdir()
    database = postgres.fresh_database()
    made = Site(folder, postgres, Redis(folder / "redis"), database)
    made.redis.start()
    try:
        for number in range(3):
            made.start(number)
        for number in range(3):
            wait_until(lambda n=number: made.is_ready(n), f"node {number}")  # type: ignore[misc]
        yield made
    finally:
        made.stop()
        made.redis.kill()
        postgres.drop_database(database)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def services(site: Site) -> Iterator[Services]:
    """The same database from outside, with the network in it."""
    opened = open_services(site.settings())
    run.ensure_network(opened)
    yield opened
    opened.store.close()


class Troubles:
    """What happens to the site when so many cases have begun; each in its own thread, in order."""

    def __init__(self, plan: list[tuple[int, str, Callable[[], None]]]) -> None:
        self._ahead = list(plan)
        self._thread = ThreadPoolExecutor(1)
        self._begun = 0
        self._lock = threading.Lock()
        self._coming: list[tuple[str, object]] = []
        self.happened: list[str] = []

    def begun(self, cases: int, expected: float) -> None:
        """The simulation's progress."""
        self._begun += cases
        while self._ahead and self._begun >= self._ahead[0][0]:
            _, name, do = self._ahead.pop(0)
            self._coming.append((name, self._thread.submit(self._do, name, do)))

    def _do(self, name: str, do: Callable[[], None]) -> None:
        do()
        self.happened.append(name)

    def over(self) -> list[str]:
        """Wait for all; what happened."""
        self._thread.shutdown()
        for _, done in self._coming:
            done.result()  # type: ignore[attr-defined]
        assert not self._ahead, "the morning was over before its troubles"
        return self.happened


@pytest.mark.timeout(300)
def test_a_morning_in_which_everything_is_killed_once(site: Site, services: Services) -> None:
    """Nothing that was acknowledged is lost, nothing is done twice, no socket misses a fact."""

    def kill(number: int) -> None:
        site.nodes[number].signal(signal.SIGKILL)

    def crash_database() -> None:
        site.postgres.crash()
        site.postgres.start()

    troubles = Troubles(
        [
            (5, "a server is killed", lambda: kill(1)),
            (9, "Redis is gone", site.redis.kill),
            (13, "the database crashes", crash_database),
            (17, "the server comes back", lambda: site.start(1)),
            (19, "another server is killed", lambda: kill(2)),
            (22, "Redis comes back, empty", site.redis.start),
        ]
    )
    live = Live(site.addresses, SPEED, sockets=8)
    heard = run.play_live(services, MORNING, live, troubles.begun)
    assert len(troubles.over()) == 6
    assert not heard.unheard, heard.unheard
    assert heard.reconnects > 0 and heard.timings.retries > 0, "nobody noticed the troubles"
    verdict = run.check(services)
    assert verdict.same, verdict.named
    assert verdict.cases > 20
