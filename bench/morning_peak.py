"""The morning peak on one server and on three: how long each action takes, and where it breaks.

    PYTHONPATH=. .venv/bin/python -m bench.morning_peak [--levels 1500,4000,20000] [--nodes 1,3]

For each number of servers it starts PostgreSQL with its durability on, Redis and the servers, and
plays the hour from eight of a Monday through `telemed simulate`'s own machinery, at rising levels
of cases a day. Plans run `--speed` times faster than life with as many times fewer cases, so that
a level's cases begin at the pace of life and end within the minutes that are measured. Screens
hear over sockets and fetch their list again at each fact, as the web client does. The client works
on the same processors.
"""

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bench.dicomweb.meter import Meter, cpu_seconds, resident
from telemed.assemble import open_services
from telemed.server.services import Services
from telemed.simulate import run
from telemed.simulate.run import Heard, Live, Order
from telemed.simulate.world import ZONE
from tests.deployment.site import Site, open_site
from tests.services import running_postgres

EIGHT = datetime(2026, 3, 9, 8, tzinfo=ZONE)
"""Eight o'clock of a Monday: the hour in which most cases begin."""
MUST_MS = 300.0
"""The p99 that each action must keep at 4,000 cases a day."""
LATE = 1.0
"""Seconds by which steps may begin late before the client counts as the bottleneck."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    levels: list[int]
    nodes: list[int]
    minutes: float
    speed: float
    screens: int


def main() -> int:
    """Play and print a table for each number of servers; exit status 1 when a socket missed any."""
    asked = _asked()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    whole = True
    with running_postgres() as postgres:
        for count in asked.nodes:
            with open_site(postgres) as site:
                services = open_services(site.settings())
                try:
                    run.ensure_network(services)
                    whole = _ladder(site, services, count, asked) and whole
                finally:
                    services.store.close()
    return 0 if whole else 1


def _asked() -> Asked:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--levels", default="1500,4000,20000", help="cases a day, rising")
    given.add_argument("--nodes", default="1,3", help="numbers of servers")
    given.add_argument("--minutes", type=float, default=3, help="how long each level is played")
    given.add_argument("--speed", type=float, default=20, help="how much faster cases are lived")
    given.add_argument("--screens", type=int, default=770, help="pages that hear and fetch")
    told = given.parse_args()
    levels, nodes = ([int(n) for n in text.split(",")] for text in (told.levels, told.nodes))
    return Asked(levels, nodes, told.minutes, told.speed, told.screens)


def _ladder(site: Site, services: Services, count: int, asked: Asked) -> bool:
    """Every level on so many servers; whether every socket heard everything."""
    for number in range(count):
        site.start(number)
    for number in range(count):
        while not site.is_ready(number):
            time.sleep(0.1)
    print(f"\n## {count} server{'s' if count > 1 else ''}, {asked.screens} screens\n", flush=True)
    whole = True
    for level in asked.levels:
        whole = _level(site, services, count, level, asked) and whole
    return whole


def _level(site: Site, services: Services, count: int, level: int, asked: Asked) -> bool:
    """One level: play, print its figures."""
    span = timedelta(minutes=asked.minutes * asked.speed)
    order = Order(level, span / timedelta(days=1), EIGHT + span, level / asked.speed)
    servers = [_pid(site, number) for number in range(count)]
    database = int((site.postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
    live = Live(site.addresses[:count], asked.speed, asked.screens, screens=True)
    before, began = cpu_seconds([database]), time.monotonic()
    with Meter(servers) as meter:
        heard = run.play_live(services, order, live)
    took = time.monotonic() - began
    _print(level, heard, took, meter.cpu, cpu_seconds([database]) - before, resident(servers))
    return not heard.unheard


def _pid(site: Site, number: int) -> int:
    process = site.nodes[number].process
    assert process is not None
    return process.pid


def _print(
    level: int, heard: Heard, took: float, servers: float, database: float, held: int
) -> None:
    cases, calls = heard.played.cases, sum(map(len, heard.timings.seconds.values()))
    late = _share(heard.timings.late, 0.99)
    print(
        f"### {level:,} cases a day\n\n"
        f"{cases} cases, {calls / took:.0f} calls a second, {heard.messages} facts heard by"
        f" {heard.sockets} sockets, {len(heard.unheard)} of them not everything; per case"
        f" {servers / cases * 1000:.0f} ms of the servers' processors and"
        f" {database / cases * 1000:.0f} ms of the database's; {held / 1e6:.0f} MB;"
        f" steps began up to {late:.2f} s late (p99)\n"
    )
    print("| call | times | p50 ms | p99 ms |\n|---|--:|--:|--:|")
    for name, seconds in sorted(heard.timings.seconds.items(), key=lambda row: -_share(row[1])):
        over = " **over**" if _share(seconds) * 1000 > MUST_MS else ""
        p50, p99 = _share(seconds, 0.5) * 1000, _share(seconds) * 1000
        print(f"| `{name}` | {len(seconds)} | {p50:.0f} | {p99:.0f}{over} |")
    if late > LATE:
        print("\nSteps began late: the processors are full, and this is beyond the knee.")
    print(flush=True)


def _share(seconds: list[float], share: float = 0.99) -> float:
    """A percentile by nearest rank; 0 of nothing."""
    found = sorted(seconds)
    return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


if __name__ == "__main__":
    if not Path("tests").is_dir():
        sys.exit("run it from the repository's root")
    sys.exit(main())
