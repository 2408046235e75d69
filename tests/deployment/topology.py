"""The shipped deployment as plain processes: what docker-compose.yml says, on this machine's ports.

Commands and variables are read from the compose file and run as they stand; only places (hosts,
ports, folders) are replaced, by the table `Topology.places`. PostgreSQL and nginx are this
machine's, nginx with the shipped configuration. Knows how to start, ask and kill; what must then be
true is said in the tests.
"""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import yaml
from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from telemed.settings import ROOT
from tests import world
from tests.services import Postgres, free_port, wait_until

COMPOSE = ROOT / "docker-compose.yml"
NGINX_CONF = ROOT / "configs" / "deploy" / "nginx.conf"
GUIDE = ROOT / "docs" / "deployment.md"
TELEMED = Path(sys.executable).with_name("telemed")
PROGRAMS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
NODES = ("telemed-a", "telemed-b")
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}")


class Missing(Exception):
    """A variable that the compose file demands and nobody set, with the file's own sentence."""


def interpolated(node: Any, environ: Mapping[str, str]) -> Any:
    """A compose file's tree with ${NAME}, ${NAME:-default} and ${NAME:?sentence} filled in."""
    if isinstance(node, dict):
        return {key: interpolated(value, environ) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, environ) for value in node]
    if not isinstance(node, str):
        return node

    def fill(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if name is None:
            return "$"
        if not environ.get(name) and how == "?":
            raise Missing(rest)
        return environ.get(name) or rest or ""

    return _VARIABLE.sub(fill, node)


def compose(environ: Mapping[str, str]) -> Any:
    """The compose file as the engine would see it."""
    return interpolated(yaml.safe_load(COMPOSE.read_text("utf-8")), environ)


@dataclass
class Program:
    """One process of the deployment."""

    name: str
    words: list[str]
    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def check(self) -> None:
        """AssertionError with what it said when it ended by itself."""
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended: {self.said()[-2000:]}"

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Topology:
    """Redis, two servers and a proxy as the compose file starts them, on a PostgreSQL."""

    folder: Path
    postgres: Postgres
    ports: dict[str, int] = field(
        default_factory=lambda: {n: free_port() for n in (*NODES, "redis", "http", "https")}
    )
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The address people use."""
        return f"https://127.0.0.1:{self.ports['https']}"

    def at(self, node: str) -> str:
        """The address of one server, past the proxy."""
        return f"http://127.0.0.1:{self.ports[node]}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def file(self) -> Any:
        """The compose file with what an operator must set."""
        return compose({"PUBLIC_URL": self.base, "SECRETS": str(self.folder / "secrets")})

    @property
    def places(self) -> dict[str, str]:
        """Where things are in the containers, and where they are here. Nothing else is changed."""
        here = "127.0.0.1"
        return {
            "/run/secrets/": f"{self.folder}/secrets/",
            "/var/lib/telemed": str(self.data),
            "@postgres:5432/": f"@{here}:{self.postgres.port}/",
            "//redis:6379/": f"//{here}:{self.ports['redis']}/",
            "port 6379": f"port {self.ports['redis']}",
            "0.0.0.0": here,
            "172.30.42.10": here,
            **{f"{n}:8042": f"{here}:{self.ports[n]}" for n in NODES},
            "listen 8080": f"listen {here}:{self.ports['http']}",
            "listen 8443": f"listen {here}:{self.ports['https']}",
            " /tmp/": f" {self.folder}/nginx/",
        }

    def local(self, text: str) -> str:
        """A text of the deployment with this machine's places."""
        places = self.places
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    # --- starting

    def prepare(self) -> None:
        """The folders, and the secrets made with the very commands of the guide."""
        for name in ("data", "nginx"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)  # nginx's workers are another user
        make_secrets(self.folder)
        (self.folder / "secrets" / "postgres_password").write_text(self.postgres.password)
        (self.folder / "nginx.conf").write_text(self.local(NGINX_CONF.read_text("utf-8")))

    def telemed(self, service: str) -> Program:
        """A container of the telemed image as a process, not yet started."""
        told = self.file["services"][service]
        environ = {name: self.local(value) for name, value in told["environment"].items()}
        if service in self.ports:
            assert environ["TELEMED_PORT"] == "8042"
            environ["TELEMED_PORT"] = str(self.ports[service])
        words = [str(TELEMED), *map(self.local, told["command"])]
        return self._program(service, words, {"PATH": PROGRAMS, **environ})

    def start_redis(self) -> None:
        words = [self.local(word) for word in self.file["services"]["redis"]["command"]]
        self._program("redis", words, {"PATH": PROGRAMS}).start()

    def start_proxy(self) -> None:
        words = [*self.file["services"]["proxy"]["command"], "-c", str(self.folder / "nginx.conf")]
        self._program("proxy", words, {"PATH": PROGRAMS}).start()

    def start_nodes(self, *nodes: str) -> None:
        """Start servers at the same moment, and wait until each is ready."""
        for node in nodes:
            self.telemed(node).start()
        for node in nodes:
            wait_until(lambda n=node: self.is_ready(n), node)  # type: ignore[misc]

    def is_ready(self, node: str) -> bool:
        """What a health check would see."""
        self.programs[node].check()
        return status_of(f"{self.at(node)}/health/ready") == 200

    def answers_at_proxy(self) -> bool:
        """Whether nginx runs and finds a server."""
        self.programs["proxy"].check()
        return status_of(f"{self.base}/health/ready", self.trust()) == 200

    def stop(self) -> None:
        """End everything."""
        for program in self.programs.values():
            if program.process is not None and program.process.poll() is None:
                program.process.send_signal(signal.SIGTERM)
        for program in self.programs.values():
            if program.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    program.process.wait(30)
                program.process.kill()
                program.process.wait()

    def _program(self, name: str, words: list[str], environ: dict[str, str]) -> Program:
        self.programs[name] = Program(name, words, environ, self.folder / f"{name}.log")
        return self.programs[name]

    # --- asking

    def trust(self) -> ssl.SSLContext:
        """Trust in the proxy's own certificate, as a browser that was told to."""
        return ssl.create_default_context(cafile=self.folder / "secrets" / "tls_certificate")

    def http(self, source: str = "127.0.0.1") -> ClientSession:
        """A client at an address of this machine; the proxy sees that address."""
        connector = TCPConnector(ssl=self.trust(), local_addr=(source, 0))
        return ClientSession(connector=connector, cookie_jar=DummyCookieJar())

    def identity(self, who: str) -> dict[str, str]:
        """The headers of somebody's page; the cookie's name says that it came over https."""
        return {
            "Origin": self.base,
            "Cookie": f"__Host-telemed={world.session_of(who)}",
            "X-CSRF-Token": world.csrf_of(who),
        }


@dataclass
class Page:
    """Somebody of the small world, at the proxy or at one server."""

    topology: Topology
    http: ClientSession
    who: str
    base: str

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A call with this person's session: status, headers, body; bytes are sent as they are."""
        raw = body if isinstance(body, bytes | None) else orjson.dumps(body)
        kind = {"Content-Type": "application/json"} if raw is not None else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**self.topology.identity(self.who), **kind, **given}
        async with self.http.request(method, self.base + path, data=raw, headers=sent) as answer:
            return answer.status, answer.headers, await answer.read()

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call that must succeed."""
        status, _, answer = await self.call(method, path, body)
        assert status < 400, f"{self.who} {method} {path}: {status} {answer!r}"
        return orjson.loads(answer)


def status_of(url: str, trust: ssl.SSLContext | None = None) -> int:
    """The status of a GET on a connection of its own; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10, context=trust) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError:
        return 0


def make_secrets(folder: Path) -> None:
    """Run the guide's commands that make the secrets, for this machine's address."""
    block = re.search(r"```sh\n(umask .*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    script = block[1].replace("DNS:telemed.example.cn", "IP:127.0.0.1")
    subprocess.run(["sh", "-euc", script], cwd=folder, check=True, capture_output=True)


def absent_programs() -> Iterable[str]:
    """What the deployment needs and this machine lacks."""
    needed = ("nginx", "redis-server", "openssl")
    return [name for name in needed if shutil.which(name, path=PROGRAMS) is None]
