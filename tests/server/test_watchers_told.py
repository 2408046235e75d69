"""Who is listed to watch a guided operation is told that they may, and of nothing that names it."""

import pytest

from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    proposed,
    step,
)
from tests.server.guidance_house import opened
from tests.server.notice_links import every_notice_opens
from tests.server.test_calendar_feeds import events, link
from tests.server.test_escalations import climb, told
from tests.server.test_guidance import ASKED
from tests.world import CONTENT, World

LOOKS, LOOKS2, LATER = "hub-reader2", "county-technician", "county-verifier"
MOVED = {"since": at("10:30"), "reason": "expert-time"}


@pytest.fixture
async def house(world: World) -> World:
    """The world with surgery guidance agreed on."""
    await opened(world)
    await has_hours(world, "hub-reader")
    return world


def listing(*people: str) -> dict[str, object]:
    """The form with people who may watch."""
    watchers = [{"id": key, "name": "谁"} for key in people]
    return {**CONTENT["surgery_guidance"], "watchers": watchers}


async def watching(house: World, who: str) -> list[str]:
    """What somebody was told of what they may watch, and of its beginning."""
    kinds = ("watch", "appointment-near")
    return [occasion for occasion, _ in await told(house, who) if occasion.startswith(kinds)]


async def feed(house: World, who: str) -> list[tuple[str, str]]:
    """State and title of what stands in somebody's calendar link."""
    _, path = await link(house, who)
    shown = await events(house, path)
    return [(one.status.value, one.summary.value) for one in shown]


async def listed_anew(house: World, case: str, *people: str, comes: bool = True) -> None:
    """The form is sent back for another list, and comes back with it, or has yet to."""
    back = {"reason": "missing-history", "note": "请补充观摩人员"}
    await house.client("hub-reader").ok("POST", f"/api/requests/{case}/return", back)
    asker, path = house.client(ASKER), f"/api/requests/{case}"
    version = (await asker.get(path))["version"]
    await asker.ok("PATCH", path, {"version": version, "content": listing(*people)})
    if comes:
        await asker.ok("POST", f"{path}/resubmit", {})


async def test_who_may_watch_is_told_when_it_is_set_moved_and_off(house: World) -> None:
    """Of both sides; not before it is confirmed, once for each time; a reminder; listed later,
    then; it is in their calendar, and opens; whoever is not listed hears nothing."""
    case = await house.sent(**ASKED, content=listing(LOOKS, LOOKS2))
    one = await proposed(house, service="surgery_guidance", request_id=case)
    await climb(house)
    assert await watching(house, LOOKS) == [] and await feed(house, LOOKS) == []
    one = await step(house, one, "confirm", KEEPER)
    await climb(house)
    for who in (LOOKS, LOOKS2):
        assert await watching(house, who) == ["watch-set"]
    ((state, title),) = await feed(house, LOOKS)
    assert (state, "观摩" in title, one["number"] in title) == ("CONFIRMED", True, True)
    # Sent back for another list: who is new on it hears of the time, the others not again.
    await listed_anew(house, case, LOOKS, LOOKS2, LATER)
    await climb(house)
    for who in (LOOKS, LOOKS2, LATER):
        assert await watching(house, who) == ["watch-set"], who
    one = await step(house, one, "reschedule", KEEPER, **MOVED)
    await climb(house)
    assert (await watching(house, LOOKS))[-1] == "watch-moved"
    assert [state for state, _ in await feed(house, LOOKS)] == ["TENTATIVE"]
    one = await step(house, one, "confirm", KEEPER)
    await climb(house)
    assert await watching(house, LATER) == ["watch-set", "watch-moved", "watch-set"]
    await climb(house, 60 * 24)
    one = await house.client(KEEPER).get(f"{APPOINTMENTS}/{one['id']}")
    await step(house, one, "cancel", KEEPER, **BECAUSE)
    await climb(house)
    for who in (LOOKS, LOOKS2, LATER):
        heard = await watching(house, who)
        assert heard[-1] == "watch-off" and heard.count("watch-set") == 2, who
    for who in ("hub-verifier", "second-reader", "hub-reader", ASKER):
        assert not [one for one in await watching(house, who) if one.startswith("watch")], who
    await every_notice_opens(house)


async def test_what_never_was_confirmed_and_who_takes_part_is_told_nothing(house: World) -> None:
    """A proposal that comes to nothing; and a watcher who has a seat hears what its people hear."""
    case = await house.sent(**ASKED, content=listing(LOOKS, "hub-reader"))
    one = await proposed(house, service="surgery_guidance", request_id=case)
    await step(house, one, "cancel", KEEPER, **BECAUSE)
    await climb(house)
    assert await watching(house, LOOKS) == []
    await confirmed(house, "10:00", service="surgery_guidance", request_id=case)
    await climb(house)
    assert await watching(house, LOOKS) == ["watch-set"]
    assert "watch-set" not in await watching(house, "hub-reader")
    assert ("appointment-set", 0) in await told(house, "hub-reader")
