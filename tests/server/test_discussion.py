"""A discussion of several institutions: no text of it names the patient, and who came is counted.

County asks, hub answers with one of its own in the chair, second's expert sits in it. The case is
told under a pseudonym.
"""

from typing import Any

import pytest

from telemed.core.minutes import DISCUSSION, SUMMARY, opinion_of
from telemed.store import minutes_tables as m
from telemed.store import tables as t
from tests.server.aftercare import days_pass, followed, of_case
from tests.server.booking import APPOINTMENTS, KEEPER, confirmed, has_hours, step
from tests.server.guidance_house import opened
from tests.server.test_care_tally import month
from tests.server.test_material import copied, drafted
from tests.server.test_minutes import archived, say, sign
from tests.world import PASSWORD, World, canary_of

CHAIR, THIRD, ASKS = "hub-reader", "second-reader", "county-requester"
NAMED = f"张{canary_of('county')}"
PHONE, ID_NUMBER = "13807731234", "450328198001015548"


@pytest.fixture
async def house(world: World) -> World:
    """The world with discussions agreed on, and a patient with an id number and a telephone."""
    await opened(world)
    study = await world.study("county")
    told = {"id_number": ID_NUMBER, "phone": PHONE}
    await world.write(
        lambda tx: tx.update(t.patients, t.patients.c.id == study["patient_ref"], told)
    )
    return world


async def under_way(house: World) -> tuple[str, str]:
    """A case under a pseudonym and its session, begun, with hub's chair and second's expert."""
    draft = await drafted(house)
    await copied(house, draft)
    path = f"/api/requests/{draft['id']}"
    await house.client(ASKS).ok("POST", f"{path}/submit", {})
    lead = house.client(KEEPER)
    await lead.ok("POST", f"{path}/opinions", {"person_id": CHAIR, "role": "chair"})
    await lead.ok("POST", f"{path}/opinions", {"person_id": THIRD})
    await has_hours(house, CHAIR)
    hours = {"rows": [{"weekdays": [0, 1, 2, 3, 4], "begins": "08:00", "ends": "12:00",
                       "first": "2026-01-01"}]}  # fmt: skip
    keeps = f"/api/calendars/people/{THIRD}/hours"
    await house.client("second-coordinator").ok("PUT", keeps, hours)
    seats = [{"role": "expert-chair", "person_id": CHAIR}, {"role": "expert", "person_id": THIRD}]
    one = await confirmed(
        house, "09:00", service="case_discussion", request_id=draft["id"], seats=seats
    )
    house.clock.advance(hours=17)
    await step(house, one, "begin", KEEPER)
    return draft["id"], one["id"]


async def end(house: World, key: str) -> None:
    """The session ends half an hour later."""
    house.clock.advance(minutes=30)
    await step(house, await house.client(KEEPER).get(f"{APPOINTMENTS}/{key}"), "end", KEEPER)


async def refused(house: World, who: str, method: str, path: str, body: Any, *places: str) -> None:
    """Refused, with the places named and nothing else told."""
    facts = await house.client(who).refused("names-patient", method, path, body)
    assert [place["en"] for place in facts["places"]] == list(places)


async def test_no_text_of_a_discussion_names_its_patient(house: World) -> None:
    """Notes, place, chat, an expert's question and opinion, summary, reservation and the asking
    side's remark: each is refused where it is kept or signed, and the places are named. What is
    refused is nowhere; written another way it is taken."""
    case, key = await under_way(house)
    minutes, path = f"{APPOINTMENTS}/{key}/minutes", f"/api/requests/{case}"
    note = {"section": DISCUSSION, "base": 0, "change": [f"患者{NAMED}，咳嗽"], "key": "k1"}
    await refused(house, ASKS, "POST", f"{minutes}/changes", note, "discussion")
    spoken = {**note, "section": opinion_of(THIRD), "change": ["电话 138 0773 1234"]}
    named = "opinion of 医生second-reader"
    await refused(house, THIRD, "POST", f"{minutes}/changes", spoken, named)
    head = {"version": 1, "place": f"{ID_NUMBER} 病房", "absent": [], "also": []}
    await refused(house, CHAIR, "PUT", f"{minutes}/head", head, "place")
    assert await house.rows(m.minutes_changes) == []
    said = {"text": f"这是{NAMED}吗"}
    chat = f"{APPOINTMENTS}/{key}/conference/words"
    await refused(house, CHAIR, "POST", chat, said, "message")
    ask = {"person_id": "hub-reader2", "question": f"{NAMED}能手术吗"}
    await refused(house, KEEPER, "POST", f"{path}/opinions", ask, "What of them in particular")
    tick = {"key": "lab", "there": False, "note": f"缺{NAMED}的血沉"}
    await refused(house, KEEPER, "PUT", f"{path}/checklist", tick, "remark")
    back = {"reason": "missing-history", "note": f"请补{NAMED}的病史"}
    await refused(house, KEEPER, "POST", f"{path}/return", back, "remark")
    await opinion_written(house, path)
    await say(house, key, ASKS, DISCUSSION, "患者咳嗽三月。")
    await say(house, key, CHAIR, SUMMARY, "先行支气管镜。")
    await end(house, key)
    seen = await house.client(CHAIR).get(minutes)
    closing = {"version": seen["version"], "head": seen["head"]}
    closed = await house.client(CHAIR).ok("POST", f"{minutes}/close", closing)
    reserve = {"sha256": closed["closing"]["sha256"], "stance": "reserve", "password": PASSWORD,
               "words": f"{NAMED}应先增强扫描"}  # fmt: skip
    await refused(house, THIRD, "POST", f"{minutes}/sign", reserve, "reservation")
    await sign(house, key, THIRD, "reserve", "应先增强扫描")
    await sign(house, key, CHAIR)
    await summed_up(house, case)
    read = {"adoption": "adopted", "final_diagnosis": "肺炎", "note": f"{NAMED}已出院"}
    await refused(house, ASKS, "POST", f"{path}/confirm", read, "remark")
    await house.client(ASKS).ok("POST", f"{path}/confirm", {**read, "note": "患者已出院"})
    thanks = {"scores": {"timeliness": 5, "usefulness": 5, "communication": 5},
              "words": f"{NAMED}已好转"}  # fmt: skip
    await refused(house, ASKS, "PUT", f"{path}/evaluation", thanks, "evaluation")
    await followed(house)
    await days_pass(house, 7)
    seven = (await of_case(house, case))[0]
    better = {"outcome": "improved", "advice": "followed", "note": f"{NAMED}已出院"}
    await refused(house, ASKS, "POST", f"/api/follow-ups/{seven['id']}", better, "remark")


async def opinion_written(house: World, path: str) -> None:
    """The third institution's opinion: kept as a draft, not signed while it names the patient."""
    expert = house.client(THIRD)
    (mine,) = (await expert.get("/api/opinions"))["items"]
    key = f"/api/opinions/{mine['opinion']['id']}"
    one = await expert.ok("POST", f"{key}/accept")
    text = {"opinion": f"先行支气管镜，家属电话{PHONE}", "analysis": "肺癌不除外"}
    one = await expert.ok("PUT", f"{key}/draft", {"version": one["version"], "content": text})
    body = {"version": one["version"], "password": PASSWORD}
    await refused(house, THIRD, "POST", f"{key}/sign", body, "Opinion")
    text["opinion"] = "先行支气管镜"
    one = await expert.ok("PUT", f"{key}/draft", {"version": one["version"], "content": text})
    await expert.ok("POST", f"{key}/sign", {"version": one["version"], "password": PASSWORD})


async def summed_up(house: World, case: str) -> None:
    """The chair's summary, refused while it names the patient."""
    await house.client(CHAIR).ok("POST", f"/api/requests/{case}/claim")
    revision = await house.write_report(case, CHAIR, findings=f"证件号 {ID_NUMBER}", positive=None)
    body = {"revision": revision, "password": PASSWORD}
    path = f"/api/requests/{case}/report/sign"
    await refused(house, CHAIR, "POST", path, body, "What was said")
    await house.write_report(case, CHAIR, findings="右上肺结节", positive=None)
    await house.sign(case, CHAIR)


async def test_what_named_the_patient_before_can_be_struck_out_and_is_not_signed(
    house: World,
) -> None:
    """Words of before are refused only when they are closed: others write on behind them, and
    whoever strikes them out is not refused. A case told with its patient is not searched."""
    _, key = await under_way(house)
    await say(house, key, CHAIR, SUMMARY, "支气管镜。")
    await say(house, key, CHAIR, DISCUSSION, "患者")
    whose = m.minutes_sections.c.section == DISCUSSION
    old = f"患者{NAMED}"
    await house.write(lambda tx: tx.update(m.minutes_sections, whose, {"text": old}))
    minutes = f"{APPOINTMENTS}/{key}/minutes"
    note = {"section": DISCUSSION, "base": 2, "change": [len(old), "。"], "key": "k3"}
    house.tell("county", "hub")
    await house.client(CHAIR).ok("POST", f"{minutes}/changes", note)
    await end(house, key)
    seen = await house.client(CHAIR).get(minutes)
    body = {"version": seen["version"], "head": seen["head"]}
    await refused(house, CHAIR, "POST", f"{minutes}/close", body, "discussion")
    strike = {"section": DISCUSSION, "base": 3, "change": [2, -len(NAMED)], "key": "k4"}
    await house.client(CHAIR).ok("POST", f"{minutes}/changes", strike)
    await house.client(CHAIR).ok("POST", f"{minutes}/close", {**body, "head": 4})
    case = await house.sent(of_patient=1)
    await has_hours(house, "hub-reader2")
    other = await confirmed(house, "11:00", "hub-reader2", request_id=case)
    note = {"section": DISCUSSION, "base": 0, "change": [f"患者{NAMED}"], "key": "k1"}
    await house.client(ASKS).ok("POST", f"{APPOINTMENTS}/{other['id']}/minutes/changes", note)


async def test_who_really_came_is_counted_by_institution(house: World) -> None:
    """Nobody was in the conference: whoever sat in it came, but for whom the minutes call absent.
    Each institution has a fact of its own, and each number opens to it."""
    case, key = await under_way(house)
    house.tell("county", "hub")
    minutes = f"{APPOINTMENTS}/{key}/minutes"
    head = {"version": 0, "place": "视频", "absent": [], "also": ["county-reader"]}
    await house.client(KEEPER).ok("PUT", f"{minutes}/head", head)
    consent = {"purpose": "teaching", "answer": "given", "signer": NAMED, "relation": "self",
               "version": "2026-1"}  # fmt: skip
    await house.client(ASKS).ok("POST", f"{minutes}/consents", consent)
    told = {who: await signer(house, who, minutes) for who in (ASKS, CHAIR, THIRD)}
    assert told == {ASKS: NAMED, CHAIR: "", THIRD: ""}
    await say(house, key, CHAIR, SUMMARY, "先行支气管镜。")
    await end(house, key)
    facts = await house.rows(t.activities, t.activities.c.kind == "appointment.attended")
    came = {f["data"]["provider"]: f["data"]["people"] for f in facts}
    assert came == {"county": 1, "hub": 1, "second": 1}
    assert {f["request_id"] for f in facts} == {case}
    (ended,) = await house.rows(t.activities, t.activities.c.kind == "appointment.ended")
    assert ended["data"]["institutions"] == 3
    asked = await month(house)
    assert (asked["institutions_attended"], asked["sessions_of_several_share"]) == (3, 1)
    path = "/api/tally/cases?month=2026-03&side=provider&indicator=institutions_attended"
    (one,) = (await house.client("second-admin").get(path))["items"]
    assert (one["request_id"], one["visible"]) == (case, False)
    seen = await house.client(CHAIR).get(minutes)
    body = {"version": seen["version"], "head": seen["head"]}
    await house.client(CHAIR).ok("POST", f"{minutes}/close", body)
    for who in (CHAIR, THIRD, "county-reader"):
        await sign(house, key, who)
    await archived(house, key, ASKS)


async def signer(house: World, who: str, minutes: str) -> Any:
    """Who signed the consent to teaching, as somebody is told."""
    consents = (await house.client(who).get(minutes))["consents"]
    return next(c["signer"] for c in consents if c["purpose"] == "teaching")
