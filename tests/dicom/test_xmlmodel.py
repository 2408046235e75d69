"""The Native DICOM Model: what is written reads back the same, and no document does harm."""

from __future__ import annotations

import time
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from telemed.dicom.elements import Limits
from telemed.dicom.refusal import Refused
from telemed.dicom.xmlmodel import NAMESPACE, native_xml, read_native_xml

Json = dict[str, Any]

DATA_SET: Json = {
    "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
    "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
    "00080050": {"vr": "SH"},
    "00081140": {
        "vr": "SQ",
        "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3"]}}, {}],
    },
    "00090010": {"vr": "LO", "Value": ["ACME 1.1"]},
    "00090011": {"vr": "LO", "Value": ["OTHER"]},
    "00091001": {"vr": "LO", "Value": ["a < b & c"]},
    "00091102": {"vr": "UN", "InlineBinary": "AAEC"},
    "00100010": {
        "vr": "PN",
        "Value": [{"Alphabetic": "Wang^XiaoDong^^Dr", "Ideographic": "王^小东"}, None,
                  {"Phonetic": "ㄨㄤ"}],
    },
    "00104000": {"vr": "LT", "Value": [" line one\r\nline two "]},
    "00720050": {"vr": "CS", "Value": [None, "B"]},
    "7FE00010": {"vr": "OW", "BulkDataURI": "https://a/b?c=1&d='2'"},
}  # fmt: skip


def document(inner: str) -> bytes:
    return f'<NativeDicomModel xmlns="{NAMESPACE}">{inner}</NativeDicomModel>'.encode()


def test_what_is_written_reads_back() -> None:
    """Every kind of content: empty places, nested items, names, line ends, private blocks."""
    assert read_native_xml(native_xml(DATA_SET)) == DATA_SET


def test_it_looks_as_the_standard_prints_it() -> None:
    """PS3.19 A.1.5: keyword, numbers from 1, components, private tags in normal form."""
    root = ET.fromstring(native_xml(DATA_SET))
    name = f"{{{NAMESPACE}}}"
    assert root.tag == f"{name}NativeDicomModel"
    found = {e.get("tag"): e for e in root if not e.get("privateCreator")}
    values = found["00080008"].findall(f"{name}Value")
    assert found["00080008"].get("keyword") == "ImageType"
    assert [(v.get("number"), v.text) for v in values] == [("1", "ORIGINAL"), ("3", "AXIAL")]
    person = found["00100010"].find(f"{name}PersonName/{name}Alphabetic")
    assert person is not None
    assert [(c.tag.removeprefix(name), c.text) for c in person] == [
        ("FamilyName", "Wang"), ("GivenName", "XiaoDong"), ("NamePrefix", "Dr")
    ]  # fmt: skip
    private = [(e.get("tag"), e.get("privateCreator")) for e in root if e.get("privateCreator")]
    assert private == [("00090001", "ACME 1.1"), ("00090002", "OTHER")]
    bulk = found["7FE00010"].find(f"{name}BulkData")
    assert bulk is not None and bulk.get("uri") == "https://a/b?c=1&d='2'"
    assert list(found["00080050"]) == []


def test_what_xml_cannot_say_is_marked() -> None:
    """Control characters are no XML; the document stays well-formed."""
    told = native_xml({"00104000": {"vr": "LT", "Value": ["a\x0c\x00b\x1b"]}})
    read = read_native_xml(told)
    assert read["00104000"]["Value"] == ["a\ufffd\ufffdb\ufffd"]


def test_a_creator_gets_a_block() -> None:
    """A private attribute without a reserving element is given one; two creators get two."""
    inner = "".join(
        f'<DicomAttribute tag="00290010" vr="LO" privateCreator="{who}">'
        f'<Value number="1">{who}</Value></DicomAttribute>'
        for who in ("A", "B")
    )
    assert read_native_xml(document(inner)) == {
        "00290010": {"vr": "LO", "Value": ["A"]},
        "00291010": {"vr": "LO", "Value": ["A"]},
        "00290011": {"vr": "LO", "Value": ["B"]},
        "00291110": {"vr": "LO", "Value": ["B"]},
    }


def test_names_of_other_writers_are_read() -> None:
    """A prefix for the namespace, none at all, and a uuid for bulk data."""
    told = (b'<d:NativeDicomModel xmlns:d="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
            b'<d:DicomAttribute tag="7fe00010" vr="OW"><d:BulkData uuid="u-1"/>'
            b"</d:DicomAttribute></d:NativeDicomModel>")  # fmt: skip
    assert read_native_xml(told) == {"7FE00010": {"vr": "OW", "BulkDataURI": "u-1"}}
    assert read_native_xml(b"<NativeDicomModel/>") == {}


_BOMB = b"""<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<NativeDicomModel><DicomAttribute tag="00104000" vr="LT"><Value number="1">&b;</Value>
</DicomAttribute></NativeDicomModel>"""
_FILE = b"""<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><NativeDicomModel/>"""


def nested(depth: int) -> bytes:
    begin = '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">' * depth
    return document(begin + "</Item></DicomAttribute>" * depth)


BAD: list[tuple[str, bytes, str]] = [
    ("entities", _BOMB, "bad-metadata"),
    ("external", _FILE, "bad-metadata"),
    ("unknown entity", document("&nope;"), "bad-metadata"),
    ("too deep", nested(40), "too-deep"),
    ("not whole", document("")[:-3], "bad-metadata"),
    ("empty", b"", "bad-metadata"),
    ("no XML", b"\xff\xfe\x00", "bad-metadata"),
    ("another root", b"<html/>", "bad-metadata"),
    ("misplaced", document("<Value number='1'/>"), "bad-metadata"),
    ("bad tag", document('<DicomAttribute tag="1" vr="LO"/>'), "bad-metadata"),
    ("bad vr", document('<DicomAttribute tag="00100020" vr="ZZ"/>'), "bad-metadata"),
    ("twice", document('<DicomAttribute tag="00100020" vr="LO"/>' * 2), "duplicate-element"),
    ("number twice", document('<DicomAttribute tag="00100020" vr="LO">'
     '<Value number="1">a</Value><Value number="1">b</Value></DicomAttribute>'), "bad-metadata"),
    ("number 0", document('<DicomAttribute tag="00100020" vr="LO"><Value number="0"/>'
     "</DicomAttribute>"), "bad-metadata"),
    ("a far number", document('<DicomAttribute tag="00100020" vr="LO"><Value number="999999"/>'
     "</DicomAttribute>"), "too-many-values"),
    ("bulk twice", document('<DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="a"/>'
     '<BulkData uri="b"/></DicomAttribute>'), "bad-metadata"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "code"), [row[1:] for row in BAD], ids=[r[0] for r in BAD])
def test_bad_documents_are_refused(document: bytes, code: str) -> None:
    """Refused with a code, at once, and never with another exception."""
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        read_native_xml(document)
    assert refused.value.code == code
    assert time.monotonic() - began < 2


def test_elements_are_counted() -> None:
    """More than the limit of attributes, items and values is too many."""
    few = Limits(nodes_ceiling=10)
    with pytest.raises(Refused, match="too-many-elements"):
        read_native_xml(native_xml(DATA_SET), few)
