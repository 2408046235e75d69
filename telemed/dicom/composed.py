"""A Part 10 file composed from metadata and bulk data (PS3.18 8.6 and 10.5.2).

A stranger's DICOM JSON is read strictly and written as Explicit VR Little Endian, or around the
compressed frames that came with it; its text becomes UTF-8. What the codestream says of itself
stands in for an Image Pixel Description that was left out. The result is a list of pieces, bytes
and stretches of the files that hold the bulk data, so that no value needs to be in memory. It is
nobody's file yet: the scanner judges it as any other.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from telemed.dicom.codestream import HEAD, Described, codestream_span, default_syntax, describe
from telemed.dicom.elements import UNDEFINED, VRS, Limits, Tag
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import valid_uid
from telemed.dicom.syntaxes import EXPLICIT_LE, IMPLICIT_LE, OCTETS, TRANSFER_SYNTAXES

Json = Mapping[str, Any]

IMPLEMENTATION: Final = "2.25.331093386953108017158389406034474127186"
_LIMITS: Final = Limits()
_MIME_TYPE: Final = 0x00420012
_LOSSY: Final = 0x00282110


class Bulk(NamedTuple):
    """A bulk data part: a stretch of a file, its media type, and the syntax it claims or ''.

    `described` is what is known of pixels that were made native from a picture file.
    """

    path: Path
    length: int
    media_type: str = OCTETS
    transfer_syntax: str = ""
    offset: int = 0
    described: Described | None = None

    def head(self) -> bytes:
        """How it begins."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(min(HEAD, self.length))


Piece = bytes | Bulk
Parts = dict[str, list[Bulk]]


def compose(data_set: Json, bulk: Parts) -> list[Piece]:
    """The pieces of a file; `bulk` holds the parts by the URI that metadata names them by.

    The parts that are used are taken out of it: none goes into two files, so that what comes out
    is never much more than what came in. Raises `Refused`.
    """
    written = _Composer(bulk).whole(data_set)
    return [*_file_meta(data_set, written.syntax), *written.pieces]


def data_set_bytes(told: Json) -> bytes:
    """A data set of our own, without bulk data, in Explicit VR Little Endian."""
    pieces = _Composer({}).elements({_tag(key): value for key, value in told.items()}, 0)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


class _Written(NamedTuple):
    pieces: list[Piece]
    syntax: str


class _Composer:
    """One data set on its way; counts what the limits bound."""

    def __init__(self, bulk: Parts) -> None:
        self._bulk = bulk
        self._nodes = _LIMITS.nodes_ceiling

    def whole(self, data_set: Json) -> _Written:
        told = {_tag(key): value for key, value in data_set.items()}
        frames: Sequence[Bulk] = ()
        pixels, syntax = told.pop(Tag.PIXELS, None), EXPLICIT_LE
        if isinstance(pixels, Mapping) and "BulkDataURI" in pixels:
            frames, syntax, derived = self._pixels(pixels["BulkDataURI"], told)
            told |= {tag: value for tag, value in derived.items() if tag not in told}
        elif pixels is not None:
            told[Tag.PIXELS] = pixels
        self._type_document(told)
        told[Tag.CHARSET] = {"vr": "CS", "Value": ["ISO_IR 192"]}
        pieces = self.elements(told, 0)
        if frames:
            pieces += _pixel_data(frames, syntax, told)
        return _Written(pieces, syntax)

    def elements(self, told: Mapping[int, Any], depth: int) -> list[Piece]:
        """Elements in ascending order; groups 0002 and group lengths are the writer's own."""
        if depth > _LIMITS.depth:
            raise Refused("too-deep", limit=_LIMITS.depth)
        out: list[Piece] = []
        for tag in sorted(told):
            self._nodes -= 1
            if self._nodes < 0:
                raise Refused("too-many-elements", limit=_LIMITS.nodes_ceiling)
            if tag & 0xFFFF and tag >> 16 != 0x0002 and not (depth and tag == Tag.CHARSET):
                out += self._element(tag, told[tag], depth)
        return out

    def _element(self, tag: int, told: Any, depth: int) -> list[Piece]:
        vr = told.get("vr") if isinstance(told, Mapping) else None
        if vr not in VRS or len(told) > 2 or not set(told) <= _KEYS:
            raise Refused("bad-metadata", why=f"{tag:08X}")
        if "BulkDataURI" in told:
            (part,) = self._parts(told["BulkDataURI"], most=1)
            return [_header(tag, vr, part.length + part.length % 2), *_padded(part, vr)]
        if "InlineBinary" in told:
            value = _padded_bytes(_inline(tag, vr, told["InlineBinary"]), vr)
            return [_header(tag, vr, len(value)), value]
        values = told.get("Value", [])
        if not isinstance(values, list):
            raise Refused("bad-metadata", why=f"{tag:08X}")
        if vr == "SQ":
            content = [piece for one in values for piece in self._item(one, depth)]
            return [_header(tag, vr, sum(map(_length, content))), *content]
        value = _padded_bytes(_encoded(tag, vr, values), vr) if values else b""
        return [_header(tag, vr, len(value)), value]

    def _item(self, item: Any, depth: int) -> list[Piece]:
        told = {} if item is None else item
        if not isinstance(told, Mapping):
            raise Refused("bad-metadata", why="item")
        content = self.elements({_tag(key): one for key, one in told.items()}, depth + 1)
        return [_item_header(sum(map(_length, content))), *content]

    def _parts(self, uri: Any, most: int | None = None) -> Sequence[Bulk]:
        parts = self._bulk.pop(uri, []) if isinstance(uri, str) else []
        if not parts or (most and len(parts) > most):
            raise Refused("no-bulk-data", uri=str(uri)[:200])
        return parts

    def _pixels(
        self, uri: Any, told: Mapping[int, Any]
    ) -> tuple[Sequence[Bulk], str, dict[int, Json]]:
        """The frames of the pixel data, their syntax, and what they say about themselves."""
        parts = self._parts(uri)
        first = parts[0]
        if any((p.media_type, p.transfer_syntax) != (first.media_type, first.transfer_syntax)
               for p in parts):  # fmt: skip
            raise Refused("bad-metadata", why="frames of several types")
        if first.media_type == OCTETS and first.transfer_syntax in ("", EXPLICIT_LE, IMPLICIT_LE):
            if first.described is None:
                return parts, EXPLICIT_LE, {}
            _check(first.described, told)
            derived = _macro(first.described, first.described.frames, EXPLICIT_LE)
            return parts, EXPLICIT_LE, derived
        syntax = _claimed(first)
        described = _described(first, told, needed=Tag.ROWS not in told)
        if described is not None:
            syntax = syntax or described.syntax
            _check(described, told)
        syntax = syntax or default_syntax(first.media_type)
        frames = [_codestream(part) for part in parts]
        return frames, syntax, _macro(described, len(parts), syntax)

    def _type_document(self, told: dict[int, Any]) -> None:
        """A document says by its part what it is, unless its metadata did (PS3.3 C.24.2)."""
        document = told.get(0x00420011)
        uri = document.get("BulkDataURI") if isinstance(document, Mapping) else None
        parts = self._bulk.get(uri, []) if isinstance(uri, str) else []
        if not parts or parts[0].media_type == OCTETS:
            return
        said = _first(told.get(_MIME_TYPE))
        if said is None:
            told[_MIME_TYPE] = {"vr": "LO", "Value": [parts[0].media_type]}
        elif said != parts[0].media_type:
            raise Refused("bad-metadata", why="MIMETypeOfEncapsulatedDocument")


# -- pixels -------------------------------------------------------------------------------


def _claimed(part: Bulk) -> str:
    """The syntax that a part's header names, '' when it names none."""
    uid = part.transfer_syntax
    if not uid:
        return ""
    row = TRANSFER_SYNTAXES.get(uid)
    if row is None or not row.encapsulated:
        raise Refused("unknown-transfer-syntax", uid=uid if valid_uid(uid) else "?")
    if part.media_type not in (OCTETS, row.media_type.lower()):
        raise Refused("bad-metadata", why=f"{part.media_type} is not {row.name}")
    return uid


def _described(part: Bulk, told: Mapping[int, Any], *, needed: bool) -> Described | None:
    """What the codestream says; where the metadata describes it, not knowing is no fault."""
    media_type = part.media_type
    if media_type == OCTETS and part.transfer_syntax:
        media_type = TRANSFER_SYNTAXES[part.transfer_syntax].media_type
    try:
        return describe(part.head(), media_type)
    except Refused:
        if needed:
            raise
        return None


def _check(described: Described, told: Mapping[int, Any]) -> None:
    """Metadata that contradicts its own pixels describes something else."""
    said = {Tag.ROWS: described.rows, Tag.COLUMNS: described.columns,
            Tag.SAMPLES: described.samples}  # fmt: skip
    for tag, value in said.items():
        found = _first(told.get(tag))
        if found not in (None, value, str(value)):
            raise Refused("bad-pixel-description", keyword=f"{tag:08X}", value=str(found)[:16])


def _macro(described: Described | None, frames: int, syntax: str) -> dict[int, Json]:
    """The Image Pixel Description Macro (PS3.3 C.7.6.3) of compressed frames, and their number."""
    out: dict[int, Json] = {}
    if frames > 1:
        out[Tag.FRAMES] = {"vr": "IS", "Value": [frames]}
    if TRANSFER_SYNTAXES[syntax].lossy:
        out[_LOSSY] = {"vr": "CS", "Value": ["01"]}
    if described is None:
        return out
    out[Tag.PHOTOMETRIC] = {"vr": "CS", "Value": [described.photometric]}
    numbers = {
        Tag.SAMPLES: described.samples,
        Tag.ROWS: described.rows,
        Tag.COLUMNS: described.columns,
        Tag.BITS_ALLOCATED: 8 if described.bits <= 8 else 16,
        0x00280101: described.bits,
        0x00280102: described.bits - 1,
        Tag.PIXEL_REPRESENTATION: int(described.signed),
    }
    if described.samples > 1:
        numbers[Tag.PLANAR] = 0
    return {**out, **{tag: {"vr": "US", "Value": [n]} for tag, n in numbers.items()}}


def _codestream(part: Bulk) -> Bulk:
    start, length = codestream_span(part.head(), part.length)
    return part._replace(offset=part.offset + start, length=length)


def _pixel_data(frames: Sequence[Bulk], syntax: str, told: Mapping[int, Any]) -> list[Piece]:
    """The element, native from one part or encapsulated with a fragment per frame."""
    if syntax == EXPLICIT_LE:
        vr = "OB" if str(_first(told.get(Tag.BITS_ALLOCATED))) in ("1", "8") else "OW"
        if len(frames) > 1:
            raise Refused("bad-metadata", why="native frames in several parts")
        length = frames[0].length
        return [_header(Tag.PIXELS, vr, length + length % 2), *_padded(frames[0], vr)]
    if any(frame.length >= UNDEFINED - 1 for frame in frames):
        raise Refused("bad-metadata", why="a frame of 4 GB")
    sizes = [8 + frame.length + frame.length % 2 for frame in frames]
    offsets = [0, *accumulate(sizes)][:-1]
    fits = len(frames) > 1 and offsets[-1] < UNDEFINED
    table = struct.pack(f"<{len(offsets)}I", *offsets) if fits else b""
    out: list[Piece] = [_header(Tag.PIXELS, "OB", UNDEFINED), _item_header(len(table)), table]
    for frame in frames:
        out += [_item_header(frame.length + frame.length % 2), *_padded(frame, "OB")]
    return [*out, struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)]


# -- elements -----------------------------------------------------------------------------

_KEYS: Final = frozenset({"vr", "Value", "BulkDataURI", "InlineBinary"})
_KEY: Final = re.compile(r"[0-9A-Fa-f]{8}\Z")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,20}\Z", re.ASCII)
_NUMBER_CODES: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d",
                        "SV": "q", "UV": "Q"}  # fmt: skip
_ONE_TEXT: Final = frozenset({"LT", "ST", "UT", "UR"})  # a backslash is a character there
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def _tag(key: Any) -> int:
    if not isinstance(key, str) or not _KEY.match(key):
        raise Refused("bad-metadata", why=f"tag {str(key)[:16]}")
    return int(key, 16)


def _first(told: Any) -> Any:
    """The first value of an attribute, None when there is none."""
    values = told.get("Value") if isinstance(told, Mapping) else None
    return values[0] if isinstance(values, list) and values else None


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, Bulk) else len(piece)


def _header(tag: int, vr: str, length: int) -> bytes:
    """An element's header; a value too long for its VR's length becomes UN (PS3.5 6.2.2)."""
    if length > UNDEFINED:
        raise Refused("bad-metadata", why=f"{tag:08X} of 4 GB")
    if length > 0xFFFE and not VRS[vr].long:
        vr = "UN"
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + struct.pack("<HI" if VRS[vr].long else "<H", *([0] * VRS[vr].long), length)


def _item_header(length: int) -> bytes:
    if length >= UNDEFINED:
        raise Refused("bad-metadata", why="an item of 4 GB")
    return struct.pack("<HHI", 0xFFFE, 0xE000, length)


def _padded(part: Bulk, vr: str) -> list[Piece]:
    return [part, _pad(vr)] if part.length % 2 else [part]


def _padded_bytes(value: bytes, vr: str) -> bytes:
    return value + _pad(vr) if len(value) % 2 else value


def _pad(vr: str) -> bytes:
    return b" " if VRS[vr].text and vr != "UI" else b"\0"


def _inline(tag: int, vr: str, text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused("bad-metadata", why=f"{tag:08X} InlineBinary") from None


def _encoded(tag: int, vr: str, values: list[Any]) -> bytes:
    if len(values) > _LIMITS.values:
        raise Refused("too-many-values", tag=f"{tag:08X}", limit=_LIMITS.values)
    encode = _ENCODE.get(vr)
    try:
        if encode is not None:
            return encode(values, vr)
    except (struct.error, ValueError, TypeError, OverflowError, UnicodeEncodeError):
        pass
    raise Refused("bad-metadata", why=f"{tag:08X} {vr}")


def _texts(values: list[Any], vr: str) -> bytes:
    if vr in _ONE_TEXT:
        (value,) = values
        return ("" if value is None else _string(value)).encode()
    return "\\".join("" if one is None else _single(_string(one)) for one in values).encode()


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no string")
    return value


def _single(text: str) -> str:
    if "\\" in text:
        raise ValueError("two values in one")
    return text


def _names(values: list[Any], vr: str) -> bytes:
    return "\\".join(_single(_name(value or {})) for value in values).encode()


def _name(groups: Any) -> str:
    if not isinstance(groups, Mapping) or not set(groups) <= set(_GROUPS):
        raise TypeError("no name")
    told = [_string(groups.get(group, "")) for group in _GROUPS]
    if any("=" in one for one in told):
        raise ValueError("two groups in one")
    return "=".join(told).rstrip("=")


def _decimals(values: list[Any], vr: str) -> bytes:
    return "\\".join("" if one is None else _single(_decimal(one, vr)) for one in values).encode()


def _decimal(value: Any, vr: str) -> str:
    """IS and DS as they were sent, numbers in at most 16 characters (PS3.5 6.2)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("no number")
    if isinstance(value, float):
        if vr == "IS" or not math.isfinite(value):
            raise ValueError("no such number")
        digits = next((f"{value:.{n}g}" for n in range(17, 8, -1)
                       if len(f"{value:.{n}g}") <= 16), "")  # fmt: skip
        return repr(value) if len(repr(value)) <= 16 else digits
    return str(value)


def _numbers(values: list[Any], vr: str) -> bytes:
    read = _real if vr in ("FL", "FD") else _whole
    return struct.pack(f"<{len(values)}{_NUMBER_CODES[vr]}", *map(read, values))


def _whole(value: Any) -> int:
    """A whole number, or its digits: large ones may come as strings (F.2.3), and all from XML."""
    if isinstance(value, str) and _WHOLE.match(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("no whole number")
    return value


def _real(value: Any) -> float:
    """A number; null stands for what JSON cannot say (F.2.5)."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("no number")
    return float(value)


def _tags(values: list[Any], vr: str) -> bytes:
    numbers = [_tag(value) for value in values]
    return b"".join(struct.pack("<HH", n >> 16, n & 0xFFFF) for n in numbers)


_ENCODE: Final[dict[str, Callable[[list[Any], str], bytes]]] = {
    **dict.fromkeys(
        ["AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT"],
        _texts,
    ),
    **dict.fromkeys(("IS", "DS"), _decimals),
    **dict.fromkeys(_NUMBER_CODES, _numbers),
    "PN": _names,
    "AT": _tags,
}


# -- the head of the file -----------------------------------------------------------------


def identity_of(data_set: Json) -> tuple[str, str]:
    """SOP class and instance UID as metadata names them, '' for what is missing or no UID."""
    found = []
    for tag in (Tag.SOP_CLASS, Tag.SOP_INSTANCE):
        uid = _first(data_set.get(f"{tag:08X}"))
        uid = uid.rstrip("\0 ") if isinstance(uid, str) else ""
        found.append(uid if valid_uid(uid) else "")
    return found[0], found[1]


def _file_meta(data_set: Json, syntax: str) -> list[Piece]:
    """The preamble and group 0002, which metadata has not (PS3.18 10.5.2)."""
    sop_class, sop_uid = identity_of(data_set)
    if not sop_class or not sop_uid:
        raise Refused("missing-uid", keyword="SOPInstanceUID" if sop_class else "SOPClassUID")
    told = {0x00020002: sop_class, 0x00020003: sop_uid, 0x00020010: syntax,
            0x00020012: IMPLEMENTATION}  # fmt: skip
    body = _header(0x00020001, "OB", 2) + b"\0\1"
    for tag, uid in told.items():
        value = _padded_bytes(uid.encode(), "UI")
        body += _header(tag, "UI", len(value)) + value
    length = _header(0x00020000, "UL", 4) + struct.pack("<I", len(body))
    return [bytes(128) + b"DICM" + length + body]
