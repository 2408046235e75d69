"""The trail of what is told otherwise: in the file, in the metadata, and nothing else changes."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from io import BytesIO

import orjson
import pytest
from pydicom import Dataset, dcmread

from telemed.dicom.coercion import ISSUER, PATIENT_ID, Coercion, coerced, coerced_json
from telemed.dicom.jsonmodel import instance_json
from telemed.dicom.scan import scan
from tests.hostile_dicom import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    JPEG_FRAME,
    SEQUENCE_END,
    UNDEFINED,
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

COERCION = Coercion({PATIENT_ID: "NOID-1", ISSUER: "tiandong"}, datetime(2026, 3, 4, tzinfo=UTC))
EMPTY: Elements = {0x00100020: ("LO", b"")}
OLD = item(element(0x04000565, "CS", even("CORRECT")))


def nameless(syntax: str = EXPLICIT, changes: Elements | None = None) -> bytes:
    """An image that names no patient, in a transfer syntax."""
    big, implicit = syntax == BIG, syntax == IMPLICIT
    elements = {**image(big=big), **EMPTY, **(changes or {})}
    if syntax == JPEG:
        del elements[0x7FE00010]
    data = encoded(elements, implicit=implicit, big=big)
    if syntax == JPEG:
        data += fragments(JPEG_FRAME)
    return part10(deflated(data) if syntax == DEFLATED else data, syntax)


def read(data: bytes) -> Dataset:
    return dcmread(BytesIO(data))


def with_trail(data: bytes) -> Dataset:
    """What `coerced` makes of a file, which a stranger's reader and our scanner both take."""
    pieces = coerced(scan(data), COERCION)
    assert pieces is not None
    made = b"".join(pieces)
    scan(made)
    return read(made)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG])
def test_the_file_says_what_was_there(syntax: str) -> None:
    """The new values, the old ones in the trail, and every other element as it was."""
    made, before = with_trail(nameless(syntax)), read(nameless(syntax))
    assert (made.PatientID, made.IssuerOfPatientID) == ("NOID-1", "tiandong")
    (trail,) = made.OriginalAttributesSequence
    assert trail.AttributeModificationDateTime == "20260304000000+0000"
    assert (trail.ModifyingSystem, trail.SourceOfPreviousValues) == ("telemed", "")
    old = trail.ModifiedAttributesSequence[0]
    assert (old.PatientID, old.IssuerOfPatientID) == ("", "")
    changed = {"PatientID", "IssuerOfPatientID", "OriginalAttributesSequence", "PixelData"}
    for keyword in (e.keyword for e in before if e.keyword not in changed):
        assert made[keyword].value == before[keyword].value, keyword
    if syntax == JPEG:
        assert made.PixelData == before.PixelData
    else:
        assert made.pixel_array.tolist() == before.pixel_array.tolist()


@pytest.mark.parametrize("length", [None, UNDEFINED])
def test_an_older_trail_stays_in_front(length: int | None) -> None:
    """A sequence that is there already, of either length, keeps its items."""
    old = OLD + (SEQUENCE_END if length else b"")
    sequence = element(0x04000561, "SQ", old, length=length)
    plain = nameless()
    at = plain.index(struct.pack("<HH", 0x7FE0, 0x0010))
    made = with_trail(plain[:at] + sequence + plain[at:])
    reasons = [one.ReasonForTheAttributeModification for one in made.OriginalAttributesSequence]
    assert reasons == ["CORRECT", "COERCE"]


def test_group_lengths_that_would_be_wrong_go() -> None:
    """Retired elements of the groups that change; those of others stay."""
    four = ("UL", struct.pack("<I", 4))
    made = with_trail(nameless(changes={0x00100000: four, 0x00280000: four}))
    assert 0x00100000 not in made
    assert 0x00280000 in made


def test_without_the_element_it_is_put_in() -> None:
    """An absent PatientID goes where its tag belongs."""
    elements = {tag: told for tag, told in image().items() if tag != 0x00100020}
    made = with_trail(part10(encoded(elements)))
    assert list(made.keys()) == sorted(made.keys())
    assert made.PatientID == "NOID-1"


def test_metadata_tells_the_same() -> None:
    """DICOM JSON has the values and the trail that the file has, in ascending order."""
    made = orjson.loads(coerced_json(instance_json(scan(nameless())), COERCION))
    written = coerced(scan(nameless()), COERCION)
    assert written is not None
    assert made == orjson.loads(instance_json(scan(b"".join(written))))
    assert list(made) == sorted(made)


def test_who_names_a_patient_is_left_alone() -> None:
    """No change, no trail."""
    data = part10(encoded(image()))
    assert coerced(scan(data), COERCION) is None
    stored = instance_json(scan(data))
    assert coerced_json(stored, COERCION) == stored
