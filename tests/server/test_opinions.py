"""Experts at the public face: asked, accepted, declined, written, signed, drawn together.

County asks for a consultation, hub answers, and one of the experts works at second.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.actions.opinions import lapse_all
from telemed.actions.worklist import SYSTEM
from telemed.store.opinion_tables import opinions, signed_opinions
from telemed.store.tx import Tx
from tests.server.test_care_tally import month
from tests.world import PASSWORD, World, canary_of, consent

TEXT = {
    "analysis": "射血分数降低，容量负荷过重",
    "opinion": "先利尿再加用沙库巴曲缬沙坦",
    "advice": "三日后复查电解质",
    "diagnosis": [{"code": "I50.000", "name": "充血性心力衰竭"}],
}


async def asked_case(world: World, **more: Any) -> str:
    """A consultation with a study whose patient agreed to passing on, sent to hub."""
    return await world.sent(
        service="consultation", consent=consent("hub", onward=True), urgency="routine", **more
    )


async def ask(world: World, case: str, who: str, by: str = "hub-coordinator", **more: Any) -> str:
    """Ask somebody; the id of their opinion."""
    path, body = f"/api/requests/{case}/opinions", {"person_id": who, **more}
    answer = await world.client(by).ok("POST", path, body)
    return str(next(o["id"] for o in reversed(answer["items"]) if o["person"]["id"] == who))


async def written(world: World, key: str, who: str, **text: Any) -> int:
    """Accept and write; the version to sign."""
    client = world.client(who)
    now = await client.ok("POST", f"/api/opinions/{key}/accept")
    body = {"version": now["version"], "content": {**TEXT, **text}}
    return int((await client.ok("PUT", f"/api/opinions/{key}/draft", body))["version"])


async def signed(world: World, key: str, who: str, **text: Any) -> Any:
    """Accept, write and sign."""
    body = {"version": await written(world, key, who, **text), "password": PASSWORD}
    return await world.client(who).ok("POST", f"/api/opinions/{key}/sign", body)


async def states(world: World, case: str, who: str = "hub-coordinator") -> dict[str, str]:
    """By person, where their opinion is."""
    found = await world.client(who).get(f"/api/requests/{case}/opinions")
    return {o["person"]["id"]: o["state"] for o in found["items"]}


async def test_two_experts_and_a_chair_answer_a_consultation(world: World) -> None:
    """A chair and two experts are asked, one of them of another institution; both sign, nobody
    reads the other's text before the answer, the chair draws them together, county reads it all."""
    case = await asked_case(world)
    path = f"/api/requests/{case}/opinions"
    chair = await ask(world, case, "hub-verifier", role="chair")
    near = await ask(world, case, "hub-reader2", question="请就用药发表意见")
    far = await ask(world, case, "second-reader", by="hub-verifier")
    world.tell("county", "second")
    facts = await world.client("hub-reader").refused(
        "set-aside", "POST", f"/api/requests/{case}/claim"
    )
    assert facts["holder"] == "医生hub-verifier"

    listed = (await world.client("second-reader").get("/api/opinions"))["items"]
    assert [(i["opinion"]["id"], i["case"]["id"]) for i in listed] == [(far, case)]
    assert listed[0]["opinion"]["allowed"] == ["accept", "decline"]
    await signed(world, near, "hub-reader2")
    seen = (await world.client("second-reader").get(path))["items"]
    assert [o["content"] for o in seen] == [None] * 3
    assert [o["question"] for o in seen] == [""] * 3
    done = await signed(world, far, "second-reader", opinion="同意利尿")
    assert (done["state"], done["content"]["opinion"]) == ("signed", "同意利尿")
    assert done["allowed"] == []

    county = world.client("county-requester")
    assert [o["content"] for o in (await county.get(path))["items"]] == [None] * 3
    lead = world.client("hub-verifier")
    texts = {o["person"]["id"]: o["content"] for o in (await lead.get(path))["items"]}
    assert texts["hub-reader2"] == TEXT and texts["second-reader"]["opinion"] == "同意利尿"
    await lead.ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case, "hub-verifier", positive=None)
    report = await world.sign(case, "hub-verifier")
    assert await states(world, case) == {
        "hub-verifier": "consolidated", "hub-reader2": "signed", "second-reader": "signed",
    }  # fmt: skip
    read = {o["person"]["id"]: o for o in (await county.get(path))["items"]}
    assert read["second-reader"]["content"]["opinion"] == "同意利尿"
    assert read["second-reader"]["institution"]["id"] == "second"
    assert read["hub-reader2"]["question"] == "请就用药发表意见"
    assert [kind for kind in await world.log(case) if kind.startswith("opinion.")] == [
        "opinion.asked", "opinion.asked", "opinion.asked", "opinion.accepted", "opinion.signed",
        "opinion.accepted", "opinion.signed", "opinion.consolidated",
    ]  # fmt: skip
    kept = {r["opinion_id"]: r["sha256"] for r in await world.rows(signed_opinions)}
    assert set(kept) == {near, far} and chair not in kept
    assert report["current"]["state"] == "final"
    reply = await county.call("GET", f"/api/requests/{case}/report.pdf")
    pages = pypdf.PdfReader(BytesIO(reply.body)).pages
    paper = "".join("".join(page.extract_text() for page in pages).split())
    for words in ("专家意见：各专家分别签名", "专家：医生second-reader所在机构：second人民医院",
                  "会诊意见：同意利尿", "诊断：充血性心力衰竭I50.000"):  # fmt: skip
        assert words in paper, (words, paper)
    assert paper.index("医生hub-reader2所在机构：hub人民医院") < paper.index(
        "医生second-reader所在"
    )
    # Both sides archive the record, and whoever gave an opinion keeps what it was given on.
    after = await world.client("second-reader").get(f"/api/requests/{case}")
    assert (after["relation"], after["state"], after["allowed"]) == ("expert", "answered", [])
    values = await month(world, "provider")
    assert [values[code] for code in ("experts_asked", "opinions_signed", "opinions_on_time",
                                      "opinions_on_time_share")] == [3, 2, 2, 1]  # fmt: skip


async def test_an_expert_of_a_third_institution_sees_the_case_and_nobody_else_there(
    world: World,
) -> None:
    """The case, its report and its images over DICOMweb, by search and by name; colleagues see
    nothing of it, and who declined nothing any more."""
    case = await asked_case(world)
    opinion = await ask(world, case, "second-reader")
    world.tell("county", "second")
    expert, uid = world.client("second-reader"), (await world.study("county"))["study_uid"]
    shown = await expert.get(f"/api/requests/{case}")
    assert (shown["relation"], shown["allowed"]) == ("expert", [])
    assert [s["study_uid"] for s in shown["studies"]] == [uid]
    mine = {c["id"] for c in (await expert.get("/api/requests"))["items"]}
    assert case in mine
    images = await _images(world, "second-reader", uid)
    assert images == {"case": 200, "facts": 200, "series": 200, "metadata": 200, "found": 1,
                      "by_patient": 1}  # fmt: skip
    nothing = {"case": 404, "facts": 404, "series": 404, "metadata": 404, "found": 0,
               "by_patient": 0}  # fmt: skip
    nothing["series"] = (await _images(world, "lapsed-reader", uid, case))["series"]
    for colleague in ("second-reader2", "second-coordinator", "second-requester"):
        assert await _images(world, colleague, uid, case) == nothing, colleague
    assert (await world.client("second-reader2").get("/api/opinions"))["items"] == []
    for step in ("", "/accept", "/decline", "/sign"):
        body = {"/sign": {"version": 1, "password": PASSWORD}, "/decline": {"reason": "time"}}
        method = "POST" if step else "GET"
        path = f"/api/opinions/{opinion}{step}"
        await world.client("second-reader2").refused("not-found", method, path, body.get(step))

    await expert.refused("reason-required", "POST", f"/api/opinions/{opinion}/decline",
                         {"reason": "other"})  # fmt: skip
    gone = await expert.ok("POST", f"/api/opinions/{opinion}/decline", {"reason": "time"})
    assert (gone["state"], gone["reason"]["code"], gone["question"]) == ("declined", "time", "")
    assert await _images(world, "second-reader", uid, case) == nothing
    (left,) = (await expert.get("/api/opinions"))["items"]
    assert left["case"] is None and left["opinion"]["content"] is None
    await expert.refused("illegal-transition", "POST", f"/api/opinions/{opinion}/accept")


async def _images(world: World, who: str, uid: str, case: str | None = None) -> dict[str, int]:
    """What somebody gets of a county case and its study, each way there is."""
    client = world.client(who)
    if case is None:
        (row,) = await world.rows(sa.select(opinions.c.request_id).distinct().subquery())
        case = row["request_id"]
    mark = canary_of("county", 1).upper()
    calls = {
        "case": f"/api/requests/{case}",
        "facts": f"/api/requests/{case}/facts",
        "series": f"/dicom-web/studies/{uid}/series",
        "metadata": f"/dicom-web/studies/{uid}/metadata",
    }
    found: dict[str, int] = {
        name: (await client.call("GET", path)).status for name, path in calls.items()
    }
    for name, query in {
        "found": f"StudyInstanceUID={uid}",
        "by_patient": f"PatientID={mark}",
    }.items():
        reply = await client.call("GET", f"/dicom-web/studies?{query}")
        found[name] = len(reply.json) if reply.status == 200 else 0
    return found


async def test_access_ends_with_the_agreement_the_passing_on_and_the_withdrawal(
    world: World,
) -> None:
    """While it is open the agreement between the two must be in force; and an opinion is asked for
    by whoever answers: redirected, the experts of before see nothing."""
    case = await asked_case(world)
    opinion = await ask(world, case, "second-reader")
    world.tell("county", "second")
    expert, path = world.client("second-reader"), f"/api/requests/{case}"
    await expert.get(path)
    await world.end_agreement("second-hub")
    await expert.refused("not-found", "GET", path)
    await expert.refused("not-found", "POST", f"/api/opinions/{opinion}/accept")

    other = await asked_case(world)
    near = await ask(world, other, "hub-reader2")
    body = {"reason": "overflow", "provider_id": "second"}
    await world.client("hub-coordinator").ok("POST", f"/api/requests/{other}/redirect", body)
    assert (await world.rows(opinions, opinions.c.id == near))[0]["state"] == "withdrawn"
    await world.client("hub-reader2").refused("not-found", "GET", f"/api/requests/{other}")
    assert (await world.client("second-coordinator").get(f"/api/requests/{other}/opinions")) == {
        "items": [], "allowed": ["ask"],
    }  # fmt: skip


ASKING: Mapping[str, tuple[str, str, str]] = {
    "not asked there": ("county-requester", "hub-reader", "forbidden"),
    "a reader who does not hold it": ("hub-reader", "hub-reader2", "forbidden"),
    "of whoever asks": ("hub-coordinator", "county-reader", "not-found"),
    "without an agreement": ("hub-coordinator", "lapsed-reader", "not-found"),
    "nobody": ("hub-coordinator", "absent", "not-found"),
    "too young": ("hub-coordinator", "hub-junior", "not-qualified"),
    "no reader": ("hub-coordinator", "hub-technician", "not-qualified"),
    "a stranger": ("second-coordinator", "second-reader", "not-found"),
}


async def test_who_may_ask_whom(world: World) -> None:
    """The coordinator, the chair and the holder ask; asked may be the qualified of the own
    institution and of those under an agreement, nobody twice, and one chair."""
    case = await asked_case(world)
    path = f"/api/requests/{case}/opinions"
    for name, (by, whom, code) in ASKING.items():
        reply = await world.client(by).call("POST", path, {"person_id": whom})
        assert reply.code == code, (name, reply.body)
    lead = world.client("hub-coordinator")
    await ask(world, case, "hub-reader2")
    again = await lead.refused("opinion-asked", "POST", path, {"person_id": "hub-reader2"})
    assert again["name"] == "医生hub-reader2"
    chair = {"person_id": "second-reader", "role": "chair"}
    assert (await lead.refused("not-qualified", "POST", path, chair))["why"] == "other-institution"
    await ask(world, case, "hub-verifier", role="chair")
    second = {"person_id": "hub-reader", "role": "chair"}
    await lead.refused("chair-taken", "POST", path, second)
    for due in (world.clock() - timedelta(minutes=1), world.clock() + timedelta(days=31)):
        body = {"person_id": "hub-reader", "due_at": due.isoformat()}
        await lead.refused("invalid", "POST", path, body)

    found = await lead.get(f"/api/requests/{case}/experts?institution=second&q=reader")
    assert [i["id"] for i in found["institutions"]] == ["hub", "second"] and found["onward"]
    assert {p["id"] for p in found["people"]} == {"second-reader", "second-reader2"}
    here = await lead.get(f"/api/requests/{case}/experts?institution=hub")
    assert {p["id"]: p["why_not"] and p["why_not"]["zh"] for p in here["people"]}["hub-junior"]
    for place in ("county", "lapsed", "absent"):
        await lead.refused("not-found", "GET", f"/api/requests/{case}/experts?institution={place}")


async def test_the_consent_decides_whether_others_may_be_asked(world: World) -> None:
    """Who agreed to one receiver is shown to no third institution (PIPL art. 23)."""
    case = await world.sent(service="consultation")
    lead, path = world.client("hub-coordinator"), f"/api/requests/{case}/opinions"
    await lead.refused("consent-receiver", "POST", path, {"person_id": "second-reader"})
    found = await lead.get(f"/api/requests/{case}/experts")
    assert [i["id"] for i in found["institutions"]] == ["hub"] and not found["onward"]
    await ask(world, case, "hub-reader2")


async def test_a_declined_place_is_given_to_somebody_else_and_one_that_waits_too(
    world: World,
) -> None:
    """Replacing keeps who was asked before; whoever still is asked is told why not."""
    case = await asked_case(world)
    first = await ask(world, case, "hub-reader", question="请看用药")
    await world.client("hub-reader").ok(
        "POST", f"/api/opinions/{first}/decline", {"reason": "field"}
    )
    lead = world.client("hub-coordinator")
    after = await lead.ok("POST", f"/api/opinions/{first}/replace", {"person_id": "hub-reader2"})
    then = after["items"][-1]
    assert (then["instead_of"], then["question"], then["n"]) == (first, "请看用药", 2)
    path = f"/api/opinions/{then['id']}"
    await lead.refused("reason-required", "POST", f"{path}/replace", {"person_id": "hub-verifier"})
    body = {"person_id": "hub-verifier", "reason": "unavailable"}
    await lead.ok("POST", f"{path}/replace", body)
    assert await states(world, case) == {
        "hub-reader": "declined", "hub-reader2": "withdrawn", "hub-verifier": "asked",
    }  # fmt: skip
    last = (await lead.get(f"/api/requests/{case}/opinions"))["items"][-1]
    await lead.refused("reason-required", "POST", f"/api/opinions/{last['id']}/withdraw",
                       {"reason": "busy"})  # fmt: skip
    await lead.ok("POST", f"/api/opinions/{last['id']}/withdraw", {"reason": "not-needed"})
    assert (await states(world, case))["hub-verifier"] == "withdrawn"
    await lead.refused("illegal-transition", "POST", f"/api/opinions/{last['id']}/withdraw",
                       {"reason": "not-needed"})  # fmt: skip


async def test_a_report_is_not_signed_past_experts_who_were_asked(world: World) -> None:
    """Whoever signs waits for them, or says why not: then they are asked no longer."""
    case = await asked_case(world)
    opinion = await ask(world, case, "hub-reader2")
    reader = world.client("hub-reader")
    await reader.ok("POST", f"/api/requests/{case}/claim")
    revision = await world.write_report(case, positive=None)
    path, body = f"/api/requests/{case}/report/sign", {"revision": revision, "password": PASSWORD}
    facts = await reader.refused("opinions-open", "POST", path, body)
    assert (facts["count"], facts["names"]) == (1, "医生hub-reader2")
    await reader.ok("POST", path, {**body, "without": "病情紧急，先行答复"})
    shown = (await reader.get(f"/api/requests/{case}/opinions"))["items"][0]
    assert (shown["state"], shown["reason"]["note"]) == ("withdrawn", "病情紧急，先行答复")
    late = world.client("hub-reader2")
    await late.refused("illegal-transition", "POST", f"/api/opinions/{opinion}/accept")


async def test_what_is_signed_stays_and_what_is_not_is_guarded(world: World) -> None:
    """An empty opinion is not signed, nor an older version, nor without the password; nothing of
    what was signed can be written again, and changed bytes are not shown as valid."""
    case = await asked_case(world)
    opinion = await ask(world, case, "hub-reader2")
    client, path = world.client("hub-reader2"), f"/api/opinions/{opinion}"
    early = {"version": 1, "content": TEXT}
    await client.refused("illegal-transition", "PUT", f"{path}/draft", early)
    version = await written(world, opinion, "hub-reader2", opinion="  ")
    body = {"version": version, "password": PASSWORD}
    await client.refused("opinion-empty", "POST", f"{path}/sign", body)
    saved = await client.ok("PUT", f"{path}/draft", {"version": version, "content": TEXT})
    await client.refused("stale", "PUT", f"{path}/draft", {"version": version, "content": TEXT})
    await client.refused("stale", "POST", f"{path}/sign", body)
    now = {"version": saved["version"], "password": PASSWORD}
    await client.refused("wrong-password", "POST", f"{path}/sign", {**now, "password": "x"})
    await client.ok("POST", f"{path}/sign", now)
    again = {"version": saved["version"] + 1, "content": TEXT}
    await client.refused("illegal-transition", "PUT", f"{path}/draft", again)
    lead = world.client("hub-coordinator")
    for step in ("withdraw", "replace"):
        more = {"person_id": "hub-reader"} if step == "replace" else {}
        body = {"reason": "not-needed", **more}
        await lead.refused("illegal-transition", "POST", f"{path}/{step}", body)
    forged = {"signed_bytes": b'{"content":{"opinion":"x"}}'}
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        await world.write(lambda tx: tx.update(signed_opinions, sa.true(), forged))

    def forge(tx: Tx) -> None:
        tx.execute(sa.text("DROP TRIGGER signed_opinions_no_update"))
        tx.update(signed_opinions, sa.true(), forged)

    await world.write(forge)
    await client.refused("signature-invalid", "GET", path)


async def test_who_does_not_answer_in_time_is_asked_no_longer(world: World) -> None:
    """Lapsed at the due time, not before; who accepted is late and stays. A chair who lets it lie
    gives the case back to everybody."""
    case = await asked_case(world)
    await ask(world, case, "hub-verifier", role="chair")
    kept = await ask(world, case, "hub-reader2")
    await ask(world, case, "second-reader")
    await world.client("hub-reader2").ok("POST", f"/api/opinions/{kept}/accept")

    async def sweep() -> int:
        services = world.services
        act = lambda tx: Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue)  # noqa: E731
        return int(await world.write(lambda tx: lapse_all(act(tx))))

    assert await sweep() == 0
    world.clock.advance(days=1)
    await sweep()  # or the server's own clock was first
    assert await states(world, case) == {
        "hub-verifier": "lapsed", "hub-reader2": "accepted", "second-reader": "lapsed",
    }  # fmt: skip
    lead = world.client("hub-coordinator")
    late = {o["person"]["id"]: o["late"] for o in
            (await lead.get(f"/api/requests/{case}/opinions"))["items"]}  # fmt: skip
    assert late == {"hub-verifier": False, "hub-reader2": True, "second-reader": False}
    await world.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")


async def test_two_coordinators_ask_the_same_person_at_once_and_one_does(world: World) -> None:
    """Of many at once one asks; the others are told that it is done."""
    case = await asked_case(world)
    path, body = f"/api/requests/{case}/opinions", {"person_id": "hub-reader2"}
    lead = world.client("hub-coordinator")
    replies = await asyncio.gather(*(lead.call("POST", path, body) for _ in range(6)))
    assert sorted(r.status for r in replies) == [201] + [409] * 5
    assert len(await world.rows(opinions)) == 1


@pytest.mark.parametrize("step", ["withdraw", "decline"])
async def test_a_case_that_leaves_takes_the_open_questions_with_it(world: World, step: str) -> None:
    """Withdrawn by county or declined by hub: nobody is asked any more and nobody sees it."""
    case = await asked_case(world)
    opinion = await ask(world, case, "second-reader")
    world.tell("county", "second")
    who = "county-requester" if step == "withdraw" else "hub-coordinator"
    reason = {"withdraw": "recovered", "decline": "capacity"}[step]
    codes = await _codes(world, step)
    body = {"reason": reason if reason in codes else codes[0]}
    await world.client(who).ok("POST", f"/api/requests/{case}/{step}", body)
    shown = await world.client("second-reader").get(f"/api/opinions/{opinion}")
    assert (shown["state"], shown["reason"]["code"]) == ("withdrawn", step)
    await world.client("second-reader").refused("not-found", "GET", f"/api/requests/{case}")


async def _codes(world: World, step: str) -> list[str]:
    known = world.services.catalogue.reasons
    return [r.code for r in known if r.step == step and not r.services]
