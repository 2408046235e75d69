"""The scanner: whole files are read to the byte, all others are refused, at a bounded price."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.dicom.elements import Limits, Tag
from telemed.dicom.jsonmodel import instance_json
from telemed.dicom.refusal import SENTENCES, Refused
from telemed.dicom.scan import opened, scan, valid_uid
from telemed.dicom.summary import summarize
from tests.dicom.files import shipped, shipped_files
from tests.hostile_dicom import (
    CT,
    HOSTILE_UIDS,
    element,
    encoded,
    hostile_files,
    identity,
    image,
    item,
    meta,
    part10,
    valid_files,
)

VALID = dict(valid_files())


def outcome(data: bytes) -> str:
    """'ok' or the code of the refusal; everything that reads a scanned file is run too."""
    try:
        file = scan(data)
    except Refused as refusal:
        assert refusal.sentence("zh") and refusal.sentence("en")
        return refusal.code
    summarize(file)
    instance_json(file)
    return "ok"


@pytest.mark.parametrize("name", VALID)
def test_every_valid_encoding_is_accepted(name: str) -> None:
    """Each transfer syntax and kind of object that is whole passes without a note."""
    assert scan(VALID[name]).notes == ()


def test_hostile_files_are_many_and_distinct() -> None:
    """The collection keeps its promised size, and a name means one file."""
    assert len(hostile_files()) >= 300
    assert len({name for name, _ in hostile_files()}) == len(hostile_files())
    assert len({data for _, data in hostile_files()}) == len(hostile_files())


def test_hostile_files_are_refused_and_odd_ones_pass() -> None:
    """A broken file is refused with a known code; a lawful one with odd values never fails."""
    wrong = [
        (name, found)
        for name, data in hostile_files()
        if ((found := outcome(data)) == "ok") != name.startswith("odd-")
        or (found != "ok" and found not in SENTENCES)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [n for n in VALID if n not in ("deflated", "pdf", "report")])
def test_a_file_cut_anywhere_is_refused(name: str) -> None:
    """No proper beginning of an image or an ECG is ever taken for the whole."""
    data = VALID[name]
    for length in range(len(data)):
        with pytest.raises(Refused):
            scan(data[:length])


@pytest.mark.parametrize("name", ["deflated", "pdf"])
def test_a_cut_deflated_file_or_document_is_refused(name: str) -> None:
    """The deflate stream must end, and a document must hold its document."""
    data = VALID[name]
    for length in range(len(data) - 1):
        with pytest.raises(Refused):
            scan(data[:length])


def test_shipped_files_scan_as_pydicom_reads_them() -> None:
    """For every file of pydicom's that passes, the two readers see the same elements."""
    seen = 0
    for path in shipped_files():
        try:
            file = scan(path.read_bytes())
        except Refused:
            continue
        dataset = pydicom.dcmread(path)
        tags = {int(e.tag) for e in dataset} - {0x7FE00010}
        assert {tag for tag in file.elements if tag != 0x7FE00010} == tags, path.name
        assert file.ascii(Tag.SOP_INSTANCE) == str(dataset.SOPInstanceUID)
        seen += 1
    assert seen > 80


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(sorted(VALID)),
    edits=st.lists(st.tuples(st.integers(0, 4_000), st.binary(min_size=1, max_size=4)), max_size=4),
    cut=st.integers(0, 40),
)
def test_any_mutation_is_accepted_or_refused(
    name: str, edits: list[tuple[int, bytes]], cut: int
) -> None:
    """Overwritten bytes and a lost tail lead to a scan or to `Refused`, never elsewhere."""
    data = bytearray(VALID[name])
    for at, piece in edits:
        at = 132 + at % (len(data) - 132)
        data[at : at + len(piece)] = piece
    outcome(bytes(data[: len(data) - cut] if cut > 30 else data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_accepted_or_refused(noise: bytes) -> None:
    """Random data sets behind each kind of file meta lead to a scan or to `Refused`."""
    for data in VALID.values():
        start = data.index(b"DICM") + 4
        outcome(data[:start] + noise)
        outcome(data[: start + 150] + noise)


def test_a_million_empty_elements_are_refused() -> None:
    """Eight megabytes of headers stop at the allowance, far before the end (finding M6)."""
    one = element(0x00090000, "UN")[:8]
    flood = b"".join(
        struct.pack("<HH", 9 + 2 * (k >> 15), 0x1000 + (k & 0x7FFF)) + b"LO\0\0"
        for k in range(1_000_000)
    )
    assert len(one) == 8
    with pytest.raises(Refused) as refused:
        scan(part10(flood))
    assert refused.value.code == "too-many-elements"
    assert refused.value.facts["limit"] == Limits().top_elements


def test_a_million_empty_items_are_refused() -> None:
    """Items count like elements."""
    data = encoded(identity()) + element(0x00400275, "SQ", item() * 1_000_000)
    with pytest.raises(Refused) as refused:
        scan(part10(data))
    assert refused.value.code == "too-many-elements"


def test_depth_is_bounded_long_before_the_stack() -> None:
    """A hundred thousand nested sequences are refused at the depth limit (finding M7)."""
    one = element(0x00081140, "SQ", length=0xFFFFFFFF) + item(length=0xFFFFFFFF)
    with pytest.raises(Refused) as refused:
        scan(part10(encoded(identity()) + one * 100_000))
    assert refused.value.facts == {"limit": 32}


def test_a_deflate_bomb_costs_bounded_memory() -> None:
    """The inflater stops at its limit and never holds the bomb (finding M5)."""
    bomb = next(data for name, data in hostile_files() if name == "bomb-deflate-80")
    tracemalloc.start()
    with pytest.raises(Refused) as refused:
        scan(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code == "inflates-too-much"
    assert peak < 40 << 20


def test_a_whole_slide_with_functional_groups_passes() -> None:
    """Ten thousand tiles with their positions fit the allowance of a file of their size."""
    position = element(0x0048021A, "SQ", item(element(0x0040072A, "DS", b"1.25")))
    groups = b"".join(item(position) for _ in range(10_000))
    elements = {**image(), 0x00280008: ("IS", b"10000 ")}
    elements[0x7FE00010] = ("OW", bytes(10_000 * 32))
    head = {t: e for t, e in elements.items() if t < 0x52009230}
    tail = {t: e for t, e in elements.items() if t > 0x52009230}
    data = encoded(head) + element(0x52009230, "SQ", groups) + encoded(tail)
    file = scan(part10(data))
    assert file.pixels is not None and file.pixels.frames == 10_000


@pytest.mark.parametrize("text", HOSTILE_UIDS)
def test_hostile_uids_are_no_uids(text: str) -> None:
    """Paths, other alphabets' digits, blanks and over-long strings are not UIDs."""
    assert not valid_uid(text)


def test_padding_of_uids_is_not_part_of_them() -> None:
    """A UID padded with a blank instead of NUL is the same UID."""
    changed = {**image(), 0x00080018: ("UI", b"2.25.1003 ")}
    assert scan(part10(encoded(changed))).ascii(Tag.SOP_INSTANCE) == "2.25.1003"


def test_oddities_are_noted() -> None:
    """What is let pass is named, so that an administrator can see which device does it."""
    by_name = dict(hostile_files())
    assert scan(by_name["odd-preamble"]).notes == ("preamble-in-use",)
    assert scan(by_name["odd-uid-zeros"]).notes == ("uid-leading-zero",)
    swapped = encoded({0x00080060: ("CS", b"CT")}) + encoded({0x00080005: ("CS", b"GBK ")})
    rest = {t: e for t, e in image().items() if t not in (0x00080060, 0x00080005)}
    assert scan(part10(swapped + encoded(rest))).notes == ("elements-out-of-order",)


def test_unknown_sequences_in_explicit_files_are_read_as_implicit() -> None:
    """UN with undefined length holds an Implicit VR sequence (PS3.5 6.2.2)."""
    inner = element(0x00081150, "UI", CT.encode() + b"\0", implicit=True)
    raw = element(0x00081199, "UN", length=0xFFFFFFFF) + item(inner) + item(tag=0xFFFEE0DD)
    head = {t: e for t, e in image().items() if t < 0x00081199}
    tail = {t: e for t, e in image().items() if t > 0x00081199}
    file = scan(part10(encoded(head) + raw + encoded(tail)))
    items = file.elements[0x00081199].items
    assert items is not None and items[0][0x00081150].vr == "UI"


def test_a_path_is_scanned_through_a_map(tmp_path: Path) -> None:
    """A file on disk gives what its bytes give, and an empty one is refused."""
    path = tmp_path / "one.dcm"
    path.write_bytes(VALID["explicit"])
    with opened(path) as file:
        assert instance_json(file) == instance_json(scan(VALID["explicit"]))
    path.write_bytes(b"")
    with pytest.raises(Refused), opened(path):
        pass


def test_a_gzip_trailer_behind_a_deflated_set_is_known() -> None:
    """Some writers leave checksum and size behind the stream; pydicom ships such a file."""
    assert scan(shipped("image_dfl.dcm").read_bytes()).syntax.deflated


def test_meta_without_group_length_is_read() -> None:
    """The length of the file meta is checked when stated and counted when not."""
    bare = meta("1.2.840.10008.1.2.1")[12:]
    assert scan(bytes(128) + b"DICM" + bare + encoded(image())).notes == ()
