"""What everyday requests cost a server: processor time of each, one after another.

    PYTHONPATH=. .venv/bin/python -m bench.request_costs [--calls 200] [--rounds 5]

The real server process on SQLite over the world of `fanout_mix.py`, forty hospitals that read for
one, without open sockets. One client asks one thing at a time, so nothing waits and nothing is
shared: what the process took on the processor between the first call and the last, by the kernel's
count, is divided by the calls. A claim is always followed by giving the case back, counted apart.
The least of the rounds is told: what else the machine does can only add to it.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

from bench import fanout
from bench.fanout_mix import PROVIDERS, READERS, REQUESTERS
from bench.fanout_world import Case, build_many, headers_of
from tests import world
from tests.crash.rig import own_study

SETTLED = 0.25
"""Seconds after which the followers, which hold back, have seen what a step told."""


class Line:
    """One kept connection to the server, and the processor time the server has taken."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._clock = ~pid << 3 | 2  # clock_getcpuclockid(3): all threads, in nanoseconds
        self._http = HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, who: str, method: str, path: str, body: object = None) -> dict[str, object]:
        """One call; its answer."""
        raw = None if body is None else json.dumps(body)
        self._http.request(method, path, raw, headers_of(who, self.port))
        answer = self._http.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {told[:300]!r}")
        found: dict[str, object] = json.loads(told)
        return found

    def spent(self) -> float:
        """Milliseconds on a processor so far."""
        return time.clock_gettime_ns(self._clock) / 1e6

    def cost(self, ask: Callable[[], object], settled: float = 0.0) -> float:
        """What one call costs, with what it leaves to be done after its answer."""
        began = self.spent()
        ask()
        time.sleep(settled)
        return self.spent() - began


def reads(line: Line, case: Case) -> Iterator[tuple[str, Callable[[], object]]]:
    """What only looks."""
    one = f"/api/requests/{case.id}"
    yield "read a case, reader", lambda: line.call("p0-1", "GET", one)
    yield "read a case, requester", lambda: line.call("county-1", "GET", one)
    yield "the list, reader", lambda: line.call("p0-1", "GET", "/api/worklist")
    yield "the requests, requester", lambda: line.call("county-1", "GET", "/api/requests")


def draft(line: Line, study: str, patient: str) -> str:
    """A request that is complete and not sent."""
    asked = {"service": "imaging", "urgency": "routine"}
    made = line.call("county-1", "POST", "/api/requests", asked)
    path = f"/api/requests/{made['id']}"
    body = {
        "version": made["version"],
        "provider_id": "p1",
        "patient_ref": patient,
        "content": world.CONTENT["imaging"],
        "consent": world.consent("p1"),
        "study_ids": [study],
    }
    line.call("county-1", "PATCH", path, body)
    return path


def steps(line: Line, case: Case, own: tuple[str, str]) -> Iterator[tuple[str, float]]:
    """A reader takes a case, writes and gives it back; a county sends one and takes it back."""
    one, who = f"/api/requests/{case.id}", case.reader
    yield "claim", line.cost(lambda: line.call(who, "POST", f"{one}/claim", {}), SETTLED)
    latest = line.call(who, "GET", f"{one}/report")["current"]
    assert isinstance(latest, dict)
    body = {"revision": latest["revision"], "content": {"findings": "肺纹理增多", "impression": ""}}
    yield (
        "save a report",
        line.cost(lambda: line.call(who, "PUT", f"{one}/report/draft", body), SETTLED),
    )
    back = {"reason": "called-away"}
    yield "release", line.cost(lambda: line.call(who, "POST", f"{one}/release", back), SETTLED)
    path = draft(line, *own)
    time.sleep(SETTLED)
    yield "submit", line.cost(lambda: line.call("county-1", "POST", f"{path}/submit", {}), SETTLED)
    why = {"reason": "no-longer-needed"}
    line.call("county-1", "POST", f"{path}/withdraw", why)


def play(line: Line, case: Case, own: tuple[str, str], calls: int) -> dict[str, float]:
    """One round: milliseconds of processor time for each kind of request."""
    idle = line.cost(lambda: None, 2.0) / 2.0
    found: dict[str, float] = {}
    for name, ask in reads(line, case):
        ask()  # the first builds statements and proves who asks
        found[name] = line.cost(lambda ask=ask: [ask() for _ in range(calls)]) / calls
    spent: dict[str, list[float]] = {}
    for _ in range(max(1, calls // 10)):
        for name, cost in steps(line, case, own):
            spent.setdefault(name, []).append(cost - idle * SETTLED)
    return found | {name: sum(each) / len(each) for name, each in spent.items()}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--calls", type=int, default=200)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="telemed-costs-") as place:
        folder = Path(place) / "data"
        case = build_many(folder, PROVIDERS, READERS, REQUESTERS)[0]
        with fanout.serving(folder, 100) as (port, pid):
            case.open(port)
            line, own = Line(port, pid), own_study(folder)
            rounds = [play(line, case, own, given.calls) for _ in range(given.rounds)]
    said = (
        f"{time.strftime('%d %B %Y')}, {platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} at the end; the least of {given.rounds} rounds."
    )
    rows = [f"| {name} | {min(one[name] for one in rounds):.2f} |" for name in rounds[0]]
    table = ["| request | CPU ms |", "|---|---:|", *rows]
    print(said, *table, sep="\n")


if __name__ == "__main__":
    main()
