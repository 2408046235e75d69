"""Follow-up over the wire: its day comes, two taps answer it, the expert learns of it."""

from datetime import timedelta
from typing import Any

from telemed.actions import follow_ups
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.core.aftercare_rules import CountsFrom
from telemed.followers import escalations
from telemed.followers.follow import catch_up
from telemed.store import tables as t
from tests.server.aftercare import (
    ASKER,
    EXPERT,
    answered,
    clock_looks,
    days_pass,
    followed,
    of_case,
)
from tests.world import World

TWO_TAPS = {"outcome": "improved", "advice": "followed"}


async def states(world: World, case: str) -> list[tuple[int, str]]:
    return [(one["days"], one["state"]) for one in await of_case(world, case)]


async def told(world: World, who: str, occasion: str) -> list[Any]:
    """The notices of an occasion that somebody has."""
    items = (await world.client(who).get("/api/notices"))["items"]
    return [one for one in items if one["occasion"] == occasion]


async def test_two_taps_on_its_day_and_the_expert_learns_of_it(world: World) -> None:
    """Planned with the answer, due on the seventh day, answered once; told to who signed."""
    case = await answered(world)
    asker, expert = world.client(ASKER), world.client(EXPERT)
    seven, thirty = await of_case(world, case)
    assert (seven["days"], thirty["days"]) == (7, 30)
    assert seven["due_at"] == "2026-03-12T08:00:00Z" and seven["allowed"] == []
    await asker.refused("too-early", "POST", f"/api/follow-ups/{seven['id']}", TWO_TAPS)
    assert (await asker.get("/api/follow-ups")) == {"items": [], "total": 0}
    assert await days_pass(world, 7) == 1 and await clock_looks(world) == 0
    due = await asker.get("/api/follow-ups")
    (row,) = due["items"]
    assert due["total"] == 1 and row["request"]["id"] == case and row["state"] == "due"
    assert row["allowed"] == ["answer"] and not row["overdue"]
    assert (await of_case(world, case, EXPERT))[0]["allowed"] == []
    path = f"/api/follow-ups/{seven['id']}"
    await expert.refused("forbidden", "POST", path, TWO_TAPS)
    await world.client("hub-coordinator").refused("forbidden", "POST", path, TWO_TAPS)
    await world.client("second-requester").refused("not-found", "POST", path, TWO_TAPS)
    await asker.refused("not-found", "POST", "/api/follow-ups/absent", TWO_TAPS)
    await asker.refused("invalid", "POST", path, {**TWO_TAPS, "outcome": "cured"})
    done = (await asker.ok("POST", path, TWO_TAPS))["items"][0]
    assert done["state"] == "done" and done["outcome"]["label"]["zh"] == "好转"
    assert done["answered_by"] == f"医生{ASKER}" and done["allowed"] == ["correct"]
    assert (await asker.get("/api/follow-ups"))["total"] == 0
    (news,) = await told(world, EXPERT, "follow-up-outcome")
    assert news["label"]["zh"] == "您答复的患者有随访结果" and not news["may_take_on"]
    (mine,) = (await expert.get("/api/outcomes"))["items"]
    assert mine["outcome"]["code"] == "improved" and mine["request"]["id"] == case
    assert (await world.client("hub-reader2").get("/api/outcomes"))["items"] == []
    facts = await world.rows(t.activities, t.activities.c.kind.like("followup.%"))
    facts.sort(key=lambda row: row["seq"])
    assert [f["kind"] for f in facts] == ["followup.due", "followup.answered"]
    assert facts[1]["data"]["outcome"] == "improved" and facts[1]["data"]["follow_up"] == "7"


async def test_what_ended_the_story_is_asked_no_more_and_a_mistake_is_put_right(
    world: World,
) -> None:
    """Died: nobody asks at thirty days; corrected, they do. After a week the answer stands."""
    case = await answered(world)
    await days_pass(world, 7)
    asker = world.client(ASKER)
    seven = (await of_case(world, case))[0]
    path = f"/api/follow-ups/{seven['id']}"
    note = {"note": "家属来电", "diagnosis": {"code": "I50.900", "name": "心力衰竭"}}
    await asker.ok("POST", path, {"outcome": "died", "advice": "partly", **note})
    assert await states(world, case) == [(7, "done"), (30, "dropped")]
    shown = (await of_case(world, case, EXPERT))[0]
    assert shown["note"] == "家属来电" and shown["diagnosis"]["name"] == "心力衰竭"
    masked = (await of_case(world, case, "guilin"))[0]
    assert masked["note"] == "" and masked["diagnosis"] is None
    assert masked["outcome"]["code"] == "died"
    world.clock.advance(days=6)
    await asker.ok("POST", path, {"outcome": "worse", "advice": "partly"})
    assert await states(world, case) == [(7, "done"), (30, "planned")]
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "followup.corrected")
    assert (fact["data"]["was"], fact["data"]["outcome"]) == ("died", "worse")
    world.clock.advance(days=1)
    await asker.refused("answer-stands", "POST", path, TWO_TAPS)
    assert (await of_case(world, case))[0]["outcome"]["code"] == "worse"
    assert len(await told(world, EXPERT, "follow-up-outcome")) == 2


async def test_unanswered_it_is_overdue_then_lapses_and_may_still_be_answered(
    world: World,
) -> None:
    """A clock that was away takes each step once; lapsed is out of what waits."""
    case = await answered(world)
    await days_pass(world, 10)
    asker = world.client(ASKER)
    (row,) = (await asker.get("/api/follow-ups"))["items"]
    assert row["overdue"]
    assert await days_pass(world, 11) == 1
    assert await states(world, case) == [(7, "lapsed"), (30, "planned")]
    assert (await asker.get("/api/follow-ups"))["total"] == 0
    await asker.ok("POST", f"/api/follow-ups/{row['id']}", {**TWO_TAPS, "outcome": "lost"})
    assert await states(world, case) == [(7, "done"), (30, "planned")]
    assert await days_pass(world, 60) == 1 and await clock_looks(world) == 1
    assert await states(world, case) == [(7, "done"), (30, "lapsed")]


async def test_whoever_asked_is_reminded_until_it_is_answered(world: World) -> None:
    """By the ladder of its occasion: the doctor first, three days later all who may answer."""
    case = await answered(world)
    await days_pass(world, 7)
    services = world.services
    ladder = escalations.follower(services.catalogue, services.new_id)

    async def climb() -> None:
        while await world.write(lambda tx: catch_up(tx, ladder)):
            pass
        await escalations.climb_due(
            services.store, world.clock, services.new_id, services.catalogue, ()
        )

    async def reminders() -> list[Any]:
        return await told(world, ASKER, "follow-up-due")

    await climb()
    (mine,) = await reminders()
    assert mine["label"]["zh"] == "有患者随访到期，请反馈" and mine["request_id"] == case
    world.clock.advance(days=3)
    await climb()
    assert len(await reminders()) == 2
    seven = (await of_case(world, case))[0]
    await world.client(ASKER).ok("POST", f"/api/follow-ups/{seven['id']}", TWO_TAPS)
    world.clock.advance(days=4)
    await climb()
    assert [one["over"] for one in await reminders()] == [True, True]


async def test_only_what_can_still_be_answered_is_planned(world: World) -> None:
    """No plan names a reading; of an answer of before, what has lapsed is not asked."""
    reading = await world.issued()
    await followed(world)
    assert await of_case(world, reading) == []
    case = await world.sent(service="consultation")
    services, since = world.services, world.clock() - timedelta(days=25)

    def plan(tx: Any) -> int:
        act = Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue)
        return follow_ups.plan(act, case, CountsFrom.ANSWER, since)

    assert (await world.write(plan), await world.write(plan)) == (1, 0)
    assert await states(world, case) == [(30, "planned")]


async def test_a_decision_says_why_not_and_codes_the_diagnosis(world: World) -> None:
    """Not adopted wants a reason of the list; the final diagnosis keeps its code."""
    case = await world.issued(service="consultation")
    asker, path = world.client(ASKER), f"/api/requests/{case}/confirm"
    given = {"adoption": "not_adopted", "final_diagnosis": "心力衰竭",
             "final_diagnosis_code": "I50.900"}  # fmt: skip
    await asker.refused("reason-required", "POST", path, given)
    await asker.refused("reason-required", "POST", path, {**given, "reason": "image-quality"})
    done = await asker.ok("POST", path, {**given, "reason": "patient", "note": "拒绝转院"})
    assert (done["final_diagnosis"], done["final_diagnosis_code"]) == ("心力衰竭", "I50.900")
    assert (done["step_reason"]["code"], done["step_reason"]["note"]) == ("patient", "拒绝转院")
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "request.confirmed")
    assert fact["data"]["reason"] == "patient" and "拒绝" not in str(fact["data"])
    seen = await world.client("guilin").get(f"/api/requests/{case}")
    assert seen["final_diagnosis"] == "" and seen["final_diagnosis_code"] is None
