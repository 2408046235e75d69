"""Rounds: each case is played on every server in turn (ABBA) with the same bytes and questions.

Every status is looked at, and the content of the first replies of a slice once its clock has
stopped: a figure of a wrong answer is no figure. Before a slice the servers must be idle, so that
work that was put off is not charged to the next case.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.dicomweb import cases as c
from bench.dicomweb import data
from bench.dicomweb.http import Connection, Reply
from bench.dicomweb.meter import Meter, idle_for
from bench.dicomweb.ports import Server

CHECKED: Final = 20
"""Replies of a slice whose content is checked; each one's status is."""
_TOO_MANY: Final = 10
_BATCH: Final = 100


@dataclass
class Slice:
    """One case on one server in one round."""

    ops: int = 0
    units: int = 0
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wall: float = 0.0
    cpu: float = 0.0
    rss: int = 0

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.wall


class _Play:
    """The workers of one slice, and what they saw."""

    def __init__(self, case: c.Case, jobs: Iterator[c.Job], deadline: float) -> None:
        self.slice = Slice()
        self.kept: list[tuple[c.Job, Reply]] = []
        self._case, self._jobs, self._deadline = case, jobs, deadline

    async def worker(self, conn: Connection) -> None:
        for job in self._jobs:
            began = time.perf_counter()
            if not self._case.fixed and began > self._deadline:
                return
            try:
                reply = await conn.request(job.method, job.path, job.body, job.headers, job.keep)
            except (OSError, TimeoutError) as fault:
                self.slice.errors.append(f"{job.path}: {fault!r}")
                if len(self.slice.errors) > _TOO_MANY:
                    return
                continue
            self._note(job, reply, time.perf_counter() - began)

    def _note(self, job: c.Job, reply: Reply, took: float) -> None:
        done = self.slice
        done.latencies.append(took)
        done.ops += 1
        done.units += job.units
        done.sent += sum(map(len, job.body)) if job.body else reply.size
        if reply.status != 200:
            done.errors.append(f"{job.path}: status {reply.status} {reply.body[:200]!r}")
        elif len(self.kept) < CHECKED:
            self.kept.append((job, reply))


async def play(server: Server, case: c.Case, jobs: Iterator[c.Job], seconds: float) -> Slice:
    """One slice: the clock runs while the workers do, then the replies are checked."""
    conns = [Connection(server.base, server.headers) for _ in range(case.workers)]
    with Meter(server.pids) as meter:
        began = time.perf_counter()
        played = _Play(case, jobs, began + seconds)
        await asyncio.gather(*map(played.worker, conns))
        played.slice.wall = time.perf_counter() - began
    done = played.slice
    done.cpu, done.rss = meter.cpu, meter.rss
    done.errors += [problem for job, reply in played.kept if (problem := _wrong(job, reply))]
    back = played.kept[-1][0].read_back if played.kept else None
    if back and (await conns[0].request("GET", back, None, c.JSON)).status != 200:
        done.errors.append(f"{back}: stored, but not there")
    for conn in conns:
        conn.shut()
    return done


def _wrong(job: c.Job, reply: Reply) -> str | None:
    if job.check is None:
        return None
    try:
        return job.check(reply)
    except Exception as fault:  # a reply that is not even well-formed
        return f"{job.path}: {fault!r} in {reply.body[:200]!r}"


async def rounds(
    servers: Sequence[Server], name: str, case: c.Case, count: int, seconds: float, salt: int
) -> dict[str, list[Slice]]:
    """The slices of each server, round by round, after one round that is not counted."""
    slices: dict[str, list[Slice]] = {server.name: [] for server in servers}
    for number in range(-1, count):
        stream = salt + number + 1  # other UIDs in each round, the same for each server
        work = list(case.jobs(stream)) if case.fixed else None
        for server in servers if number % 2 == 0 else servers[::-1]:
            await asyncio.to_thread(idle_for, server.pids, 0.2, 10)
            jobs = iter(work) if work is not None else case.jobs(stream)
            done = await play(server, case, jobs, seconds)
            if number >= 0:
                slices[server.name].append(done)
            elif done.errors:
                print(f"{name} {server.name}: {done.errors[0]}", file=sys.stderr)
    return slices


# --- loading ----------------------------------------------------------------------------------


async def load(server: Server, archive: int) -> float:
    """Store what the cases read: the fixtures and `archive` small studies; the seconds it took."""
    conn = Connection(server.base, server.headers)
    began = time.perf_counter()
    for template, (study, count) in c.FIXTURES.items():
        kind = getattr(data, template)()
        blobs = list(data.series(kind, c.FIXTURE_SALT, study, count))
        for start in range(0, count, 20):
            await _store(conn, server, blobs[start : start + 20])
    studies = data.Archive(archive)
    for start in range(0, archive, _BATCH):
        some = studies.studies[start : start + _BATCH]
        await _store(conn, server, [studies.instance(s) for s in some])
        if start % 2000 == 0:
            print(f"{server.name}: {start} of {archive} studies", file=sys.stderr)
    conn.shut()
    await asyncio.to_thread(idle_for, server.pids, 3, 120)
    return time.perf_counter() - began


async def _store(conn: Connection, server: Server, blobs: list[bytes]) -> None:
    job = c.stow_job(blobs)
    reply = await conn.request(job.method, job.path, job.body, job.headers)
    problem = _wrong(job, reply) if reply.status == 200 else f"status {reply.status}"
    if problem:
        raise RuntimeError(f"{server.name} cannot be loaded: {problem} {reply.body[:300]!r}")
