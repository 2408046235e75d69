"""Presence: who is connected and who shows which case, told to those whom it concerns."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection

from telemed.bus.gossip import Gossip
from telemed.bus.presence import Here, Presence
from telemed.server.presence import changes
from tests.server.test_live import PATIENCE, hello, receive, socket
from tests.services import Redis
from tests.world import World

PATH = "/api/presence"


async def shows(one: ClientConnection, *cases: object) -> None:
    """A page says what it shows."""
    await one.send(orjson.dumps({"type": "presence", "requests": cases}).decode())


async def until(world: World, who: str, wanted: Callable[[Any], bool]) -> Any:
    """What somebody is told, once it is what is expected."""
    async with asyncio.timeout(PATIENCE):
        while not wanted(found := await world.client(who).get(PATH)):
            await asyncio.sleep(0.02)
    return found


def people(found: Any) -> set[str]:
    return {one["account_id"] for one in found["people"]}


async def pushed(one: ClientConnection) -> Any:
    """The next message about presence."""
    while (message := await receive(one))["type"] != "presence":
        pass
    return message


async def test_colleagues_are_seen_while_they_are_connected(world: World) -> None:
    """One's own institution's people and nobody else's, from the first socket to the last."""
    async with socket(world, "hub-reader") as one, socket(world, "county-requester") as stranger:
        await hello(one)
        await hello(stranger)
        found = await until(world, "hub-verifier", lambda f: people(f) == {"hub-reader"})
        assert found["whole"] is True and found["cases"] == []
        assert found["people"][0]["name"] and found["people"][0]["cases"] == []
        async with socket(world, "hub-reader"):
            pass
        assert people(await world.client("hub-verifier").get(PATH)) == {"hub-reader"}
    await until(world, "hub-verifier", lambda f: f["people"] == [])


async def test_a_case_that_is_shown_is_told_to_its_parties(world: World) -> None:
    """The county sees that the hub's reader has its case open; a third hospital sees nothing."""
    case = await world.claimed()
    async with socket(world, "hub-reader") as one, socket(world, "second-reader") as third:
        await hello(one)
        await hello(third)
        await shows(one, case)
        found = await until(world, "county-requester", lambda f: f["cases"])
        assert people(found) == set()
        (shown,) = found["cases"]
        assert (shown["request_id"], shown["account_id"]) == (case, "hub-reader")
        assert shown["institution_id"] == "hub"
        other = await world.client("second-reader").get(PATH)
        assert people(other) == {"second-reader"} and other["cases"] == []
        assert (await world.client("region").get(PATH))["people"] == []
        await shows(one)
        await until(world, "county-requester", lambda f: not f["cases"])


async def test_nobody_is_believed_to_show_what_they_may_not_see(world: World) -> None:
    """Another's case, a colleague's draft, an unknown id: shown by nobody."""
    case = await world.claimed()
    draft = (await world.draft())["id"]
    async with socket(world, "second-reader") as liar, socket(world, "county-requester") as writer:
        await hello(liar)
        await hello(writer)
        await shows(liar, case, "no-such-case")
        await shows(writer, draft)
        await until(world, "county-requester", lambda f: people(f) == {"county-requester"})
        for who in ("county-requester", "hub-reader", "second-reader"):
            found = await world.client(who).get(PATH)
            assert found["cases"] == [] and all(not p["cases"] for p in found["people"])


async def test_changes_are_pushed_to_whom_they_concern(world: World) -> None:
    """Colleagues hear who came and what they show, the county only of its case, others nothing."""
    case = await world.claimed()
    async with (
        socket(world, "hub-verifier") as colleague,
        socket(world, "county-requester") as asker,
    ):
        await hello(colleague, presence=True)
        await hello(asker, presence=True)
        async with socket(world, "hub-reader") as one:
            await hello(one)
            await shows(one, case)
            seen: dict[str, Any] = {}
            async with asyncio.timeout(PATIENCE):
                while seen.get("hub-reader", {}).get("cases") != [case]:
                    seen |= {p["account_id"]: p for p in (await pushed(colleague))["people"]}
                told: dict[str, Any] = {}
                while told.get("hub-reader", {}).get("cases") != [case]:
                    told |= {p["account_id"]: p for p in (await pushed(asker))["people"]}
            assert seen["hub-reader"]["online"] is True
            assert "online" not in told["hub-reader"]
            assert set(told) <= {"hub-reader", "county-requester"}
        async with asyncio.timeout(PATIENCE):
            while seen["hub-reader"]["online"] is not False:
                seen |= {p["account_id"]: p for p in (await pushed(colleague))["people"]}


def test_what_each_institution_is_told_of_a_change() -> None:
    """Shared cases only; who was lost sight of is unknown, not gone."""
    case = Here("p", "hub", {"c1": ("county", "hub"), "c2": ("second", "hub")})
    told = changes("a", None, case, whole=True)
    assert told["county"]["cases"] == ["c1"] and told["second"]["cases"] == ["c2"]
    assert told["hub"] == {"account_id": "a", "person_id": "p", "online": True,
                           "cases": ["c1", "c2"]}  # fmt: skip
    gone = changes("a", case, None, whole=True)
    assert gone["county"]["cases"] == [] and gone["hub"]["online"] is False
    assert changes("a", case, None, whole=False)["hub"]["online"] is None


def test_a_process_among_others_it_cannot_hear_does_not_know_the_whole() -> None:
    """Several workers without a Redis: each knows its own people and says that this is not all."""
    assert Presence().whole and not Presence(alone=False).whole


async def test_servers_tell_each_other_and_forget_who_falls_silent(redis_server: Redis) -> None:
    """Three servers: all agree; one that says goodbye takes its people along; without Redis nobody
    claims to know, with it back all agree again."""
    nodes = [Gossip(redis_server.url, f"node-{n}") for n in range(3)]
    for number, node in enumerate(nodes):
        await node.start()
        node.set(f"account-{number}", Here(None, "hub", {"case": ("hub", "county")}))
    try:
        every = {f"account-{number}" for number in range(3)}
        await agreed(nodes, every)
        nodes[1].set("account-1", None)
        await agreed(nodes, every - {"account-1"})
        await nodes.pop().stop()
        await agreed(nodes, {"account-0"})
        redis_server.kill()
        nodes[1].set("account-1", Here(None, "hub"))
        redis_server.start()
        await agreed(nodes, {"account-0", "account-1"})
    finally:
        for node in nodes:
            await node.stop()


async def agreed(nodes: list[Gossip], who: set[str]) -> None:
    """Every node knows exactly these people, and that these are all."""
    async with asyncio.timeout(PATIENCE * 3):
        while not all(n.whole and {a for a, _ in n.everybody()} == who for n in nodes):
            await asyncio.sleep(0.05)
