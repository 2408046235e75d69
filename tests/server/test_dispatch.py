"""A coordinator's overview, and what a reader's desk says of cases that are kept for somebody."""

from datetime import date
from typing import Any

import pytest

from telemed.store.tx import Tx
from tests.world import World, add_account, add_person

COORDINATOR = "hub-coordinator"


@pytest.fixture
async def other(world: World) -> str:
    """A second reader of hub."""

    def hire(tx: Tx) -> None:
        add_person(tx, "hub-other", "hub", ["32"], date(2010, 7, 1))
        add_account(tx, "hub-other", ["reader"], "hub", "hub-other")

    await world.write(hire)
    return "hub-other"


async def move(world: World, *wishes: tuple[str, str | None], who: str = COORDINATOR) -> Any:
    items = [{"request_id": case, "person_id": person} for case, person in wishes]
    return await world.client(who).ok("POST", "/api/dispatch/assign", {"items": items})


async def desk(world: World, who: str, tab: str, more: str = "") -> Any:
    return await world.client(who).get(f"/api/worklist?tab={tab}{more}")


def ids(listed: Any) -> list[str]:
    return [row["id"] for row in listed["items"]]


async def test_what_is_kept_stands_with_its_reader_and_is_not_free_for_others(
    world: World, other: str
) -> None:
    """Own lists for what was assigned and what was reserved; a colleague's pool shows both with a
    reason and counts neither."""
    given, taken, free = [await world.sent(urgency="stat") for _ in range(3)]
    await move(world, (given, "hub-reader"))
    await world.client("hub-reader").ok("POST", "/api/worklist/reserve", {"requests": [taken]})
    mine = await desk(world, "hub-reader", "assigned")
    assert ids(mine) == [given]
    assert mine["items"][0]["scheduled_performer"] | {"since": None} == {
        "person_id": "hub-reader", "name": "医生hub-reader", "by": "coordinator", "since": None,
        "mine": True,
    }  # fmt: skip
    assert ids(await desk(world, "hub-reader", "reserved")) == [taken]
    assert ids(await desk(world, "hub-reader", "pool")) == [free]
    assert {k: mine["counts"][k] for k in ("pool", "stat", "kept", "assigned", "reserved")} == {
        "pool": 1, "stat": 1, "kept": 0, "assigned": 1, "reserved": 1,
    }  # fmt: skip
    theirs = await desk(world, other, "pool")
    assert sorted(ids(theirs)) == sorted([given, taken, free])
    why = {row["id"]: row["why_not"] for row in theirs["items"]}
    assert why[free] is None and "assigned" in why[given]["en"] and "reserved" in why[taken]["en"]
    assert (theirs["counts"]["pool"], theirs["counts"]["kept"]) == (1, 2)
    assert (theirs["counts"]["assigned"], theirs["counts"]["reserved"]) == (0, 0)
    chips = {each["code"]: each["total"] for each in theirs["services"]}
    assert chips["imaging"] == 1
    world.clock.advance(minutes=61)
    assert sorted(ids(await desk(world, "hub-reader", "pool"))) == sorted([taken, free])
    assert ids(await desk(world, "hub-reader", "assigned")) == [given]


async def test_a_coordinator_sees_all_that_is_open(world: World, other: str) -> None:
    """Free, assigned, claimed, in danger, and what one reader has; counted for who moves work."""
    free, given, begun = [await world.sent() for _ in range(3)]
    late = await world.sent(urgency="stat")
    await move(world, (given, other))
    await world.client("hub-reader").ok("POST", f"/api/requests/{begun}/claim")
    await world.client("hub-reader").ok("POST", f"/api/requests/{begun}/aside", {})
    world.clock.advance(minutes=20)
    lists = {tab: set(ids(await desk(world, COORDINATOR, tab))) for tab in (
        "open", "free", "assigned", "held", "danger"
    )}  # fmt: skip
    assert lists == {
        "open": {free, given, begun, late}, "free": {free, late}, "assigned": {given},
        "held": {begun}, "danger": {late},
    }  # fmt: skip
    counts = (await desk(world, COORDINATOR, "open"))["counts"]
    assert (counts["open"], counts["pool"], counts["danger"], counts["kept"]) == (4, 2, 1, 1)
    assert ids(await desk(world, COORDINATOR, "open", f"&person={other}")) == [given]
    assert ids(await desk(world, COORDINATOR, "open", "&person=hub-reader")) == [begun]
    assert ids(await desk(world, COORDINATOR, "open", "&person=second-reader")) == []
    assert "open" not in (await desk(world, "hub-reader", "pool"))["counts"]
    assert ids(await desk(world, "second-coordinator", "open")) == []


async def test_the_readers_side_has_load_and_licences(world: World, other: str) -> None:
    """Own people only, the least loaded first."""
    await world.claimed("hub-reader")
    await move(world, (await world.sent(), other), (await world.sent(), other))
    found = (await world.client(COORDINATOR).get("/api/dispatch/readers"))["items"]
    by = {one["person_id"]: one for one in found}
    assert all(one.startswith("hub-") for one in by) and COORDINATOR not in by
    assert (by["hub-reader"]["open"], by[other]["waiting"]) == (1, 2)
    takes = set(by["hub-ecg"]["takes"])
    assert "ecg" in takes and "imaging" not in takes and by["hub-junior"]["takes"] == []
    order = [one["person_id"] for one in found]
    assert order.index("hub-reader") < order.index(other)


async def test_many_are_moved_each_for_itself(world: World, other: str) -> None:
    """What cannot be moved says why and holds nothing up; what was before is told, to undo."""
    cases = [await world.sent() for _ in range(3)]
    await world.client("hub-reader").ok("POST", f"/api/requests/{cases[2]}/claim")
    foreign = await world.sent(provider="second")
    done = await move(
        world, (cases[0], other), (cases[1], "hub-junior"), (cases[2], other), (foreign, other)
    )
    codes = [one["problem"] and one["problem"]["code"] for one in done["items"]]
    assert codes == [None, "not-qualified", "already-claimed", "not-found"]
    again = await move(world, (cases[0], "hub-reader"), (cases[1], None))
    assert [one["previous"] for one in again["items"]] == [other, None]
    await move(world, (cases[0], None))
    moves = [kind for kind in await world.log(cases[0]) if kind.startswith("workitem.")]
    assert moves == ["workitem.assigned", "workitem.assigned", "workitem.unassigned"]
    too_many = {"items": [{"request_id": str(n), "person_id": None} for n in range(101)]}
    await world.client(COORDINATOR).refused("invalid", "POST", "/api/dispatch/assign", too_many)


async def test_leave_is_covered_by_those_who_may(world: World, other: str) -> None:
    """A proposal for what is kept for them; what they have begun is named and stays."""
    cases = [await world.sent() for _ in range(4)]
    await move(world, *((case, other) for case in cases))
    await world.client(other).ok("POST", f"/api/requests/{cases[0]}/claim")
    path = f"/api/dispatch/cover?person={other}"
    items = (await world.client(COORDINATOR).get(path))["items"]
    by = {one["request"]["id"]: one for one in items}
    assert set(by) == set(cases) and by[cases[0]]["to"] is None
    assert by[cases[0]]["candidates"] == [] and by[cases[0]]["request"]["claim"] is not None
    for case in cases[1:]:
        why = {one["person_id"]: one["why_not"] for one in by[case]["candidates"]}
        assert why[by[case]["to"]] is None and other not in why
        assert why["hub-junior"] is not None
    to = [by[case]["to"] for case in cases[1:]]
    assert len(set(to)) == len(to)
    for stranger in ("second-reader", "nobody"):
        await world.client(COORDINATOR).refused(
            "not-found", "GET", f"/api/dispatch/cover?person={stranger}"
        )
