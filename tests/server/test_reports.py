"""Writing, signing and revising: who may, what is kept, and that tampering is found."""

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pypdf
import pytest
import sqlalchemy as sa

from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.world import PASSWORD, World

CRITICAL = {"critical": ["tension-pneumothorax"]}


def of(case: str, step: str = "") -> str:
    """The path of a case's report, or of a step on it."""
    return f"/api/requests/{case}/report" + (f"/{step}" if step else "")


async def printed(world: World, case: str, who: str = "county-requester", query: str = "") -> str:
    """The text of the printed report."""
    reply = await world.client(who).call("GET", f"/api/requests/{case}/report.pdf{query}")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/pdf"), reply.body
    pages = pypdf.PdfReader(BytesIO(reply.body)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


async def tamper(world: World, do: Any) -> None:
    """Change a signed row as somebody with the database file could: triggers taken off first."""

    def unlocked(tx: Tx) -> None:
        for name in ("update", "delete", "replace"):
            tx.execute(sa.text(f"DROP TRIGGER signed_reports_no_{name}"))
        do(tx)

    await world.write(unlocked)


# --- signing --------------------------------------------------------------------------------------


async def test_two_doctors_make_a_report(world: World) -> None:
    """Written by one, verified by another: preliminary, then final; the request is answered."""
    case = await world.claimed()
    await world.write_report(case)
    first = await world.sign(case)
    assert (first["current"]["state"], first["current"]["verification_code"]) == (
        "preliminary",
        None,
    )
    assert (await world.row(case))["state"] == "open"
    done = (await world.sign(case, "hub-verifier", "verify"))["current"]
    assert (done["state"], done["author"]["person_id"], done["verifier"]["person_id"]) == (
        "final",
        "hub-reader",
        "hub-verifier",
    )
    row = await world.row(case)
    assert (row["state"], row["issued_at"], row["positive"]) == ("answered", world.clock(), True)
    assert [w["state"] for w in await world.rows(t.workitems)] == ["COMPLETED"]


async def test_where_one_signature_is_enough_one_is(world: World) -> None:
    """An ECG is final at its author's signature: ten minutes leave no room for a second."""
    case = await world.issued(service="ecg")
    version = (await world.rows(t.report_versions))[0]
    assert (version["state"], version["verifier_id"]) == ("final", None)
    assert (await world.row(case))["state"] == "answered"


async def test_nobody_verifies_their_own_report(world: World) -> None:
    """四眼: the verifier who wrote it is refused, and it is not offered."""
    case = await world.claimed("hub-verifier")
    await world.write_report(case, "hub-verifier")
    signed = await world.sign(case, "hub-verifier")
    assert signed["may_verify"] is False
    body = {"revision": signed["current"]["revision"], "password": PASSWORD}
    client = world.client("hub-verifier")
    await client.refused("four-eyes", "POST", of(case, "verify"), body)
    assert not await world.rows(t.signed_reports)


@pytest.mark.parametrize("who", ["hub-ecg", "hub-pathologist"])
async def test_who_may_not_read_it_may_not_verify_or_revise_it(world: World, who: str) -> None:
    """A verifier of another discipline is refused as a reader of it would be."""
    case = await world.claimed()
    await world.write_report(case)
    signed = await world.sign(case)
    body = {"revision": signed["current"]["revision"], "password": PASSWORD}
    client = world.client(who)
    assert "verify" not in (await client.get(f"/api/requests/{case}"))["allowed"]
    await client.refused("not-qualified", "POST", of(case, "verify"), body)
    await client.refused("not-qualified", "POST", of(case, "send-back"), {"note": "请修改"})
    await world.sign(case, "hub-verifier", "verify")
    revision = {"kind": "addendum", "reason": "补充"}
    await client.refused("not-qualified", "POST", of(case, "revise"), revision)


async def test_signing_asks_who_you_are(world: World) -> None:
    """Without a password, with a wrong one, or by a machine, nothing is signed (RP-05)."""
    case = await world.claimed()
    revision = await world.write_report(case)
    client, path = world.client("hub-reader"), of(case, "sign")
    await client.refused("sign-again", "POST", path, {"revision": revision, "password": ""})
    wrong = {"revision": revision, "password": "not-my-password"}
    await client.refused("wrong-password", "POST", path, wrong)
    machine = await world.bearer("hub-reader").call("POST", path, wrong)
    assert machine.code == "forbidden"
    assert (await world.rows(t.report_versions))[0]["state"] == "draft"


async def test_what_is_signed_is_the_revision_that_was_seen(world: World) -> None:
    """A signature on an older revision, and an autosave from an older tab, are stale (RP-04)."""
    case = await world.claimed()
    revision = await world.write_report(case)
    client = world.client("hub-reader")
    old = {"revision": revision - 1, "password": PASSWORD}
    await client.refused("stale", "POST", of(case, "sign"), old)
    draft = {"revision": revision - 1, "content": {"findings": "旧窗口"}}
    await client.refused("stale", "PUT", of(case, "draft"), draft)
    assert (await client.get(of(case)))["current"]["content"]["findings"] == "右下肺见片状影"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"findings": " "}, "report-empty"),
        ({"impression": ""}, "report-empty"),
        ({"fields": {}}, "report-incomplete"),
        ({"fields": {"quality": ""}}, "report-incomplete"),
    ],
)
async def test_an_unfinished_report_cannot_be_signed(
    world: World, content: dict[str, Any], code: str
) -> None:
    """Findings, impression and the service's own required fields."""
    case = await world.claimed()
    revision = await world.write_report(case, **content)
    body = {"revision": revision, "password": PASSWORD}
    await world.client("hub-reader").refused(code, "POST", of(case, "sign"), body)


async def test_the_verifier_sends_a_report_back(world: World) -> None:
    """The author gets the pen again with the verifier's words; signing again works."""
    case = await world.claimed()
    await world.write_report(case)
    await world.sign(case)
    body = {"note": "请补充右肺描述"}
    await world.client("hub-verifier").ok("POST", of(case, "send-back"), body)
    shown = (await world.client("hub-reader").get(of(case)))["current"]
    assert (shown["state"], shown["reason"], shown["author"]) == ("draft", body["note"], None)
    await world.write_report(case, impression="修改后的意见")
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    kinds = ["report.signed", "report.sent_back", "report.signed", "report.issued"]
    assert (await world.log(case))[3:] == kinds
    shown = await world.client("county-requester").get(of(case))
    assert shown["current"]["reason"] == "", "the verifier's words are between colleagues"


async def test_an_addendum_needs_words_and_not_the_whole_form(world: World) -> None:
    """What is added says what it adds; the image quality was graded in the original."""
    case = await world.issued()
    body = {"kind": "addendum", "reason": "supplement"}
    await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    await world.write_report(case, findings="补充测量", impression="同前", fields={})
    after = await world.sign(case)
    assert after["current"]["kind"] == "addendum"


# --- who reads ------------------------------------------------------------------------------------


async def test_the_requesting_side_never_reads_a_draft(world: World) -> None:
    """Draft, preliminary and an unfinished amendment are the writing side's alone (RP-11)."""
    case = await world.claimed()
    mark = "zqdraft"
    world.told[mark] = {"hub"}
    await world.write_report(case, findings=mark)
    for who in ("county-requester", "county-technician", "region"):
        seen = await world.client(who).get(of(case))
        assert (seen["versions"], seen["current"]) == ([], None)
    await world.sign(case)
    assert (await world.client("county-requester").get(of(case)))["versions"] == []
    reply = await world.client("county-requester").call("GET", f"/api/requests/{case}/report.pdf")
    assert reply.code == "not-found"
    world.told[mark].add("county")
    await world.sign(case, "hub-verifier", "verify")
    amended = "zqamend"
    world.told[amended] = {"hub"}
    body = {"kind": "amendment", "reason": "diagnosis-corrected"}
    await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    await world.write_report(case, findings=amended)
    seen = await world.client("county-requester").get(of(case))
    assert [v["state"] for v in seen["versions"]] == ["final"]
    assert mark in await printed(world, case) and amended not in await printed(world, case)


async def test_supervision_reads_no_report(world: World) -> None:
    """A regulator sees that there is one, masked, and cannot print it."""
    case = await world.issued()
    region = world.client("region")
    assert (await region.get(of(case)))["versions"] == []
    shown = await region.get(f"/api/requests/{case}")
    assert (shown["patient_name"][0], set(shown["patient_name"][1:])) == ("张", {"*"})
    assert (shown["patient"], shown["studies"], shown["content"]) == (None, [], {})
    reply = await region.call("GET", f"/api/requests/{case}/report.pdf")
    assert reply.code == "forbidden"


# --- revisions ------------------------------------------------------------------------------------


async def test_an_amendment_is_a_new_version_and_must_be_read_again(world: World) -> None:
    """The old version stays as it was; the requester confirms anew; facts tell of it."""
    case = await world.issued()
    one = world.client("county-requester")
    await one.ok("POST", f"/api/requests/{case}/confirm", {"adoption": "adopted"})
    before = await world.rows(t.signed_reports)
    body = {"kind": "amendment", "reason": "diagnosis-corrected"}
    begun = await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    assert begun["current"]["content"]["findings"] == "右下肺见片状影"
    await world.write_report(case, impression="更正：右下肺结核", positive=False)
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    row = await world.row(case)
    assert (row["state"], row["adoption"], row["positive"]) == ("answered", None, False)
    kept = {r["version_id"]: r for r in await world.rows(t.signed_reports)}
    assert len(kept) == 2 and kept[before[0]["version_id"]] == before[0]
    seen = await one.get(of(case))
    assert [v["kind"] for v in seen["versions"]] == ["original", "amendment"]
    assert seen["current"]["content"]["impression"] == "更正：右下肺结核"
    assert seen["versions"][0]["content"]["impression"] == "右下肺炎症"
    newer = orjson.loads(kept[seen["current"]["id"]]["signed_bytes"])
    assert newer["previous_sha256"] == before[0]["sha256"]
    again = await one.ok("POST", f"/api/requests/{case}/confirm", {"adoption": "partly"})
    assert (again["state"], again["adoption"]) == ("confirmed", "partly")
    assert (await world.log(case))[-4:] == [
        "request.confirmed", "report.signed", "report.amended", "request.confirmed",
    ]  # fmt: skip


async def test_an_addendum_adds_and_does_not_replace(world: World) -> None:
    """The report in force stays the original; both are printed."""
    case = await world.issued()
    body = {"kind": "addendum", "reason": "supplement"}
    begun = await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    assert begun["current"]["content"]["findings"] == ""
    await world.write_report(case, findings="补充所见甲乙丙", impression="补充意见丁")
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    seen = await world.client("county-requester").get(of(case))
    assert seen["current"]["kind"] == "original"
    text = await printed(world, case)
    assert "补充所见甲乙丙" in text and "右下肺见片状影" in text


async def test_an_unfinished_revision_can_be_set_aside(world: World) -> None:
    """The original is not a revision and cannot be; a discarded one leaves the report as it was."""
    case = await world.claimed()
    reader = world.client("hub-reader")
    await reader.refused("not-claim-holder", "POST", of(case, "discard-revision"))
    await world.write_report(case)
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    body = {"kind": "amendment", "reason": "wording"}
    await reader.ok("POST", of(case, "revise"), body)
    facts = await reader.refused("illegal-transition", "POST", of(case, "revise"), body)
    assert facts["state"]["en"] == "draft"
    after = await reader.ok("POST", of(case, "discard-revision"))
    assert (after["current"]["kind"], after["may_revise"]) == ("original", True)


# --- what is signed -------------------------------------------------------------------------------


async def test_signed_reports_refuse_update_and_delete(world: World) -> None:
    """The database itself keeps what was signed (RP-07)."""
    await world.issued()
    table = t.signed_reports
    for statement in (
        sa.update(table).values(signed_bytes=b"{}"),
        sa.update(table).values(verification_code="X"),
        sa.delete(table),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            await world.write(lambda tx, statement=statement: tx.execute(statement))
    assert len(await world.rows(table)) == 1


async def test_the_signed_bytes_name_the_case_and_hash_to_what_is_shown(world: World) -> None:
    """A signature cannot be moved: request, hospitals, patient and studies are in the bytes."""
    case = await world.issued()
    kept = (await world.rows(t.signed_reports))[0]
    content = orjson.loads(kept["signed_bytes"])
    row = await world.row(case)
    assert (content["request"], content["number"]) == (case, row["number"])
    assert (content["requester"]["id"], content["provider"]["id"]) == ("county", "hub")
    assert content["studies"] == [(await world.study("county"))["study_uid"]]
    assert content["content"]["impression"] == "右下肺炎症"
    shown = (await world.client("county-requester").get(of(case)))["current"]
    assert shown["sha256"] == kept["sha256"] == hashlib.sha256(kept["signed_bytes"]).hexdigest()
    signer = world.services.signer
    assert signer.verify(kept["signed_bytes"], kept["signature"], kept["key_id"])


@pytest.mark.parametrize("column", ["signed_bytes", "signature", "key_id"])
async def test_tampering_with_what_was_signed_is_found(world: World, column: str) -> None:
    """One changed byte: the paper is refused, the check page says it is not valid (RP-01)."""
    case = await world.issued()
    kept = (await world.rows(t.signed_reports))[0]
    old = kept[column]
    if column == "key_id":
        new: object = "ed25519:0000000000000000"
    elif column == "signed_bytes":
        new = old.replace("右下肺炎症".encode(), "左下肺炎症".encode())
    else:
        new = bytes([old[0] ^ 1]) + old[1:]
    assert new != old
    await tamper(world, lambda tx: tx.execute(sa.update(t.signed_reports).values({column: new})))
    reply = await world.client("county-requester").call("GET", f"/api/requests/{case}/report.pdf")
    assert reply.code == "signature-invalid" and b"%PDF" not in reply.body
    code = kept["verification_code"]
    assert (await world.client("nobody").get(f"/api/verify/{code}"))["valid"] is False


async def test_changing_the_row_beside_the_bytes_changes_no_paper(world: World) -> None:
    """What is printed comes from the signed bytes, not from the editable row."""
    case = await world.issued()
    forged = {"findings": "伪造的所见", "impression": "伪造的意见", "positive": False}
    await world.write(lambda tx: tx.execute(sa.update(t.report_versions).values(content=forged)))
    text = await printed(world, case)
    assert "右下肺炎症" in text and "伪造" not in text


async def test_a_row_that_differs_from_what_was_signed_is_not_shown(world: World) -> None:
    """The screen says so instead of showing a text that nobody signed."""
    case = await world.issued()
    forged = {"findings": "伪造的所见", "impression": "伪造的意见", "positive": False}
    await world.write(lambda tx: tx.execute(sa.update(t.report_versions).values(content=forged)))
    shown = (await world.client("county-requester").get(of(case)))["current"]
    assert shown["content"]["impression"] == "右下肺炎症"
    body = {"kind": "amendment", "reason": "wording"}
    begun = await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    assert begun["current"]["content"]["impression"] == "右下肺炎症"


async def test_a_flipped_bit_anywhere_in_what_was_signed_is_found(world: World) -> None:
    """Bytes that no longer verify, or no longer read, are called invalid and believed nothing."""
    case = await world.issued()
    kept = (await world.rows(t.signed_reports))[0]
    signed, code = kept["signed_bytes"], kept["verification_code"]
    await tamper(world, lambda tx: None)
    for at in range(0, len(signed), len(signed) // 20):
        flipped = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        change = sa.update(t.signed_reports).values(signed_bytes=flipped)
        await world.write(lambda tx, change=change: tx.execute(change))
        seen = await world.client("nobody").get(f"/api/verify/{code}")
        assert (seen["valid"], seen["patient"], seen["signers"]) == (False, "", [])
        await world.client("county-requester").refused("signature-invalid", "GET", of(case))


async def test_the_paper_carries_names_number_and_code(world: World) -> None:
    """The PDF's text can be searched and shows both signers, the number and the check code."""
    case = await world.issued()
    text = await printed(world, case, "hub-reader")
    kept = (await world.rows(t.signed_reports))[0]
    code = kept["verification_code"]
    number = (await world.row(case))["number"]
    words = ["右下肺见片状影", "右下肺炎症", "医生hub-reader", "医生hub-verifier"]
    for part in (*words, number, f"{code[:4]}-{code[4:8]}-{code[8:]}"):
        assert part in text, part


async def test_anybody_with_the_paper_may_check_it_and_learns_no_more(world: World) -> None:
    """The check page is public, masks the patient, and says when a version was superseded."""
    case = await world.issued()
    kept = (await world.rows(t.signed_reports))[0]
    code = kept["verification_code"]
    stranger = world.client("nobody")
    grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}".lower()
    seen = await stranger.get(f"/api/verify/{grouped}")
    assert (seen["valid"], seen["superseded"], seen["sha256"]) == (True, False, kept["sha256"])
    assert seen["patient"][0] == "张" and set(seen["patient"][1:]) == {"*"}
    assert "不属于" in seen["legal"]["zh"]
    assert "findings" not in seen and "右下肺" not in str(seen)
    await stranger.refused("not-found", "GET", "/api/verify/AAAABBBBCCCC")
    body = {"kind": "amendment", "reason": "wording"}
    await world.client("hub-reader").ok("POST", of(case, "revise"), body)
    await world.write_report(case, impression="右下肺炎")
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    assert (await stranger.get(f"/api/verify/{code}"))["superseded"] is True


# --- critical findings ----------------------------------------------------------------------------


async def test_a_critical_finding_is_notified_at_the_first_signature(world: World) -> None:
    """Minutes matter: the requesting side knows before the second signature, once."""
    case = await world.claimed()
    await world.write_report(case, **CRITICAL)
    await world.sign(case)
    one = world.client("county-requester")
    assert [r["id"] for r in (await one.get("/api/todo"))["critical"]] == [case]
    notice = (await one.get(f"/api/requests/{case}"))["critical_notices"][0]
    assert (notice["finding"], notice["acknowledged_at"]) == ("tension-pneumothorax", None)
    await world.sign(case, "hub-verifier", "verify")
    assert len(await world.rows(t.critical_notices)) == 1
    assert (await world.log(case)).count("critical.raised") == 1
    assert (await world.row(case))["critical"] is True


async def test_the_printed_report_tells_the_critical_finding_s_way(world: World) -> None:
    """What is owed, and then who acknowledged and acted on it, with the action and the time."""
    case = await world.issued(report=CRITICAL)
    one = world.client("county-requester")
    told = await printed(world, case)
    assert "危急值处置记录" in told and "尚未确认" in told and "尚未登记处置" in told
    path = f"/api/requests/{case}/critical/{(await world.rows(t.critical_notices))[0]['id']}"
    await one.ok("POST", f"{path}/acknowledge", {"action": "已电话通知急诊科"})
    world.clock.advance(minutes=30)
    at = world.clock() - timedelta(minutes=10)
    await one.ok(
        "POST",
        f"{path}/acted-on",
        {"code": "transferred", "note": "救护车送市医院", "at": at.isoformat()},
    )
    told = await printed(world, case)
    name = (await one.get("/api/session"))["name"]
    shown = f"{at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d%H:%M}"
    assert f"已转院；救护车送市医院{name}{shown}" in told, told
    assert "已电话通知急诊科" in told and "尚未" not in told
    for other in ("hub-reader", "county-coordinator"):
        assert "救护车送市医院" in await printed(world, case, other)


async def test_a_critical_finding_is_acknowledged_once(world: World) -> None:
    """The first acknowledgement stands with its time and action; repeating it is harmless."""
    case = await world.claimed()
    await world.write_report(case, **CRITICAL)
    await world.sign(case)
    notice = (await world.rows(t.critical_notices))[0]["id"]
    path = f"/api/requests/{case}/critical/{notice}/acknowledge"
    one = world.client("county-requester")
    await one.ok("POST", path, {"action": "已行胸腔穿刺"})
    world.clock.advance(minutes=5)
    again = await one.ok("POST", path, {"action": "别的"})
    assert again["critical_notices"][0]["action"] == "已行胸腔穿刺"
    assert again["critical_open"] is False
    assert (await world.log(case)).count("critical.acknowledged") == 1
    wrong = path.replace(notice, "absent")
    await one.refused("not-found", "POST", wrong, {"action": "甲"})
    await one.refused("invalid", "POST", path, {"action": " "})
