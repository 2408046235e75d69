"""A discussion's material without its patient: no third eye finds whose it is, anywhere."""

from io import BytesIO
from typing import Any

import orjson
import pydicom
import pypdf
import pytest

from telemed.store import tables as t
from telemed.store.pseudonym_tables import pixel_checks, pseudonyms
from tests.server.guidance_house import opened
from tests.world import CONTENT, PASSWORD, World, canary_of, consent

MARK = canary_of("county")
NAME = "张"
"""The patient is Zhang^zqcounty1=张^zqcounty1."""


@pytest.fixture
async def house(world: World) -> World:
    """The world with discussions agreed on, and a patient with an id number and a telephone."""
    await opened(world)
    study = await world.study("county")
    told = {"id_number": "450328198001015548", "phone": "13807731234"}
    await world.write(
        lambda tx: tx.update(t.patients, t.patients.c.id == study["patient_ref"], told)
    )
    return world


async def drafted(house: World, **content: Any) -> Any:
    """A complete draft of a discussion with the patient as they are."""
    told = {**CONTENT["case_discussion"], **content}
    return await house.draft(
        service="case_discussion", content=told, consent=consent("hub", onward=True)
    )


async def copied(house: World, draft: Any, **more: Any) -> Any:
    """Ask until the copies are shown."""
    one, path = house.client("county-requester"), f"/api/requests/{draft['id']}/deidentification"
    body = {"version": draft["version"], **more}
    for _ in range(20):
        found = await one.ok("POST", path, body)
        if found["state"] == "shown":
            return found
    raise AssertionError(found)


async def test_a_discussion_is_sent_without_its_patient_and_nobody_finds_out(house: World) -> None:
    """Refused with the patient; copied, sent, discussed by a third hospital's expert, answered.
    Lists, QIDO, metadata, files, pictures, PDF and facts show the pseudonym alone: whoever of
    another hospital reads the patient's mark fails this test wherever it happens."""
    one = house.client("county-requester")
    draft = await drafted(house)
    path = f"/api/requests/{draft['id']}"
    assert [m["field"] for m in draft["missing"]] == ["material"]
    await one.refused("incomplete", "POST", f"{path}/submit", {})
    found = await copied(house, draft)
    assert (found["total"], found["done"], found["left_out"], found["at_risk"]) == (2, 2, 0, [])
    shown = await one.get(path)
    assert shown["patient"]["name"] == found["name"] == "讨论病例 0001"
    assert (shown["patient"]["id_number"], shown["patient"]["phone"]) == ("", "")
    assert shown["patient"]["birth_date"] == "1980-01-01" and shown["missing"] == []
    # From here on hub and second are told of nothing that is the patient's: no `tell`.
    sent = await one.ok("POST", f"{path}/submit", {})
    assert sent["state"] == "open"
    lead = house.client("hub-coordinator")
    (listed,) = (await lead.get("/api/worklist?service=case_discussion"))["items"]
    assert listed["patient_name"] == "讨论病例 0001"
    seen = await lead.get(path)
    assert (seen["consent"]["signer"], seen["patient"]["patient_id"]) == ("", "TL000001")
    body = {"person_id": "second-reader"}
    await lead.ok("POST", f"{path}/opinions", body)
    for who in ("hub-reader", "second-reader"):
        await everything(house, who, draft["id"], found)
    for who, why in (("hub-requester", "forbidden"), ("second-requester", "not-found")):
        await house.client(who).refused(why, "GET", f"{path}/deidentification")
    await answered(house, draft["id"])
    facts = await house.rows(t.activities, t.activities.c.request_id == draft["id"])
    told = repr([(row["kind"], row["data"]) for row in facts])
    assert MARK not in told and "request.deidentified" in told
    await everything(house, "hub-reader", draft["id"], found)


async def everything(house: World, who: str, case: str, found: Any) -> None:
    """Look everywhere as somebody who may see the case; `Client` watches for the mark."""
    client = house.client(who)
    shown = await client.get(f"/api/requests/{case}")
    (study,) = shown["studies"]
    uid = study["study_uid"]
    base = f"/dicom-web/studies/{uid}"
    rows = await client.get(f"/dicom-web/studies?StudyInstanceUID={uid}&includefield=all")
    assert rows[0]["00100010"]["Value"][0]["Alphabetic"] == "讨论病例^0001"
    assert await client.get(f"{base}/series?includefield=all")
    (first, *_) = await client.get(f"{base}/instances?includefield=all")
    metadata = await client.get(f"{base}/metadata")
    assert NAME not in orjson.dumps(metadata).decode()
    series, instance = (first[tag]["Value"][0] for tag in ("0020000E", "00080018"))
    one = f"{base}/series/{series}/instances/{instance}"
    accept = {"Accept": 'multipart/related; type="application/dicom"'}
    whole = await client.call("GET", one, headers=accept)
    at = whole.body.index(b"DICM") - 128
    told = pydicom.dcmread(BytesIO(whole.body[at:]))
    assert (str(told.PatientName), told.PatientIdentityRemoved) == ("讨论病例^0001", "YES")
    assert "ReferringPhysicianName" not in told or not str(told.ReferringPhysicianName)
    for looks in (f"{one}/rendered", f"{base}/thumbnail"):
        assert (await client.call("GET", looks)).status == 200
    for words in (MARK, MARK.upper(), "Zhang", "450328198001015548"):
        query = f"StudyInstanceUID={uid}&PatientName=*{words}*"
        found_by = await client.call("GET", f"/dicom-web/studies?{query}")
        assert found_by.status == 204 or found_by.json == []
    original = await house.study("county")
    for gone in (f"/dicom-web/studies/{original['study_uid']}/metadata",):
        assert (await client.call("GET", gone)).status == 404
    await client.get(f"/api/requests/{case}/facts")
    await client.get(f"/api/requests/{case}/opinions")


async def answered(house: World, case: str) -> None:
    """The third hospital's expert signs, hub's reader sums up; the sheet names the pseudonym."""
    expert = house.client("second-reader")
    (mine,) = (await expert.get("/api/opinions"))["items"]
    key = f"/api/opinions/{mine['opinion']['id']}"
    one = await expert.ok("POST", f"{key}/accept")
    text = {"version": one["version"], "content": {"opinion": "先行支气管镜"}}
    one = await expert.ok("PUT", f"{key}/draft", text)
    await expert.ok("POST", f"{key}/sign", {"version": one["version"], "password": PASSWORD})
    reader = house.client("hub-reader")
    await reader.ok("POST", f"/api/requests/{case}/claim")
    await house.write_report(case, positive=None)
    await house.sign(case)
    for who in ("hub-reader", "second-reader", "county-requester"):
        reply = await house.client(who).call("GET", f"/api/requests/{case}/report.pdf")
        paper = "".join(p.extract_text() for p in pypdf.PdfReader(BytesIO(reply.body)).pages)
        assert MARK not in paper.lower() and "讨论病例" in "".join(paper.split())


async def test_a_text_that_names_the_patient_keeps_the_draft_here(house: World) -> None:
    """The places are named; once they are clean it is sent."""
    draft = await drafted(
        house, summary=f"张{MARK}，咳嗽三月", agenda=["病情汇报", "电话 138-0773-1234"]
    )
    await copied(house, draft)
    one, path = house.client("county-requester"), f"/api/requests/{draft['id']}"
    shown = await one.get(path)
    assert [(m["section"], m["field"]) for m in shown["missing"]] == [
        ("meeting", "agenda"), ("record", "summary")
    ]  # fmt: skip
    facts = await one.refused("incomplete", "POST", f"{path}/submit", {})
    assert {m["field"] for m in facts["missing"]} == {"agenda", "summary"}
    body = {"version": shown["version"], "content": dict(CONTENT["case_discussion"])}
    assert (await one.ok("PATCH", path, body))["missing"] == []
    await one.ok("POST", f"{path}/submit", {})


async def test_pixels_at_risk_are_looked_at_by_somebody(house: World) -> None:
    """Where an image says that something is burnt in, or comes from where names are drawn, it is
    refused until each such study was looked at; who did stays."""
    draft = await drafted(house)
    (study,) = draft["studies"]
    path = f"/api/requests/{draft['id']}/deidentification"
    await house.write(
        lambda tx: tx.update(t.series, t.series.c.study_id == study["id"], {"modality": "US"})
    )
    one = house.client("county-requester")
    assert (await one.get(path))["at_risk"] == [study["id"]]
    body = {"version": draft["version"]}
    facts = await one.refused("pixels-unchecked", "POST", path, body)
    assert facts["studies"] == [study["id"]]
    await one.refused("pixels-unchecked", "POST", path, {**body, "looked_at": ["another"]})
    await copied(house, draft, looked_at=[study["id"]])
    (check,) = await house.rows(pixel_checks)
    assert (check["study_id"], check["looked_by"]) == (study["id"], "county-requester")


async def test_copies_are_undone_and_done_again_as_the_same(house: World) -> None:
    """The originals come back; again, it is the same pseudonym and the same images. Nobody joins a
    pseudonym to a person, and somebody else's draft has nothing to copy."""
    draft = await drafted(house)
    found = await copied(house, draft)
    one, path = house.client("county-requester"), f"/api/requests/{draft['id']}"
    (copy,) = (await one.get(path))["studies"]
    back = await one.ok("POST", f"{path}/deidentification/undo", {"version": found["version"]})
    assert back["state"] == "begun"
    shown = await one.get(path)
    assert shown["studies"][0]["id"] == draft["studies"][0]["id"]
    await one.refused("stale", "POST", f"{path}/deidentification", {"version": 1})
    again = await copied(house, shown)
    assert again["name"] == found["name"]
    assert (await one.get(path))["studies"][0]["study_uid"] == copy["study_uid"]
    (row,) = await house.rows(pseudonyms)
    tech = house.client("county-technician")
    refs = (row["patient_ref"], row["original_ref"])
    for whose, into in (refs, refs[::-1]):
        body = {"into": into, "reason": "同一人"}
        await tech.refused("not-two-patients", "POST", f"/api/patients/{whose}/merge", body)
    await house.client("hub-requester").refused(
        "not-found", "POST", f"{path}/deidentification", {"version": 1}
    )


async def test_with_a_reason_and_a_consent_that_says_so_the_patient_is_told(house: World) -> None:
    """A waiver does not do, nor a reason off the list; with both it is sent as it is."""
    draft = await drafted(house)
    one, path = house.client("county-requester"), f"/api/requests/{draft['id']}"
    version = draft["version"]
    for unfit in ({"identified": True}, {"identified": True, "identified_reason": "convenient"},
                  {"identified_reason": "takeover"}):  # fmt: skip
        body = {"version": version, "consent": consent("hub", **unfit)}
        draft = await one.ok("PATCH", path, body)
        version = draft["version"]
        assert [m["field"] for m in draft["missing"]] == ["material"], unfit
    told = consent("hub", identified=True, identified_reason="takeover")
    draft = await one.ok("PATCH", path, {"version": version, "consent": told})
    assert draft["missing"] == []
    house.tell("county", "hub")
    await one.ok("POST", f"{path}/submit", {})
    (fact,) = await house.rows(t.activities, t.activities.c.kind == "request.submitted")
    assert fact["data"]["material"] == "identified"
