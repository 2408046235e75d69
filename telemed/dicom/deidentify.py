"""A copy of an instance that tells nobody whose it is (PS3.15 Annex E). Runs only in the worker.

New UIDs and shifted days come from dicognito, by a secret seed, so that workers agree and a second
run makes the same bytes. What else stays is what is listed here: a list of what to remove would
forget the next maker's habit. So it is stricter than the Basic Application Level Confidentiality
Profile: no private element, no free text, no person, no overlay, no sequence but those that
pictures and tracings are drawn by; of codes only those of public schemes. Sex, and age up to 89,
stay (Retain Patient Characteristics), days are shifted (Retain Longitudinal Temporal Information
with Modified Dates). What is burnt into pixels is not looked for: a person looks.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from dicognito.datetimeanonymizer import DateTimeAnonymizer
from dicognito.randomizer import Randomizer
from dicognito.uianonymizer import UIAnonymizer
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_fragmented_frames
from pydicom.uid import UID

from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.deidentify_lists import (
    BODY_PARTS,
    CODES,
    DRAWN_BY,
    PUBLIC,
    REMOVED,
    SEQUENCES,
    TEXTS,
)
from telemed.dicom.refusal import Refused

_TEXT: Final = frozenset({"AE", "AS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_BYTES: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
_DATES: Final = frozenset({"DA", "DT"})
_PIXELS: Final = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
_OLDEST: Final = 89
"""An age above stands for itself (PS3.15 follows HIPAA 164.514 here): it is told as 90."""
_VIDEO: Final = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.10\d(\.1)?\Z")
_CS: Final = re.compile(r"[A-Z0-9 _]{0,16}\Z")
_METHODS: Final = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)


def copied(path: Path, spec: DeidentifySpec) -> bytes:
    """The copy of a file; Refused for what is neither a picture nor a tracing."""
    try:
        return _copied(pydicom.dcmread(path), spec)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as fault:
        # What pydicom cannot read whole cannot be told clean either.
        raise Refused("not-deidentified") from fault


def _copied(found: FileDataset, spec: DeidentifySpec) -> bytes:
    syntax = UID(str(found.file_meta.TransferSyntaxUID))
    drawn = any(keyword in found for keyword in (*_PIXELS, "WaveformSequence"))
    if not drawn or _VIDEO.match(syntax) or _is_label(found):
        raise Refused("not-deidentified")
    age = _age(found)
    made = _Cleaner(spec).cleaned(found)
    _name(made, spec, age)
    if "PixelData" in made:
        if syntax.is_encapsulated:
            _recode(made, found)
        else:
            _crop(made, big_endian=not syntax.is_little_endian)
    return _written(made, found, syntax)


class _Cleaner:
    """One copy's handlers; the same seed tells the same UIDs and days in any worker."""

    def __init__(self, spec: DeidentifySpec) -> None:
        self._uids = UIAnonymizer(Randomizer(spec.seed))
        self._dates = DateTimeAnonymizer(-24 * spec.shift_days)

    def cleaned(self, found: Dataset, codes: bool = False) -> Dataset:
        """What stays of a data set, and of what is in it."""
        made = Dataset()
        for element in found:
            keyword = keyword_for_tag(element.tag)
            if not keyword or keyword in REMOVED or element.tag.is_private:
                continue
            if element.VR == "SQ":
                self._sequence(made, keyword, element)
            elif self._stays(element, keyword, codes):
                made.add(element)
        self._replace(made)
        return made

    def _sequence(self, made: Dataset, keyword: str, element: Any) -> None:
        if keyword not in SEQUENCES and keyword not in CODES:
            return
        items = [self.cleaned(item, keyword in CODES) for item in element.value]
        if keyword in CODES:
            items = [item for item in items if item.get("CodingSchemeDesignator", "") in PUBLIC]
        if items:
            setattr(made, keyword, items)

    @staticmethod
    def _stays(element: Any, keyword: str, codes: bool) -> bool:
        vr, group = element.VR, element.tag.group
        if 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF:
            return False
        if vr in ("PN", "UN"):
            return False
        if vr in _BYTES or "OB" in vr or "OW" in vr:
            return keyword in DRAWN_BY
        if vr in _TEXT:
            allowed = CODES_TEXT if codes else TEXTS
            pattern = allowed.get(keyword)
            return pattern is not None and all(pattern.fullmatch(v) for v in _values(element))
        if keyword == "BodyPartExamined":
            return all(v in BODY_PARTS for v in _values(element))
        if vr == "CS":
            return all(_CS.match(v) for v in _values(element))
        return True

    def _replace(self, made: Dataset) -> None:
        """New UIDs; shifted days. A day that is none is taken out."""
        for element in list(made):
            if element.VR == "UI":
                self._uids(made, element)
            elif element.VR in _DATES:
                try:
                    self._dates(made, element)
                except (ValueError, OverflowError):
                    del made[element.tag]


CODES_TEXT: Final = {
    "CodeValue": re.compile(r"[\w./:{}\[\]%+*^'-]{1,16}"),
    "CodingSchemeDesignator": re.compile(r"[A-Z0-9]{1,16}"),
    "CodeMeaning": re.compile(r".{1,64}"),
}


def _values(element: Any) -> list[str]:
    value = element.value
    if value is None or value == "":
        return []
    return [str(v) for v in value] if element.VM > 1 else [str(value)]


def _is_label(found: Dataset) -> bool:
    """A slide's label or overview shows what is written on the glass."""
    return bool({"LABEL", "OVERVIEW"} & {str(v) for v in found.get("ImageType", None) or ()})


def _age(found: Dataset) -> str:
    """Years at the time of the study as an age string; '' where the file does not say."""
    born, at = str(found.get("PatientBirthDate", "")), str(found.get("StudyDate", ""))
    if not (re.fullmatch(r"\d{8}", born) and re.fullmatch(r"\d{8}", at)):
        return ""
    years = int(at[:4]) - int(born[:4]) - (at[4:] < born[4:])
    return f"{min(years, _OLDEST + 1):03}Y" if years >= 0 else ""


def _name(made: Dataset, spec: DeidentifySpec, age: str) -> None:
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName = spec.patient_name
    made.PatientID = spec.patient_id
    made.PatientBirthDate = f"{spec.birth_year}0101" if spec.birth_year else ""
    if age:
        made.PatientAge = age
    made.AccessionNumber = ""
    made.ReferringPhysicianName = ""
    made.StudyID = ""
    made.PatientIdentityRemoved = "YES"
    made.LongitudinalTemporalInformationModified = "MODIFIED"
    made.DeidentificationMethodCodeSequence = [_method(*row) for row in _METHODS]


def _method(code: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "DCM", meaning
    return item


# --- compressed pixels ------------------------------------------------------------------------


def _recode(made: Dataset, found: Dataset) -> None:
    """The frames without the comments that encoders leave in them, and no bytes after them."""
    count = int(found.get("NumberOfFrames", 1) or 1)
    table = found.get("ExtendedOffsetTable", None)
    extended = None if table is None else (table, found.ExtendedOffsetTableLengths)
    frames = [
        _without_words(b"".join(parts))
        for parts in generate_fragmented_frames(
            found.PixelData, number_of_frames=count, extended_offsets=extended
        )
    ][:count]
    if extended is None:
        made.PixelData = encapsulate(frames)
    else:
        made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = (
            encapsulate_extended(frames)
        )
    made["PixelData"].VR = "OB"


def _without_words(frame: bytes) -> bytes:
    """A JPEG without comments and foreign application data, a JPEG 2000 without comments."""
    if frame.startswith(b"\xff\xd8"):
        return _jpeg(frame)
    return _jpeg2000(frame) if frame.startswith(b"\xff\x4f") else frame


# JFIF, ICC and Adobe say how colours are meant; SPIFF of JPEG-LS does.
_SAID: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xE8: b"SPIFF\0", 0xEE: b"Adobe"}


def _jpeg(frame: bytes) -> bytes:
    out, at = bytearray(frame[:2]), 2
    while at + 4 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != 0xDA:
        kind, size = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        body = frame[at + 4 : at + 2 + size]
        words = kind == 0xFE or 0xE0 <= kind <= 0xEF
        if not words or (kind in _SAID and body.startswith(_SAID[kind])):
            out += frame[at : at + 2 + size]
        at += 2 + size
    return bytes(out + frame[at:])


def _jpeg2000(frame: bytes) -> bytes:
    """Without the main header's COM segments; encoders write none in tiles' headers."""
    out, at = bytearray(frame[:2]), 2
    while at + 4 <= len(frame) and frame[at : at + 2] != b"\xff\x90":
        size = int.from_bytes(frame[at + 2 : at + 4], "big")
        if frame[at : at + 2] != b"\xff\x64":
            out += frame[at : at + 2 + size]
        at += 2 + size
    return bytes(out + frame[at:])


# --- writing ----------------------------------------------------------------------------------


def _written(made: Dataset, found: Dataset, syntax: UID) -> bytes:
    """As a file of its own: nothing of the old preamble and file meta but the syntax."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    sink = BytesIO()
    file = FileDataset(sink, made, preamble=b"\0" * 128, file_meta=meta)
    implicit, little = found.original_encoding
    file.set_original_encoding(implicit, little, "utf-8")
    file.save_as(sink, enforce_file_format=True)
    return sink.getvalue()


def _crop(made: Dataset, big_endian: bool) -> None:
    """Native pixels end where the last frame does, and bits that no pixel uses say nothing: there
    overlays were kept once (PS3.5 8.1.2)."""
    bits, stored = int(made.BitsAllocated), int(made.BitsStored)
    samples = int(made.Rows) * int(made.Columns) * int(made.get("SamplesPerPixel", 1))
    if str(made.get("PhotometricInterpretation", "")) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        samples = samples * 2 // 3
    size = samples * int(made.get("NumberOfFrames", 1) or 1) * bits // 8
    raw = made.PixelData[: size + size % 2]
    if bits in (8, 16) and stored < bits and int(made.HighBit) == stored - 1:
        spare = bits - stored
        signed = int(made.PixelRepresentation) == 1
        kind = np.dtype(f"{'>' if big_endian else '<'}{'i' if signed else 'u'}{bits // 8}")
        values = np.frombuffer(raw[: len(raw) - len(raw) % kind.itemsize], kind)
        raw = np.right_shift(np.left_shift(values, spare), spare).astype(kind).tobytes()
    made.PixelData = raw + b"\0" * (len(raw) % 2)
