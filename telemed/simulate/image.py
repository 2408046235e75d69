"""One small picture for each simulated study: a real DICOM object, a few kilobytes.

A month of the network must fit on a desk, so a study here is one Secondary Capture image (PS3.3
A.8.1) that says it is simulated. It is written by hand in Explicit VR Little Endian (PS3.5 7.1.2):
pydicom takes a hundred times as long, and a year has 350,000 of them.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from PIL import Image, ImageDraw

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLEMENTATION = "2.25.147182953001720042718460285126370143"
COLUMNS, ROWS = 96, 32
BODY_PARTS = {"upper-limb": "ARM", "lower-limb": "LEG", "other": ""}
"""Body parts of the form whose name in PS3.16 annex L is another word."""
_LONG = frozenset({"OB", "OW", "UN"})
_PADDED_BY_NUL = frozenset({"UI", "OB"})


@dataclass(frozen=True, slots=True)
class Shot:
    """What the object says. UIDs are dotted numbers, `at` is local time of the hospital."""

    study_uid: str
    series_uid: str
    sop_uid: str
    modality: str
    body_part: str
    at: datetime
    accession_number: str
    description: str
    institution: str
    patient_id: str
    name: str
    sex: str
    birth_date: str
    number: int = 1


def encode(shot: Shot) -> bytes:
    """The object as a file of PS3.10."""
    meta = _elements(
        {
            (0x0002, 0x0001): ("OB", b"\0\1"),
            (0x0002, 0x0002): ("UI", SECONDARY_CAPTURE),
            (0x0002, 0x0003): ("UI", shot.sop_uid),
            (0x0002, 0x0010): ("UI", EXPLICIT_LITTLE),
            (0x0002, 0x0012): ("UI", IMPLEMENTATION),
        }
    )
    length = _element((0x0002, 0x0000), "UL", struct.pack("<I", len(meta)))
    return b"\0" * 128 + b"DICM" + length + meta + _elements(_dataset(shot))


def _dataset(shot: Shot) -> Mapping[tuple[int, int], tuple[str, str | bytes]]:
    """PS3.3 table A.8-1: patient, study, series, SC equipment, image, pixels, SC image."""
    day, time = shot.at.strftime("%Y%m%d"), shot.at.strftime("%H%M%S")
    return {
        (0x0008, 0x0005): ("CS", "ISO_IR 192"),
        (0x0008, 0x0008): ("CS", "DERIVED\\SECONDARY"),
        (0x0008, 0x0016): ("UI", SECONDARY_CAPTURE),
        (0x0008, 0x0018): ("UI", shot.sop_uid),
        (0x0008, 0x0020): ("DA", day),
        (0x0008, 0x0030): ("TM", time),
        (0x0008, 0x0050): ("SH", shot.accession_number),
        (0x0008, 0x0060): ("CS", shot.modality),
        (0x0008, 0x0064): ("CS", "SYN"),
        (0x0008, 0x0070): ("LO", "telemed simulation"),
        (0x0008, 0x0080): ("LO", shot.institution),
        (0x0008, 0x0090): ("PN", ""),
        (0x0008, 0x1030): ("LO", shot.description),
        (0x0010, 0x0010): ("PN", shot.name),
        (0x0010, 0x0020): ("LO", shot.patient_id),
        (0x0010, 0x0030): ("DA", shot.birth_date.replace("-", "")),
        (0x0010, 0x0040): ("CS", shot.sex),
        (0x0018, 0x0015): ("CS", BODY_PARTS.get(shot.body_part, shot.body_part.upper())),
        (0x0020, 0x000D): ("UI", shot.study_uid),
        (0x0020, 0x000E): ("UI", shot.series_uid),
        (0x0020, 0x0010): ("SH", shot.accession_number),
        (0x0020, 0x0011): ("IS", "1"),
        (0x0020, 0x0013): ("IS", str(shot.number)),
        (0x0020, 0x0020): ("CS", ""),
        (0x0020, 0x0060): ("CS", ""),
        (0x0028, 0x0002): ("US", struct.pack("<H", 1)),
        (0x0028, 0x0004): ("CS", "MONOCHROME2"),
        (0x0028, 0x0010): ("US", struct.pack("<H", ROWS)),
        (0x0028, 0x0011): ("US", struct.pack("<H", COLUMNS)),
        (0x0028, 0x0100): ("US", struct.pack("<H", 8)),
        (0x0028, 0x0101): ("US", struct.pack("<H", 8)),
        (0x0028, 0x0102): ("US", struct.pack("<H", 7)),
        (0x0028, 0x0103): ("US", struct.pack("<H", 0)),
        (0x7FE0, 0x0010): ("OB", _pixels()),
    }


@cache
def _pixels() -> bytes:
    """The word that says what it is, white on black."""
    image = Image.new("L", (COLUMNS, ROWS))
    ImageDraw.Draw(image).text((COLUMNS // 2, ROWS // 2), "SIMULATED", fill=255, anchor="mm")
    return image.tobytes()


def _elements(values: Mapping[tuple[int, int], tuple[str, str | bytes]]) -> bytes:
    return b"".join(_element(tag, vr, value) for tag, (vr, value) in values.items())


def _element(tag: tuple[int, int], vr: str, value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    if len(data) % 2:
        data += b"\0" if vr in _PADDED_BY_NUL else b" "
    head = struct.pack("<HH2s", *tag, vr.encode())
    length = (0, len(data)) if vr in _LONG else (len(data),)
    return head + struct.pack("<HI" if vr in _LONG else "<H", *length) + data
