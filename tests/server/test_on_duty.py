"""What the roster is for: who is told, which quiet hours do not hold, and what "this shift" is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from telemed.actions.notices import rings_at
from telemed.core.escalation import Weight
from telemed.store import notice_tables as n
from tests.server.test_escalations import climb, told
from tests.server.test_live import PATIENCE, hello, socket
from tests.server.test_presence import shows
from tests.world import START, World

ROSTER = "/api/roster"
# Now, 16:00 of Thursday, is within it.
TODAY = {"kind": "reading", "day": "2026-03-05", "begins": "15:00", "ends": "20:00"}


async def on_duty(world: World, *people: str, **more: Any) -> None:
    """People put on duty by their coordinator."""
    body = {**TODAY, "people": list(people), **more}
    await world.client("hub-coordinator").ok("POST", ROSTER, body)


async def test_a_step_tells_whoever_is_on_duty_for_the_service(world: World) -> None:
    """Not those off duty, on another duty, or without the licence; the next step tells all."""
    await on_duty(world, "hub-reader2", "hub-ecg")
    await on_duty(world, "hub-verifier", services=["ecg"])
    await on_duty(world, "hub-coordinator", kind="coordinator")
    await world.sent(urgency="stat")
    await climb(world)
    assert await told(world, "hub-reader2") == [("unclaimed", 0)]
    for other in ("hub-reader", "hub-verifier", "hub-ecg", "hub-coordinator"):
        assert await told(world, other) == []
    await climb(world, 3)
    assert await told(world, "hub-reader") == [("unclaimed", 1)]


async def test_where_nobody_is_on_duty_every_reader_is_told(world: World) -> None:
    """An empty roster, one that has run out, and one of people who may not are all nobody."""
    await on_duty(world, "hub-ecg", ends="16:10")
    await world.sent(urgency="stat")
    await climb(world)
    assert await told(world, "hub-reader") == [("unclaimed", 0)]
    await on_duty(world, "hub-reader2", ends="17:00")
    await climb(world, 90)
    await world.sent(urgency="stat", of_patient=1)
    await climb(world)
    assert (await told(world, "hub-reader"))[-1] == ("unclaimed", 0)


async def test_an_assignment_is_told_to_its_reader_until_they_answer(world: World) -> None:
    """At once, again, then the coordinator on duty; claiming ends it."""
    case = await world.sent(urgency="urgent")
    coordinator = world.client("hub-coordinator")
    await coordinator.ok("POST", f"/api/requests/{case}/assign", {"person_id": "hub-reader"})
    await climb(world)
    assert await told(world, "hub-reader") == [("assigned", 0)]
    assert await told(world, "hub-reader2") == []
    await climb(world, 10)
    assert ("assigned", 1) in await told(world, "hub-reader")
    assert ("assigned", 2) in await told(world, "hub-coordinator")
    assert not [x for x in await told(world, "county-coordinator") if x[0] == "assigned"]
    await world.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    await climb(world, 60)
    (row,) = await world.rows(n.escalations, n.escalations.c.occasion == "assigned")
    assert row["end_reason"] == "condition" and row["exhausted_at"] is None


@pytest.mark.parametrize("how", ["another reader", "unassign", "return"])
async def test_an_assignment_that_ended_is_told_no_more(world: World, how: str) -> None:
    """To whoever had it; another reader is told in their place."""
    case = await world.sent(urgency="urgent")
    coordinator, one = world.client("hub-coordinator"), f"/api/requests/{case}"
    await coordinator.ok("POST", f"{one}/assign", {"person_id": "hub-reader"})
    await climb(world)
    if how == "return":
        await coordinator.ok("POST", f"{one}/return", {"reason": "image-quality"})
    elif how == "unassign":
        await coordinator.ok("POST", f"{one}/unassign")
    else:
        await coordinator.ok("POST", f"{one}/assign", {"person_id": "hub-reader2"})
    await climb(world, 6)
    of_reader = [x for x in await told(world, "hub-reader") if x[0] == "assigned"]
    assert of_reader == [("assigned", 0)]
    assert (("assigned", 1) in await told(world, "hub-reader2")) == (how == "another reader")


async def test_what_one_reserves_oneself_is_no_news(world: World) -> None:
    """Neither to oneself nor to anybody."""
    case = await world.sent()
    reader = world.client("hub-reader")
    await reader.ok("POST", "/api/worklist/reserve", {"requests": [case]})
    await climb(world, 300)
    assert not [x for x in await told(world, "hub-reader") if x[0] == "assigned"]


async def test_opening_the_case_answers_for_its_assignment(world: World) -> None:
    """Only the reader's own page does: a colleague who looks at it has not taken it on."""
    case = await world.sent(urgency="urgent")
    coordinator = world.client("hub-coordinator")
    await coordinator.ok("POST", f"/api/requests/{case}/assign", {"person_id": "hub-reader"})
    await climb(world)

    async def ended() -> Any:
        (row,) = await world.rows(n.escalations, n.escalations.c.occasion == "assigned")
        return row["end_reason"]

    async with socket(world, "hub-reader2") as other, socket(world, "hub-reader") as one:
        await hello(other)
        await hello(one)
        await shows(other, case)
        await shows(other)
        assert await ended() is None
        await shows(one, case)
        async with asyncio.timeout(PATIENCE):
            while await ended() != "acknowledged":
                await asyncio.sleep(0.02)
    assert "escalation.acknowledged" in await world.log(case)
    before = await told(world, "hub-reader")
    await climb(world, 30)
    assert [x for x in await told(world, "hub-reader") if x[0] == "assigned"] == [
        x for x in before if x[0] == "assigned"
    ]


def test_on_duty_there_are_no_quiet_hours() -> None:
    """A routine notice rings at once for whoever works, at the end of the night for others."""
    mine = {"on_call_until": None, "quiet_from": 15 * 60, "quiet_until": 17 * 60}
    assert rings_at(START, mine, Weight.ROUTINE, on_duty=True) == START
    assert rings_at(START, mine, Weight.ROUTINE) == START + timedelta(hours=1)


async def test_this_shift_is_the_reader_s_own(world: World) -> None:
    """By the roster while one is on duty, else by the fixed hours."""

    async def shown(who: str) -> int:
        body = {"conditions": {"submitted": {"unit": "shift"}}}
        return len((await world.client(who).ok("POST", "/api/worklist/search", body))["items"])

    await on_duty(world, "hub-reader2", begins="16:02", ends="20:00")
    await on_duty(world, "hub-verifier", begins="15:00", ends="20:00")
    world.clock.advance(minutes=-30)
    await world.sent()
    world.clock.advance(minutes=31)
    await world.sent()
    world.clock.advance(minutes=9)
    await world.sent()
    # At 16:10: the fixed shift began at 16:00, each other at their own hour.
    assert await shown("hub-reader") == 2
    assert await shown("hub-reader2") == 1
    assert await shown("hub-verifier") == 3
    world.clock.advance(hours=4)
    assert await shown("hub-reader2") == await shown("hub-reader")
