"""Requests as workitems: one life, whether people live it in the browser or clients over UPS-RS."""

import asyncio
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from telemed.actions import intake
from telemed.store import access
from telemed.store import tables as t
from telemed.store import ups as store
from telemed.store.tx import Tx
from telemed.store.ups import uid_of
from tests.server.ups_client import (
    FILTERED,
    GLOBAL,
    ITEMS,
    Ups,
    channel,
    code,
    one,
    report_requested,
    seq,
    to_state,
    uids,
    value,
    workitem,
)
from tests.world import World, canary_of, subject

TUID = "2.25.9001"


def ups(world: World, who: str) -> Ups:
    """Somebody's UPS client."""
    return Ups(world.client(who))


async def attempts(world: World, case: str) -> list[Any]:
    """The attempts of a case, the first first."""
    rows = await world.rows(t.workitems, t.workitems.c.request_id == case)
    return sorted(rows, key=lambda row: row["attempt"])


async def latest(world: World, case: str) -> str:
    """The UID of a case's latest attempt."""
    return uid_of((await attempts(world, case))[-1]["id"])


async def subscribed(world: World, who: str, aet: str = "AE1", uid: str = GLOBAL) -> str:
    """Subscribe; the channel's address."""
    reply = await ups(world, who).subscribe(uid, aet)
    assert reply.status == 201, reply.body
    return reply.headers["Content-Location"]


# --- the same case on both sides ----------------------------------------------------------------


async def test_a_request_is_a_workitem(world: World) -> None:
    """The performer reads who, what, why and which images; nothing of it is made up."""
    case = await world.sent(urgency="urgent")
    hub, row = ups(world, "hub-reader"), await world.row(case)
    study = await world.study("county")
    found = await hub.get(await latest(world, case))
    assert value(found, "00741000") == "SCHEDULED" and value(found, "00404041") == "READY"
    assert value(found, "00741200") == "HIGH"
    assert value(found, "00100020") == study["patient_id"]
    asked = value(found, "0040A370")
    assert value(asked, "00401001") == row["number"]
    assert value(asked, "0020000D") == study["study_uid"]
    named = [value(c, "00080100") for c in found["00404018"]["Value"]]
    assert named == ["imaging", "RRR000"]
    series = value(found, "00404021")
    assert len(series["00081199"]["Value"]) == 2
    url = value(value(series, "0040E025"), "00081190")
    assert url.startswith(f"{world.base}/dicom-web/studies/{study['study_uid']}/series/")
    assert (await world.client("hub-reader").call("GET", url[len(world.base) :])).status == 200
    form = {value(value(i, "0040A043"), "00080100"): i for i in found["00741210"]["Value"]}
    assert value(form["chief_complaint"], "0040A160") == "咳嗽三天"
    assert value(value(form["urgency"], "0040A168"), "00080100") == "urgent"
    assert value(form["exam_at"], "0040A120") == "20260305140000+0800"


async def test_a_claim_in_the_browser_is_in_progress(world: World) -> None:
    """A UPS client sees it, cannot claim it, and cannot guess the Transaction UID of it."""
    case = await world.claimed()
    hub, uid = ups(world, "hub-reader"), await latest(world, case)
    assert value(await hub.get(uid), "00741000") == "IN PROGRESS"
    taken = await hub.state(uid, "IN PROGRESS", TUID)
    assert taken.code == "ups-state" and taken.json["facts"]["status"] == "C302"
    assert (await hub.state(uid, "CANCELED", TUID)).code == "ups-tuid-wrong"
    (row,) = await attempts(world, case)
    assert row["transaction_uid"].encode() not in orjson.dumps(await hub.get(uid))
    assert row["transaction_uid"].encode() not in orjson.dumps(await hub.find("includefield=all"))


async def test_a_claim_over_ups_is_the_browsers(world: World) -> None:
    """The page shows the holder; the report is written and signed there, under the claim; that
    completes the workitem, and saying so once more is no error (B306)."""
    case = await world.sent(service="consultation")
    hub, uid = ups(world, "hub-reader"), await latest(world, case)
    assert (await hub.state(uid, "IN PROGRESS", TUID)).status == 200
    shown = await world.client("hub-reader").get(f"/api/requests/{case}")
    assert shown["claim"]["person_id"] == "hub-reader"
    unsigned = await hub.state(uid, "COMPLETED", TUID)
    assert unsigned.code == "ups-unmet" and unsigned.json["facts"]["status"] == "C304"
    await world.write_report(case)
    after = await world.sign(case)
    if after["current"]["state"] == "preliminary":
        await world.sign(case, "hub-verifier", "verify")
    done = await hub.get(uid)
    assert value(done, "00741000") == "COMPLETED"
    performed = value(done, "00741216")
    assert value(value(performed, "00404035"), "00404037") == {"Alphabetic": "医生hub-reader"}
    again = await hub.state(uid, "COMPLETED", TUID)
    assert again.status == 200 and "COMPLETED" in again.headers["Warning"]
    assert (await hub.state(uid, "CANCELED", TUID)).json["facts"]["status"] == "C300"


@pytest.mark.parametrize("who", ["hub-ecg", "hub-junior"])
async def test_a_claim_asks_for_the_same_licence(world: World, who: str) -> None:
    """The rule of the browser, the reason too; nothing has changed."""
    case = await world.sent()
    refused = await ups(world, who).state(await latest(world, case), "IN PROGRESS", TUID)
    assert refused.code == "not-qualified" and refused.status == 403
    assert [row["state"] for row in await attempts(world, case)] == ["SCHEDULED"]


async def test_giving_back_schedules_a_successor_that_says_so(world: World) -> None:
    """CANCELED by the performer, with a reason of the catalogue; UPS never goes back."""
    case = await world.sent()
    hub, uid = ups(world, "hub-reader"), await latest(world, case)
    await hub.state(uid, "IN PROGRESS", TUID)
    body = {**to_state("CANCELED", TUID), "0074100E": seq(code("shift-end", "99TELEMED"))}
    assert (await hub.call("PUT", f"/{uid}/state", body)).status == 200
    gone = value(await hub.get(uid), "00741002")
    assert value(value(gone, "0074100E"), "00080100") == "shift-end" and value(gone, "00404052")
    successor = await hub.get(await latest(world, case))
    assert value(value(successor, "00741224"), "00081155") == uid
    assert value(successor, "00741000") == "SCHEDULED"
    by_it = await hub.find(f"ReplacedProcedureStepSequence.ReferencedSOPInstanceUID={uid}")
    assert uids(by_it) == {await latest(world, case)}
    fact = (await world.rows(t.activities, t.activities.c.kind == "workitem.released"))[0]
    assert fact["data"]["reason"] == "shift-end"


async def test_what_the_request_says_is_changed_there(world: World) -> None:
    """Labels and progress are the client's; the patient and the images are not."""
    case = await world.sent()
    hub, uid = ups(world, "hub-reader"), await latest(world, case)
    label = {"00741204": one("LO", "Chest, second look")}
    assert (await hub.call("POST", f"/{uid}", label)).status == 200
    assert uids(await hub.find("ProcedureStepLabel=*second*")) == {uid}
    patient = {"00100010": one("PN", {"Alphabetic": "Somebody^Else"})}
    assert (await hub.call("POST", f"/{uid}", patient)).status == 400
    same = {"00100020": (await hub.get(uid))["00100020"]}
    assert (await hub.call("POST", f"/{uid}", same)).status == 200


# --- asking for a report ------------------------------------------------------------------------


async def test_a_task_requester_asks_for_a_report(world: World) -> None:
    """IHE RRR-WF: created under the requester's UID, it is a request that hub's people see."""
    study = await world.study("county")
    county = ups(world, "county-requester")
    world.tell("county", "hub")
    made = await county.create("2.25.8001", report_requested(study))
    assert made.status == 201, made.body
    found = await ups(world, "hub-reader").get("2.25.8001")
    assert value(found, "00741204") == "Render a volume" and value(found, "00741200") == "HIGH"
    queue = (await world.client("hub-reader").get("/api/worklist"))["items"]
    assert [item["urgency"] for item in queue] == ["urgent"]
    row = await world.row(queue[0]["id"])
    assert row["content"]["reason"] == "本院无专科医师"
    assert row["content"]["diagnosis"] == {"code": "R05.x00", "name": "咳嗽"}
    assert row["content"]["exam_at"] == "2026-03-05T06:00:00Z"
    assert row["consent"]["receiver"] == "hub" and row["state"] == "open"
    assert (await world.log(row["id"])) == ["request.drafted", "request.submitted"]
    again = await county.create("2.25.8001", report_requested(study))
    assert again.code == "ups-exists"


async def test_what_is_missing_is_named_and_nothing_is_kept(world: World) -> None:
    """No consent, no study of one's own, another patient: 400 with words, no draft left behind."""
    study, other = await world.study("county"), await world.study("county", 2)
    foreign = await world.study("second")
    county = ups(world, "county-requester")
    whole = report_requested(study)
    naked = {tag: told for tag, told in whole.items() if tag != "00741210"}
    for told, word in (
        (naked, "知情同意"),
        ({**whole, "00404021": seq({"0020000D": one("UI", foreign["study_uid"])})}, "没有检查"),
        ({**whole, "00100020": one("LO", other["patient_id"])}, "患者不符"),
        ({**whole, "00404021": one("SQ")}, "没有可诊断"),
    ):
        refused = await county.create("2.25.8001", told)
        assert refused.code == "invalid" and refused.status == 400
        assert word in refused.json["zh"], refused.json
    lapsed = {**whole, "00404025": seq(code("lapsed", "99TELEMED"))}
    assert (await county.create("2.25.8001", lapsed)).code == "no-agreement"
    assert await world.rows(t.requests) == []


async def test_without_a_destination_the_first_agreement_is_asked(world: World) -> None:
    """The provider that the requester's agreements rank first, when the data set names none."""
    study = await world.study("county")
    told = report_requested(study)
    del told["00404025"]
    for place in ("hub", "second"):
        world.tell("county", place)
    assert (await ups(world, "county-requester").create("2.25.8001", told)).status == 201
    (row,) = await world.rows(t.requests)
    assert row["provider_id"] in ("hub", "second")


# --- taking back --------------------------------------------------------------------------------


async def test_cancellation_before_the_claim(world: World) -> None:
    """The requesting side withdraws; the responding side hears it was canceled, by way of a claim
    of the server's own (CC.2.2), though it can read the request no more."""
    case = await world.sent()
    uid = await latest(world, case)
    url = await subscribed(world, "hub-reader")
    reason = {"00741238": one("LT", "患者已转院"), "0074100E": seq(code("referred", "99TELEMED"))}
    reply = await ups(world, "county-requester").call("POST", f"/{uid}/cancelrequest", reason)
    assert reply.status == 202 and (await world.row(case))["state"] == "withdrawn"
    assert (await world.row(case))["step_reason"]["note"] == "患者已转院"
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(2) == [(uid, "IN PROGRESS"), (uid, "CANCELED")]
        assert value(value(events.heard[-1], "0074100E"), "00080100") == "referred"
    assert (await ups(world, "hub-reader").call("GET", f"/{uid}")).status == 404


async def test_cancellation_of_what_is_claimed_is_a_wish(world: World) -> None:
    """Event 2 to the performer, who watches nothing else; the state stays until they decide."""
    case = await world.sent()
    uid = await latest(world, case)
    hub = ups(world, "hub-reader")
    await hub.state(uid, "IN PROGRESS", TUID)
    await hub.create("2.25.7777")
    url = await subscribed(world, "hub-reader", "WS1", "2.25.7777")
    county = ups(world, "county-requester")
    told = {"00741238": one("LT", "不需要了"), "0074100A": one("UR", "tel:07737510000")}
    reply = await county.call("POST", f"/{uid}/cancelrequest?requester=COUNTYRIS", told)
    assert reply.status == 202
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [("2.25.7777", "SCHEDULED")]
        wish = await events.next()
    assert value(wish, "00001002") == 2 and value(wish, "00001000") == uid
    assert value(wish, "00741236") == "COUNTYRIS" and value(wish, "00741238") == "不需要了"
    assert value(wish, "0074100A") == "tel:07737510000"
    assert value(await hub.get(uid), "00741000") == "IN PROGRESS"


async def test_a_cancellation_races_with_the_claim(world: World) -> None:
    """One end: claimed and then wished away, or canceled and the claim refused (UP-12)."""
    for _ in range(8):
        case = await world.sent()
        uid = await latest(world, case)
        claim, wish = await asyncio.gather(
            ups(world, "hub-reader").state(uid, "IN PROGRESS", TUID),
            ups(world, "county-requester").call("POST", f"/{uid}/cancelrequest"),
        )
        (row,) = await attempts(world, case)
        assert wish.status == 202
        assert (claim.status, row["state"]) in [(200, "IN PROGRESS"), (404, "CANCELED")]


# --- events of what people do -------------------------------------------------------------------


async def life(world: World) -> str:
    """A case claimed, given back, claimed again, signed and verified, in the browser."""
    case = await world.claimed()
    await world.client("hub-reader").ok(
        "POST", f"/api/requests/{case}/release", {"reason": "called-away"}
    )
    await world.client("hub-reader2").ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case, "hub-reader2")
    await world.sign(case, "hub-reader2")
    await world.sign(case, "hub-verifier", "verify")
    return case


async def test_the_whole_life_of_a_case_is_told(world: World) -> None:
    """Every step that people take in the browser, in order, to both sides, and after the fact."""
    urls = {who: await subscribed(world, who) for who in ("hub-reader", "county-requester")}
    case = await life(world)
    first, second = (uid_of(row["id"]) for row in await attempts(world, case))
    expected = [
        (first, "SCHEDULED"), (first, "IN PROGRESS"), (first, "CANCELED"),
        (second, "SCHEDULED"), (second, "IN PROGRESS"), (second, "COMPLETED"),
    ]  # fmt: skip
    for who, url in urls.items():
        async with channel(world, who, url) as events:
            assert await events.states(6) == expected


async def test_a_takeover_and_an_expiry_are_told(world: World) -> None:
    """The attempt ends, its successor begins; a lease that ran out likewise."""
    case = await world.claimed()
    url = await subscribed(world, "hub-reader")
    body = {"reason": "overdue"}
    await world.client("hub-reader2").ok("POST", f"/api/requests/{case}/takeover", body)
    first, second = (uid_of(row["id"]) for row in await attempts(world, case))
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(3) == [
            (first, "CANCELED"), (second, "SCHEDULED"), (second, "IN PROGRESS"),
        ]  # fmt: skip
        world.clock.advance(minutes=16)
        assert await events.states(1) == [(second, "CANCELED")]
        third = await latest(world, case)
        assert await events.states(1) == [(third, "SCHEDULED")]


async def test_a_redirected_request_is_another_houses(world: World) -> None:
    """Who passed it on hears that its attempt ended, the next one that one is scheduled, and
    neither hears of the other's."""
    case = await world.sent()
    urls = {who: await subscribed(world, who) for who in ("hub-reader", "second-reader")}
    row = await world.row(case)
    await world.write(
        lambda tx: tx.update(
            t.requests, t.requests.c.id == case, {"consent": {**row["consent"], "onward": True}}
        )
    )
    body = {"reason": "no-capacity", "provider_id": "second"}
    reasons = (await world.client("hub-reader").get("/api/catalogue"))["reasons"]
    body["reason"] = next(r["code"] for r in reasons if r["step"] == "redirect")
    world.tell("county", "second")
    await world.client("hub-coordinator").ok("POST", f"/api/requests/{case}/redirect", body)
    first, second = (uid_of(item["id"]) for item in await attempts(world, case))
    async with channel(world, "hub-reader", urls["hub-reader"]) as events:
        assert await events.states(2) == [(first, "IN PROGRESS"), (first, "CANCELED")]
    async with channel(world, "second-reader", urls["second-reader"]) as events:
        assert await events.states(1) == [(second, "SCHEDULED")]
    assert (await ups(world, "second-reader").call("GET", f"/{first}")).status == 404
    assert (await ups(world, "hub-reader").call("GET", f"/{second}")).status == 404


async def test_progress_is_told(world: World) -> None:
    """Event 3 with what the holder said."""
    case = await world.sent()
    uid, hub = await latest(world, case), ups(world, "hub-reader")
    await hub.state(uid, "IN PROGRESS", TUID)
    url = await subscribed(world, "county-requester")
    progress = {"00741002": seq({"00741004": one("DS", 40), "00741006": one("ST", "Reading")})}
    assert (await hub.call("POST", f"/{uid}?transaction-uid={TUID}", progress)).status == 200
    async with channel(world, "county-requester", url) as events:
        told = await events.next()
    assert value(told, "00001002") == 3 and told["00741002"] == progress["00741002"]


async def test_an_open_channel_keeps_the_claims(world: World, monkeypatch: Any) -> None:
    """A performer without a page is present while its channel is open."""
    monkeypatch.setattr("telemed.server.ups_channel.PRESENCE_SECONDS", 0.0)
    monkeypatch.setattr("telemed.server.ups_channel.RECHECK_SECONDS", 0.05)
    case = await world.sent()
    uid, hub = await latest(world, case), ups(world, "hub-reader")
    await hub.state(uid, "IN PROGRESS", TUID)
    url = await subscribed(world, "hub-reader")
    world.clock.advance(minutes=10)
    async with channel(world, "hub-reader", url):
        while True:
            (row,) = await attempts(world, case)
            if (row["lease_until"] - world.clock()).total_seconds() == 15 * 60:
                break
            await asyncio.sleep(0.02)


async def test_a_filter_is_looked_at_again_after_an_update(world: World) -> None:
    """What an update makes pass is subscribed from then on, and what once passed stays so."""
    hub = ups(world, "hub-reader")
    query = "?filter=ScheduledStationNameCodeSequence.CodeValue=CT2,00741200=HIGH"
    reply = await hub.subscribe(FILTERED, "AE1", query)
    url = reply.headers["Content-Location"]
    await hub.create("2.25.7001")
    await hub.create("2.25.7002", workitem(x00404025=seq(code("CT2"))))
    change = {"00404025": seq(code("CT2")), "00741200": one("CS", "HIGH")}
    async with channel(world, "hub-reader", url) as events:
        await hub.call("POST", "/2.25.7001", change)
        told = [await events.next() for _ in range(2)]
        assert [value(event, "00001002") for event in told] == [1, 5]
        await hub.call("POST", "/2.25.7001", {"00741200": one("CS", "LOW")})
        await hub.state("2.25.7002", "IN PROGRESS", TUID)
        await hub.state("2.25.7001", "IN PROGRESS", TUID)
        assert await events.states(1) == [("2.25.7001", "IN PROGRESS")]


async def test_with_a_lock_all_that_exists_is_told(world: World) -> None:
    """A report for every workitem that has not ended, of cases as of one's own; without a lock for
    none."""
    case = await world.sent()
    hub = ups(world, "hub-reader")
    await hub.create("2.25.7000")
    await hub.call("POST", "/2.25.7000/cancelrequest")
    await hub.create("2.25.7001")
    url = await subscribed(world, "hub-reader", "NOLOCK")
    locked = (await hub.subscribe(GLOBAL, "LOCK", "?deletionlock=true")).headers["Content-Location"]
    async with channel(world, "hub-reader", locked) as events:
        told = dict(await events.states(2))
    assert told == {"2.25.7001": "SCHEDULED", await latest(world, case): "SCHEDULED"}
    await hub.state("2.25.7001", "IN PROGRESS", TUID)
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [("2.25.7001", "IN PROGRESS")]


async def test_images_on_their_way_are_incomplete_then_ready(world: World) -> None:
    """A study that is added after sending makes a report with the readiness."""
    case = await world.sent()
    uid = await latest(world, case)
    url = await subscribed(world, "hub-reader")
    county = world.client("county-requester")
    upload = (await county.ok("POST", "/api/uploads", {"request_id": case}))["id"]
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "9"}
    await county.call("POST", f"/api/uploads/{upload}/files", headers=tus)
    hub = ups(world, "hub-reader")
    assert value(await hub.get(uid), "00404041") == "INCOMPLETE"
    assert uids(await hub.find("InputReadinessState=INCOMPLETE")) == {uid}
    assert await hub.find("InputReadinessState=READY") == []
    study = await world.study("county", 2)

    def arrives(tx: Tx) -> None:
        """The last file is in, and its study is linked, as `uploads.enter` does it."""
        tx.update(t.upload_files, t.upload_files.c.upload_id == upload, {"verdict": "stored"})
        of_case = {"patient_ref": study["patient_ref"]}
        tx.update(t.requests, t.requests.c.id == case, of_case)
        act = world.services.make_act(tx, subject("county-requester"))
        assert intake.link(act, case, study["id"]) is None

    world.tell("county", "hub", 2)
    await world.write(arrives)
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [(uid, "SCHEDULED")]
        assert value(events.heard[0], "00404041") == "READY"


# --- the doors ----------------------------------------------------------------------------------


async def test_a_stranger_finds_nothing(world: World) -> None:
    """By list, by UID, by subscription, by event: as if it were not there (UP-01, UP-07)."""
    case = await world.sent()
    uid = await latest(world, case)
    await ups(world, "hub-reader").create("2.25.7001")
    for who in ("second-reader", "lapsed-reader", "county-technician"):
        stranger = ups(world, who)
        seen = {uid} if who.startswith("county") else set()
        assert uids(await stranger.find("includefield=all")) == seen
        for target in ({uid, "2.25.7001"} - seen) | {"2.25.404"}:
            for method, path, body in (
                ("GET", "", None), ("POST", "", {}), ("PUT", "/state", to_state("CANCELED", TUID)),
                ("POST", "/cancelrequest", {}), ("POST", "/subscribers/SPY", None),
                ("DELETE", "/subscribers/SPY", None),
            ):  # fmt: skip
                reply = await stranger.call(method, f"/{target}{path}", body)
                assert reply.code == "not-found", (who, method, path, reply.body)


async def test_the_parts_of_what_one_sees_are_the_whole(world: World) -> None:
    """No attempt is in two of the conditions a search is made of, and none is missing."""
    await life(world)
    await world.sent("second-requester")
    joined = sa.select(t.workitems.c.id).select_from(store.JOINED)

    async def ids(where: Any) -> list[str]:
        query = joined.where(where)
        return [r["id"] for r in await world.services.store.read(lambda tx: tx.all(query))]

    for who in ("hub-reader", "county-requester", "second-reader", "lapsed-reader", "region"):
        now, them = world.clock(), subject(who)
        found = [key for part in access.workitem_parts(them, now) for key in await ids(part)]
        assert sorted(found) == sorted(await ids(access.visible_workitems(them, now))), who


async def test_global_means_all_that_i_may_see(world: World) -> None:
    """Another hospital's case raises no event, not even its existence; one's own does."""
    url = await subscribed(world, "second-reader")
    await life(world)
    await ups(world, "second-reader").create("2.25.7001")
    async with channel(world, "second-reader", url) as events:
        assert await events.states(1) == [("2.25.7001", "SCHEDULED")]


async def test_rights_are_those_of_the_delivery(world: World) -> None:
    """An agreement that ended after subscribing ends the events too (WS-08)."""
    url = await subscribed(world, "hub-reader")
    await world.sent("second-requester")
    await world.end_agreement("second-hub")
    case = await world.sent()
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [(await latest(world, case), "SCHEDULED")]


async def test_supervision_sees_no_names_and_hears_nothing(world: World) -> None:
    """Masked like its lists; no key of a patient can be asked, and it may not subscribe."""
    case = await world.sent()
    region = ups(world, "region")
    (found,) = await region.find("includefield=all")
    assert value(found, "00080018") == await latest(world, case)
    assert canary_of("county").encode() not in orjson.dumps(found).lower()
    assert "00741210" in found and len(found["00741210"]["Value"]) == 1
    for key in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        assert (await region.call("GET", f"?{key}=x")).status == 400
    assert (await region.subscribe(GLOBAL, "SPY")).code == "forbidden"
    assert (await region.create("2.25.7001")).code == "forbidden"


RELATIONS = {
    "hub-reader": ("hub-reader", None),
    "hub-reader2": ("hub-reader", "aet-taken"),
    "hub-admin": ("hub-reader", "aet-taken"),
    "county-requester": (None, "not-found"),
    "region": (None, "forbidden"),
}


@pytest.mark.parametrize("who", RELATIONS)
async def test_an_ae_title_is_its_accounts(world: World, who: str) -> None:
    """Subscribe, unsubscribe, suspend, open: the owner, a colleague, the administrator, another
    hospital, supervision (UP-02). Only the administrator may end what a colleague began."""
    url = await subscribed(world, "hub-reader", "READER1")
    _, refusal = RELATIONS[who]
    client = ups(world, who)
    path = f"/{GLOBAL}/subscribers/READER1"
    codes = [(await client.call("POST", f"{path}/suspend")).code]
    if who != "county-requester":  # in another hospital the title is free
        codes.append((await client.call("POST", path)).code)
    assert set(codes) == {refusal or ""}
    opened = await closed_with(world, who, url)
    expected = {None: 0, "aet-taken": 4403, "not-found": 404, "forbidden": 4403}[refusal]
    assert opened == expected
    ended = await client.call("DELETE", path)
    assert ended.code == ("" if who == "hub-admin" else refusal or "")


async def closed_with(world: World, who: str, url: str, **headers: str) -> int:
    """How opening a channel ends: 0 for open, else the close code or the status."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    sent = {**world.client(who).identity(), **headers}
    origin = sent.pop("Origin")
    try:
        async with connect(url, additional_headers=sent, origin=origin) as socket:  # type: ignore[arg-type]
            try:
                await (await socket.ping())
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            return 0
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("aet", ["", "X" * 17, "A\\B", "A%0AB", "%20", "%E5%BD%B1"])
async def test_ae_titles_have_a_form(world: World, aet: str) -> None:
    """At most 16 characters, no backslash, no control, nothing but ASCII."""
    reply = await ups(world, "hub-reader").subscribe(GLOBAL, aet.replace("\\", "%5C"))
    assert reply.status in (400, 404, 405)


async def test_the_channel_asks_where_it_is_opened_from(world: World) -> None:
    """A foreign Origin and nobody at all are turned away; what is no WebSocket is 400."""
    url = await subscribed(world, "hub-reader")
    assert await closed_with(world, "hub-reader", url, Origin="https://evil.example") == 403
    assert await closed_with(world, "nobody", url) == 4401
    plain = await world.client("hub-reader").call("GET", "/dicom-web/subscribers/AE1")
    assert plain.status == 400
    assert await closed_with(world, "hub-reader", url.replace("AE1", "AE9")) == 404


async def test_the_newest_channel_counts(world: World) -> None:
    """Opened again, the one before is closed: it may be half open."""
    url = await subscribed(world, "hub-reader")
    async with (
        channel(world, "hub-reader", url) as first,
        channel(world, "hub-reader", url) as second,
    ):
        await asyncio.wait_for(first.socket.wait_closed(), 10)
        assert first.socket.close_code == 1008
        await ups(world, "hub-reader").create("2.25.7001")
        assert await second.states(1) == [("2.25.7001", "SCHEDULED")]


async def test_a_session_that_ends_closes_its_channel(world: World, monkeypatch: Any) -> None:
    """4401, and what happens afterwards is not told (AU-08)."""
    monkeypatch.setattr("telemed.server.ups_channel.RECHECK_SECONDS", 0.05)
    url = await subscribed(world, "hub-reader")
    async with channel(world, "hub-reader", url) as events:
        mine = t.sessions.c.account_id == "hub-reader"
        await world.write(lambda tx: tx.execute(t.sessions.delete().where(mine)))
        await asyncio.wait_for(events.socket.wait_closed(), 10)
        assert events.socket.close_code == 4401


async def test_a_read_only_token_changes_nothing(world: World) -> None:
    """A machine with see-cases alone finds and subscribes, and may do no more (MS A2)."""
    case = await world.sent()
    machine = Ups(world.bearer("hub-reader"))
    uid = await latest(world, case)
    assert uids(await machine.find("")) == {uid}
    for method, path in (("POST", ""), ("PUT", f"/{uid}/state"), ("POST", f"/{uid}"),
                         ("POST", f"/{uid}/cancelrequest")):  # fmt: skip
        assert (await machine.call(method, path, {})).code == "forbidden"
    assert (await machine.subscribe(GLOBAL, "MACHINE")).status == 201


async def test_a_page_needs_its_csrf_value(world: World) -> None:
    """A form of another page cannot claim."""
    case = await world.sent()
    reply = await world.client("hub-reader").call(
        "PUT", f"{ITEMS}/{await latest(world, case)}/state", [to_state("IN PROGRESS", TUID)],
        headers={"X-CSRF-Token": "guess"},
    )  # fmt: skip
    assert reply.code == "bad-origin"
