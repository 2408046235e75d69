"""Attributes told otherwise than a file says them, and the trail of it (PS3.3 C.12.1.1.9).

The stored file keeps its bytes; what is served carries the new values and, in
OriginalAttributesSequence, what stood there before, when and by whom it was replaced. It is for
files that name no patient; one that does is served as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson

from telemed.dicom.composed import data_set_bytes
from telemed.dicom.elements import VRS, Element, ScannedFile, Tag
from telemed.dicom.part10 import elements_of, encoded, head_of, item_of, pieces_of, sequence_value
from telemed.dicom.syntaxes import EXPLICIT_LE
from telemed.dicom.text import charset_for, first_text

PATIENT_ID: Final = 0x00100020
ISSUER: Final = 0x00100021
_ORIGINALS: Final = 0x04000561
_SYSTEM: Final = "telemed"

Changes = dict[int, tuple[str, bytes]]


class Coercion(NamedTuple):
    """New values of LO attributes by tag, PatientID among them, and since when they are told."""

    values: Mapping[int, str]
    at: datetime


def coerced(file: ScannedFile, coercion: Coercion) -> Iterator[bytes] | None:
    """The file with the new values in pieces, as it may travel; None when it names a patient."""
    charset = charset_for(file)
    before = {tag: first_text(file, charset, file.elements.get(tag)) for tag in coercion.values}
    if before[PATIENT_ID]:
        return None
    held = file.elements.get(_ORIGINALS)
    old = sequence_value(file, held.items) if held is not None and held.items else b""
    trail = item_of(data_set_bytes(_trail(coercion, before)))
    changes: Changes = {tag: ("LO", _even(value)) for tag, value in coercion.values.items()}
    changes[_ORIGINALS] = ("SQ", old + trail)
    return _spliced(file, changes) if file.syntax.on_the_wire else _rewritten(file, changes)


def coerced_json(stored: bytes, coercion: Coercion) -> bytes:
    """Metadata with the new values; the same bytes when it names a patient."""
    told: dict[str, Any] = orjson.loads(stored)
    before = {tag: (told.get(f"{tag:08X}", {}).get("Value") or [""])[0] for tag in coercion.values}
    if before[PATIENT_ID]:
        return stored
    told |= {f"{tag:08X}": _attribute(value) for tag, value in coercion.values.items()}
    key = f"{_ORIGINALS:08X}"
    items = told.get(key, {}).get("Value", [])
    told[key] = {"vr": "SQ", "Value": [*items, _trail(coercion, before)]}
    return orjson.dumps(dict(sorted(told.items())))


def _attribute(value: str) -> dict[str, Any]:
    return {"vr": "LO", "Value": [value]} if value else {"vr": "LO"}


def _trail(coercion: Coercion, before: Mapping[int, str]) -> dict[str, Any]:
    """The item that tells what was replaced; an empty value stands for what was not there."""
    replaced = {f"{tag:08X}": _attribute(before[tag]) for tag in sorted(before)}
    at = coercion.at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
    return {
        "04000550": {"vr": "SQ", "Value": [replaced]},
        "04000562": {"vr": "DT", "Value": [at]},
        "04000563": {"vr": "LO", "Value": [_SYSTEM]},
        "04000564": {"vr": "LO"},
        "04000565": {"vr": "CS", "Value": ["COERCE"]},
    }


def _even(value: str) -> bytes:
    raw = value.encode("ascii")
    return raw + b" " * (len(raw) % 2)


def _rewritten(file: ScannedFile, changes: Changes) -> Iterator[bytes]:
    yield head_of(file, {Tag.TRANSFER_SYNTAX: EXPLICIT_LE.encode("ascii") + b"\0"})
    yield from elements_of(file, changes)


def _spliced(file: ScannedFile, changes: Changes) -> Iterator[bytes]:
    """The bytes of the file with elements put in or replaced; all else stays as it lies."""
    places = sorted((_start(element), tag) for tag, element in file.elements.items())
    ends = {tag: end for (_, tag), (end, _) in pairwise(places)}
    size = len(file.buffer)
    # Group lengths are retired (PS3.5 7.2), and those of the groups that change would be wrong.
    lengths = {tag & 0xFFFF0000 for tag in changes}
    at = file.data_offset
    yield from pieces_of(file.buffer, 0, at)
    for start, tag, new in sorted(_edits(file, changes, lengths, places)):
        yield from pieces_of(file.buffer, at, start)
        if new:
            yield encoded(tag, *changes[tag])
        at = ends.get(tag, size) if tag in file.elements else start
    yield from pieces_of(file.buffer, at, size)


def _edits(
    file: ScannedFile, changes: Changes, lengths: set[int], places: list[tuple[int, int]]
) -> Iterator[tuple[int, int, bool]]:
    """Where the bytes change: position, tag, and whether a new element goes there."""
    for tag in changes:
        if tag in file.elements:
            yield _start(file.elements[tag]), tag, True
        else:
            after = (start for start, other in places if other > tag)
            yield next(after, len(file.buffer)), tag, True
    for tag in lengths & set(file.elements):
        yield _start(file.elements[tag]), tag, False


def _start(element: Element) -> int:
    """Where the header of an element of an explicit encoding begins (PS3.5 7.1.2)."""
    return element.offset - (12 if VRS[element.vr].long else 8)
