"""Uploads: interrupted anywhere they go on, archives stay within bounds, every file gets a word."""

import asyncio
import base64
import hashlib
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from telemed.actions.uploads import WORDS, label
from telemed.server import uploads
from telemed.store import tables as t
from tests.server.imaging_house import House, Reply, house_at, token
from tests.store.files import ct_bytes
from tests.store.rows import add_request

WHO, OTHER = "tiandong-technician", "tiane-technician"
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


async def begin(house: House, request_id: str | None = None, who: str = WHO) -> str:
    body = {} if request_id is None else {"request_id": request_id}
    reply = await house.call(who, "POST", "/api/uploads", json=body)
    assert reply.status == 201, reply.body
    return str(reply.json["id"])


async def announce(house: House, upload: str, size: int, name: str = "a.dcm", **more: Any) -> Reply:
    headers = {
        **TUS,
        "Upload-Length": str(size),
        "Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()}",
        **more.pop("headers", {}),
    }
    return await house.call(WHO, "POST", f"/api/uploads/{upload}/files", headers, **more)


async def patch(house: House, place: str, offset: int, data: bytes, **more: str) -> Reply:
    headers = {**CHUNK, "Upload-Offset": str(offset), **more}
    return await house.call(WHO, "PATCH", place, headers, data=BytesIO(data))


async def send(house: House, upload: str, data: bytes, name: str = "a.dcm") -> dict[str, Any]:
    """Send a file in one piece; what the upload says of it."""
    reply = await announce(house, upload, len(data), name)
    assert reply.status == 201, reply.body
    place = reply.headers["Location"]
    if data:
        assert (await patch(house, place, 0, data)).status == 204
    return next(f for f in await files(house, upload) if f["id"] == place.rpartition("/")[2])


async def files(house: House, upload: str) -> list[dict[str, Any]]:
    reply = await house.call(WHO, "GET", f"/api/uploads/{upload}")
    found: list[dict[str, Any]] = reply.json["files"]
    return found


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def spooled(house: House) -> list[str]:
    return [path.name for path in (house.services.settings.data_dir / "spool").iterdir()]


# --- tus --------------------------------------------------------------------------------------


async def test_a_file_in_pieces_becomes_a_study(house: House) -> None:
    """HEAD follows each PATCH; with the last byte the image is stored and the spool is empty."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    for start in range(0, len(data), 1000):
        told = await house.call(WHO, "HEAD", place, TUS)
        assert told.headers["Upload-Offset"] == str(start)
        reply = await patch(house, place, start, data[start : start + 1000])
        assert reply.status == 204
        assert reply.headers["Upload-Offset"] == str(min(len(data), start + 1000))
    shown = (await house.call(WHO, "GET", f"/api/uploads/{upload}")).json
    assert (shown["files"][0]["verdict"], shown["files"][0]["code"]) == ("stored", None)
    assert [study["study_uid"] for study in shown["studies"]] == ["2.25.1"]
    assert shown["studies"][0]["patient"]["name"] == "韦桂花"
    assert spooled(house) == []


async def test_a_small_file_may_come_with_its_announcement(house: House) -> None:
    """creation-with-upload: one POST, stored."""
    data, upload = ct_bytes(), await begin(house)
    reply = await announce(house, upload, len(data), headers=CHUNK, data=BytesIO(data))
    assert (reply.status, reply.headers["Upload-Offset"]) == (201, str(len(data)))
    assert (await files(house, upload))[0]["verdict"] == "stored"


async def test_options_name_what_is_spoken(house: House) -> None:
    """Version, extensions and the largest size are told."""
    reply = await house.call(WHO, "OPTIONS", f"/api/uploads/{await begin(house)}/files")
    assert reply.headers["Tus-Version"] == "1.0.0"
    assert "creation-with-upload" in reply.headers["Tus-Extension"]
    assert int(reply.headers["Tus-Max-Size"]) == house.services.settings.upload_max_bytes


async def test_a_piece_at_the_wrong_place_is_turned_down(house: House) -> None:
    """409 with the right place; nothing is written."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    await patch(house, place, 0, data[:100])
    for offset in (0, 99, 101, len(data)):
        reply = await patch(house, place, offset, data[100:])
        assert (reply.status, reply.json["facts"]["expected"]) == (409, 100)
    assert (await house.call(WHO, "HEAD", place, TUS)).headers["Upload-Offset"] == "100"
    assert (await patch(house, place, 100, data[100:])).status == 204


async def test_more_than_was_announced_is_turned_down(house: House) -> None:
    """A body past the announced end is 413."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    assert (await patch(house, place, 0, data + b"more")).status == 413


async def test_a_damaged_piece_is_not_kept(house: House) -> None:
    """A checksum that does not fit is 460 and the offset stays; the right one goes on."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    await patch(house, place, 0, data[:100])
    digest = base64.b64encode(hashlib.sha256(data[100:]).digest()).decode()
    good = {"Upload-Checksum": f"sha256 {digest}"}
    bad = await patch(house, place, 100, data[100:-1] + b"?", **good)
    assert bad.status == 460
    assert (await house.call(WHO, "HEAD", place, TUS)).headers["Upload-Offset"] == "100"
    right = await patch(house, place, 100, data[100:], **good)
    assert right.status == 204


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"Upload-Length": "10"}, 412),
        ("POST", {**TUS}, 400),
        ("POST", {**TUS, "Upload-Length": "-1"}, 400),
        ("POST", {**TUS, "Upload-Length": "9" * 17}, 413),
        ("PATCH", {**TUS, "Upload-Offset": "0"}, 415),
        ("PATCH", {**CHUNK}, 400),
        ("PATCH", {**CHUNK, "Upload-Offset": "0", "Upload-Checksum": "md5 x"}, 400),
    ],
)
async def test_malformed_calls(
    house: House, method: str, headers: dict[str, str], status: int
) -> None:
    """Each missing or wrong header has its own status."""
    upload = await begin(house)
    place = f"/api/uploads/{upload}/files"
    if method == "PATCH":
        place = (await announce(house, upload, 10)).headers["Location"]
    assert (await house.call(WHO, method, place, headers)).status == status


async def test_a_given_up_file_is_gone(house: House) -> None:
    """DELETE removes the file and its row."""
    upload = await begin(house)
    place = (await announce(house, upload, 10)).headers["Location"]
    assert (await house.call(WHO, "DELETE", place, TUS)).status == 204
    assert (await house.call(WHO, "HEAD", place, TUS)).status == 404
    assert (await files(house, upload), spooled(house)) == ([], [])


async def test_another_institution_finds_no_upload(house: House) -> None:
    """Every route of an upload is 404 for a stranger."""
    upload = await begin(house)
    place = (await announce(house, upload, 10)).headers["Location"]
    for method, path in (("GET", f"/api/uploads/{upload}"), ("HEAD", place), ("PATCH", place),
                         ("DELETE", place), ("POST", f"/api/uploads/{upload}/files")):  # fmt: skip
        headers = {**CHUNK, "Upload-Offset": "0", "Upload-Length": "10"}
        assert (await house.call(OTHER, method, path, headers)).status == 404


async def test_a_lost_line_does_not_block_the_next(house: House) -> None:
    """While one PATCH hangs half-way, HEAD tells what is there and a new PATCH goes on from it."""
    data, upload = ct_bytes(side=64), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    _reader, writer = await asyncio.open_connection("127.0.0.1", house.services.settings.port)
    head = (
        f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(WHO)}\r\n"
        f"Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Upload-Offset: 0\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[:3000])
    await writer.drain()
    await asyncio.sleep(0.2)  # the server has read what was sent; the rest never comes
    reply = await patch(house, place, 0, data)
    assert reply.status == 409  # the lost piece was kept: it is told where to go on
    offset = reply.json["facts"]["expected"]
    assert offset == 3000
    assert (await patch(house, place, offset, data[offset:])).status == 204
    writer.close()
    assert (await files(house, upload))[0]["verdict"] == "stored"


async def test_a_line_that_breaks_after_the_last_byte(house: House) -> None:
    """A body that breaks off behind the last byte of the file still leads to its verdict."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]
    _reader, writer = await asyncio.open_connection("127.0.0.1", house.services.settings.port)
    head = (
        f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(WHO)}\r\n"
        "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
        "Upload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    writer.write(head.encode() + b"%x\r\n" % len(data) + data + b"\r\n")  # and no last chunk
    await writer.drain()
    await asyncio.sleep(1.5)
    writer.close()
    while spooled(house):
        await asyncio.sleep(0.01)
    assert (await files(house, upload))[0]["verdict"] == "stored"


async def test_an_impatient_client_does_no_harm(house: House) -> None:
    """The last piece sent four times at once is judged once; nobody's verdict is overwritten."""
    data, upload = archive(("a", ct_bytes()), ("b", ct_bytes(sop="2.25.1.1.2"))), await begin(house)
    place = (await announce(house, upload, len(data), "a.zip")).headers["Location"]
    await patch(house, place, 0, data[:-100])
    last = (patch(house, place, len(data) - 100, data[-100:]) for _ in range(4))
    replies = await asyncio.gather(*last, return_exceptions=True)
    assert {r.status for r in replies if isinstance(r, Reply)} <= {204, 409}
    while spooled(house):
        await asyncio.sleep(0.01)
    found = await files(house, upload)
    assert [f["verdict"] for f in found] == ["expanded", "stored"]
    assert (await patch(house, place, len(data), b"")).status == 204
    assert len(await house.rows(t.instances)) == 2


async def test_a_disk_that_fails_is_not_believed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a flush fails the piece is not acknowledged and the file is told to be sent again."""
    data, upload = ct_bytes(), await begin(house)
    place = (await announce(house, upload, len(data))).headers["Location"]

    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", fail)
        assert (await patch(house, place, 0, data)).status == 503
    (found,) = await files(house, upload)
    assert (found["verdict"], found["code"]) == ("refused", "write-failed")
    assert (spooled(house), await house.rows(t.instances)) == ([], [])


# --- restarts ---------------------------------------------------------------------------------


async def test_uploads_survive_a_restart(tmp_path: Path) -> None:
    """What was half here goes on from HEAD; what was whole but not judged is judged at start."""
    half, whole = ct_bytes(), ct_bytes(sop="2.25.1.1.2")
    async with house_at(tmp_path) as house:
        upload = await begin(house)
        first = (await announce(house, upload, len(half))).headers["Location"]
        second = (await announce(house, upload, len(whole))).headers["Location"]
        await patch(house, first, 0, half[:500])
    # The process died between the last byte and the verdict.
    (tmp_path / "spool" / second.rpartition("/")[2]).write_bytes(whole)
    async with house_at(tmp_path) as house:
        verdicts = {f["id"]: f["verdict"] for f in await files(house, upload)}
        assert verdicts[second.rpartition("/")[2]] == "stored"
        told = await house.call(WHO, "HEAD", first, TUS)
        assert told.headers["Upload-Offset"] == "500"
        assert (await patch(house, first, 500, half[500:])).status == 204
        assert {f["verdict"] for f in await files(house, upload)} == {"stored"}
        assert len(await house.rows(t.instances)) == 2


async def test_judging_twice_changes_nothing(tmp_path: Path) -> None:
    """A crash after the commit and before the clean-up: the second judgement is a duplicate."""
    data = archive(("a.dcm", ct_bytes()), ("b.txt", b"hello"))
    async with house_at(tmp_path) as house:
        upload = await begin(house)
        file_id = (await send(house, upload, data, "disc.zip"))["id"]
        before = await house.rows(t.instances)
        await house.write(
            lambda tx: tx.update(
                t.upload_files, t.upload_files.c.id == file_id, {"verdict": "uploading"}
            )
        )
    (tmp_path / "spool" / file_id).write_bytes(data)
    async with house_at(tmp_path) as house:
        assert await house.rows(t.instances) == before
        found = await files(house, upload)
        assert sorted(f["verdict"] for f in found) == ["duplicate", "expanded", "skipped"]
        assert spooled(house) == []


async def test_what_nobody_goes_on_with_is_removed(house: House) -> None:
    """After seven days a partial file is removed and says so; a younger one stays."""
    upload = await begin(house)
    place = (await announce(house, upload, 10)).headers["Location"]
    path = house.services.settings.data_dir / "spool" / place.rpartition("/")[2]
    assert await uploads.sweep(house.services) == 0
    assert path.exists()
    now = house.services.clock
    house.services.clock = lambda: now() + timedelta(days=8)
    assert await uploads.sweep(house.services) == 1
    (row,) = await house.rows(t.upload_files)
    assert (row["verdict"], row["code"], path.exists()) == ("refused", "abandoned", False)


# --- verdicts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "verdict", "code"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0 a photo", "skipped", "not-dicom"),
        ("DICOMDIR", ct_bytes(), "skipped", "dicomdir"),
        ("empty.dcm", b"", "skipped", "empty"),
        ("cut.dcm", ct_bytes()[:-10], "refused", "truncated"),
        ("broken.zip", b"PK\x03\x04 nothing", "refused", "zip-damaged"),
        ("../../etc/passwd", b"root", "skipped", "not-dicom"),
    ],
)
async def test_each_file_gets_a_word(
    house: House, name: str, data: bytes, verdict: str, code: str
) -> None:
    """A file that is not taken in says why, in both languages, and leaves nothing behind."""
    found = await send(house, await begin(house), data, name)
    assert (found["verdict"], found["code"]) == (verdict, code)
    assert found["zh"]
    assert found["en"]
    assert "/" not in found["name"]
    assert spooled(house) == []


async def test_conflicts_are_told(house: House) -> None:
    """The same bytes are a duplicate, other bytes a conflict; the page lists the conflict."""
    upload = await begin(house)
    assert (await send(house, upload, ct_bytes()))["verdict"] == "stored"
    assert (await send(house, upload, ct_bytes()))["verdict"] == "duplicate"
    assert (await send(house, upload, ct_bytes(fill=5)))["verdict"] == "conflict"
    (conflict,) = (await house.call(WHO, "GET", "/api/conflicts")).json["items"]
    assert conflict["reason"] == "other-content"
    (study,) = (await house.call(WHO, "GET", "/api/studies")).json["items"]
    detail = (await house.call(WHO, "GET", f"/api/studies/{study['id']}")).json
    assert (detail["conflicts"], len(detail["series"])) == (1, 1)
    assert (await house.call(OTHER, "GET", f"/api/studies/{study['id']}")).status == 404


def test_every_word_is_there_in_both_languages() -> None:
    """No verdict code has an empty sentence."""
    assert all(zh.strip() and en.strip() for zh, en in WORDS.values())


@pytest.mark.parametrize("name", ["../../x", "C:\\a\\b", "a\0b", "\u202egnp.exe", "x" * 500, ""])
def test_names_are_labels(name: str) -> None:
    """A foreign name is one printable part of bounded length."""
    made = label(name)
    assert made
    assert made.isprintable()
    assert len(made) <= 120
    assert not set(made) & set("/\\")


# --- archives ---------------------------------------------------------------------------------


async def test_an_archive_is_opened(house: House) -> None:
    """Images inside are stored as one study; the rest is skipped, each with its reason."""
    data = archive(
        ("disc/DICOMDIR", b"directory"),
        ("disc/A/1", ct_bytes()),
        ("disc/A/2", ct_bytes(sop="2.25.1.1.2")),
        ("disc/readme.txt", b"hello"),
        ("disc/../../evil.dcm", ct_bytes(sop="2.25.1.1.3")),
        ("disc/inner.zip", archive(("x", b"y"))),
        ("disc/cut.dcm", ct_bytes()[:-10]),
    )
    upload = await begin(house)
    parent = await send(house, upload, data, "disc.zip")
    assert parent["verdict"] == "expanded"
    members = [f for f in await files(house, upload) if f["parent_id"] == parent["id"]]
    assert sorted((f["verdict"], f["code"] or "") for f in members) == [
        ("refused", "truncated"),
        ("skipped", "dicomdir"),
        ("skipped", "nested-archive"),
        ("skipped", "not-dicom"),
        ("stored", ""),
    ]
    assert len(await house.rows(t.instances)) == 3
    assert not house.temporary()


def _encrypted() -> bytes:
    data = bytearray(archive(("a", b"secret"), method=zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _liar() -> bytes:
    """A member that inflates to more than it says."""
    data = bytearray(archive(("a", bytes(1 << 20))))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(data)


def _crowd() -> bytes:
    """A directory that claims more members than are allowed."""
    data = bytearray(archive(("a", b"x")))
    at = data.rfind(b"PK\x05\x06")
    data[at + 8 : at + 12] = (60_000).to_bytes(2, "little") * 2
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (lambda: archive(("a", bytes(100 << 20))), {"zip-too-large"}),
        (_encrypted, {None, "zip-encrypted"}),
        (_liar, {None, "zip-too-large", "zip-damaged", "not-dicom"}),
        (_crowd, {"zip-too-many"}),
        (lambda: archive(("a", b"x" * 99), method=zipfile.ZIP_LZMA), {None, "zip-method"}),
        (lambda: archive(("a", ct_bytes()))[:-30], {"zip-damaged"}),
    ],
    ids=["bomb", "encrypted", "liar", "crowd", "lzma", "cut"],
)
async def test_archives_that_mean_harm(house: House, make: Any, codes: set[str | None]) -> None:
    """Bombs, liars, crowds and damaged archives end with a word, and nothing stays behind."""
    upload = await begin(house)
    await send(house, upload, make(), "a.zip")
    found = await files(house, upload)
    assert {f["code"] for f in found} <= codes
    assert any(f["code"] for f in found)
    assert await house.rows(t.instances) == []
    assert (spooled(house), house.temporary()) == ([], [])


# --- cases ------------------------------------------------------------------------------------


async def case(house: House, state: str) -> str:
    key = f"case-{state}"
    await house.write(lambda tx: add_request(tx, key, "tiandong", "hub", state, "tiandong-hub-now"))
    return key


async def test_an_upload_for_a_case_joins_it(house: House) -> None:
    """Images uploaded for a draft are attached to it once, and only for the case's patient."""
    key = await case(house, "draft")
    upload = await begin(house, key)
    await send(house, upload, ct_bytes())
    await send(house, upload, ct_bytes(sop="2.25.1.1.2"))
    stranger = ct_bytes(study="2.25.2", sop="2.25.2.1", patient_id="P9", name="Li^Si")
    found = await send(house, upload, stranger)
    assert (found["verdict"], found["code"]) == ("stored", "other-person")
    (link,) = await house.rows(t.request_studies)
    assert (link["request_id"], link["role"]) == (key, "current")


@pytest.mark.parametrize("state", ["answered", "withdrawn", "confirmed"])
async def test_a_closed_case_takes_no_upload(house: House, state: str) -> None:
    """An upload for a case that is over is refused with the state's word."""
    body = {"request_id": await case(house, state)}
    reply = await house.call(WHO, "POST", "/api/uploads", json=body)
    assert (reply.status, reply.json["code"]) == (409, "illegal-transition")
    foreign = await house.call(OTHER, "POST", "/api/uploads", json=body)
    assert foreign.status == 404
