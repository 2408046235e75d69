"""The queue: who may take a case, one winner of any number, and what happens when they are gone."""

import asyncio
from datetime import date
from typing import Any

import pytest

from telemed.core.assignment import WHY_NOT
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.world import START, World, add_account, add_person


async def items(world: World) -> list[Any]:
    """The attempts of all cases, oldest first."""
    return sorted(await world.rows(t.workitems), key=lambda w: w["attempt"])


# --- one winner ---------------------------------------------------------------------------------


async def test_of_a_hundred_simultaneous_claims_one_wins(world: World) -> None:
    """Ninety-nine readers learn who was first and since when (UP-06)."""
    readers = [f"hub-r{n}" for n in range(100)]

    def hire(tx: Tx) -> None:
        for who in readers:
            add_person(tx, who, "hub", ["32"], date(2010, 7, 1))
            add_account(tx, who, ["reader"], "hub", who)

    await world.write(hire)
    case = await world.sent()
    path = f"/api/requests/{case}/claim"
    replies = await asyncio.gather(*(world.client(who).call("POST", path) for who in readers))
    won = [who for who, reply in zip(readers, replies, strict=True) if reply.status == 200]
    assert len(won) == 1
    lost = [reply for reply in replies if reply.status != 200]
    assert {reply.code for reply in lost} == {"already-claimed"}
    assert {reply.json["facts"]["holder"] for reply in lost} == {f"医生{won[0]}"}
    assert {reply.json["facts"]["since"][:16] for reply in lost} == {"2026-03-05T08:00"}
    assert [(w["state"], w["performer_id"]) for w in await items(world)] == [
        ("IN PROGRESS", won[0])
    ]
    assert (await world.log(case)).count("workitem.claimed") == 1
    assert len(await world.rows(t.report_versions)) == 1


async def test_the_winners_second_click_changes_nothing(world: World) -> None:
    """A retried claim answers the same and tells no second fact."""
    case = await world.claimed()
    before = await world.log(case)
    again = await world.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    assert again["claim"]["mine"] is True
    assert await world.log(case) == before and len(await world.rows(t.report_versions)) == 1


async def test_a_claim_races_with_a_withdrawal_to_one_end(world: World) -> None:
    """Claim and withdrawal at once: each pair ends claimed-then-withdrawn or only withdrawn."""
    for _ in range(10):
        case = await world.sent()
        claim, withdraw = await asyncio.gather(
            world.client("hub-reader").call("POST", f"/api/requests/{case}/claim"),
            world.client("county-requester").call(
                "POST", f"/api/requests/{case}/withdraw", {"reason": "referred"}
            ),
        )
        assert withdraw.status == 200 and claim.status in (200, 404)
        assert (await world.row(case))["state"] == "withdrawn"
        mine = [w["state"] for w in await items(world) if w["request_id"] == case]
        assert mine == ["CANCELED"]


# --- who may --------------------------------------------------------------------------------------


async def hub_people(world: World, *changes: tuple[str, dict[str, Any]]) -> None:
    """Change staff records behind the server's back."""

    def do(tx: Tx) -> None:
        for who, values in changes:
            tx.update(t.people, t.people.c.id == who, values)

    await world.write(do)


@pytest.mark.parametrize(
    ("who", "changes", "why"),
    [
        ("hub-ecg", {}, "scope"),
        ("hub-pathologist", {}, "scope"),
        ("hub-junior", {}, "years"),
        ("hub-reader", {"active": False}, "inactive"),
        ("hub-reader", {"practice_since": None}, "years"),
    ],
)
async def test_a_claim_needs_a_fitting_licence(
    world: World, who: str, changes: dict[str, Any], why: str
) -> None:
    """Scope, three independent years and an active record (50号 二(二)); the refusal says which."""
    if changes:
        await hub_people(world, (who, changes))
    case = await world.sent()
    facts = await world.client(who).refused("not-qualified", "POST", f"/api/requests/{case}/claim")
    assert facts["why"] == why
    assert [w["state"] for w in await items(world)] == ["SCHEDULED"]


async def test_the_queue_shows_what_one_may_take_and_says_why_not(world: World) -> None:
    """Services outside the licence are not listed; what cannot be taken carries the reason."""
    image = await world.sent()
    tracing = await world.sent(service="ecg")
    listed = {}
    for who in ("hub-reader", "hub-ecg", "hub-pathologist", "second-reader"):
        queue = await world.client(who).get("/api/worklist")
        listed[who] = {i["id"]: i["why_not"] for i in queue["items"]}
    assert listed["hub-reader"] == {image: None, tracing: None}
    assert listed["hub-ecg"] == {tracing: None}
    assert listed["hub-pathologist"] == listed["second-reader"] == {}
    shown = await world.client("hub-junior").get(f"/api/requests/{image}")
    assert shown["why_not"] == {"zh": WHY_NOT["years"].zh, "en": WHY_NOT["years"].en}
    assert "claim" not in shown["allowed"]


async def test_the_queue_is_ordered_by_deadline_and_counted(world: World) -> None:
    """The most pressing first, with the count of every tab and of the pressing ones."""
    slow = await world.sent(urgency="routine")
    world.clock.advance(minutes=1)
    fast = await world.sent(urgency="stat")
    middle = await world.sent(urgency="urgent")
    reader = world.client("hub-reader")
    queue = await reader.get("/api/worklist")
    assert [i["id"] for i in queue["items"]] == [fast, middle, slow]
    assert (queue["counts"]["pool"], queue["counts"]["pressing"]) == (3, 2)
    await reader.ok("POST", f"/api/requests/{fast}/claim")
    least = len(await world.rows(t.activities))
    after = await reader.get("/api/worklist")
    assert least <= after["seq"] <= len(await world.rows(t.activities))
    assert [i["id"] for i in after["items"]] == [middle, slow]
    assert (after["counts"]["pool"], after["counts"]["mine"]) == (2, 1)
    assert [i["id"] for i in (await reader.get("/api/worklist?tab=mine"))["items"]] == [fast]


# --- letting go -----------------------------------------------------------------------------------


async def test_a_release_keeps_the_draft_for_its_author(world: World) -> None:
    """The case returns to the queue; another reader starts blank, the author finds their text."""
    case = await world.claimed()
    await world.write_report(case, findings="写了一半")
    path = f"/api/requests/{case}"
    reader, other = world.client("hub-reader"), world.client("hub-reader2")
    await other.refused("not-claim-holder", "POST", f"{path}/release", {"reason": "called-away"})
    await reader.refused("reason-required", "POST", f"{path}/release", {})
    await reader.ok("POST", f"{path}/release", {"reason": "called-away"})
    await other.ok("POST", f"{path}/claim")
    assert (await other.get(f"{path}/report"))["current"]["content"]["findings"] == ""
    await world.client("hub-coordinator").ok("POST", f"{path}/release", {"reason": "shift-end"})
    await reader.ok("POST", f"{path}/claim")
    assert (await reader.get(f"{path}/report"))["current"]["content"]["findings"] == "写了一半"
    assert [w["state"] for w in await items(world)] == ["CANCELED", "CANCELED", "IN PROGRESS"]


async def test_taking_over_needs_a_reason_and_tells_both(world: World) -> None:
    """The former holder loses the draft's pen, not the text."""
    case = await world.claimed()
    revision = await world.write_report(case, findings="前一位的所见")
    path = f"/api/requests/{case}"
    other = world.client("hub-reader2")
    await other.refused("reason-required", "POST", f"{path}/takeover", {})
    taken = await other.ok("POST", f"{path}/takeover", {"reason": "overdue"})
    assert taken["claim"]["person_id"] == "hub-reader2"
    draft = {"revision": revision, "content": {"findings": "抢写"}}
    reader = world.client("hub-reader")
    await reader.refused("not-claim-holder", "PUT", f"{path}/report/draft", draft)
    kept = [v for v in await world.rows(t.report_versions) if v["author_id"] == "hub-reader"]
    assert [(v["state"], v["content"]["findings"]) for v in kept] == [("discarded", "前一位的所见")]
    fact = (await world.rows(t.activities, t.activities.c.kind == "workitem.taken_over"))[0]
    assert (fact["data"]["person"], fact["data"]["previous"]) == ("hub-reader2", "hub-reader")


async def test_what_is_signed_cannot_be_taken_over(world: World) -> None:
    """A report waiting for its second signature belongs to its author."""
    case = await world.claimed()
    await world.write_report(case)
    await world.sign(case)
    body = {"reason": "overdue"}
    other = world.client("hub-reader2")
    await other.refused("illegal-transition", "POST", f"/api/requests/{case}/takeover", body)


async def test_a_claim_ends_with_its_lease_and_a_heartbeat_extends_it(world: World) -> None:
    """Fifteen minutes without a sign of life and the case is everybody's again."""
    case = await world.claimed()
    reader = world.client("hub-reader")
    world.clock.advance(minutes=14)
    beat = await reader.ok("POST", f"/api/requests/{case}/heartbeat")
    assert beat["lease_until"].startswith("2026-03-05T08:29")
    world.clock.advance(minutes=14)
    assert [w["state"] for w in await items(world)] == ["IN PROGRESS"]
    world.clock.advance(minutes=2)
    async with asyncio.timeout(30):
        while len(await items(world)) == 1:
            await asyncio.sleep(0.1)
    assert [(w["state"], w["end_reason"]) for w in await items(world)] == [
        ("CANCELED", "presence-ended"),
        ("SCHEDULED", None),
    ]
    assert (await world.log(case))[-1] == "workitem.expired"
    await world.client("hub-reader2").ok("POST", f"/api/requests/{case}/claim")


async def test_autosave_is_a_sign_of_life(world: World) -> None:
    """Who writes is present: saving a draft extends the lease."""
    case = await world.claimed()
    world.clock.advance(minutes=10)
    await world.write_report(case)
    lease = (await items(world))[0]["lease_until"]
    assert (lease - START).total_seconds() == 25 * 60


async def test_a_report_awaiting_verification_does_not_expire(world: World) -> None:
    """After the first signature nobody needs to be present."""
    case = await world.claimed()
    await world.write_report(case)
    await world.sign(case)
    world.clock.advance(hours=8)
    assert [(w["state"], w["lease_until"]) for w in await items(world)] == [("IN PROGRESS", None)]
    await world.client("hub-verifier").get(f"/api/requests/{case}")


async def test_a_colleague_s_case_is_listed_so_that_it_can_be_taken_over(world: World) -> None:
    """What one reads stands in nobody else's queue but under `held`; one's own never does."""
    case = await world.claimed()
    held = {}
    for who in ("hub-reader", "hub-reader2", "hub-coordinator"):
        shown = await world.client(who).get("/api/worklist?tab=held")
        held[who] = [row["id"] for row in shown["items"]]
        assert shown["counts"]["pool"] == 0
    assert held == {"hub-reader": [], "hub-reader2": [case], "hub-coordinator": [case]}
    await world.write_report(case)
    await world.sign(case)
    shown = await world.client("hub-reader2").get("/api/worklist?tab=held")
    assert shown["items"] == []
