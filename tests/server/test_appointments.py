"""Appointments over the wire: held, proposed, confirmed, moved, and given back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from telemed.core.booking_terms import TERMS, Booking
from telemed.store import appointment_tables as a
from telemed.store import tables as t
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    has_room,
    held,
    plan,
    proposed,
    step,
)
from tests.world import World


async def stored(world: World) -> tuple[list[Any], ...]:
    """Everything that is booked, to see that nothing changed."""
    tables = (a.appointments, a.appointment_seats, a.appointment_resources, a.appointment_moves)
    return tuple([await world.rows(table) for table in tables])


async def booked_facts(world: World) -> list[Any]:
    """What was told of appointments; who was told of it may follow at any time."""
    return await world.rows(t.activities, t.activities.c.kind.like("appointment.%"))


async def test_an_appointment_from_the_hold_to_the_end(world: World) -> None:
    """Every step is in its moves and in the log, for both institutions and without a name."""
    await has_hours(world, "hub-reader", "hub-verifier")
    room = await has_room(world)
    one = await held(
        world, "09:00", "hub-reader", "hub-verifier", resources=[{"resource_id": room}]
    )
    assert one["state"] == "held" and one["hold_until"] == "2026-03-05T08:10:00Z"
    assert one["number"] == "YY20260305-0001" and one["allowed"] == ["propose", "cancel"]
    one = await step(world, one, "propose")
    assert one["state"] == "proposed" and one["hold_until"] is None
    one = await step(world, one, "confirm", KEEPER)
    reader = world.client("hub-reader")
    await reader.ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", {"accepts": True})
    world.clock.advance(hours=16, minutes=45)
    one = await step(world, one, "begin", KEEPER)
    world.clock.advance(minutes=40)
    one = await step(world, one, "end", "hub-reader")
    assert one["state"] == "ended" and [s["state"] for s in one["seats"]] == [
        "accepted", "invited",
    ]  # fmt: skip
    assert [m["event"] for m in one["moves"]] == ["hold", "propose", "confirm", "begin", "end"]
    facts = await world.rows(t.activities, t.activities.c.kind.like("appointment.%"))
    facts.sort(key=lambda row: row["seq"])
    assert [f["kind"].partition(".")[2] for f in facts] == [
        "held", "proposed", "confirmed", "answered", "begun", "ended", "attended",
    ]  # fmt: skip
    assert {(f["party_a"], f["party_b"]) for f in facts} == {("county", "hub")}
    assert not any("医生" in str(f["data"]) for f in facts)


async def test_what_is_booked_is_offered_to_nobody_else(world: World) -> None:
    """Neither found nor given, with the time around it; canceled, it is free again."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world, "09:00", before=10, after=10)
    second = world.client("second-requester")
    day = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
    free = (await second.get(f"/api/availability/people/hub-reader{day}"))["free"]
    assert free == [
        {"since": "2026-03-06T00:00:00Z", "until": "2026-03-06T00:50:00Z"},
        {"since": "2026-03-06T01:40:00Z", "until": "2026-03-06T04:00:00Z"},
    ]
    before = await stored(world)
    for clock in ("08:30", "09:00", "09:39"):
        facts = await second.refused("slot-taken", "POST", APPOINTMENTS, plan(clock))
        assert facts["who"] == "医生hub-reader" and facts["why"]["zh"] == "已有其他预约"
    assert await stored(world) == before
    await held(world, "09:40", who="second-requester")
    await step(world, one, "cancel", **BECAUSE)
    await held(world, "09:00", who="second-requester")


async def test_a_hold_that_nobody_goes_on_with_is_free_again(world: World) -> None:
    """At once for whoever asks, and it can be proposed no more."""
    await has_hours(world, "hub-reader")
    one = await held(world)
    world.clock.advance(minutes=10)
    path = f"{APPOINTMENTS}/{one['id']}"
    assert (await world.client(ASKER).get(path))["allowed"] == ["cancel"]
    await world.client(ASKER).refused("hold-over", "POST", f"{path}/propose", {"version": 1})
    await held(world, who="second-requester")


async def test_only_the_hub_s_coordinator_confirms(world: World) -> None:
    """Not whoever asks, not their coordinator, not a reader; strangers do not learn of it."""
    await has_hours(world, "hub-reader")
    one = await proposed(world)
    path, body = f"{APPOINTMENTS}/{one['id']}/confirm", {"version": one["version"]}
    before = await stored(world)
    for who in (ASKER, "county-coordinator", "hub-reader", "hub-admin"):
        await world.client(who).refused("forbidden", "POST", path, body)
    for who in ("second-coordinator", "lapsed-coordinator"):
        await world.client(who).refused("not-found", "POST", path, body)
        await world.client(who).refused("not-found", "GET", f"{APPOINTMENTS}/{one['id']}")
    assert await stored(world) == before
    assert (await step(world, one, "confirm", KEEPER))["state"] == "confirmed"


async def test_a_confirmation_sent_twice_is_done_once(world: World) -> None:
    """By the version that was seen, and by the state where the version is told anew."""
    await has_hours(world, "hub-reader")
    one = await proposed(world)
    await step(world, one, "confirm", KEEPER)
    before = await stored(world)
    path = f"{APPOINTMENTS}/{one['id']}/confirm"
    keeper = world.client(KEEPER)
    facts = await keeper.refused("stale", "POST", path, {"version": one["version"]})
    assert facts["current"] == one["version"] + 1
    again = {"version": one["version"] + 1}
    await keeper.refused("illegal-transition", "POST", path, again)
    assert await stored(world) == before
    kinds = [kind for kind in await world.log() if kind == "appointment.confirmed"]
    assert len(kinds) == 1


async def test_another_time_is_confirmed_again_and_the_one_before_is_kept(world: World) -> None:
    """Everybody is invited again; the old time is free and stays in the moves."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world, "09:00")
    await world.client("hub-reader").ok(
        "POST", f"{APPOINTMENTS}/{one['id']}/answer", {"accepts": True}
    )
    new = {"since": at("09:15"), "reason": "expert-time"}
    one = await step(world, one, "reschedule", **new)
    assert one["state"] == "proposed" and one["since"] == "2026-03-06T01:15:00Z"
    assert [seat["state"] for seat in one["seats"]] == ["invited"]
    assert [m["since"] for m in one["moves"]] == [
        *["2026-03-06T01:00:00Z"] * 3, "2026-03-06T01:15:00Z",
    ]  # fmt: skip
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "appointment.rescheduled")
    assert fact["data"]["was_since"].startswith("2026-03-06T01:00")
    one = await step(world, one, "confirm", KEEPER)
    await held(world, "08:45", who="second-requester")
    path = f"{APPOINTMENTS}/{one['id']}/reschedule"
    body = {"version": one["version"], "since": at("08:30"), "reason": "other"}
    before = await stored(world)
    await world.client(KEEPER).refused("slot-taken", "POST", path, body)
    assert await stored(world) == before


async def test_giving_back_and_moving_need_a_reason(world: World) -> None:
    """One of the catalogue's for that very step."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world)
    version = {"version": one["version"]}
    path = f"{APPOINTMENTS}/{one['id']}"
    client = world.client(ASKER)
    await client.refused("invalid", "POST", f"{path}/cancel", version)
    for reason in ("because", "time"):
        body = {**version, "reason": reason}
        await client.refused("reason-required", "POST", f"{path}/cancel", body)
    done = await step(world, one, "cancel", reason="patient-state", note="转入重症监护")
    assert done["reason"] == {"code": "patient-state", "note": "转入重症监护"}
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "appointment.canceled")
    assert fact["data"]["reason"] == "patient-state" and "重症" not in str(fact["data"])


async def test_whoever_is_on_leave_by_now_is_not_confirmed(world: World) -> None:
    """People fall ill between the asking and the answer; somebody else takes the seat."""
    await has_hours(world, "hub-reader", "hub-reader2")
    one = await proposed(world)
    leave = {"kind": "away", "since": at("00:00"), "until": at("23:00")}
    reader = world.client("hub-reader")
    made = await reader.ok("POST", "/api/calendars/people/hub-reader/exceptions", leave)
    assert made["meets"] == [one["id"]]
    path, body = f"{APPOINTMENTS}/{one['id']}/confirm", {"version": one["version"]}
    facts = await world.client(KEEPER).refused("slot-taken", "POST", path, body)
    assert facts["why"]["en"] == "On leave or out of use"
    one = await step(world, one, "swap", KEEPER, seat=1, person_id="hub-reader2")
    assert [(s["person"]["id"], s["state"]) for s in one["seats"]] == [
        ("hub-reader", "replaced"), ("hub-reader2", "invited"),
    ]  # fmt: skip
    assert (await step(world, one, "confirm", KEEPER))["state"] == "confirmed"


async def test_whoever_could_take_a_seat_is_named_with_who_could_not(world: World) -> None:
    """The free first, the others with what closes it and nothing else; who is chosen is taken, and
    only the responding coordinator is told."""
    await has_hours(world, "hub-reader", "hub-reader2", "hub-verifier", "hub-junior")
    away = {"kind": "away", "since": at("08:00"), "until": at("12:00")}
    await world.client("hub-reader2").ok(
        "POST", "/api/calendars/people/hub-reader2/exceptions", away
    )
    await held(world, "09:00", "hub-junior", who="second-requester")
    one = await confirmed(world)
    path = f"{APPOINTMENTS}/{one['id']}/substitutes?seat=1"
    found = (await world.client(KEEPER).ok("GET", path))["people"]
    assert [(each["person"]["id"], each["reason"]) for each in found] == [
        ("hub-verifier", None), ("hub-reader2", "away"), ("hub-junior", "busy"),
    ]  # fmt: skip
    assert found[2]["words"]["zh"] == "已有其他预约" and set(found[2]) == {
        "person", "reason", "words",
    }  # fmt: skip
    for who, why in ((ASKER, "forbidden"), ("second-coordinator", "not-found")):
        await world.client(who).refused(why, "GET", path)
    none = f"{APPOINTMENTS}/{one['id']}/substitutes?seat=9"
    await world.client(KEEPER).refused("not-found", "GET", none)
    body = {"version": one["version"], "seat": 1, "person_id": "hub-reader2"}
    await world.client(KEEPER).refused(
        "slot-taken", "POST", f"{APPOINTMENTS}/{one['id']}/swap", body
    )
    await step(world, one, "swap", KEEPER, seat=1, person_id="hub-verifier")


async def test_whoever_declines_has_the_time_back(world: World) -> None:
    """With a reason; the seat is open until somebody takes it."""
    await has_hours(world, "hub-reader", "hub-verifier")
    one = await confirmed(world, "09:00", "hub-reader", "hub-verifier")
    path = f"{APPOINTMENTS}/{one['id']}/answer"
    reader = world.client("hub-reader")
    await reader.refused("reason-required", "POST", path, {"accepts": False})
    await reader.ok("POST", path, {"accepts": False, "reason": "field"})
    await reader.refused("not-found", "POST", path, {"accepts": True})
    await world.client("hub-coordinator").refused("not-found", "POST", path, {"accepts": True})
    await held(world, "09:00", "hub-reader", who="second-requester")
    with_both = plan("09:00", "hub-verifier")
    await world.client("second-requester").refused("slot-taken", "POST", APPOINTMENTS, with_both)


async def test_a_no_show_is_entered_after_the_time(world: World) -> None:
    """Not before, nor does it begin long before; neither is offered until then, and from when they
    may be taken is told. What is over stays as it is."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world)
    path = f"{APPOINTMENTS}/{one['id']}"
    assert one["later"] == [
        {"step": "miss", "at": "2026-03-06T01:00:00Z"},
        {"step": "begin", "at": "2026-03-06T00:30:00Z"},
    ]
    assert one["allowed"] == ["reschedule", "cancel", "swap"]
    body = {"version": one["version"], "reason": "requester-absent"}
    keeper = world.client(KEEPER)
    for name in ("miss", "begin"):
        more = body if name == "miss" else {"version": one["version"]}
        await keeper.refused("too-early", "POST", f"{path}/{name}", more)
    world.clock.advance(hours=16, minutes=30)
    shown = await keeper.get(path)
    assert "begin" in shown["allowed"] and [one["step"] for one in shown["later"]] == ["miss"]
    world.clock.advance(minutes=50)
    one = await step(world, one, "miss", KEEPER, reason="requester-absent")
    assert one["state"] == "missed" and one["allowed"] == one["later"] == []
    cancel = {"version": one["version"], **BECAUSE}
    await keeper.refused("illegal-transition", "POST", f"{path}/cancel", cancel)


async def test_a_cover_is_booked_for_whoever_is_on_leave_and_only_then(world: World) -> None:
    """As it was found; without the leave the person asked for comes themselves."""
    await has_hours(world, "hub-reader", "hub-reader2")
    seats = [{"role": "expert", "person_id": "hub-reader2", "instead_of": "hub-reader"}]
    await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, plan(seats=seats))
    leave = {"kind": "away", "since": at("00:00"), "until": at("23:00"), "cover_id": "hub-reader2"}
    await world.client(KEEPER).ok("POST", "/api/calendars/people/hub-reader/exceptions", leave)
    one = await held(world, seats=seats)
    assert one["seats"][0]["instead_of"] == "hub-reader"


async def test_a_room_is_given_as_often_as_it_holds(world: World) -> None:
    """Two at once in a room for two, not three; it cannot be made smaller meanwhile."""
    await has_hours(world, "hub-reader", "hub-reader2", "hub-verifier")
    room = await has_room(world, 2)
    use = {"resources": [{"resource_id": room}]}
    await held(world, "09:00", "hub-reader", **use)
    await held(world, "09:15", "hub-reader2", **use)
    third = plan("09:00", "hub-verifier", **use)
    facts = await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, third)
    assert facts["who"] == "第一会诊室"
    body = {"kind": "room", "name": "第一会诊室", "capacity": 1, "version": 1}
    facts = await world.client(KEEPER).refused("in-use", "PUT", f"/api/resources/{room}", body)
    assert facts["count"] == 2


async def test_the_hub_books_for_whoever_telephones(world: World) -> None:
    """Its coordinator, for an institution under an agreement; a requester only for their own."""
    await has_hours(world, "hub-reader")
    one = await held(world, who=KEEPER, requester_id="county")
    assert (await world.client(ASKER).get(f"{APPOINTMENTS}/{one['id']}"))["state"] == "held"
    body = plan("10:00", requester_id="second")
    await world.client(ASKER).refused("not-found", "POST", APPOINTMENTS, body)
    lapsed = plan("10:00", requester_id="lapsed")
    await world.client(KEEPER).refused("no-agreement", "POST", APPOINTMENTS, lapsed)


async def test_it_belongs_to_a_case_that_one_may_see(world: World) -> None:
    """Of the same two institutions and service; nobody else's, and never more than its id."""
    await has_hours(world, "hub-reader")
    case = await world.sent()
    one = await held(world, request_id=case)
    assert one["request_id"] == case
    other = plan("10:00", request_id=case, provider_id="second", seats=[
        {"role": "expert", "person_id": "second-reader"}])  # fmt: skip
    await world.client(ASKER).refused("invalid", "POST", APPOINTMENTS, other)
    theirs = plan("10:00", request_id=case)
    await world.client("second-requester").refused("not-found", "POST", APPOINTMENTS, theirs)


async def test_a_third_institution_is_told_and_sees_it(world: World) -> None:
    """Whoever sends somebody is a party; facts beyond three parties are shared."""
    await has_hours(world, "hub-reader")
    path = "/api/calendars/people/second-reader/hours"
    hours = {"weekdays": [4], "begins": "08:00", "ends": "12:00", "first": "2026-01-01"}
    await world.client("second-coordinator").ok("PUT", path, {"rows": [hours]})
    one = await held(world, "09:00", "hub-reader", "second-reader")
    seen = await world.client("second-reader").get(f"{APPOINTMENTS}/{one['id']}")
    assert [seat["person"]["institution_id"] for seat in seen["seats"]] == ["hub", "second"]
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "appointment.held")
    assert (fact["party_a"], fact["party_b"], fact["party_c"]) == ("county", "hub", "second")
    answer = f"{APPOINTMENTS}/{one['id']}/answer"
    await world.client("second-reader").refused(
        "illegal-transition", "POST", answer, {"accepts": True}
    )


async def test_a_list_is_of_one_s_own_institution(world: World) -> None:
    """Of a stretch, of a person, of a room; others' are not in it."""
    await has_hours(world, "hub-reader", "hub-reader2")
    room = await has_room(world)
    mine = await confirmed(world, "09:00", resources=[{"resource_id": room}])
    await held(world, "10:00", "hub-reader2", who="second-requester")

    async def ids(who: str, more: str = "") -> list[str]:
        day = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
        shown = await world.client(who).get(f"{APPOINTMENTS}{day}{more}")
        return [one["id"] for one in shown["appointments"]]

    assert await ids(ASKER) == [mine["id"]] and len(await ids(KEEPER)) == 2
    assert await ids(KEEPER, "&person=hub-reader") == [mine["id"]]
    assert await ids(KEEPER, f"&resource={room}") == [mine["id"]]
    assert await ids("lapsed-coordinator") == []
    path = f"{APPOINTMENTS}?since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59Z"
    await world.client(ASKER).refused("invalid", "GET", path)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"since": "2026-03-06T09:00:00"}, "invalid"),
        ({"since": "2026-02-29T09:00:00+08:00"}, "invalid"),
        ({"since": "2026-03-06T09:00:30+08:00"}, "impossible-time"),
        ({"since": "2026-03-05T09:00:00+08:00"}, "time-past"),
        ({"since": "1969-07-20T20:17:00Z"}, "time-past"),
        ({"since": "2026-03-05T16:10:00+08:00"}, "time-refused"),
        ({"since": "2026-09-04T09:00:00+08:00"}, "time-refused"),
        ({"since": "9999-12-31T23:59:00Z"}, "invalid"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "invalid"),
        ({"minutes": 7}, "invalid"),
        ({"minutes": 481}, "invalid"),
        ({"since": at("13:00")}, "slot-taken"),
        ({"since": at("11:45")}, "slot-taken"),
        ({"seats": []}, "invalid"),
        ({"seats": [{"role": "expert", "person_id": "nobody"}]}, "not-found"),
        ({"seats": [{"role": "expert", "person_id": "lapsed-reader"}]}, "not-found"),
        ({"seats": [{"role": "a", "person_id": "hub-reader"}] * 2}, "invalid"),
        ({"resources": [{"resource_id": "nothing"}]}, "not-found"),
        ({"provider_id": "nowhere"}, "not-found"),
        ({"provider_id": "lapsed"}, "not-found"),
        ({"service": "dentistry"}, "invalid"),
        ({"request_id": "nothing"}, "not-found"),
    ],
)
async def test_what_cannot_be_booked_is_refused_and_nothing_changes(
    world: World, more: dict[str, Any], code: str
) -> None:
    """Times that no clock shows, past and far away, hours nobody has, people out of reach."""
    await has_hours(world, "hub-reader")
    before = (await stored(world), await world.rows(t.activities))
    await world.client(ASKER).refused(code, "POST", APPOINTMENTS, plan(**more))
    assert (await stored(world), await world.rows(t.activities)) == before


async def test_a_time_is_the_same_in_whatever_zone_it_is_told(world: World) -> None:
    """Berlin's clocks go forward that night; the hour in Guilin is taken once."""
    await has_hours(world, "hub-reader", weekdays=[6])
    await held(world, since="2026-03-29T03:30:00+02:00")
    twice = plan(since="2026-03-29T02:30:00+01:00")
    await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, twice)
    body = plan(since="2026-03-29T09:30:00+08:00")
    await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, body)


async def test_a_service_may_ask_for_longer_notice(world: World) -> None:
    """Its own terms, in the search and at the booking."""
    terms = replace(TERMS, notice=timedelta(hours=18), hold=timedelta(minutes=3))
    booking = Booking(services={"imaging": terms})
    world.services.catalogue = replace(world.services.catalogue, booking=booking)
    await has_hours(world, "hub-reader")
    await world.client(ASKER).refused("time-refused", "POST", APPOINTMENTS, plan("09:00"))
    one = await held(world, "11:00")
    assert one["hold_until"] == "2026-03-05T08:03:00Z"


async def test_another_time_that_cannot_be_is_refused_and_nothing_changes(world: World) -> None:
    """As at the booking; and so are a wait for it and an urgent call of a length there is not."""
    await has_hours(world, "hub-reader")
    one, client = await confirmed(world), world.client(ASKER)
    body = {"version": one["version"], "reason": "other"}
    before = (await stored(world), await booked_facts(world))
    for more, code in (
        ({"since": "2026-03-06T10:00:00"}, "invalid"),
        ({"since": "2026-02-30T10:00:00Z"}, "invalid"),
        ({"since": "9999-12-31T23:59:00Z"}, "invalid"),
        ({"since": at("10:00"), "minutes": 481}, "invalid"),
        ({"since": "2026-03-06T10:00:30+08:00"}, "impossible-time"),
        ({"since": "2026-03-05T09:00:00+08:00"}, "time-past"),
        ({"since": "2026-09-04T09:00:00+08:00"}, "time-refused"),
        ({"since": at("13:00")}, "slot-taken"),
    ):
        path = f"{APPOINTMENTS}/{one['id']}/reschedule"
        await client.refused(code, "POST", path, {**body, **more})
    wish = {"service": "imaging", "minutes": 30, "since": at("08:00"), "until": at("12:00"),
            "groups": [{"role": "expert", "people": ["hub-reader"]}]}  # fmt: skip
    for more, code in (
        ({"since": "2026-03-06T08:00:00"}, "invalid"),
        ({"minutes": 7}, "invalid"),
        ({"until": at("07:00")}, "impossible-time"),
        ({"until": "2027-03-06T08:00:00Z"}, "impossible-time"),
    ):
        waits = {"provider_id": "hub", "search": {**wish, **more}}
        await client.refused(code, "POST", "/api/waiting", waits)
    for minutes in (0, 7, 481):
        call = {"service": "imaging", "provider_id": "hub", "minutes": minutes}
        await client.refused("invalid", "POST", "/api/urgent-calls", call)
    assert (await stored(world), await booked_facts(world)) == before
    assert not await world.rows(a.waitings)


async def test_every_step_sent_twice_is_done_once(world: World) -> None:
    """The same body again is told that it was done, the newest version that it cannot be."""
    await has_hours(world, "hub-reader")
    one = await held(world)
    path, expert = f"{APPOINTMENTS}/{one['id']}", world.client("hub-reader")
    for name, who in (("propose", ASKER), ("confirm", KEEPER), ("begin", KEEPER), ("end", KEEPER)):
        if name == "begin":
            await expert.ok("POST", f"{path}/answer", {"accepts": True})
            answered = await stored(world)
            await expert.refused("illegal-transition", "POST", f"{path}/answer", {"accepts": True})
            assert await stored(world) == answered
            world.clock.advance(hours=16, minutes=45)
        seen = {"version": one["version"]}
        one = await step(world, one, name, who)
        before = (await stored(world), await booked_facts(world))
        await world.client(who).refused("stale", "POST", f"{path}/{name}", seen)
        newest = {"version": one["version"]}
        await world.client(who).refused("illegal-transition", "POST", f"{path}/{name}", newest)
        assert (await stored(world), await booked_facts(world)) == before, name


async def test_what_no_database_holds_is_refused(world: World) -> None:
    """A number beyond any version, a NUL in words, a stretch that ends before it begins: a clear
    refusal each, and nothing changed."""
    await has_hours(world, "hub-reader")
    room = await has_room(world)
    one = await confirmed(world)
    keeper, before = world.client(KEEPER), await stored(world)
    kept = await world.rows(a.resources)
    path = f"{APPOINTMENTS}/{one['id']}"
    cancel = {"version": one["version"], **BECAUSE, "note": "a\0b"}
    facts = await keeper.refused("invalid", "POST", f"{path}/cancel", cancel)
    assert facts["detail"] == "\\u0000"
    terms = {"kind": "room", "name": "第一会诊室", "version": 2**62}
    await keeper.refused("stale", "PUT", f"/api/resources/{room}", terms)
    beyond = orjson.dumps(terms).replace(str(2**62).encode(), b"1" + b"0" * 30)
    told = await keeper.call(
        "PUT", f"/api/resources/{room}", headers={"Content-Type": "application/json"}, data=beyond
    )
    assert (told.status, told.json["code"]) == (400, "invalid")
    backwards = f"?since={at('09:00')}&until={at('08:00')}".replace("+", "%2B")
    await keeper.refused("impossible-time", "GET", f"{APPOINTMENTS}{backwards}")
    assert await stored(world) == before and await world.rows(a.resources) == kept
