"""A thousand people check in to one lecture: how long it takes, and whether anybody was lost.

    PYTHONPATH=. .venv/bin/python -m bench.checkins [--people 1000] [--at-once 100] [--postgres]

Each has an account and a session of their own and goes through the HTTP API of a running server on
SQLite, or on a PostgreSQL of its own; the callers are a process of their own. A hundred were not
enrolled and get a place on the spot, and every tenth sends the code twice. Afterwards the database
is counted: enrolments, the lecture's counts and the facts in the log must all be as many as people.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from telemed.core.checkin import code_at
from telemed.store import tables as t
from telemed.store import training_tables as tt
from telemed.store.tx import Tx
from tests.server.training import SINCE, begin, lecture, published
from tests.services import running_postgres
from tests.world import World, add_account, build, csrf_of, session_of, world_at

PLACES = ("county", "second", "hub")
ON_THE_SPOT = 100


def person(n: int) -> str:
    """An account's name."""
    return f"{PLACES[n % 3]}-learner-{n}"


def add_people(tx: Tx, people: int) -> None:
    """An account and a session for each."""
    for n in range(people):
        add_account(tx, person(n), ["requester"], PLACES[n % 3], None)


async def calls(
    base: str, path: str, who: Sequence[str], at_once: int, body: dict[str, str] | None
) -> tuple[float, list[float], list[int]]:
    """One call of each, so many at a time: seconds in all, of each, and the statuses."""
    turn = asyncio.Semaphore(at_once)
    spent, statuses = [], []

    async def one(http: ClientSession, account: str) -> None:
        headers = {
            "Origin": base,
            "Cookie": f"telemed={session_of(account)}",
            "X-CSRF-Token": csrf_of(account),
        }
        async with turn:
            began = time.perf_counter()
            async with http.post(base + path, json=body, headers=headers) as answer:
                await answer.read()
            spent.append(time.perf_counter() - began)
            statuses.append(answer.status)

    connector = TCPConnector(limit=at_once)
    async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as http:
        began = time.perf_counter()
        await asyncio.gather(*(one(http, account) for account in who))
        return time.perf_counter() - began, spent, statuses


def in_own_process(*asked: Any) -> tuple[float, list[float], list[int]]:
    """`calls`, beside the server and not in its interpreter."""
    return asyncio.run(calls(*asked))


async def send(*asked: Any) -> tuple[float, list[float], list[int]]:
    """Run the callers in another process."""
    context = multiprocessing.get_context("spawn")
    loop = asyncio.get_running_loop()
    with context.Pool(1) as pool:
        return await loop.run_in_executor(None, lambda: pool.apply(in_own_process, asked))


async def count(world: World, key: str) -> dict[str, int]:
    """What the database says afterwards."""
    rows = await world.rows(tt.enrolments, tt.enrolments.c.lecture_id == key)
    (row,) = await world.rows(tt.lectures, tt.lectures.c.id == key)
    told = await world.rows(t.activities, t.activities.c.kind == "enrolment.checked_in")
    return {
        "enrolments checked in": sum(one["state"] == "checked in" for one in rows),
        "lecture's count": row["came"],
        "places taken": row["taken"],
        "facts": len(told),
        "people in the facts": len({one["data"]["account"] for one in told}),
    }


async def measure(folder: Path, people: int, at_once: int, settings: dict[str, Any]) -> None:
    """Enrol, let the time come, check in, count."""
    build(folder, **settings)
    async with world_at(folder, **settings) as world:
        await world.write(lambda tx: add_people(tx, people))
        # As `telemed serve` does: the tests' world holds far more objects than a server.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        _, key = await published(world, lecture(quota=people))
        everybody = [person(n) for n in range(people)]
        took, _, told = await send(
            world.base, f"/api/lectures/{key}/enrol", everybody[ON_THE_SPOT:], at_once, None
        )
        print(f"enrolled {told.count(200)} in {took:.1f} s")
        await begin(world, key)
        (row,) = await world.rows(tt.lectures, tt.lectures.c.id == key)
        code = code_at(row["code_secret"], row["code_seconds"], SINCE)
        path = f"/api/lectures/{key}/check-in"
        wanted = everybody + everybody[::10]
        took, spent, told = await send(world.base, path, wanted, at_once, {"code": code})
        spent.sort()
        print(
            f"{len(wanted)} check-ins of {people} people in {took:.1f} s"
            f" ({len(wanted) / took:.0f}/s), {told.count(200)} accepted;"
            f" median {statistics.median(spent) * 1000:.0f} ms,"
            f" 95 % {spent[int(len(spent) * 0.95)] * 1000:.0f} ms,"
            f" longest {spent[-1] * 1000:.0f} ms"
        )
        counted = await count(world, key)
        print(counted)
        assert set(counted.values()) == {people}, "somebody was lost, or counted twice"
        print("nobody lost, nobody twice")


def main() -> None:
    """Measure once."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=1000)
    asked.add_argument("--at-once", type=int, default=100)
    asked.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="checkins-"))
        settings: dict[str, Any] = {}
        if given.postgres:
            cluster = stack.enter_context(running_postgres())
            settings["database_url"] = cluster.sqlalchemy_url(cluster.fresh_database())
        print("load average", *(f"{one:.1f}" for one in os.getloadavg()))
        asyncio.run(measure(Path(folder) / "data", given.people, given.at_once, settings))


if __name__ == "__main__":
    main()
