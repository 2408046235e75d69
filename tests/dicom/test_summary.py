"""The summary: what the index keeps of an instance, and what it never invents."""

from __future__ import annotations

import pytest

from telemed.dicom.names import search_keys
from telemed.dicom.scan import scan
from telemed.dicom.summary import plain_date, plain_time, summarize
from telemed.dicom.text import PersonName
from tests.dicom.files import shipped
from tests.hostile_dicom import (
    SERIES,
    SOP,
    STUDY,
    Elements,
    element,
    encoded,
    even,
    hostile_files,
    image,
    item,
    part10,
    valid_files,
)


def test_everything_indexed_of_a_ct_slice() -> None:
    """Each field comes from its attribute, decoded and unpadded."""
    request = item(element(0x00400009, "SH", even("SPS1")) + element(0x00401001, "SH", even("RP")))
    more: Elements = {
        0x0008103E: ("LO", even("肺窗 1.0")),
        0x00080080: ("LO", even("南宁市第一医院")),
        0x00100021: ("LO", even("H001")),
        0x00180015: ("CS", even("CHEST")),
        0x00181030: ("LO", even("Thorax")),
        0x00200060: ("CS", even("L")),
        0x00400275: ("SQ", request),
    }
    summary = summarize(scan(part10(encoded({**image(), **more}))))
    assert (summary.study_uid, summary.series_uid, summary.sop_instance_uid) == (STUDY, SERIES, SOP)
    assert summary.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
    assert summary.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert (summary.patient_id, summary.patient_id_issuer) == ("P0001", "H001")
    assert summary.patient_name == "Wang^Xiaoming=王^小明"
    assert summary.patient_name_groups == PersonName("Wang^Xiaoming", "王^小明")
    assert summary.patient_name_shown == "王小明"
    assert summary.patient_name_keys == search_keys("Wang^Xiaoming=王^小明")
    assert (summary.patient_sex, summary.patient_birth_date) == ("M", "19800102")
    assert (summary.study_date, summary.study_time) == ("20260102", "101530")
    assert (summary.study_id, summary.accession_number) == ("1", "A1001")
    assert summary.study_description == "胸部平扫"
    assert summary.referring_physician_shown == "赵磊"
    assert summary.institution_name == "南宁市第一医院"
    assert (summary.modality, summary.series_number, summary.instance_number) == ("CT", 2, 3)
    assert summary.series_description == "肺窗 1.0"
    assert (summary.body_part, summary.protocol_name, summary.laterality) == (
        "CHEST",
        "Thorax",
        "L",
    )
    assert summary.asked_for == (("SPS1", "RP"),)
    assert (summary.rows, summary.columns, summary.bits_allocated) == (4, 4, 16)
    assert (summary.number_of_frames, summary.has_pixels, summary.content_kind) == (
        1,
        True,
        "image",
    )
    assert (summary.charset_declared, summary.notes) == ("ISO_IR 192", ())


@pytest.mark.parametrize("name", ["implicit", "big-endian", "deflated"])
def test_the_encoding_changes_nothing_but_its_name(name: str) -> None:
    """The same instance in another transfer syntax has the same summary."""
    from dataclasses import replace

    files = dict(valid_files())
    plain, other = summarize(scan(files["explicit"])), summarize(scan(files[name]))
    assert replace(other, transfer_syntax_uid=plain.transfer_syntax_uid) == plain


def test_objects_without_pixels() -> None:
    """An ECG has no rows and no frames."""
    summary = summarize(scan(shipped("waveform_ecg.dcm").read_bytes()))
    assert (summary.rows, summary.number_of_frames, summary.has_pixels) == (None, 0, False)
    assert summary.content_kind == "waveform"


def test_odd_values_are_empty_or_kept_never_invented() -> None:
    """Numbers are numbers or None, dates are dates or '', for every odd file."""
    for name, data in hostile_files():
        if name.startswith("odd-"):
            summary = summarize(scan(data))
            assert summary.instance_number is None or abs(summary.instance_number) < 2**31
            assert summary.study_date == "" or len(summary.study_date) == 8
            for label in (summary.patient_name_shown, summary.study_description):
                assert label.isprintable(), name


@pytest.mark.parametrize(
    ("text", "date"),
    [("20260102", "20260102"), ("2026.01.02", "20260102"), ("20261301", ""), ("99999999", ""),
     ("2026", ""), ("", ""), ("２０２６0102", "")],
)  # fmt: skip
def test_dates(text: str, date: str) -> None:
    """The old form with dots is read, impossible ones are nothing."""
    assert plain_date(text) == date


@pytest.mark.parametrize(
    ("text", "time"),
    [("101530", "101530"), ("10", "100000"), ("1015", "101500"), ("10:15:30", "101530"),
     ("101530.25", "101530.25"), ("250000", ""), ("106100", ""), ("", ""), ("x", "")],
)  # fmt: skip
def test_times(text: str, time: str) -> None:
    """Short times are filled up, impossible ones are nothing."""
    assert plain_time(text) == time
