"""Both clocks of a case over HTTP: whose runs, what is owed by when, and which row decided."""

from datetime import datetime, timedelta
from typing import Any

from telemed.core import sla
from telemed.core.catalogue import Count, Deadline
from telemed.store import tables as t
from tests.world import START, World

HOUR = timedelta(hours=1)


def moment(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


async def agree(world: World, *terms: Deadline) -> None:
    """County's agreement with hub gets deadlines of its own."""
    values = {"terms": sla.stored_terms(terms)}
    await world.write(lambda tx: tx.update(t.agreements, t.agreements.c.id == "county-hub", values))


async def clock(world: World, case: str, who: str = "county-requester") -> Any:
    return (await world.client(who).get(f"/api/requests/{case}"))["clock"]


async def send_back(world: World, case: str) -> None:
    """The hub's coordinator asks for more material."""
    reason = next(r.code for r in world.services.catalogue.reasons if r.step == "return")
    body = {"reason": reason, "note": ""}
    await world.client("hub-coordinator").ok("POST", f"/api/requests/{case}/return", body)


async def test_asking_back_hands_the_clock_over_and_sending_again_hands_it_back(
    world: World,
) -> None:
    """An hour theirs, half an hour ours, both told to both sides; the promise moves by the half."""
    case = await world.sent(urgency="urgent")
    due = moment((await clock(world, case))["provider"]["due"])
    assert due == START + HOUR
    world.clock.advance(minutes=20)
    await send_back(world, case)
    for who in ("county-requester", "hub-coordinator"):
        told = await clock(world, case, who)
        assert (told["whose"], told["turn"]) == ("requester", "material")
        assert (told["provider"]["running"], told["provider"]["spent"]) == ("stopped", 1200)
        assert moment(told["requester"]["since"]) == world.clock()
        assert moment(told["requester"]["due"]) == world.clock() + HOUR
    world.clock.advance(minutes=30)
    await world.client("county-requester").ok("POST", f"/api/requests/{case}/resubmit", {})
    told = await clock(world, case)
    assert (told["whose"], told["requester"]["spent"]) == ("provider", 1800)
    assert moment(told["provider"]["since"]) == START + timedelta(minutes=30)
    assert moment(told["provider"]["due"]) == due + timedelta(minutes=30)
    page = await world.client("county-requester").get(f"/api/requests/{case}")
    assert [(x["turn"], x["institution_id"]) for x in page["turns"]] == [
        ("answer", "hub"), ("material", "county"), ("answer", "hub"),
    ]  # fmt: skip


async def test_the_most_pressing_that_i_owe_comes_first(world: World) -> None:
    """What was returned later may be due earlier."""
    cases = [await world.sent(urgency=u) for u in ("routine", "stat", "urgent")]
    for case in cases:
        await send_back(world, case)
    todo = await world.client("county-requester").get("/api/todo")
    assert [row["urgency"] for row in todo["returned"]] == ["stat", "urgent", "routine"]
    assert all(row["clock"]["whose"] == "requester" for row in todo["returned"])


async def test_an_agreements_clause_decides_and_is_named(world: World) -> None:
    """Its working hours end at 17:30; the rest of the promise is tomorrow's."""
    await agree(world, Deadline("imaging", "routine", 180, clock=Count.WORKING, clause="§3.2"))
    offers = await world.client("county-requester").get("/api/destinations?service=imaging")
    assert offers["items"][0]["typical_minutes"]["routine"] == 180
    case = await world.sent()
    told = await clock(world, case)
    assert told["promise"]["by"] == "agreement" and told["promise"]["clause"] == "§3.2"
    assert told["promise"]["agreement"] == "county-hub"
    # Sent at 16:00 of a Thursday: 90 minutes until 17:30, 90 more from 08:00.
    assert moment(told["provider"]["due"]) == START + timedelta(hours=17, minutes=30)
    assert told["provider"]["resumes"] is None
    world.clock.advance(hours=3)
    await world.stay_signed_in()
    told = await clock(world, case)
    assert moment(told["provider"]["resumes"]) == START + timedelta(hours=16)


async def test_a_night_that_waits_for_the_county_takes_no_working_time(world: World) -> None:
    """Returned after closing and completed before opening: the promise does not move."""
    await agree(world, Deadline("imaging", "routine", 180, clock=Count.WORKING))
    case = await world.sent()
    due = (await clock(world, case))["provider"]["due"]
    world.clock.advance(hours=2)
    await world.stay_signed_in()
    await send_back(world, case)
    world.clock.advance(hours=10)
    await world.stay_signed_in()
    await world.client("county-requester").ok("POST", f"/api/requests/{case}/resubmit", {})
    assert (await clock(world, case))["provider"]["due"] == due


async def test_nobody_sets_a_clock_by_naming_it(world: World) -> None:
    """A client's own times are refused (UP-08, UP-09)."""
    made = await world.draft()
    for column in ("due_at", "asked_since", "asked_due_at", "promise", "clock", "waited_seconds"):
        body = {"version": made["version"], column: "2016-01-01T00:00:00Z"}
        path = f"/api/requests/{made['id']}"
        await world.client("county-requester").refused("invalid", "PATCH", path, body)
