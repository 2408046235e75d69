"""A lecture of a thousand people is called off: how long until all are told, and who waits for it.

    PYTHONPATH=. .venv/bin/python -m bench.told [--people 1000] [--part 100] [--postgres]

A running server follows the fact and tells by its own clock, in parts of so many people a
transaction, and sends each a message through a gateway that answers at once. Meanwhile somebody
else writes over the HTTP API, one call after the other, and each call is timed. Afterwards the
database and the gateway are counted: a notice, a delivery and a message for each. `--part` as large
as `--people` shows what one transaction for all would cost the others.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.checkins import PLACES, add_people, person
from telemed.actions import taught
from telemed.store import notice_tables as n
from telemed.store import training_tables as tt
from telemed.store.tx import Tx
from tests.server.test_channels import Gateway
from tests.server.training import GIVER, lecture, published, step
from tests.services import running_postgres
from tests.world import START, World, build, world_at

OTHER = "second-requester"


def take_part(tx: Tx, key: str, people: int) -> None:
    """Everybody enrolled, with an address."""
    names = [(m, person(m)) for m in range(people)]
    tx.insert(
        tt.enrolments,
        [{"lecture_id": key, "account_id": who, "institution_id": PLACES[m % 3],
          "state": "enrolled", "n": m + 1, "made_at": START, "on_the_spot": False, "seconds": 0,
          "micros": 0, "pauses": 0} for m, who in names],
    )  # fmt: skip
    tx.insert(
        n.notice_preferences,
        [{"account_id": who, "email": "", "phone": "", "wecom": f"u{m}", "channels": {},
          "language": "zh", "updated_at": START} for m, who in names],
    )  # fmt: skip
    tx.change(tt.lectures, {"id": key}, {"taken": people, "queue": people})


async def others(world: World, done: asyncio.Event) -> list[float]:
    """Somebody else writes, one call after the other: seconds of each."""
    spent, client = [], world.client(OTHER)
    while not done.is_set():
        began = time.perf_counter()
        await client.ok("POST", "/api/notices/read", {"ids": None})
        spent.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    return spent


async def until(world: World, asked: sa.Select[Any], many: int) -> None:
    """Until the database says so many."""
    while await world.services.store.read(lambda tx: tx.scalar(asked)) < many:
        await asyncio.sleep(0.05)


_ENDED = sa.select(sa.func.count(n.escalations.c.id)).where(
    n.escalations.c.occasion == "lecture-off", n.escalations.c.ended_at.is_not(None)
)
_GONE = sa.select(sa.func.count(n.deliveries.c.id)).where(n.deliveries.c.state == "accepted")


async def measure(folder: Path, people: int, gateway: Gateway, settings: dict[str, Any]) -> None:
    """Enrol, call off, wait, count."""
    build(folder, **settings)
    async with world_at(folder, **settings) as world:
        await world.write(lambda tx: add_people(tx, people))
        _, key = await published(world, lecture(quota=people))
        await world.write(lambda tx: take_part(tx, key, people))
        done = asyncio.Event()
        writing = asyncio.create_task(others(world, done))
        began = time.perf_counter()
        await step(world, GIVER, key, "cancel", reason="lecturer-away")
        await until(world, _ENDED, 1)
        told = time.perf_counter() - began
        await until(world, _GONE, people)
        gone = time.perf_counter() - began
        done.set()
        spent = sorted(await writing)
        await count(world, people, gateway)
        print(f"{people} told in {told:.1f} s, their messages out in {gone:.1f} s")
        print(told_of(spent))


def told_of(spent: Sequence[float]) -> str:
    """What the other's calls took."""
    middle, late, last = statistics.median(spent), spent[int(len(spent) * 0.95)], spent[-1]
    return (
        f"another writer's {len(spent)} calls meanwhile: median {middle * 1e3:.0f} ms,"
        f" 95 % {late * 1e3:.0f} ms, longest {last * 1e3:.0f} ms"
    )


async def count(world: World, people: int, gateway: Gateway) -> None:
    """A notice, a delivery and a message for each, and no more."""
    told = await world.rows(n.notices, n.notices.c.occasion == "lecture-off")
    sent = await world.rows(n.deliveries)
    assert len(told) == len({one["account_id"] for one in told}) == len(sent) == people
    assert len({headers["Idempotency-Key"] for headers, _ in gateway.calls}) == people
    assert len(gateway.calls) == people


async def run(folder: Path, people: int, settings: dict[str, Any]) -> None:
    """With a gateway beside it."""
    gateway = Gateway()
    app = web.Application()
    app.router.add_post("/{tail:.*}", gateway.take)
    async with TestServer(app) as server:
        out = {
            "webhook_url": str(server.make_url("/notices")),
            "webhook_secret": "0123456789abcdef0123456789abcdef",
            "webhook_channels": ["wecom"],
            "outbound_networks": ["127.0.0.0/8"],
        }
        await measure(folder, people, gateway, {**settings, **out})


def main() -> None:
    """Measure once."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=1000)
    asked.add_argument("--part", type=int, default=taught.PART)
    asked.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    given = asked.parse_args()
    taught.PART = given.part
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="told-"))
        settings: dict[str, Any] = {}
        if given.postgres:
            cluster = stack.enter_context(running_postgres())
            settings["database_url"] = cluster.sqlalchemy_url(cluster.fresh_database())
        print("load average", *(f"{one:.1f}" for one in os.getloadavg()))
        asyncio.run(run(Path(folder) / "data", given.people, settings))


if __name__ == "__main__":
    main()
