"""configs/deploy/conference.compose.yml: valid, confined, and run as plain processes.

coturn and Janus are this machine's (Debian's, as in the images), started by the file's own commands
with its variables, its user, and without any power, as the engine would; only places (folders,
ports) are replaced. Then they are asked by what telemed is told in the same file.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from telemed.core.turn import turn_pass
from telemed.operations import conference_checks
from telemed.operations.checkup import Deployment, Verdict
from telemed.server.janus import Janus
from telemed.settings import ROOT, Settings, from_environment
from tests.deployment.topology import NODES, Missing, Program, compose, interpolated
from tests.server.test_media import OFFER, until
from tests.services import absent, free_port, wait_until
from tests.turn_server import own_address

DEPLOY = ROOT / "configs" / "deploy"
FILE = DEPLOY / "conference.compose.yml"
GUIDE = ROOT / "docs" / "conference.md"
OURS = ("turn", "janus")
OPERATOR = {
    "SECRETS": "/srv/secrets",
    "TURN_URLS": "turn:telemed.example.cn:3478?transport=udp",
    "MEDIA_ADDRESS": "203.0.113.10",
}
"""What an operator must say for conferences."""


def told(environ: Mapping[str, str] = OPERATOR) -> Any:
    """The file as the engine would see it."""
    return interpolated(yaml.safe_load(FILE.read_text("utf-8")), environ)


def test_the_file_is_one_by_the_specification_s_schema() -> None:
    """By itself, and no network or secret in it is of nowhere."""
    schema = get_builtin_schema("vendor.compose-spec")
    faults = validator_for(schema)(schema).iter_errors(yaml.safe_load(FILE.read_text("utf-8")))
    assert [fault.message for fault in faults] == []
    here, main = told(), compose({"PUBLIC_URL": "https://t.example.cn", "SECRETS": "/srv/secrets"})
    for service in here["services"].values():
        assert set(service.get("networks", [])) <= set(main["networks"])
        assert set(service["secrets"]) <= {*here["secrets"], *main["secrets"]}
    assert all(one["file"].startswith(OPERATOR["SECRETS"]) for one in here["secrets"].values())


@pytest.mark.parametrize("name", OPERATOR)
def test_what_has_no_default_stops_the_start_with_a_sentence(name: str) -> None:
    """No address and no secret is made up."""
    with pytest.raises(Missing, match=f"^Set {name} to "):
        told({**OPERATOR, name: ""})


def test_every_variable_of_the_servers_is_a_setting() -> None:
    """Both servers are told the same, and secrets by files alone."""
    for node in NODES:
        service = told()["services"][node]
        for name, value in service["environment"].items():
            key = name.removeprefix("TELEMED_").removesuffix("_FILE").lower()
            assert key in Settings.model_fields, name
            assert ("secret" in key) == value.startswith("/run/secrets/")
        assert {f"/run/secrets/{name}" for name in service["secrets"]} == {
            value for value in service["environment"].values() if value.startswith("/run/")
        }


def test_both_are_confined_and_looked_after() -> None:
    """Not root, nothing to write to but memory, no powers, limits, a check; of Janus nothing but
    its media is reached from outside."""
    services = told()["services"]
    for name in OURS:
        service = services[name]
        assert service["user"].partition(":")[0] not in ("", "0", "root"), name
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["restart"] == "unless-stopped" and service["healthcheck"]["test"], name
    assert services["janus"]["ports"] == ["20000-20199:20000-20199/udp"]
    assert 'rtp_port_range = "20000-20199"' in (DEPLOY / "janus" / "janus.jcfg").read_text("utf-8")


def test_the_images_copy_what_is_there_and_nothing_else() -> None:
    """Each builds from its own small folder, on the same Debian as the server's image."""
    base = re.search(r"^ARG DEBIAN=.*$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert base
    for name in OURS:
        service = told()["services"][name]
        folder = ROOT / service["build"]
        lines = (folder / "Dockerfile").read_text("utf-8")
        assert base[0] in lines and f"USER {service['user']}" in lines
        sources = re.findall(r"^COPY (?:--\S+ )?(\S+) ", lines, re.MULTILINE)
        copied = {path.name for source in sources for path in folder.glob(source)}
        assert copied == {path.name for path in folder.iterdir()} - {"Dockerfile"}
        assert '\nCMD ["start"]' in lines and service["command"] == ["start"]


# --- as plain processes -------------------------------------------------------------------------


@dataclass
class Running:
    """Both services as processes of this machine."""

    folder: Path
    address: str
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("turn", "tls", "janus")}
    )
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def urls(self) -> str:
        """TURN_URLS of this machine: by UDP, TCP and TLS."""
        plain, tls = (f"{self.address}:{self.ports[name]}" for name in ("turn", "tls"))
        return ",".join((f"turn:{plain}?transport=udp", f"turn:{plain}?transport=tcp",
                         f"turns:{tls}?transport=tcp"))  # fmt: skip

    @property
    def file(self) -> Any:
        """The compose file with what an operator must set."""
        return told({"SECRETS": str(self.folder / "secrets"), "TURN_URLS": self.urls,
                     "MEDIA_ADDRESS": self.address})  # fmt: skip

    @property
    def places(self) -> dict[str, str]:
        """Where things are in the containers, and where they are here. Nothing else is changed,
        but that this machine's address is made one of an inner network."""
        return {
            "/run/secrets/": f"{self.folder}/secrets/",
            "/tmp/": f"{self.folder}/tmp/",
            '"/tmp/janus"': f'"{self.folder}/tmp/janus"',
            "/etc/turn/": f"{self.folder}/turn/",
            "/etc/janus": f"{self.folder}/janus",
            "=3478": f"={self.ports['turn']}",
            "=5349": f"={self.ports['tls']}",
            "ws_port = 8188": f"ws_port = {self.ports['janus']}",
            "//janus:8188": f"//127.0.0.1:{self.ports['janus']}",
            "192.168.0.0-192.168.255.255": f"{self.address}-{self.address}",
        }

    def local(self, text: str) -> str:
        """A text of the deployment with this machine's places."""
        places = self.places
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    def prepare(self) -> None:
        """The images' files, and the secrets by the guide's commands; for users that are not
        root."""
        for name in OURS:
            shutil.copytree(DEPLOY / name, self.folder / name)
        (self.folder / "tmp").mkdir(mode=0o1777)
        make_secrets(self.folder, self.address)
        for path in (self.folder, *self.folder.rglob("*")):
            if path.suffix in (".sh", ".conf", ".jcfg"):
                path.write_text(self.local(path.read_text("utf-8")), "utf-8")
            path.chmod(0o1777 if path.name == "tmp" else 0o755)

    def start(self, name: str) -> None:
        """A container as a process."""
        service = self.file["services"][name]
        assert service["command"] == ["start"]
        words = [*confined(service["user"]), "sh", str(self.folder / name / "start.sh")]
        environ = {"PATH": os.environ["PATH"], **service["environment"]}
        self.programs[name] = Program(name, words, environ, self.folder / f"{name}.log")
        self.programs[name].start()

    def listens(self, name: str, port: str) -> bool:
        """Whether it takes connections."""
        self.programs[name].check()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.ports[port]), 1):
            return True
        return False

    def is_healthy(self, name: str) -> bool:
        """What the file's health check says now."""
        self.programs[name].check()
        command, *words = self.file["services"][name]["healthcheck"]["test"]
        assert command == "CMD"
        ports = {"3478": str(self.ports["turn"]), "8188": str(self.ports["janus"])}
        here = [re.sub("3478|8188", lambda found: ports[found[0]], word) for word in words]
        with suppress(subprocess.TimeoutExpired):
            return subprocess.run(here, capture_output=True, timeout=5, check=False).returncode == 0
        return False

    def settings(self) -> Settings:
        """What the file tells a server."""
        environ = {
            name: self.local(value)
            for name, value in self.file["services"][NODES[0]]["environment"].items()
        }
        return Settings(data_dir=self.folder / "data", **from_environment(environ))

    def stop(self) -> None:
        """End both."""
        for program in self.programs.values():
            if program.process is not None:
                program.process.kill()
                program.process.wait()


def confined(user: str) -> list[str]:
    """Run as this user with no power and no way to any, where one may choose."""
    if os.geteuid() != 0:
        return []
    uid, _, gid = user.partition(":")
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--inh-caps=-all", "--"]  # fmt: skip


def make_secrets(folder: Path, address: str) -> None:
    """Run the guides' commands that make the secrets, the certificate for an address."""
    for guide, begins in ((ROOT / "docs" / "deployment.md", "umask"), (GUIDE, "openssl")):
        block = re.search(rf"```sh\n({begins} .*?)```", guide.read_text("utf-8"), re.DOTALL)
        assert block is not None
        script = block[1].replace("DNS:telemed.example.cn", f"IP:{address}")
        subprocess.run(["sh", "-euc", script], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """coturn and Janus as the file starts them."""
    for program in ("turnserver", "janus", "setpriv"):
        if shutil.which(program) is None:
            absent(program)
    address = own_address()
    if address == "127.0.0.1":
        pytest.skip("this machine has no address that could be a server's")
    # pytest's own folders are root's alone.
    at = Running(Path(tempfile.mkdtemp(prefix="telemed-conference-")), address)
    try:
        at.prepare()
        for name in OURS:
            at.start(name)
        for name, port in (("turn", "turn"), ("turn", "tls"), ("janus", "janus")):
            wait_until(lambda n=name, p=port: at.listens(n, p), name)  # type: ignore[misc]
        for name in OURS:
            wait_until(lambda n=name: at.is_healthy(n), name)  # type: ignore[misc]
        yield at
    finally:
        at.stop()
        shutil.rmtree(at.folder, ignore_errors=True)


def test_telemed_finds_both_by_what_the_file_tells_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor, with the file's own variables: a relay by UDP, TCP and TLS, and Janus."""
    monkeypatch.setenv("SSL_CERT_FILE", str(running.folder / "secrets" / "tls_certificate"))
    at = Deployment(running.settings())
    relays = conference_checks.relays(at)
    assert relays.verdict is Verdict.OK and relays.fact.en.count("transport=") == 3, relays
    media = conference_checks.media_server(at)
    assert media.verdict is Verdict.OK, media
    monkeypatch.delenv("SSL_CERT_FILE")
    stranger = conference_checks.relays(at)
    assert stranger.verdict is Verdict.WARN and "no TLS" in stranger.fact.en, stranger


class Heard(asyncio.DatagramProtocol):
    """What comes over a relay, and what it refuses."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.told.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self.told.put_nowait(exc)


async def test_two_who_are_relayed_meet_and_nobody_gets_into_the_inner_network(
    running: Running,
) -> None:
    """Though this machine's own address is in a network that is denied."""
    secret = (running.folder / "secrets" / "turn_secret").read_text("utf-8").strip()
    given = turn_pass(secret, "label", datetime.now(UTC), timedelta(hours=1))
    server = (running.address, running.ports["turn"])
    ends = [
        await create_turn_endpoint(Heard, server, given.username, given.credential)
        for _ in range(2)
    ]
    (one, hears), (other, answers) = ends
    try:
        async with asyncio.timeout(30):
            other.sendto(b"let in", one.get_extra_info("sockname"))
            # What comes before the other side is let in, too, is dropped, as UDP may be.
            while hears.told.empty():
                one.sendto(b"a picture", other.get_extra_info("sockname"))
                other.sendto(b"let in", one.get_extra_info("sockname"))
                await asyncio.sleep(0.1)
            assert await answers.told.get() == b"a picture"
            assert await hears.told.get() == b"let in"
        for inner in ("127.0.0.1", "10.1.2.3", "172.16.0.9", "169.254.1.1"):
            transport, refused = await create_turn_endpoint(
                Heard, server, given.username, given.credential
            )
            transport.sendto(b"whoever is there", (inner, 5432))
            async with asyncio.timeout(30):
                fault = await refused.told.get()
            transport.close()
            assert isinstance(fault, TransactionFailed) and fault.response.error_code == 403, inner
    finally:
        for transport, _ in ends:
            transport.close()
        await asyncio.sleep(0)


async def test_janus_takes_what_a_member_sends_at_the_published_ports(running: Running) -> None:
    """A member's offer is answered with the address that hospitals reach, at a published port."""
    settings = running.settings()
    line = Janus(settings.janus_url, settings.janus_secret)
    await line.start()
    try:
        await until(lambda: line._session is not None)
        answer = await line.publish("room", "a", OFFER)
    finally:
        await line.stop()
    found = re.findall(r"^a=candidate:\S+ \d udp \d+ (\S+) (\d+) typ host", answer, re.MULTILINE)
    assert found and {address for address, _ in found} == {running.address}
    assert all(20000 <= int(port) <= 20199 for _, port in found)


def test_secrets_are_in_no_list_of_processes(running: Running) -> None:
    """Neither in a command nor in a variable."""
    for name in OURS:
        process = running.programs[name].process
        assert process is not None
        secret = (running.folder / "secrets" / f"{name}_secret").read_bytes().strip()
        place = Path(f"/proc/{process.pid}")
        assert secret not in (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
        if os.geteuid() == 0:
            status = (place / "status").read_text("utf-8")
            uid = running.file["services"][name]["user"].partition(":")[0]
            assert f"Uid:\t{uid}\t{uid}" in status and "CapEff:\t0000000000000000" in status


def test_a_machine_behind_another_address_gives_that_out(tmp_path: Path) -> None:
    """Where MEDIA_ADDRESS is not this machine's own: external-ip, and nat_1_1_mapping of Janus; a
    secret with letters that mean something to sed stays what it is."""
    at = Running(tmp_path, "203.0.113.10")
    at.prepare()
    secret = r"a|secret&of\the operator"
    for name in OURS:
        (tmp_path / "secrets" / f"{name}_secret").write_text(secret)
        script = re.sub(
            "exec (turnserver|janus)", "exec true", (tmp_path / name / "start.sh").read_text()
        )
        environ = {"PATH": os.environ["PATH"], "ADDRESS": at.address}
        subprocess.run(["sh", "-c", script], env=environ, check=True)
    turn = (tmp_path / "tmp" / "turnserver.conf").read_text("utf-8").splitlines()
    assert "external-ip=203.0.113.10" in turn and "allowed-peer-ip=203.0.113.10" in turn
    assert f"static-auth-secret={secret}" in turn
    assert not any(line.startswith("relay-ip") for line in turn)
    janus = (tmp_path / "tmp" / "janus" / "janus.jcfg").read_text("utf-8")
    assert f'api_secret = "{secret}"' in janus and 'nat_1_1_mapping = "203.0.113.10"' in janus
