"""`telemed serve --workers`: several processes behind one door, on SQLite and without Redis."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from websockets.asyncio.client import connect

from tests import world
from tests.crash.rig import GONE, call, own_study
from tests.deployment.topology import TELEMED
from tests.services import free_port, wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(120)]
PATIENCE = 30.0


class House:
    """A server with two workers on a copy of the small world."""

    def __init__(self, data: Path, scratch: Path) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.data, self.log = data, scratch / "log"
        environ = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(scratch),
            "TELEMED_DATA_DIR": str(data),
            "TELEMED_PORT": str(self.port),
            "TELEMED_FREE_SPACE_RESERVE_BYTES": "0",
            "TELEMED_RENDER_WORKERS": "1",
        }
        with self.log.open("ab") as log:
            self.parent = subprocess.Popen(
                [str(TELEMED), "serve", "--workers", "2"], env=environ, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Until both workers are there."""
        wait_until(lambda: len(self.workers()) == 2 and self.is_ready(), "the workers")

    def is_ready(self) -> bool:
        assert self.parent.poll() is None, self.log.read_text()[-2000:]
        try:
            return call(self.port, "GET", "/health/ready")[0] == 200
        except GONE:
            return False

    def workers(self) -> list[int]:
        """The processes that the parent keeps."""
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def page(self, who: str) -> dict[str, str]:
        return {
            "Origin": self.base,
            "Cookie": f"telemed={world.session_of(who)}",
            "X-CSRF-Token": world.csrf_of(who),
            "Content-Type": "application/json",
        }


@pytest.fixture
def house(world_folder: Path, tmp_path: Path) -> Iterator[House]:
    """A running server; what is left of it is killed at the end."""
    running = House(world_folder, tmp_path)
    pids: list[int] = []
    try:
        running.wait()
        pids = running.workers()
        yield running
    finally:
        for pid in {running.parent.pid, *pids, *_children(running)}:
            _kill(pid)
        running.parent.wait()


def _children(house: House) -> list[int]:
    return house.workers() if house.parent.poll() is None else []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _is_gone(pid: int) -> bool:
    """Whether a process ended (a zombie that nobody waits for has)."""
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


async def test_workers_share_the_work_and_one_that_dies_comes_back(house: House) -> None:
    """Both take connections; a claim race has one winner; a fact written by one is heard by sockets
    of both; a killed worker is replaced; SIGTERM drains and ends with 0."""
    requester, reader = house.page("county-requester"), house.page("hub-reader")
    connector = TCPConnector(force_close=True)
    async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as http:

        async def ok(method: str, path: str, who: dict[str, str], body: object = None) -> Any:
            data = None if body is None else orjson.dumps(body)
            async with http.request(method, house.base + path, headers=who, data=data) as answer:
                assert answer.status < 400, await answer.text()
                return await answer.json()

        async def claim(case: str, who: str) -> int:
            path = f"{house.base}/api/requests/{case}/claim"
            async with http.post(path, headers=house.page(who)) as answer:
                return answer.status

        async def sent() -> str:
            study, patient = own_study(house.data)
            made = await ok(
                "POST", "/api/requests", requester, {"service": "imaging", "urgency": "routine"}
            )
            path = f"/api/requests/{made['id']}"
            body = {
                "version": made["version"], "provider_id": "hub", "patient_ref": patient,
                "content": world.CONTENT["imaging"], "consent": world.consent("hub"),
                "study_ids": [study],
            }  # fmt: skip
            await ok("PATCH", path, requester, body)
            await ok("POST", f"{path}/submit", requester, {})
            return str(made["id"])

        uri = house.base.replace("http", "ws", 1) + "/live"
        cookie = {"Cookie": reader["Cookie"]}
        sockets = [
            await connect(uri, origin=house.base, additional_headers=cookie)  # type: ignore[arg-type]
            for _ in range(5)
        ]
        for one in sockets:
            await one.send('{"type": "hello", "since": null}')
            assert orjson.loads(await asyncio.wait_for(one.recv(), PATIENCE))["type"] == "welcome"
        case = await sent()
        for one in sockets:
            heard = orjson.loads(await asyncio.wait_for(one.recv(), PATIENCE))
            assert case in {item["request_id"] for item in heard["items"]}
            await one.close()
        claims = await asyncio.gather(claim(case, "hub-reader"), claim(case, "hub-verifier"))
        assert sorted(claims) == [200, 409]

        first = house.workers()
        _kill(first[0])
        await asyncio.to_thread(
            wait_until,
            lambda: len(house.workers()) == 2 and first[0] not in house.workers(),
            "the new worker",
        )
        assert await sent()
    await asyncio.to_thread(wait_until, house.is_ready, "the workers")
    last = house.workers()
    house.parent.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(house.parent.wait, 60) == 0, house.log.read_text()[-2000:]
    assert all(map(_is_gone, last))


def test_workers_do_not_outlive_their_parent(house: House) -> None:
    """Whoever kills the parent gets rid of the workers too: each drains when its leash breaks."""
    workers = house.workers()
    _kill(house.parent.pid)
    house.parent.wait()
    wait_until(lambda: all(map(_is_gone, workers)), "the workers' end")


def test_a_worker_that_cannot_start_is_tried_again_and_a_stop_is_heard(tmp_path: Path) -> None:
    """The waits grow, nothing spins, and a stop in the middle of a wait is obeyed at once."""
    script = (
        "import asyncio, logging, socket, sys\n"
        "from telemed.workers import Workers\n"
        "logging.basicConfig(format='%(message)s')\n"
        "door = socket.create_server(('127.0.0.1', 0))\n"
        "command = lambda door, leash: [sys.executable, '-c', 'raise SystemExit(3)']\n"
        "print('here', flush=True)\n"
        "sys.exit(asyncio.run(Workers(command, 1, door, 5.0).run()))\n"
    )
    told = tmp_path / "told"
    with told.open("wb") as file:
        parent = subprocess.Popen([sys.executable, "-c", script], stderr=file, stdout=file)
    wait_until(lambda: "again in 1.0 s" in told.read_text(), "the second try")
    parent.terminate()
    assert parent.wait(30) == 0
    lines = [line for line in told.read_text().splitlines() if "again in" in line]
    assert [line.rpartition(" in ")[2] for line in lines[:2]] == ["0.5 s", "1.0 s"]
