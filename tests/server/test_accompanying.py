"""The accompanying doctor over the wire: named, confirmed by name, and proved by the case."""

from io import BytesIO
from typing import Any

import pypdf

from telemed.store import aftercare_tables as a
from telemed.store import tables as t
from tests.server.booking import APPOINTMENTS, ASKER, KEEPER, confirmed, has_hours, step
from tests.world import World

READER = "county-reader"


async def session(world: World) -> tuple[str, Any]:
    """A case and a time agreed for it."""
    await has_hours(world, "hub-reader", "hub-verifier")
    case = await world.sent(service="consultation")
    return case, await confirmed(world, service="consultation", request_id=case)


def path_of(one: Any) -> str:
    return f"{APPOINTMENTS}/{one['id']}/accompanying"


async def test_nothing_begins_before_somebody_named_is_there(world: World) -> None:
    """The session stays where it was until one is named and has confirmed; the case proves it."""
    case, one = await session(world)
    path, asker, keeper = path_of(one), world.client(ASKER), world.client(KEEPER)
    shown = await asker.get(path)
    assert shown["needed"] and shown["current"] is None and shown["allowed"] == ["name"]
    assert shown["confirms"] and shown["confirms_as"] is None
    assert {c["fit"] for c in shown["candidates"]} == {"physician"}
    assert (await keeper.get(path))["candidates"] == []  # the other side names nobody
    world.clock.advance(hours=16, minutes=30)
    begin = f"{APPOINTMENTS}/{one['id']}/begin"
    await keeper.refused("nobody-accompanies", "POST", begin, {"version": one["version"]})
    named = await asker.ok("POST", path, {"person_id": READER})
    assert named["current"]["person"]["name"] == f"医生{READER}"
    assert named["current"]["licence_no"] == READER and named["current"]["confirmed_at"] is None
    await keeper.refused("accompanying-unconfirmed", "POST", begin, {"version": one["version"]})
    assert (await asker.get(f"{APPOINTMENTS}/{one['id']}"))["version"] == one["version"]
    said = await world.client(READER).ok("POST", f"{path}/confirm", {"person_id": READER})
    assert said["current"]["confirmed_as"] == "self"
    assert said["current"]["confirmed_by"] == f"医生{READER}"
    assert said["current"]["confirmed_at"] == "2026-03-06T00:30:00Z"
    one = await step(world, one, "begin", KEEPER)
    again = await asker.ok("POST", f"{path}/confirm", {"person_id": READER})
    assert again["current"] == said["current"] and again["allowed"] == ["name"]
    assert not again["begun_by_name"]
    (begun,) = await world.rows(t.activities, t.activities.c.kind == "appointment.begun")
    assert begun["data"]["accompanying"] == "confirmed"
    await step(world, one, "end", KEEPER)
    for who in ("county-requester", "hub-reader", "region", "guilin"):
        (item,) = (await world.client(who).get(f"/api/requests/{case}/accompanying"))["items"]
        assert item["person"]["id"] == READER and item["confirmed_at"]
    await world.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case)
    await world.sign(case)
    paper = (await asker.call("GET", f"/api/requests/{case}/report.pdf")).body
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(paper)).pages)
    assert f"陪同医师在场：医生{READER}（03-0608:30）" in "".join(text.split())
    facts = await world.rows(t.activities, t.activities.c.kind.like("accompaniment.%"))
    assert [f["kind"] for f in sorted(facts, key=lambda f: f["seq"])] == [
        "accompaniment.named", "accompaniment.confirmed",
    ]  # fmt: skip
    assert all(f["request_id"] == case and "医生" not in str(f["data"]) for f in facts)
    assert facts[-1]["data"]["person"] == READER


async def test_who_may_not_accompany_and_who_may_not_say_so(world: World) -> None:
    """No nurse, nobody of another hospital, and nobody names or confirms for the other side."""
    _, one = await session(world)
    path, asker = path_of(one), world.client(ASKER)

    def nurse(tx: Any) -> None:
        tx.update(t.people, t.people.c.id == "county-technician", {"title": "254"})
        tx.update(t.people, t.people.c.id == "county-reader2", {"title": ""})

    await world.write(nurse)
    refused = await asker.refused(
        "not-a-physician", "POST", path, {"person_id": "county-technician"}
    )
    assert refused["who"] == "医生county-technician"
    fits = {c["person"]["id"]: c["fit"] for c in (await asker.get(path))["candidates"]}
    assert "county-technician" not in fits and fits["county-reader2"] == "unchecked"
    for person in ("hub-reader", "second-reader", "absent"):
        await asker.refused("not-found", "POST", path, {"person_id": person})
    for who in (KEEPER, "hub-reader"):
        await world.client(who).refused("forbidden", "POST", path, {"person_id": READER})
    await asker.ok("POST", path, {"person_id": READER})
    confirm, body = f"{path}/confirm", {"person_id": READER}
    await asker.refused("too-early", "POST", confirm, body)
    world.clock.advance(hours=16, minutes=30)
    await world.client(KEEPER).refused("forbidden", "POST", confirm, body)
    await world.client("county-admin").refused("forbidden", "POST", confirm, body)
    await world.client("second-requester").refused("not-found", "POST", confirm, body)
    await asker.refused("nobody-accompanies", "POST", confirm, {"person_id": "county-verifier"})
    assert (await asker.get(path))["current"]["confirmed_at"] is None


async def test_whoever_takes_over_is_confirmed_anew_and_the_first_stays(world: World) -> None:
    """An inspector sees both with their times; a colleague on site may say it for a doctor."""
    case, one = await session(world)
    path, asker = path_of(one), world.client(ASKER)
    await asker.ok("POST", path, {"person_id": READER})
    world.clock.advance(hours=16, minutes=40)
    await world.client(READER).ok("POST", f"{path}/confirm", {"person_id": READER})
    one = await step(world, one, "begin", KEEPER)
    after = await asker.ok("POST", path, {"person_id": "county-verifier"})
    assert after["current"]["confirmed_at"] is None and len(after["named"]) == 2
    colleague = world.client("county-technician")
    await colleague.ok("POST", f"{path}/confirm", {"person_id": "county-verifier"})
    one = await step(world, one, "end", KEEPER)
    last = (await asker.get(f"/api/requests/{case}/accompanying"))["items"]
    assert [(i["person"]["id"], i["confirmed_as"]) for i in last] == [
        (READER, "self"), ("county-verifier", "on-site"),
    ]  # fmt: skip
    assert last[0]["replaced_at"] == last[1]["named_at"]
    await asker.refused("illegal-transition", "POST", path, {"person_id": READER})
    there = {"person_id": "county-verifier"}
    await asker.refused("illegal-transition", "POST", f"{path}/confirm", there)
    rows = await world.rows(a.accompaniments, a.accompaniments.c.appointment_id == one["id"])
    assert len(rows) == 2


async def test_an_urgent_session_begins_with_the_name_alone_and_it_shows(world: World) -> None:
    """It does not wait, but for a name; whoever coordinates enters what the doctor says, as such;
    that it began before stays with the session and its fact."""
    await has_hours(world, "hub-reader")
    case = await world.sent(service="consultation", urgency="urgent")
    one = await confirmed(world, service="consultation", request_id=case, urgent=True)
    path, asker = path_of(one), world.client(ASKER)
    assert not (await asker.get(path))["confirms"]
    world.clock.advance(hours=16, minutes=45)
    begin, seen = f"{APPOINTMENTS}/{one['id']}/begin", {"version": one["version"]}
    await world.client(KEEPER).refused("nobody-accompanies", "POST", begin, seen)
    await asker.ok("POST", path, {"person_id": READER})
    await step(world, one, "begin", KEEPER)
    world.clock.advance(minutes=1)
    coordinator = world.client("county-coordinator")
    assert (await coordinator.get(path))["confirms_as"] == "on-word"
    assert (await world.client(KEEPER).get(path))["confirms_as"] is None
    said = await coordinator.ok("POST", f"{path}/confirm", {"person_id": READER})
    assert said["current"]["confirmed_as"] == "on-word" and said["begun_by_name"]
    (begun,) = await world.rows(t.activities, t.activities.c.kind == "appointment.begun")
    assert begun["data"]["accompanying"] == "named"


async def test_a_reading_needs_nobody(world: World) -> None:
    """Of a service that does not ask for one a session begins as before."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world)
    assert not (await world.client(ASKER).get(path_of(one)))["needed"]
    world.clock.advance(hours=16, minutes=30)
    assert (await step(world, one, "begin", KEEPER))["state"] == "under way"
