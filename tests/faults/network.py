"""Three servers on one PostgreSQL and one Redis, each a process that may be killed or paused.

The people of the small world work at whichever server a test names. Knows how to start, ask and
harm; what must hold afterwards is said in `checks`.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import psycopg
from aiohttp import ClientConnectionError, ClientSession, DummyCookieJar, TCPConnector

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.settings import CONFIGS
from telemed.store.engine import Store
from tests import world
from tests.deployment.topology import Program, status_of
from tests.faults.wire import Wire
from tests.services import PATIENCE, Postgres, Redis, absent, free_port, wait_until

NODES = ("a", "b", "c")
TELEMED = Path(sys.executable).with_name("telemed")
GONE = (ClientConnectionError, TimeoutError, OSError)
"""How a server that is gone looks from outside."""
SOCKETS = 50
"""An account may have at all servers together."""
LEASE_MINUTES = 1
LEASE = LEASE_MINUTES * 60.0
_LIBRARIES = Path("/usr/lib")
_PATIENTS = count(1)


def _another_clock(file: Path | None) -> dict[str, str]:
    """Variables of Debian's libfaketime. Only the wall clock: whoever sets a clock anew does not
    touch the counting of seconds."""
    if file is None:
        return {}
    library = next(iter(_LIBRARIES.glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        absent("libfaketime")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@dataclass
class Network:
    """The servers and what they stand on."""

    folder: Path
    postgres: Postgres
    redis: Redis
    to_redis: Wire
    """The line that the servers have to Redis; it can fall silent."""
    database: str = ""
    ports: dict[str, int] = field(default_factory=lambda: {node: free_port() for node in NODES})
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The database's address for SQLAlchemy."""
        return self.postgres.sqlalchemy_url(self.database)

    def prepare(self) -> None:
        """The folders, the database and the people."""
        self.database = self.postgres.fresh_database()
        shutil.copytree(CONFIGS, self.folder / "configs")
        file = self.folder / "configs" / "deadlines.toml"
        lease = f"lease_minutes = {LEASE_MINUTES}"
        told, changed = re.subn(r"(?m)^lease_minutes = \d+", lease, file.read_text("utf-8"))
        assert changed == 1
        file.write_text(told, "utf-8")

    def add_people(self) -> None:
        """The network and the accounts of the small world."""
        store = Store(self.url)
        try:
            store.write_now(world.add_network)
            store.write_now(world.add_people)
        finally:
            store.close()

    # --- starting and harming

    def start(self, *nodes: str, clock: Path | None = None) -> None:
        """Start servers at the same moment, and wait until each is ready.

        With `clock` their wall clock is off by what that file says, as "+3600".
        """
        for node in nodes:
            environ = self._environ(node) | _another_clock(clock)
            program = Program(node, [str(TELEMED), "serve"], environ, self.folder / f"{node}.log")
            self.programs[node] = program
            program.start()
        for node in nodes:
            wait_until(lambda n=node: self.is_ready(n), f"server {node}", 3 * PATIENCE)  # type: ignore[misc]

    def _environ(self, node: str) -> dict[str, str]:
        nowhere = self.folder / "nothing"
        told = {
            "DATA_DIR": self.folder / "data",
            "PORT": self.ports[node],
            "DATABASE_URL": self.url,
            "REDIS_URL": f"redis://127.0.0.1:{self.to_redis.port}/0",
            "CONFIGS": self.folder / "configs",
            "FREE_SPACE_RESERVE_BYTES": 0,
            "RENDER_WORKERS": 1,
            "SOCKETS_PER_ACCOUNT": SOCKETS,
            "TRUSTED_PROXIES": "127.0.0.1",  # all of them come from one address
            "SECRET": "the same secret at all three servers",
            "WEB_DIR": nowhere,
            "VIEWER_DIR": nowhere,
        }
        environ = {f"TELEMED_{name}": str(value) for name, value in told.items()}
        return {"PATH": os.environ["PATH"], **environ}

    def pid(self, node: str) -> int:
        process = self.programs[node].process
        assert process is not None
        return process.pid

    def kill(self, node: str) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        self.programs[node].signal(signal.SIGKILL)

    def pause(self, node: str) -> None:
        """SIGSTOP: it holds its connections and does nothing."""
        os.kill(self.pid(node), signal.SIGSTOP)

    def resume(self, node: str) -> None:
        os.kill(self.pid(node), signal.SIGCONT)

    def is_ready(self, node: str) -> bool:
        """What a health check would see."""
        self.programs[node].check()
        return status_of(f"{self.at(node)}/health/ready") == 200

    def at(self, node: str) -> str:
        return f"http://127.0.0.1:{self.ports[node]}"

    def said(self, node: str) -> str:
        """A server's log so far."""
        return self.programs[node].said()

    def stop(self) -> None:
        """End everything."""
        for node, program in self.programs.items():
            if program.process is not None and program.process.poll() is None:
                with suppress(ProcessLookupError):
                    self.resume(node)
                program.signal(signal.SIGKILL)
        if self.database:
            with suppress(psycopg.Error):
                self.postgres.drop_database(self.database)


@dataclass
class Page:
    """Somebody of the small world at one server."""

    network: Network
    http: ClientSession
    who: str
    node: str

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A call with this person's session: status, headers, body; bytes are sent as they are."""
        base = self.network.at(self.node)
        raw = body if isinstance(body, bytes | None) else orjson.dumps(body)
        sent = identity(self.who, base)
        if raw is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, base + path, data=raw, headers=sent) as answer:
            return answer.status, answer.headers, await answer.read()

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call that must succeed."""
        status, _, answer = await self.call(method, path, body)
        assert status < 400, f"{self.who} {method} {path} at {self.node}: {status} {answer!r}"
        return orjson.loads(answer)


def identity(who: str, base: str) -> dict[str, str]:
    """The headers of somebody's page."""
    return {
        "Origin": base,
        "Cookie": f"telemed={world.session_of(who)}",
        "X-CSRF-Token": world.csrf_of(who),
    }


def client() -> ClientSession:
    """Connections that are not kept: a server that was killed leaves none to stumble over."""
    return ClientSession(connector=TCPConnector(force_close=True), cookie_jar=DummyCookieJar())


# --- what people do ---------------------------------------------------------------------------


async def upload(page: Page) -> tuple[str, str]:
    """A study of a new patient; its id and its patient."""
    number = next(_PATIENTS)
    person = Person(f"FAULT{number:04}", f"Zhao^Si{number}=赵^四", "F", "19640202")
    (data,) = make_tiny_ct(1, patient=person, key=f"fault-{number}", accession=f"F{number}")
    made = (await page.ok("POST", "/api/uploads", {}))["id"]
    status, headers, answer = await page.call(
        "POST", f"/api/uploads/{made}/files", b"", Tus_Resumable="1.0.0",
        Upload_Length=str(len(data)),
    )  # fmt: skip
    assert status == 201, answer
    status, _, answer = await page.call(
        "PATCH", headers["Location"], data, Tus_Resumable="1.0.0", Upload_Offset="0",
        Content_Type="application/offset+octet-stream",
    )  # fmt: skip
    assert status == 204, answer
    (study,) = (await page.ok("GET", f"/api/uploads/{made}"))["studies"]
    return study["id"], study["patient"]["id"]


async def draft(page: Page, study: tuple[str, str], urgency: str = "routine") -> str:
    """A request that is ready to be sent to hub; its id."""
    made = await page.ok("POST", "/api/requests", {"service": "imaging", "urgency": urgency})
    body = {
        "version": made["version"],
        "provider_id": "hub",
        "patient_ref": study[1],
        "content": world.CONTENT["imaging"],
        "consent": world.consent("hub"),
        "study_ids": [study[0]],
    }
    await page.ok("PATCH", f"/api/requests/{made['id']}", body)
    return str(made["id"])


async def until(is_so: Any, what: str) -> None:
    """`wait_until` beside a loop that goes on."""
    await asyncio.to_thread(wait_until, is_so, what)
