"""A thousand spoiled requests and a thousand spoiled files at a real server, and what is left.

No answer says that the server failed, none is waited for longer than two seconds, nothing is half
stored, and afterwards memory, threads and sockets are where they were. The seed is printed; set
`TELEMED_SEED` to try another. What fails lies in artifacts/mutations/ as the bytes that were sent.
"""

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemed.settings import ROOT
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Row, Tx
from tests.crash.rig import Page, Victim
from tests.hostile.mutations import Draft, files, requests
from tests.world import csrf_of, session_of

SEED = int(os.environ.get("TELEMED_SEED", "20261128"))
COUNT = 1000
AT_ONCE = 6
PATIENCE = 2.0
"""Seconds an answer may take; a case that took longer is asked again alone, as the machine may
have been busy with other tests."""
GROWTH = 48 << 20
"""Bytes of resident memory that a thousand cases may leave behind: caches have their bounds."""
ASKED = 40
"""Instances of which everything is asked."""
POOLS = 8
"""Threads that pools may still have to begin: they do it one by one, up to their size."""
BY_DESIGN = (503, 507)
WHO = "county-technician"


@dataclass
class Use:
    """What the server's process holds."""

    memory: int
    threads: int
    handles: int


def use_of(pid: int) -> Use:
    """Read from /proc."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = {key: int(re.search(rf"^{key}:\s+(\d+)", status, re.M)[1]) for key in  # type: ignore[index]
             ("VmRSS", "Threads")}  # fmt: skip
    handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Use(found["VmRSS"] << 10, found["Threads"], handles)


class Crowd:
    """Sends cases, a few at once, and keeps those that were answered badly."""

    def __init__(self, victim: Victim) -> None:
        self.victim = victim
        self.wrong: list[str] = []
        self.statuses: dict[int, int] = {}
        self.identity = {
            "Origin": victim.base,
            "Cookie": f"telemed={session_of(WHO)}",
            "X-CSRF-Token": csrf_of(WHO),
        }

    async def send(self, cases: Iterator[tuple[str, Draft]]) -> None:
        """All of them; `wrong` names those that were not answered as they should be."""
        doors = asyncio.Semaphore(AT_ONCE)

        slow: list[tuple[str, Draft]] = []

        async def one(name: str, draft: Draft) -> None:
            async with doors:
                verdict = await self.judge(draft)
            if verdict.startswith("slow"):
                slow.append((name, draft))
            elif verdict:
                self.keep(name, draft, verdict)

        await asyncio.gather(*(one(name, draft) for name, draft in cases))
        for name, draft in slow:
            if verdict := await self.judge(draft):
                self.keep(name, draft, verdict)

    def keep(self, name: str, draft: Draft, verdict: str) -> None:
        """Remember a failure, and leave its bytes where they can be looked at."""
        folder = ROOT / "artifacts" / "mutations"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{SEED}-{name}.http").write_bytes(draft.encoded(self.identity))
        self.wrong.append(f"{name}: {verdict}")

    async def judge(self, draft: Draft) -> str:
        """What is wrong with the answer to a request; empty when nothing is."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(10 * PATIENCE):
                status, answer = await self.answer(draft)
        except TimeoutError:
            return "no answer at all"
        took = time.monotonic() - began
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500 and status not in BY_DESIGN:
            return f"{status} {answer[-300:]!r}"
        return f"slow: {took:.1f} s for {status}" if took > PATIENCE else ""

    async def answer(self, draft: Draft) -> tuple[int, bytes]:
        """The status and the answer; 0 when the server hung up without one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.victim.port)
        try:
            with suppress(ConnectionError):
                writer.write(draft.encoded(self.identity))
                if draft.length is not None and draft.length > len(draft.body):
                    writer.write_eof()  # waiting for what was promised is for the deadlines' tests
                await writer.drain()
            answer = b""
            with suppress(ConnectionError):
                answer = await reader.read(-1)
            found = re.match(rb"HTTP/1\.\d (\d{3}) ", answer)
            return (int(found[1]) if found else 0), answer
        finally:
            writer.transport.abort()


@pytest.fixture(scope="module")
def victim(world_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A server process of its own, with one study of the technician's in it."""
    scratch = tmp_path_factory.mktemp("mutations")
    found = Victim(Path(shutil.copytree(world_template, scratch / "data")), scratch)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def base_of(victim: Victim) -> Use:
    """What the process holds at rest: asked until two looks agree."""
    assert victim.process is not None
    before = use_of(victim.process.pid)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = use_of(victim.process.pid)
        if (now.threads, now.handles) == (before.threads, before.handles):
            return now
        before = now
    return before


def stored_whole(data: Path) -> tuple[set[str], set[str]]:
    """The blobs that rows name, and the blobs that are there; no temporary file besides."""
    store = Store(f"sqlite:///{data / 'telemed.sqlite3'}")
    try:
        named = {
            row["blob"]
            for table in (t.instances, t.conflicts)
            for row in store.read_now(partial(_rows, table))
        }
    finally:
        store.close()
    blobs = data / "blobs"
    assert not list((blobs / "tmp").iterdir())
    return named, {path.name for path in blobs.rglob("*") if path.is_file()}


def _rows(table: sa.Table, tx: Tx) -> list[Row]:
    return tx.all(sa.select(table))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["requests", "files"])
async def test_a_thousand_spoiled(victim: Victim, kind: str) -> None:
    """Answered in time and without a failure; then nothing is left over."""
    print(f"TELEMED_SEED={SEED}")
    crowd = Crowd(victim)
    await crowd.send(_cases(kind, SEED - 1, COUNT // 5))  # what grows once has grown
    await crowd.send(_questions(victim))
    base = await asyncio.to_thread(base_of, victim)
    await crowd.send(_cases(kind, SEED, COUNT))
    await crowd.send(_questions(victim))
    print(dict(sorted(crowd.statuses.items())))
    assert crowd.wrong == []
    assert crowd.statuses[200] > 50, "all were refused at the door"
    after = await asyncio.to_thread(base_of, victim)
    assert after.memory - base.memory < GROWTH
    assert after.threads <= base.threads + POOLS
    assert after.handles <= base.handles + 2
    named, there = stored_whole(victim.data)
    assert named == there


def _cases(kind: str, seed: int, count: int) -> Iterator[tuple[str, Draft]]:
    if kind == "requests":
        yield from requests(seed, count)
        return
    for name, data in files(seed, count):
        headers = {"Content-Type": "application/dicom"}
        yield name, Draft("POST", "/dicom-web/studies", "", headers, data)


def _questions(victim: Victim) -> Iterator[tuple[str, Draft]]:
    """What viewers ask about an instance, of a sample of what was let in."""
    found = Page(victim, WHO).ok("GET", "/dicom-web/instances?limit=1000")
    for number, row in enumerate(found[:: max(1, len(found) // ASKED)]):
        path = "/" + row["00081190"]["Value"][0].split("/", 3)[3]
        for tail in ("", "/metadata", "/frames/1", "/rendered", "/bulkdata/7FE00010"):
            yield f"question-{number}{tail.replace('/', '-')}", Draft("GET", path + tail)
