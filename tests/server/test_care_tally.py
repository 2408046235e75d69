"""What is counted around an answer, and that every number opens to what is behind it."""

from typing import Any

from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES, rebuild
from tests.server.aftercare import ASKER, EXPERT, answered, days_pass, of_case
from tests.server.booking import KEEPER, confirmed, has_hours, step
from tests.server.test_charges import live
from tests.server.test_urgent_calls import called, on_duty, seconds_pass, see
from tests.server.test_waiting import lapse, waits
from tests.world import World


async def month(world: World, side: str = "requester", name: str = "2026-03") -> Any:
    """The values of a month of everybody, as the region's supervision sees it."""
    catch_up_fully(world.services.store, TALLIES)
    path = f"/api/tally?month={name}&side={side}"
    return (await world.client("region").get(path))["total"]["values"]


async def test_sessions_count_and_those_without_a_case_lead_back_to_themselves(
    world: World,
) -> None:
    """One held for a case with nobody confirmed present, one for no case that nobody came to."""
    case = await live(world)
    one = await confirmed(world, "11:00")
    world.clock.advance(hours=2)
    await step(world, one, "miss", KEEPER, reason="requester-absent")
    values = await month(world)
    assert (values["sessions_proposed"], values["sessions_held"]) == (2, 1)
    assert (values["session_minutes"], values["accompaniable"], values["accompanied"]) == (42, 1, 1)
    assert values["accompanied_share"] == 1 and values["missed_by_requester"] == 1
    catch_up_fully(world.services.store, TALLIES)
    path = "/api/tally/cases?month=2026-03&side=requester&indicator="
    county = world.client("county-admin")
    held = (await county.get(f"{path}sessions_held"))["items"]
    assert [(i["request_id"], i["page"], i["visible"]) for i in held] == [(case, "request", True)]
    (missed,) = (await county.get(f"{path}missed_by_requester"))["items"]
    assert missed["page"] == "appointment" and missed["request_id"] == one["id"]
    assert missed["visible"]
    assert missed["number"] == one["number"] and missed["provider"] == "hub医院"
    assert (await county.get(f"/api/appointments/{missed['request_id']}"))["state"] == "missed"
    # Each of them down to the fact that counted it; of another hospital's there is none.
    told = await county.get(f"/api/tally/facts/{missed['seq']}")
    assert told["kind"] == "appointment.missed" and told["actor"] is None
    assert {c["words"]["en"]: c["value"]["en"] for c in told["carries"]} == {
        "Reason": "The requesting side did not come"
    }
    assert [c["words"]["zh"] for c in told["counted"]] == ["爽约数", "申请方爽约数"]
    assert (await world.client("hub-admin").get(f"/api/tally/facts/{missed['seq']}"))["actor"]
    masked = (await world.client("region").get(f"/api/tally/facts/{missed['seq']}"))["actor"]
    assert "*" in masked
    for seq in (missed["seq"], 1, 999_999, "x"):
        await world.client("second-admin").refused("not-found", "GET", f"/api/tally/facts/{seq}")
    assert rebuild(world.services.store).same


async def test_calls_and_waits_count_and_lead_back_to_themselves(world: World) -> None:
    """One answered after half a minute, one that nobody answers, one wait that was in vain."""
    nobody = await called(world)
    assert nobody["state"] == "exhausted"
    await on_duty(world, "hub-reader", "hub-verifier")
    call = await called(world)
    await seconds_pass(world, 20)
    call = await see(world, call)
    world.clock.advance(seconds=11)
    second = call["rings"][1]["person"]["id"]
    await world.client(second).ok("POST", f"/api/urgent-calls/{call['id']}/answer")
    entry = await waits(world)
    world.clock.advance(days=10)
    await lapse(world)
    for side in ("requester", "provider"):
        values = await month(world, side)
        assert (values["calls_made"], values["calls_answered"]) == (2, 1), side
        assert (values["calls_answered_share"], values["waits_filled_share"]) == (0.5, 0), side
    assert values["call_answering_median"] == 31
    path = "/api/tally/cases?month=2026-03&side=requester&indicator="
    county = world.client("county-admin")
    made = (await county.get(f"{path}calls_made"))["items"]
    assert [(i["request_id"], i["page"]) for i in made] == [
        (nobody["id"], "call"), (call["id"], "call"),
    ]  # fmt: skip
    assert {(i["requester"], i["provider"]) for i in made} == {("county医院", "hub医院")}
    (over,) = (await county.get(f"{path}waits_over"))["items"]
    assert (over["request_id"], over["page"]) == (entry, "waiting")
    told = await county.get(f"/api/tally/facts/{over['seq']}")
    assert (told["kind"], told["actor"]) == ("waiting.ended", None)
    assert rebuild(world.services.store).same


async def test_follow_up_evaluation_and_settlement_count(world: World) -> None:
    """Each in the month in which it happened; nothing settled is nothing, not missing."""
    await has_hours(world, "hub-reader")
    case = await answered(world)
    scores = {"timeliness": 5, "usefulness": 4, "communication": 4}
    path = f"/api/requests/{case}/evaluation"
    await world.client(ASKER).ok("PUT", path, {"scores": scores})
    assert (await month(world))["answer_rated"] == 0  # hidden from the other side, and from it
    ours = {"completeness": 2, "appropriateness": 3}
    await world.client(EXPERT).ok("PUT", path, {"scores": ours})
    await days_pass(world, 7)
    seven = (await of_case(world, case))[0]
    body = {"outcome": "improved", "advice": "followed"}
    await world.client(ASKER).ok("POST", f"/api/follow-ups/{seven['id']}", body)
    values = await month(world)
    assert (values["answer_evaluated"], values["answer_good_share"]) == (1, 1)
    assert values["request_good_share"] == 0
    assert (values["followup_7_due"], values["followup_7_share"]) == (1, 1)
    assert values["settled_amount"] == 0 and values["followup_30_share"] is None
    assert rebuild(world.services.store).same
