"""Whose a workitem is to be, over UPS-RS: the same assignment as a coordinator's in the browser."""

from typing import Any

import pytest

from telemed.store import tables as t
from tests.server.test_ups import TUID, attempts, latest, subscribed, ups
from tests.server.ups_client import Json, channel, code, one, seq, uids, value
from tests.world import World

PERFORMERS = "00404034"


def meant_for(*people: str, scheme: str = "99TELEMED") -> Json:
    """What an update says of whom a workitem is for."""
    return {PERFORMERS: seq(*({"00404009": seq(code(who, scheme))} for who in people))}


async def performer(world: World, uid: str) -> Any:
    """Whom the workitem names, by our code."""
    item = value(await ups(world, "hub-reader").get(uid), PERFORMERS)
    return value(value(item, "00404009"), "00080100") if item else None


async def say(world: World, who: str, uid: str, told: Json) -> Any:
    """An update by somebody."""
    return await ups(world, who).call("POST", f"/{uid}", told)


async def test_an_assigned_read(world: World) -> None:
    """Assigned, given to another, opened again: the browser's assignment, with event 5 each time;
    it stays SCHEDULED, a filter on the person finds it, and another cannot claim it."""
    case = await world.sent()
    uid = await latest(world, case)
    url = await subscribed(world, "county-requester")
    coordinator = ups(world, "hub-coordinator")
    assert (await say(world, "hub-coordinator", uid, meant_for("hub-reader2"))).status == 200
    (row,) = await attempts(world, case)
    assert (row["scheduled_performer_id"], row["scheduled_by"]) == ("hub-reader2", "coordinator")
    assert await performer(world, uid) == "hub-reader2"
    path = "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue"
    assert uids(await coordinator.find(f"{path}=hub-reader2")) == {uid}
    assert (await ups(world, "hub-reader").state(uid, "IN PROGRESS", TUID)).status == 409
    same = {PERFORMERS: (await coordinator.get(uid))[PERFORMERS]}
    assert (await say(world, "hub-coordinator", uid, same)).status == 200
    again = {**meant_for("hub-reader"), "00741204": one("LO", "Second look")}
    assert (await say(world, "hub-coordinator", uid, again)).status == 200
    assert (await say(world, "hub-coordinator", uid, {PERFORMERS: one("SQ")})).status == 200
    assert await performer(world, uid) is None
    async with channel(world, "county-requester", url) as events:
        told = [await events.next() for _ in range(3)]
    assert [value(event, "00001002") for event in told] == [5, 5, 5]
    assert [value(value(e, "00404009") or {}, "00080100") for e in told] == [
        "hub-reader2", "hub-reader", None,
    ]  # fmt: skip
    assert all(value(event, "00404025") for event in told), "the station stays"
    kinds = await world.log(case)
    assert [k for k in kinds if "assigned" in k] == [
        "workitem.assigned", "workitem.assigned", "workitem.unassigned",
    ]  # fmt: skip


async def test_a_reader_reserves_for_themselves_and_for_nobody_else(world: World) -> None:
    """Without the permission to assign, naming oneself is a reservation and another is refused."""
    case = await world.sent()
    uid = await latest(world, case)
    assert (await say(world, "hub-reader", uid, meant_for("hub-reader"))).status == 200
    (row,) = await attempts(world, case)
    assert (row["scheduled_performer_id"], row["scheduled_by"]) == ("hub-reader", "self")
    other = await say(world, "hub-reader", uid, meant_for("hub-reader2"))
    assert (other.status, other.code) == (403, "forbidden")
    assert (await say(world, "hub-reader2", uid, {PERFORMERS: one("SQ")})).status == 403
    assert await performer(world, uid) == "hub-reader"


async def test_why_not(world: World) -> None:
    """Whose scope it is not: the reason of the coordinator's menu. It stays nobody's."""
    uid = await latest(world, await world.sent())
    refused = await say(world, "hub-coordinator", uid, meant_for("hub-ecg"))
    assert (refused.status, refused.code) == (403, "not-qualified")
    assert refused.json["facts"]["why"] == "scope"
    assert await performer(world, uid) is None


@pytest.mark.parametrize(
    "told",
    [
        meant_for("hub-reader", "hub-reader2"),
        meant_for("hub-reader", scheme="99OTHER"),
        meant_for("second-reader"),
        meant_for("nobody"),
        {PERFORMERS: seq({"00404037": one("PN", {"Alphabetic": "hub-reader"})})},
        {**meant_for("hub-reader"), "00100020": one("LO", "other")},
    ],
)
async def test_who_cannot_be_meant_is_named(world: World, told: Json) -> None:
    """Two, by a stranger's code, of another house, unknown, by name alone, with a wrong patient:
    400 and nothing is kept."""
    uid = await latest(world, await world.sent())
    reply = await say(world, "hub-coordinator", uid, told)
    assert (reply.status, reply.code) == (400, "invalid"), reply.body
    assert await performer(world, uid) is None


async def test_of_what_is_claimed_and_by_the_other_side(world: World) -> None:
    """The requesting side assigns nobody; a claim is not undone by an update."""
    case = await world.sent()
    uid = await latest(world, case)
    told = meant_for("hub-reader2")
    assert (await say(world, "county-coordinator", uid, told)).code == "forbidden"
    assert (await say(world, "second-coordinator", uid, told)).status == 404
    assert (await ups(world, "hub-reader").state(uid, "IN PROGRESS", TUID)).status == 200
    assert (await say(world, "hub-coordinator", uid, told)).code == "ups-tuid-wrong"
    by_holder = await say(world, "hub-reader", f"{uid}?transaction-uid={TUID}", told)
    assert (by_holder.status, by_holder.code) == (400, "invalid")
    assert not await world.rows(t.activities, t.activities.c.kind == "workitem.assigned")
