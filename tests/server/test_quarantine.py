"""The quarantine's promises: nothing is overwritten unseen, both sides are shown, one decides."""

import asyncio
from typing import Any

from telemed.store import tables as t
from telemed.store.removal_tables import image_changes, removals, removed_instances
from tests.server.images import files_of, inverted, renamed, stow
from tests.world import World, canary_of

DESK = "county-technician"
KEEP = {"resolution": "kept", "reason": "sent-again"}
NAMES = (canary_of("county").upper(), "Lu=陆")
ACCEPT = {"resolution": "accepted", "reason": "corrected", "note": "重新重建"}
HERE = {"resolution": "filed-here", "reason": "wrong-patient"}
NAMED = {"resolution": "filed-named", "reason": "wrong-patient"}


async def conflict(world: World, *files: bytes) -> str:
    """The group that storing these files brought about."""
    client = world.client(DESK)
    assert (await stow(client, *files)).status in (202, 409)
    (group,) = (await client.get("/api/conflicts"))["items"]
    return str(group["id"])


async def shown(world: World) -> list[str]:
    """The blobs of the county's first study in the order of instances."""
    study = await world.study("county")
    rows = await world.rows(t.instances, t.instances.c.study_id == study["id"])
    return [row["blob"] for row in sorted(rows, key=lambda r: r["number"])]


async def metadata(world: World, who: str = DESK) -> list[dict[str, Any]]:
    """The DICOM JSON of the county's first study."""
    uid = (await world.study("county"))["study_uid"]
    return list(await world.client(who).get(f"/dicom-web/studies/{uid}/metadata"))


async def test_both_sides_are_shown_with_where_they_differ(world: World) -> None:
    """The kept and the new copy: who, what, how many, pictures, attributes, pixels."""
    first, second = files_of("county")
    key = await conflict(world, inverted(renamed(first, *NAMES)))
    found = await world.client(DESK).get(f"/api/conflicts/{key}")
    assert found["may"] == ["accepted", "kept"]
    assert [row["keyword"] for row in found["differences"]] == ["PatientName"]
    assert found["pixels_differ"] is True
    assert (found["kept"]["instances"], found["new"]["instances"]) == (2, 1)
    assert found["new"]["patient_name"] == "陆"
    for side in ("kept", "new"):
        picture = await world.client(DESK).call("GET", found[side]["picture"])
        assert picture.body.startswith(b"\xff\xd8"), side
    assert second  # its twin is untouched
    assert len(await shown(world)) == 2


async def test_keeping_what_is_there_changes_no_picture_and_can_be_taken_back(
    world: World,
) -> None:
    """The decision is a fact and an audit entry; its undoing leaves the conflict open again."""
    before = await shown(world)
    key = await conflict(world, inverted(files_of("county")[0]))
    client = world.client(DESK)
    await client.refused("reason-required", "POST", f"/api/conflicts/{key}/resolve",
                         {**KEEP, "reason": "because"})  # fmt: skip
    assert (await client.ok("POST", f"/api/conflicts/{key}/resolve", KEEP))["instances"] == 1
    assert (await client.get("/api/conflicts"))["waiting"] == 0
    assert await shown(world) == before
    assert (await world.log())[-1] == "conflict.resolved"
    audited = await world.rows(t.audit, t.audit.c.event == "images-corrected")
    assert [row["detail"]["resolution"] for row in audited] == ["kept"]
    await client.ok("POST", f"/api/conflicts/{key}/reopen")
    assert (await client.get("/api/conflicts"))["waiting"] == 1


async def test_an_accepted_copy_is_shown_and_the_old_one_is_kept(world: World) -> None:
    """The old bytes and their row stay as history; undoing brings exactly them back."""
    before = await shown(world)
    key = await conflict(world, inverted(files_of("county")[0]))
    client = world.client(DESK)
    await client.ok("POST", f"/api/conflicts/{key}/resolve", ACCEPT)
    after = await shown(world)
    assert after[0] != before[0] and after[1] == before[1]
    (old,) = await world.rows(removed_instances)
    assert old["blob"] == before[0]
    assert world.services.blobs.exists(before[0])
    study = await world.study("county")
    assert (study["instance_count"], study["series_count"]) == (2, 1)
    # The modality sends the old one again: it stays out, and nothing new waits.
    assert (await stow(client, files_of("county")[0])).status == 409
    assert (await client.get("/api/conflicts"))["waiting"] == 0
    await client.ok("POST", f"/api/conflicts/{key}/reopen")
    assert await shown(world) == before
    assert [row["state"] for row in await world.rows(removals)] == ["restored"]
    assert (await client.get("/api/conflicts"))["waiting"] == 1


async def test_after_a_decision_the_page_still_shows_what_differed(world: World) -> None:
    """An accepted copy is compared with the one that it replaced, not with itself."""
    key = await conflict(world, inverted(renamed(files_of("county")[0], *NAMES)))
    client = world.client(DESK)
    before = await client.get(f"/api/conflicts/{key}")
    pictures = [await client.call("GET", before[side]["picture"]) for side in ("kept", "new")]
    await client.ok("POST", f"/api/conflicts/{key}/resolve", ACCEPT)
    after = await client.get(f"/api/conflicts/{key}")
    assert after["differences"] == before["differences"] != []
    assert after["pixels_differ"] is True
    again = [await client.call("GET", after[side]["picture"]) for side in ("kept", "new")]
    assert again[1].body == pictures[1].body != again[0].body
    assert all(picture.body.startswith(b"\xff\xd8") for picture in again)


async def test_a_study_sent_again_wrongly_is_one_decision(world: World) -> None:
    """All copies of one study, reason and patient are judged together."""
    files = [inverted(raw) for raw in files_of("county")]
    key = await conflict(world, *files)
    done = await world.client(DESK).ok("POST", f"/api/conflicts/{key}/resolve", ACCEPT)
    assert done["instances"] == 2
    assert [row["level"] for row in await world.rows(removals)] == ["study"]


async def test_of_two_who_decide_at_once_one_wins(world: World) -> None:
    """The second is told; the picture follows the first."""
    key = await conflict(world, inverted(files_of("county")[0]))
    path = f"/api/conflicts/{key}/resolve"
    clients = [world.client(who) for who in (DESK, "county-coordinator")]
    replies = await asyncio.gather(*(c.call("POST", path, ACCEPT) for c in clients))
    assert sorted(reply.status for reply in replies) == [200, 409]
    assert len(await world.rows(removed_instances)) == 1


async def test_another_patients_copy_is_filed_under_the_patient_that_is_here(
    world: World,
) -> None:
    """The new slice joins the study; its metadata says whose it was before."""
    third = files_of("county", slices=3)[2]
    key = await conflict(world, renamed(third, "X-77"))
    await world.client(DESK).refused(
        "illegal-transition", "POST", f"/api/conflicts/{key}/resolve", ACCEPT
    )
    await world.client(DESK).ok("POST", f"/api/conflicts/{key}/resolve", HERE)
    objects = await metadata(world)
    assert {o["00100020"]["Value"][0] for o in objects} == {canary_of("county").upper()}
    (item,) = [o["04000561"]["Value"][0] for o in objects if "04000561" in o]
    assert item["04000550"]["Value"][0]["00100020"]["Value"] == ["X-77"]
    assert item["04000565"]["Value"] == ["CORRECT"]


async def test_a_corrected_registration_moves_the_study_to_the_patient_it_names(
    world: World,
) -> None:
    """Search, metadata and the case's priors know the study under the new patient."""
    study = await world.study("county")
    third = files_of("county", slices=3)[2]
    key = await conflict(world, renamed(third, "X-77"))
    client = world.client(DESK)
    await client.ok("POST", f"/api/conflicts/{key}/resolve", NAMED)
    (found,) = await client.get("/dicom-web/studies?PatientID=X-77")
    assert found["0020000D"]["Value"] == [study["study_uid"]]
    old = canary_of("county").upper()
    assert await client.get(f"/dicom-web/studies?PatientID={old}") == []
    objects = await client.get(f"/dicom-web/studies/{study['study_uid']}/metadata")
    assert [o["00100020"]["Value"] for o in objects] == [["X-77"]] * 3
    await client.refused("undo-elsewhere", "POST", f"/api/conflicts/{key}/reopen")
    (change,) = (await client.get(f"/api/patients/{study['patient_ref']}"))["history"]
    await client.ok("POST", f"/api/patient-changes/{change['id']}/undo")
    again = await client.get(f"/dicom-web/studies?PatientID={old}")
    assert [one["0020000D"]["Value"][0] for one in again] == [study["study_uid"]]


async def test_nobody_else_sees_or_decides_a_conflict(world: World) -> None:
    """Another institution's coordinator is told what a stranger is told."""
    key = await conflict(world, inverted(files_of("county")[0]))
    other = world.client("hub-coordinator")
    assert (await other.get("/api/conflicts"))["items"] == []
    await other.refused("not-found", "GET", f"/api/conflicts/{key}")
    await other.refused("not-found", "GET", f"/api/conflicts/{key}/picture")
    await other.refused("not-found", "POST", f"/api/conflicts/{key}/resolve", KEEP)
    await other.refused("not-found", "POST", f"/api/conflicts/{key}/reopen")


# --- reports that were signed ---------------------------------------------------------------------


async def test_a_correction_after_signing_flags_the_report_until_the_author_has_looked(
    world: World,
) -> None:
    """County and hub see the flag; the author has a task; "no change" ends it."""
    case = await world.issued()
    key = await conflict(world, inverted(files_of("county")[0]))
    found = await world.client(DESK).get(f"/api/conflicts/{key}")
    assert found["flags"] == 1
    await world.client(DESK).ok("POST", f"/api/conflicts/{key}/resolve", ACCEPT)
    for who in ("county-requester", "hub-reader", "hub-verifier"):
        (change,) = (await world.client(who).get(f"/api/requests/{case}"))["image_changes"]
        assert (change["what"], change["checked_at"]) == ("corrected", None)
    author = world.client("hub-reader")
    desk = await author.get("/api/worklist?tab=check")
    assert [row["id"] for row in desk["items"]] == [case]
    assert (await world.client("hub-verifier").get("/api/worklist?tab=check"))["items"] == []
    county = world.client("county-requester")
    await county.refused("forbidden", "POST", f"/api/requests/{case}/report/checked", {})
    await author.ok("POST", f"/api/requests/{case}/report/checked", {"note": "无变化"})
    (change,) = (await county.get(f"/api/requests/{case}"))["image_changes"]
    assert (change["outcome"], change["note"]) == ("no-change", "无变化")
    assert (await author.get("/api/worklist?tab=check"))["counts"]["check"] == 0
    assert (await world.log(case))[-2:] == ["report.images_changed", "report.checked"]
    await author.refused("nothing-to-check", "POST", f"/api/requests/{case}/report/checked", {})


async def test_late_images_flag_once_and_an_amendment_settles_them(world: World) -> None:
    """However many arrive, one flag counts them; the amended report ends it."""
    case = await world.issued()
    third, fourth = files_of("county", slices=4)[2:]
    for raw in (third, fourth):
        assert (await stow(world.client(DESK), raw)).status == 200
    (change,) = (await world.client("hub-reader").get(f"/api/requests/{case}"))["image_changes"]
    assert (change["what"], change["instances"]) == ("arrived", 2)
    author = world.client("hub-reader")
    body = {"kind": "amendment", "reason": "补充图像"}
    await author.ok("POST", f"/api/requests/{case}/report/revise", body)
    await world.write_report(case, findings="补充图像见结节")
    await world.sign(case)
    (row,) = await world.rows(image_changes)
    assert row["outcome"] == "revised"


async def test_images_before_any_signature_flag_nothing(world: World) -> None:
    """A draft is not signed: its writer hears of the images, and there is nothing to check."""
    await world.claimed()
    assert (await stow(world.client(DESK), files_of("county", slices=3)[2])).status == 200
    assert await world.rows(image_changes) == []
