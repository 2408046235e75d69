"""Real services for tests: a PostgreSQL cluster, a Redis server, a Chromium.

Each server is started for the test session in a folder of its own on a free loopback port and
ends with the session; nothing on the machine needs to run already. Durability stays on, so that a
killed cluster proves something. Where a program is missing the test is skipped with its name,
except on the build server, where a missing program is a failure. Knows nothing of telemed.
"""

import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

PATIENCE = 60.0
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
# Below what the system gives out by itself (ip_local_port_range begins at 32768). Two suites on one
# machine begin at different places, for between the asking and the listening a port is nobody's.
_RANGE = range(20_000 + 1_000 * _WORKER, 21_000 + 1_000 * _WORKER)
_PORTS = itertools.islice(itertools.cycle(_RANGE), os.getpid() * 37 % len(_RANGE), None)


def free_port() -> int:
    """A TCP port that nobody listens at; no other worker of the suite is given the same."""
    for port in itertools.islice(_PORTS, 1_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")


def wait_until(is_ready: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Ask again and again until the answer is yes. Raises TimeoutError after so many seconds."""
    deadline = time.monotonic() + patience
    while not is_ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not get ready")
        time.sleep(0.05)


def absent(program: str) -> None:
    """Skip the test for want of a program; on the build server, fail it."""
    sentence = f"{program} is not installed (`make test` installs it)"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


# --- PostgreSQL -----------------------------------------------------------------------------


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@dataclass
class Postgres:
    """A cluster of its own; initdb and the server refuse root, so root hands them to postgres."""

    programs: Path
    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    def dsn(self, database: str = "postgres") -> str:
        """A libpq address of one database; `sqlalchemy_url` is the same for SQLAlchemy."""
        return f"postgresql://telemed:{self.password}@127.0.0.1:{self.port}/{database}"

    def sqlalchemy_url(self, database: str = "postgres") -> str:
        return self.dsn(database).replace("postgresql:", "postgresql+psycopg:")

    def create(self) -> None:
        """Make the cluster's files, with a password even on the loopback."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres")
        options = ("--auth=scram-sha-256", "--username=telemed", "--encoding=UTF8", "--locale=C")
        self._run("initdb", *options, f"--pwfile={secret}", f"--pgdata={self.folder / 'data'}")

    def start(self) -> None:
        """Start the server and wait until it answers; also after a `crash`."""
        settings = (
            f"-p {self.port}",
            "-c listen_addresses=127.0.0.1",
            f"-c unix_socket_directories={self.folder}",
            "-c max_connections=200",
            "-c shared_buffers=64MB",
            "-c fsync=on",
            "-c synchronous_commit=on",
        )
        log = self.folder / "log"
        self._control(
            "start", "-w", "-t", str(int(PATIENCE)), "-l", str(log), "-o", " ".join(settings)
        )

    def stop(self) -> None:
        """End the server in good order, without waiting for its clients."""
        self._control("stop", "-w", "-m", "fast")

    def crash(self) -> None:
        """End the server as a power cut would: no checkpoint, no goodbye."""
        self._control("stop", "-w", "-m", "immediate")

    def fresh_database(self) -> str:
        """A new empty database; its name."""
        name = f"t_{secrets.token_hex(8)}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        as_postgres = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        command = [*as_postgres, str(self.programs / program), *words]
        # pg_ctl's child keeps the pipe open, so the output goes to a file.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            if done.returncode != 0:
                said.seek(0)
                raise RuntimeError(f"{program}: {said.read().decode(errors='replace')}")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A cluster of its own, until the block is left."""
    programs = postgres_bin()
    if programs is None:
        absent("PostgreSQL")
    assert programs is not None
    # Not below pytest's own folders: those are closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="telemed-postgres-"))
    cluster = Postgres(programs, folder)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        with suppress(RuntimeError):
            cluster.crash()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL cluster for the session."""
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy address of an empty database that ends with the test."""
    name = postgres.fresh_database()
    yield postgres.sqlalchemy_url(name)
    postgres.drop_database(name)


# --- Redis ----------------------------------------------------------------------------------


@dataclass
class Redis:
    """A Redis server that keeps nothing; `kill` and `start` play an outage."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--dir", str(self.folder), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, "Redis")

    def answers(self) -> bool:
        """Does it say PONG?"""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as wire:
            wire.sendall(b"PING\r\n")
            return wire.recv(16).startswith(b"+PONG")
        return False

    def kill(self) -> None:
        """End the server without a goodbye."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A running, empty Redis for one test."""
    if shutil.which("redis-server") is None:
        absent("redis-server")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


# --- Chromium -------------------------------------------------------------------------------


def find_chromium() -> Path | None:
    """This machine's Chromium, for Playwright's `executable_path`."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    return None


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of Chromium; launch it with CHROMIUM_FLAGS."""
    path = find_chromium()
    if path is None:
        absent("Chromium")
    assert path is not None
    return path
