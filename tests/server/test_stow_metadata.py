"""STOW-RS of metadata and bulk data over HTTP: what a server must make of the parts it gets.

S40 and S41 are the cases of PS3.18 10.5.2 in the table of other suites' store cases.
"""

from collections.abc import AsyncIterator
from io import BytesIO
from itertools import count
from typing import Any

import orjson
import pytest
import pytest_asyncio
from PIL import Image
from pydicom import dcmread

from telemed.dicom.xmlmodel import native_xml
from tests.dicom.test_composed import picture
from tests.server.imaging_house import House, Reply, house_at
from tests.server.test_dicomweb import parts

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = "tiandong-technician"
STUDIES = "/dicom-web/studies"
JSON, XML = "application/dicom+json", "application/dicom+xml"
JPEG = "1.2.840.10008.1.2.4.50"
SC, PDF = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.1"
_NUMBERS = count(500)

Json = dict[str, Any]
Part = tuple[str, str, bytes]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_at(tmp_path_factory.mktemp("metadata")) as found:
        yield found


@pytest.fixture
def study() -> str:
    return f"2.25.{next(_NUMBERS)}"


def told(study: str, number: int = 1, sop_class: str = SC, **more: Json) -> Json:
    """Metadata of an instance without group 0002 and without an Image Pixel Description."""
    plain = {
        "00080016": ("UI", sop_class), "00080018": ("UI", f"{study}.1.{number}"),
        "00080020": ("DA", "20260304"), "00080060": ("CS", "OT"),
        "00100020": ("LO", "P0001"), "0020000D": ("UI", study), "0020000E": ("UI", f"{study}.1"),
        "00200013": ("IS", number),
    }  # fmt: skip
    made: Json = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in plain.items()}
    made["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": "Wang", "Ideographic": "王"}]}
    return {**made, **more}


def pixels(uri: str = "bulk/1", vr: str = "OB") -> Json:
    return {"7FE00010": {"vr": vr, "BulkDataURI": uri}}


async def post(house: House, root: str, *sent: Part, path: str = STUDIES) -> Reply:
    """A message of parts: Content-Type, Content-Location and bytes."""
    body = b""
    for kind, location, data in sent:
        head = f"--b\r\nContent-Type: {kind}\r\n"
        head += f"Content-Location: {location}\r\n" if location else ""
        body += head.encode() + b"\r\n" + data + b"\r\n"
    kind = f'multipart/related; type="{root}"; boundary=b'
    return await house.call(
        OWNER, "POST", path, {"Content-Type": kind}, data=BytesIO(body + b"--b--")
    )


def metadata(*data_sets: Json) -> Part:
    return (JSON, "", orjson.dumps(data_sets))


async def stored(house: House, study: str, number: int = 1) -> Any:
    """What comes back of an instance as it is stored."""
    path = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.{number}"
    reply = await house.get(OWNER, path, "application/dicom; transfer-syntax=*")
    assert reply.status == 200
    return dcmread(BytesIO(reply.body))


async def test_s40_a_jpeg_describes_itself(house: House, study: str) -> None:
    """S40 (ST): the pixel macro is derived, the codestream and its syntax are kept."""
    jpeg = picture("JPEG", size=(64, 48))
    reply = await post(
        house, JSON, metadata(told(study, **pixels())), ("image/jpeg", "bulk/1", jpeg)
    )
    assert reply.status == 200
    back = await stored(house, study)
    assert back.file_meta.TransferSyntaxUID == JPEG
    assert (back.Rows, back.Columns, back.SamplesPerPixel, back.BitsStored) == (48, 64, 3, 8)
    assert back.PhotometricInterpretation == "YBR_FULL_422"
    assert back.LossyImageCompression == "01"
    assert str(back.PatientName) == "Wang=王"
    frame = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.1/frames/1"
    (one,) = parts(await house.get(OWNER, frame, "multipart/related; type=image/jpeg"))
    assert one[1].removesuffix(b"\0") == jpeg.removesuffix(b"\0")


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
async def test_s41_a_picture_file_becomes_native(house: House, study: str, kind: str) -> None:
    """S41 (ST): PNG and GIF have no transfer syntax, so their pixels are stored as they are."""
    image = Image.effect_noise((21, 10), 90).convert("L")
    out = BytesIO()
    image.save(out, kind)
    part = (f"image/{kind.lower()}", "bulk/1", out.getvalue())
    reply = await post(house, JSON, metadata(told(study, **pixels())), part)
    assert reply.status == 200
    back = await stored(house, study)
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    samples = back.SamplesPerPixel
    assert (back.Rows, back.Columns, back.BitsAllocated) == (10, 21, 8)
    assert back.pixel_array.reshape(10, 21, samples)[..., 0].tobytes() == image.tobytes()
    assert "LossyImageCompression" not in back


async def test_frames_come_a_part_each(house: House, study: str) -> None:
    """ST 8.6.1.2: a compressed multi-frame image is one part per frame, in order."""
    frames = [picture("JPEG", mode="L", size=(8 + 8 * n, 16), quality=50 + n) for n in (1, 1, 1)]
    frames[1] = picture("JPEG", mode="L", size=(16, 16), quality=99)
    sent = [("image/jpeg", "bulk/1", frame) for frame in frames]
    assert (await post(house, JSON, metadata(told(study, **pixels())), *sent)).status == 200
    back = await stored(house, study)
    assert back.NumberOfFrames == 3
    path = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.1/frames/2"
    (one,) = parts(await house.get(OWNER, path, "multipart/related; type=image/jpeg"))
    assert one[1].removesuffix(b"\0") == frames[1].removesuffix(b"\0")


@pytest.mark.parametrize("root", [JSON, XML])
async def test_native_pixels_and_other_bulk_data(house: House, study: str, root: str) -> None:
    """Uncompressed values come as octets, at any depth, from JSON and from XML alike."""
    shape: Json = {tag: {"vr": "US", "Value": [value]} for tag, value in
                   (("00280002", 1), ("00280010", 2), ("00280011", 3), ("00280100", 16),
                    ("00280101", 16), ("00280102", 15), ("00280103", 0))}  # fmt: skip
    shape["00280004"] = {"vr": "CS", "Value": ["MONOCHROME2"]}
    icon = {"00880200": {"vr": "SQ", "Value": [{"00281201": {"vr": "OW", "BulkDataURI": "lut"}}]}}
    data_set = told(study, **shape, **icon, **pixels("px", "OW"))
    text = orjson.dumps([data_set]) if root == JSON else native_xml(data_set)
    octets = "application/octet-stream"
    reply = await post(house, root, (root, "", text), (octets, "px", bytes(range(12))),
                       (octets, "lut", b"\1\2\3\4"))  # fmt: skip
    assert reply.status == 200, reply.body
    back = await stored(house, study)
    assert back.PixelData == bytes(range(12))
    assert back.IconImageSequence[0].RedPaletteColorLookupTableData == b"\1\2\3\4"


async def test_a_document_is_typed_by_its_part(house: House, study: str) -> None:
    """ST 10.5.2: Encapsulated Document comes under its MIME type."""
    document = b"%PDF-1.4\n%%EOF\n"
    data_set = told(study, 1, PDF, **{"00420011": {"vr": "OB", "BulkDataURI": "doc"}})
    reply = await post(house, JSON, metadata(data_set), ("application/pdf", "doc", document))
    assert reply.status == 200
    back = await stored(house, study)
    assert back.MIMETypeOfEncapsulatedDocument == "application/pdf"
    path = f"{STUDIES}/{study}/series/{study}.1/instances/{study}.1.1/rendered"
    assert (await house.get(OWNER, path)).body.startswith(document.rstrip())
    wrong = told(study, 2, PDF, **{"00420011": {"vr": "OB", "BulkDataURI": "doc"}},
                 **{"00420012": {"vr": "LO", "Value": ["text/xml"]}})  # fmt: skip
    refused = await post(house, JSON, metadata(wrong), ("application/pdf", "doc", document))
    assert refused.status == 400


async def test_each_instance_has_its_own_outcome(house: House, study: str) -> None:
    """One good, one without its bulk data, one of another study: 202 with reasons and names."""
    jpeg = ("image/jpeg", "bulk/1", picture("JPEG"))
    good, lost = told(study, **pixels()), told(study, 2, **pixels("bulk/2"))
    other = told(f"{study}.9", 3, **pixels("bulk/3"))
    more = ("image/jpeg", "bulk/3", picture("JPEG"))
    path = f"{STUDIES}/{study}"
    reply = await post(house, JSON, metadata(good, lost, other), jpeg, more, path=path)
    assert reply.status == 202
    assert len(reply.json["00081199"]["Value"]) == 1
    failed = {item["00081155"]["Value"][0]: item["00081197"]["Value"][0]
              for item in reply.json["00081198"]["Value"]}  # fmt: skip
    assert failed == {f"{study}.1.2": 0xC000, f"{study}.9.1.3": 0xA901}
    again = await post(house, JSON, metadata(good), jpeg, path=path)
    assert (again.status, len(again.json["00081199"]["Value"])) == (200, 1)
    assert not house.temporary()


BAD: list[tuple[str, list[Part], int]] = [
    ("no JSON", [(JSON, "", b"[{")], 400),
    ("no array", [(JSON, "", b"{}")], 400),
    ("no objects", [(JSON, "", b"[1]")], 400),
    ("nothing", [(JSON, "", b"[]")], 400),
    ("an empty object", [(JSON, "", b"[{}]")], 400),
    ("nested too deep", [(JSON, "", b"[" * 5000 + b"]" * 5000)], 400),
    ("bulk data alone", [("image/jpeg", "bulk/1", b"x")], 400),
    ("too much metadata", [(JSON, "", b"[" + b" " * (9 << 20) + b"]")], 413),
    ("a bomb", [(XML, "", b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel/>')], 400),
    ("no picture", [metadata(told("2.25.499", **pixels())), ("image/png", "bulk/1", b"x")], 400),
    ("two pictures", [metadata(told("2.25.499", **pixels())),
                      *[("image/png", "bulk/1", picture("PNG"))] * 2], 400),
    ("no JPEG", [metadata(told("2.25.499", **pixels())), ("image/jpeg", "bulk/1", b"x")], 400),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), [row[1:] for row in BAD], ids=[r[0] for r in BAD])
async def test_what_cannot_be_composed_is_refused(
    house: House, sent: list[Part], status: int
) -> None:
    """A client's error, told as one, and nothing is left behind."""
    root = XML if sent[0][0] == XML else JSON
    assert (await post(house, root, *sent)).status == status
    assert not house.temporary()
