"""A month of slots of hundreds of experts, asked of the API.

    PYTHONPATH=. .venv/bin/python -m bench.slots [--experts 300] [--booked 20] [--runs 30]
    PYTHONPATH=. .venv/bin/python -m bench.slots --postgres

The hub of the tests' world gets so many experts with morning and afternoon hours, leave of every
tenth with a cover, and appointments spread over the month, `--booked` each. A county doctor asks
over HTTP, with session and rights, for half an hour within 31 days: with any of them, with three of
them, with three led by one of twenty, and for a time that cannot be (so that the reason is worked
out). Each figure is the median and the worst of `--runs`, from the call to the whole answer; beside
it the processor time that client and server took for one, without PostgreSQL's own.
"""

import argparse
import asyncio
import gc
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from telemed.store import appointment_tables as at
from telemed.store.tx import Tx
from tests import world as worlds
from tests.services import running_postgres
from tests.world import World

MONDAY: Final = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
MONTH: Final = timedelta(days=31)
HALF: Final = timedelta(minutes=30)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--experts", type=int, default=300)
    asked.add_argument("--booked", type=int, default=20)
    asked.add_argument("--runs", type=int, default=30)
    asked.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="telemed-slots-"))
        settings: dict[str, Any] = {}
        if given.postgres:
            cluster = stack.enter_context(running_postgres())
            settings["database_url"] = cluster.sqlalchemy_url(cluster.fresh_database())
        asyncio.run(_measure(Path(folder) / "data", given, settings))


async def _measure(folder: Path, given: argparse.Namespace, settings: dict[str, Any]) -> None:
    worlds.build(folder, **settings)
    async with worlds.world_at(folder, **settings) as world:
        await world.write(lambda tx: _fill(tx, given.experts, given.booked))
        # As `telemed serve` does: the tests' world holds far more objects than a server.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        print(f"\n{given.experts} experts, {given.booked} appointments each, 31 days\n")
        print("| asked for | slots | answer, kB | median | worst | processor |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, groups, minutes in _questions(given.experts):
            await _ask(world, name, groups, minutes, given.runs)


def _fill(tx: Tx, experts: int, booked: int) -> None:
    """Experts with hours, leave and appointments."""
    chance = random.Random(20260308)
    stamp = {"made_by": "bench", "made_at": worlds.START}
    hours, leave, rows, seats = [], [], [], []
    for n in range(experts):
        person = f"expert-{n}"
        worlds.add_person(tx, person, "hub", ["32"], date(2010, 7, 1))
        for begins, ends in ((480, 720), (870, 1050)):
            hours.append({
                "id": f"{person}-{begins}", "institution_id": "hub", "person_id": person,
                "weekdays": [0, 1, 2, 3, 4], "begins": begins, "ends": ends,
                "first": date(2026, 1, 1), "every": 1, "calendar": True, **stamp,
            })  # fmt: skip
        if n % 10 == 0:
            leave.append({
                "id": f"leave-{n}", "institution_id": "hub", "person_id": person, "kind": "away",
                "since": MONDAY, "until": MONDAY + MONTH / 2,
                "cover_id": f"expert-{(n + 1) % experts}", **stamp,
            })  # fmt: skip
        for k in range(booked):
            since = MONDAY + timedelta(
                days=chance.randrange(31), minutes=chance.randrange(0, 540, 30)
            )
            key = f"a-{n}-{k}"
            rows.append({
                "id": key, "number": key, "service": "imaging", "requester_id": "county",
                "provider_id": "hub", "state": "confirmed", "version": 1, "urgent": False,
                "since": since, "until": since + HALF, "kept_since": since,
                "kept_until": since + HALF, "created_by": "bench", "created_at": since,
                "updated_at": since,
            })  # fmt: skip
            seats.append({"appointment_id": key, "n": 1, "role": "expert", "person_id": person,
                          "institution_id": "hub", "state": "accepted",
                          "state_at": since})  # fmt: skip
    for table, some in ((at.weekly_hours, hours), (at.calendar_exceptions, leave),
                        (at.appointments, rows), (at.appointment_seats, seats)):  # fmt: skip
        if some:
            tx.insert(table, some)


def _questions(experts: int) -> list[tuple[str, dict[str, Any], int]]:
    chairs = [f"expert-{n}" for n in range(min(20, experts))]
    everybody = [f"expert-{n}" for n in range(experts)]
    whole = {"role": "expert", "institution": "hub"}
    return [
        ("any of the hub's", whole, 30),
        ("3 of the hub's", {**whole, "count": 3}, 30),
        ("3 of all, named, one of 20 leads",
         {"role": "expert", "people": everybody, "count": 3, "chairs": chairs}, 30),
        ("8 minutes with any", whole, 8),
        ("6 hours with any (none: why)", whole, 360),
    ]  # fmt: skip


async def _ask(world: World, name: str, group: dict[str, Any], minutes: int, runs: int) -> None:
    body = {
        "service": "imaging", "since": MONDAY.isoformat(), "until": (MONDAY + MONTH).isoformat(),
        "minutes": minutes, "step": max(minutes, 15) if minutes <= 30 else 30, "groups": [group],
    }  # fmt: skip
    client, took, spent = world.client("county-requester"), [], []
    for _ in range(runs + 3):
        began, before = time.perf_counter(), time.process_time()
        reply = await client.call("POST", "/api/availability/slots", body)
        took.append(time.perf_counter() - began)
        spent.append(time.process_time() - before)
        assert reply.status == 200, reply.body
    counted = sorted(took[3:])
    found, size = len(reply.json["slots"]), len(reply.body) / 1000
    figures = (statistics.median(counted), counted[-1], statistics.median(spent[3:]))
    ms = " | ".join(f"{1000 * value:.0f} ms" for value in figures)
    print(f"| {name} | {found} | {size:.0f} | {ms} |", flush=True)


if __name__ == "__main__":
    main()
