"""A discussion that is begun from the page of the case it is about, in one step."""

from typing import Any

import pytest

from telemed.store import tables as t
from tests.server.guidance_house import opened
from tests.server.test_material import copied
from tests.world import CONTENT, World, canary_of, consent

ASKS, NAMED = "county-requester", f"张{canary_of('county')}"
DISCUSSION = {"service": "case_discussion"}


@pytest.fixture
async def house(world: World) -> World:
    """The world with discussions agreed on."""
    await opened(world)
    return world


async def begun(house: World, case: str, who: str = ASKS) -> Any:
    """The draft of a discussion of a case."""
    return await house.client(who).ok("POST", f"/api/requests/{case}/continue", DISCUSSION)


async def test_a_discussion_begins_with_its_case_and_without_the_name(house: World) -> None:
    """Linked, with patient, images and what was written and answered; what names the patient is
    left out, and the rest of it is not; pressed twice it is one draft, of each who presses."""
    written = {"history": f"{NAMED}三天前受凉后咳嗽", "past_history": "青霉素过敏",
               "question": "是否为急性病变"}  # fmt: skip
    case = await house.issued(content={**CONTENT["imaging"], **written})
    one = house.client(ASKS)
    earlier = await one.get(f"/api/requests/{case}")
    assert earlier["goes_on_as"] == ["case_discussion"]
    draft = await begun(house, case)
    assert (draft["service"], draft["state"]) == ("case_discussion", "draft")
    assert draft["content"] == {
        "question": "是否为急性病变",
        "summary": "主诉：咳嗽三天\n既往史（手术、肿瘤、过敏）：青霉素过敏",
        "results": "检查所见：右下肺见片状影\n诊断意见：右下肺炎症",
        "diagnosis": [{"code": "R05.x00", "name": "咳嗽"}],
    }
    assert draft["patient"]["id"] == earlier["patient"]["id"]
    assert [s["id"] for s in draft["studies"]] == [s["id"] for s in earlier["studies"]]
    links = await one.get(f"/api/requests/{draft['id']}/links")
    assert links["source"] == {"id": case, "number": earlier["number"]}
    assert (await begun(house, case))["id"] == draft["id"]
    await house.client("county-coordinator").refused(
        "forbidden", "POST", f"/api/requests/{case}/continue", DISCUSSION
    )
    drafts = t.requests.c.service == "case_discussion"
    assert len(await house.rows(t.requests, drafts)) == 1
    # A text too long for its field is left out whole.
    long = {**CONTENT["imaging"], "history": "咳" * 2000, "past_history": "嗽" * 1000}
    rows = t.requests.c.id == case
    await house.write(
        lambda tx: tx.update(t.requests, rows, {"content": {**long, "exam_findings": "查" * 2000}})
    )
    await one.ok("POST", f"/api/requests/{draft['id']}/discard", {})
    again = await begun(house, case)
    assert again["id"] != draft["id"] and len(again["content"]["summary"]) > 3000
    assert again["content"]["results"].endswith("诊断意见：右下肺炎症")


async def test_who_may_begin_it_and_from_which_case(house: World) -> None:
    """Who may draft, of the asking institution alone; from what was sent and stands; nothing but
    what goes on from a case."""
    case = await house.sent()
    path = f"/api/requests/{case}/continue"
    for who, why in (
        ("county-reader", "forbidden"),
        ("hub-reader", "forbidden"),
        ("hub-requester", "forbidden"),
        ("second-requester", "not-found"),
    ):
        await house.client(who).refused(why, "POST", path, DISCUSSION)
    for who in ("county-reader", "hub-reader"):
        assert (await house.client(who).get(f"/api/requests/{case}"))["goes_on_as"] == []
    one = house.client(ASKS)
    for service in ("imaging", "training", "nothing"):
        await one.refused("invalid", "POST", path, {"service": service})
    unsent = await house.draft()
    assert unsent["goes_on_as"] == []
    await one.refused(
        "illegal-transition", "POST", f"/api/requests/{unsent['id']}/continue", DISCUSSION
    )
    await one.ok("POST", f"/api/requests/{case}/withdraw", {"reason": "no-longer-needed"})
    await one.refused("illegal-transition", "POST", path, DISCUSSION)


async def test_a_case_is_discussed_again_with_the_patient_behind_its_pseudonym(
    house: World,
) -> None:
    """From an answered discussion, not from one that goes on: the patient and the images that the
    copies were made of, and copies under a pseudonym of its own."""
    draft = await house.draft(service="case_discussion", content=CONTENT["case_discussion"],
                              consent=consent("hub", onward=True))  # fmt: skip
    own = draft["patient"]["id"], [s["id"] for s in draft["studies"]]
    await copied(house, draft)
    case, one = draft["id"], house.client(ASKS)
    await one.ok("POST", f"/api/requests/{case}/submit", {})
    path = f"/api/requests/{case}/continue"
    await one.refused("illegal-transition", "POST", path, DISCUSSION)
    await house.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
    await house.write_report(case, findings="诊断不明", positive=None)
    await house.sign(case)
    again = await begun(house, case)
    assert (again["patient"]["id"], [s["id"] for s in again["studies"]]) == own
    told = CONTENT["case_discussion"]
    assert again["content"]["summary"] == told["summary"]
    answer = f"{told['results']}\n讨论意见汇总：诊断不明\n结论："
    assert again["content"]["results"].startswith(answer)
    assert (await copied(house, again))["name"] == "讨论病例 0002"
