"""The wait list: a time that somebody gives back is held for whoever waits for it."""

import asyncio
from datetime import timedelta
from typing import Any

from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.followers.follow import catch_up_fully
from telemed.followers.waiting import fills, lapse_all
from telemed.store import appointment_tables as a
from telemed.store import tables as t
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    held,
    step,
)
from tests.world import World

WAITING = "/api/waiting"


def wish(*people: str, **more: Any) -> dict[str, Any]:
    """Half an hour on Friday morning with one of some people."""
    group = {"role": "expert", "people": list(people or ["hub-reader"])}
    return {"service": "imaging", "since": at("08:00"), "until": at("12:00"), "minutes": 30,
            "step": 30, "groups": [group], **more}  # fmt: skip


async def waits(world: World, who: str = ASKER, **more: Any) -> str:
    """Somebody comes onto the list; the entry's id."""
    body = {"provider_id": "hub", "search": wish(**more)}
    return str((await world.client(who).ok("POST", WAITING, body))["id"])


async def offer(world: World) -> None:
    """Whatever became free is offered, now and not when the follower comes to it."""
    services = world.services
    follower = fills(world.clock, services.new_id, services.catalogue)
    await services.in_far_thread(lambda _: catch_up_fully(services.store, follower), None)


async def lapse(world: World) -> int:
    """Whatever nobody went on with is given back."""
    services = world.services

    def do(tx: Any) -> int:
        return lapse_all(Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue))

    return int(await world.write(do))


async def state(world: World, entry: str) -> tuple[str, str | None]:
    """Where an entry is, and the appointment it got."""
    (row,) = await world.rows(a.waitings, a.waitings.c.id == entry)
    return row["state"], row["appointment_id"]


async def full(world: World, *keep: str) -> list[Any]:
    """All of the hub's Friday morning is booked by second, but for some times."""
    await has_hours(world, "hub-reader")
    clocks = [f"{h:02}:{m}" for h in range(8, 12) for m in ("00", "30")]
    return [await confirmed_by(world, clock) for clock in clocks if clock not in keep]


async def confirmed_by(world: World, clock: str) -> Any:
    """A time of second's, confirmed."""
    one = await held(world, clock, who="second-requester")
    one = await step(world, one, "propose", "second-requester")
    return await step(world, one, "confirm", KEEPER)


async def test_a_time_that_is_given_back_goes_to_whoever_waits(world: World) -> None:
    """Held for them, and nobody else can have it; they propose it and no longer wait."""
    booked = await full(world)
    entry = await waits(world)
    await offer(world)
    assert await state(world, entry) == ("waiting", None)
    await step(world, booked[3], "cancel", "second-requester", **BECAUSE)
    await offer(world)
    now, key = await state(world, entry)
    assert now == "offered" and key is not None
    one = await world.client(ASKER).get(f"{APPOINTMENTS}/{key}")
    assert (one["state"], one["since"]) == ("held", "2026-03-06T01:30:00Z")
    assert one["hold_until"] == "2026-03-05T10:00:00Z" and "propose" in one["allowed"]
    body = {"service": "imaging", "provider_id": "hub", "since": one["since"], "minutes": 30,
            "seats": [{"role": "expert", "person_id": "hub-reader"}]}  # fmt: skip
    await world.client("second-requester").refused("slot-taken", "POST", APPOINTMENTS, body)
    await step(world, one, "propose")
    assert (await state(world, entry))[0] == "filled"
    kinds = [k for k in await world.log() if k.startswith("waiting.")]
    assert kinds == ["waiting.begun", "waiting.offered", "waiting.ended"]
    await offer(world)
    assert len(await world.rows(a.appointments, a.appointments.c.waiting_id == entry)) == 1


async def test_an_offer_that_nobody_takes_goes_to_the_next(world: World) -> None:
    """The urgent before whoever came earlier; whoever let it pass waits no more."""
    booked = await full(world)
    slow = await waits(world)
    world.clock.advance(minutes=1)
    urgent = await waits(world, urgent=True)
    await step(world, booked[0], "cancel", "second-requester", **BECAUSE)
    await offer(world)
    assert (await state(world, urgent))[0] == "offered"
    assert (await state(world, slow))[0] == "waiting"
    world.clock.advance(hours=2)
    assert await lapse(world) == 1 and await lapse(world) == 0
    assert (await state(world, urgent))[0] == "passed"
    await offer(world)
    assert (await state(world, slow))[0] == "offered"


async def test_new_hours_and_somebody_s_return_fill_the_list_too(world: World) -> None:
    """Not only what is canceled frees time."""
    entry = await waits(world)
    await offer(world)
    assert (await state(world, entry))[0] == "waiting"
    await has_hours(world, "hub-reader")
    await offer(world)
    assert (await state(world, entry))[0] == "offered"


async def test_the_same_wish_twice_is_one(world: World) -> None:
    """Or two times would be kept for it; another wish, or the same after it was withdrawn, is an
    entry of its own."""
    await full(world)
    first = await waits(world)
    assert await waits(world) == first != await waits(world, step=60)
    await world.client(ASKER).ok("POST", f"{WAITING}/{first}/withdraw", {})
    assert await waits(world) != first


async def test_whoever_waits_no_longer_is_offered_nothing(world: World) -> None:
    """By their own word, or because the time has gone by."""
    gone, late = await waits(world), await waits(world, step=60)
    await world.client("second-requester").refused(
        "not-found", "POST", f"{WAITING}/{gone}/withdraw"
    )
    await world.client(ASKER).ok("POST", f"{WAITING}/{gone}/withdraw")
    await world.client(ASKER).refused("illegal-transition", "POST", f"{WAITING}/{gone}/withdraw")
    world.clock.advance(days=2)
    await lapse(world)
    assert [(await state(world, one))[0] for one in (gone, late)] == ["withdrawn", "passed"]
    shown = (await world.client(KEEPER).get(WAITING))["waiting"]
    assert {one["requester_name"] for one in shown} == {"county人民医院"}
    assert (await world.client("second-requester").get(WAITING))["waiting"] == []


async def test_an_offered_time_is_given_back_by_canceling_it(world: World) -> None:
    """Leaving the list does not quietly keep the time."""
    await has_hours(world, "hub-reader")
    entry = await waits(world)
    await offer(world)
    (_, key) = await state(world, entry)
    path = f"{WAITING}/{entry}/withdraw"
    facts = await world.client(ASKER).refused("offered", "POST", path)
    one = await world.client(ASKER).get(f"{APPOINTMENTS}/{key}")
    assert facts["number"] == one["number"]
    await step(world, one, "cancel", **BECAUSE)
    assert (await state(world, entry))[0] == "withdrawn"


async def test_an_agreement_that_ended_holds_up_nobody_behind(world: World) -> None:
    """Whose agreement is over goes on waiting; the next gets the time."""
    booked = await full(world)
    first = await waits(world)
    second = await waits(world, who="second-requester")
    await world.end_agreement("county-hub")
    await step(world, booked[0], "cancel", KEEPER, **BECAUSE)
    await offer(world)
    assert (await state(world, first))[0] == "waiting"
    assert (await state(world, second))[0] == "offered"


async def test_a_list_is_not_endless_and_not_of_the_past(world: World) -> None:
    """A hundred entries of one institution; a wish whose time is over is refused."""
    body = {"provider_id": "hub", "search": wish()}
    past = {**wish(), "since": at("08:00", "2026-03-04"), "until": at("12:00", "2026-03-04")}
    client = world.client(ASKER)
    await client.refused("time-past", "POST", WAITING, {**body, "search": past})
    entry = await waits(world)
    (row,) = await world.rows(a.waitings, a.waitings.c.id == entry)
    more = [{**row, "id": f"w{n}", "made_at": row["made_at"] + timedelta(n)} for n in range(99)]
    await world.write(lambda tx: tx.insert(a.waitings, more))
    other = {**body, "search": wish(step=60)}
    facts = await client.refused("too-many-waiting", "POST", WAITING, other)
    assert facts["most"] == 100
    await world.client("lapsed-requester").refused("not-found", "POST", WAITING, body)


async def test_the_clock_gives_back_a_proposal_that_nobody_confirmed(world: World) -> None:
    """When its time has come; what is confirmed stays."""
    await has_hours(world, "hub-reader")
    sure = await confirmed(world, "09:30")
    one = await step(world, await held(world, "09:00"), "propose")
    world.clock.advance(hours=17)
    assert await lapse(world) == 1
    rows = {r["id"]: r for r in await world.rows(a.appointments)}
    assert (rows[one["id"]]["state"], rows[sure["id"]]["state"]) == ("canceled", "confirmed")
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "appointment.lapsed")
    assert (fact["actor_id"], fact["institution_id"]) == (None, "hub")
    assert fact["data"]["reason"] == "lapsed"


async def test_the_server_itself_gives_back_what_nobody_went_on_with(world: World) -> None:
    """Its own watch looks every few seconds; nobody has to ask for it."""
    await has_hours(world, "hub-reader")
    key = (await held(world))["id"]
    world.clock.advance(minutes=60)
    await world.stay_signed_in()
    page = world.client(ASKER)
    async with asyncio.timeout(30):
        while (await page.get(f"{APPOINTMENTS}/{key}"))["state"] != "canceled":
            await asyncio.sleep(0.1)
