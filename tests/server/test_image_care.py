"""Legal holds, how long images are kept, and a study moved to the right patient: as pages ask."""

from typing import Any

import pytest

from telemed.store import tables as t
from tests.server.images import changed, files_of, stow
from tests.world import World, canary_of, subject

DESK, BOSS = "county-technician", "county-coordinator"
HIDE = {"level": "study", "reason": "test-images"}
HOLD = {"reason": "医疗纠纷", "asked_by": "县人民法院", "until": "2026-06-01"}


async def held(world: World) -> Any:
    """The county's first study, put on hold by its coordinator."""
    study = await world.study("county")
    await world.client(BOSS).ok("POST", f"/api/studies/{study['id']}/hold", HOLD)
    return study


async def holds(world: World, state: str = "in-force", q: str = "", who: str = DESK) -> list[Any]:
    found: list[Any] = (await world.client(who).get(f"/api/holds?state={state}&q={q}"))["items"]
    return found


async def test_a_hold_says_who_wanted_it_and_how_it_ended(world: World) -> None:
    """It is listed with its study, found by words, looked at again on its day, ended with a
    reason; the history keeps it, and the log has who did what."""
    study = await held(world)
    path = f"/api/studies/{study['id']}"
    (one,) = await holds(world)
    told = {key: one[key] for key in ("reason", "asked_by", "until", "due", "held_by", "study_id")}
    assert told == {**HOLD, "due": False, "held_by": f"医生{BOSS}", "study_id": study["id"]}
    assert one["patient_id"] == canary_of("county").upper()
    assert [len(await holds(world, q=q)) for q in ("人民法院", canary_of("county"), "无")] == [
        1, 1, 0,
    ]  # fmt: skip
    # A second click changes nothing.
    await world.client(BOSS).ok("POST", f"{path}/hold", {**HOLD, "reason": "另一个"})
    assert await holds(world) == [one]
    world.clock.advance(days=100)
    await world.decades_pass()
    (one,) = await holds(world)
    assert one["due"]
    end = {"reason": "判决已生效"}
    await world.client(DESK).refused("forbidden", "POST", f"{path}/hold/end", end)
    await world.client(BOSS).refused("invalid", "POST", f"{path}/hold/end", {})
    await world.client(BOSS).ok("POST", f"{path}/hold/end", end)
    assert await holds(world) == []
    (one,) = await holds(world, "ended")
    assert (one["end_reason"], one["ended_by"], one["due"]) == ("判决已生效", f"医生{BOSS}", False)
    detail = await world.client(DESK).get(path)
    assert [hold["id"] for hold in detail["holds"]] == [one["id"]]
    kinds = [kind for kind in await world.log() if "held" in kind or "hold" in kind]
    assert kinds == ["images.held", "images.hold_ended"]
    noted = await world.rows(t.audit, t.audit.c.object_id == study["id"])
    assert {row["account_id"] for row in noted} == {subject(BOSS).account_id}


async def test_a_hold_asks_for_what_it_needs(world: World) -> None:
    """Reason and asker; a day to come; an own study; the coordinator."""
    study = await world.study("county")
    path = f"/api/studies/{study['id']}/hold"
    for bad in ({"reason": "x"}, {**HOLD, "reason": " "}, {**HOLD, "until": "2026-03-05"}):
        await world.client(BOSS).refused("invalid", "POST", path, bad)
    await world.client(DESK).refused("forbidden", "POST", path, HOLD)
    await world.client("hub-coordinator").refused("not-found", "POST", path, HOLD)
    await world.client(BOSS).ok("POST", path, {**HOLD, "until": None})
    assert [one["until"] for one in await holds(world)] == [None]


async def test_a_hold_shows_on_the_card_of_its_own_institution_only(world: World) -> None:
    """List and detail say it at home; the hospital that reads the case, and other holds' lists,
    are told nothing of it."""
    case = await world.claimed()
    study = await held(world)
    (row,) = [
        one for one in (await world.client(DESK).get("/api/studies"))["items"]
        if one["id"] == study["id"]
    ]  # fmt: skip
    assert row["on_hold"]
    path = f"/api/studies/{study['id']}"
    requester = await world.client("county-requester").get(path)
    assert requester["study"]["on_hold"] and requester["holds"] == []
    there = await world.client("hub-reader").get(path)
    assert (there["study"]["on_hold"], there["holds"], there["keeping"]) == (False, [], None)
    shown = await world.client("hub-reader").get(f"/api/requests/{case}")
    assert [one["on_hold"] for one in shown["studies"]] == [False]
    assert await holds(world, who="hub-coordinator") == []


async def test_what_keeps_images_is_said_before_anybody_tries(world: World) -> None:
    """The list names the day by kind of record, the hold, the case and the second person."""
    study = await held(world)
    detail = await world.client(DESK).get(f"/api/studies/{study['id']}")
    assert detail["keeping"]["since"] == "2026-03-05"
    await world.client(DESK).ok("POST", f"/api/studies/{study['id']}/hide", HIDE)
    (row,) = (await world.client(BOSS).get("/api/removals"))["items"]
    kinds = {one["kind"]: one["until"] for one in row["keeping"]["kinds"]}
    assert kinds == {"outpatient": "2041-03-05", "inpatient": "2056-03-05"}
    assert (row["keeping"]["until"], row["kept_until"]) == ("2056-03-05", "2056-03-05")
    assert (row["on_hold"], row["in_use"], row["mine"]) == (True, False, False)
    (mine,) = (await world.client(DESK).get("/api/removals"))["items"]
    assert mine["mine"]


async def test_the_kind_of_record_may_be_stated_on_deletion(world: World) -> None:
    """An outpatient's images go after 15 years; who says nothing waits for 30."""
    study = await world.study("county")
    made = await world.client(DESK).ok("POST", f"/api/studies/{study['id']}/hide", HIDE)
    path = f"/api/removals/{made['id']}/delete"
    world.clock.advance(days=16 * 366)
    await world.stay_signed_in()
    boss = world.client(BOSS)
    assert (await boss.refused("retention", "POST", path, {}))["until"] == "2056-03-05"
    assert await boss.refused("retention", "POST", path, {"record": "inpatient"})
    await boss.refused("invalid", "POST", path, {"record": "pet"})
    await boss.ok("POST", path, {"record": "outpatient"})


async def test_a_study_of_another_timezone_is_shown_in_ours(world: World) -> None:
    """Its TimezoneOffsetFromUTC is believed at the pages; a search answers what the file says."""

    def abroad(dataset: Any) -> None:
        dataset.StudyInstanceUID += ".5"
        dataset.SeriesInstanceUID += ".5"
        dataset.SOPInstanceUID += ".5"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.TimezoneOffsetFromUTC = "+0000"
        dataset.StudyDate, dataset.StudyTime = "20260304", "233015"

    client = world.client(DESK)
    assert (await stow(client, changed(files_of("county")[0], abroad))).status == 200
    shown = (await client.get("/api/studies"))["items"][0]
    assert (shown["study_date"], shown["study_time"]) == ("20260305", "073015")
    (found,) = await client.get(f"/dicom-web/studies?StudyInstanceUID={shown['study_uid']}")
    assert (found["00080020"]["Value"], found["00080030"]["Value"]) == (["20260304"], ["233015"])


# --- a study of the wrong patient -----------------------------------------------------------------


async def move(world: World, body: dict[str, str], study: Any) -> Any:
    return await world.client(DESK).ok("POST", f"/api/studies/{study['id']}/move", body)


async def test_a_study_moves_to_the_patient_who_was_found(world: World) -> None:
    """The right one is found by name or number; both histories have it, and it is taken back."""
    one, two = await world.study("county"), await world.study("county", 2)
    mark = canary_of("county", 2)
    for who in (DESK, BOSS):
        for words in (mark, mark.upper(), f"zhang%20{mark}"):
            found = (await world.client(who).get(f"/api/patients/candidates?q={words}"))["items"]
            assert [each["id"] for each in found] == [two["patient_ref"]], words
    theirs = await world.client("hub-coordinator").get(f"/api/patients/candidates?q={mark}")
    assert theirs["items"] == []
    draft = await world.draft()
    ahead = await world.client(DESK).get(f"/api/studies/{one['id']}/move")
    assert [(case["id"], case["effect"]) for case in ahead["cases"]] == [(draft["id"], "follows")]
    assert ahead["patient"]["id"] == one["patient_ref"] and not ahead["blocked"]
    made = await move(world, {"to": two["patient_ref"], "reason": "登记错误"}, one)
    assert (await world.row(draft["id"]))["patient_ref"] == two["patient_ref"]
    for ref, incoming in ((one["patient_ref"], False), (two["patient_ref"], True)):
        page = await world.client(DESK).get(f"/api/patients/{ref}")
        (change,) = page["history"]
        assert (change["kind"], change["incoming"], change["id"]) == ("move", incoming, made["id"])
    await world.client(DESK).ok("POST", f"/api/patient-changes/{made['id']}/undo")
    assert (await world.study("county"))["patient_ref"] == one["patient_ref"]
    assert (await world.row(draft["id"]))["patient_ref"] == one["patient_ref"]


async def test_nothing_moves_from_under_a_reader(world: World) -> None:
    """An open case stands in the way and is named; once signed it keeps who was signed, and its
    author is told; taking back is held up in the same way."""
    one, two = await world.study("county"), await world.study("county", 2)
    body = {"to": two["patient_ref"], "reason": "登记错误"}
    case = await world.claimed()
    path = f"/api/studies/{one['id']}/move"
    ahead = await world.client(DESK).get(path)
    assert ahead["blocked"] and [c["effect"] for c in ahead["cases"]] == ["being-read"]
    await world.client(DESK).refused("study-in-use", "POST", path, body)
    await world.write_report(case)
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    assert [c["effect"] for c in (await world.client(DESK).get(path))["cases"]] == ["signed"]
    made = await move(world, body, one)
    shown = await world.client("county-requester").get(f"/api/requests/{case}")
    assert shown["patient"]["id"] == one["patient_ref"]
    assert [change["what"] for change in shown["image_changes"]] == ["corrected"]
    other = await world.claimed(of_patient=2, study_ids=[one["id"]])
    undo = f"/api/patient-changes/{made['id']}/undo"
    await world.client(DESK).refused("study-in-use", "POST", undo)
    assert other


async def test_a_draft_about_two_people_is_not_made(world: World) -> None:
    """A draft that shows another study of the patient too stands in the way."""
    one, two = await world.study("county"), await world.study("county", 2)
    made = await move(world, {"to": two["patient_ref"], "reason": "登记错误"}, one)
    draft = await world.draft(of_patient=2, study_ids=[one["id"], two["id"]])
    path = f"/api/studies/{one['id']}/move"
    ahead = await world.client(DESK).get(path)
    assert [c["effect"] for c in ahead["cases"]] == ["mixed"] and ahead["blocked"]
    (patient,) = await world.rows(t.patients, t.patients.c.id == one["patient_ref"])
    back = {"to": patient["id"], "reason": "x"}
    await world.client(DESK).refused("study-in-use", "POST", path, back)
    undo = f"/api/patient-changes/{made['id']}/undo"
    await world.client(DESK).refused("study-in-use", "POST", undo)
    # The request gives the study up, and the way is free.
    version = {"version": draft["version"], "study_ids": [two["id"]]}
    await world.client("county-requester").ok("PATCH", f"/api/requests/{draft['id']}", version)
    await world.client(DESK).ok("POST", undo)


async def test_a_request_made_since_goes_back_with_its_study(world: World) -> None:
    """It shows nothing else, so it is about whomever the study is of."""
    one, two = await world.study("county"), await world.study("county", 2)
    made = await move(world, {"to": two["patient_ref"], "reason": "登记错误"}, one)
    draft = await world.draft(of_patient=2, study_ids=[one["id"]])
    await world.client(DESK).ok("POST", f"/api/patient-changes/{made['id']}/undo")
    assert (await world.row(draft["id"]))["patient_ref"] == one["patient_ref"]


@pytest.mark.parametrize("who", ["hub-coordinator", "second-technician"])
async def test_another_institutions_study_is_not_moved_nor_looked_at(
    world: World, who: str
) -> None:
    """It is not there, for the outlook and for the deed."""
    study = await world.study("county")
    path = f"/api/studies/{study['id']}/move"
    await world.client(who).refused("not-found", "GET", path)
    theirs = (await world.study(who.partition("-")[0]))["patient_ref"]
    await world.client(who).refused("not-found", "POST", path, {"to": theirs, "reason": "x"})
