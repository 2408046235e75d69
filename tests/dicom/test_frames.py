"""Frames and wire files: the same pixels and elements as pydicom finds."""

from __future__ import annotations

import io
import struct

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from telemed.dicom.elements import swapped
from telemed.dicom.frames import bulk, document_type, frame, frame_span, frame_syntax
from telemed.dicom.jsonmodel import parse_bulk_path
from telemed.dicom.part10 import wire
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import scan
from telemed.dicom.syntaxes import EXPLICIT_LE
from tests.dicom.files import shipped_files
from tests.hostile_dicom import (
    JPEG,
    JPEG_FRAME,
    PDF,
    SC,
    Elements,
    compressed,
    element,
    encoded,
    identity,
    image,
    part10,
    us,
    valid_files,
)

VALID = dict(valid_files())


def readable() -> list[tuple[str, bytes]]:
    """pydicom's files that pass the scan and hold Pixel Data."""
    found = []
    for path in shipped_files():
        data = path.read_bytes()
        try:
            file = scan(data, identity=False)
        except Refused:
            continue
        if file.pixels is not None:
            found.append((path.name, data))
    return found


READABLE = readable()


def test_encapsulated_frames_are_those_pydicom_finds() -> None:
    """Every frame of every compressed file, byte for byte."""
    seen = 0
    for name, data in READABLE:
        file = scan(data, identity=False)
        if not file.syntax.encapsulated or file.pixels is None:
            continue
        dataset = pydicom.dcmread(io.BytesIO(data))
        theirs = list(generate_frames(dataset.PixelData, number_of_frames=file.pixels.frames))
        assert [frame(file, k + 1) for k in range(file.pixels.frames)] == theirs, name
        seen += 1
    assert seen > 25


def test_native_frames_are_those_pydicom_finds() -> None:
    """Every native frame, in little endian order, byte for byte."""
    seen = 0
    for name, data in READABLE:
        file = scan(data, identity=False)
        if file.syntax.encapsulated or file.pixels is None or file.pixels.frame_bits % 8:
            continue
        dataset = pydicom.dcmread(io.BytesIO(data))
        raw = dataset.PixelData
        if file.syntax.big_endian and file.pixels.element.vr == "OW":
            raw = swapped(raw, max(2, dataset.BitsAllocated // 8))
        size = file.pixels.frame_bits // 8
        for number in range(file.pixels.frames):
            wanted = raw[number * size : (number + 1) * size]
            assert frame(file, number + 1) == wanted, name
            span = frame_span(file, number + 1)
            if span is not None:
                assert data[span[0] : span[0] + span[1]] == wanted
        seen += 1
    assert seen > 30


def test_big_endian_pixels_have_the_little_endian_values() -> None:
    """Sixteen pixels, 0 to 15, whatever the file's byte order."""
    for name in ("explicit", "implicit", "big-endian", "deflated"):
        assert frame(scan(VALID[name]), 1) == struct.pack("<16H", *range(16))


@pytest.mark.parametrize(
    ("rows", "columns", "frames"), [(3, 3, 5), (1, 1, 9), (5, 7, 3), (8, 1, 2)]
)
def test_one_bit_frames_are_cut_by_the_bit(rows: int, columns: int, frames: int) -> None:
    """A frame that begins inside a byte is shifted to its own first bit (10.4.1.1.6)."""
    bits = np.random.default_rng(1).integers(0, 2, rows * columns * frames).astype(np.uint8)
    packed = np.packbits(bits, bitorder="little").tobytes()
    changed: Elements = {
        0x00280010: us(rows),
        0x00280011: us(columns),
        0x00280008: ("IS", f"{frames} ".encode()[: 2 * (1 + len(str(frames)) // 2)]),
        0x00280100: us(1),
        0x00280101: us(1),
        0x00280102: us(0),
        0x7FE00010: ("OB", packed + bytes(len(packed) % 2)),
    }
    file = scan(part10(encoded({**image(), **changed})))
    size = rows * columns
    for number in range(frames):
        wanted = np.packbits(bits[number * size : (number + 1) * size], bitorder="little")
        assert frame(file, number + 1) == wanted.tobytes()


@pytest.mark.parametrize("number", [0, -1, 2, 10**9])
def test_frames_that_are_not_there(number: int) -> None:
    """Frames are counted from 1 to NumberOfFrames."""
    with pytest.raises(Refused) as refused:
        frame(scan(VALID["explicit"]), number)
    assert refused.value.code == "no-such-frame"


def offsets(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


A, B = JPEG_FRAME, JPEG_FRAME + b"\1\1"
TAIL = b"\2\2"


@pytest.mark.parametrize(
    ("parts", "table", "frames", "notes"),
    [
        ((A, B), b"", [A, B], ()),
        ((A, B), offsets(0, 18), [A, B], ()),
        ((A, TAIL, B), offsets(0, 28), [A + TAIL, B], ()),
        ((A, TAIL, B, TAIL), b"", [A + TAIL, B + TAIL], ()),
        ((A, B), offsets(0, 7), [A, B], ("bad-offset-table",)),
        ((A, B), offsets(18, 0), [A, B], ("bad-offset-table",)),
        ((A, B), offsets(0, 0), [A, B], ("bad-offset-table",)),
        ((A, B), offsets(0), [A, B], ("bad-offset-table",)),
        ((A, TAIL), b"", [A + TAIL], ()),
    ],
)
def test_frame_table(
    parts: tuple[bytes, ...], table: bytes, frames: list[bytes], notes: tuple[str, ...]
) -> None:
    """By offset table, one fragment each, or by the codestreams' own beginnings."""
    data = compressed(*parts, frames=len(frames), table=table)
    file = scan(part10(data, JPEG, sop_class=SC))
    assert [frame(file, k + 1) for k in range(len(frames))] == frames
    assert file.notes == notes
    assert frame_syntax(file) == ("image/jpeg", JPEG)


def test_extended_offset_table() -> None:
    """The extended table outranks guessing."""
    table = struct.pack("<2Q", 0, 28)
    data = compressed(A, TAIL, B, frames=2)
    head, tail = data[: data.index(b"\xe0\x7f")], data[data.index(b"\xe0\x7f") :]
    lengths = struct.pack("<2Q", len(A + TAIL), len(B))
    extra = element(0x7FE00001, "OV", table) + element(0x7FE00002, "OV", lengths)
    file = scan(part10(head + extra + tail, JPEG, sop_class=SC))
    assert [frame(file, 1), frame(file, 2)] == [A + TAIL, B]


def test_bulk_values() -> None:
    """Bulk values come with their media type, documents without their padding."""
    pdf = scan(VALID["pdf"])
    assert bulk(pdf, (0x00420011,)).data.startswith(b"%PDF-1.4")
    native = bulk(scan(VALID["big-endian"]), (0x7FE00010,))
    assert native == (struct.pack("<16H", *range(16)), "application/octet-stream", EXPLICIT_LE)
    ecg = bulk(scan(VALID["ecg"]), parse_bulk_path("54000100/0/54001010"))
    assert len(ecg.data) == 40


@pytest.mark.parametrize(
    ("stated", "content", "media_type"),
    [
        (b"application/pdf", b"%PDF-1.4\n", "application/pdf"),
        (b"application/pdf", b"<script>a", "application/octet-stream"),
        (b"text/html", b"<script>a", "application/octet-stream"),
        (b"image/svg+xml", b"<svg>....", "application/octet-stream"),
        (b"", b"%PDF-1.4\n", "application/octet-stream"),
    ],
)
def test_documents_are_only_called_what_they_are(
    stated: bytes, content: bytes, media_type: str
) -> None:
    """A media type is believed from a list, and a PDF must begin like one (ST-20)."""
    pages: Elements = {
        **identity(PDF, "DOC"),
        0x00420011: ("OB", content + bytes(len(content) % 2)),
        0x00420012: ("LO", stated + b" " * (len(stated) % 2)),
        0x00420015: ("UL", struct.pack("<I", len(content))),
    }
    file = scan(part10(encoded(pages), sop_class=PDF))
    assert document_type(file) == media_type
    assert bulk(file, (0x00420011,)) == (content, media_type, "")


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's about values of its samples
def test_wire_files_are_lawful_and_say_the_same() -> None:
    """Implicit, Big Endian and Deflated files go out as Explicit LE; others untouched."""
    changed = 0
    for name, data in [*READABLE, *VALID.items()]:
        file = scan(data, identity=False)
        out = b"".join(wire(file))
        if file.syntax.on_the_wire:
            assert out == data
            continue
        changed += 1
        assert file.syntax.wired == EXPLICIT_LE
        before, after = pydicom.dcmread(io.BytesIO(data)), pydicom.dcmread(io.BytesIO(out))
        assert after.file_meta.TransferSyntaxUID == EXPLICIT_LE
        assert after.file_meta.FileMetaInformationGroupLength == (
            scan(out, identity=False).data_offset - 144
        )
        for one in before:
            if one.tag.element and one.VR != "UN" and one.tag != 0x7FE00010:
                assert after[one.tag] == one, (name, one)
        if "PixelData" in before:
            assert np.array_equal(before.pixel_array, after.pixel_array), name
    assert changed > 10


def test_a_value_too_long_for_its_vr_becomes_unknown() -> None:
    """A long LT fits Implicit VR and not Explicit VR, where it goes as UN (PS3.5 6.2.2)."""
    text = b"x\\" * 40_000
    changed: Elements = {**image(), 0x00104000: ("LT", text)}
    file = scan(part10(encoded(changed, implicit=True), "1.2.840.10008.1.2"))
    again = scan(b"".join(wire(file)))
    assert again.value(again.elements[0x00104000]) == text
