"""UPS-RS cases that other people's suites ask of their servers, replayed on ours.

Each is marked with its source: MS for Microsoft's dicom-server, D4 for dcm4chee-arc, PU for
pyupsrs, ST for PS3.18. Where they disagree, the docstring says which side is ours.
"""

import asyncio

import pytest

from tests.server.ups_client import (
    FILTERED,
    GLOBAL,
    Ups,
    channel,
    code,
    one,
    performed,
    seq,
    to_state,
    uids,
    value,
    workitem,
)
from tests.world import World

UID, TUID = "2.25.7001", "2.25.9001"


@pytest.fixture
def ups(world: World) -> Ups:
    """A workstation of the hub."""
    return Ups(world.client("hub-reader"))


async def test_u1_create(ups: Ups) -> None:
    """MS U1: 201 with a Location that leads to it (ST), under `?<uid>`, `?workitem=` and the UID
    of the data set; 409 when it is there."""
    reply = await ups.create(UID)
    assert reply.status == 201 and reply.body == b""
    assert reply.headers["Location"].endswith(f"/dicom-web/workitems/{UID}")
    assert value(await ups.get(UID), "00741204") == "Render a volume"
    assert (await ups.create(UID)).code == "ups-exists"
    assert (await ups.call("POST", "?workitem=2.25.7002", workitem())).status == 201
    inside = workitem(x00080018=one("UI", "2.25.7003"))
    assert (await ups.call("POST", "", inside)).status == 201
    made = await ups.call("POST", "", workitem())
    assert made.status == 201 and "created with modifications" in made.headers["Warning"]
    assert len(await ups.find("")) == 4


async def test_u3_create_in_another_state(ups: Ups) -> None:
    """ST U3: a workitem begins SCHEDULED, 400 for anything else, and for what is missing."""
    claimed = workitem(x00741000=one("CS", "IN PROGRESS"))
    assert (await ups.create(UID, claimed)).status == 400
    for tag in ("00404005", "00404041", "00741200", "00741204", "00741000"):
        lacking = {key: told for key, told in workitem().items() if key != tag}
        assert (await ups.create(UID, lacking)).status == 400, tag
    assert (await ups.create(UID, workitem(x00741216=performed()["00741216"]))).status == 400
    assert await ups.find("") == []


async def test_u4_update_before_the_claim(ups: Ups) -> None:
    """MS U4: 200 without a Transaction UID, and a retrieve shows the label."""
    await ups.create(UID)
    assert (await ups.call("POST", f"/{UID}", {"00741204": one("LO", "New label")})).status == 200
    assert value(await ups.get(UID), "00741204") == "New label"


@pytest.mark.parametrize("name", ["transaction-uid=", "Transaction-uid=", "transaction=", ""])
async def test_u6_update_after_the_claim(ups: Ups, name: str) -> None:
    """MS U6: the holder's Transaction UID is needed, under any of its names, by itself, or in the
    body; with a wrong one or none it is 409."""
    await ups.create(UID)
    assert (await ups.state(UID, "IN PROGRESS", TUID)).status == 200
    label = {"00741204": one("LO", "By the holder")}
    assert (await ups.call("POST", f"/{UID}?{name}{TUID}", label)).status == 200
    inside = {**label, "00081195": one("UI", TUID)}
    assert (await ups.call("POST", f"/{UID}", inside)).status == 200
    for query in ("", "?transaction-uid=2.25.1"):
        wrong = await ups.call("POST", f"/{UID}{query}", label)
        assert wrong.status == 409 and wrong.headers["Warning"].startswith("299 http")
    both = await ups.call("POST", f"/{UID}?transaction-uid=2.25.1", inside)
    assert both.status == 400


async def test_u7_complete(ups: Ups) -> None:
    """MS U7: COMPLETED when the performed procedure says all it must; else 409 C304. Once more is
    200 with a Warning (B306)."""
    await ups.create(UID)
    await ups.state(UID, "IN PROGRESS", TUID)
    early = await ups.state(UID, "COMPLETED", TUID)
    assert early.code == "ups-unmet" and early.json["facts"]["status"] == "C304"
    await ups.call("POST", f"/{UID}?transaction-uid={TUID}", performed())
    assert (await ups.state(UID, "COMPLETED", TUID)).status == 200
    again = await ups.state(UID, "COMPLETED", TUID)
    assert again.status == 200
    assert again.headers["Warning"].endswith("in the requested state of COMPLETED.")


async def test_u9_cancel_again(ups: Ups) -> None:
    """MS U9 says 409 with a Warning, ST 202 with a Warning: ours is the standard's."""
    await ups.create(UID)
    assert (await ups.call("POST", f"/{UID}/cancelrequest")).status == 202
    assert value(await ups.get(UID), "00741000") == "CANCELED"
    again = await ups.call("POST", f"/{UID}/cancelrequest")
    assert again.status == 202 and "requested state of CANCELED" in again.headers["Warning"]


async def test_u10_cancel_what_is_not_there(ups: Ups) -> None:
    """MS U10: 404."""
    assert (await ups.call("POST", "/2.25.404/cancelrequest")).status == 404


async def test_u12_u13_u15_search(ups: Ups) -> None:
    """MS U12: by a code inside a sequence. U13: a key that cannot be matched is 400, ours too: an
    unfiltered list would be taken for the filtered one. U15: MS says 204, ours is ST's 200 `[]`."""
    await ups.create(UID)
    await ups.create("2.25.7002", workitem(x00404025=seq(code("WORKSTATION2"))))
    station = "ScheduledStationNameCodeSequence.CodeValue=WORKSTATION2"
    assert uids(await ups.find(station)) == {"2.25.7002"}
    assert (await ups.call("GET", "?Modality=CT")).status == 400
    nothing = await ups.call("GET", "?PatientID=nobody")
    assert (nothing.status, nothing.body) == (200, b"[]")


async def test_u16_fuzzy_names(ups: Ups) -> None:
    """MS U16: a word of the name finds it, its middle does not."""
    await ups.create(UID)
    assert uids(await ups.find("PatientName=lan&fuzzymatching=true")) == {UID}
    assert await ups.find("PatientName=an&fuzzymatching=true") == []


async def test_u18_two_claims_at_once(world: World) -> None:
    """D4 U18: exactly one 200 and one 409, whoever they are; of a request's attempt as well."""
    first, second = (Ups(world.client(who)) for who in ("hub-reader", "hub-reader2"))
    await first.create(UID)
    case = await world.sent()
    attempt = next(iter(uids(await first.find("ScheduledWorkitemCodeSequence.CodeValue=imaging"))))
    for uid in (UID, attempt):
        replies = await asyncio.gather(
            *(ups.state(uid, "IN PROGRESS", f"2.25.{n}")
              for n, ups in enumerate((first, second, first, second), 1))
        )  # fmt: skip
        assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
        assert all("Warning" in reply.headers for reply in replies if reply.status == 409)
    assert (await world.log(case)).count("workitem.claimed") == 1


async def test_u19_what_a_change_of_state_must_say(ups: Ups) -> None:
    """D4 U19: 400 without a Transaction UID or a state, 409 for SCHEDULED (C303)."""
    await ups.create(UID)
    missing = await ups.state(UID, "IN PROGRESS", None)
    assert missing.status == 400 and "Transaction UID is missing" in missing.headers["Warning"]
    assert (await ups.state(UID, "", TUID)).status == 400
    assert (await ups.state(UID, "PAUSED", TUID)).status == 400
    back = await ups.state(UID, "SCHEDULED", TUID)
    assert back.status == 409 and back.json["facts"]["status"] == "C303"
    bad = to_state("IN PROGRESS", "550e8400-e29b-41d4-a716-446655440000")
    assert (await ups.call("PUT", f"/{UID}/state", bad)).status == 400


async def test_u21_u22_u27_events_of_a_filtered_subscription(world: World, ups: Ups) -> None:
    """PU U21: 201 and the channel's address. U22: an event of each kind for what is created. ST
    U27: text frames of the form of PS3.4 CC.2.4, classed as Push."""
    reply = await ups.subscribe(FILTERED, "VIEWER1", "?filter=00741000=SCHEDULED")
    assert reply.status == 201
    url = reply.headers["Content-Location"]
    assert url == f"ws{world.base[4:]}/dicom-web/subscribers/VIEWER1"
    performer = {"00404009": seq(code("D1")), "00404036": one("LO", "Radiology")}
    async with channel(world, "hub-reader", url) as events:
        await ups.create(UID, workitem(x00404034=seq(performer)))
        state, assigned = await events.next(), await events.next()
    assert state == {
        "00000002": one("UI", "1.2.840.10008.5.1.4.34.6.1"),
        "00000110": one("US", 1),
        "00001000": one("UI", UID),
        "00001002": one("US", 1),
        "00404041": one("CS", "READY"),
        "00741000": one("CS", "SCHEDULED"),
    }
    assert value(assigned, "00001002") == 5
    assert assigned["00404009"] == seq(code("D1"))
    assert value(assigned, "00404036") == "Radiology"


async def test_u24_global_subscriptions(ups: Ups) -> None:
    """ST U24: global is 201; filtered without a filter, or with one that cannot be matched, 400."""
    assert (await ups.subscribe(GLOBAL, "VIEWER1")).status == 201
    assert (await ups.subscribe(FILTERED, "VIEWER1")).status == 400
    assert (await ups.subscribe(FILTERED, "VIEWER1", "?filter=Modality=CT")).status == 400
    assert (await ups.subscribe(FILTERED, "VIEWER1", "?filter=nonsense")).status == 400
    assert (await ups.subscribe("2.25.404", "VIEWER1")).status == 404


async def test_u25_suspend(world: World, ups: Ups) -> None:
    """ST U25: what is new is not subscribed to any more, what was keeps being told."""
    await ups.create(UID)
    url = (await ups.subscribe(GLOBAL, "VIEWER1")).headers["Content-Location"]
    world.clock.advance(seconds=1)
    assert (await ups.call("POST", f"/{GLOBAL}/subscribers/VIEWER1/suspend")).status == 200
    world.clock.advance(seconds=1)
    async with channel(world, "hub-reader", url) as events:
        await ups.create("2.25.7002")
        await ups.state("2.25.7002", "IN PROGRESS", TUID)
        await ups.state(UID, "IN PROGRESS", TUID)
        assert await events.states(1) == [(UID, "IN PROGRESS")]


async def test_u28_what_happened_while_nobody_listened(world: World, ups: Ups) -> None:
    """D4 U28: subscribe, close, change the state, come back: the event arrives, in order."""
    await ups.create(UID)
    url = (await ups.subscribe(UID, "VIEWER1")).headers["Content-Location"]
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [(UID, "SCHEDULED")]
        await events.confirmed(world)
    await ups.state(UID, "IN PROGRESS", TUID)
    await ups.state(UID, "CANCELED", TUID)
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(2) == [(UID, "IN PROGRESS"), (UID, "CANCELED")]
