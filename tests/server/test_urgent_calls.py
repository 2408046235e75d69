"""Somebody is needed now: the roster is rung down until one answers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.core.escalation import Channel
from telemed.followers.follow import catch_up_fully
from telemed.followers.sender import Sender
from telemed.followers.urgent_calls import ring_on, tells_the_rung
from telemed.settings import Settings
from telemed.store import appointment_tables as a
from telemed.store import notice_tables as n
from tests.server.booking import APPOINTMENTS, ASKER, KEEPER, at, has_hours, held, step
from tests.server.test_escalations import climb, told
from tests.world import World, world_at

CALLS = "/api/urgent-calls"
TODAY = "2026-03-05"


async def on_duty(world: World, *people: str) -> None:
    """Some of the hub's readers are on duty all of Thursday."""
    body = {"kind": "reading", "day": TODAY, "begins": "08:00", "ends": "20:00",
            "people": list(people)}  # fmt: skip
    await world.client(KEEPER).ok("POST", "/api/roster", body)


async def called(world: World, who: str = ASKER, **more: Any) -> Any:
    """The county calls the hub."""
    body = {"service": "imaging", "provider_id": "hub", **more}
    return await world.client(who).ok("POST", CALLS, body)


async def seconds_pass(world: World, seconds: int) -> int:
    """So much later; whoever is due is rung. How many calls went on."""
    world.clock.advance(seconds=seconds)
    services = world.services

    def do(tx: Any) -> int:
        return ring_on(Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue))

    return int(await world.write(do))


async def see(world: World, call: Any, who: str = ASKER) -> Any:
    """The call now."""
    return await world.client(who).get(f"{CALLS}/{call['id']}")


def rung(call: Any) -> list[tuple[str, str]]:
    """Whom it rang, and how it went."""
    return [(ring["person"]["id"], ring["state"]) for ring in call["rings"]]


async def test_the_next_is_rung_after_twenty_seconds_and_may_answer(world: World) -> None:
    """Who is on duty first, then whose hours are on; who answers has an appointment that begins."""
    await on_duty(world, "hub-reader")
    await has_hours(world, "hub-verifier", begins="08:00", ends="20:00")
    call = await called(world)
    assert (call["state"], rung(call)) == ("ringing", [("hub-reader", "ringing")])
    assert call["allowed"] == ["cancel"] and call["rings"][0]["on_duty"]
    assert await seconds_pass(world, 19) == 0
    assert await seconds_pass(world, 1) == 1
    call = await see(world, call)
    assert rung(call) == [("hub-reader", "missed"), ("hub-verifier", "ringing")]
    reader = world.client("hub-verifier")
    (mine,) = (await reader.get(f"{CALLS}/ringing"))["calls"]
    assert mine["allowed"] == ["answer", "decline"] and mine["requester_name"] == "county人民医院"
    done = await reader.ok("POST", f"{CALLS}/{call['id']}/answer")
    assert done["state"] == "answered"
    one = await world.client(ASKER).get(f"{APPOINTMENTS}/{done['appointment_id']}")
    assert (one["state"], one["urgent"]) == ("confirmed", True)
    assert [(s["person"]["id"], s["state"]) for s in one["seats"]] == [("hub-verifier", "accepted")]
    await climb(world)
    assert ("appointment-set", 0) in await told(world, ASKER), "whoever called booked it"
    await reader.ok("POST", f"{APPOINTMENTS}/{one['id']}/begin", {"version": one["version"]})
    kinds = [kind for kind in await world.log() if kind.startswith(("calling.", "appointment"))]
    assert kinds == [
        "calling.begun", "calling.rung", "calling.rung", "appointment.held",
        "appointment.proposed", "appointment.confirmed", "calling.answered",
        "appointment.begun",
    ]  # fmt: skip
    assert (await reader.get(f"{CALLS}/ringing"))["calls"] == []
    assert await seconds_pass(world, 60) == 0


async def test_who_was_rung_before_may_answer_while_nobody_else_has(world: World) -> None:
    """And once somebody has, it is too late; two at once are one."""
    await on_duty(world, "hub-reader", "hub-verifier")
    call = await called(world)
    await seconds_pass(world, 20)
    path = f"{CALLS}/{call['id']}/answer"
    replies = await asyncio.gather(
        world.client("hub-reader").call("POST", path),
        world.client("hub-verifier").call("POST", path),
    )
    codes = sorted((reply.status, "" if reply.status == 200 else reply.code) for reply in replies)
    assert codes == [(200, ""), (409, "illegal-transition")]
    assert len(await world.rows(a.appointments)) == 1


async def test_who_declines_is_followed_at_once_and_a_call_that_runs_out_says_so(
    world: World,
) -> None:
    """Nobody is left: the call is over, and nobody waits for it."""
    nobody = await called(world)
    assert (nobody["state"], nobody["rings"]) == ("exhausted", [])
    await on_duty(world, "hub-reader", "hub-verifier")
    call = await called(world)
    path = f"{CALLS}/{call['id']}"
    first = call["rings"][0]["person"]["id"]
    call = await world.client(first).ok("POST", f"{path}/decline")
    assert [state for _, state in rung(call)] == ["declined", "ringing"]
    await world.client(first).refused("illegal-transition", "POST", f"{path}/answer")
    await seconds_pass(world, 20)
    call = await see(world, call)
    assert (call["state"], call["allowed"]) == ("exhausted", [])
    second = call["rings"][1]["person"]["id"]
    await world.client(second).refused("illegal-transition", "POST", f"{path}/answer")
    await world.client(ASKER).refused("illegal-transition", "POST", f"{path}/cancel")


async def test_whoever_is_away_booked_or_not_able_is_not_rung(world: World) -> None:
    """The calendar is asked as for any other time."""
    await on_duty(world, "hub-reader", "hub-verifier")
    client = world.client("hub-reader")
    away = {"kind": "away", "since": at("00:00", TODAY), "until": at("23:00", TODAY)}
    await client.ok("POST", "/api/calendars/people/hub-reader/exceptions", away)
    urgent = {"urgent": True, "minutes": 200, "since": at("16:01", TODAY)}
    one = await held(world, "16:01", "hub-verifier", **urgent)
    assert (await called(world))["rings"] == []
    await step(world, one, "cancel", reason="other")
    assert rung(await called(world)) == [("hub-verifier", "ringing")]


async def test_a_call_that_rings_is_not_made_twice_and_can_be_canceled(world: World) -> None:
    """A second click is the same call; another case's is another."""
    await on_duty(world, "hub-reader", "hub-verifier")
    first, again = await called(world), await called(world)
    assert first["id"] == again["id"]
    case = await world.sent()
    other = await called(world, request_id=case)
    assert other["id"] != first["id"] and other["number"].startswith("YX")
    path = f"{CALLS}/{first['id']}"
    assert (await world.client(ASKER).ok("POST", f"{path}/cancel"))["state"] == "canceled"
    assert rung(await see(world, first)) == [("hub-reader", "over")]
    assert [c["id"] for c in (await world.client(KEEPER).get(CALLS))["calls"]] == [
        other["id"], first["id"]
    ]  # fmt: skip


async def test_strangers_neither_see_nor_answer(world: World) -> None:
    """Another institution finds nothing; a colleague who was not rung cannot take it."""
    await on_duty(world, "hub-reader")
    call = await called(world)
    path = f"{CALLS}/{call['id']}"
    for who in ("second-requester", "lapsed-requester"):
        await world.client(who).refused("not-found", "GET", path)
        await world.client(who).refused("not-found", "POST", f"{path}/cancel")
    await world.client("second-reader").refused("not-found", "POST", f"{path}/answer")
    await world.client("hub-verifier").refused("not-found", "POST", f"{path}/answer")
    await world.client("hub-reader").refused("forbidden", "POST", f"{path}/cancel")
    lapsed = {"service": "imaging", "provider_id": "hub"}
    await world.client("lapsed-requester").refused("not-found", "POST", CALLS, lapsed)
    case = await world.sent("second-requester")
    body = {**lapsed, "request_id": case}
    await world.client(ASKER).refused("not-found", "POST", CALLS, body)
    assert (await world.client("second-reader").get(f"{CALLS}/ringing"))["calls"] == []


async def tell(world: World) -> None:
    """Whoever is rung is told now, and not when the follower comes to it."""
    services = world.services
    ways = [Channel.PUSH, Channel.SMS]
    follower = tells_the_rung(world.clock, services.new_id, services.catalogue, ways)
    await services.in_far_thread(lambda _: catch_up_fully(services.store, follower), None)


async def test_whoever_is_rung_is_told_wherever_they_are(
    world_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the ways they can be reached; what rings no more is not sent; nobody answered is told."""
    # The server's own follower may come first, and has to know the same ways.
    monkeypatch.setattr(Settings, "notice_ways", frozenset({"push", "sms"}))
    async with world_at(world_folder) as world:
        await _rings_in_vain(world)


async def _rings_in_vain(world: World) -> None:
    await on_duty(world, "hub-reader")
    reader = world.client("hub-reader")
    await reader.ok("PUT", "/api/notices/preferences", {"phone": "13900000001"})
    call = await called(world)
    await tell(world)
    await tell(world)
    (notice,) = (await reader.get("/api/notices"))["items"]
    assert (notice["occasion"], notice["call_id"]) == ("calling", call["id"])
    assert (notice["weight"], notice["urgency"], notice["request_id"]) == ("urgent",) * 2 + (None,)
    (sms,) = await world.rows(n.deliveries)
    assert sms["channel"] == "sms"
    await seconds_pass(world, 20)
    assert (await see(world, call))["state"] == "exhausted"
    services = world.services
    sender = Sender(
        services.store, services.bell, world.clock, services.new_id, services.catalogue, {},
        lambda: 0.5, "https://telemed.example",
    )  # fmt: skip
    # The server has a sender, too, which may have tried while it rang and tries again later: one of
    # both finds that it is over.
    async with asyncio.timeout(60):
        while [row["state"] for row in await world.rows(n.deliveries)] != ["over"]:
            world.clock.advance(minutes=1)
            await sender.send_due()
            await asyncio.sleep(0.05)
    await tell(world)
    for who in (ASKER, KEEPER):
        (told,) = (await world.client(who).get("/api/notices"))["items"]
        assert told["occasion"] == "calling-unanswered"
    assert len((await reader.get("/api/notices"))["items"]) == 1
