"""Copies without identity: a mark in every place that could say whose they are, none comes out."""

import warnings
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames

from dicom_samples.tiny import make_tiny_ct
from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.deidentify import copied
from telemed.dicom.deidentify_lists import CODES, DRAWN_BY, REMOVED, SEQUENCES, TEXTS
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import scan
from telemed.dicom.summary import summarize
from tests.dicom.files import shipped, shipped_files

MARK = "ZQ7MARK"
SPEC = DeidentifySpec("secret", "讨论病例^0001", "TL0001", "1980", 70)
WORDS = {"AE": MARK, "LO": MARK, "LT": MARK, "PN": MARK, "SH": MARK, "ST": MARK, "UC": MARK,
         "UR": f"http://{MARK}", "UT": MARK}  # fmt: skip
LARGEST = 400_000


@cache
def marks() -> Dataset:
    """The mark in every text attribute of the dictionary, in private ones, overlays and curves."""
    made = Dataset()
    for tag, (vr, vm, _, retired, keyword) in DicomDictionary.items():
        if vr in WORDS and keyword and not retired and "-" not in vm and tag >> 16 > 7:
            setattr(made, keyword, WORDS[vr])
    made.private_block(0x0009, "HIDDEN", create=True).add_new(1, "LO", MARK)
    for tag, vr in ((0x60000022, "LO"), (0x60003000, "OW"), (0x50003000, "OW")):
        made.add_new(tag, vr, MARK if vr == "LO" else MARK.encode() + b"\0")
    made.BodyPartExamined, made.CodingSchemeDesignator = MARK, "99LOCAL"
    return made


def marked(found: Dataset) -> None:
    """The mark wherever there is a place for it, and in sequences two deep."""
    for element in marks():
        found.add(element)
    inner, item = Dataset(), Dataset()
    inner.update(marks())
    item.update(marks())
    for keyword in ("AnatomicRegionSequence", "RequestAttributesSequence", "ContentSequence"):
        setattr(item, keyword, [inner])
    for keyword in ("OtherPatientIDsSequence", "OriginalAttributesSequence", "IconImageSequence",
                    "AnatomicRegionSequence", "ReferencedImageSequence",
                    "SharedFunctionalGroupsSequence"):  # fmt: skip
        setattr(found, keyword, [item])


def pictures() -> list[Path]:
    """Shipped files with something to look at, one of every transfer syntax."""
    found: dict[tuple[str, bool], Path] = {}
    for path in shipped_files():
        if path.stat().st_size > LARGEST:
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                one = pydicom.dcmread(path)
            key = (one.file_meta.TransferSyntaxUID, "WaveformSequence" in one)
        except (AttributeError, ValueError):
            continue
        if "PixelData" in one or "WaveformSequence" in one:
            found.setdefault(key, path)
    return sorted(found.values())


PICTURES = pictures()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.name)
def test_no_mark_comes_out_of_a_picture(path: Path, tmp_path: Path) -> None:
    """Of any kind and syntax: every text, nested, private, in file meta and preamble; what comes
    out is a sound file of another study."""
    one = pydicom.dcmread(path)
    marked(one)
    one.preamble = (MARK.encode() * 20)[:128]
    one.file_meta.SourceApplicationEntityTitle = MARK
    dirty = tmp_path / "dirty.dcm"
    one.save_as(dirty, enforce_file_format=True)
    assert MARK.encode() in dirty.read_bytes()
    try:
        made = copied(dirty, SPEC)
    except Refused as refusal:
        # pydicom's own broken examples among them: nothing comes out at all.
        assert refusal.code == "not-deidentified"
        return
    assert MARK.encode() not in made
    told = pydicom.dcmread(BytesIO(made))
    assert (str(told.PatientName), told.PatientID) == ("讨论病例^0001", "TL0001")
    assert told.SOPInstanceUID != one.SOPInstanceUID
    assert not any(element.tag.is_private for element in told)
    assert copied(dirty, SPEC) == made


@pytest.mark.filterwarnings("ignore")
def test_most_shipped_pictures_have_a_copy() -> None:
    """The test above is no empty one: refused are few."""
    refused = []
    for path in PICTURES:
        try:
            copied(path, SPEC)
        except Refused:
            refused.append(path.name)
    assert len(PICTURES) > 10 and len(refused) <= 2, (len(PICTURES), refused)


def test_a_ct_stays_what_it_was_but_for_whom(tmp_path: Path) -> None:
    """Pixels, geometry, window; the study's images hold together; days are shifted alike; age
    stays and the birthday goes; our own scanner takes the file in."""
    told = []
    for n, raw in enumerate(make_tiny_ct(2)):
        (tmp_path / str(n)).write_bytes(raw)
        told.append((pydicom.dcmread(BytesIO(raw)), copied(tmp_path / str(n), SPEC)))
    made = [pydicom.dcmread(BytesIO(raw)) for _, raw in told]
    for (old, raw), new in zip(told, made, strict=True):
        assert new.PixelData == old.PixelData and new.WindowCenter == old.WindowCenter
        for keyword in ("ImagePositionPatient", "PixelSpacing", "RescaleSlope", "BodyPartExamined"):
            assert new[keyword].value == old[keyword].value
        summary = summarize(scan(raw))
        assert (summary.patient_id, summary.patient_birth_date) == ("TL0001", "19800101")
        assert (summary.study_date, summary.study_time) == ("20260823", old.StudyTime)
        assert new.PatientAge == "046Y" and new.PatientIdentityRemoved == "YES"
    assert made[0].StudyInstanceUID == made[1].StudyInstanceUID != told[0][0].StudyInstanceUID
    assert made[0].FrameOfReferenceUID == made[1].FrameOfReferenceUID
    assert made[0].SOPInstanceUID != made[1].SOPInstanceUID
    other = pydicom.dcmread(
        BytesIO(copied(tmp_path / "0", DeidentifySpec("another", "x", "y", "", 70)))
    )
    assert other.StudyInstanceUID != made[0].StudyInstanceUID


def test_what_lies_between_and_behind_pixels_goes(tmp_path: Path) -> None:
    """Spare bits, bytes behind the last frame, comments of a JPEG and of a JPEG 2000."""
    ct = pydicom.dcmread(BytesIO(make_tiny_ct(1)[0]))
    values = (np.frombuffer(ct.PixelData, "<u2") & 0x0FFF).astype("<u2")
    ct.BitsStored, ct.HighBit, ct.PixelRepresentation = 12, 11, 0
    ct.PixelData = (values | (1 << 15)).astype("<u2").tobytes() + MARK.encode() + b"\0"
    ct.save_as(tmp_path / "ct")
    clean = pydicom.dcmread(BytesIO(copied(tmp_path / "ct", SPEC)))
    assert clean.PixelData == values.tobytes()
    for name, head, comment in (
        ("SC_rgb_jpeg_gdcm.dcm", 2, b"\xff\xfe\x00\x09" + MARK.encode()),
        ("MR_small_jp2klossless.dcm", 2, None),
    ):
        one = pydicom.dcmread(shipped(name))
        (frame,) = generate_frames(one.PixelData, number_of_frames=1)
        if comment is None:  # after SIZ, which comes first
            head = 4 + int.from_bytes(frame[4:6], "big")
            comment = b"\xff\x64\x00\x0b\x00\x01" + MARK.encode()
        one.PixelData = encapsulate([frame[:head] + comment + frame[head:]])
        one.save_as(tmp_path / name)
        made = copied(tmp_path / name, SPEC)
        assert MARK.encode() in (tmp_path / name).read_bytes() and MARK.encode() not in made
        assert np.array_equal(pydicom.dcmread(BytesIO(made)).pixel_array, one.pixel_array)


@pytest.mark.parametrize("name", ["reportsi.dcm", "rtplan.dcm", "DICOMDIR"])
def test_what_is_neither_picture_nor_tracing_has_no_copy(name: str) -> None:
    """A report's text, a plan, a directory."""
    with pytest.raises(Refused) as refused:
        copied(shipped(name), SPEC)
    assert refused.value.code == "not-deidentified"


def test_a_slide_s_label_has_no_copy(tmp_path: Path) -> None:
    """Whatever is written on the glass is in its pixels."""
    one = pydicom.dcmread(BytesIO(make_tiny_ct(1)[0]))
    one.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    one.save_as(tmp_path / "label")
    with pytest.raises(Refused):
        copied(tmp_path / "label", SPEC)


def test_an_age_above_89_stands_for_itself(tmp_path: Path) -> None:
    """The oldest are few enough to be known by their years."""
    one = pydicom.dcmread(BytesIO(make_tiny_ct(1)[0]))
    one.PatientBirthDate = "19280101"
    one.save_as(tmp_path / "old")
    made = pydicom.dcmread(BytesIO(copied(tmp_path / "old", SPEC)))
    assert made.PatientAge == "090Y"


def test_the_lists_speak_of_attributes_there_are() -> None:
    """A misspelt keyword would keep or remove nothing."""
    known = {keyword_for_tag(tag) for tag in DicomDictionary}
    for names in (CODES, DRAWN_BY, REMOVED, SEQUENCES, TEXTS):
        assert set(names) <= known, set(names) - known
