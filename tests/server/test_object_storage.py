"""A server on a bucket: everything as on a disk, and nothing lost when the service fails."""

import shutil
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.assemble import drop_left_blobs
from telemed.server import uploads
from telemed.store import tables as t
from telemed.store.removal_tables import left_blobs
from telemed.store.s3 import PROBE
from tests import world as worlds
from tests.s3_server import S3
from tests.server.imaging_house import House, Reply, house_at
from tests.server.test_uploads import TUS, WHO, announce, archive, begin, files, patch, spooled
from tests.store.files import ct_bytes

DICOM = "application/dicom; transfer-syntax=*"
PEOPLE = Person("B1", "Nong^Lan=农^兰", "F", "19800101")


@pytest.fixture
async def house(tmp_path: Path, s3: S3) -> AsyncIterator[House]:
    async with house_at(tmp_path, **s3.settings) as found:
        yield found


def study() -> list[bytes]:
    """Three slices of a study."""
    return make_tiny_ct(3, patient=PEOPLE, key="bucket", accession="A1")


async def instances(house: House) -> list[dict[str, Any]]:
    """What QIDO says there is."""
    found: list[dict[str, Any]] = (await house.get(WHO, "/dicom-web/instances")).json
    return found


def place_of(found: dict[str, Any]) -> str:
    uid = [found[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
    return f"/dicom-web/studies/{uid[0]}/series/{uid[1]}/instances/{uid[2]}"


async def whole(house: House) -> set[bytes]:
    """Every instance, as WADO gives it back."""
    return {(await house.get(WHO, place_of(i), DICOM)).body for i in await instances(house)}


async def test_a_study_is_stored_found_and_shown(house: House, s3: S3, tmp_path: Path) -> None:
    """STOW, QIDO, WADO whole, frames and rendered; then the same from an emptied cache."""
    sent = study()
    assert (await house.store(WHO, *sent)).status == 200
    assert len(s3.names()) == 3 and not (tmp_path / "blobs").exists()
    for emptied in (False, True):
        if emptied:
            shutil.rmtree(tmp_path / "s3-cache" / "files")
            (tmp_path / "s3-cache" / "files").mkdir()
        assert await whole(house) == set(sent)
        for found in await instances(house):
            assert (await house.get(WHO, f"{place_of(found)}/frames/1")).status == 200
        shown = await house.get(WHO, f"{place_of(found)}/rendered", "image/jpeg")
        assert (shown.status, shown.body[:2]) == (200, b"\xff\xd8")


def is_unavailable(reply: Reply) -> bool:
    """The one clear answer to a service that is away."""
    return (reply.status, reply.json["code"]) == (503, "unavailable") and (
        int(reply.headers["Retry-After"]) > 0
    )


@pytest.mark.parametrize("mode", ["refuse", "error"])
async def test_a_store_that_failed_is_sent_again(house: House, s3: S3, mode: str) -> None:
    """The client hears 503 and when to come again; nothing shows of the study; then it is whole."""
    sent = study()
    s3.wire.fail(mode)
    assert is_unavailable(await house.store(WHO, *sent))
    assert await house.rows(t.instances) == []
    s3.wire.mend()
    assert (await house.store(WHO, *sent)).status == 200
    assert await whole(house) == set(sent)


async def test_a_store_cut_in_its_middle_is_sent_again(house: House, s3: S3) -> None:
    """The service ends after the first slices: none is entered, and the second sending is whole."""
    sent = [*study(), ct_bytes()]
    assert (await house.store(WHO, *sent[:2])).status == 200
    s3.wire.fail("refuse")
    assert is_unavailable(await house.store(WHO, *sent))
    assert len(await house.rows(t.instances)) == 2
    s3.wire.mend()
    assert (await house.store(WHO, *sent)).status == 200
    assert await whole(house) == set(sent)


@pytest.mark.parametrize("zipped", [False, True])
async def test_an_upload_waits_for_the_service(house: House, s3: S3, zipped: bool) -> None:
    """The last byte came while the service was away: the file stays whole in the spool, and is
    entered when it is back though nobody sends it again."""
    images = study()[:2] if zipped else study()[:1]
    packed = archive(*((f"{n}.dcm", image) for n, image in enumerate(images)))
    data = packed if zipped else images[0]
    upload = await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    s3.wire.fail("refuse")
    assert is_unavailable(await patch(house, place, 0, data))
    told = await house.call(WHO, "HEAD", place, TUS)
    assert told.headers["Upload-Offset"] == str(len(data))
    assert (await files(house, upload))[0]["verdict"] == "checking"
    assert await uploads.recover(house.services) == 1
    assert len(spooled(house)) == 1
    s3.wire.mend()
    assert await uploads.recover(house.services) == 1
    assert {f["verdict"] for f in await files(house, upload)} <= {"stored", "expanded"}
    assert spooled(house) == []
    assert await whole(house) == set(images)


async def test_what_is_not_a_picture_works_meanwhile(house: House, s3: S3, tmp_path: Path) -> None:
    """With the service away lists are answered, cached images shown, and others 503."""
    assert (await house.store(WHO, *study())).status == 200
    first, second, _ = await instances(house)
    for file in (tmp_path / "s3-cache" / "files").glob("*/*"):
        file.unlink()
    assert (await house.get(WHO, place_of(first), DICOM)).status == 200
    s3.wire.fail("error")
    assert (await house.get(WHO, place_of(first), DICOM)).status == 200
    for part, accept in (("", DICOM), ("/frames/1", None), ("/rendered", "image/jpeg")):
        assert is_unavailable(await house.get(WHO, place_of(second) + part, accept))
    assert len(await instances(house)) == 3
    assert (await house.get(WHO, place_of(second) + "/metadata")).status == 200
    assert (await house.call(WHO, "GET", "/health/ready")).status == 200


async def test_a_range_of_an_image_is_answered(house: House) -> None:
    """Byte ranges reach the file behind the cache."""
    (image, *_) = study()
    assert (await house.store(WHO, image)).status == 200
    (found,) = await instances(house)
    headers = {"Accept": DICOM, "Range": "bytes=128-131"}
    reply = await house.call(WHO, "GET", place_of(found), headers)
    assert (reply.status, reply.body) == (206, b"DICM")


async def test_a_large_file_streams_into_the_bucket(house: House, s3: S3) -> None:
    """A file of several parts comes back byte for byte."""
    large = ct_bytes(side=3000)
    assert len(large) > 17_000_000
    assert (await house.call(
        WHO, "POST", "/dicom-web/studies", {"Content-Type": "application/dicom"},
        data=BytesIO(large),
    )).status == 200  # fmt: skip
    assert await whole(house) == {large}


async def test_files_of_deleted_images_leave_the_bucket(
    world_folder: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden by one, deleted by another after the years of keeping: laid aside a day later, gone
    another day later, and what a row names stays."""
    async with worlds.world_at(world_folder, **s3.settings) as world:
        mine, other = await world.study("county"), await world.study("county", 2)
        rows = [row for row in await world.rows(t.instances) if row["institution_id"] == "county"]
        for row in rows:
            place = world_folder / "blobs" / row["blob"][:2] / row["blob"][2:4] / row["blob"]
            assert world.services.blobs.put_file(place).key == row["blob"]
        kept = {f"blobs/{row['blob']}" for row in rows if row["study_id"] == other["id"]}
        body = {"level": "study", "reason": "test-images"}
        path = f"/api/studies/{mine['id']}/hide"
        removal = await world.client("county-technician").ok("POST", path, body)
        await world.decades_pass()
        second = world.client("county-coordinator")
        await second.ok("POST", f"/api/removals/{removal['id']}/delete", {})
        assert await drop_left_blobs(world.services) == 0  # not yet a day
        world.clock.advance(days=2)
        assert await drop_left_blobs(world.services) == 0
        names = {name for name in s3.names() if name != PROBE}
        assert len(names) == 4 and {n for n in names if n.startswith("blobs/")} == kept
        monkeypatch.setattr("telemed.assemble.LEFT_SECONDS", 0.0)
        assert await drop_left_blobs(world.services) == 2
        assert {name for name in s3.names() if name != PROBE} == kept
        assert await world.rows(left_blobs) == []
