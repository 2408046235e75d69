"""The hand-over of a shift: a signed sheet of what is open, and the cases that change hands."""

from typing import Any

from telemed.store import tables as t
from tests.world import PASSWORD, World

HANDOVERS = "/api/handovers"


async def signed(world: World, cases: list[dict[str, Any]], to: str = "hub-reader2") -> Any:
    """A sheet of hub-reader's, signed."""
    body = {"to_id": to, "remark": "夜间急诊多", "cases": cases, "password": PASSWORD}
    return await world.client("hub-reader").ok("POST", HANDOVERS, body)


async def test_a_shift_changes_hands_with_what_was_begun(world: World) -> None:
    """Passed cases wait for the next reader and go on with the text; others are kept or freed."""
    passed, kept, freed = [await world.claimed(urgency="urgent") for _ in range(3)]
    await world.write_report(passed, findings="写了一半")
    reader, other = world.client("hub-reader"), world.client("hub-reader2")
    draft = await reader.get(f"{HANDOVERS}/draft")
    assert {line["request_id"] for line in draft["cases"]} == {passed, kept, freed}
    assert [line["deed"] for line in draft["cases"]] == ["pass"] * 3
    assert "hub-reader" not in {person["id"] for person in draft["colleagues"]}
    sheet = await signed(
        world,
        [
            {"request_id": passed, "deed": "pass", "note": "等既往片"},
            {"request_id": kept, "deed": "keep"},
            {"request_id": freed, "deed": "release"},
        ],
    )
    assert (sheet["outgoing"]["id"], sheet["incoming"]["id"]) == ("hub-reader", "hub-reader2")
    assert sheet["genuine"] is True and sheet["queue"]["held"] == 2
    world.clock.advance(minutes=60)
    await reader.refused(
        "forbidden", "POST", f"{HANDOVERS}/{sheet['id']}/accept", {"password": PASSWORD}
    )
    accepted = await other.ok("POST", f"{HANDOVERS}/{sheet['id']}/accept", {"password": PASSWORD})
    outcome = {line["request_id"]: line["outcome"] for line in accepted["cases"]}
    assert outcome == {passed: "taken", kept: None, freed: None}
    written = await other.get(f"/api/requests/{passed}/report")
    assert written["current"]["content"]["findings"] == "写了一半" and written["editable"] is True
    assert (await world.log(passed))[-1] == "workitem.taken_over"
    again = await other.ok("POST", f"{HANDOVERS}/{sheet['id']}/accept", {"password": PASSWORD})
    assert again["state"] == "accepted"
    assert [k for k in await world.log() if k.startswith("handover")] == [
        "handover.signed", "handover.accepted",
    ]  # fmt: skip
    paper = await other.call("GET", f"{HANDOVERS}/{sheet['id']}/sheet.pdf")
    assert paper.body[:5] == b"%PDF-"
    facts = await world.rows(t.activities, t.activities.c.kind == "handover.signed")
    assert "zqcounty1" not in str(facts) and "既往" not in str(facts)


async def test_what_may_not_be_taken_stays_and_says_why(world: World) -> None:
    """Whoever is not licensed for it, or comes after somebody took it over, gets a reason."""
    image, gone = await world.claimed(), await world.claimed()
    cases = [{"request_id": each, "deed": "pass"} for each in (image, gone)]
    sheet = await signed(world, cases, to="hub-ecg")
    await world.client("hub-verifier").ok(
        "POST", f"/api/requests/{gone}/takeover", {"reason": "urgent"}
    )
    done = await world.client("hub-ecg").ok(
        "POST", f"{HANDOVERS}/{sheet['id']}/accept", {"password": PASSWORD}
    )
    outcome = {line["request_id"]: line["outcome"] for line in done["cases"]}
    assert outcome == {image: "scope", gone: "not-theirs"}
    held = (await world.client("hub-reader").get("/api/worklist?tab=aside"))["items"]
    assert [row["id"] for row in held] == [image]


async def test_a_sheet_is_of_ones_own_cases_and_institution(world: World) -> None:
    """Others' cases cannot be handed over, nor to a stranger, nor without the password."""
    mine = await world.claimed()
    theirs = await world.claimed(who="hub-reader2")
    reader = world.client("hub-reader")
    body = {"to_id": "hub-reader2", "password": PASSWORD}
    others = [{"request_id": theirs, "deed": "pass"}]
    await reader.refused("stale", "POST", HANDOVERS, {**body, "cases": others})
    await reader.refused("not-found", "POST", HANDOVERS, {**body, "to_id": "second-reader"})
    await reader.refused("not-found", "POST", HANDOVERS, {**body, "to_id": "hub-reader"})
    await reader.refused("wrong-password", "POST", HANDOVERS, {**body, "password": "x" * 12})
    await reader.refused("invalid", "POST", HANDOVERS, {**body, "from_id": "hub-reader2"})
    sheet = await signed(world, [{"request_id": mine, "deed": "keep", "note": "x"}])
    stranger = world.client("second-reader")
    assert (await stranger.get(HANDOVERS))["items"] == []
    await stranger.refused("not-found", "GET", f"{HANDOVERS}/{sheet['id']}")
    await stranger.refused("not-found", "GET", f"{HANDOVERS}/{sheet['id']}/sheet.pdf")
    await world.write(
        lambda tx: tx.update(t.handovers, t.handovers.c.id == sheet["id"], {"signature": b"no"})
    )
    assert (await reader.get(f"{HANDOVERS}/{sheet['id']}"))["genuine"] is False
