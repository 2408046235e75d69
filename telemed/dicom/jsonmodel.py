"""DICOM JSON (PS3.18 Annex F) straight from a scanned file, and the rows of a search.

Values that cannot be told as what their VR promises are passed on as strings (F.2.3), so
one bad element never spoils the metadata of a study. Opaque values above a threshold, and
pixels always, become a BulkDataURI whose path this module also reads back.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import orjson

from telemed.dicom.charset import Charset
from telemed.dicom.dictionary import lookup
from telemed.dicom.elements import PIXEL_TAGS, VRS, Element, Item, ScannedFile, Tag, swapped
from telemed.dicom.refusal import Refused
from telemed.dicom.text import charset_for, item_charset, person_name, texts

Json = Mapping[str, object]
Value = str | int | float | Mapping[str, str] | None

INLINE_BYTES: Final = 1024
_REPEATED: Final = 128
"""Bytes up to which a value is worth remembering."""
_BULK_MARK: Final = b'"BulkDataURI":"'

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,15}\Z")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d",
                   "SV": "q", "UV": "Q"}  # fmt: skip


def instance_json(
    file: ScannedFile, bulk_base: str = "bulkdata", *, inline: int = INLINE_BYTES
) -> bytes:
    """The metadata of an instance as one DICOM JSON object, UTF-8.

    Bulk values are named `{bulk_base}/{path}`; see `bulk_path` for the path and `rebase`
    for moving stored JSON under another base.
    """
    writer = _Writer(file, bulk_base, inline)
    return orjson.dumps(writer.item(file.elements, charset_for(file), ()))


def rebase(json: bytes, old: str, new: str) -> bytes:
    """Stored JSON with its BulkDataURIs moved from one base to another."""
    return b"".join(rebased(json, old, new))


def rebased(json: bytes, old: str, new: str) -> list[bytes | memoryview]:
    """The pieces of `rebase`, not yet joined: whoever joins many copies each once.

    A quote inside a JSON string is escaped, so the mark can only be a real key.
    """
    mark, other = _BULK_MARK + old.encode() + b"/", _BULK_MARK + new.encode() + b"/"
    pieces: list[bytes | memoryview] = []
    view, at = memoryview(json), 0
    while (found := json.find(mark, at)) >= 0:
        pieces += (view[at:found], other)
        at = found + len(mark)
    pieces.append(view[at:])
    return pieces


def bulk_path(path: tuple[int, ...]) -> str:
    """'54000100/0/54001010': tags and, between them, item numbers counted from 0."""
    return "/".join(str(part) if k % 2 else f"{part:08X}" for k, part in enumerate(path))


def parse_bulk_path(text: str) -> tuple[int, ...]:
    """The path that `bulk_path` wrote; raises `Refused` for anything else."""
    parts = text.split("/")
    if len(parts) % 2 == 0 or len(parts) > 65:
        raise Refused("bad-bulk-path", path=text[:80])
    path = []
    for k, part in enumerate(parts):
        pattern = r"[0-9]{1,6}\Z" if k % 2 else r"[0-9A-Fa-f]{8}\Z"
        if not re.match(pattern, part, re.ASCII):
            raise Refused("bad-bulk-path", path=text[:80])
        path.append(int(part, 10 if k % 2 else 16))
    return tuple(path)


def element_at(file: ScannedFile, path: tuple[int, ...]) -> Element:
    """The element a bulk path leads to; raises `Refused` when the file has none there."""
    item = file.elements
    for k in range(0, len(path) - 1, 2):
        holder = item.get(path[k])
        if holder is None or holder.items is None or path[k + 1] >= len(holder.items):
            raise Refused("no-such-element", path=bulk_path(path))
        item = holder.items[path[k + 1]]
    element = item.get(path[-1])
    if element is None or element.items is not None:
        raise Refused("no-such-element", path=bulk_path(path))
    return element


@lru_cache(maxsize=8192)
def _key(tag: int) -> str:
    return f"{tag:08X}"


class _Writer:
    """Turns elements into the plain objects that orjson writes."""

    def __init__(self, file: ScannedFile, bulk_base: str, inline: int) -> None:
        self.file = file
        self.bulk_base = bulk_base
        self.inline = inline
        self.big = file.syntax.big_endian

    def item(self, item: Item, charset: Charset, path: tuple[int, ...]) -> dict[str, object]:
        """One data set or item with ascending tags (F.2.2), group lengths left out."""
        out: dict[str, object] = {}
        buffer, told = self.file.buffer, _teller(charset, self.big)
        for tag in _ascending(item):
            if not tag & 0xFFFF:
                continue
            _, vr, offset, length, items, _ = element = item[tag]
            convert = _CONVERT.get(vr)
            if not length:
                out[_key(tag)] = {"vr": vr}
            elif convert is not None and length <= _REPEATED:
                out[_key(tag)] = told(vr, buffer[offset : offset + length])
            elif convert is not None:
                values = convert(buffer[offset : offset + length], vr, charset, self.big)
                out[_key(tag)] = {"vr": vr, "Value": values} if values else {"vr": vr}
            elif items is not None:
                out[_key(tag)] = self.sequence(element, items, charset, path)
            else:
                out[_key(tag)] = self.opaque(element, path)
        if Tag.CHARSET in item or (not path and charset.codec != "ascii"):
            # The text of this JSON is UTF-8 whatever the file's was (F.2.1.1.2).
            return _with_charset(out)
        return out

    def sequence(
        self, element: Element, items: list[Item], charset: Charset, path: tuple[int, ...]
    ) -> dict[str, object]:
        if not items:
            return {"vr": "SQ"}
        return {
            "vr": "SQ",
            "Value": [
                self.item(
                    item, item_charset(charset, self.file, item), (*path, element.tag, number)
                )
                for number, item in enumerate(items)
            ],
        }

    def opaque(self, element: Element, path: tuple[int, ...]) -> dict[str, object]:
        pixels = not path and element.tag in PIXEL_TAGS
        if pixels or element.fragments is not None or element.length > self.inline:
            where = bulk_path((*path, element.tag))
            return {"vr": element.vr, "BulkDataURI": f"{self.bulk_base}/{where}"}
        raw = self.file.value(element)
        if self.big:
            raw = swapped(raw, VRS[element.vr].word)
        return {"vr": element.vr, "InlineBinary": base64.b64encode(raw).decode("ascii")}


@lru_cache(maxsize=32)
def _teller(charset: Charset, big: bool) -> Callable[[str, bytes], Json]:
    """What is told of a short value: nearly all of them are those of the slice before."""

    @lru_cache(maxsize=4096)
    def told(vr: str, raw: bytes) -> Json:
        values = _CONVERT[vr](raw, vr, charset, big)
        return {"vr": vr, "Value": values} if values else {"vr": vr}

    return told


def _ascending(item: Item) -> Iterable[int]:
    tags = list(item)
    return tags if all(a < b for a, b in pairwise(tags)) else sorted(tags)


def _with_charset(out: dict[str, object]) -> dict[str, object]:
    key = f"{Tag.CHARSET:08X}"
    value = {"vr": "CS", "Value": ["ISO_IR 192"]}
    if key in out:
        out[key] = value
        return out
    return dict(sorted({**out, key: value}.items()))


def _text_values(raw: bytes, vr: str, charset: Charset, big: bool) -> Sequence[Value]:
    values = texts(raw, vr, charset)
    return values if "" not in values else [value or None for value in values]


def _name_values(raw: bytes, vr: str, charset: Charset, big: bool) -> Sequence[Value]:
    names: list[Value] = [name_json(value) for value in texts(raw, vr, charset)]
    return names if names != [None] else []  # '^^^^' is an empty name


def name_json(text: str) -> Mapping[str, str] | None:
    """The non-empty groups of a person name (F.2.2), null when all are empty."""
    name = person_name(text)
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), name, strict=True)
    return {label: group for label, group in groups if group} or None


def _number_values(raw: bytes, vr: str, charset: Charset, big: bool) -> Sequence[Value]:
    read = integer_or_text if vr == "IS" else decimal_or_text
    return [read(value) if value else None for value in texts(raw, vr, charset)]


def integer_or_text(text: str) -> int | str:
    """An IS value as a number if it is one of 32 bits, else as the string it was."""
    if _INTEGER.match(text) and -(2**31) <= int(text) < 2**31:
        return int(text)
    return text


def decimal_or_text(text: str) -> int | float | str:
    """A DS value as a number if JSON can carry it, else as the string it was."""
    if _INTEGER.match(text):
        return int(text)
    if len(text) > 64 or not _DECIMAL.match(text):
        return text
    number = float(text)
    return number if math.isfinite(number) else text


def _binary_values(raw: bytes, vr: str, charset: Charset, big: bool) -> Sequence[Value]:
    order = ">" if big else "<"
    code = _NUMBERS[vr]
    numbers = struct.unpack(f"{order}{len(raw) // VRS[vr].size}{code}", raw)
    if vr in ("FL", "FD"):
        # JSON has no NaN and no infinity; the place in the list must not shift (F.2.5).
        return [number if math.isfinite(number) else None for number in numbers]
    return list(numbers)


def _tag_values(raw: bytes, vr: str, charset: Charset, big: bool) -> Sequence[Value]:
    numbers = struct.unpack(f"{'>' if big else '<'}{len(raw) // 2}H", raw)
    return [
        f"{group:04X}{element:04X}"
        for group, element in zip(numbers[::2], numbers[1::2], strict=True)
    ]


_Convert = Callable[[bytes, str, Charset, bool], Sequence[Value]]
_CONVERT: Final[dict[str, _Convert]] = {
    **dict.fromkeys(
        ["AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT"],
        _text_values,
    ),
    **dict.fromkeys(("IS", "DS"), _number_values),
    **dict.fromkeys(_NUMBERS, _binary_values),
    "PN": _name_values,
    "AT": _tag_values,
}


# -- rows of a search ---------------------------------------------------------------------


def row(values: Mapping[int, object]) -> dict[str, object]:
    """A QIDO result object from plain values by tag.

    A value is None or '' (the element is there and empty), a str, int or float, a
    list or tuple of them, a person name as DICOM text with '=' between its groups, or a
    list of rows for a sequence. The VR comes from the dictionary.
    """
    out: dict[str, object] = {}
    for tag in sorted(values):
        entry = lookup(tag)
        if entry is None:
            raise KeyError(f"{tag:08X} is not in the dictionary")
        vr = entry.vr.partition("/")[0]
        value = values[tag]
        several = value if isinstance(value, list | tuple) else [value]
        told = [_row_value(vr, one) for one in several if one not in (None, "")]
        out[f"{tag:08X}"] = {"vr": vr, "Value": told} if told else {"vr": vr}
    return out


def _row_value(vr: str, value: object) -> object:
    if isinstance(value, str):
        if vr == "PN":
            return name_json(value)
        if vr == "IS":
            return integer_or_text(value)
        if vr == "DS":
            return decimal_or_text(value)
    return value


def json_array(objects: Iterable[bytes]) -> bytes:
    """Stored JSON objects as one array, without parsing them again."""
    return b"[" + b",".join(objects) + b"]"
