"""Files composed from metadata and bulk data: the round trip of real files, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from telemed.dicom.codestream import Described, codestream_span, describe
from telemed.dicom.composed import Bulk, Parts, compose
from telemed.dicom.elements import ScannedFile, Tag
from telemed.dicom.frames import bulk, frame
from telemed.dicom.jsonmodel import instance_json, parse_bulk_path
from telemed.dicom.raster import RasterSpec, unpacked
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened, scan
from telemed.dicom.syntaxes import OCTETS
from telemed.dicom.worker import RenderPool
from telemed.dicom.xmlmodel import native_xml, read_native_xml
from tests.dicom.files import shipped, shipped_files

Json = dict[str, Any]
MINIMUM: Json = {
    "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
    "00080018": {"vr": "UI", "Value": ["2.25.3"]},
    "0020000D": {"vr": "UI", "Value": ["2.25.1"]},
    "0020000E": {"vr": "UI", "Value": ["2.25.2"]},
}


def whole(pieces: list[bytes | Bulk]) -> bytes:
    out = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            out += piece
        else:
            out += piece.path.read_bytes()[piece.offset : piece.offset + piece.length]
    return out


def uris(told: Any) -> Iterator[str]:
    """The bulk data that metadata names, at any depth."""
    if isinstance(told, list):
        for one in told:
            yield from uris(one)
    elif isinstance(told, dict):
        if isinstance(told.get("BulkDataURI"), str):
            yield told["BulkDataURI"]
        for one in told.values():
            yield from uris(one)


def sent(folder: Path, file: ScannedFile, metadata: Json) -> Parts:
    """The parts that a client sends beside the metadata of a file."""
    parts: Parts = {}
    for uri in uris(metadata):
        path = parse_bulk_path(uri.removeprefix("b/"))
        pixels = file.pixels if path == (Tag.PIXELS,) else None
        if pixels is not None and file.syntax.encapsulated and not file.syntax.video:
            values = [frame(file, n) for n in range(1, pixels.frames + 1)]
            kind, syntax = file.syntax.media_type.lower(), file.syntax.uid
        else:
            found = bulk(file, path)
            values, kind, syntax = [found.data], OCTETS, ""
            if file.syntax.video and pixels is not None:
                kind, syntax = file.syntax.media_type.lower(), file.syntax.uid
        parts[uri] = []
        for value in values:
            place = folder / f"{len(list(folder.iterdir()))}"
            place.write_bytes(value)
            parts[uri].append(Bulk(place, len(value), kind, syntax))
    return parts


UNLIKE = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "its codestream claims a size that is none",
    "rtdose_rle.dcm": "its UIDs are of VR UN, which metadata has as opaque bytes",
    "rtdose_rle_1frame.dcm": "the same",
}
"""Files that stand for themselves but cannot be told as metadata."""


@pytest.mark.parametrize("form", ["json", "xml"])
def test_real_files_survive_the_round_trip(tmp_path: Path, form: str) -> None:
    """Metadata and bulk data of every sound file that pydicom ships, composed again: what a
    reader is told of the new file is what it was told of the old one, and so are the frames."""
    done = 0
    for path in shipped_files():
        if path.name in UNLIKE:
            continue
        try:
            with opened(path) as file:
                told = orjson.loads(instance_json(file, "b"))
                folder = tmp_path / str(done)
                folder.mkdir(parents=True)
                parts = sent(folder, file, told)
                frames = [] if file.pixels is None else [frame(file, 1)]
        except Refused:
            continue
        if form == "xml":
            told = read_native_xml(native_xml(told))
        again = scan(whole(compose(told, parts)))
        assert parts == {}, path.name
        back = orjson.loads(instance_json(again, "b"))
        assert said(back) == said(told), path.name
        if frames:
            start, length = codestream_span(frames[0], len(frames[0]))
            plain = frames[0][start : start + length]  # one file keeps the boxes of JP2
            assert frame(again, 1).rstrip(b"\0") == plain.rstrip(b"\0"), path.name
        done += 1
    assert done > 50


def said(told: Json) -> Json:
    """What two writings of one data set share: numbers by value, and no character set; an
    attribute that long becomes UN, and what the codestream adds of itself is left out."""
    added = {"00280008", "00282110"}
    return {
        key: _plain(value)
        for key, value in told.items()
        if key not in added | {"00080005", "7FE00010", "7FE00001", "7FE00002"}
    }


def _plain(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _plain(one) for key, one in told.items() if key != "00080005"}
    if isinstance(told, list):
        return [_plain(one) for one in told]
    try:
        return float(told)
    except (TypeError, ValueError):
        return told


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (10, 6), **more: Any) -> bytes:
    out = BytesIO()
    Image.new(mode, size, 100 if mode != "RGB" else (10, 20, 30)).save(out, kind, **more)
    return out.getvalue()


JPEG_2000 = "image/jp2"
CODESTREAMS = [
    (picture("JPEG"), "image/jpeg", "50", 3, 8, "YBR_FULL_422"),
    (picture("JPEG", subsampling=0), "image/jpeg", "50", 3, 8, "YBR_FULL"),
    (picture("JPEG", mode="L"), "image/jpeg", "50", 1, 8, "MONOCHROME2"),
    (picture("JPEG2000", mct=1), JPEG_2000, "90", 3, 8, "YBR_RCT"),
    (picture("JPEG2000", irreversible=True, mct=1), JPEG_2000, "91", 3, 8, "YBR_ICT"),
    (picture("JPEG2000", mode="L", no_jp2=True), JPEG_2000, "90", 1, 8, "MONOCHROME2"),
]


@pytest.mark.parametrize(("data", "kind", "syntax", "samples", "bits", "colour"), CODESTREAMS)
def test_a_codestream_describes_itself(
    data: bytes, kind: str, syntax: str, samples: int, bits: int, colour: str
) -> None:
    """Size, samples, bits, colour and transfer syntax, from the headers alone."""
    found = describe(data, kind)
    assert (found.rows, found.columns, found.samples, found.bits) == (6, 10, samples, bits)
    assert found.syntax == f"1.2.840.10008.1.2.4.{syntax}"
    assert found.photometric == colour


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SC_rgb_jpeg_gdcm.dcm", "image/jpeg"), ("JPGExtended.dcm", "image/jpeg"),
     ("MR_small_jpeg_ls_lossless.dcm", "image/jls"), ("MR_small_jp2klossless.dcm", JPEG_2000),
     ("GDCMJ2K_TextGBR.dcm", JPEG_2000), ("JPEG2000.dcm", JPEG_2000),
     ("SC_rgb_dcmtk_+eb+cr.dcm", "image/jpeg")],
)  # fmt: skip
def test_real_codestreams_say_what_their_files_say(name: str, kind: str) -> None:
    """The description of a frame is that of the file it was taken from."""
    with opened(shipped(name)) as file:
        found = describe(frame(file, 1), kind)
        said = [file.number(tag) for tag in (Tag.ROWS, Tag.COLUMNS, Tag.SAMPLES)]
        assert [found.rows, found.columns, found.samples] == said
        assert found.syntax == file.syntax.uid
        assert found.bits == file.number(0x00280101) or found.bits == file.number(0x00280100)


def refused(data_set: Json, parts: Parts | None = None) -> str:
    with pytest.raises(Refused) as fault:
        scan(whole(compose(data_set, parts or {})))
    return fault.value.code


BAD: list[tuple[Json, str]] = [
    ({}, "missing-uid"),
    ({"00080016": MINIMUM["00080016"]}, "missing-uid"),
    ({**MINIMUM, "0010": {"vr": "LO"}}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"vr": "ZZ"}}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"Value": ["x"]}}, "bad-metadata"),
    ({**MINIMUM, "00100020": "x"}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"vr": "LO", "Value": "x"}}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"vr": "LO", "Value": [1]}}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"vr": "LO", "Value": ["a\\b"]}}, "bad-metadata"),
    ({**MINIMUM, "00100020": {"vr": "LO", "value": ["a"]}}, "bad-metadata"),
    ({**MINIMUM, "00100010": {"vr": "PN", "Value": ["Wang"]}}, "bad-metadata"),
    ({**MINIMUM, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "a=b"}]}}, "bad-metadata"),
    ({**MINIMUM, "00280010": {"vr": "US", "Value": [70000]}}, "bad-metadata"),
    ({**MINIMUM, "00280010": {"vr": "US", "Value": [None]}}, "bad-metadata"),
    ({**MINIMUM, "00280010": {"vr": "US", "Value": [True]}}, "bad-metadata"),
    ({**MINIMUM, "00280010": {"vr": "US", "Value": [1.5]}}, "bad-metadata"),
    ({**MINIMUM, "00189073": {"vr": "FD", "Value": ["x"]}}, "bad-metadata"),
    ({**MINIMUM, "00200013": {"vr": "IS", "Value": [1.5]}}, "bad-metadata"),
    ({**MINIMUM, "00209165": {"vr": "AT", "Value": ["001"]}}, "bad-metadata"),
    ({**MINIMUM, "00081140": {"vr": "SQ", "Value": ["x"]}}, "bad-metadata"),
    ({**MINIMUM, "00420011": {"vr": "OB", "InlineBinary": "?"}}, "bad-metadata"),
    ({**MINIMUM, "00420011": {"vr": "OB", "BulkDataURI": "nowhere"}}, "no-bulk-data"),
    ({**MINIMUM, "7FE00010": {"vr": "OW", "BulkDataURI": 7}}, "no-bulk-data"),
    ({**MINIMUM, "00080018": {"vr": "UI", "Value": ["abc"]}}, "missing-uid"),
    (MINIMUM, "no-pixel-data"),
]


@pytest.mark.parametrize(("data_set", "code"), BAD)
def test_bad_metadata_is_refused(data_set: Json, code: str) -> None:
    """A value that its VR cannot hold is refused and never guessed at."""
    assert refused(data_set) == code


def test_depth_and_surrogates_are_refused() -> None:
    """Sequences without end, and text that is no text."""
    deep: Json = {}
    for _ in range(40):
        deep = {"00081140": {"vr": "SQ", "Value": [deep]}}
    assert refused({**MINIMUM, **deep}) == "too-deep"
    assert refused({**MINIMUM, "00100020": {"vr": "LO", "Value": ["\ud800"]}}) == "bad-metadata"


def test_a_part_goes_into_one_file_only(tmp_path: Path) -> None:
    """A small message cannot ask for many large files."""
    place = tmp_path / "pixels"
    place.write_bytes(bytes(60))
    parts: Parts = {"u": [Bulk(place, 60, described=Described("", 6, 10, 1, 8, False,
                                                              "MONOCHROME2", False))]}  # fmt: skip
    told = {**MINIMUM, "7FE00010": {"vr": "OB", "BulkDataURI": "u"}}
    assert scan(whole(compose(told, parts))).pixels is not None
    assert refused(told, parts) == "no-bulk-data"


def test_metadata_that_contradicts_its_pixels_is_refused(tmp_path: Path) -> None:
    """Rows of another picture, frames of two kinds, a media type that is not the syntax's."""
    place = tmp_path / "jpeg"
    data = picture("JPEG")
    place.write_bytes(data)
    jpeg = Bulk(place, len(data), "image/jpeg")
    told = {**MINIMUM, "7FE00010": {"vr": "OB", "BulkDataURI": "u"}}
    wrong = {**told, "00280010": {"vr": "US", "Value": [7]}}
    assert refused(wrong, {"u": [jpeg]}) == "bad-pixel-description"
    other = jpeg._replace(media_type="image/jls")
    assert refused(told, {"u": [jpeg, other]}) == "bad-metadata"
    j2k = jpeg._replace(transfer_syntax="1.2.840.10008.1.2.4.90")
    assert refused(told, {"u": [j2k]}) == "bad-metadata"
    unknown = jpeg._replace(transfer_syntax="1.2.3")
    assert refused(told, {"u": [unknown]}) == "unknown-transfer-syntax"
    assert refused(told, {"u": [jpeg._replace(media_type="image/tiff")]}) == "bad-metadata"


async def test_picture_files_become_native_pixels(tmp_path: Path) -> None:
    """PNG of 8 and 16 bits and an animated GIF, read in the worker; a wreck is refused."""
    pool = RenderPool(1)
    grey = Image.new("I;16", (3, 2), 1000)
    frames = [Image.new("P", (3, 2), n) for n in range(3)]
    files = {"rgb.png": picture("PNG", size=(3, 2))}
    for name, image, more in (("deep.png", grey, {}),
                              ("a.gif", frames[0], {"save_all": True, "append_images": frames[1:],
                                                    "optimize": False})):  # fmt: skip
        out = BytesIO()
        image.save(out, name[-3:], **more)
        files[name] = out.getvalue()
    try:
        found = {}
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
            found[name] = unpacked(await pool.render(tmp_path / name, RasterSpec()))
        assert found["rgb.png"][:5] == (2, 3, 3, 8, 1)
        assert bytes(found["rgb.png"].data) == bytes((10, 20, 30)) * 6
        assert found["deep.png"][:5] == (2, 3, 1, 16, 1)
        assert bytes(found["deep.png"].data) == (1000).to_bytes(2, "little") * 6
        assert found["a.gif"].frames >= 1 and found["a.gif"].samples == 3
        for wreck in (files["rgb.png"][:40], b"GIF89a", b""):
            (tmp_path / "wreck").write_bytes(wreck)
            with pytest.raises(Refused):
                await pool.render(tmp_path / "wreck", RasterSpec())
    finally:
        await pool.aclose()
