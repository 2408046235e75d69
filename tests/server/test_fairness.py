"""The ledger over HTTP: every number leads to its facts, and is the own institution's alone."""

from typing import Any

from tests.world import World

MONTH = "2026-03"


async def ledger(world: World, who: str = "hub-coordinator", month: str = MONTH) -> dict[str, Any]:
    found = await world.client(who).get(f"/api/fairness?month={month}")
    return {one["person_id"]: one for one in found["readers"]}


async def test_a_month_s_work_and_the_facts_behind_it(world: World) -> None:
    """One CT claimed and issued, one claimed and released: 4 points claimed, 2 done, 2 returned."""
    done = await world.issued()
    back = await world.claimed()
    reasons = (await world.client("hub-reader").get("/api/catalogue"))["reasons"]
    reason = next(r["code"] for r in reasons if r["step"] == "release")
    path = f"/api/requests/{back}/release"
    await world.client("hub-reader").ok("POST", path, {"reason": reason})
    body = {"person_id": "hub-verifier"}
    await world.client("hub-coordinator").ok("POST", f"/api/requests/{back}/assign", body)
    mine = (await ledger(world))["hub-reader"]
    assert {f: (mine[f]["points"], mine[f]["count"]) for f in ("claimed", "done", "returned")} == {
        "claimed": (4, 2), "done": (2, 1), "returned": (2, 1),
    }  # fmt: skip
    assert (mine["share"], mine["given"]["count"], mine["picking"]) == (1, 0, None)
    other = (await ledger(world, "hub-admin"))["hub-verifier"]
    assert (other["given"]["points"], other["share"]) == (2, 0)
    assert sum(one["expected"] for one in (await ledger(world)).values()) > 0.999
    for figure, cases in (("claimed", [done, back]), ("done", [done]), ("returned", [back])):
        query = f"?month={MONTH}&person=hub-reader&figure={figure}"
        page = await world.client("hub-coordinator").get(f"/api/fairness/facts{query}")
        assert [line["request_id"] for line in page["items"]] == cases
        assert sum(line["points"] for line in page["items"]) == mine[figure]["points"]
        rest = await world.client("hub-coordinator").get(
            f"/api/fairness/facts{query}&after={page['items'][0]['seq']}"
        )
        assert len(rest["items"]) == len(cases) - 1
    assert (await ledger(world, month="2026-02"))["hub-reader"]["claimed"]["count"] == 0


async def test_what_was_chosen_is_held_against_the_pool(world: World) -> None:
    """Two equal CTs: a choice that says nothing of weight, and the later due one was taken."""
    await world.sent()
    world.clock.advance(minutes=30)
    later = await world.sent()
    await world.client("hub-reader").ok("POST", f"/api/requests/{later}/claim")
    picked = (await ledger(world))["hub-reader"]["picking"]
    assert picked == {"choices": 1, "index": 0, "z": None, "passed": 1}


async def test_the_ledger_is_of_the_own_institution_alone(world: World) -> None:
    """Others' people and work are not in it; supervision and readers do not see it."""
    await world.issued()
    theirs = await ledger(world, "second-coordinator")
    assert all(one.startswith("second-") for one in theirs)
    query = f"/api/fairness/facts?month={MONTH}&person=hub-reader&figure=done"
    assert (await world.client("second-coordinator").get(query))["items"] == []
    for who in ("hub-reader", "region", "county-requester"):
        await world.client(who).refused("forbidden", "GET", f"/api/fairness?month={MONTH}")
    for wrong in ("2026-13", "abc", "2026-3", "0000-01"):
        path = f"/api/fairness?month={wrong}"
        await world.client("hub-coordinator").refused("invalid", "GET", path)
