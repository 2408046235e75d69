"""Files of studies that were merged, moved or filed: retrieved with the identity of now."""

import importlib
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydicom import Dataset, dcmread

from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.server.images import files_of, renamed, stow
from tests.world import Reply, World, canary_of

MIGRATION = importlib.import_module("telemed.store.migrations.versions.0007_holds_and_identities")
DESK = "county-technician"
ANY = "application/dicom; transfer-syntax=*"
JPEG_LS = "1.2.840.10008.1.2.4.80"
WHOSE = ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")


async def merged(world: World) -> tuple[Any, str]:
    """The county's first study after its patient was merged into the second, and the change."""
    one, two = await world.study("county"), await world.study("county", 2)
    path = f"/api/patients/{one['patient_ref']}/merge"
    body = {"into": two["patient_ref"], "reason": "重复登记"}
    made = await world.client(DESK).ok("POST", path, body)
    return one, made["id"]


async def places(world: World, study: Any) -> dict[str, Any]:
    """A study's metadata by the path of each instance."""
    objects = await world.client(DESK).get(f"/dicom-web/studies/{study['study_uid']}/metadata")

    def uid(told: Any, tag: str) -> str:
        return str(told[tag]["Value"][0])

    return {
        f"/dicom-web/studies/{study['study_uid']}/series/{uid(told, '0020000E')}"
        f"/instances/{uid(told, '00080018')}": told
        for told in objects
    }


async def fetch(world: World, path: str, accept: str = ANY, **headers: str) -> Reply:
    return await world.client(DESK).call("GET", path, headers={"Accept": accept, **headers})


def parts_of(reply: Reply) -> list[bytes]:
    """The bodies of the parts of a multipart answer."""
    boundary = reply.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
    return [
        part.partition(b"\r\n\r\n")[2][:-2] for part in reply.body.split(b"--" + boundary)[1:-1]
    ]


def says(body: bytes, told: Any) -> Dataset:
    """The file as pydicom reads it, which says what the metadata say."""
    found = dcmread(BytesIO(body))
    said = found.to_json_dict(bulk_data_threshold=1 << 30)
    for tag in ("00100010", "00100020", "00100021", "00100030", "00100040", "04000561"):
        assert said.get(tag) == told.get(tag), tag
    return found


async def test_a_merged_study_is_retrieved_as_its_metadata_say(world: World) -> None:
    """One instance, its range, a series, a study; the tag, the length; undone it has the old
    name and the whole trail; the stored file is the one that came."""
    sent = {dcmread(BytesIO(raw)).SOPInstanceUID: raw for raw in files_of("county")}
    study = await world.study("county")
    path = next(iter(await places(world, study)))
    untouched = await fetch(world, path)
    assert untouched.body == sent[path.rsplit("/", 1)[1]]
    _, change = await merged(world)
    other = canary_of("county", 2).upper()
    tags = {untouched.headers["Etag"]}
    for path, told in (await places(world, study)).items():
        reply = await fetch(world, path)
        found = says(reply.body, told)
        assert found.PatientID == other
        assert int(reply.headers["Content-Length"]) == len(reply.body)
        before = dcmread(BytesIO(sent[found.SOPInstanceUID]))
        assert found.PixelData == before.PixelData
        apart = {*WHOSE, "OriginalAttributesSequence", "SpecificCharacterSet"}
        for element in (e for e in before if e.keyword not in apart):
            assert found[element.tag] == element
        part = await fetch(world, path, Range="bytes=100-199")
        assert (part.status, part.body) == (206, reply.body[100:200])
        assert (await fetch(world, path, **{"If-None-Match": reply.headers["Etag"]})).status == 304
        tags.add(reply.headers["Etag"])
    assert len(tags) == 3
    for whole in (path.partition("/series")[0], path.partition("/instances")[0]):
        reply = await fetch(world, whole, f"multipart/related; type={ANY}")
        for raw in parts_of(reply):
            assert dcmread(BytesIO(raw)).PatientID == other
    world.clock.advance(minutes=1)
    await world.client(DESK).ok("POST", f"/api/patient-changes/{change}/undo")
    for path, told in (await places(world, study)).items():
        reply = await fetch(world, path)
        assert reply.headers["Etag"] not in tags
        found = says(reply.body, told)
        assert found.PatientID == canary_of("county").upper()
        assert len(found.OriginalAttributesSequence) == 2
    keys = [row["blob"] for row in await world.rows(t.instances) if row["study_id"] == study["id"]]
    for key in keys:
        stored = b"".join(world.services.blobs.read(key))
        assert stored in sent.values()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", JPEG_LS])
async def test_a_transcoded_instance_carries_it_too(world: World, syntax: str) -> None:
    """Whatever the syntax, the identity and the trail are those of the metadata."""
    study, _ = await merged(world)
    for path, told in (await places(world, study)).items():
        reply = await fetch(world, path, f"application/dicom; transfer-syntax={syntax}")
        assert reply.status == 200
        assert says(reply.body, told).file_meta.TransferSyntaxUID == syntax


async def test_images_filed_by_a_person_or_by_a_merge_carry_it(world: World) -> None:
    """What came for the merged number, and what named a stranger until somebody decided."""
    study, _ = await merged(world)
    client = world.client(DESK)
    later, strange = files_of("county", slices=4)[2:]
    assert (await stow(client, later)).status == 200
    assert (await stow(client, renamed(strange, "SOMEBODY"))).status == 409
    (waiting,) = (await client.get("/api/conflicts"))["items"]
    body = {"resolution": "filed-here", "reason": "sent-again"}
    await client.ok("POST", f"/api/conflicts/{waiting['id']}/resolve", body)
    found = await places(world, study)
    assert len(found) == 4
    for path, told in found.items():
        assert says((await fetch(world, path)).body, told).PatientID == told["00100020"]["Value"][0]
        assert told["00100020"]["Value"] == [canary_of("county", 2).upper()]


async def test_what_was_hidden_meanwhile_comes_back_under_the_identity_of_now(
    world: World,
) -> None:
    """An image that was hidden when its study went to another patient goes with it."""
    study = await world.study("county")
    path, told = next(iter((await places(world, study)).items()))
    hide = {"level": "instance", "uid": told["00080018"]["Value"][0], "reason": "test-images"}
    client = world.client(DESK)
    made = await client.ok("POST", f"/api/studies/{study['id']}/hide", hide)
    await merged(world)
    await client.ok("POST", f"/api/removals/{made['id']}/restore")
    (again,) = await client.get(f"{path}/metadata")
    assert again["00100020"]["Value"] == [canary_of("county", 2).upper()]
    says((await fetch(world, path)).body, again)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools not installed")
async def test_a_validator_finds_nothing_new(world: World, tmp_path: Path) -> None:
    """dciodvfy has no more errors about the file that is handed out than about the stored one."""

    def errors(body: bytes) -> set[str]:
        place = tmp_path / "one.dcm"
        place.write_bytes(body)
        done = subprocess.run(["dciodvfy", place], capture_output=True, check=False, text=True)
        return {line for line in done.stderr.splitlines() if line.startswith("Error")}

    study = await world.study("county")
    path = next(iter(await places(world, study)))
    before = errors((await fetch(world, path)).body)
    await merged(world)
    assert errors((await fetch(world, path)).body) <= before


async def test_studies_that_were_given_before_the_column_are_found(world: World) -> None:
    """What the migration writes: the merged study, the one with a decided stranger, no other."""
    other, hub = await world.study("county", 2), await world.study("hub")
    merged_one, _ = await merged(world)
    client = world.client("hub-technician")
    assert (await stow(client, renamed(files_of("hub", slices=3)[2], "SOMEBODY"))).status == 409
    (waiting,) = (await client.get("/api/conflicts"))["items"]
    body = {"resolution": "filed-here", "reason": "sent-again"}
    await client.ok("POST", f"/api/conflicts/{waiting['id']}/resolve", body)

    def forget_and_migrate(tx: Tx) -> None:
        tx.update(t.studies, t.studies.c.id.is_not(None), {"identity_at": None})
        tx.execute(sa.text(MIGRATION.MERGED_OR_NAMED))

    await world.write(forget_and_migrate)
    found = {row["id"] for row in await world.rows(t.studies) if row["identity_at"]}
    # The patient merged into has a study of their own: it is looked at in vain.
    assert found == {merged_one["id"], other["id"], hub["id"]}
