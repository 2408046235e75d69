"""DICOM JSON: golden cases of Annex F, and dcmtk's writer as an independent judge."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.dicom.elements import ScannedFile
from telemed.dicom.jsonmodel import (
    bulk_path,
    decimal_or_text,
    element_at,
    instance_json,
    integer_or_text,
    json_array,
    parse_bulk_path,
    rebase,
    row,
)
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import scan
from tests.dicom.files import shipped_files
from tests.hostile_dicom import (
    ABUSIVE_NUMBERS,
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

VALID = dict(valid_files())


def strictly(text: bytes) -> dict[str, Any]:
    """Parse as a browser does: no NaN, no Infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    parsed: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return parsed


def scanned(*raw: bytes, **changed: tuple[str, bytes]) -> ScannedFile:
    """The CT image with elements changed, and raw elements of group 0029 put in."""
    elements: Elements = {**image(), **{int(t[1:], 16): e for t, e in changed.items()}}
    head = encoded({t: e for t, e in elements.items() if t < 0x00290000})
    tail = encoded({t: e for t, e in elements.items() if t >= 0x00290000})
    return scan(part10(head + b"".join(raw) + tail))


def told(file: ScannedFile, tag: str, inline: int = 1024) -> Any:
    return strictly(instance_json(file, inline=inline))[tag]


@pytest.mark.parametrize(
    ("vr", "value", "wanted"),
    [
        ("LO", b"", {"vr": "LO"}),
        ("LO", b"  ", {"vr": "LO"}),
        ("LO", b"a\\\\b ", {"vr": "LO", "Value": ["a", None, "b"]}),
        ("CS", b"A \\ B", {"vr": "CS", "Value": ["A", "B"]}),
        ("UI", b"1.2\0", {"vr": "UI", "Value": ["1.2"]}),
        ("UI", b"1.2\\1.3\0", {"vr": "UI", "Value": ["1.2", "1.3"]}),
        ("LT", b" a\\b ", {"vr": "LT", "Value": [" a\\b"]}),
        ("PN", even("A^B=王^五"), {"vr": "PN", "Value": [
            {"Alphabetic": "A^B", "Ideographic": "王^五"}]}),
        ("PN", even("=王^五"), {"vr": "PN", "Value": [{"Ideographic": "王^五"}]}),
        ("PN", b"A^\\\\B ", {"vr": "PN", "Value": [
            {"Alphabetic": "A"}, None, {"Alphabetic": "B"}]}),
        ("PN", b"^^", {"vr": "PN"}),
        ("IS", b"12", {"vr": "IS", "Value": [12]}),
        ("IS", b"-2\\x ", {"vr": "IS", "Value": [-2, "x"]}),
        ("IS", b"1.5 ", {"vr": "IS", "Value": ["1.5"]}),
        ("DS", b"1.50", {"vr": "DS", "Value": [1.5]}),
        ("DS", b"1\\\\2e3", {"vr": "DS", "Value": [1, None, 2000.0]}),
        ("DS", b"abc ", {"vr": "DS", "Value": ["abc"]}),
        ("AT", bytes.fromhex("08001800"), {"vr": "AT", "Value": ["00080018"]}),
        ("US", b"\1\0\2\0", {"vr": "US", "Value": [1, 2]}),
        ("SS", b"\xff\xff", {"vr": "SS", "Value": [-1]}),
        ("FD", struct.pack("<2d", float("nan"), 0.5), {"vr": "FD", "Value": [None, 0.5]}),
        ("SV", struct.pack("<q", -(2**62)), {"vr": "SV", "Value": [-(2**62)]}),
        ("UV", struct.pack("<Q", 2**64 - 1), {"vr": "UV", "Value": [2**64 - 1]}),
        ("OB", b"\0\1\2\3", {"vr": "OB", "InlineBinary": "AAECAw=="}),
        ("UN", b"ab", {"vr": "UN", "InlineBinary": "YWI="}),
        ("SQ", b"", {"vr": "SQ"}),
        ("SQ", item() + item(element(0x00080060, "CS", b"CT")), {"vr": "SQ", "Value": [
            {}, {"00080060": {"vr": "CS", "Value": ["CT"]}}]}),
    ],
)  # fmt: skip
def test_golden(vr: str, value: bytes, wanted: dict[str, Any]) -> None:
    """Each VR's form: empty, single, several with holes, unfit for its type."""
    file = scanned(element(0x00291010, vr, even(value)))
    assert told(file, "00291010") == wanted


def test_the_whole_object() -> None:
    """Ascending upper-case keys, no file meta, no group lengths, pixels by reference."""
    length = element(0x00290000, "UL", bytes(4))
    out = strictly(instance_json(scanned(length), "x/bulkdata"))
    assert list(out) == sorted(out)
    assert all(len(key) == 8 and key == key.upper() for key in out)
    assert not any(key.startswith("0002") or key.endswith("0000") for key in out)
    assert out["7FE00010"] == {"vr": "OW", "BulkDataURI": "x/bulkdata/7FE00010"}


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 100", ""])
def test_the_charset_of_the_json_is_utf8(charset: str) -> None:
    """SpecificCharacterSet tells what the JSON is, not what the file was."""
    name = ("PN", even("王^五".encode("gb18030")))
    plain = ("LO", b"chest ")
    file = scanned(x00080005=("CS", even(charset)), x00100010=name, x00080090=name, x00081030=plain)
    assert told(file, "00080005") == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert told(file, "00100010")["Value"] == [{"Alphabetic": "王^五"}]


def test_a_big_endian_file_says_the_same() -> None:
    """Byte order is gone in JSON; inline binary is little endian (F.2.7)."""
    assert instance_json(scan(VALID["big-endian"])) == instance_json(scan(VALID["explicit"]))
    assert instance_json(scan(VALID["implicit"])) == instance_json(scan(VALID["explicit"]))
    assert instance_json(scan(VALID["deflated"])) == instance_json(scan(VALID["explicit"]))


def test_bulk_below_and_above_the_threshold() -> None:
    """Up to the threshold inline, above it by reference."""
    file = scanned(element(0x00291010, "OB", bytes(64)))
    assert "InlineBinary" in told(file, "00291010", inline=64)
    assert told(file, "00291010", inline=63)["BulkDataURI"] == "bulkdata/00291010"


def test_bulk_in_sequences_has_a_path_and_is_found_again() -> None:
    """An ECG's samples: the very path that OHIF asks for."""
    file = scan(VALID["ecg"])
    out = told(file, "54000100", inline=8)
    uri = out["Value"][0]["54001010"]["BulkDataURI"]
    assert uri == "bulkdata/54000100/0/54001010"
    path = parse_bulk_path(uri.removeprefix("bulkdata/"))
    assert file.value(element_at(file, path)) == struct.pack("<20h", *range(-10, 10))


@pytest.mark.parametrize(
    "text",
    ["", "7FE0", "7FE00010/0", "7FE00010/x/00080018", "../etc", "7FE00010/", "/7FE00010",
     "7FE00010/-1/00080018", "７FE00010", "0x7FE0010", "/".join(["00081140", "0"] * 40 + ["1"])],
)  # fmt: skip
def test_other_bulk_paths_are_refused(text: str) -> None:
    """Only what `bulk_path` writes is read."""
    with pytest.raises(Refused) as refused:
        parse_bulk_path(text)
    assert refused.value.code == "bad-bulk-path"


@pytest.mark.parametrize(
    "path", ["00291010", "54000100", "54000100/1/54001010", "00080018/0/00080018"]
)
def test_paths_that_lead_nowhere(path: str) -> None:
    """A well-formed path to nothing is told from a malformed one."""
    with pytest.raises(Refused) as refused:
        element_at(scan(VALID["ecg"]), parse_bulk_path(path))
    assert refused.value.code == "no-such-element"


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999)), max_size=8),
       st.integers(0, 2**32 - 1))  # fmt: skip
def test_bulk_paths_round_trip(steps: list[tuple[int, int]], last: int) -> None:
    """A path at any depth is read back as it was written."""
    path = (*(part for step in steps for part in step), last)
    assert parse_bulk_path(bulk_path(path)) == path


def test_rebasing_moves_references_only() -> None:
    """Stored JSON moves to another base; a value that looks like a reference does not."""
    trap = element(0x00291010, "LO", b'"BulkDataURI":"b/1"x')
    json_bytes = instance_json(scanned(trap), "b")
    moved = strictly(rebase(json_bytes, "b", "/dicom-web/studies/1"))
    assert moved["7FE00010"]["BulkDataURI"] == "/dicom-web/studies/1/7FE00010"
    assert moved["00291010"]["Value"] == ['"BulkDataURI":"b/1"x']


@pytest.mark.parametrize("text", ABUSIVE_NUMBERS)
def test_abusive_numbers_stay_text_or_fit(text: str) -> None:
    """Nothing becomes NaN, infinite, or another number than was written."""
    for read in (integer_or_text, decimal_or_text):
        value = read(text)
        if not isinstance(value, str):
            assert value == float(text) and abs(value) != float("inf")


def test_hostile_files_give_valid_json() -> None:
    """Every hostile file that passes the scan has JSON that a strict parser reads."""
    for name, data in hostile_files():
        if name.startswith("odd-"):
            strictly(instance_json(scan(data)))


@pytest.mark.skipif(shutil.which("dcm2json") is None, reason="dcmtk is not installed")
def test_dcmtk_writes_the_same(tmp_path: Path) -> None:
    """dcm2json over pydicom's files and ours: the same keys, VRs and values.

    Files are given to it without pixels, which it cannot write when compressed. It prints
    floats shorter, writes inline what we refer to, and cannot read some charsets.
    """
    compared = 0
    sources = [path.read_bytes() for path in shipped_files()] + list(VALID.values())
    for data in sources:
        try:
            file = scan(data, identity=False)
        except Refused:
            continue
        if file.pixels is not None and not file.syntax.deflated:
            data = data[: file.pixels.element.offset - (8 if file.syntax.implicit else 12)]
            file = scan(data, identity=False)
        path = tmp_path / "one.dcm"
        path.write_bytes(data)
        theirs = subprocess.run(["dcm2json", path], capture_output=True, check=False)
        if theirs.returncode:
            assert b"DcmSpecificCharacterSet" in theirs.stderr
            continue
        try:
            wanted = json.loads(theirs.stdout)
        except UnicodeDecodeError:
            continue  # items with a charset of their own, which dcm2json leaves as they are
        assert differences(strictly(instance_json(file, inline=1 << 30)), wanted) == []
        compared += 1
    assert compared > 120


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Tags whose VR or values differ beyond the way floats are printed."""
    found = [f"{key} is not in both" for key in ours.keys() ^ theirs.keys()]
    for key in ours.keys() & theirs.keys():
        one, other = ours[key], theirs[key]
        if one["vr"] == other["vr"] == "SQ":
            pairs = zip(one.get("Value", []), other.get("Value", []), strict=True)
            found += [f"{key}/{d}" for a, b in pairs for d in differences(a, b)]
        elif one["vr"] in ("FL", "FD", "DS") and one["vr"] == other["vr"]:
            if _rounded(one) != _rounded(other):
                found.append(f"{key} {one} {other}")
        elif "BulkDataURI" not in one and one != other:
            found.append(f"{key} {one} {other}")
    return found


def _rounded(told: dict[str, Any]) -> list[Any]:
    values = told.get("Value", [])
    return [v if isinstance(v, str) or v is None else float(f"{v:.6g}") for v in values]


def test_rows_of_a_search() -> None:
    """Plain values become a result object; absent ones are there with their VR only."""
    out = row(
        {
            0x00100010: "Wang^Xiaoming=王^小明",
            0x00080061: ["CT", "MR"],
            0x0020000D: "1.2",
            0x00201208: 7,
            0x00200011: "3",
            0x00100030: None,
            0x00080050: "",
            0x00400275: [row({0x00401001: "RP1"})],
        }
    )
    assert list(out) == sorted(out)
    assert out["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Wang^Xiaoming", "Ideographic": "王^小明"}],
    }
    assert out["00201208"] == {"vr": "IS", "Value": [7]}
    assert out["00200011"] == {"vr": "IS", "Value": [3]}
    assert out["00100030"] == {"vr": "DA"} and out["00080050"] == {"vr": "SH"}
    assert out["00400275"]["Value"] == [{"00401001": {"vr": "SH", "Value": ["RP1"]}}]  # type: ignore[index]


def test_an_array_of_stored_objects() -> None:
    """Stored objects are joined without being parsed."""
    assert json_array([]) == b"[]"
    assert json.loads(json_array([b'{"a":1}', b"{}"])) == [{"a": 1}, {}]
