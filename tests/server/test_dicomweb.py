"""DICOMweb as strangers use it: stored, found and fetched back by those who may, by nobody else."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from PIL import Image
from pydicom import dcmread

from telemed.dicom.matching import MATCHABLE
from telemed.store import tables as t
from tests.server.documents import pdf_bytes
from tests.server.imaging_house import House, Reply, house_at, multipart_body, token
from tests.store.files import ct_bytes, write
from tests.store.rows import add_request

OWNER, OTHER, READER = "tiandong-technician", "tiane-technician", "hub-reader"
STUDY = "/dicom-web/studies/2.25.1"
SERIES = f"{STUDY}/series/2.25.1.1"
INSTANCE = f"{SERIES}/instances/2.25.1.1.1"
ANY_FRAME = "multipart/related; type=application/octet-stream; transfer-syntax=*"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


def five() -> list[bytes]:
    return [ct_bytes(sop=f"2.25.1.1.{n}", number=n, fill=n) for n in range(1, 6)]


def uids(reply: Reply, tag: str) -> list[str]:
    return [item[tag]["Value"][0] for item in reply.json]


def parts(reply: Reply) -> list[tuple[str, bytes]]:
    """The Content-Type and the bytes of each part of a multipart answer."""
    boundary = reply.headers["Content-Type"].rpartition("boundary=")[2].encode()
    found = []
    for piece in reply.body.split(b"--" + boundary)[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        kind = next(h for h in head.split(b"\r\n") if h.startswith(b"Content-Type: "))
        found.append((kind[14:].decode(), body.removesuffix(b"\r\n")))
    return found


# --- STOW-RS ----------------------------------------------------------------------------------


async def test_what_is_stored_comes_back_byte_for_byte(house: House) -> None:
    """200, one reference per instance, no failure sequence, and the same bytes on retrieve."""
    files = five()
    reply = await house.store(OWNER, *files)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/dicom+json"
    assert reply.headers["Location"] == f"{house.base}{STUDY}"
    assert len(reply.json["00081199"]["Value"]) == 5
    assert not {"00081198", "0008119A"} & set(reply.json)
    back = await house.get(OWNER, STUDY, 'multipart/related; type="application/dicom"')
    assert [body for _, body in parts(back)] == files
    assert {kind for kind, _ in parts(back)} == {
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    }
    assert not house.temporary()


async def test_good_instances_are_kept_beside_bad_ones(house: House) -> None:
    """202: the good are stored, a conflict is named with its UID, a wreck without."""
    await house.store(OWNER, ct_bytes())
    reply = await house.store(
        OWNER, ct_bytes(fill=7), ct_bytes(sop="2.25.1.1.2"), b"not DICOM at all", ct_bytes()[:-40]
    )
    assert reply.status == 202
    stored = {item["00081155"]["Value"][0] for item in reply.json["00081199"]["Value"]}
    failed = [
        (item["00081155"]["Value"][0], item["00081197"]["Value"][0])
        for item in reply.json["00081198"]["Value"]
    ]
    assert stored == {"2.25.1.1.2"}
    # The one cut short is named by its file meta, the conflict by its data set.
    assert failed == [("2.25.1.1.1", 0xC000), ("2.25.1.1.1", 273)]
    assert [f["00081197"]["Value"] for f in reply.json["0008119A"]["Value"]] == [[0xC000]]
    assert len(await house.rows(t.instances)) == 2


async def test_nothing_stored_says_so(house: House) -> None:
    """409 for a conflict alone, 400 for bytes that cannot be understood."""
    await house.store(OWNER, ct_bytes())
    assert (await house.store(OWNER, ct_bytes(fill=7))).status == 409
    assert (await house.store(OWNER, b"junk")).status == 400


async def test_a_repeat_is_a_success_that_changes_nothing(house: House) -> None:
    """The same body twice is 200 twice and one instance."""
    assert (await house.store(OWNER, ct_bytes())).status == 200
    assert (await house.store(OWNER, ct_bytes())).status == 200
    assert len(await house.rows(t.instances)) == 1


async def test_the_study_of_the_url_binds(house: House) -> None:
    """An instance of another study than the URL's is refused with its own reason."""
    reply = await house.store(OWNER, ct_bytes(), ct_bytes(study="2.25.2", sop="2.25.2.1"),
                              study="2.25.1")  # fmt: skip
    assert reply.status == 202
    (failed,) = reply.json["00081198"]["Value"]
    assert failed["00081197"]["Value"] == [0xA901]


async def test_a_single_file_may_come_alone(house: House) -> None:
    """A body of type application/dicom is one instance."""
    reply = await house.call(
        OWNER, "POST", "/dicom-web/studies", {"Content-Type": "application/dicom"}, data=ct_bytes()
    )
    assert (reply.status, len(reply.json["00081199"]["Value"])) == (200, 1)


async def test_browser_framing_is_read(house: House) -> None:
    """A body that starts with an empty line and ends without one is whole."""
    body = b"\r\n" + multipart_body(ct_bytes()).removesuffix(b"\r\n")
    kind = "multipart/related; type=application/dicom; boundary=stowed"
    reply = await house.call(OWNER, "POST", "/dicom-web/studies", {"Content-Type": kind}, data=body)
    assert reply.status == 200


@pytest.mark.parametrize("cut", [1, 2, 5, 12, 13, 100, 2000])
async def test_a_body_cut_short_stores_nothing(house: House, cut: int) -> None:
    """Without its closing delimiter a body is refused whole; nothing stays behind."""
    reply = await house.store(OWNER, ct_bytes(), ct_bytes(sop="2.25.1.1.2"), cut=cut)
    if cut <= 2:  # only the line end behind the closing delimiter is gone: the body is whole
        assert reply.status == 200
        return
    assert reply.status == 400
    assert await house.rows(t.instances) == []
    assert not house.temporary()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": 'multipart/related; type="application/dicom+xml"; boundary=b'}, 400),
        ({"Content-Type": 'multipart/related; type="application/octet-stream"; boundary=b'}, 415),
        ({"Content-Type": "multipart/form-data; boundary=b"}, 415),
        ({"Content-Type": 'multipart/related; type="application/dicom"'}, 400),
        ({"Content-Type": "application/dicom", "Content-Encoding": "gzip"}, 415),
        ({}, 415),
    ],
)
async def test_other_bodies_are_turned_down(
    house: House, headers: dict[str, str], status: int
) -> None:
    """A body of another type, coding or without a boundary gets the status that says so."""
    told = {"Content-Type": "", **headers}
    reply = await house.call(OWNER, "POST", "/dicom-web/studies", told, data=b"--b--")
    assert reply.status == status


async def test_a_body_over_the_limit_is_cut_off(tmp_path: Path) -> None:
    """413 whether the size was announced or not, and no temporary file stays."""
    async with house_at(tmp_path, upload_max_bytes=1 << 20) as house:
        big = ct_bytes(side=1024)
        assert (await house.store(OWNER, big)).status == 413

        async def unannounced() -> AsyncIterator[bytes]:
            yield multipart_body(big)[: 3 << 19]
            await asyncio.sleep(0)
            yield b"x" * (1 << 20)

        kind = 'multipart/related; type="application/dicom"; boundary=stowed'
        reply = await house.call(
            OWNER, "POST", "/dicom-web/studies", {"Content-Type": kind}, data=unannounced()
        )
        assert reply.status == 413
        assert not house.temporary()
        assert (await house.store(OWNER, ct_bytes())).status == 200


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(house: House) -> None:
    """A connection cut inside a part: no row, no temporary file, and the server goes on."""
    body = multipart_body(ct_bytes(side=1536))
    _reader, writer = await asyncio.open_connection("127.0.0.1", house.services.settings.port)
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(OWNER)}\r\n"
        f"Content-Length: {len(body)}\r\n"
        'Content-Type: multipart/related; type="application/dicom"; boundary=stowed\r\n\r\n'
    )
    writer.write(head.encode() + body[: len(body) // 2])
    await writer.drain()
    while not house.temporary():
        await asyncio.sleep(0.01)
    writer.close()
    while house.temporary():
        await asyncio.sleep(0.01)
    assert await house.rows(t.instances) == []
    assert (await house.store(OWNER, ct_bytes())).status == 200


# --- QIDO-RS ----------------------------------------------------------------------------------


async def test_searches_return_what_the_index_holds(house: House) -> None:
    """The required attributes of all three levels, and counts, with exact media types."""
    await house.store(OWNER, *five())
    studies = await house.get(OWNER, "/dicom-web/studies", "application/dicom+json")
    assert studies.headers["Content-Type"] == "application/dicom+json"
    (study,) = studies.json
    assert list(study) == sorted(study)
    assert study["00100010"]["Value"] == [{"Alphabetic": "Wei^GuiHua", "Ideographic": "韦^桂花"}]
    assert study["00080061"]["Value"] == ["CT"]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([1], [5])
    required = "00080020 00080030 00080050 00080061 00080090 00081190 00100010 00100020 " \
               "00100030 00100040 0020000D 00200010 00201206 00201208"  # fmt: skip
    assert set(required.split()) <= set(study)
    assert study["00081190"]["Value"] == [f"{house.base}{STUDY}"]
    (series,) = (await house.get(OWNER, f"{STUDY}/series")).json
    assert {"00080060", "0008103E", "00081190", "0020000E", "00200011", "00201209"} <= set(series)
    instances = (await house.get(OWNER, f"{SERIES}/instances")).json
    assert [i["00200013"]["Value"][0] for i in instances] == [1, 2, 3, 4, 5]
    assert instances[0]["00280010"]["Value"] == [32]
    everywhere = (await house.get(OWNER, "/dicom-web/instances")).json
    assert everywhere[0]["00081190"]["Value"] == [f"{house.base}{INSTANCE}"]
    assert len(everywhere) == 5
    assert everywhere[0]["00100020"]["Value"] == ["P0001"]


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("PatientName=Wei^GuiHua", 1), ("PatientName=韦*", 1), ("PatientName=*guihua", 1),
        ("PatientName=Li*", 0), ("00100010=wei*", 1), ("PatientID=P0001", 1), ("PatientID=P00*", 1),
        ("PatientID=P0", 0), ("StudyDate=20260301-20260331", 1), ("StudyDate=20260305-", 0),
        ("StudyDate=20260304", 1), ("AccessionNumber=A1", 1), ("AccessionNumber=A%25", 0),
        ("ModalitiesInStudy=CT", 1), ("ModalitiesInStudy=MR", 0), ("ModalitiesInStudy=MR,CT", 1),
        ("StudyInstanceUID=2.25.1", 1), ("StudyInstanceUID=2.25.1%5C2.25.2", 1),
        ("StudyInstanceUID=2.25.1,2.25.2", 1), ("StudyDescription=*CT*", 1), ("StudyID=1", 1),
        ("ReferringPhysicianName=李四", 1), ("PatientBirthDate=19640302", 1), ("PatientSex=M", 0),
        ("InstitutionName=*", 1), ("IssuerOfPatientID=tiandong", 1), ("IssuerOfPatientID=x", 0),
        ("SomethingElse=1", 1), ("offset=1", 0),
        ("limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090", 1),
    ],
)  # fmt: skip
async def test_each_key_matches_as_the_standard_says(house: House, query: str, hits: int) -> None:
    """A study is found or not found by each key, and no key is an error."""
    await house.store(OWNER, ct_bytes())
    reply = await house.get(OWNER, f"/dicom-web/studies?{query}")
    assert (reply.status, len(reply.json)) == (200, hits)


@pytest.mark.parametrize("query", ["limit=-1", "limit=0", "Modality=CT", "offset=-1",
                                   "StudyDate=soon", "StudyInstanceUID=../x",
                                   "fuzzymatching=maybe"])  # fmt: skip
async def test_a_malformed_search_is_a_400(house: House, query: str) -> None:
    """A bad value of a known parameter is refused in the one error shape."""
    reply = await house.get(OWNER, f"/dicom-web/studies?{query}")
    assert (reply.status, reply.json["code"]) == (400, "invalid")


@pytest.mark.services
async def test_every_key_and_page_works_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """Each key that can be matched is asked of PostgreSQL, alone and together, at all levels."""
    async with house_at(tmp_path, database_url=postgres_url) as house:
        await house.store(OWNER, *five())
        await house.open_case()
        for level in ("study", "series", "instance"):
            for key in MATCHABLE[level]:
                for value in VALUES.get(key, ("x", "x*")):
                    reply = await house.get(READER, f"/dicom-web/instances?{key}={value}")
                    assert reply.status == 200, (key, value, reply.body)
        both = "PatientName=韦*&ModalitiesInStudy=CT&StudyDate=20260301-&Modality=CT&limit=2"
        reply = await house.get(READER, f"/dicom-web/instances?{both}")
        assert (len(reply.json), "3 additional" in reply.headers["Warning"]) == (2, True)
        assert (await house.get(READER, f"{STUDY}/metadata")).status == 200


VALUES = {
    **dict.fromkeys(("StudyDate", "SeriesDate", "ContentDate", "PatientBirthDate",
                     "PerformedProcedureStepStartDate"), ("20260101-20261231",)),
    **dict.fromkeys(("StudyTime", "SeriesTime", "ContentTime",
                     "PerformedProcedureStepStartTime"), ("0800-1700", "1015")),
    **dict.fromkeys(("SeriesNumber", "InstanceNumber"), ("1", "99999999999")),
    **dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID",
                     "SOPClassesInStudy"), ("2.25.1", "2.25.1,2.25.2")),
    "ModalitiesInStudy": ("CT", "C*", "CT,MR"),
}  # fmt: skip


async def test_pages_are_stable_and_say_what_is_left(house: House) -> None:
    """limit and offset walk all instances once; the warning counts the rest."""
    await house.store(OWNER, *five())
    first = await house.get(OWNER, f"{STUDY}/instances?limit=2")
    second = await house.get(OWNER, f"{STUDY}/instances?limit=10&offset=2")
    assert "There are 3 additional results" in first.headers["Warning"]
    assert "Warning" not in second.headers
    walked = uids(first, "00080018") + uids(second, "00080018")
    assert walked == [f"2.25.1.1.{n}" for n in range(1, 6)]


async def test_nothing_found_is_an_empty_array(house: House) -> None:
    """200 and [] for no hit, and for the series of a study that is not there."""
    for path in ("/dicom-web/studies", "/dicom-web/studies/2.25.404/series",
                 "/dicom-web/studies/2.25.404/instances"):  # fmt: skip
        reply = await house.get(OWNER, path)
        assert (reply.status, reply.body) == (200, b"[]")


async def test_one_number_never_shows_two_people(house: House) -> None:
    """Two institutions' P0001 are two people: a bare PatientID shows one, an issuer says whose."""
    await house.store(OWNER, ct_bytes())
    await house.store(OWNER, ct_bytes(study="2.25.3", sop="2.25.3.1"))  # a prior of the same person
    await house.store(OTHER, ct_bytes(study="2.25.2", sop="2.25.2.1", name="Li^Si=李^四"))
    await house.open_case("2.25.1")
    only = await house.get(READER, "/dicom-web/studies?PatientID=P0001")
    assert set(uids(only, "0020000D")) == {"2.25.1", "2.25.3"}

    def ask_other(tx: Any) -> None:
        study = next(r for r in tx.all(t.studies.select()) if r["study_uid"] == "2.25.2")
        add_request(tx, "other", "tiane", "hub", "open", "tiane-hub-now")
        link = {"request_id": "other", "study_id": study["id"], "role": "current"}
        tx.insert(t.request_studies, link)

    await house.write(ask_other)
    both = await house.get(READER, "/dicom-web/studies?00100020=P0001")
    assert both.json == []
    assert "IssuerOfPatientID" in both.headers["Warning"]
    one = await house.get(READER, "/dicom-web/studies?00100020=P0001&IssuerOfPatientID=tiane")
    assert uids(one, "0020000D") == ["2.25.2"]
    own = await house.get(OWNER, "/dicom-web/studies?00100020=P0001")
    assert set(uids(own, "0020000D")) == {"2.25.1", "2.25.3"}


# --- WADO-RS ----------------------------------------------------------------------------------


async def test_metadata_is_whole_and_its_bulk_data_can_be_fetched(house: House) -> None:
    """All attributes, no group 0002, pixels by a URI that answers with the pixels."""
    data = ct_bytes()
    await house.store(OWNER, data)
    for path in (STUDY, SERIES, INSTANCE):
        merged = "application/dicom+json, multipart/related; transfer-syntax=*"
        reply = await house.get(OWNER, f"{path}/metadata", merged)
        assert reply.headers["Content-Type"] == "application/dicom+json"
        (found,) = reply.json
        assert not any(tag.startswith("0002") for tag in found)
    uri = found["7FE00010"]["BulkDataURI"]
    assert uri == f"{INSTANCE}/bulkdata/7FE00010"
    pixels = await house.get(OWNER, uri, "application/octet-stream")
    assert pixels.body == dcmread(BytesIO(data)).PixelData
    ((kind, body),) = parts(await house.get(OWNER, uri))
    assert (kind, body) == ("application/octet-stream", pixels.body)


async def test_frames_come_with_a_concrete_transfer_syntax(house: House) -> None:
    """Each asked frame is one part of its own bytes, with a length that is true."""
    data = ct_bytes(frames=4)
    await house.store(OWNER, data)
    reply = await house.get(OWNER, f"{INSTANCE}/frames/3,1", ANY_FRAME)
    pixels = dcmread(BytesIO(data)).PixelData
    size = len(pixels) // 4
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    kind = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert parts(reply) == [(kind, pixels[2 * size : 3 * size]), (kind, pixels[:size])]


@pytest.mark.parametrize(
    ("frames", "status"),
    [("0", 400), ("-1", 400), ("x", 400), ("1,1", 400), ("1,,2", 400), ("2", 404), ("99999", 404),
     (",".join(map(str, range(1, 600))), 400)],
)  # fmt: skip
async def test_bad_frame_lists(house: House, frames: str, status: int) -> None:
    """Malformed and repeated numbers are 400, a frame that is not there is 404."""
    await house.store(OWNER, ct_bytes())
    assert (await house.get(OWNER, f"{INSTANCE}/frames/{frames}", ANY_FRAME)).status == status


async def test_implicit_files_travel_explicit(house: House) -> None:
    """A stored Implicit VR file leaves as Explicit VR Little Endian, also under `*`."""
    await house.store(OWNER, ct_bytes(implicit=True))
    for accept in (None, "multipart/related; type=application/dicom; transfer-syntax=*"):
        ((kind, body),) = parts(await house.get(OWNER, INSTANCE, accept))
        assert kind == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
        sent = dcmread(BytesIO(body))
        assert sent.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        assert sent.PixelData == dcmread(BytesIO(ct_bytes())).PixelData
        assert sent.PatientName == "Wei^GuiHua=韦^桂花"


async def test_a_single_instance_may_be_asked_for_alone(house: House) -> None:
    """application/dicom is given for an instance and is 406 for a study."""
    await house.store(OWNER, ct_bytes())
    reply = await house.get(OWNER, INSTANCE, "application/dicom")
    assert reply.body == ct_bytes()
    assert (await house.get(OWNER, STUDY, "application/dicom")).status == 406
    assert (await house.get(OWNER, STUDY, "image/png")).status == 406
    assert (await house.get(OWNER, f"{STUDY}/metadata", "text/html")).status == 406


async def test_tags_spare_the_body_but_not_the_door(house: House) -> None:
    """A known tag is 304 for who may see it and the stranger's 404 for a stranger."""
    await house.store(OWNER, ct_bytes())
    for path in (INSTANCE, f"{INSTANCE}/frames/1", f"{STUDY}/metadata", f"{STUDY}/thumbnail"):
        first = await house.get(OWNER, path)
        tag = first.headers["ETag"]
        assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
        again = await house.call(OWNER, "GET", path, {"If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")
        stranger = await house.call(OTHER, "GET", path, {"If-None-Match": tag})
        assert stranger.status == 404


async def test_a_stretch_of_a_frame(house: House) -> None:
    """A byte range of a single part is 206 with its place; one beyond the end is 416."""
    await house.store(OWNER, ct_bytes())
    path, accept = f"{INSTANCE}/frames/1", "application/octet-stream; transfer-syntax=*"
    whole = await house.get(OWNER, path, accept)
    part = await house.call(OWNER, "GET", path, {"Accept": accept, "Range": "bytes=100-199"})
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.body)}"
    beyond = await house.call(OWNER, "GET", path, {"Accept": accept, "Range": "bytes=999999-"})
    assert beyond.status == 416


async def test_pictures_are_pictures(house: House) -> None:
    """Rendered and thumbnail at every level are images of the size asked for."""
    await house.store(OWNER, *five())
    for path in (STUDY, SERIES, INSTANCE, f"{INSTANCE}/frames/1"):
        small = await house.get(OWNER, f"{path}/thumbnail?viewport=16,16", "image/jpeg")
        assert small.headers["Content-Type"] == "image/jpeg"
        assert Image.open(BytesIO(small.body)).size == (16, 16)
        full = await house.get(OWNER, f"{path}/rendered", "image/png")
        assert Image.open(BytesIO(full.body)).size == (32, 32)
    assert (await house.get(OWNER, f"{INSTANCE}/rendered?window=1,2")).status == 400
    assert (await house.get(OWNER, f"{INSTANCE}/rendered", "image/jp2")).status == 406


async def test_a_document_is_shown_as_what_it_is(house: House) -> None:
    """An encapsulated PDF is rendered as the PDF; what only claims to be one is not."""
    pdf = b"%PDF-1.4 1 0 obj"
    klass = "1.2.840.10008.5.1.4.1.1.104.1"
    for sop, body in (("2.25.7.1", pdf), ("2.25.7.2", b"<script>alert(1)</script>!")):
        assert (await house.store(OWNER, pdf_bytes(sop, klass, body))).status == 200
    base = "/dicom-web/studies/2.25.7/series/2.25.7.0/instances"
    good = await house.get(OWNER, f"{base}/2.25.7.1/rendered", "text/html,application/pdf,*/*")
    assert (good.headers["Content-Type"], good.body) == ("application/pdf", pdf)
    bad = await house.get(OWNER, f"{base}/2.25.7.2/rendered")
    assert bad.headers["Content-Type"] == "application/octet-stream"
    assert bad.headers["Content-Disposition"] == "attachment"
    sheet = await house.get(OWNER, "/dicom-web/studies/2.25.7/thumbnail")
    assert sheet.headers["Content-Type"] == "image/jpeg"


ENCODERS = {
    "explicit": ("dcmconv", "+te"),
    "implicit": ("dcmconv", "+ti"),
    "big endian": ("dcmconv", "+tb"),
    "deflated": ("dcmconv", "+td"),
    "rle": ("dcmcrle",),
    "jpeg lossless": ("dcmcjpeg", "+e1"),
    "jpeg-ls": ("dcmcjpls",),
}


# PS3.18 8.7.3: implicit, big endian and deflated do not travel.
FORBIDDEN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


@pytest.mark.parametrize("encoder", ENCODERS)
async def test_files_of_another_toolkit_keep_their_pixels(
    house: House, tmp_path: Path, encoder: str
) -> None:
    """In whatever syntax a file arrives, it may leave and its decoded frames are the same."""
    program, *options = ENCODERS[encoder]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    plain = ct_bytes(frames=3, side=33)
    source, made = write(tmp_path, "plain.dcm", plain), tmp_path / "made.dcm"
    subprocess.run([program, *options, str(source), str(made)], check=True, timeout=30)
    stored = made.read_bytes()
    dataset = dcmread(BytesIO(stored))
    # Lossless JPEG of dcmtk counts as new images and gives them a new UID.
    instance = f"{SERIES}/instances/{dataset.SOPInstanceUID}"
    assert (await house.store(OWNER, stored)).status == 200
    pixels = dcmread(BytesIO(plain)).PixelData
    size = 2 * 33 * 33
    asked = await house.get(OWNER, f"{instance}/frames/3,1,2")
    kind = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    frames = [pixels[k * size : (k + 1) * size] for k in (2, 0, 1)]
    assert parts(asked) == [(kind, frame) for frame in frames]
    ((_, back),) = parts(await house.get(OWNER, instance))
    sent = dcmread(BytesIO(back))
    syntax = sent.file_meta.TransferSyntaxUID
    assert syntax not in FORBIDDEN
    if syntax.is_compressed:
        sent.decompress()
    assert sent.PixelData[: 3 * size] == pixels[: 3 * size]
    ((kind, _),) = parts(await house.get(OWNER, f"{instance}/frames/2", ANY_FRAME))
    own = str(dataset.file_meta.TransferSyntaxUID)
    assert kind.endswith(f"transfer-syntax={syntax if own in FORBIDDEN else own}")


# --- the door ---------------------------------------------------------------------------------

RESOURCES = (
    STUDY, SERIES, INSTANCE, f"{STUDY}/metadata", f"{SERIES}/metadata", f"{INSTANCE}/metadata",
    f"{INSTANCE}/frames/1", f"{INSTANCE}/bulkdata/7FE00010", f"{STUDY}/rendered",
    f"{SERIES}/rendered", f"{INSTANCE}/rendered", f"{INSTANCE}/frames/1/rendered",
    f"{STUDY}/thumbnail", f"{SERIES}/thumbnail", f"{INSTANCE}/thumbnail",
    f"{INSTANCE}/frames/1/thumbnail", f"{STUDY}/pixeldata", f"{SERIES}/pixeldata",
    f"{INSTANCE}/pixeldata", f"{STUDY}/bulkdata", f"{SERIES}/bulkdata", f"{INSTANCE}/bulkdata",
)  # fmt: skip


@pytest.mark.parametrize("path", RESOURCES)
async def test_the_foreign_and_the_absent_look_alike(house: House, path: str) -> None:
    """Another institution gets, word for word, the answer for what does not exist."""
    await house.store(OWNER, ct_bytes())
    assert (await house.get(OWNER, path)).status == 200
    foreign = await house.get(OTHER, path)
    absent = await house.get(OTHER, path.replace("2.25.1", "2.25.404", 1))
    assert (foreign.status, foreign.body) == (absent.status, absent.body)
    assert foreign.status == 404
    reader = await house.get(READER, path)
    assert reader.status == 404
    await house.open_case()
    assert (await house.get(READER, path)).status == 200
    assert (await house.get("hub-regulator", path)).status == 403


async def test_nobody_signed_in_gets_nothing(house: House) -> None:
    """Without a token every route of DICOMweb is 401."""
    await house.store(OWNER, ct_bytes())
    for path in (*RESOURCES, "/dicom-web/studies", "/dicom-web/instances"):
        async with house.http.get(house.base + path) as response:
            assert response.status == 401


async def test_an_ended_agreement_ends_the_sight(house: House) -> None:
    """What a reader saw under an agreement is 404 when the agreement is over."""
    await house.store(OWNER, ct_bytes())
    await house.open_case()
    assert (await house.get(READER, f"{STUDY}/metadata")).status == 200
    now = house.services.clock
    house.services.clock = lambda: now() + timedelta(days=31)
    assert (await house.get(READER, f"{STUDY}/metadata")).status == 404
    assert (await house.get(READER, "/dicom-web/studies")).json == []


async def test_a_reader_adds_nothing_to_what_they_were_shown(house: House) -> None:
    """An instance for a study one sees as another's is refused: not authorized (0124H)."""
    await house.store(OWNER, ct_bytes())
    await house.open_case()
    reply = await house.store(READER, ct_bytes(sop="2.25.1.9"))
    assert reply.status == 409
    (failed,) = reply.json["00081198"]["Value"]
    assert failed["00081197"]["Value"] == [0x0124]
    assert (await house.get(READER, f"{STUDY}/metadata")).status == 200


# --- a stranger's client ----------------------------------------------------------------------


async def test_a_strangers_client_gets_along(house: House) -> None:
    """dicomweb-client stores, searches and retrieves everything it knows how to ask for."""
    session = create_session()
    session.headers["Authorization"] = f"Bearer {token(OWNER)}"
    client = DICOMwebClient(f"{house.base}/dicom-web", session=session)
    files = five()
    found = await asyncio.to_thread(_as_a_client, client, files)
    assert found["stored"] == 5
    assert found["studies"] == found["series"] == 1
    assert found["instances"] == found["retrieved"] == found["metadata"] == 5
    assert found["same"]
    assert found["frame"] == dcmread(BytesIO(files[0])).PixelData
    assert found["rendered"].startswith(b"\xff\xd8")
    assert found["bulk"] == found["frame"]


def _as_a_client(client: DICOMwebClient, files: list[bytes]) -> dict[str, Any]:
    datasets = [dcmread(BytesIO(data)) for data in files]
    told = client.store_instances(datasets)
    uid = ("2.25.1", "2.25.1.1", "2.25.1.1.1")
    instances = client.retrieve_series(*uid[:2])
    return {
        "stored": len(told.ReferencedSOPSequence),
        "studies": len(client.search_for_studies(search_filters={"PatientID": "P0001"})),
        "series": len(client.search_for_series(uid[0])),
        "instances": len(client.search_for_instances(*uid[:2])),
        "retrieved": len(instances),
        "metadata": len(client.retrieve_study_metadata(uid[0])),
        "same": {d.SOPInstanceUID for d in instances} == {d.SOPInstanceUID for d in datasets},
        "frame": client.retrieve_instance_frames(*uid, [1])[0],
        "rendered": client.retrieve_instance_rendered(*uid, media_types=("image/jpeg",)),
        "bulk": client.retrieve_bulkdata(
            f"{client.base_url}/studies/{uid[0]}/series/{uid[1]}/instances/{uid[2]}"
            "/bulkdata/7FE00010"
        )[0],
    }
