"""Many want the same time at once, at several servers: nobody and nothing is booked twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from telemed.actions import appointments as acts
from telemed.actions.act import Act
from telemed.actions.appointments import Plan, Why
from telemed.actions.booking import Invited, Used
from telemed.core.access import Role, Subject
from telemed.core.appointment import times
from telemed.store import appointment_tables as a
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    has_hours,
    has_room,
    held,
    plan,
    proposed,
)
from tests.server.races import all_at_once, on_postgresql, three_servers
from tests.world import World

EXPERTS = ("hub-reader", "hub-reader2", "hub-verifier")
ASKERS = ("county", "second", "hub")
NINE = datetime.fromisoformat("2026-03-06T09:00:00+08:00")
TAKING = {"held", "proposed", "confirmed", "under way"}
SEED = 20260306


def subject(place: str) -> Subject:
    """A coordinator, who may do everything with appointments."""
    return Subject(f"{place}-coordinator", frozenset({Role.COORDINATOR}), place)


def holds(
    world: World, place: str, since: datetime, room: str, *people: str
) -> Callable[[Tx], str]:
    """One who holds half an hour with people in a room."""
    wanted = Plan(
        "imaging", place, "hub", times(since, 30, 5, 5),
        tuple(Invited("expert", person) for person in people), (Used(room),),
    )  # fmt: skip

    def do(tx: Tx) -> str:
        services = world.services
        act = Act(tx, subject(place), world.clock(), services.new_id, services.catalogue)
        return acts.hold(act, wanted).id

    return do


def had(_: object) -> str:
    """What is done is held by somebody."""
    return "held"


async def check_nothing_is_taken_twice(world: World, capacity: int) -> None:
    """Of everybody and everything: the times they keep never meet, or not more than they hold."""
    rows = {r["id"]: r for r in await world.rows(a.appointments) if r["state"] in TAKING}
    taken: dict[str, list[tuple[datetime, datetime]]] = {}
    for seat in await world.rows(a.appointment_seats):
        if seat["appointment_id"] in rows and seat["state"] in ("invited", "accepted"):
            row = rows[seat["appointment_id"]]
            taken.setdefault(seat["person_id"], []).append((row["kept_since"], row["kept_until"]))
    for spans in taken.values():
        spans.sort()
        for (_, until), (since, _) in pairwise(spans):
            assert until <= since
    used = [rows[r["appointment_id"]] for r in await world.rows(a.appointment_resources)
            if r["appointment_id"] in rows]  # fmt: skip
    for one in used:
        at_once = [o for o in used if o["kept_since"] <= one["kept_since"] < o["kept_until"]]
        assert len(at_once) <= capacity


async def race(world: World, stores: Sequence[Store], rounds: int) -> None:
    """First the same time for everybody, then times, people and one room at random."""
    await has_hours(world, *EXPERTS)
    room = await has_room(world, 2)
    same = [holds(world, ASKERS[n % 3], NINE, room, EXPERTS[0]) for n in range(12)]
    assert await all_at_once(stores, same, had) == {"held": 1, "slot-taken": 11}
    chance, told = random.Random(SEED), Counter[str]()
    for _ in range(rounds):
        wishes = [
            holds(world, chance.choice(ASKERS),
                  NINE + timedelta(minutes=chance.randrange(0, 120, 5)), room,
                  *chance.sample(EXPERTS, chance.randint(1, 2)))
            for _ in range(12)
        ]  # fmt: skip
        told += await all_at_once(stores, wishes, had)
        await check_nothing_is_taken_twice(world, 2)
    assert set(told) == {"held", "slot-taken"}
    facts = await world.rows(t.activities, t.activities.c.kind == "appointment.held")
    assert len(facts) == 1 + told["held"] == len(await world.rows(a.appointments))
    numbers = sorted(row["number"] for row in await world.rows(a.appointments))
    assert numbers == [f"YY20260305-{n:04}" for n in range(1, len(numbers) + 1)]


async def race_of_steps(world: World, stores: Sequence[Store]) -> None:
    """Confirmed and canceled at once, by several: one step is taken, the others are told."""
    one = await proposed(world, "08:00", "hub-reader")

    def takes(step: Callable[[Act], None]) -> Callable[[Tx], str]:
        def do(tx: Tx) -> str:
            services = world.services
            step(Act(tx, subject("hub"), world.clock(), services.new_id, services.catalogue))
            return "done"

        return do

    key, version = one["id"], one["version"]
    confirm = takes(lambda act: acts.confirm(act, key, version))
    cancel = takes(lambda act: acts.cancel(act, key, version, Why("other")))
    told = await all_at_once(stores, [confirm, cancel] * 6, had)
    assert told["held"] == 1 and told["stale"] == 11
    (row,) = await world.rows(a.appointments, a.appointments.c.id == key)
    moves = await world.rows(a.appointment_moves, a.appointment_moves.c.appointment_id == key)
    assert row["state"] in ("confirmed", "canceled") and row["version"] == version + 1
    assert sorted(m["n"] for m in moves) == [1, 2, 3]


@pytest.mark.timeout(600)
async def test_nothing_is_booked_twice(world: World) -> None:
    """Three servers on one SQLite file."""
    with three_servers(world, world.services.settings.database) as stores:
        await race(world, stores, 4)
        await race_of_steps(world, stores)


@pytest.mark.services
@pytest.mark.timeout(600)
async def test_nothing_is_booked_twice_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """With real concurrency."""
    async with on_postgresql(tmp_path, postgres_url) as (world, stores):
        await race(world, stores, 8)
        await race_of_steps(world, stores)


async def test_many_pages_want_one_time(world: World) -> None:
    """Over HTTP: one gets it, everybody else reads who has it."""
    await has_hours(world, "hub-reader")
    bodies = [world.client(f"{place}-{who}").call("POST", APPOINTMENTS, plan())
              for place in ("county", "second") for who in ("requester", "coordinator")
              for _ in range(4)]  # fmt: skip
    told = await asyncio.gather(*bodies)
    assert Counter(reply.status for reply in told) == {201: 1, 409: 15}
    assert {reply.code for reply in told} == {"", "slot-taken"}
    assert len(await world.rows(a.appointments)) == 1


async def test_a_time_given_back_is_given_to_one(world: World) -> None:
    """Canceled twice and asked for by many in the same moment."""
    await has_hours(world, "hub-reader")
    one = await held(world)
    path = f"{APPOINTMENTS}/{one['id']}/cancel"
    body = {"version": one["version"], **BECAUSE}
    told = await asyncio.gather(
        *(world.client(who).call("POST", path, body) for who in (ASKER, KEEPER)),
        *(world.client("second-requester").call("POST", APPOINTMENTS, plan()) for _ in range(6)),
    )
    assert sorted(reply.status for reply in told[:2]) == [200, 409]
    assert sum(reply.status == 201 for reply in told[2:]) <= 1
    taking = [r for r in await world.rows(a.appointments) if r["state"] in TAKING]
    assert len(taking) <= 1
