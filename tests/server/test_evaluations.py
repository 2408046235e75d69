"""Evaluation both ways over the wire: neither side sees the other's before both are there."""

from typing import Any

from telemed.actions import evaluations
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.store import tables as t
from tests.server.aftercare import ASKER, EXPERT
from tests.world import World

GIVEN = {"scores": {"timeliness": 5, "usefulness": 4, "communication": 3}, "words": "回复很快"}
OF_US = {"scores": {"completeness": 2, "appropriateness": 4}}


async def seen(world: World, case: str, who: str) -> dict[str, Any]:
    """Both sides' evaluations as somebody sees them, by side."""
    shown = await world.client(who).get(f"/api/requests/{case}/evaluation")
    return {one["side"]: one for one in shown["items"]} | {"may_give": shown["may_give"]}


async def test_neither_side_sees_the_other_s_before_both_are_there(world: World) -> None:
    """Not on the page, not in the facts; both there, both see, and nothing changes any more."""
    case = await world.issued(service="consultation")
    path = f"/api/requests/{case}/evaluation"
    asker, expert = world.client(ASKER), world.client(EXPERT)
    await asker.refused("invalid", "PUT", path, {"scores": {"timeliness": 5}})
    await asker.ok("PUT", path, GIVEN)
    changed = {**GIVEN, "scores": {**GIVEN["scores"], "communication": 5}}  # type: ignore[dict-item]
    await asker.ok("PUT", path, changed)
    hidden = (await seen(world, case, EXPERT))["requester"]
    assert hidden["given"] and not hidden["shown"]
    assert hidden["scores"] == {} and hidden["words"] == "" and hidden["given_by"] is None
    assert (await seen(world, case, "guilin"))["requester"]["scores"] == {}
    facts = (await expert.get(f"/api/requests/{case}/facts"))["items"]
    assert [f["kind"] for f in facts if f["kind"].startswith("evaluation.")] == [
        "evaluation.given", "evaluation.changed",
    ]  # fmt: skip
    assert "scores" not in str(facts)
    await world.client("county-technician").refused("forbidden", "PUT", path, GIVEN)
    await world.client("hub-coordinator").refused("forbidden", "PUT", path, OF_US)
    await world.client("guilin").refused("not-to-evaluate", "PUT", path, GIVEN)
    await world.client("second-requester").refused("not-found", "PUT", path, GIVEN)
    await expert.ok("PUT", path, OF_US)
    for who in (ASKER, EXPERT):
        both = await seen(world, case, who)
        assert both["requester"]["scores"]["communication"] == 5 and both["requester"]["good"]
        assert both["provider"]["scores"] == OF_US["scores"] and not both["provider"]["good"]
        assert both["requester"]["words"] == "回复很快" and not both["may_give"]
    assert (await seen(world, case, "guilin"))["requester"]["words"] == ""
    await asker.refused("answer-stands", "PUT", path, GIVEN)
    opened = await world.rows(t.activities, t.activities.c.kind == "evaluation.opened")
    assert {f["data"]["side"] for f in opened} == {"requester", "provider"}


async def test_alone_it_opens_after_a_week_and_the_other_side_has_had_its_turn(
    world: World,
) -> None:
    """A clock tells it once; whoever has seen it says nothing any more."""
    case = await world.issued(service="consultation")
    path = f"/api/requests/{case}/evaluation"
    await world.client(EXPERT).ok("PUT", path, OF_US)
    services = world.services

    async def look() -> int:
        def do(tx: Any) -> int:
            act = Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue)
            return evaluations.open_due(act)

        return int(await world.write(do))

    world.clock.advance(days=6)
    assert await look() == 0
    assert (await seen(world, case, ASKER))["provider"]["scores"] == {}
    world.clock.advance(days=1)
    assert (await look(), await look()) == (1, 0)
    both = await seen(world, case, ASKER)
    assert both["provider"]["scores"] == OF_US["scores"] and not both["may_give"]
    await world.client(ASKER).refused("answer-stands", "PUT", path, GIVEN)
    await world.client(EXPERT).refused("answer-stands", "PUT", path, OF_US)


async def test_what_is_not_answered_or_not_asked_is_not_evaluated(world: World) -> None:
    """A reading asks for no evaluation, an open case is not there yet."""
    reading, open_case = await world.issued(), await world.sent(service="consultation")
    for case in (reading, open_case):
        path = f"/api/requests/{case}/evaluation"
        assert (await world.client(ASKER).get(path))["items"] == []
        await world.client(ASKER).refused("not-to-evaluate", "PUT", path, GIVEN)
