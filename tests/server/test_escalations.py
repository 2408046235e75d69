"""Ladders in a running server: told once, ended by facts, taken on by people, never silent."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telemed.core.escalation import Channel
from telemed.followers import escalations
from telemed.followers.follow import catch_up
from telemed.store import notice_tables as n
from telemed.store import tables as t
from telemed.store.tx import Row, Tx
from tests.server.test_metrics import scraped, value
from tests.world import World

LIST = "/api/escalations"


async def climb(world: World, minutes: float = 0) -> None:
    """Let time go by; then everything that follows from it has followed."""
    world.clock.advance(minutes=minutes)
    await world.stay_signed_in()
    services = world.services
    known, new = services.catalogue, services.new_id
    follower = escalations.follower(known, new)
    while await services.store.write(lambda tx: catch_up(tx, follower)):
        pass
    # The server's own clock does the same; each rung is told by one of the two.
    ways = [Channel(way) for way in services.settings.notice_ways]
    await escalations.climb_due(services.store, world.clock, new, known, ways)


async def older_than_its_reminders(world: World, occasion: str) -> list[Row]:
    """Take the climbs of an occasion away, with what was told of them, as where it happened before
    there were any; start twice on that, and the climbs that there are then."""
    await climb(world)
    of = n.escalations.c.occasion == occasion

    def forget(tx: Tx) -> None:
        told_of = sa.select(n.notices.c.id).where(n.notices.c.occasion == occasion)
        tx.execute(sa.delete(n.deliveries).where(n.deliveries.c.notice_id.in_(told_of)))
        tx.execute(sa.delete(n.notices).where(n.notices.c.occasion == occasion))
        tx.execute(sa.delete(n.escalations).where(of))

    await world.write(forget)
    services = world.services
    for _ in range(2):
        await world.write(
            lambda tx: escalations.begin(tx, services.catalogue, services.new_id, world.clock())
        )
    return await world.rows(n.escalations, of)


async def told(world: World, who: str) -> list[tuple[str, int]]:
    """What somebody was told: occasion and rung, the oldest first."""
    page = await world.client(who).ok("GET", "/api/notices")
    return [(item["occasion"], item["rung"]) for item in reversed(page["items"])]


async def test_an_unclaimed_stat_request_climbs_to_the_coordinators_and_stays_on_their_list(
    world: World,
) -> None:
    """Readers at once, coordinators after three minutes, the administration after eight; each
    once. When nobody answers, the entry stays until the case is claimed."""
    await world.sent(urgency="stat")
    await climb(world)
    assert await told(world, "hub-reader") == [("unclaimed", 0)]
    assert await told(world, "hub-coordinator") == []
    assert await told(world, "hub-ecg") == [], "whose scope it is not has nothing to do with it"
    await climb(world, 3)
    await climb(world)
    assert await told(world, "hub-reader") == [("unclaimed", 0), ("unclaimed", 1)]
    assert await told(world, "hub-coordinator") == [("unclaimed", 1)]
    await climb(world, 60)
    (item,) = [i for i in (await world.client("hub-coordinator").ok("GET", LIST))["items"]
               if i["occasion"] == "unclaimed"]  # fmt: skip
    assert item["exhausted_at"] is not None and item["next_at"] is None
    assert ("unclaimed", 2) in await told(world, "county-coordinator")
    for stranger in ("second-coordinator", "lapsed-coordinator"):
        assert (await world.client(stranger).ok("GET", LIST))["items"] == []
        assert await told(world, stranger) == []
    await world.client("hub-reader").ok("POST", f"/api/requests/{item['request_id']}/claim")
    await climb(world)
    left = (await world.client("hub-coordinator").ok("GET", LIST))["items"]
    assert "unclaimed" not in {i["occasion"] for i in left}
    kinds = await world.log(item["request_id"])
    assert "escalation.exhausted" in kinds


async def test_what_is_somebodys_is_told_to_them_and_then_to_coordinators(world: World) -> None:
    """A colleague hears nothing more of it; open to everybody again, all hear of it again; where
    the one it is assigned to cannot be told any more, everybody is."""
    case = await world.sent(urgency="urgent")
    coordinator = world.client("hub-coordinator")
    path = f"/api/requests/{case}"
    await coordinator.ok("POST", f"{path}/assign", {"person_id": "hub-reader2"})
    await climb(world, 15)
    assert ("unclaimed", 0) in await told(world, "hub-reader2")
    assert "unclaimed" not in dict(await told(world, "hub-coordinator"))
    await climb(world, 15)
    assert ("unclaimed", 1) in await told(world, "hub-reader2")
    assert ("unclaimed", 1) in await told(world, "hub-coordinator")
    assert await told(world, "hub-reader") == []
    await coordinator.ok("POST", f"{path}/unassign")
    other = await world.sent(urgency="urgent")
    await coordinator.ok("POST", f"/api/requests/{other}/assign", {"person_id": "hub-reader2"})
    await world.write(
        lambda tx: tx.update(t.accounts, t.accounts.c.id == "hub-reader2", {"disabled": True})
    )
    await climb(world, 15)
    mine = n.notices.c.account_id == "hub-reader"
    assert {row["request_id"] for row in await world.rows(n.notices, mine)} == {other}
    await climb(world, 15)
    assert {row["request_id"] for row in await world.rows(n.notices, mine)} == {other, case}


async def test_whoever_takes_it_on_stops_the_ladder(world: World) -> None:
    """Only somebody who was told, and strangers do not learn that it exists."""
    case = await world.sent(urgency="stat")
    await climb(world, 3)
    (row,) = await world.rows(n.escalations, n.escalations.c.occasion == "unclaimed")
    path = f"{LIST}/{row['id']}/take-on"
    for stranger in ("second-coordinator", "county-requester", "hub-ecg"):
        await world.client(stranger).refused("not-found", "POST", path)
    await world.client("hub-reader").ok("POST", path)
    await world.client("hub-reader").ok("POST", path)
    before = await told(world, "hub-coordinator")
    await climb(world, 8)
    assert await told(world, "hub-coordinator") == before
    assert (await world.log(case)).count("escalation.acknowledged") == 1


async def test_a_critical_finding_is_told_acknowledged_and_acted_on(world: World) -> None:
    """The whole loop with both times, and neither step ends silently."""
    case = await world.claimed()
    await world.write_report(case, critical=["tension-pneumothorax"])
    await world.sign(case)
    await climb(world)
    assert ("critical-unacknowledged", 0) in await told(world, "county-requester")
    await climb(world, 5)
    assert ("critical-unacknowledged", 1) in await told(world, "county-coordinator")
    county = world.client("county-requester")
    (notice,) = (await county.ok("GET", f"/api/requests/{case}"))["critical_notices"]
    (row,) = await world.rows(n.escalations, n.escalations.c.occasion == "critical-unacknowledged")
    await county.refused("not-to-take-on", "POST", f"{LIST}/{row['id']}/take-on")
    path = f"/api/requests/{case}/critical/{notice['id']}"
    await county.ok("POST", f"{path}/acknowledge", {"action": "已通知主管医师"})
    await climb(world, 30)
    assert ("critical-not-acted", 0) in await told(world, "county-requester")
    entered = {"code": "treated", "note": "胸腔闭式引流", "at": world.clock.now.isoformat()}
    late = {**entered, "at": (world.clock.now + timedelta(minutes=1)).isoformat()}
    await county.refused("invalid", "POST", f"{path}/acted-on", late)
    await county.refused("invalid", "POST", f"{path}/acted-on", {**entered, "code": "slept"})
    await county.refused("reason-required", "POST", f"{path}/acted-on",
                         {**entered, "code": "other", "note": " "})  # fmt: skip
    (done,) = (await county.ok("POST", f"{path}/acted-on", entered))["critical_notices"]
    assert done["acted"]["zh"] == "已就地救治" and done["acted_by"]
    await county.refused("already-acted", "POST", f"{path}/acted-on", entered)
    await climb(world, 120)
    listed = (await world.client("county-coordinator").ok("GET", LIST))["items"]
    assert not [i for i in listed if i["occasion"].startswith("critical")]
    facts = [k for k in await world.log(case) if k.startswith("critical.")]
    assert facts == ["critical.raised", "critical.acknowledged", "critical.acted_on"]


async def test_an_unanswered_critical_finding_stays_in_sight_of_both_sides(world: World) -> None:
    """After the last rung it is on both coordinators' lists, in the log and counted, until somebody
    acts."""
    case = await world.claimed()
    await world.write_report(case, critical=["tension-pneumothorax"])
    await world.sign(case)
    await climb(world)
    await climb(world, 60)
    for who in ("hub-coordinator", "county-coordinator"):
        items = (await world.client(who).ok("GET", LIST))["items"]
        (item,) = [i for i in items if i["occasion"] == "critical-unacknowledged"]
        assert item["exhausted_at"] is not None and item["told"] == item["rungs"]
        assert ("critical-unacknowledged", 2) in await told(world, who)
    counted = await scraped(world)
    assert value(counted, "telemed_escalations_exhausted", occasion=item["occasion"]) == 1
    assert "escalation.exhausted" in await world.log(case)
    notice = (await world.rows(t.critical_notices))[0]["id"]
    path = f"/api/requests/{case}/critical/{notice}/acted-on"
    body = {"code": "treated", "at": world.clock().isoformat()}
    await world.client("county-requester").ok("POST", path, body)
    await climb(world)
    for who in ("hub-coordinator", "county-coordinator"):
        left = (await world.client(who).ok("GET", LIST))["items"]
        assert not [i for i in left if i["occasion"].startswith("critical")]


async def test_acting_at_once_acknowledges_too(world: World) -> None:
    """Who enters what was done has received it."""
    case = await world.claimed()
    await world.write_report(case, critical=["tension-pneumothorax"])
    await world.sign(case)
    county = world.client("county-requester")
    (notice,) = (await county.ok("GET", f"/api/requests/{case}"))["critical_notices"]
    path = f"/api/requests/{case}/critical/{notice['id']}/acted-on"
    body = {"code": "transferred", "at": world.clock.now.isoformat()}
    await world.client("hub-reader").refused("forbidden", "POST", path, body)
    (done,) = (await county.ok("POST", path, body))["critical_notices"]
    assert done["acknowledged_at"] is not None and done["acted_at"] is not None
    await climb(world)
    rows = await world.rows(n.escalations, n.escalations.c.finding != "")
    assert {row["end_reason"] for row in rows} == {"condition"}


async def test_notices_are_one_s_own(world: World) -> None:
    """Another's ids mark nothing; reading all leaves none."""
    await world.sent(urgency="stat")
    await climb(world)
    mine = (await world.client("hub-reader").ok("GET", "/api/notices"))["items"]
    ids = [item["id"] for item in mine]
    other = await world.client("hub-reader2").ok("POST", "/api/notices/read", {"ids": ids})
    assert other["unread"] == {"urgent": 1}
    assert (await world.client("hub-reader").ok("GET", "/api/notices"))["unread"] == {"urgent": 1}
    assert (await world.client("hub-reader").ok("POST", "/api/notices/read", {}))["unread"] == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "a@b.org\r\nBcc: all@b.org"},
        {"email": "a b@c.org"},
        {"phone": "139\n1"},
        {"wecom": "x\ny"},
        {"channels": {"routine": ["pigeon"]}},
        {"quiet_from": 0},
        {"quiet_from": 5, "quiet_until": 5},
        {"on_call_until": "2027-01-01T00:00:00Z"},
        {"account_id": "somebody-else"},
    ],
)
async def test_preferences_that_cannot_be_meant_are_refused(
    world: World, wrong: dict[str, object]
) -> None:
    """Lines in an address, unknown channels, half of the quiet hours, another's account."""
    await world.client("hub-reader").refused("invalid", "PUT", "/api/notices/preferences", wrong)


async def test_a_server_that_begins_late_opens_what_is_open(world: World) -> None:
    """A log from before there were ladders: open cases get theirs, what is over none."""
    over = await world.claimed(urgency="stat")
    open_ = await world.sent(urgency="stat")
    await climb(world)

    def forget(tx: object) -> None:
        for table in (n.deliveries, n.notices, n.escalations):
            tx.execute(table.delete())  # type: ignore[attr-defined]
        gone = t.bookmarks.delete().where(t.bookmarks.c.follower == escalations.NAME)
        tx.execute(gone)  # type: ignore[attr-defined]

    await world.write(forget)
    services = world.services
    for _ in range(2):
        await world.write(
            lambda tx: escalations.begin(tx, services.catalogue, services.new_id, world.clock())
        )
    rows = await world.rows(n.escalations)
    going = {(r["request_id"], r["occasion"]) for r in rows if r["ended_at"] is None}
    assert going == {(open_, "unclaimed"), (open_, "deadline"), (over, "deadline")}
