"""A written consultation: asked with records, answered with an opinion, no study anywhere."""

from io import BytesIO
from typing import Any

import pypdf
import pytest

from telemed.followers.follow import catch_up
from telemed.followers.tallies import TALLIES
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.world import CONTENT, PASSWORD, World

DAY_MINUTES = 24 * 60
"""configs/deadlines.toml: consultation, routine."""
OPINION = {"findings": "心室重构明显", "impression": "加用比索洛尔", "positive": None}


async def asked(world: World, **more: Any) -> str:
    """A consultation without a study, sent to hub."""
    return await world.sent(service="consultation", study_ids=[], **more)


async def test_a_consultation_goes_from_draft_to_confirmed_without_a_study(world: World) -> None:
    """Sent with records alone, due in a day, claimed by a physician of any scope, answered by one
    signature, printed under its own names, checked by its code, read and adopted."""
    case = await asked(world)
    row = await world.row(case)
    assert (row["state"], row["modality"], row["body_part"]) == ("open", None, "03.04")
    assert (row["due_at"] - row["submitted_at"]).total_seconds() == DAY_MINUTES * 60
    pathologist = world.client("hub-pathologist")
    (listed,) = (await pathologist.get("/api/worklist?service=consultation"))["items"]
    assert (listed["body_part"]["zh"], listed["why_not"]) == ("心血管内科", None)
    assert (listed["instance_count"], listed["thumbnail"]) == (0, None)
    await pathologist.ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case, "hub-pathologist", **OPINION)
    signed = (await world.sign(case, "hub-pathologist"))["current"]
    assert (signed["state"], signed["verifier"]) == ("final", None)

    county = world.client("county-requester")
    shown = await county.get(f"/api/requests/{case}/report")
    assert shown["current"]["content"]["fields"]["transfer"] == "planned"
    reply = await county.call("GET", f"/api/requests/{case}/report.pdf")
    pages = pypdf.PdfReader(BytesIO(reply.body)).pages
    paper = "".join("".join(page.extract_text() for page in pages).split())
    for words in ("远程会诊报告单", "拟请专业：心血管内科", "申请科室：内一科", "病情分析：",
                  "会诊意见：加用比索洛尔", "诊疗建议：", "会诊诊断：充血性心力衰竭I50.000",
                  "转诊建议择期转诊", "会诊医师：医生hub-pathologist"):  # fmt: skip
        assert words in paper, (words, paper)
    for words in ("检查所见", "检查部位", "检查日期", "结果判定", "审核医师"):
        assert words not in paper, words
    checked = await county.get(f"/api/verify/{signed['verification_code']}")
    assert (checked["valid"], checked["signers"]) == (True, ["医生hub-pathologist"])

    done = await county.ok("POST", f"/api/requests/{case}/confirm", {"adoption": "partly"})
    assert (done["state"], done["positive"], done["viewer_url"]) == ("confirmed", None, None)
    assert await world.log(case) == [
        "request.drafted",
        "request.submitted",
        "workitem.claimed",
        "report.issued",
        "request.confirmed",
    ]


async def test_the_form_has_what_the_record_of_a_consultation_asks_for(world: World) -> None:
    """WS 445.13 and the notice of 2018: how and when, ward, room and bed, the course of care and
    Chinese medicine may be told; what is told and printed stands on the paper, a blank does not."""
    told = {
        "mode": "live",
        "wanted_at": "2026-03-06T01:30:00Z",
        "ward": "心内一病区",
        "room": "3",
        "bed": "12",
        "course": "术后第三天",
        "tcm_disease": "心衰病",
        "tcm_syndrome": "气虚血瘀",
        "tcm_four": "舌暗苔白",
        "tcm_principle": "益气活血",
    }
    named = {"institution_id": "hub", "code": "MED", "name": "心血管内科", "scope": "03"}

    def of_a_department(tx: Tx) -> None:
        tx.insert(t.departments, named)
        tx.update(t.people, t.people.c.id == "hub-reader", {"department": "MED"})

    await world.write(of_a_department)
    case = await asked(world, content={**CONTENT["consultation"], **told})
    assert (await world.row(case))["content"].items() >= told.items()
    blank = await asked(world)
    for each in (case, blank):
        await world.client("hub-reader").ok("POST", f"/api/requests/{each}/claim")
        await world.write_report(each, **OPINION)
        await world.sign(each)
    printed = (
        "会诊方式：视频会诊",
        "希望会诊时间：2026-03-0609:30",
        "病区：心内一病区",
        "床号：12",
    )
    paper, empty = await _paper(world, case), await _paper(world, blank)
    assert [words for words in printed if words not in paper] == []
    for words in ("申请医师：医生county-requester", "会诊科室：心血管内科"):
        assert words in paper and words in empty, (words, paper)
    assert [words for words in printed if words.split("：")[0] in empty] == []


async def _paper(world: World, case: str) -> str:
    reply = await world.client("county-requester").call("GET", f"/api/requests/{case}/report.pdf")
    pages = pypdf.PdfReader(BytesIO(reply.body)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


async def test_an_opinion_is_neither_positive_nor_negative(world: World) -> None:
    """The form asks for no outcome, so none is kept and the share of positives has no part in it;
    a critical finding of another service's list is refused."""
    case = await asked(world)
    reader = world.client("hub-reader")
    await reader.ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case, **{**OPINION, "positive": True})
    (draft,) = await world.rows(t.report_versions)
    assert draft["content"]["positive"] is None
    body = {"revision": draft["revision"], "content": {"critical": ["tension-pneumothorax"]}}
    await reader.refused("invalid", "PUT", f"/api/requests/{case}/report/draft", body)
    await world.sign(case)
    while await world.services.store.write(lambda tx: catch_up(tx, TALLIES)):
        pass
    of_case = t.tally_entries.c.request_id == case
    counted = {r["indicator"] for r in await world.rows(t.tally_entries, of_case)}
    assert {"issued", "on_time"} <= counted
    assert not {"judged", "positive"} & counted


async def test_a_consultation_may_carry_images_and_is_no_faster_for_it(world: World) -> None:
    """An attached study is shown and printed; the deadline is the service's own."""
    case = await world.sent(service="consultation")
    row = await world.row(case)
    assert row["modality"] == "CT"
    assert (row["due_at"] - row["submitted_at"]).total_seconds() == DAY_MINUTES * 60
    shown = await world.client("hub-coordinator").get(f"/api/requests/{case}")
    assert len(shown["studies"]) == 1 and shown["viewer_url"]


@pytest.mark.parametrize(("who", "why"), [("hub-junior", "years"), ("second-reader", None)])
async def test_any_physician_is_not_everybody(world: World, who: str, why: str | None) -> None:
    """Without scopes the other rules stand: three years of practice, and the asked hospital."""
    case = await asked(world)
    body: dict[str, Any] = {}
    code = "not-qualified" if why else "not-found"
    facts = await world.client(who).refused(code, "POST", f"/api/requests/{case}/claim", body)
    assert facts.get("why") == why
    assert (await world.client(who).get("/api/worklist"))["items"] == []


async def test_an_opinion_is_signed_whole_or_not(world: World) -> None:
    """The disposition is asked for: without it nothing is signed."""
    case = await asked(world)
    reader = world.client("hub-reader")
    await reader.ok("POST", f"/api/requests/{case}/claim")
    revision = await world.write_report(case, fields={"treatment": "加用比索洛尔"})
    body = {"revision": revision, "password": PASSWORD}
    facts = await reader.refused(
        "report-incomplete", "POST", f"/api/requests/{case}/report/sign", body
    )
    assert facts["keys"] == ["diagnosis", "transfer"]
