"""A year on PostgreSQL, and then three servers and some hours of life over it, compared at the end.

    PYTHONPATH=. .venv/bin/python bench/year_nodes.py [--days 365] [--rate 1150] [--hours 3]

Starts a PostgreSQL with its durability on and a Redis of its own, plays the past through the
actions, starts three servers, plays the hours after it against them over HTTP and sockets, and
compares both ledgers with the log and the tally. Prints times, sizes and the slowest statements;
exit status 1 when anything differs. Everything it made goes with it.
"""

import argparse
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

import psycopg

from bench import year
from telemed.assemble import open_services
from telemed.server.services import Services
from telemed.simulate import run
from telemed.simulate.run import Live, Order
from telemed.simulate.world import ZONE
from tests.deployment.site import Site, open_site
from tests.services import running_postgres

UNTIL = datetime(2026, 11, 1, tzinfo=ZONE)
LIVE_UNTIL = datetime(2026, 11, 2, 12, tzinfo=ZONE)
"""Noon of a Monday: the morning peak."""


def main() -> int:
    """Play, compare, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=float, default=365)
    asked.add_argument("--rate", type=float, default=None)
    asked.add_argument("--hours", type=float, default=3)
    asked.add_argument("--speed", type=float, default=20)
    given = asked.parse_args()
    with running_postgres() as postgres, open_site(postgres) as site:
        services = open_services(site.settings())
        try:
            _past(services, Order(2026, given.days, UNTIL, given.rate))
            heard = _life(site, services, given.hours / 24, given.rate, given.speed)
            same = _compare(services)
            year.ask_everything(services)
            _sizes(site)
        finally:
            services.store.close()
    return 0 if same and not heard else 1


def _past(services: Services, order: Order) -> None:
    run.ensure_network(services)
    began = time.monotonic()
    played = run.play(services, order, _Said())
    took = time.monotonic() - began
    print(
        f"past: {played.cases:,} cases, {played.facts:,} facts in {took:,.0f} s,"
        f" {took / max(1, played.cases) * 1000:.1f} ms a case",
        flush=True,
    )


def _life(
    site: Site, services: Services, days: float, rate: float | None, speed: float
) -> list[str]:
    """Three servers over the year, and a morning; what sockets missed."""
    site.start_all()
    began = time.monotonic()
    order = Order(7, days, LIVE_UNTIL, rate)
    heard = run.play_live(services, order, Live(site.addresses, speed, sockets=30), _Said())
    print(
        f"life on three servers: {heard.played.cases:,} cases, {heard.played.steps:,} steps in"
        f" {time.monotonic() - began:,.0f} s; {heard.sockets} sockets heard {heard.messages:,}"
        f" facts, {len(heard.unheard)} of them not everything"
    )
    for name, seconds in sorted(heard.timings.seconds.items()):
        found = sorted(seconds)
        p50, p99 = (found[int((len(found) - 1) * share)] * 1000 for share in (0.5, 0.99))
        print(f"  {name:45} {len(found):6} times, p50 {p50:7.1f} ms, p99 {p99:7.1f} ms")
    return list(heard.unheard)


def _compare(services: Services) -> bool:
    began = time.monotonic()
    verdict = run.check(services)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"compared {verdict.cases:,} cases, {verdict.facts:,} facts, {verdict.entries:,} entries"
        f" in {time.monotonic() - began:,.0f} s: {'equal' if verdict.same else 'DIFFERENT'};"
        f" peak memory {peak:.2f} GB"
    )
    for line in verdict.named:
        print(f"  {line}")
    return verdict.same


def _sizes(site: Site) -> None:
    """What the database weighs."""
    with psycopg.connect(site.postgres.dsn(site.database)) as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        cases = connection.execute("select count(*) from requests").fetchone()
    size, count = (row or [0])[0], (cases or [1])[0]
    print(f"database {size / 1e9:.2f} GB, {size / count * 100_000 / 1e9:.2f} GB for 100,000 cases")


class _Said:
    """Progress for a log file: a line for every hundredth."""

    def __init__(self) -> None:
        self._began, self._cases, self._told = time.monotonic(), 0, 0

    def __call__(self, cases: int, expected: float) -> None:
        self._cases += cases
        if self._cases * 100 >= (self._told + 1) * expected:
            self._told = int(self._cases * 100 / expected)
            took = time.monotonic() - self._began
            print(f"  {self._told} %, {self._cases:,} cases, {took:,.0f} s", file=sys.stderr)


if __name__ == "__main__":
    if not Path("tests").is_dir():
        sys.exit("run it from the repository's root")
    sys.exit(main())
