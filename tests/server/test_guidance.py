"""A guided operation at the public face: who may operate, who may guide."""

import pytest

from tests.server.guidance_house import opened, retitle
from tests.world import CONTENT, World


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
