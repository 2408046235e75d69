"""How long a simulated year's numbers take: `telemed simulate --days 365` first, then this.

    PYTHONPATH=. .venv/bin/python bench/year.py --data-dir data/year [--database-url URL]

Prints the median of some runs of each question of the tally page, for a regulator of the region
and for one hospital, and what the database weighs.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from telemed.assemble import open_services
from telemed.core.access import Role, Subject
from telemed.server.services import Services
from telemed.server.tally import TrendQuery, monthly, trend
from telemed.settings import Settings
from telemed.store import tables as t

REGION = Subject("bench", frozenset({Role.REGULATOR}), None, region="45")
HOSPITAL = Subject("bench", frozenset({Role.INSTITUTION_ADMIN}), "450300A01")


def main() -> None:
    """Ask and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data-dir", type=Path, required=True)
    asked.add_argument("--database-url", default="")
    asked.add_argument("--runs", type=int, default=5)
    given = asked.parse_args()
    services = open_services(Settings(data_dir=given.data_dir, database_url=given.database_url))
    ask_everything(services, given.runs)
    services.store.close()


def ask_everything(services: Services, runs: int = 5) -> None:
    """Every question of the tally page, for both kinds of people, timed and printed."""
    ask = services.store.read_now
    months = ask(lambda tx: [r[0] for r in tx.rows(sa.select(t.tally_sums.c.month).distinct())])
    month = sorted(months)[-2]
    for name, who in (("region", REGION), ("hospital", HOSPITAL)):
        for by in ("institution", "county", "city", "alliance", "service"):
            for side in ("provider", "requester"):

                def one(who: Subject = who, by: str = by, side: str = side) -> None:
                    ask(lambda tx: monthly(services.make_act(tx, who), month, by, side))

                print(f"{name:9} month by {by:12} {side:10} {_ms(one, runs):8.1f} ms")
        query = TrendQuery(by="service", side="provider", until=month, months=13)

        def many(who: Subject = who, query: TrendQuery = query) -> None:
            ask(lambda tx: trend(services.make_act(tx, who), query))

        print(f"{name:9} trend of 13 months{'':17} {_ms(many, runs):8.1f} ms")
    for table in (t.requests, t.activities, t.tally_entries, t.tally_times, t.tally_sums):
        rows = ask(lambda tx, table=table: tx.scalar(sa.select(sa.func.count()).select_from(table)))
        print(f"{table.name:16} {rows:10,} rows")


def _ms(do: Callable[[], None], runs: int) -> float:
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        do()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


if __name__ == "__main__":
    main()
