"""Stored files as they may travel: Explicit VR Little Endian where the web forbids more.

PS3.18 8.7.3 bars Implicit VR, Big Endian and, as a representation, Deflated from the wire.
Such files are written anew from the scanned tree, element by element; every other file
passes untouched, byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from telemed.dicom.elements import (
    VRS,
    Buffer,
    Element,
    Item,
    ScannedFile,
    Tag,
    swapped,
)
from telemed.dicom.frames import pixel_word
from telemed.dicom.syntaxes import EXPLICIT_LE

CHUNK: Final = 1 << 20


def wire_syntax(file: ScannedFile) -> str:
    """The transfer syntax UID under which `wire` sends the file."""
    return file.syntax.uid if file.syntax.on_the_wire else EXPLICIT_LE


def wire(file: ScannedFile) -> Iterator[bytes]:
    """The file as it may travel, in pieces of at most about a mebibyte."""
    if file.syntax.on_the_wire:
        yield from _pieces(file.buffer, 0, len(file.buffer))
        return
    yield bytes(128) + b"DICM" + _meta(file)
    if file.syntax.deflated:
        yield from _pieces(file.buffer, file.data_offset, len(file.buffer))
        return
    for tag in sorted(file.elements):
        if tag & 0xFFFF:  # group lengths are retired and would be wrong (PS3.5 7.2)
            yield from _element(file, file.elements[tag])


def _pieces(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, CHUNK):
        yield buffer[at : min(at + CHUNK, end)]


def _meta(file: ScannedFile) -> bytes:
    """The file meta with its transfer syntax changed and its length made true."""
    out = bytearray()
    for tag in sorted(file.meta):
        element = file.meta[tag]
        value = file.value(element)
        if tag == Tag.TRANSFER_SYNTAX:
            value = EXPLICIT_LE.encode("ascii") + b"\0"
        if tag & 0xFFFF:
            out += _header(tag, element.vr, len(value)) + value
    return _header(0x00020000, "UL", 4) + struct.pack("<I", len(out)) + bytes(out)


def _header(tag: int, vr: str, length: int) -> bytes:
    if VRS[vr].long:
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), length)


def _element(file: ScannedFile, element: Element) -> Iterator[bytes]:
    tag, vr, offset, length, items, _ = element
    if items is not None:
        value = b"".join(_item(file, item) for item in items)
        yield _header(tag, "SQ", len(value)) + value
        return
    if length > 0xFFFE and not VRS[vr].long:
        vr = "UN"  # too long for a 16-bit length field (PS3.5 6.2.2 note 2)
    yield _header(tag, vr, length)
    word = pixel_word(file, element) if file.syntax.big_endian else 1
    for piece in _pieces(file.buffer, offset, offset + length):
        yield swapped(piece, word)


def _item(file: ScannedFile, item: Item) -> bytes:
    tags = (tag for tag in sorted(item) if tag & 0xFFFF)
    value = b"".join(piece for tag in tags for piece in _element(file, item[tag]))
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value
