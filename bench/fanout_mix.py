"""The everyday mix over live sockets: 2,000 of them, 200 requests a second, each event to the few
that may see it.

    PYTHONPATH=. .venv/bin/python -m bench.fanout_mix [--write]

Forty hospitals with forty-nine readers each read for one that has forty requesters. A tenth of the
requests are readers who claim a case and give it back: 89 of the 2,000 sockets may hear of it. Six
tenths open a case, three tenths a worklist. They come at their times whether the ones before are
answered or not, and count from when they were due. An event counts from the end of its durable
commit (with several processes from its fact's own time, before that) to the last socket; each must
have come to every socket that may hear it and to no other, or the run fails.

The peer in the same run is nginx with nchan: a channel for each hospital, the same messages posted
to both sides' channels, the reads served from files of the same sizes. It knows no accounts, no
rights, no log and no transaction. The client works on the same two cores.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from bench import fanout
from bench.committed import committed_after
from bench.fanout import COMMITS, HELLO, Crowd, cpu_seconds, percentile, resident
from bench.fanout_world import Case, build_many, headers_of
from tests.services import Redis, free_port, wait_until

PROVIDERS, READERS, REQUESTERS = 40, 49, 40
SOCKETS = PROVIDERS * READERS + REQUESTERS
HEARERS = READERS + REQUESTERS
MARKS = ("<!-- measured: fanout mix -->", "<!-- end -->")
_FACT = re.compile(rb'"seq":(\d+),"kind":"(workitem\.(?:claimed|released))","at":"([^"]+)"')


def whose(number: int) -> tuple[str, str]:
    """The account and the hospital behind a socket."""
    if number < REQUESTERS:
        return f"county-{number}", "county"
    provider, reader = divmod(number - REQUESTERS, READERS)
    return f"p{provider}-{reader}", f"p{provider}"


@dataclass
class Side:
    """A server under the mix: its address, its processes, how to open the sockets."""

    name: str
    port: int
    pids: list[int]
    listed: Path | None
    """Where the load finds telemed's cases; None for the peer."""
    cases: Sequence[Case] = ()
    commits: Path | None = None

    def crowd(self) -> Crowd:
        """All sockets, open."""
        if self.listed is None:
            paths = [f"/live/{whose(n)[1]}" for n in range(SOCKETS)]
            return Crowd(SOCKETS, self.port, paths, lambda number: "")
        return Crowd(SOCKETS, self.port, ["/live"] * SOCKETS, self._header, HELLO)

    def _header(self, number: int) -> str:
        told = headers_of(whose(number)[0], self.port)
        return "".join(f"{name}: {told[name]}\r\n" for name in ("Origin", "Cookie"))


# --- the load, in a process of its own --------------------------------------------------------


@dataclass
class Load:
    """What the requests took: milliseconds from when each was due."""

    reads: list[float]
    steps: list[float]
    taken: list[int]
    """The cases whose last turn was to take them: their readers have them still."""


async def load(port: int, cases: list[Case], seconds: float, rate: float) -> Load:
    """Send requests at their times. No cases: post to the peer's channels, read its files."""
    done, began = Load([], [], []), time.time() + 0.5
    connector = TCPConnector(limit=200)
    async with (
        ClientSession(
            f"http://127.0.0.1:{port}", connector=connector, cookie_jar=DummyCookieJar()
        ) as http,
        asyncio.TaskGroup() as tasks,
    ):
        for number in range(int(seconds * rate)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.time()))
            place = number // 10 % PROVIDERS
            tasks.create_task(_one(http, port, cases, number, place, due, done))
    done.taken += [number for number, case in enumerate(cases) if case.taken]
    return done


async def _one(
    http: ClientSession, port: int, cases: list[Case], number: int, place: int, due: float,
    done: Load,
) -> None:  # fmt: skip
    step = number % 10 == 0
    if not cases:
        await _of_peer(http, number, place)
    elif step:
        path, body, _ = cases[place].next_turn()
        await _call(http, "POST", path, headers_of(cases[place].reader, port), json.dumps(body))
    else:
        who = headers_of(f"p{place}-{1 + number % (READERS - 1)}", port)
        case = f"/api/requests/{cases[place].id}"
        await _call(http, "GET", "/api/worklist" if number % 10 < 4 else case, who)
    (done.steps if step else done.reads).append((time.time() - due) * 1000)


async def _of_peer(http: ClientSession, number: int, place: int) -> None:
    if number % 10:
        await _call(http, "GET", f"/static/{'list' if number % 10 < 4 else 'case'}.json", {})
        return
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    head = f'{{"seq":{number},"kind":"workitem.claimed","at":"{at}","'
    for channel in (f"p{place}", "county"):
        await _call(http, "POST", f"/event/{channel}", {}, head + "x" * (330 - len(head)))


async def _call(
    http: ClientSession, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> None:
    async with http.request(method, path, headers=headers, data=body) as answer:
        told = await answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {told[:300]!r}")


# --- measuring --------------------------------------------------------------------------------


@dataclass
class Round:
    """What one round took, in milliseconds, processor share and kB a socket."""

    last: list[float]
    load: Load
    cpu: float
    kb: float


Heard = dict[tuple[bytes, bytes], list[tuple[float, int]]]
"""When which socket heard a fact, by its number and its own time."""


def measure(side: Side, seconds: float, rate: float) -> Round:
    """Open the sockets, play the load beside them, see that each event came to whom it should."""
    before = resident(side.pids)
    crowd = side.crowd()
    kb = max(0, resident(side.pids) - before) / SOCKETS / 1000
    words = [sys.executable, "-m", "bench.fanout_mix", "--load", str(side.port),
             "--seconds", str(seconds), "--rate", str(rate)]  # fmt: skip
    words += ["--cases", str(side.listed)] if side.listed else []
    heard: Heard = defaultdict(list)
    spent, began = cpu_seconds(side.pids), time.time()
    # What it tells is longer than a pipe holds, and nobody reads one before it has ended.
    with tempfile.TemporaryFile() as said, subprocess.Popen(words, stdout=said) as child:
        quiet_since = None
        while quiet_since is None or time.time() - quiet_since < 2.0:
            for fd, _ in crowd.epoll.poll(0.1, 512):
                data, now = crowd.read(fd), time.time()
                for fact in _FACT.finditer(data):
                    heard[fact[1], fact[3]].append((now, fd))
                    quiet_since = quiet_since and now
            if quiet_since is None and child.poll() is not None:
                quiet_since = time.time()
        said.seek(0)
        told = json.loads(said.read())
    share = (cpu_seconds(side.pids) - spent) / (time.time() - began)
    crowd.close()
    for number in told["taken"]:  # the next round begins with all of them in their pools
        side.cases[number].give_back()
    time.sleep(1.0)
    _check(heard, len(told["steps"]))
    return Round(_to_the_last(side, heard), Load(**told), share, kb)


def _to_the_last(side: Side, heard: Heard) -> list[float]:
    begun = [datetime.fromisoformat(at.decode()).timestamp() for _, at in heard]
    if side.commits is not None:
        begun = committed_after(side.commits, begun)
    last = (max(now for now, _ in one) for one in heard.values())
    return [(at - since) * 1000 for since, at in zip(begun, last, strict=True)]


def _check(heard: Heard, steps: int) -> None:
    wrong = {n: len(one) for n, one in heard.items() if len({fd for _, fd in one}) != HEARERS}
    if len(heard) != steps or wrong:
        raise RuntimeError(f"{steps} events, {len(heard)} heard; by the wrong number: {wrong}")


@contextmanager
def telemed(folder: Path, workers: int) -> Iterator[Side]:
    """The real server on forty-one hospitals."""
    cases = build_many(folder, PROVIDERS, READERS, REQUESTERS)
    many = _several(folder, workers) if workers > 1 else fanout.serving(folder, SOCKETS + 300)
    with many as (port, pid):
        for case in cases:
            case.open(port)
        listed = folder / "cases.json"
        listed.write_text(json.dumps([case.id for case in cases]))
        pids = fanout.family(pid) if workers > 1 else [pid]
        name = f"telemed, {workers} processes" if workers > 1 else "telemed"
        yield Side(name, port, pids, listed, cases, None if workers > 1 else folder / COMMITS)


@contextmanager
def _several(folder: Path, workers: int) -> Iterator[tuple[int, int]]:
    """So many server processes behind one port, with the Redis that rings between them: the port,
    and the process that keeps them."""
    port = free_port()
    with ExitStack() as stack:
        (folder / "redis").mkdir()
        redis = Redis(folder / "redis")
        stack.callback(redis.kill)
        redis.start()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("TELEMED_")} | {
            "TELEMED_DATA_DIR": str(folder),
            "TELEMED_PORT": str(port),
            "TELEMED_WORKERS": str(workers),
            "TELEMED_REDIS_URL": redis.url,
            "TELEMED_SECRET": secrets.token_hex(),
            "TELEMED_FREE_SPACE_RESERVE_BYTES": "0",
            "TELEMED_MOST_CONNECTIONS": str(SOCKETS + 500),
            "TELEMED_TRUSTED_PROXIES": "127.0.0.1",  # one address is no crowd's limit here
            "TELEMED_RENDER_WORKERS": "1",
        }
        words = [sys.executable, "-m", "telemed", "serve"]
        child = stack.enter_context(fanout.running(words, environ, folder / "server.log"))
        wait_until(lambda: fanout.answers(port, "/health/ready"), "telemed")
        yield port, child.pid


@contextmanager
def nchan(folder: Path) -> Iterator[Side]:
    """nginx, with files as long as telemed's answers for the reads."""
    (folder / "static").mkdir()
    for name, size in (("list", 2_500), ("case", 5_000)):
        (folder / "static" / f"{name}.json").write_bytes(b"x" * size)
    with fanout.nchan(folder) as target:
        yield Side("nchan", target.port, target.pids(), None)


HEAD = (
    "| server | to the last that may hear, p50 ms | p99 | steps, p50 ms | p99 | reads, p50 ms "
    "| p99 | CPU, cores | kB a socket |\n|---|" + "---:|" * 8
)


def line(name: str, rounds: Sequence[Round]) -> str:
    """A row of the table."""
    last = [ms for one in rounds for ms in one.last]
    steps = [ms for one in rounds for ms in one.load.steps]
    reads = [ms for one in rounds for ms in one.load.reads]
    figures = " | ".join(
        f"{statistics.median(some):.1f} | {percentile(some, 99):.0f}"
        for some in (last, steps, reads)
    )
    cpu = statistics.median(one.cpu for one in rounds)
    return f"| {name} | {figures} | {cpu:.2f} | {rounds[0].kb:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="server processes")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--cases", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        cases = _cases(given.cases) if given.cases else []
        done = asyncio.run(load(given.load, cases, given.seconds, given.rate))
        print(json.dumps(asdict(done)))
        return
    fanout.raise_limit()
    beside = not given.alone
    if beside:
        fanout.require_nchan()
    with tempfile.TemporaryDirectory(prefix="telemed-mix-") as place, ExitStack() as open_now:
        folder = Path(place)
        folder.chmod(0o755)
        ours = telemed(folder / "data", given.workers)
        sides = [open_now.enter_context(one) for one in (ours, *([nchan(folder)] * beside))]
        said = (
            f"{time.strftime('%d %B %Y')}, {platform.machine()}, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.1f} before it began; {given.rounds} rounds of {given.seconds:g}"
            f" s, {given.rate:g} requests a second, a tenth of them events."
        )
        found: dict[str, list[Round]] = {side.name: [] for side in sides}
        for number in range(given.rounds):
            for side in sides if number % 2 == 0 else sides[::-1]:
                found[side.name].append(measure(side, given.seconds, given.rate))
        lines = [HEAD, *(line(name, rounds) for name, rounds in found.items())]
    print(said, *lines, sep="\n")
    if given.write:
        fanout.write("\n".join((said, "", *lines)), MARKS)


def _cases(listed: Path) -> list[Case]:
    found = []
    for number, key in enumerate(json.loads(listed.read_text())):
        case = Case(listed.parent, f"p{number}", f"p{number}-0")
        case.id = key
        found.append(case)
    return found


if __name__ == "__main__":
    main()
