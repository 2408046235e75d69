"""Who is told of an appointment, when and how often: invited, to confirm, set, near, off."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from telemed.store import notice_tables as n
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    held,
    proposed,
    step,
)
from tests.server.notice_links import every_notice_opens
from tests.server.test_escalations import LIST, climb, older_than_its_reminders, told
from tests.server.test_waiting import lapse, offer, waits
from tests.world import World

SITS, SITS2 = "hub-reader", "hub-reader2"
MOVED = {"since": at("10:30"), "reason": "expert-time"}


async def until(world: World, clock: str, minutes: float = 0) -> None:
    """Let time go by to some minutes before an hour of that Friday."""
    when = datetime.fromisoformat(at(clock)) - timedelta(minutes=minutes)
    await climb(world, (when - world.clock()).total_seconds() / 60)


async def listed(world: World, who: str = KEEPER) -> list[str]:
    """What goes unanswered on somebody's side."""
    return [item["occasion"] for item in (await world.client(who).ok("GET", LIST))["items"]]


async def test_an_appointment_is_told_from_the_invitation_to_ten_minutes_before(
    world: World,
) -> None:
    """The invited and the responding coordinator, then all once it is set; nobody of what they did
    themselves, strangers of nothing; and it opens by what the notice says."""
    await has_hours(world, SITS)
    one = await proposed(world)
    await climb(world)
    assert await told(world, SITS) == [("invited", 0)]
    assert await told(world, KEEPER) == [("appointment-to-confirm", 0)]
    assert await told(world, ASKER) == []
    assert await listed(world) == ["appointment-to-confirm"], "an invitation asks no coordinator"
    await step(world, one, "confirm", KEEPER)
    await climb(world)
    assert await listed(world) == []
    assert await told(world, ASKER) == [("appointment-set", 0)]
    assert await told(world, KEEPER) == [("appointment-to-confirm", 0)]
    await until(world, "09:00", 61)
    assert await told(world, ASKER) == [("appointment-set", 0)], "a day before lay in the past"
    await until(world, "09:00", 60)
    await until(world, "09:00", 10)
    near = [("appointment-near", 1), ("appointment-near", 2)]
    assert await told(world, SITS) == [("invited", 0), ("appointment-set", 0), *near]
    assert await told(world, ASKER) == [("appointment-set", 0), *near]
    for stranger in (SITS2, "second-coordinator", "lapsed-coordinator", "county-coordinator"):
        assert await told(world, stranger) == []
    item = (await world.client(SITS).ok("GET", "/api/notices"))["items"][0]
    assert item["appointment_id"] == one["id"] and item["request_id"] is None
    assert datetime.fromisoformat(item["begins"]) == datetime.fromisoformat(one["since"])
    assert (item["number"], item["may_take_on"], item["over"]) == (one["number"], False, False)
    assert "escalation.exhausted" not in await world.log()


async def test_who_has_not_answered_is_asked_once_more_and_who_has_is_not(world: World) -> None:
    """A day later; after its time nobody is invited or reminded, however long the clock slept."""
    await has_hours(world, SITS, SITS2)
    far = {"since": at("09:00", "2026-03-10")}
    one = await proposed(world, "09:00", SITS, SITS2, **far)
    await world.client(SITS).ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", {"accepts": True})
    await climb(world)
    await climb(world, 24 * 60)
    assert await told(world, SITS) == []
    assert await told(world, SITS2) == [("invited", 0), ("invited", 1)]
    other = await proposed(world, "11:00", SITS, since=at("11:00", "2026-03-10"))
    await step(world, other, "confirm", KEEPER)
    await climb(world, 60 * 24 * 7)
    assert await told(world, SITS) == []
    assert {row["next_at"] for row in await world.rows(n.escalations)} == {None}


async def test_what_was_confirmed_before_there_were_reminders_has_them_too(world: World) -> None:
    """Once, from the next start on; what is over or canceled has none."""
    await has_hours(world, SITS, SITS2)
    one, gone = await confirmed(world), await confirmed(world, "10:00", SITS2)
    await step(world, gone, "cancel", KEEPER, **BECAUSE)
    (made,) = await older_than_its_reminders(world, "appointment-near")
    assert made["appointment_id"] == one["id"]
    await until(world, "09:00", 10)
    assert [told_ for told_ in await told(world, SITS) if told_[0] == "appointment-near"] == [
        ("appointment-near", 2)
    ]


async def test_a_clock_that_was_away_reminds_once(world: World) -> None:
    """Asleep from the evening to five minutes before: one reminder, the latest."""
    await has_hours(world, SITS)
    await confirmed(world)
    await climb(world)
    await until(world, "09:00", 5)
    assert (await told(world, SITS))[2:] == [("appointment-near", 2)]


async def test_another_time_invites_again_and_what_is_off_is_told_to_all_who_sat(
    world: World,
) -> None:
    """Reminders of the old time are none any more; canceled by one side, the others hear of it."""
    await has_hours(world, SITS)
    one = await confirmed(world)
    await climb(world)
    one = await step(world, one, "reschedule", KEEPER, **MOVED)
    await until(world, "09:00", 10)
    of = sorted(await told(world, SITS))
    assert of == [("appointment-set", 0), ("invited", 0), ("invited", 0)]
    assert dict(await told(world, ASKER)) == {"appointment-set": 0, "appointment-to-confirm": 3}
    await step(world, one, "cancel", **BECAUSE)
    await climb(world)
    assert (await told(world, SITS))[-1] == ("appointment-off", 0)
    assert "appointment-off" not in dict(await told(world, ASKER)), "who canceled it knows"
    assert await listed(world) == []
    assert not (await world.client(SITS).ok("GET", "/api/notices"))["items"][0]["over"]


@pytest.mark.parametrize("goes_on", [False, True])
async def test_what_lapsed_is_told_only_where_somebody_had_been_asked(
    world: World, goes_on: bool
) -> None:
    """A hold that ran out is nobody's business; a proposal whose time came unconfirmed is."""
    await has_hours(world, SITS)
    one = await held(world)
    if goes_on:
        await step(world, one, "propose")
    await until(world, "09:00")
    await lapse(world)
    await climb(world)
    off = ("appointment-off", 0)
    assert (off in await told(world, SITS), off in await told(world, ASKER)) == (goes_on, goes_on)


async def test_an_empty_seat_is_told_filled_and_both_hear_of_it(world: World) -> None:
    """Declined: coordinator and booker; given away: who had it and did not decline; the new one
    alone is invited."""
    await has_hours(world, SITS, SITS2, "hub-verifier")
    one = await confirmed(world, "09:00", SITS, SITS2)
    no = {"accepts": False, "reason": "time"}
    await world.client(SITS).ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", no)
    await climb(world)
    assert ("seat-declined", 0) in await told(world, KEEPER)
    page = await world.client(SITS).ok("GET", "/api/notices")
    own = page["items"][0]
    assert own["occasion"] == "seat-left" and own["read_at"] is not None, "they know it"
    assert ("seat-declined", 0) in await told(world, ASKER)
    assert await listed(world) == ["seat-declined"]
    before = await told(world, SITS2)
    one = await world.client(KEEPER).ok("GET", f"{APPOINTMENTS}/{one['id']}")
    await step(world, one, "swap", KEEPER, seat=1, person_id="hub-verifier")
    await climb(world)
    assert await told(world, "hub-verifier") == [("invited", 0)]
    assert (await told(world, SITS))[-1] == ("seat-left", 0), "who has it now is no news to them"
    assert await told(world, SITS2) == before and await listed(world) == []
    one = await world.client(KEEPER).ok("GET", f"{APPOINTMENTS}/{one['id']}")
    await step(world, one, "swap", KEEPER, seat=2, person_id=SITS)
    await climb(world)
    assert (await told(world, SITS2))[-1] == ("seat-given-away", 0)
    assert (await told(world, SITS))[-1] == ("invited", 0), "asked once more, they sit again"
    await every_notice_opens(world)


async def test_a_time_that_is_kept_for_who_waits_is_told_to_them(world: World) -> None:
    """And once more before it passes; proposing it ends that."""
    await has_hours(world, SITS, begins="09:00", ends="09:30")
    one = await confirmed(world)
    await waits(world)
    await step(world, one, "cancel", KEEPER, **BECAUSE)
    await offer(world)
    await climb(world)
    assert ("time-offered", 0) in await told(world, ASKER)
    await climb(world, 45)
    assert ("time-offered", 1) in await told(world, "county-coordinator")
    mine = (await world.client(ASKER).ok("GET", "/api/waiting"))["waiting"]
    kept = await world.client(ASKER).ok("GET", f"{APPOINTMENTS}/{mine[0]['appointment_id']}")
    await step(world, kept, "propose")
    await climb(world)
    assert await listed(world, "county-coordinator") == ["appointment-to-confirm"]


async def test_nobody_confirming_stays_on_the_list_until_somebody_takes_it_on(
    world: World,
) -> None:
    """Only of a party, and only who was told; whoever else asks learns nothing."""
    await has_hours(world, SITS)
    await proposed(world)
    await climb(world)
    await climb(world, 480)
    assert ("appointment-to-confirm", 2) in await told(world, ASKER)
    items: list[Any] = (await world.client(KEEPER).ok("GET", LIST))["items"]
    path = f"{LIST}/{items[0]['id']}/take-on"
    for stranger in ("second-coordinator", SITS2):
        await world.client(stranger).refused("not-found", "POST", path)
    await world.client(KEEPER).ok("POST", path)
    assert await listed(world) == []
    assert "escalation.acknowledged" in await world.log()
