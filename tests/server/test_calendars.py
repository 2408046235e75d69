"""Calendars and looking for a time over the wire: whose they are, and what others see of them."""

from datetime import timedelta
from typing import Any

import pytest

from telemed.store import appointment_tables as at
from telemed.store import tables as t
from tests.world import World

# The world stands at 16:00 of Thursday, 5 March 2026; agreements last until 2028.
KEEPER = "hub-coordinator"
SLOTS = "/api/availability/slots"
OFFICE = {"weekdays": [0, 1, 2, 3, 4], "begins": "08:00", "ends": "12:00", "first": "2026-01-01"}
FRIDAY = {"since": "2026-03-06T00:00:00+08:00", "until": "2026-03-07T00:00:00+08:00"}


async def has_hours(world: World, *people: str, **more: Any) -> None:
    """Weekly hours of some people of hub."""
    for person in people:
        path = f"/api/calendars/people/{person}/hours"
        await world.client(KEEPER).ok("PUT", path, {"rows": [{**OFFICE, **more}]})


async def away(world: World, person: str = "hub-reader", **more: Any) -> Any:
    """Leave of somebody of hub, all Friday unless said otherwise."""
    path = f"/api/calendars/people/{person}/exceptions"
    return await world.client(KEEPER).ok("POST", path, {"kind": "away", **FRIDAY, **more})


def search(*people: str, **more: Any) -> dict[str, Any]:
    """A search for half an hour on Friday with all of some people."""
    group = {"role": "expert", "people": list(people or ["hub-reader"])}
    group["count"] = len(group["people"])
    return {"service": "imaging", **FRIDAY, "minutes": 30, "step": 30, "groups": [group], **more}


async def found(world: World, *people: str, who: str = "county-requester", **more: Any) -> Any:
    """What somebody's search finds."""
    return await world.client(who).ok("POST", SLOTS, search(*people, **more))


async def test_slots_are_found_for_whoever_has_an_agreement(world: World) -> None:
    """The county finds the hub's experts, the hub the county's doctor; each is named."""
    await has_hours(world, "hub-reader", "hub-verifier")
    shown = await found(world, "hub-reader", "hub-verifier")
    assert [slot["since"] for slot in shown["slots"]][:2] == [
        "2026-03-06T00:00:00Z", "2026-03-06T00:30:00Z",
    ]  # fmt: skip
    assert len(shown["slots"]) == 8 and shown["why"] is None
    assert [s["person"] for s in shown["slots"][0]["sitting"]] == ["hub-reader", "hub-verifier"]
    assert {p["name"] for p in shown["people"]} == {"医生hub-reader", "医生hub-verifier"}
    body = search("county-requester")
    reply = await world.client(KEEPER).ok("POST", SLOTS, body)
    assert reply["why"]["reason"] == "no-hours"


async def test_strangers_cannot_ask(world: World) -> None:
    """Whoever has no agreement in force is told the same as of somebody who does not exist."""
    await has_hours(world, "hub-reader")
    for who in ("lapsed-requester", "second-requester"):
        client = world.client(who)
        if who.startswith("second"):
            await client.ok("POST", SLOTS, search())
            continue
        for person in ("hub-reader", "nobody"):
            await client.refused("not-found", "POST", SLOTS, search(person))
        day = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
        await client.refused("not-found", "GET", f"/api/availability/people/hub-reader{day}")
        await client.refused("not-found", "GET", "/api/availability/institutions/hub")
    group = {"role": "expert", "institution": "hub"}
    await world.client("lapsed-requester").refused(
        "not-found", "POST", SLOTS, search(groups=[group])
    )


async def test_whoever_is_away_is_not_offered_and_an_empty_answer_says_so(world: World) -> None:
    """The cover is offered for them; on taking the leave back they are there again."""
    await has_hours(world, "hub-reader", "hub-reader2")
    leave = await away(world)
    shown = await found(world)
    assert shown["slots"] == []
    why = shown["why"]
    assert (why["reason"], why["blocking"]) == ("away", ["expert"])
    assert why["people"][0]["words"]["zh"] == "请假或停用" and why["people"][0]["starts"] == 0
    await world.client(KEEPER).ok("POST", f"/api/calendar-exceptions/{leave['id']}/cancel")
    assert len((await found(world))["slots"]) == 8
    await away(world, cover_id="hub-reader2")
    (sitting,) = (await found(world))["slots"][0]["sitting"]
    assert (sitting["person"], sitting["instead_of"]) == ("hub-reader2", "hub-reader")


async def test_a_whole_department_is_asked_at_once(world: World) -> None:
    """Of an institution's staff only those with hours can be asked for; any two of them."""
    await has_hours(world, "hub-reader", "hub-reader2", "hub-verifier")
    group = {"role": "expert", "institution": "hub", "count": 2}
    shown = await found(world, groups=[group])
    assert len(shown["slots"]) == 8 and shown["slots"][0]["spare"] == 1
    group["count"] = 4
    await world.client("county-requester").refused("invalid", "POST", SLOTS, search(groups=[group]))
    group = {"role": "expert", "institution": "second"}
    await world.client("county-requester").refused(
        "nobody-bookable", "POST", SLOTS, search(groups=[group])
    )
    known = await world.client("county-requester").get("/api/availability/institutions/hub")
    assert {p["id"] for p in known["people"]} == {"hub-reader", "hub-reader2", "hub-verifier"}


async def test_a_room_has_hours_and_can_be_shut(world: World) -> None:
    """A room without hours is always open; a closure closes it."""
    await has_hours(world, "hub-reader")
    keeper = world.client(KEEPER)
    room = (await keeper.ok("POST", "/api/resources", {"kind": "room", "name": "第一会诊室"}))["id"]
    places = [{"kind": "room", "institution": "hub"}]
    shown = await found(world, places=places)
    assert len(shown["slots"]) == 8 and shown["slots"][0]["resources"] == [room]
    path = f"/api/calendars/resources/{room}"
    late = {**OFFICE, "begins": "10:00"}
    await keeper.ok("PUT", f"{path}/hours", {"rows": [late]})
    assert len((await found(world, places=places))["slots"]) == 4
    await keeper.ok("POST", f"{path}/exceptions", {"kind": "away", **FRIDAY})
    why = (await found(world, places=places))["why"]
    assert why["blocking"] == ["room"] and why["resources"][0]["reason"] == "away"
    day = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
    calendar = await keeper.get(path + day)
    assert calendar["hours"][0]["begins"] == "10:00" and len(calendar["exceptions"]) == 1


async def test_a_room_is_changed_by_whoever_saw_it_last(world: World) -> None:
    """Of two who change it the second is told; out of use it is not offered."""
    keeper = world.client(KEEPER)
    body = {"kind": "device", "name": "推车", "capacity": 2}
    key = (await keeper.ok("POST", "/api/resources", body))["id"]
    await keeper.ok("PUT", f"/api/resources/{key}", {**body, "active": False, "version": 1})
    facts = await keeper.refused("stale", "PUT", f"/api/resources/{key}", {**body, "version": 1})
    assert facts["current"] == 2
    (row,) = (await keeper.get("/api/resources"))["resources"]
    assert (row["active"], row["version"]) == (False, 2)
    assert (await keeper.get("/api/availability/institutions/hub"))["resources"] == []


async def test_everybody_enters_their_own_leave_and_nobody_else_s(world: World) -> None:
    """A reader theirs, a coordinator anybody's of the own institution."""
    leave = {"kind": "away", **FRIDAY}
    reader = world.client("hub-reader")
    made = await reader.ok("POST", "/api/calendars/people/hub-reader/exceptions", leave)
    path = "/api/calendars/people/hub-reader2/exceptions"
    await reader.refused("forbidden", "POST", path, leave)
    await world.client("county-coordinator").refused("not-found", "POST", path, leave)
    cancel = f"/api/calendar-exceptions/{made['id']}/cancel"
    await world.client("hub-reader2").refused("forbidden", "POST", cancel)
    await world.client("county-coordinator").refused("not-found", "POST", cancel)
    await reader.ok("POST", cancel)
    await reader.ok("POST", cancel)
    assert (await world.log())[-2:] == ["diary.exception_set", "diary.exception_canceled"]
    hours = "/api/calendars/people/hub-reader/hours"
    await reader.refused("forbidden", "PUT", hours, {"rows": []})


async def test_what_others_see_is_free_time_and_no_more(world: World) -> None:
    """The county sees what is left of the hub's expert; the calendar itself is the hub's."""
    await has_hours(world, "hub-reader")
    await away(world, since="2026-03-06T09:00:00+08:00", until="2026-03-06T10:00:00+08:00")
    day = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
    county = world.client("county-requester")
    assert (await county.get(f"/api/availability/people/hub-reader{day}"))["free"] == [
        {"since": "2026-03-06T00:00:00Z", "until": "2026-03-06T01:00:00Z"},
        {"since": "2026-03-06T02:00:00Z", "until": "2026-03-06T04:00:00Z"},
    ]
    await county.refused("not-found", "GET", f"/api/calendars/people/hub-reader{day}")


async def test_whoever_is_on_duty_can_be_asked_for_what_is_urgent(world: World) -> None:
    """By the roster's shifts, at night."""
    shift = {"kind": "reading", "day": "2026-03-05", "begins": "18:00", "ends": "08:00",
             "people": ["hub-reader"]}  # fmt: skip
    await world.client(KEEPER).ok("POST", "/api/roster", shift)
    tonight = {"since": "2026-03-05T22:00:00+08:00", "until": "2026-03-05T23:00:00+08:00"}
    assert (await found(world, **tonight))["slots"] == []
    assert len((await found(world, **tonight, urgent=True))["slots"]) == 2


async def test_working_hours_bind_when_they_are_asked_for(world: World) -> None:
    """Somebody who is there on Saturday too; only working hours were wanted."""
    await has_hours(world, "hub-reader", weekdays=[5], begins="00:00", ends="24:00")
    saturday = {"since": "2026-03-07T00:00:00+08:00", "until": "2026-03-08T00:00:00+08:00"}
    assert len((await found(world, **saturday))["slots"]) == 48
    await has_hours(world, "hub-reader2")
    shown = await found(world, **saturday, working_hours=True)
    assert shown["slots"] == [] and shown["why"]["reason"] == "closed"


# --- bad input ------------------------------------------------------------------------------------

DAYLIGHT = {"since": "2026-03-29T01:30:00+01:00", "until": "2026-03-29T03:30:00+02:00"}
"""An hour by Berlin's clocks of the night on which they go forward, two by their faces."""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"since": "2026-03-06T00:00:00"}, "invalid"),
        ({"since": "2026-02-30T00:00:00Z"}, "invalid"),
        ({"since": "2026-03-06T25:00:00Z"}, "invalid"),
        ({"since": "2026-03-06T00:00:00[Europe/Berlin]"}, "invalid"),
        ({"minutes": 7}, "invalid"),
        ({"minutes": 481}, "invalid"),
        ({"minutes": -30}, "invalid"),
        ({"step": 0}, "invalid"),
        ({"before": 121}, "invalid"),
        ({"until": "2026-03-05T00:00:00Z"}, "impossible-time"),
        ({"until": "2027-03-05T00:00:00Z"}, "impossible-time"),
        ({"until": "9999-12-31T23:59:59Z"}, "invalid"),
        ({"service": "dentistry"}, "invalid"),
        ({"groups": []}, "invalid"),
        ({"groups": [{"role": "x", "people": ["hub-reader"], "count": 2}]}, "invalid"),
        ({"groups": [{"role": "x", "people": ["hub-reader"], "chairs": ["hub-ecg"]}]}, "invalid"),
    ],
)
async def test_times_that_cannot_be_are_refused(
    world: World, more: dict[str, Any], code: str
) -> None:
    """Without a zone, on days there are not, too short, backwards, for ever."""
    await has_hours(world, "hub-reader")
    await world.client("county-requester").refused(code, "POST", SLOTS, search(**more))


async def test_daylight_changes_of_other_zones_shift_nothing(world: World) -> None:
    """A moment is a moment: asked for in Berlin's clocks, it is the same hour in Guilin."""
    await has_hours(world, "hub-reader", weekdays=[6])
    abroad = await found(world, **DAYLIGHT)
    home = {"since": "2026-03-29T08:30:00+08:00", "until": "2026-03-29T09:30:00+08:00"}
    assert abroad["slots"] == (await found(world, **home))["slots"]
    assert [slot["since"] for slot in abroad["slots"]] == [
        "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z",
    ]  # fmt: skip


async def test_the_past_and_what_is_too_near_have_a_reason(world: World) -> None:
    """An empty answer to a question about yesterday, and about in ten minutes."""
    await has_hours(world, "hub-reader", begins="00:00", ends="24:00")
    for since in (timedelta(days=-2), timedelta(0)):
        begin = world.clock() + since
        span = {"since": begin.isoformat(), "until": (begin + timedelta(minutes=40)).isoformat()}
        assert (await found(world, **span, step=10))["why"]["reason"] == "notice"
    far = {"since": "2026-07-06T00:00:00Z", "until": "2026-07-07T00:00:00Z"}
    assert (await found(world, **far))["why"]["reason"] == "horizon"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"weekdays": [7]}, "invalid"),
        ({"weekdays": []}, "invalid"),
        ({"begins": "24:00"}, "impossible-time"),
        ({"begins": "08:00:00"}, "invalid"),
        ({"ends": "25:00"}, "invalid"),
        ({"every": 9}, "invalid"),
        ({"every": 0}, "invalid"),
        ({"first": "2026-02-29"}, "invalid"),
        ({"last": "2025-12-31"}, "impossible-time"),
        ({"last": "9999-12-31"}, "invalid"),
    ],
)
async def test_hours_that_no_week_has_are_refused_and_nothing_changes(
    world: World, more: dict[str, Any], code: str
) -> None:
    """What stood before stands."""
    await has_hours(world, "hub-reader")
    before = await world.rows(at.weekly_hours)
    path = "/api/calendars/people/hub-reader/hours"
    rows = [OFFICE, {**OFFICE, **more}]
    await world.client(KEEPER).refused(code, "PUT", path, {"rows": rows})
    assert await world.rows(at.weekly_hours) == before


async def test_a_recurrence_bomb_is_refused(world: World) -> None:
    """More rows than a week has, and a pattern for a hundred years costs its window."""
    path = "/api/calendars/people/hub-reader/hours"
    await world.client(KEEPER).refused("invalid", "PUT", path, {"rows": [OFFICE] * 29})
    assert await world.rows(at.weekly_hours) == []
    await has_hours(world, "hub-reader", first="2000-01-01", last="2100-01-01", every=8)
    assert (await found(world))["why"]["reason"] == "no-hours"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": "2026-03-06T00:00:00+08:00"}, "impossible-time"),
        ({"until": "2027-12-06T00:00:00+08:00"}, "impossible-time"),
        ({"since": "2020-03-01T00:00:00Z", "until": "2020-03-02T00:00:00Z"}, "time-past"),
        ({"since": "2030-03-01T00:00:00Z", "until": "2030-03-02T00:00:00Z"}, "impossible-time"),
        ({"cover_id": "county-reader"}, "not-found"),
        ({"cover_id": "hub-reader"}, "invalid"),
        ({"kind": "extra", "cover_id": "hub-reader2"}, "invalid"),
        ({"kind": "sick"}, "invalid"),
    ],
)
async def test_leave_that_cannot_be_is_refused_and_nothing_is_entered(
    world: World, more: dict[str, Any], code: str
) -> None:
    """Backwards, for years, over already, covered by nobody who can."""
    path = "/api/calendars/people/hub-reader/exceptions"
    body = {"kind": "away", **FRIDAY, **more}
    await world.client(KEEPER).refused(code, "POST", path, body)
    assert await world.rows(at.calendar_exceptions) == []
    assert await world.rows(t.activities, t.activities.c.kind == "diary.exception_set") == []


async def test_the_same_leave_twice_is_refused(world: World) -> None:
    """Which one it meets is told."""
    await away(world)
    path = "/api/calendars/people/hub-reader/exceptions"
    facts = await world.client(KEEPER).refused(
        "leave-overlap", "POST", path, {"kind": "away", **FRIDAY}
    )
    assert facts["since"].startswith("2026-03-05T16:00")
    assert len(await world.rows(at.calendar_exceptions)) == 1
