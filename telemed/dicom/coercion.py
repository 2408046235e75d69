"""Attributes told otherwise than a file says them, and the trail of it (PS3.3 C.12.1.1.9).

The stored file keeps its bytes; what is served carries the new values and, in
OriginalAttributesSequence, what stood there before, when and by whom it was replaced. There are
two cases. A file that names no patient gets the PatientID that was made here (`coerced`). One
whose study was merged, moved or filed by a person is told as its metadata are (`retold`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson

from telemed.dicom.charset import Charset
from telemed.dicom.composed import data_set_bytes
from telemed.dicom.elements import VRS, Element, Item, ScannedFile, Tag
from telemed.dicom.part10 import (
    element_of,
    elements_of,
    encoded,
    head_of,
    item_of,
    pieces_of,
    sequence_value,
)
from telemed.dicom.syntaxes import EXPLICIT_LE
from telemed.dicom.text import ENCODED, charset_for, first_text, item_charset

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
    return _written(file, changes)


def retold(file: ScannedFile, told: Mapping[str, Any]) -> Iterator[bytes] | None:
    """The file as its metadata are told by now, in pieces; None when they are as it says.

    `told` is its DICOM JSON. Each item that OriginalAttributesSequence has there beyond the
    file's own names attributes that were changed since: those get the values of `told`. Values
    that are not ASCII go out in UTF-8, and so does all text of a file that is not in UTF-8.
    """
    held = file.elements.get(_ORIGINALS)
    items = (held.items or ()) if held is not None else ()
    trail = told.get(f"{_ORIGINALS:08X}", {}).get("Value", [])[len(items) :]
    if not trail:
        return None
    tags = sorted({tag for item in trail for tag in item["04000550"]["Value"][0]} & set(told))
    changes: Changes = {int(tag, 16): (told[tag]["vr"], _value(tag, told[tag])) for tag in tags}
    added = b"".join(item_of(data_set_bytes(item)) for item in trail)
    if orjson.dumps([trail, *(told[tag] for tag in tags)]).isascii():
        old = sequence_value(file, items)
    else:
        charset = charset_for(file)
        changes = {**_in_utf8(file, charset), **changes}
        old = b"".join(_item_in_utf8(file, charset, item) for item in items)
    changes[_ORIGINALS] = ("SQ", old + added)
    return _written(file, changes)


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


def _value(tag: str, told: Mapping[str, Any]) -> bytes:
    """The value of an element of DICOM JSON, encoded in UTF-8 and padded."""
    vr = told["vr"]
    return data_set_bytes({tag: told})[12 if VRS[vr].long else 8 :]


def _in_utf8(file: ScannedFile, charset: Charset) -> Changes:
    """The text of a file that another character set than UTF-8 is needed to read, in UTF-8."""
    if charset.codec == "utf-8" and not charset.guessed:
        return {}
    changes: Changes = {Tag.CHARSET: ("CS", b"ISO_IR 192")}
    for tag, element in file.elements.items():
        if element.items is not None:
            value = b"".join(_item_in_utf8(file, charset, item) for item in element.items)
            if value != sequence_value(file, element.items):
                changes[tag] = ("SQ", value)
        elif (text := _text_in_utf8(file, charset, element)) is not None:
            changes[tag] = (element.vr, text)
    return changes


def _item_in_utf8(file: ScannedFile, charset: Charset, item: Item) -> bytes:
    own = item_charset(charset, file, item)
    out = bytearray()
    for tag in sorted(item):
        element = item[tag]
        if not tag & 0xFFFF or tag == Tag.CHARSET:
            continue
        if element.items is not None:
            inner = b"".join(_item_in_utf8(file, own, each) for each in element.items)
            out += encoded(tag, "SQ", inner)
        elif (text := _text_in_utf8(file, own, element)) is not None:
            out += encoded(tag, element.vr, text)
        else:
            out += b"".join(element_of(file, element))
    return item_of(bytes(out))


def _text_in_utf8(file: ScannedFile, charset: Charset, element: Element) -> bytes | None:
    """A text value in UTF-8, padded; None where it is the same or none."""
    if element.vr not in ENCODED:
        return None
    raw = file.value(element)
    if raw.isascii() and b"\x1b" not in raw:
        return None
    text = charset.text(raw).encode("utf-8")
    return text + b" " * (len(text) % 2)


def _written(file: ScannedFile, changes: Changes) -> Iterator[bytes]:
    return _spliced(file, changes) if file.syntax.on_the_wire else _rewritten(file, changes)


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
