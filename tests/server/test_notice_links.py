"""Whoever is told of a session with several institutions can open what they are told of."""

from tests.server.booking import (
    APPOINTMENTS,
    BECAUSE,
    KEEPER,
    OFFICE,
    confirmed,
    has_hours,
    proposed,
    step,
)
from tests.server.guidance_house import opened
from tests.server.notice_links import every_notice_opens
from tests.server.test_escalations import climb, told
from tests.server.test_minutes import CHAIR, EXPERT, THIRD, close
from tests.world import World, consent

FOURTH = "hub-reader2"
SEATS = [{"role": "expert-chair", "person_id": CHAIR}, {"role": "expert", "person_id": EXPERT},
         {"role": "expert", "person_id": THIRD}]  # fmt: skip
OCCASIONS = {
    "expert-asked", "invited", "appointment-to-confirm", "appointment-set", "appointment-near",
    "appointment-off", "seat-declined", "seat-left", "seat-given-away", "minutes-to-sign",
}  # fmt: skip


async def test_each_notice_of_a_discussion_opens_for_whoever_got_it(world: World) -> None:
    """Three institutions; a seat declined, one of the third institution given away, a session that
    is off and one whose minutes wait until the coordinators hear of it. Whoever had the seat sees
    what became of it, and nobody else of their institution; nor do they take part any more."""
    await opened(world)
    await has_hours(world, CHAIR, EXPERT, FOURTH)
    path = f"/api/calendars/people/{THIRD}/hours"
    await world.client("second-coordinator").ok("PUT", path, {"rows": [OFFICE]})
    case = await world.sent(
        service="case_discussion",
        consent=consent("hub", onward=True, identified=True, identified_reason="takeover"),
    )
    world.tell("county", "second")
    ask = f"/api/requests/{case}/opinions"
    await world.client(KEEPER).ok("POST", ask, {"person_id": THIRD})
    of = {"service": "case_discussion", "request_id": case, "seats": SEATS}
    one = await proposed(world, "09:00", **of)
    await climb(world)
    one = await step(world, one, "confirm", KEEPER)
    off = await confirmed(world, "10:30", **of)
    await climb(world)
    await step(world, off, "cancel", KEEPER, **BECAUSE)
    no = {"accepts": False, "reason": "time"}
    await world.client(EXPERT).ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", no)
    one = await world.client(KEEPER).get(f"{APPOINTMENTS}/{one['id']}")
    one = await step(world, one, "swap", KEEPER, seat=3, person_id=FOURTH)
    await climb(world)
    assert ("seat-given-away", 0) in await told(world, THIRD)
    await _out(world, one["id"], THIRD, "second-coordinator")
    one = await step(world, one, "swap", KEEPER, seat=2, person_id=THIRD)
    await climb(world, 16 * 60 + 40)
    await climb(world, 20)
    one = await step(world, one, "begin", KEEPER)
    await climb(world, 30)
    await step(world, one, "end", KEEPER)
    await close(world, one["id"])
    await climb(world)
    await climb(world, 2 * 24 * 60)
    assert ("minutes-to-sign", 2) in await told(world, KEEPER)
    assert await every_notice_opens(world) >= OCCASIONS


async def _out(world: World, key: str, had: str, of_theirs: str) -> None:
    """Who had a seat sees the appointment and may nothing in it; of others it is not found."""
    path = f"{APPOINTMENTS}/{key}"
    seen = await world.client(had).get(path)
    assert seen["allowed"] == []
    yes = {"accepts": True}
    for who in (had, of_theirs):
        for rest in ("/minutes", "/conference"):
            await world.client(who).refused("not-found", "GET", f"{path}{rest}")
        await world.client(who).refused("not-found", "POST", f"{path}/answer", yes)
    begin = {"version": seen["version"]}
    await world.client(had).refused("forbidden", "POST", f"{path}/begin", begin)
    await world.client(of_theirs).refused("not-found", "POST", f"{path}/begin", begin)
    await world.client(of_theirs).refused("not-found", "GET", path)
