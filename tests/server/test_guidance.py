"""A guided operation at the public face: who may operate and guide, and how it goes."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from telemed.store import tables as t
from telemed.store.appointment_tables import appointments
from telemed.store.guidance_tables import advice_entries
from telemed.store.pseudonym_tables import pseudonyms
from tests.server.booking import APPOINTMENTS, ASKER, KEEPER, confirmed, has_hours, step
from tests.server.guidance_house import opened, retitle
from tests.server.test_conferences import Page, page
from tests.world import CONTENT, World, canary_of, consent


@pytest.fixture
async def house(world: World) -> World:
    """The world with both services agreed on."""
    await opened(world)
    return world


async def test_a_surgeon_below_the_level_needs_a_reason_and_leave(house: World) -> None:
    """Refused with what is missing; with a reason and a chief's leave it is sent. Nobody gives
    leave to themselves, and nobody of another hospital operates."""
    await retitle(house, "county-reader", "233")
    await retitle(house, "county-coordinator", "232")
    one = house.client("county-requester")
    content = dict(CONTENT["surgery_guidance"])
    draft = await house.draft(service="surgery_guidance", study_ids=[])
    path = f"/api/requests/{draft['id']}"
    assert [m["field"] for m in draft["missing"]] == ["level_reason", "level_approver"]
    await one.refused("incomplete", "POST", f"{path}/submit", {})
    for unfit in ("county-reader", "county-coordinator"):
        leave = {"level_reason": "authorised", "level_approver": {"id": unfit, "name": "谁"}}
        body = {"version": draft["version"], "content": {**content, **leave}}
        draft = await one.ok("PATCH", path, body)
        assert [m["field"] for m in draft["missing"]] == ["level_approver"]
        assert draft["content"]["level_approver"]["name"] == f"医生{unfit}"
    other = {
        "version": draft["version"],
        "content": {**content, "surgeon": {"id": "hub-reader", "name": "谁"}},
    }
    await one.refused("not-found", "PATCH", path, other)
    leave = {"level_reason": "authorised", "level_approver": {"id": "county-reader2", "name": ""}}
    body = {"version": draft["version"], "content": {**content, **leave}}
    await one.refused("invalid", "PATCH", path, body)
    leave["level_approver"]["name"] = "谁"
    draft = await one.ok("PATCH", path, {**body, "content": {**content, **leave}})
    assert draft["missing"] == []
    sent = await one.ok("POST", f"{path}/submit", {})
    assert (sent["state"], sent["body_part"]["zh"]) == ("open", "三级手术")


async def test_a_guide_has_the_title_for_the_level(house: World) -> None:
    """A physician licensed for surgery and below the level is told why before they click; the
    same for whoever is asked for an opinion. At a lower level they may."""
    await retitle(house, "hub-reader2", "233")
    case = await house.sent(service="surgery_guidance", study_ids=[])
    low = house.client("hub-reader2")
    (listed,) = (await low.get("/api/worklist?service=surgery_guidance"))["items"]
    assert "职称" in listed["why_not"]["zh"]
    facts = await low.refused("not-qualified", "POST", f"/api/requests/{case}/claim", {})
    assert facts["why"] == "guide-level"
    chief = house.client("hub-coordinator")
    body = {"person_id": "hub-reader2"}
    facts = await chief.refused("not-qualified", "POST", f"/api/requests/{case}/opinions", body)
    assert facts["why"] == "guide-level"
    await house.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    easy = {**CONTENT["surgery_guidance"], "operation_level": "1"}
    other = await house.sent(service="surgery_guidance", study_ids=[], content=easy)
    await low.ok("POST", f"/api/requests/{other}/claim")


async def test_codes_and_people_for_the_form(house: World) -> None:
    """Operations by code, name and initials; people of the own institution alone."""
    one = house.client("county-requester")
    for q in ("51.23", "腹腔镜下胆囊", "fqjxdn"):
        found = (await one.get(f"/api/operations?q={q}"))["items"]
        assert "51.2300" in {row["code"] for row in found}, q
    staff = (await one.get("/api/staff?q=reader"))["items"]
    assert {row["id"] for row in staff} == {"county-reader", "county-reader2"}
    assert {row["institution_id"] for row in (await one.get("/api/staff"))["items"]} == {"county"}
    await house.client("hub-reader").refused("forbidden", "GET", "/api/staff")


ASKED = {"service": "surgery_guidance", "study_ids": []}


async def under_way(house: World, case: str) -> None:
    """The case's session runs: booked, accompanied, the note acknowledged by both."""
    await has_hours(house, "hub-reader")
    one = await confirmed(house, service="surgery_guidance", request_id=case)
    house.clock.now = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    await house.stay_signed_in()
    path = f"{APPOINTMENTS}/{one['id']}"
    along = {"person_id": "county-reader2"}
    for rest in ("accompanying", "accompanying/confirm"):
        await house.client(ASKER).ok("POST", f"{path}/{rest}", along)
    await house.client(KEEPER).refused(
        "note-unacknowledged", "POST", f"{path}/begin", {"version": one["version"]}
    )
    note = f"/api/requests/{case}/guidance/acknowledge"
    wording = {"version": "2026-1"}
    await house.client("county-verifier").refused("not-the-operator", "POST", note, wording)
    for who in ("county-reader", "hub-reader"):
        shown = await house.client(who).ok("POST", note, {"version": "2026-1"})
    known = {a["side"]: a["person"]["id"] for a in shown["acknowledged"]}
    assert known == {"operating": "county-reader", "guiding": "hub-reader"}
    await step(house, one, "begin", KEEPER)


async def test_an_operation_is_guided_from_the_note_to_the_outcome(house: World) -> None:
    """Nothing is entered before it runs and it does not begin before both took note; advice is
    the guide's, its mark the surgeon's; what stands is corrected by a new entry; the outcome is
    the operating side's, whole or not at all; all of it is in the log without a word of text."""
    case = await house.sent(**ASKED)
    await house.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    path = f"/api/requests/{case}/guidance"
    guide, surgeon = house.client("hub-reader"), house.client("county-reader")
    advice = {"kind": "advice", "text": "先游离胆囊三角"}
    await guide.refused("not-operating", "POST", f"{path}/entries", advice)
    await guide.refused("stale", "POST", f"{path}/acknowledge", {"version": "2025-1"})
    await under_way(house, case)
    await surgeon.refused("not-the-guide", "POST", f"{path}/entries", advice)
    await _advises_if_asked(house, case, advice)
    shown = await guide.ok("POST", f"{path}/entries", advice)
    (first,) = shown["entries"]
    assert (first["side"], first["taken"], shown["side"]) == ("guiding", None, "guiding")
    assert [s["value"] for s in shown["streams"]] == ["field", "room"]
    future = {**advice, "at": "2026-03-06T02:00:00Z"}
    await guide.refused("invalid", "POST", f"{path}/entries", future)
    again = {"kind": "advice", "text": "先显露肝总管", "corrects": first["id"]}
    await surgeon.ok("POST", f"{path}/entries", {"kind": "interruption", "text": "画面中断 20 秒"})
    shown = await guide.ok("POST", f"{path}/entries", again)
    assert [(e["n"], e["corrects"]) for e in shown["entries"]] == [
        (1, None), (2, None), (3, first["id"])
    ]  # fmt: skip
    other = shown["entries"][1]["id"]
    await guide.refused("invalid", "POST", f"{path}/entries", {**advice, "corrects": other})
    mark = f"{path}/entries/{shown['entries'][2]['id']}/mark"
    await guide.refused("not-the-operator", "POST", mark, {"taken": True})
    aside = house.client("county-technician")
    await aside.refused("not-the-operator", "POST", mark, {"taken": True})
    assert (await aside.get(path))["allowed"] == ["enter"]
    await surgeon.refused("reason-required", "POST", mark, {"taken": False})
    shown = await surgeon.ok("POST", mark, {"taken": False, "note": "出血，改变路径"})
    assert shown["entries"][2]["taken"] is False
    await surgeon.refused("already-marked", "POST", mark, {"taken": True})
    await surgeon.refused("invalid", "POST", f"{path}/entries/{other}/mark", {"taken": True})
    with pytest.raises(IntegrityError, match="append-only"):
        await house.write(
            lambda tx: tx.update(advice_entries, advice_entries.c.n == 1, {"text": "x"})
        )
    await ended(house, case)
    told = [k for k in await house.log(case) if k.startswith("guidance.")]
    assert told == [
        *["guidance.acknowledged"] * 2, *["guidance.entered"] * 3, "guidance.marked",
        "guidance.outcome_set",
    ]  # fmt: skip
    facts = await house.rows(t.activities, t.activities.c.request_id == case)
    assert "胆囊" not in repr([row["data"] for row in facts])
    for who in ("second-reader", "lapsed-reader"):
        await house.client(who).refused("not-found", "GET", path)


async def _advises_if_asked(house: World, case: str, advice: dict[str, str]) -> None:
    """Colleagues of the guide see how it goes and enter nothing; one who is asked for an opinion
    guides too, and advises if their title allows it."""
    path = f"/api/requests/{case}/guidance"
    moment = {"kind": "interruption", "text": "画面中断"}
    for who in ("hub-verifier", "hub-reader2", KEEPER):
        colleague = house.client(who)
        seen = await colleague.get(path)
        assert (seen["side"], seen["allowed"]) == (None, [])
        for entry in (advice, moment):
            await colleague.refused("not-the-guide", "POST", f"{path}/entries", entry)
        note = {"version": "2026-1"}
        await colleague.refused("not-the-guide", "POST", f"{path}/acknowledge", note)
    body = {"person_id": "hub-reader2"}
    await house.client(KEEPER).ok("POST", f"/api/requests/{case}/opinions", body)
    assert (await house.client("hub-reader2").get(path))["side"] == "guiding"
    await retitle(house, "hub-reader2", "233")
    facts = await house.client("hub-reader2").refused(
        "not-qualified", "POST", f"{path}/entries", advice
    )
    assert facts["why"] == "guide-level"
    assert (await house.client("hub-reader2").get(path))["entries"] == []


async def test_who_is_listed_to_watch_guides_only_by_saying_so(house: World) -> None:
    """Claimed without saying so it is refused and told why; said so, whoever watched takes part,
    takes note and advises. Whoever sits in it does that without having claimed it."""
    watchers = [{"id": key, "name": "谁"} for key in ("hub-reader", "hub-reader2")]
    case = await house.sent(**ASKED, content={**CONTENT["surgery_guidance"], "watchers": watchers})
    path, watcher = f"/api/requests/{case}", house.client("hub-reader2")
    assert (await watcher.get(path))["listed_to_watch"] is True
    assert (await house.client("hub-verifier").get(path))["listed_to_watch"] is False
    await watcher.refused("listed-to-watch", "POST", f"{path}/claim")
    assert (await watcher.get(path))["claim"] is None
    await has_hours(house, "hub-reader")
    one = await confirmed(house, service="surgery_guidance", request_id=case)
    note, room = {"version": "2026-1"}, f"{APPOINTMENTS}/{one['id']}/conference"
    assert (await watcher.get(room))["standing"] == "watches"
    await watcher.refused("only-watches", "POST", f"{path}/guidance/acknowledge", note)
    assert (await house.client("hub-reader").get(f"{path}/guidance"))["side"] == "guiding"
    await watcher.ok("POST", f"{path}/claim?as_guide=true")
    found = await watcher.get(room)
    assert found["standing"] == "takes part"
    assert "hub-reader2" in {one["person_id"] for one in found["along"]}
    assert found["watchers"] == [], "both take part"
    shown = await watcher.ok("POST", f"{path}/guidance/acknowledge", note)
    assert [a["person"]["id"] for a in shown["acknowledged"]] == ["hub-reader2"]


async def test_who_is_not_named_stays_outside_and_who_watches_takes_no_part(house: World) -> None:
    """Two are listed, of either side: they are named to the others, see and hear by lines of their
    own, and say nothing. Who is in charge and not named keeps the record outside; nobody else
    learns of it. Neither attendance nor minutes count who watched."""
    watchers = [{"id": key, "name": "谁"} for key in ("county-technician", "hub-reader2")]
    content = {**CONTENT["surgery_guidance"], "watchers": watchers}
    case = await house.sent(**ASKED, content=content)
    await house.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    await under_way(house, case)
    (one,) = await house.rows(appointments, appointments.c.request_id == case)
    key, path = one["id"], f"{APPOINTMENTS}/{one['id']}/conference"
    for who in ("hub-verifier", "county-verifier", "second-reader"):
        await house.client(who).refused("not-found", "GET", path)
        async with page(house, who) as other:
            assert (await other.enter(key))["code"] == "not-found"
    for who in (ASKER, KEEPER):
        assert (await house.client(who).get(path))["standing"] == "keeps"
        await house.client(who).refused("named-only", "POST", f"{path}/words", {"text": "x"})
        async with page(house, who) as other:
            assert (await other.enter(key))["code"] == "named-only"
    phoned = {"person_id": "hub-verifier", "joined": True}
    await house.client(KEEPER).refused("not-found", "POST", f"{path}/phone", phoned)
    async with (
        page(house, "hub-reader") as guide,
        page(house, "county-reader") as surgeon,
        page(house, "hub-reader2") as watcher,
    ):
        await guide.enter(key)
        await surgeon.enter(key)
        await watcher.enter(key)
        await guide.until(lambda m: len(m) == 3)
        assert {m["person_id"] for m in guide.members if m["watches"]} == {"hub-reader2"}
        await watcher.send("offer", guide.me, sdp="v=0")
        assert (await guide.next("message"))["from"] == watcher.me
        await _says_nothing(watcher, surgeon)
        await _sends_streams(surgeon, guide)
        await house.client("hub-reader2").refused(
            "only-watches", "POST", f"{path}/words", {"text": "x"}
        )
        advice = {"kind": "advice", "text": "我也说两句"}
        await house.client("hub-reader2").refused(
            "only-watches", "POST", f"/api/requests/{case}/guidance/entries", advice
        )
        found = await house.client("county-reader").get(path)
    assert [one["person_id"] for one in found["watchers"]] == ["county-technician", "hub-reader2"]
    assert {one["person_id"] for one in found["along"]} == {"county-reader", "county-reader2"}
    assert {p["person_id"] for p in found["people"] if p["watched"]} == {"hub-reader2"}
    assert {side["institution_id"]: side["people"] for side in found["sides"]} == {
        "hub": 1, "county": 1,
    }  # fmt: skip
    minutes = await house.client("hub-reader").get(f"{APPOINTMENTS}/{key}/minutes")
    # The form said that it is sent live and nothing more: that stands until something else is said.
    consents = [(c["purpose"], c["answer"], c["signer"]) for c in minutes["consents"]]
    assert consents == [("recording", "refused", "患者本人"), ("teaching", "refused", "患者本人")]
    given = {"purpose": "recording", "answer": "given", "signer": "患者本人", "relation": "self",
             "version": "2026-1"}  # fmt: skip
    after = await house.client(ASKER).ok("POST", f"{APPOINTMENTS}/{key}/minutes/consents", given)
    assert [c["answer"] for c in after["consents"]] == ["given", "refused"]
    assert {one["person_id"]: one["role_words"]["zh"] for one in minutes["people"]} == {
        "hub-reader": "指导专家", "county-reader": "主刀医师",
    }  # fmt: skip


async def _sends_streams(surgeon: Page, guide: Page) -> None:
    """The operating side says which of the service's pictures it sends, and nobody else does."""
    await guide.say(do="state", state={"streams": {"field": "on"}})
    assert (await guide.next("error"))["code"] == "forbidden"
    for bad in ({"heart": "on"}, {"field": "off"}, {"field": 1}, ["field"]):
        await surgeon.say(do="state", state={"streams": bad})
        assert (await surgeon.next("error"))["code"] == "invalid"
    sent = {"field": "on", "room": "thin"}
    await surgeon.say(do="state", state={"streams": sent})
    await guide.until(lambda m: any(one["streams"] == sent for one in m))
    assert not any(one["streams"] for one in guide.members if one["person_id"] != "county-reader")


async def _says_nothing(watcher: Page, surgeon: Page) -> None:
    """Whatever would reach the others is refused, and reaches nobody."""
    for kind in ("view", "note", "still", "media"):
        await watcher.send(kind, surgeon.me, x=1)
        assert (await watcher.next("error"))["code"] == "only-watches"
    for said in ({"streams": {"field": "on"}}, {"hand": True}, {"sharing": True}, {"camera": True}):
        await watcher.say(do="state", state=said)
        assert (await watcher.next("error"))["code"] == "only-watches"
    await watcher.say(do="media", op="publish", offer="v=0")
    assert (await watcher.next("error"))["code"] == "only-watches"
    await watcher.say(do="state", state={"muted": False, "mode": "audio"})
    await surgeon.until(lambda m: any(one["mode"] == "audio" for one in m))
    assert all(one["muted"] for one in surgeon.members if one["watches"])
    await surgeon.silent()


async def test_filming_is_agreed_to_by_the_wording_in_force(house: World) -> None:
    """Without the wording nothing is sent; one that is past is signed anew."""
    content = {**CONTENT["surgery_guidance"]}
    for read, missing in (
        ("", ["filming_wording"]),
        ("2025-1", ["filming_wording"]),
        ("2026-1", []),
    ):
        draft = await house.draft(**ASKED, content={**content, "filming_wording": read})
        assert [m["field"] for m in draft["missing"]] == missing


async def test_who_may_be_listed_to_watch(house: World) -> None:
    """People of the own institution and of those it may ask; of the one that is asked when sent."""
    asker, content = house.client("county-requester"), dict(CONTENT["surgery_guidance"])
    draft = await house.draft(**ASKED)
    path = f"/api/requests/{draft['id']}"

    def listing(*people: str) -> dict[str, object]:
        listed = [{"id": key, "name": "谁"} for key in people]
        return {"version": draft["version"], "content": {**content, "watchers": listed}}

    await asker.refused("not-found", "PATCH", path, listing("lapsed-reader"))
    await asker.refused("invalid", "PATCH", path, listing(*["hub-reader"] * 21))
    draft = await asker.ok("PATCH", path, listing("second-reader"))
    assert [m["field"] for m in draft["missing"]] == ["watchers"]
    draft = await asker.ok("PATCH", path, listing("hub-reader2", "county-technician"))
    assert draft["missing"] == []
    assert [one["name"] for one in draft["content"]["watchers"]] == [
        "医生hub-reader2", "医生county-technician",
    ]  # fmt: skip
    staff = (await asker.get("/api/staff?partners=true&q=hub"))["items"]
    assert {"hub"} == {one["institution_id"] for one in staff}


async def ended(house: World, case: str) -> None:
    """The session ends and the operating side enters the outcome."""
    (one,) = await house.rows(appointments, appointments.c.request_id == case)
    asker, path = house.client("county-requester"), f"/api/requests/{case}/guidance/outcome"
    whole = {
        "course": "changed", "complication": "none", "blood_loss": 80, "result": "平稳返回病房",
        "performed": [{"code": "51.2200", "name": "胆囊切除术"}],
    }  # fmt: skip
    await asker.refused("not-operating", "POST", path, {"content": whole})
    house.clock.advance(minutes=25)
    await step(house, one, "end", KEEPER)
    facts = await asker.refused("incomplete", "POST", path, {"content": {"course": "changed"}})
    assert {m["field"] for m in facts["missing"]} == set(whole) - {"course"}
    shown = await asker.ok("POST", path, {"content": whole})
    assert shown["outcomes"][-1]["content"]["course"] == "changed"
    await house.client("hub-requester").refused("forbidden", "POST", path, {"content": whole})
    house.clock.advance(hours=25)
    await house.stay_signed_in()
    await house.client("hub-reader").refused(
        "not-operating", "POST", f"/api/requests/{case}/guidance/entries",
        {"kind": "advice", "text": "迟"},
    )  # fmt: skip


async def test_a_case_says_that_it_was_discussed_to_those_who_see_both(house: World) -> None:
    """A draft names an earlier case by its number, its own or a visible one. Sent under a
    pseudonym the link is the own institution's alone; with the patient told, whoever sees both."""
    first = await house.sent()
    number = (await house.row(first))["number"]
    one = house.client("county-requester")
    told = consent("hub", identified=True, identified_reason="takeover")
    draft = await house.draft(service="case_discussion", consent=told)
    path = f"/api/requests/{draft['id']}"
    await one.refused("not-found", "PUT", f"{path}/source", {"number": "YX20200101-0001"})
    await one.refused("not-found", "PUT", f"/api/requests/{first}/source", {"number": number})
    found = await one.ok("PUT", f"{path}/source", {"number": number})
    assert found["source"] == {"id": first, "number": number}
    assert (await one.get(f"/api/requests/{first}/links"))["continued"] == []
    await one.ok("POST", f"{path}/submit", {})
    link = [{"id": draft["id"], "number": draft["number"]}]
    for who in ("county-requester", "hub-reader"):
        assert (await house.client(who).get(f"/api/requests/{first}/links"))["continued"] == link
    whose = t.patients.c.patient_id == canary_of("county").upper()
    (pseudonym,) = await house.rows(t.patients, whose)
    row = {
        "id": "p", "institution_id": "county", "n": 1, "request_id": draft["id"],
        "original_ref": pseudonym["id"], "patient_ref": pseudonym["id"], "seed": "s",
        "shift_days": 30, "study_ids": [], "left_out": 0, "made_by": "county-requester",
        "made_at": house.clock.now,
    }  # fmt: skip
    await house.write(lambda tx: tx.insert(pseudonyms, row))
    assert (await one.get(f"/api/requests/{first}/links"))["continued"] == link
    hub = house.client("hub-reader")
    assert (await hub.get(f"/api/requests/{first}/links"))["continued"] == []
    assert (await hub.get(f"{path}/links"))["source"] is None
