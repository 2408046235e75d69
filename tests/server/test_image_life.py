"""Hidden, put back, deleted, held, merged, moved: what lists, counts and viewers say after each."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from telemed.store import removals as store
from telemed.store import tables as t
from telemed.store.removal_tables import removed_instances
from tests.server.images import changed, files_of, stow
from tests.world import World, canary_of

DESK, SECOND = "county-technician", "county-coordinator"
HOLD = {"reason": "医疗纠纷", "asked_by": "县人民法院"}
HIDE = {"level": "study", "reason": "test-images"}


async def hidden(world: World, **more: Any) -> tuple[Any, str]:
    """The county's first study, and the removal that hid (part of) it."""
    study = await world.study("county")
    path = f"/api/studies/{study['id']}/hide"
    made = await world.client(DESK).ok("POST", path, {**HIDE, **more})
    return study, made["id"]


async def sees(world: World, who: str, study: Any) -> tuple[int, int, int]:
    """How many studies a search by UID finds, the status of metadata, and our own list's."""
    client = world.client(who)
    uid = study["study_uid"]
    found = await client.get(f"/dicom-web/studies?StudyInstanceUID={uid}")
    looked = await client.call("GET", f"/dicom-web/studies/{uid}/metadata")
    listed = (await client.get("/api/studies"))["items"]
    return len(found), looked.status, sum(row["id"] == study["id"] for row in listed)


async def test_a_hidden_study_is_nowhere_and_comes_back_whole(world: World) -> None:
    """Search, retrieval, list, keys and counts forget it; putting it back restores all of it."""
    before = await world.study("county")
    study, removal = await hidden(world)
    assert await sees(world, DESK, study) == (0, 404, 0)
    mark = canary_of("county").upper()
    assert await world.client(DESK).get(f"/dicom-web/studies?PatientID={mark}") == []
    assert await world.rows(t.study_keys, t.study_keys.c.study_id == study["id"]) == []
    # The modality sends it again: it stays hidden.
    assert (await stow(world.client(DESK), *files_of("county"))).status == 409
    await world.client(DESK).ok("POST", f"/api/removals/{removal}/restore")
    assert await sees(world, DESK, study) == (1, 200, 1)
    after = await world.study("county")
    apart = ("updated_at",)
    assert {k: v for k, v in before.items() if k not in apart} == {
        k: v for k, v in after.items() if k not in apart
    }
    assert await world.rows(removed_instances) == []


async def test_what_a_study_says_is_right_without_what_was_hidden(world: World) -> None:
    """Counts, modalities, classes and descriptions are those of what is left."""
    first = files_of("county")[0]

    def as_us(dataset: Any) -> None:
        dataset.SeriesInstanceUID = dataset.StudyInstanceUID + ".77"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = (
            dataset.StudyInstanceUID + ".78"
        )
        dataset.Modality = "OT"

    study = await world.study("county")
    assert (await stow(world.client(DESK), changed(first, as_us))).status == 200
    grown = await world.study("county")
    assert (grown["modalities"], grown["series_count"]) == ("CT\\OT", 2)
    await hidden(world, level="series", uid=study["study_uid"] + ".77")
    left = await world.study("county")
    for key in ("modalities", "series_count", "instance_count", "bytes", "search_json"):
        assert left[key] == study[key], key
    series = await world.client(DESK).get(f"/dicom-web/studies/{study['study_uid']}/series")
    assert [one["00080060"]["Value"] for one in series] == [["CT"]]


async def test_nothing_is_taken_from_under_a_reader(world: World) -> None:
    """While a request is open its study cannot be hidden; afterwards its report is flagged."""
    case = await world.claimed()
    study = await world.study("county")
    path = f"/api/studies/{study['id']}/hide"
    await world.client(DESK).refused("study-in-use", "POST", path, HIDE)
    await world.write_report(case)
    await world.sign(case)
    await world.sign(case, "hub-verifier", "verify")
    await world.client(DESK).ok("POST", path, HIDE)
    shown = await world.client("hub-reader").get(f"/api/requests/{case}")
    assert shown["studies"] == [] and shown["viewer_url"] is None
    assert [change["what"] for change in shown["image_changes"]] == ["hidden"]
    assert await sees(world, "hub-reader", study) == (0, 404, 0)


async def test_what_a_signed_report_was_made_on_stays_in_reach_of_its_parties(
    world: World,
) -> None:
    """Hidden since, it is shown with the report; images that came later are not of it."""
    case = await world.issued()
    world.clock.advance(minutes=5)
    assert (await stow(world.client(DESK), files_of("county", slices=3)[2])).status == 200
    await hidden(world)
    path = f"/api/requests/{case}/signed-images"
    for who in ("county-requester", "hub-reader"):
        items = (await world.client(who).get(path))["items"]
        assert len(items) == 2, who
        picture = await world.client(who).call("GET", items[0]["picture"])
        assert picture.body.startswith(b"\xff\xd8"), who
        strange = await world.client("second-reader").call("GET", items[0]["picture"])
        assert strange.status == 404


async def test_deleting_takes_two_people_retention_and_no_hold(world: World) -> None:
    """ST A5: each condition refuses by itself; then it is 410 to its own and 404 to others."""
    study, removal = await hidden(world)
    path = f"/api/removals/{removal}/delete"
    await world.client(DESK).refused("forbidden", "POST", path, {})
    second = world.client(SECOND)
    facts = await second.refused("retention", "POST", path, {})
    assert facts["until"] == "2056-03-05"
    await world.decades_pass()
    await second.ok("POST", f"/api/studies/{study['id']}/hold", HOLD)
    await second.refused("on-hold", "POST", path, {})
    await second.ok("POST", f"/api/studies/{study['id']}/hold/end", {"reason": "已结案"})
    await second.ok("POST", path, {})
    uid = study["study_uid"]
    gone = await second.call("GET", f"/dicom-web/studies/{uid}/metadata")
    assert (gone.status, gone.code) == (410, "gone")
    for who in ("hub-reader", "lapsed-technician"):
        absent = await world.client(who).call("GET", f"/dicom-web/studies/{uid}/metadata")
        assert absent.status == 404, who
    assert (await stow(world.client(DESK), *files_of("county"))).status == 409
    await second.refused("illegal-transition", "POST", f"/api/removals/{removal}/restore")
    kinds = await world.log()
    assert [k for k in kinds if k.startswith("images.")] == [
        "images.hidden", "images.held", "images.hold_ended", "images.deleted",
    ]  # fmt: skip


async def test_whoever_hid_it_does_not_delete_it(world: World) -> None:
    """四眼 for what cannot be undone."""
    study = await world.study("county")
    path = f"/api/studies/{study['id']}/hide"
    removal = (await world.client(SECOND).ok("POST", path, HIDE))["id"]
    await world.decades_pass()
    second = world.client(SECOND)
    await second.refused("second-person", "POST", f"/api/removals/{removal}/delete", {})


async def test_a_blob_goes_when_no_row_names_it_and_not_before(world: World) -> None:
    """Of two rows with one content the second keeps the file; nothing goes while it is young."""
    study, removal = await hidden(world)
    keys = {row["blob"] for row in await world.rows(removed_instances)}
    other = (await world.rows(t.instances))[0]
    shared = min(keys)
    await world.write(lambda tx: tx.change(t.instances, {"id": other["id"]}, {"blob": shared}))
    await world.decades_pass()
    await world.client(SECOND).ok("POST", f"/api/removals/{removal}/delete", {})
    later = world.clock() + timedelta(days=2)
    unnamed = await world.services.store.read(lambda tx: store.unnamed(tx, later, 10))
    assert set(unnamed) == keys - {shared}
    assert await world.services.store.read(lambda tx: store.unnamed(tx, world.clock(), 10)) == []
    assert study


async def test_two_who_put_back_at_once_do_it_once(world: World) -> None:
    """One is told; the images are there once."""
    _, removal = await hidden(world)
    path = f"/api/removals/{removal}/restore"
    both = [world.client(who).call("POST", path) for who in (DESK, SECOND)]
    assert sorted(reply.status for reply in await asyncio.gather(*both)) == [200, 409]
    assert (await world.study("county"))["instance_count"] == 2


# --- patients -------------------------------------------------------------------------------------


async def test_a_patient_registered_twice_is_merged_and_taken_apart(world: World) -> None:
    """Studies and unsigned requests follow; search knows the one; undoing gives back the two."""
    one, two = await world.study("county"), await world.study("county", 2)
    draft = await world.draft()
    client = world.client(DESK)
    body = {"into": two["patient_ref"], "reason": "重复登记"}
    made = await client.ok("POST", f"/api/patients/{one['patient_ref']}/merge", body)
    mark, other = (canary_of("county", n).upper() for n in (1, 2))
    assert len(await client.get(f"/dicom-web/studies?PatientID={other}")) == 2
    assert await client.get(f"/dicom-web/studies?PatientID={mark}") == []
    objects = await client.get(f"/dicom-web/studies/{one['study_uid']}/metadata")
    assert {o["00100020"]["Value"][0] for o in objects} == {other}
    before = objects[0]["04000561"]["Value"][0]["04000550"]["Value"][0]
    assert before["00100020"]["Value"] == [mark]
    assert (await world.row(draft["id"]))["patient_ref"] == two["patient_ref"]
    # What comes later for the merged number goes to the one who stands for it.
    third = files_of("county", slices=3)[2]
    assert (await stow(client, third)).status == 200
    assert (await client.get("/api/conflicts"))["waiting"] == 0
    await client.refused(
        "not-two-patients", "POST", f"/api/patients/{one['patient_ref']}/merge", body
    )
    await client.ok("POST", f"/api/patient-changes/{made['id']}/undo")
    (found,) = await client.get(f"/dicom-web/studies?PatientID={mark}")
    assert found["0020000D"]["Value"] == [one["study_uid"]]
    assert (await world.row(draft["id"]))["patient_ref"] == one["patient_ref"]
    await client.refused("stale", "POST", f"/api/patient-changes/{made['id']}/undo")


async def test_a_signed_case_keeps_the_identity_that_was_signed(world: World) -> None:
    """The case names who was signed, and says who stands for them now."""
    case = await world.issued()
    one, two = await world.study("county"), await world.study("county", 2)
    body = {"into": two["patient_ref"], "reason": "重复登记"}
    await world.client(DESK).ok("POST", f"/api/patients/{one['patient_ref']}/merge", body)
    shown = await world.client("county-requester").get(f"/api/requests/{case}")
    mark, other = (canary_of("county", n).upper() for n in (1, 2))
    assert shown["patient"]["patient_id"] == mark
    assert shown["patient_now"]["patient_id"] == other


@pytest.mark.parametrize("who", ["hub-coordinator", "second-technician"])
async def test_patients_are_never_merged_across_institutions(world: World, who: str) -> None:
    """Another institution's patient is not there, as source and as target."""
    theirs = (await world.study(who.partition("-")[0]))["patient_ref"]
    ours = (await world.study("county"))["patient_ref"]
    client = world.client(who)
    for source, target in ((ours, theirs), (theirs, ours)):
        path = f"/api/patients/{source}/merge"
        await client.refused("not-found", "POST", path, {"into": target, "reason": "重复"})
    await client.refused("not-found", "GET", f"/api/patients/{ours}")


async def test_those_who_may_be_one_are_suggested(world: World) -> None:
    """Equal name, birth date and sex; a different birth date is somebody else."""
    one = await world.study("county")

    def copies(tx: Any) -> None:
        row = tx.find(t.patients, id=one["patient_ref"])
        tx.insert(t.patients, {**row, "id": "twin", "patient_id": "TWIN"})
        tx.insert(t.patients, {**row, "id": "other", "patient_id": "O", "birth_date": "1990-01-01"})

    await world.write(copies)
    (group,) = (await world.client(DESK).get("/api/patients/doubles"))["groups"]
    assert {patient["id"] for patient in group} == {one["patient_ref"], "twin"}
    assert (await world.client("hub-coordinator").get("/api/patients/doubles"))["groups"] == []


async def test_a_study_sent_again_under_new_uids_is_offered_not_silently_doubled(
    world: World,
) -> None:
    """Same patient and accession number under another StudyInstanceUID; hiding one settles it."""

    def again(dataset: Any) -> None:
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(dataset, keyword, str(getattr(dataset, keyword))[:60] + ".9")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID

    client = world.client(DESK)
    assert (await client.get("/api/conflicts/studies"))["groups"] == []
    assert (await stow(client, changed(files_of("county")[0], again))).status == 200
    (group,) = (await client.get("/api/conflicts/studies"))["groups"]
    assert len({one["study_uid"] for one in group}) == 2
    assert (await world.client("hub-coordinator").get("/api/conflicts/studies"))["groups"] == []
    await client.ok("POST", f"/api/studies/{group[0]['id']}/hide", {**HIDE, "reason": "sent-twice"})
    assert (await client.get("/api/conflicts/studies"))["groups"] == []
