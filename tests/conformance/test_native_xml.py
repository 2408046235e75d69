"""DCMTK's dcm2xml beside our Native DICOM Model, over every sample and pydicom's test files.

Both are read as trees and compared element by element, and so is theirs with what our reader makes
of it. What may differ: the character set, which
is UTF-8 on our side; group lengths, which we leave out; empty values, which
number themselves; whether an opaque value stands inline; and how many digits a number has.
"""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from math import isclose
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from dicom_samples.make import Manifest
from telemed.dicom.jsonmodel import instance_json
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.dicom.xmlmodel import native_xml, read_native_xml
from tests.services import absent

pytestmark = pytest.mark.conformance

_OPAQUE = ("BulkData", "InlineBinary")
_MAY_BE_LEFT_OUT = ("Value", "Alphabetic", "Ideographic", "Phonetic")

# Files on which the two programs read the bytes differently, and why ours is meant.
EXPLAINED = {
    "test_files/J2K_pixelrep_mismatch.dcm": "names in ISO 2022 IR 87 that DCMTK does not convert",
    "charset_files/chrX1.dcm": "DCMTK repeats the second group of a name for an empty third one",
    "charset_files/chrX2.dcm": "the same",
    "cr_chest_normal/s01_0001.dcm": "GBK that says ISO_IR 100, which DCMTK believes",
    "test_files/waveform_ecg.dcm": "without a creator, DCMTK drops the number of a private block",
    "test_files/UN_sequence.dcm": "DCMTK parses UN as a sequence (CP-246), here it is opaque",
}


def _theirs(path: Path) -> bytes | None:
    """dcm2xml's document, None when it could not convert the characters."""
    program = shutil.which("dcm2xml") or absent("dcm2xml")
    done = subprocess.run(
        [str(program), "--native-format", "--convert-to-utf8", str(path)],
        capture_output=True, check=False,
    )  # fmt: skip
    try:
        ET.fromstring(done.stdout)
    except ET.ParseError:
        return None
    return done.stdout


def _ours(path: Path) -> ET.Element | None:
    try:
        with opened(path, identity=False) as file:
            return ET.fromstring(native_xml(orjson.loads(instance_json(file))))
    except Refused:
        return None


def _read_back(document: bytes) -> ET.Element:
    """Another writer's document as our reader understands it, written again."""
    return ET.fromstring(native_xml(read_native_xml(document)))


def _name(element: ET.Element) -> str:
    name = element.tag.rpartition("}")[2]
    return "opaque" if name in _OPAQUE else name


def _kept(element: ET.Element) -> list[ET.Element]:
    """Children that are compared: no group lengths, no character sets, nothing empty by choice."""
    return [
        child
        for child in element
        if child.get("tag", "1")[4:] != "0000"
        and child.get("tag") != "00080005"
        and not (_name(child) in _MAY_BE_LEFT_OUT and not "".join(child.itertext()).strip())
    ]


def differences(ours: ET.Element, theirs: ET.Element, at: str = "") -> Iterator[str]:
    """What the two trees say differently, as places in them."""
    mine, other = _kept(ours), _kept(theirs)
    if [_key(e) for e in mine] != [_key(e) for e in other]:
        yield f"{at}: {sorted({*map(_key, mine)} ^ {*map(_key, other)})[:4]}"
        return
    for left, right in zip(mine, other, strict=True):
        place = f"{at}/{_key(left)}"
        if _name(left) == "Value" and not _same(left.text or "", right.text or ""):
            yield f"{place}: {left.text!r} {right.text!r}"
        yield from differences(left, right, place)


def _key(element: ET.Element) -> tuple[Any, ...]:
    told = element.attrib
    named = ("tag", "vr", "privateCreator", "number")
    return (_name(element), *(f"{key}={told[key]}" for key in named if key in told))


def _same(left: str, right: str) -> bool:
    if left == right or left.rstrip(" \0") == right.rstrip(" \0"):
        return True
    try:
        return isclose(float(left), float(right), rel_tol=1e-6)
    except ValueError:
        return False


def test_dcm2xml_says_the_same(samples: Manifest) -> None:
    """Every file that both can read, or the reason why not."""
    roots = [Path(str(files("pydicom"))) / "data", samples.root]
    wrong, read = {}, 0
    for path in sorted(p for root in roots for p in root.rglob("*.dcm")):
        ours, document = _ours(path), _theirs(path)
        if ours is None or document is None:
            continue
        theirs = ET.fromstring(document)
        read += 1
        found = list(differences(ours, theirs))
        found += differences(_read_back(document), theirs)
        name = f"{path.parent.name}/{path.name}"
        if found and name not in EXPLAINED:
            wrong[name] = found[:3]
    assert read > 100
    assert wrong == {}, "\n".join(map(str, wrong.items()))
