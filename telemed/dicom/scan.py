"""A bounded scanner of DICOM Part 10 files with exact length accounting.

It walks every header of a file once, copies no value, and either returns the element tree
or raises `Refused`; no input makes it raise anything else, and `Limits` bounds what it
may cost. Every declared length must fit its container to the byte, so a file that was cut
anywhere is refused. It does not decode text or pixels and does not judge an information
object beyond its identity and the presence of its content.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from telemed.dicom.dictionary import implicit_vr, keyword_of
from telemed.dicom.elements import (
    UNDEFINED,
    VRS,
    Buffer,
    Element,
    Fragments,
    Item,
    Limits,
    ScannedFile,
    Tag,
    Vr,
    show,
)
from telemed.dicom.pixels import describe_pixels
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, TRANSFER_SYNTAXES, TransferSyntax, content_of

PREAMBLE: Final = 132
DEFAULT_LIMITS: Final = Limits()

# Formats that a browser or a shell would run when served the file (threat ST-19). A TIFF
# preamble is legitimate (PS3.10 7.1) and any other filling is passed on with a note.
_ACTIVE: Final = {
    b"MZ": "PE",
    b"\x7fELF": "ELF",
    b"\xca\xfe\xba\xbe": "Mach-O",
    b"\xcf\xfa\xed\xfe": "Mach-O",
    b"\xce\xfa\xed\xfe": "Mach-O",
    b"#!": "script",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP",
    b"<": "markup",
    b"{\\rtf": "RTF",
}

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*\Z", re.ASCII)

_IDENTITY: Final = (Tag.SOP_CLASS, Tag.SOP_INSTANCE, Tag.STUDY, Tag.SERIES)
_META_PAIRS: Final = (
    (Tag.META_SOP_CLASS, Tag.SOP_CLASS),
    (Tag.META_SOP_INSTANCE, Tag.SOP_INSTANCE),
)


@contextmanager
def opened(
    path: Path, limits: Limits = DEFAULT_LIMITS, *, identity: bool = True
) -> Iterator[ScannedFile]:
    """Scan a file on disk through a memory map that stays open inside the `with` block."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise Refused("not-part10")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield scan(view, limits, identity=identity)


def scan(data: Buffer, limits: Limits = DEFAULT_LIMITS, *, identity: bool = True) -> ScannedFile:
    """Scan a whole Part 10 file; raises `Refused`, never anything else.

    With `identity` false the UIDs and the content of the object are not looked at, which is
    right for directories and for looking into a file that was refused.
    """
    notes = _check_preamble(data)
    meta, data_offset = _scan_meta(data, limits)
    syntax = _transfer_syntax(data, meta)
    if syntax.deflated:
        data = data[:data_offset] + _inflate(data[data_offset:], limits)
    scanner = _Scanner(data, limits, syntax, lowest=0x00080000)
    elements, _ = scanner.elements(data_offset, len(data), 0, syntax.implicit)
    file = ScannedFile(data, syntax, meta, elements, data_offset)
    notes += scanner.notes
    if identity:
        notes += _check_identity(file)
    pixels, pixel_notes = describe_pixels(file)
    if identity:
        _check_content(file)
    notes += pixel_notes
    return ScannedFile(
        data, syntax, meta, elements, data_offset, pixels, tuple(dict.fromkeys(notes))
    )


def claimed_identity(path: Path) -> tuple[str, str]:
    """SOP class and instance as the file meta of a refused file claims them; '' where it is mute.

    Only the meta is read, so that a wreck can still be named to whoever sent it.
    """
    with path.open("rb") as file:
        return identity_claimed_by(file.read(_META_BYTES))


def identity_claimed_by(content: bytes) -> tuple[str, str]:
    """`claimed_identity` of a content in memory, or of its beginning."""
    head = content[:_META_BYTES]
    try:
        _check_preamble(head)
        meta, _ = _scan_meta(head, DEFAULT_LIMITS)
    except Refused:
        return "", ""
    return _claimed(head, meta, Tag.META_SOP_CLASS), _claimed(head, meta, Tag.META_SOP_INSTANCE)


def _claimed(data: Buffer, meta: Item, tag: int) -> str:
    uid = _uid_text(data, meta[tag]) if tag in meta else ""
    return uid if valid_uid(uid) else ""


def valid_uid(text: str) -> bool:
    """Whether text is a UID of PS3.5 9.1; leading zeros of components are let pass."""
    return len(text) <= 64 and _UID.match(text) is not None


def _check_preamble(data: Buffer) -> list[str]:
    if len(data) < PREAMBLE or data[128:132] != b"DICM":
        raise Refused("not-part10")
    preamble = data[:128]
    if preamble == bytes(128):
        return []
    start = preamble.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    for magic, name in _ACTIVE.items():
        if start.startswith(magic):
            raise Refused("polyglot-preamble", looks_like=name)
    return ["preamble-in-use"]


def _scan_meta(data: Buffer, limits: Limits) -> tuple[Item, int]:
    """File meta is always Explicit VR Little Endian (PS3.10 7.1)."""
    scanner = _Scanner(data, limits, TRANSFER_SYNTAXES[EXPLICIT_LE], lowest=0x00020000)
    end = PREAMBLE
    for _ in range(_META_ELEMENTS):
        if data[end : end + 2] != b"\x02\x00":
            break
        scanner.need(8, end, len(data))
        _, _, length, value = scanner.explicit(end, len(data))
        scanner.need(length, value, len(data))
        end = value + length
    meta, _ = scanner.elements(PREAMBLE, end, 0, False)
    stated = meta.get(0x00020000)
    if stated is not None and stated.length == 4:
        declared = int.from_bytes(data[stated.offset : stated.offset + 4], "little")
        actual = end - stated.offset - 4
        if declared != actual:
            raise Refused("bad-meta-length", declared=declared, actual=actual)
    return meta, end


def _transfer_syntax(data: Buffer, meta: Item) -> TransferSyntax:
    element = meta.get(Tag.TRANSFER_SYNTAX)
    if element is None or not element.length:
        raise Refused("no-transfer-syntax")
    uid = _uid_text(data, element)
    syntax = TRANSFER_SYNTAXES.get(uid)
    if syntax is None:
        raise Refused("unknown-transfer-syntax", uid=uid if valid_uid(uid) else "?")
    return syntax


def _uid_text(data: Buffer, element: Element) -> str:
    raw = data[element.offset : element.offset + min(element.length, 80)]
    return raw.rstrip(b"\0 ").decode("ascii", "replace")


def _inflate(packed: bytes, limits: Limits) -> bytes:
    """Inflate a raw deflate stream (PS3.5 A.5) within the size and the ratio of `limits`."""
    allowed = min(limits.inflated, max(limits.inflate_floor, len(packed) * limits.inflate_ratio))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(packed, allowed + 1)
    except zlib.error:
        raise Refused("bad-deflate") from None
    if len(plain) > allowed:
        raise Refused("inflates-too-much", limit=allowed)
    # One NUL may follow to make the length even; some writers leave the checksum and the
    # size of a gzip trailer behind. Anything else would be unaccounted bytes.
    trailer = struct.pack("<II", zlib.crc32(plain), len(plain))
    if not inflater.eof or inflater.unused_data not in (b"", b"\0", trailer):
        raise Refused("bad-deflate")
    return plain


def _check_identity(file: ScannedFile) -> list[str]:
    notes = []
    for tag in _IDENTITY:
        element = file.elements.get(tag)
        if element is None or not element.length:
            raise Refused("missing-uid", keyword=keyword_of(tag))
        uid = _uid_text(file.buffer, element)
        if not valid_uid(uid):
            raise Refused("bad-uid", keyword=keyword_of(tag))
        if re.search(r"(^|\.)0[0-9]", uid):
            notes.append("uid-leading-zero")
    for meta_tag, tag in _META_PAIRS:
        stated = file.meta.get(meta_tag)
        if stated is None or not stated.length:
            notes.append("meta-incomplete")
        elif _uid_text(file.buffer, stated) != _uid_text(file.buffer, file.elements[tag]):
            raise Refused("meta-mismatch", keyword=keyword_of(tag))
    return notes


def _check_content(file: ScannedFile) -> None:
    """An object without the content its class exists for is a cut one (finding M8)."""
    content = content_of(_uid_text(file.buffer, file.elements[Tag.SOP_CLASS]))
    if not content.tags or any(tag in file.elements for tag in content.tags):
        return
    if content.kind != "image":
        raise Refused("no-content", keyword=keyword_of(content.tags[0]))
    # Pixel Data Provider URL stands in for pixels in JPIP referenced objects.
    if 0x00287FE0 not in file.elements:
        raise Refused("no-pixel-data")


# Every header of an explicit encoding starts with one of these two-letter codes.
_BY_CODE: Final = {name.encode(): vr for name, vr in VRS.items()}
_DELIMITER: Final = Vr("", False, False, 1, 1, False)
_META_ELEMENTS: Final = 512
_META_BYTES: Final = 1 << 16


class _Scanner:
    """One walk over one data set; counts what the limits bound."""

    def __init__(self, buf: Buffer, limits: Limits, syntax: TransferSyntax, lowest: int) -> None:
        order = ">" if syntax.big_endian else "<"
        self.buf = buf
        self.limits = limits
        self.syntax = syntax
        self.lowest = lowest  # elements below belong to commands, file meta or directories
        self.unpack_explicit = struct.Struct(order + "HH2sH").unpack_from
        self.unpack_implicit = struct.Struct(order + "HHI").unpack_from
        self.unpack_length = struct.Struct(order + "I").unpack_from
        self.node_limit = self.nodes_left = limits.nodes(len(buf))
        self.header_left = limits.header
        self.signed = False
        self.notes: list[str] = []

    def explicit(self, pos: int, end: int) -> tuple[int, Vr, int, int]:
        """The header at pos of an explicit encoding: tag, VR, length, offset of the value."""
        group, number, code, length = self.unpack_explicit(self.buf, pos)
        kind = _BY_CODE.get(code)
        if kind is None:
            if group == 0xFFFE:  # delimiters have no VR (PS3.5 7.5)
                return group << 16 | number, _DELIMITER, self.long_length(pos + 4, end), pos + 8
            raise Refused("bad-vr", tag=show(group << 16 | number))
        if kind.long:
            return group << 16 | number, kind, self.long_length(pos + 8, end), pos + 12
        return group << 16 | number, kind, length, pos + 8

    def implicit(self, pos: int, end: int) -> tuple[int, Vr, int, int]:
        """The header at pos of an implicit encoding, with the VR from the dictionary."""
        group, number, length = self.unpack_implicit(self.buf, pos)
        tag = group << 16 | number
        if group == 0xFFFE:
            return tag, _DELIMITER, length, pos + 8
        kind = VRS[implicit_vr(tag, self.signed)]
        if length != UNDEFINED and length % kind.size:
            # Nobody stated this VR but our dictionary, so the bytes are kept as opaque.
            self.notes.append("unknown-implicit-value")
            kind = VRS["UN"]
        return tag, kind, length, pos + 8

    def long_length(self, pos: int, end: int) -> int:
        self.need(4, pos, end)
        length: int = self.unpack_length(self.buf, pos)[0]
        return length

    def need(self, length: int, pos: int, end: int, tag: int = 0) -> None:
        """Refuse when fewer than `length` bytes are left before `end`."""
        if length <= end - pos:
            return
        if end < len(self.buf):
            raise Refused("overrun", tag=show(tag))
        raise Refused("truncated", offset=pos, needed=length, available=end - pos)

    def count(self, nodes: int = 1) -> None:
        self.nodes_left -= nodes
        if self.nodes_left < 0:
            raise Refused("too-many-elements", limit=self.node_limit)

    def elements(
        self, pos: int, end: int, depth: int, implicit: bool, delimited: bool = False
    ) -> tuple[Item, int]:
        """The elements from pos to end, or to an item delimiter, and the position behind.

        The loop sees every element of every file: it decides nearly all and hands on the rest.
        """
        if depth > self.limits.depth:
            raise Refused("too-deep", limit=self.limits.depth)
        found: Item = {}
        buf, unpack, by_code = self.buf, self.unpack_explicit, _BY_CODE
        left = self.nodes_left if depth else min(self.nodes_left, self.limits.top_elements)
        last = tag = text_bytes = 0
        while pos < end:
            if end - pos < 12:
                self.need(8, pos, end, tag)
            if implicit:
                tag, kind, length, at = self.implicit(pos, end)
            else:
                group, number, code, length = unpack(buf, pos)
                short = by_code.get(code)
                if short is None or short.long:
                    tag, kind, length, at = self.explicit(pos, end)
                else:
                    tag, kind, at = group << 16 | number, short, pos + 8
            if kind is _DELIMITER:
                if tag == Tag.ITEM_END and delimited and length == 0:
                    self.spend(len(found), text_bytes)
                    return found, at
                raise Refused("stray-delimiter", offset=pos, tag=show(tag))
            if tag <= last:
                self.check_order(tag, found)
            last = tag
            if tag < self.lowest:
                raise Refused("forbidden-group", tag=show(tag))
            if len(found) >= left:
                raise Refused("too-many-elements", limit=left)
            if length == UNDEFINED:
                found[tag], pos = self.undefined(tag, kind, at, end, depth, implicit)
                continue
            pos = at + length
            if pos > end:
                self.need(length, at, end, tag)
            if kind is _SEQUENCE:
                items, _ = self.items(at, pos, depth + 1, implicit, delimited=False)
                found[tag] = Element(tag, "SQ", at, length, items)
                continue
            name, _, bulk, size, _, _ = kind
            if length & 1 or length % size:
                raise _bad_length(tag, kind, length)
            if not bulk:
                text_bytes += length
                if length > self.limits.values or tag == Tag.PIXEL_REPRESENTATION:
                    self.check_value(tag, kind, at, length)
            # Element(...) without the two calls a named tuple's constructor makes.
            found[tag] = tuple.__new__(Element, (tag, name, at, length, None, None))
        if delimited:
            self.need(8, pos, end, tag)
        self.spend(len(found), text_bytes)
        return found, pos

    def spend(self, nodes: int, text_bytes: int) -> None:
        """Account for a finished data set or item."""
        self.count(nodes)
        self.header_left -= text_bytes
        if self.header_left < 0:
            raise Refused("header-too-large", limit=self.limits.header)

    def check_order(self, tag: int, found: Item) -> None:
        """Out of order is odd; twice would let two readers see two different objects."""
        if tag in found:
            raise Refused("duplicate-element", tag=show(tag))
        self.notes.append("elements-out-of-order")

    def check_value(self, tag: int, kind: Vr, at: int, length: int) -> None:
        """What only long values and the pixels' sign need."""
        if tag == Tag.PIXEL_REPRESENTATION:
            value = self.buf[at : at + 2]
            self.signed = value == (b"\0\1" if self.syntax.big_endian else b"\1\0")
            return
        if length > self.limits.value:
            most = self.limits.value
            raise Refused("value-too-long", tag=show(tag), vr=kind.name, length=length, limit=most)
        values = length // kind.size
        if kind.text:
            values = self.buf[at : at + length].count(b"\\") + 1
        if values > self.limits.values:
            raise Refused("too-many-values", tag=show(tag), limit=self.limits.values)

    def undefined(
        self, tag: int, kind: Vr, at: int, end: int, depth: int, implicit: bool
    ) -> tuple[Element, int]:
        """An element that ends with a sequence delimiter, and the position behind it."""
        if kind is _SEQUENCE:
            items, behind = self.items(at, end, depth + 1, implicit, delimited=True)
            return Element(tag, "SQ", at, behind - at, items), behind
        if kind.name == "UN" and not self.syntax.big_endian:
            # An unknown sequence is encoded in Implicit VR Little Endian (PS3.5 6.2.2 note 4).
            items, behind = self.items(at, end, depth + 1, True, delimited=True)
            return Element(tag, "SQ", at, behind - at, items), behind
        if tag == Tag.PIXELS and kind.name in ("OB", "OW") and self.syntax.encapsulated:
            fragments, behind = self.fragments(at, end)
            return Element(tag, "OB", at, behind - at, None, fragments), behind
        raise Refused("undefined-length", tag=show(tag), vr=kind.name)

    def item_header(self, pos: int, end: int, *, delimited: bool) -> int | None:
        """The length of the item at pos; None for the delimiter that ends the sequence."""
        self.need(8, pos, end)
        group, number, length = self.unpack_implicit(self.buf, pos)
        tag = group << 16 | number
        if tag == Tag.ITEM:
            return int(length)
        if tag == Tag.SEQUENCE_END and delimited and length == 0:
            return None
        raise Refused("bad-item", offset=pos, tag=show(tag))

    def items(
        self, pos: int, end: int, depth: int, implicit: bool, *, delimited: bool
    ) -> tuple[list[Item], int]:
        """The items of a sequence and the position behind it."""
        items: list[Item] = []
        while delimited or pos < end:
            length = self.item_header(pos, end, delimited=delimited)
            pos += 8
            if length is None:
                return items, pos
            self.count()
            if length == UNDEFINED:
                item, pos = self.elements(pos, end, depth, implicit, delimited=True)
            else:
                self.need(length, pos, end, Tag.ITEM)
                item, pos = self.elements(pos, pos + length, depth, implicit)
            items.append(item)
        return items, pos

    def fragments(self, pos: int, end: int) -> tuple[Fragments, int]:
        """The items of encapsulated pixel data (PS3.5 A.4) and the position behind it."""
        offsets, lengths = array("Q"), array("Q")
        limit, unpack, buf = self.limits.fragments, self.unpack_implicit, self.buf
        while end - pos >= 8:
            group, number, length = unpack(buf, pos)
            if group != 0xFFFE or number != 0xE000:
                break
            pos += 8
            if length & 1 or length > end - pos or len(offsets) > limit:
                self.check_fragment(length, pos, end, len(offsets))
            offsets.append(pos)
            lengths.append(length)
            pos += length
        self.item_header(pos, end, delimited=True)
        if not offsets:
            raise Refused("bad-item", offset=pos, tag=show(Tag.SEQUENCE_END))
        return Fragments(offsets[1:], lengths[1:], (offsets[0], lengths[0])), pos + 8

    def check_fragment(self, length: int, pos: int, end: int, before: int) -> None:
        if before > self.limits.fragments:
            raise Refused("too-many-fragments", limit=self.limits.fragments)
        if length & 1:
            raise Refused("odd-length", tag=show(Tag.ITEM), length=length)
        self.need(length, pos, end, Tag.ITEM)


def _bad_length(tag: int, kind: Vr, length: int) -> Refused:
    if length & 1:
        return Refused("odd-length", tag=show(tag), length=length)
    return Refused("bad-length", tag=show(tag), vr=kind.name, length=length)


_SEQUENCE: Final = VRS["SQ"]
