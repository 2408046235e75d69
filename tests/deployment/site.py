"""Three servers on one PostgreSQL, one Redis and one data directory, as plain processes.

For whoever plays a network on them: the simulated morning, and the year of `bench/`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from telemed.settings import Settings
from tests.deployment.topology import PROGRAMS, Program, status_of
from tests.services import Postgres, Redis, absent, free_port, wait_until

SERVERS = range(3)


@dataclass
class Site:
    """The three, their doors and what they share."""

    folder: Path
    postgres: Postgres
    redis: Redis
    database: str
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in SERVERS])
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
            secret="the same secret at all three servers",
            public_url=self.addresses[0],
            trusted_proxies=["127.0.0.1"],  # all that people do comes from one address
            free_space_reserve_bytes=0,
            render_workers=1,
        )

    def start(self, number: int) -> None:
        """A server as a process of its own, settings from the environment alone."""
        told = self.settings(self.ports[number]).model_dump(mode="json", exclude_unset=True)
        environ = {f"TELEMED_{key.upper()}": _variable(value) for key, value in told.items()}
        node = Program(
            f"node {number}",
            [sys.executable, "-m", "telemed", "serve"],
            {"PATH": PROGRAMS, "HOME": os.environ.get("HOME", "/"), **environ},
            self.folder / f"node{number}.log",
        )
        node.start()
        self.nodes[number] = node

    def start_all(self) -> None:
        """All three, ready."""
        for number in SERVERS:
            self.start(number)
        for number in SERVERS:
            wait_until(lambda n=number: self.is_ready(n), f"node {number}")  # type: ignore[misc]

    def is_ready(self, number: int) -> bool:
        self.nodes[number].check()
        return status_of(f"{self.addresses[number]}/health/ready") == 200

    def stop(self) -> None:
        for node in self.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()


def _variable(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


@contextmanager
def open_site(postgres: Postgres) -> Iterator[Site]:
    """A site without servers yet: a fresh database, a Redis, an empty folder."""
    if shutil.which("redis-server") is None:
        absent("redis-server")
    folder = Path(tempfile.mkdtemp(prefix="telemed-site-"))
    (folder / "redis").mkdir()
    database = postgres.fresh_database()
    made = Site(folder, postgres, Redis(folder / "redis"), database)
    made.redis.start()
    try:
        yield made
    finally:
        made.stop()
        made.redis.kill()
        postgres.drop_database(database)
        shutil.rmtree(folder, ignore_errors=True)
