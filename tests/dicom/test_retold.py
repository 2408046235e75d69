"""Files of a patient who was merged or moved since: told as their metadata, all else as it was."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import orjson
import pytest
from pydicom import Dataset, dcmread

from telemed.dicom.coercion import retold
from telemed.dicom.identity import with_identity
from telemed.dicom.jsonmodel import instance_json
from telemed.dicom.scan import scan
from tests.hostile_dicom import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    JPEG_FRAME,
    Elements,
    deflated,
    element,
    encoded,
    even,
    fragments,
    image,
    item,
    part10,
)

AT = datetime(2026, 3, 4, tzinfo=UTC)
WEI: dict[str, Any] = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wei^Guihua", "Ideographic": "韦^桂花"}]},
    "00100020": {"vr": "LO", "Value": ["LZ-7"]},
    "00100021": {"vr": "LO", "Value": ["lingzhou"]},
    "00100030": {"vr": "DA", "Value": ["19580304"]},
    "00100040": {"vr": "CS"},
}
ASCII: dict[str, Any] = {"00100020": {"vr": "LO", "Value": ["LZ-7"]}}


def made(syntax: str = EXPLICIT, changes: Elements | None = None) -> bytes:
    """An image in a transfer syntax, its name in the charset that the changes say."""
    big, implicit = syntax == BIG, syntax == IMPLICIT
    elements = {**image(big=big), **(changes or {})}
    if syntax == JPEG:
        del elements[0x7FE00010]
    data = encoded(elements, implicit=implicit, big=big)
    if syntax == JPEG:
        data += fragments(JPEG_FRAME)
    return part10(deflated(data) if syntax == DEFLATED else data, syntax)


def told_of(data: bytes, whose: dict[str, Any], source: str = "") -> dict[str, Any]:
    """The metadata of a file after it was given to somebody."""
    told: dict[str, Any] = orjson.loads(with_identity(instance_json(scan(data)), whose, AT, source))
    return told


def read(data: bytes) -> Dataset:
    return dcmread(BytesIO(data))


def rewritten(data: bytes, told: dict[str, Any]) -> bytes:
    pieces = retold(scan(data), told)
    assert pieces is not None
    return b"".join(pieces)


GBK = "农^兰".encode("gb18030")
CHARSETS: dict[str, Elements] = {
    "ascii": {},
    "utf-8": {
        0x00080005: ("CS", even("ISO_IR 192")),
        0x00100010: ("PN", even(b"Nong^Lan=" + "农^兰".encode())),
    },
    "gb18030": {
        0x00080005: ("CS", even("GB18030")),
        0x00100010: ("PN", even(b"Nong^Lan=" + GBK)),
    },
    "mislabelled": {
        0x00080005: ("CS", even("ISO_IR 100")),
        0x00080080: ("LO", even("田东县人民医院放射科".encode("gb18030"))),
        0x00100010: ("PN", even(b"Nong^Lan=" + GBK)),
    },
    "escaped": {
        0x00080005: ("CS", even("\\ISO 2022 IR 58")),
        0x00100010: ("PN", even(b"Nong^Lan=\x1b$)A" + GBK)),
    },
}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG])
def test_a_file_says_what_its_metadata_say(syntax: str, charset: str) -> None:
    """Every attribute, the trail with the old name among them; the pixels are the same."""
    data = made(syntax, CHARSETS[charset])
    told = told_of(data, WEI, "灵州县人民医院")
    out = rewritten(data, told)
    said = orjson.loads(instance_json(scan(out)))
    assert (said.pop("00080005", None) or {}).get("Value") == ["ISO_IR 192"]
    told.pop("00080005", None)
    assert said == told
    found, before = read(out), read(data)
    assert str(found.PatientName) == "Wei^Guihua=韦^桂花"
    assert (found.PatientID, found.PatientSex) == ("LZ-7", "")
    (trail,) = found.OriginalAttributesSequence
    assert trail.SourceOfPreviousValues == "灵州县人民医院"
    old = trail.ModifiedAttributesSequence[0]
    assert old.PatientID == before.PatientID
    assert "".join(map(str, [old.PatientName])).startswith(str(before.PatientName)[:8])
    if charset != "ascii":
        assert str(old.PatientName) == "Nong^Lan=农^兰"
    if syntax == JPEG:
        assert found.PixelData == before.PixelData
    else:
        assert found.pixel_array.tolist() == before.pixel_array.tolist()


def test_ascii_values_leave_the_character_set_alone() -> None:
    """Nothing is recoded without need: only what changed is other bytes."""
    data = made(EXPLICIT, CHARSETS["gb18030"])
    out = rewritten(data, told_of(data, ASCII))
    assert read(out).SpecificCharacterSet == "GB18030"
    assert GBK in out


def test_text_in_sequences_is_recoded_with_the_rest() -> None:
    """Items that have a character set of their own lose it: the file is in one."""
    inner = element(0x00080005, "CS", even("GB18030")) + element(
        0x00080104, "LO", even("胸部".encode("gb18030"))
    )
    sequence = ("SQ", item(inner))
    data = made(EXPLICIT, {**CHARSETS["mislabelled"], 0x00321064: sequence})
    told = told_of(data, WEI, "灵州")
    found = read(rewritten(data, told))
    (code,) = found.RequestedProcedureCodeSequence
    assert (code.CodeMeaning, "SpecificCharacterSet" in code) == ("胸部", False)
    assert found.InstitutionName == "田东县人民医院放射科"


def test_a_second_change_and_the_files_own_trail() -> None:
    """The file's own item stays in front; each change adds one; the last identity is told."""
    own = item(element(0x04000565, "CS", even("COERCE")))
    data = made(EXPLICIT, {0x04000561: ("SQ", own), 0x00100000: ("UL", struct.pack("<I", 4))})
    first = told_of(data, ASCII)
    second = orjson.loads(with_identity(orjson.dumps(first), WEI, AT, ""))
    found = read(rewritten(data, second))
    reasons = [one.ReasonForTheAttributeModification for one in found.OriginalAttributesSequence]
    assert reasons == ["COERCE", "CORRECT", "CORRECT"]
    assert found.PatientID == "LZ-7" and 0x00100000 not in found


def test_a_file_that_nobody_changed_is_left_alone() -> None:
    """Without a trail of ours there is nothing to write, even with one of the file's own."""
    own = item(element(0x04000565, "CS", even("COERCE")))
    for changes in ({}, {0x04000561: ("SQ", own)}):
        data = made(EXPLICIT, changes)
        assert retold(scan(data), orjson.loads(instance_json(scan(data)))) is None
