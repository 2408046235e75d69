"""Whose a case is to be: assigned by a coordinator, reserved by a reader, free again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from telemed.actions import assigning
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.bus.presence import Here
from telemed.core.assignment_rules import Cap
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.server.ups_client import GLOBAL, Ups, channel, value
from tests.world import World, add_account, add_person

COORDINATOR = "hub-coordinator"


@pytest.fixture
async def case(world: World) -> str:
    """A CT that hub was asked to read, where a second reader may, too."""

    def hire(tx: Tx) -> None:
        add_person(tx, "hub-other", "hub", ["32"], date(2010, 7, 1))
        add_account(tx, "hub-other", ["reader"], "hub", "hub-other")

    await world.write(hire)
    return await world.sent()


async def shown(world: World, who: str, case: str) -> Any:
    return await world.client(who).get(f"/api/requests/{case}")


async def claim(world: World, who: str, case: str) -> Any:
    return await world.client(who).call("POST", f"/api/requests/{case}/claim")


async def assign(world: World, case: str, person: str) -> Any:
    body = {"person_id": person}
    return await world.client(COORDINATOR).call("POST", f"/api/requests/{case}/assign", body)


async def reserve(world: World, who: str, *cases: str) -> Any:
    return await world.client(who).call("POST", "/api/worklist/reserve", {"requests": list(cases)})


async def test_an_assigned_case_is_its_readers_to_claim(world: World, case: str) -> None:
    """Others see whose it is and why they may not; a reason lets them take it over."""
    assert (await assign(world, case, "hub-reader")).status == 200
    other = await shown(world, "hub-other", case)
    assert other["scheduled_performer"]["name"] == "医生hub-reader"
    assert other["why_not"]["en"].startswith("it is assigned")
    assert "claim" not in other["allowed"] and "takeover" in other["allowed"]
    refused = await claim(world, "hub-other", case)
    assert (refused.status, refused.code) == (409, "set-aside")
    assert refused.json["facts"]["holder"] == "医生hub-reader"
    mine = await shown(world, "hub-reader", case)
    assert mine["why_not"] is None and "claim" in mine["allowed"]
    assert (await claim(world, "hub-reader", case)).status == 200
    assert await world.log(case) == [
        "request.drafted", "request.submitted", "workitem.assigned", "workitem.claimed",
    ]  # fmt: skip


async def test_what_is_kept_for_somebody_is_taken_over_with_a_reason(
    world: World, case: str
) -> None:
    """The attempt that was kept is canceled, its successor is the taker's."""
    await assign(world, case, "hub-reader")
    path = f"/api/requests/{case}/takeover"
    other = world.client("hub-other")
    assert (await other.call("POST", path, {})).code == "reason-required"
    reason = next(
        r["code"] for r in (await other.get("/api/catalogue"))["reasons"] if r["step"] == "takeover"
    )
    taken = await other.ok("POST", path, {"reason": reason})
    assert taken["claim"]["person_id"] == "hub-other" and taken["scheduled_performer"] is None
    attempts = sorted(await world.rows(t.workitems), key=lambda w: w["attempt"])
    assert [w["state"] for w in attempts] == ["CANCELED", "IN PROGRESS"]
    facts = (await world.client("hub-reader").get(f"/api/requests/{case}/facts"))["items"]
    kinds = [fact["kind"] for fact in facts if fact["kind"] != "notice.told"]
    assert kinds[-1] == "workitem.taken_over"


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ("hub-junior", "not-qualified"),
        ("hub-ecg", "not-qualified"),
        ("hub-coordinator", "not-found"),
        ("second-reader", "not-found"),
        ("county-requester", "not-found"),
        ("nobody", "not-found"),
    ],
)
async def test_only_own_readers_who_may_are_assigned(
    world: World, case: str, person: str, code: str
) -> None:
    """Never somebody who may not; another institution's people are not known here."""
    assert (await assign(world, case, person)).code == code
    assert "workitem.assigned" not in await world.log(case)


async def test_a_coordinator_sees_who_could_and_why_not(world: World, case: str) -> None:
    """The menu has the own readers only: who may and has least to do first, each with a load."""
    await world.claimed("hub-reader")
    await assign(world, await world.sent(), "hub-other")
    await assign(world, await world.sent(), "hub-other")
    menu = await world.client(COORDINATOR).get(f"/api/requests/{case}/candidates")
    by_id = {one["person_id"]: one for one in menu["items"]}
    assert all(one.startswith("hub-") for one in by_id) and COORDINATOR not in by_id
    assert (by_id["hub-reader"]["open"], by_id["hub-other"]["waiting"]) == (1, 2)
    assert by_id["hub-junior"]["why_not"]["en"].startswith("less than three years")
    order = [one["person_id"] for one in menu["items"]]
    assert order.index("hub-reader") < order.index("hub-other") < order.index("hub-junior")
    for stranger in ("second-coordinator", "lapsed-coordinator"):
        answer = await world.client(stranger).call("GET", f"/api/requests/{case}/candidates")
        assert answer.code == "not-found"


async def test_the_menu_ranks_by_load_and_says_why(world: World, case: str) -> None:
    """A CT weighs 2: one claimed is 2 points, two assigned are 4. Nobody is connected and no roster
    is kept, so the rule would give it to nobody; a stranger's licence is red."""
    await world.claimed("hub-reader")
    await assign(world, await world.sent(), "hub-other")
    await assign(world, await world.sent(), "hub-other")
    menu = await world.client(COORDINATOR).get(f"/api/requests/{case}/candidates")
    by_id = {one["person_id"]: one for one in menu["items"]}
    mine, other, junior = (by_id[p] for p in ("hub-reader", "hub-other", "hub-junior"))
    assert menu["points"] == 2 and menu["rule"] == world.services.catalogue.assignment.version
    assert (mine["in_hand"], mine["measure"], mine["in_hand_cap"]) == (2, 2, 60)
    assert (other["in_hand"], other["in_shift"], other["share"]) == (4, 4, 1)
    assert mine["light"] == "amber" and [r["code"] for r in mine["reasons"]] == [
        "absent", "same-patient",
    ]  # fmt: skip
    assert junior["light"] == "red" and junior["reasons"][0]["code"] == "years"
    assert (mine["on_duty"], mine["online"]) == (None, False)
    world.services.presence.set("hub-other", Here("hub-other", "hub"))
    menu = await world.client(COORDINATOR).get(f"/api/requests/{case}/candidates")
    first = menu["items"][0]
    assert (first["person_id"], first["light"], first["online"]) == ("hub-other", "green", True)


async def test_more_than_the_cap_is_refused_and_said_before(world: World, case: str) -> None:
    """At four points another routine case is one too many, claimed, reserved or assigned; a stat
    case is not held up, and what is one's already may be begun."""
    rules = replace(world.services.catalogue.assignment, caps=(Cap(4, None),))
    world.services.catalogue = replace(world.services.catalogue, assignment=rules)
    await world.claimed("hub-reader")
    kept = await world.sent()
    await assign(world, kept, "hub-reader")
    refused = await claim(world, "hub-reader", case)
    assert (refused.code, refused.json["facts"]["why"]) == ("not-qualified", "load-cap")
    assert (await reserve(world, "hub-reader", case)).code == "not-qualified"
    assert (await assign(world, case, "hub-reader")).json["facts"]["why"] == "load-cap"
    seen = await shown(world, "hub-reader", case)
    assert seen["why_not"]["en"].startswith("as much is in hand")
    assert not {"claim", "reserve"} & set(seen["allowed"])
    rows = [
        row
        for tab in ("pool", "assigned")
        for row in (await world.client("hub-reader").get(f"/api/worklist?tab={tab}"))["items"]
    ]
    assert {r["id"]: r["why_not"] is None for r in rows} == {case: False, kept: True}
    assert (await claim(world, "hub-reader", kept)).status == 200
    assert (await claim(world, "hub-reader", await world.sent(urgency="stat"))).status == 200
    assert (await claim(world, "hub-other", case)).status == 200


async def test_a_reader_reserves_several_and_they_are_free_again_after_a_while(
    world: World, case: str
) -> None:
    """All or none; others wait or take over; after an hour what was not begun is the pool's."""
    another = await world.sent()
    assert (await reserve(world, "hub-reader", case, another)).status == 200
    assert (await claim(world, "hub-other", another)).code == "set-aside"
    third = await world.sent()
    assert (await reserve(world, "hub-other", third, case)).code == "set-aside"
    assert (await shown(world, "hub-other", third))["scheduled_performer"] is None
    world.clock.advance(minutes=61)
    assert "claim" in (await shown(world, "hub-other", another))["allowed"]

    def lapse(tx: Tx) -> int:
        return assigning.end_lapsed(
            Act(tx, SYSTEM, world.clock(), world.services.new_id, world.services.catalogue)
        )

    await world.write(lapse)  # or the clock of leases was first
    for one in (case, another):
        assert (await world.log(one))[-1] == "workitem.unassigned"
    assert (await claim(world, "hub-other", another)).status == 200


async def test_a_ups_client_hears_whose_a_case_is_to_be(world: World, case: str) -> None:
    """Event 5 of PS3.4 CC.2.4, and Scheduled Human Performers (0040,4034) in the workitem."""
    ups = Ups(world.client("hub-reader"))
    url = (await ups.subscribe(GLOBAL, "DESK")).headers["Content-Location"]
    async with channel(world, "hub-reader", url) as events:
        await assign(world, case, "hub-other")
        event = await events.next()
    assert value(event, "00001002") == 5
    assert value(event["00404009"]["Value"][0], "00080100") == "hub-other"
    found = await ups.get(value(event, "00001000"))
    performer = found["00404034"]["Value"][0]["00404009"]["Value"][0]
    assert value(performer, "00080100") == "hub-other"


async def test_an_assignment_is_taken_back_by_its_reader_or_a_coordinator(
    world: World, case: str
) -> None:
    """Not by another reader; a second time it is taken back already."""
    await assign(world, case, "hub-reader")
    path = f"/api/requests/{case}/unassign"
    assert (await world.client("hub-other").call("POST", path)).code == "forbidden"
    assert (await world.client("hub-reader").ok("POST", path))["scheduled_performer"] is None
    await world.client(COORDINATOR).ok("POST", path)
    assert (await world.log(case)).count("workitem.unassigned") == 1
    await claim(world, "hub-other", case)
    assert (await assign(world, case, "hub-reader")).code == "already-claimed"
    assert (await reserve(world, "hub-reader", case)).code == "already-claimed"


async def test_a_case_of_others_cannot_be_reserved(world: World, case: str) -> None:
    """Nor found out about; a list that is too long is refused whole."""
    answer = await reserve(world, "second-reader", case)
    assert answer.code == "not-found"
    assert (await reserve(world, "hub-reader", *(str(n) for n in range(21)))).code == "invalid"
    drained = [await world.sent() for _ in range(3)]
    assert (await reserve(world, "hub-reader", *drained, "absent")).code == "not-found"
    assert all(row["scheduled_performer_id"] is None for row in await world.rows(t.workitems))
