"""How long after the last upload byte an expert's screen knows, against a bare server's best.

Starts the demo on a data directory of its own, plays N cases (upload, submit), and times each from
the acknowledgement of the last byte: the message on the expert's socket, and the row in the
worklist fetched because of it. In the same run, with the same client, the same is timed on a bare
aiohttp server that commits one SQLite row and tells a socket: nothing can be much faster here.
Also: seconds from the start command to ready, and the idle server's memory.
"""

import argparse
import asyncio
import os
import platform
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, web

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.settings import CONFIGS, load_catalogue

PASSWORD = "Yilian-2026"
PROVIDER = "450300A01"
IDLE_SECONDS = 10
WARM_UP = 5
FORM = {
    "reason": "本院无专科医师",
    "question": "是否为急性病变",
    "chief_complaint": "咳嗽三天",
    "history": "三天前受凉后咳嗽",
    "diagnosis": {"code": "R05.x00", "name": "咳嗽"},
    "body_part": "chest",
    "method": "plain",
    "contact_phone": "0773-7510000",
}


@dataclass
class Times:
    """Milliseconds of each run."""

    message: list[float] = field(default_factory=list)
    row: list[float] = field(default_factory=list)

    def note(self, began: float, message: float, row: float) -> None:
        """One run, from three moments of one clock in seconds."""
        self.message.append((message - began) * 1000)
        self.row.append((row - began) * 1000)


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


class Page:
    """A signed-in browser page."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._csrf = ""
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"Origin": base})

    async def sign_in(self, username: str) -> None:
        """Open a session."""
        body = {"username": username, "password": PASSWORD}
        self._csrf = (await self.json("POST", "/api/session", body))["csrf"]

    async def json(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call that succeeds."""
        async with self.call(method, path, json=body) as answer:
            return await answer.json()

    @asynccontextmanager
    async def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> AsyncIterator[Any]:
        """A call that succeeds."""
        ours = {"X-CSRF-Token": self._csrf, **(headers or {})}
        async with self.http.request(method, self._base + path, headers=ours, **more) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            yield answer

    async def upload(self, upload: str, file: bytes) -> None:
        """Send one file by tus; returns when it is acknowledged."""
        length = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(file))}
        async with self.call("POST", f"/api/uploads/{upload}/files", length) as answer:
            place = answer.headers["Location"]
        piece = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        async with self.call("PATCH", place, piece, data=file):
            pass


# --- telemed ----------------------------------------------------------------------------------


async def play_case(county: Page, expert: Page, ws: ClientWebSocketResponse, number: str) -> Times:
    """One case from the first byte to the expert's screen, then withdrawn."""
    person = Person(f"BENCH{number}", f"Ce^Su{number}=测^速", "F", "19800101")
    first, last = make_tiny_ct(2, 64, person, key=f"bench-{number}", accession=number[:16])
    upload = (await county.json("POST", "/api/uploads", {}))["id"]
    await county.upload(upload, first)
    study = (await county.json("GET", f"/api/uploads/{upload}"))["studies"][0]
    case = await county.json("POST", "/api/requests", {"service": "imaging", "urgency": "stat"})
    form = {
        "version": case["version"],
        "provider_id": PROVIDER,
        "patient_ref": study["patient"]["id"],
        "content": {**FORM, "exam_at": datetime.now(UTC).isoformat()},
        "consent": {
            "kind": "signed",
            "version": load_catalogue(CONFIGS).consent.version,
            "receiver": PROVIDER,
            "signer": "患者本人",
            "relation": "self",
            "signed_at": datetime.now(UTC).isoformat(),
            "onward": False,
        },
        "study_ids": [study["id"]],
    }
    await county.json("PATCH", f"/api/requests/{case['id']}", form)
    await county.upload(upload, last)
    began = time.perf_counter()
    sending = asyncio.create_task(county.json("POST", f"/api/requests/{case['id']}/submit", {}))
    await _heard(ws, case["id"])
    message = time.perf_counter()
    shown = await expert.json("GET", "/api/worklist")
    row = time.perf_counter()
    if case["id"] not in [item["id"] for item in shown["items"]]:
        raise RuntimeError("the worklist does not show the case")
    await sending
    await county.json(
        "POST", f"/api/requests/{case['id']}/withdraw", {"reason": "no-longer-needed"}
    )
    times = Times()
    times.note(began, message, row)
    return times


async def _heard(ws: ClientWebSocketResponse, case: str) -> None:
    while True:
        body = await ws.receive_json(timeout=30)
        for item in body.get("items", []):
            if item["request_id"] == case and item["kind"] == "request.submitted":
                return


async def measure_telemed(base: str, runs: int) -> Times:
    """Play the cases one after another."""
    county, expert = Page(base), Page(base)
    times, batch = Times(), f"{time.time_ns():x}"
    try:
        await county.sign_in("county")
        await expert.sign_in("expert")
        async with expert.http.ws_connect(base + "/live") as ws:
            await ws.send_json({"type": "hello", "since": None})
            await ws.receive_json()
            for number in range(runs + WARM_UP):
                one = await play_case(county, expert, ws, f"{batch}{number}")
                if number >= WARM_UP:
                    times.message += one.message
                    times.row += one.row
    finally:
        await county.http.close()
        await expert.http.close()
    return times


# --- the bare server --------------------------------------------------------------------------


def bare_app(database: Path) -> web.Application:
    """One durable commit, one socket message, one row: no rights, no rules, no log."""
    store = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE cases (id TEXT PRIMARY KEY)")
    sockets: list[web.WebSocketResponse] = []

    async def live(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        sockets.append(ws)
        async for _ in ws:
            pass
        return ws

    async def submit(request: web.Request) -> web.Response:
        case = (await request.json())["id"]
        await asyncio.to_thread(store.execute, "INSERT INTO cases VALUES (?)", (case,))
        for ws in sockets:
            await ws.send_json({"items": [{"request_id": case, "kind": "request.submitted"}]})
        return web.json_response({"id": case})

    async def worklist(request: web.Request) -> web.Response:
        rows = store.execute("SELECT id FROM cases ORDER BY rowid DESC LIMIT 20").fetchall()
        return web.json_response({"items": [{"id": case} for (case,) in rows]})

    app = web.Application()
    app.add_routes(
        [web.get("/live", live), web.post("/submit", submit), web.get("/worklist", worklist)]
    )
    return app


async def measure_bare(base: str, runs: int) -> Times:
    """The same moments on the bare server."""
    page, times = Page(base), Times()
    async with page.http, page.http.ws_connect(base + "/live") as ws:
        for number in range(runs + WARM_UP):
            case = str(number)
            began = time.perf_counter()
            sending = asyncio.create_task(page.json("POST", "/submit", {"id": case}))
            await _heard(ws, case)
            message = time.perf_counter()
            await page.json("GET", "/worklist")
            if number >= WARM_UP:
                times.note(began, message, time.perf_counter())
            await sending
    return times


# --- processes --------------------------------------------------------------------------------


@asynccontextmanager
async def process(port: int, ready: str, *command: str) -> AsyncIterator[tuple[int, float]]:
    """A server process: its id, and the seconds it took to be ready."""
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with ClientSession() as http:
            for _ in count():
                try:
                    async with http.get(f"http://127.0.0.1:{port}{ready}") as answer:
                        if answer.status == 200:
                            break
                except OSError:
                    if child.returncode is not None:
                        raise RuntimeError(f"{command} ended with {child.returncode}") from None
                    await asyncio.sleep(0.02)
        yield child.pid, time.perf_counter() - began
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB (VmRSS of /proc)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


async def main(runs: int, data: Path, samples: Path) -> None:
    """Measure both servers and print the table."""
    telemed = Path(sys.executable).with_name("telemed")
    port = free_port()
    demo = (str(telemed), "demo", "--port", str(port), "--data-dir", str(data),
            "--samples", str(samples))  # fmt: skip
    prepared = await asyncio.create_subprocess_exec(*demo, "--prepare-only")
    if await prepared.wait():
        raise SystemExit("the demo could not be prepared")
    async with process(port, "/health/ready", *demo) as (pid, cold):
        await asyncio.sleep(IDLE_SECONDS)
        idle = resident_mb(pid)
        ours = await measure_telemed(f"http://127.0.0.1:{port}", runs)
        loaded = resident_mb(pid)
    with tempfile.TemporaryDirectory(dir=data) as folder:
        port = free_port()
        bare = (sys.executable, __file__, "--bare", str(port), "--data-dir", folder)
        async with process(port, "/worklist", *bare):
            ceiling = await measure_bare(f"http://127.0.0.1:{port}", runs)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"load {os.getloadavg()[0]:.1f}; {runs} runs")  # fmt: skip
    print(f"{'':34}{'telemed p50':>12}{'p99':>8}{'bare p50':>10}{'p99':>8}{'ratio p50':>11}")
    for name, mine, best in (
        ("socket message, ms", ours.message, ceiling.message),
        ("worklist row, ms", ours.row, ceiling.row),
    ):
        mine50, best50 = percentile(mine, 50), percentile(best, 50)
        print(f"{name:34}{mine50:12.1f}{percentile(mine, 99):8.1f}{best50:10.1f}"
              f"{percentile(best, 99):8.1f}{mine50 / best50:11.1f}")  # fmt: skip
    print(f"{'start to ready, s':34}{cold:12.2f}")
    print(f"{f'memory after {IDLE_SECONDS} s idle, MB':34}{idle:12.1f}")
    print(f"{'memory after the runs, MB':34}{loaded:12.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--data-dir", type=Path, default=Path("build/bench-data"))
    parser.add_argument("--samples", type=Path, default=Path("build/samples"))
    parser.add_argument("--bare", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        web.run_app(
            bare_app(given.data_dir / "bare.sqlite3"), host="127.0.0.1", port=given.bare, print=None
        )
    else:
        asyncio.run(main(given.runs, given.data_dir, given.samples))
