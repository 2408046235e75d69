"""Hostile files at every door: no server error, the good ones kept, the server alive."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from telemed.store import tables as t
from tests.hostile_dicom import hostile_files, valid_files
from tests.server.imaging_house import House, house_at, multipart_body, token
from tests.store.files import ct_bytes

WHO = "tiandong-technician"
STOW_TYPE = 'multipart/related; type="application/dicom"; boundary=stowed'


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


async def test_hostile_files_among_good_ones(house: House) -> None:
    """Each batch of broken files brings one good one: it is kept, they are not, nothing fails."""
    files = hostile_files()
    assert len(files) >= 250
    broken = [data for name, data in files if not name.startswith("odd-")]
    good = 0
    for start in range(0, len(broken), 20):
        good += 1
        wanted = ct_bytes(sop=f"2.25.1.1.{good}")
        reply = await house.store(WHO, *broken[start : start + 20], wanted)
        assert reply.status == 202, reply.body[:300]
        (stored,) = reply.json["00081199"]["Value"]
        assert stored["00081155"]["Value"] == [f"2.25.1.1.{good}"]
    assert len(await house.rows(t.instances)) == good
    assert not house.temporary()


async def test_odd_files_can_be_asked_about(house: House) -> None:
    """Lawful files with abusive values are stored or refused, and every question is answered."""
    odd = [data for name, data in hostile_files() if name.startswith("odd-")]
    for data in (*odd, *(data for _, data in valid_files())):
        assert (await house.store(WHO, data)).status < 500
    stored = await house.rows(t.instances)
    assert stored
    series = {r["id"]: r["series_uid"] for r in await house.rows(t.series)}
    studies = {r["id"]: r["study_uid"] for r in await house.rows(t.studies)}
    for path, modality in (("studies", "ModalitiesInStudy"), ("series", "Modality"),
                           ("instances", "Modality")):  # fmt: skip
        for query in ("", "?PatientName=*&StudyDate=19000101-20991231", f"?{modality}=CT&limit=1"):
            assert (await house.get(WHO, f"/dicom-web/{path}{query}")).status == 200
    for row in stored:
        base = f"/dicom-web/studies/{studies[row['study_id']]}/series/{series[row['series_id']]}"
        one = f"{base}/instances/{row['sop_uid']}"
        for path in (one, f"{one}/metadata", f"{base}/metadata", f"{one}/frames/1",
                     f"{one}/rendered", f"{one}/thumbnail"):  # fmt: skip
            reply = await house.get(WHO, path)
            assert reply.status < 500, (path, reply.body[:200])
            if path.endswith("metadata"):
                assert reply.json
    listed = await house.call(WHO, "GET", "/api/studies")
    assert listed.status == 200


def bulk_uris(value: Any) -> Iterator[str]:
    """All BulkDataURIs of a piece of DICOM JSON, at any depth."""
    if isinstance(value, dict):
        if "BulkDataURI" in value:
            yield value["BulkDataURI"]
        for inner in value.values():
            yield from bulk_uris(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from bulk_uris(inner)


async def test_every_bulk_data_uri_answers(house: House) -> None:
    """Each URI that metadata names is 200, in parts and, where it is one value, alone."""
    asked = 0
    for name, data in valid_files():
        before = {r["id"] for r in await house.rows(t.instances)}
        if (await house.store(WHO, data)).status != 200:
            continue  # the same UIDs as a file before it: a conflict
        (row,) = [r for r in await house.rows(t.instances) if r["id"] not in before]
        told = await house.get(WHO, f"/dicom-web/instances?SOPInstanceUID={row['sop_uid']}")
        path = told.json[0]["00081190"]["Value"][0].removeprefix(house.base)
        for uri in bulk_uris((await house.get(WHO, f"{path}/metadata")).json):
            asked += 1
            reply = await house.get(WHO, uri)
            assert reply.status == 200, (name, uri, reply.body)
            assert reply.headers["Content-Type"].startswith("multipart/related")
            alone = await house.get(WHO, uri, "application/octet-stream")
            assert alone.status in (200, 406)
        missing = await house.get(WHO, f"{path}/bulkdata/00091001")
        assert missing.status == 404
    assert asked


async def test_the_same_file_from_many_sides_at_once(house: House) -> None:
    """Thirty parallel arrivals of one file are thirty successes, one row and one fact."""
    replies = await asyncio.gather(*(house.store(WHO, ct_bytes()) for _ in range(30)))
    assert {reply.status for reply in replies} == {200}
    assert len(await house.rows(t.instances)) == len(await house.rows(t.activities)) == 1


@pytest.mark.services
async def test_many_sides_at_once_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """With several writers at once a file is still one row, a study one row, and counts true."""
    async with house_at(tmp_path, database_url=postgres_url) as house:
        same = [house.store(WHO, ct_bytes()) for _ in range(10)]
        more = [house.store(WHO, ct_bytes(sop=f"2.25.1.1.{n}")) for n in range(2, 12)]
        replies = await asyncio.gather(*same, *more)
        assert {reply.status for reply in replies} == {200}
        (study,) = await house.rows(t.studies)
        assert study["instance_count"] == len(await house.rows(t.instances)) == 11
        assert len(await house.rows(t.patients)) == len(await house.rows(t.series)) == 1


async def test_a_full_disk_takes_nothing_and_says_so(house: House) -> None:
    """Short of its reserve the server answers 507 to every way in and keeps on serving."""
    await house.store(WHO, ct_bytes())
    house.services.blobs._reserve = 1 << 62  # type: ignore[attr-defined]
    assert (await house.store(WHO, ct_bytes(sop="2.25.1.1.2"))).status == 507
    upload = (await house.call(WHO, "POST", "/api/uploads", json={})).json["id"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    announced = await house.call(WHO, "POST", f"/api/uploads/{upload}/files", headers)
    assert (announced.status, announced.json["code"]) == (507, "no-space")
    assert (await house.get(WHO, "/dicom-web/studies/2.25.1/metadata")).status == 200


# Bodies that mean harm by their framing: what follows the request line and the token.
FRAMINGS: dict[str, tuple[str, bytes]] = {
    "no boundary": ('multipart/related; type="application/dicom"', b"--x--"),
    "long boundary": (f"multipart/related; boundary={'b' * 129}", b"--x--"),
    "boundary is a prefix": (STOW_TYPE, b"--stowedX\r\n\r\nbody\r\n--stowedX--\r\n"),
    "nothing": (STOW_TYPE, b""),
    "only an end": (STOW_TYPE, b"--stowed--"),
    "preamble flood": (STOW_TYPE, b"x" * 100_000 + b"\r\n--stowed--"),
    "nested": (STOW_TYPE, b"--stowed\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
                          b"--b--\r\n--stowed--"),
    "header flood": (STOW_TYPE, b"--stowed\r\nX: " + b"x" * 100_000 + b"\r\n\r\n\r\n--stowed--"),
    "part crowd": (STOW_TYPE, b"--stowed\r\n\r\n\r\n" * 5000 + b"--stowed--"),
    "header without colon": (STOW_TYPE, b"--stowed\r\nnonsense\r\n\r\nx\r\n--stowed--"),
    "folded header": (STOW_TYPE, b"--stowed\r\nA: b\r\n c\r\n\r\nx\r\n--stowed--"),
    "type in header is odd": ("multipart/related; type=\"; boundary=stowed", b"--stowed--"),
    "null bytes": (STOW_TYPE, b"\0" * 5000),
    "transfer encoding": (STOW_TYPE, b"--stowed\r\nContent-Transfer-Encoding: base64\r\n\r\nAA\r\n"
                                     b"--stowed--"),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMINGS)
async def test_hostile_framings(house: House, name: str) -> None:
    """A malformed multipart is a 4xx, leaves nothing, and the next caller is served."""
    kind, body = FRAMINGS[name]
    reply = await house.call(WHO, "POST", "/dicom-web/studies", {"Content-Type": kind}, data=body)
    assert 400 <= reply.status < 500
    assert not house.temporary()
    assert (await house.store(WHO, ct_bytes())).status == 200


@pytest.mark.parametrize("end", ["chunk cut", "length too long", "bad chunk"])
async def test_transfers_that_end_badly(house: House, end: str) -> None:
    """A request whose transfer framing breaks leaves no row and no file."""
    body = multipart_body(ct_bytes())
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {STOW_TYPE}\r\n"
        f"Authorization: Bearer {token(WHO)}\r\n"
    )
    raw = {
        "chunk cut": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body[:-50],
        "length too long": b"Content-Length: %d\r\n\r\n" % (len(body) + 100) + body,
        "bad chunk": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\nzz\r\n",
    }[end]
    reader, writer = await asyncio.open_connection("127.0.0.1", house.services.settings.port)
    writer.write(head.encode() + raw)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    assert b" 200 " not in answer[:20]
    assert b" 500 " not in answer[:20]
    while house.temporary():
        await asyncio.sleep(0.01)
    assert await house.rows(t.instances) == []


HOSTILE_UIDS = ["..%2f..%2fetc%2fpasswd", "%00", "1.2%00.3", "%EF%BC%91.2", "1" * 65, "1.2.", "'--",
                "1.2%0d%0aX: y", "{study}", "%25s", "*", "1.2.3%3Fa=b"]  # fmt: skip


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
async def test_hostile_uids_in_the_path(house: House, uid: str) -> None:
    """A path that is no UID is "not found" like any other, at every level."""
    await house.store(WHO, ct_bytes())
    for path in (uid, f"2.25.1/series/{uid}", f"2.25.1/series/2.25.1.1/instances/{uid}"):
        for tail in ("", "/metadata", "/thumbnail"):
            reply = await house.http.request(
                "GET",
                _raw(house.base, f"/dicom-web/studies/{path}{tail}"),
                headers={"Authorization": f"Bearer {token(WHO)}"},
            )
            assert reply.status in (400, 404), (path, reply.status)
            reply.release()
        search = await house.get(WHO, f"/dicom-web/studies/2.25.1/series/{uid}/instances")
        assert search.status in (200, 404)


def _raw(base: str, path: str) -> URL:
    """A URL that is sent exactly as it is written."""
    return URL(base + path, encoded=True)
