"""Stored files as they may travel: Explicit VR Little Endian where the web forbids more.

PS3.18 8.7.3 bars Implicit VR, Big Endian and, as a representation, Deflated from the wire.
Such files are written anew from the scanned tree, element by element; every other file
passes untouched, byte for byte. The parts of a file from which it is written anew are here too.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from telemed.dicom.elements import (
    UNDEFINED,
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


def wire(file: ScannedFile) -> Iterator[bytes]:
    """The file as it may travel, in pieces of at most about a mebibyte."""
    if file.syntax.on_the_wire:
        yield from pieces_of(file.buffer, 0, len(file.buffer))
        return
    yield head_of(file, {Tag.TRANSFER_SYNTAX: EXPLICIT_LE.encode("ascii") + b"\0"})
    if file.syntax.deflated:
        yield from pieces_of(file.buffer, file.data_offset, len(file.buffer))
        return
    yield from elements_of(file, {})


def head_of(file: ScannedFile, changes: Mapping[int, bytes]) -> bytes:
    """The preamble and the file meta with some values changed and its length made true."""
    out = bytearray()
    for tag in sorted(file.meta):
        element = file.meta[tag]
        if tag & 0xFFFF:
            out += encoded(tag, element.vr, changes.get(tag, file.value(element)))
    length = encoded(0x00020000, "UL", struct.pack("<I", len(out)))
    return bytes(128) + b"DICM" + length + bytes(out)


def elements_of(
    file: ScannedFile,
    changes: Mapping[int, tuple[str, bytes]],
    *,
    start: int = 0,
    stop: int = 1 << 32,
    drop: Collection[int] = (),
) -> Iterator[bytes]:
    """Top-level elements from `start` to before `stop` in Explicit VR Little Endian.

    `changes` are encoded values by tag that take the place of the file's or are added.
    """
    for tag in sorted({*file.elements, *changes}):
        # Group lengths are retired and would be wrong (PS3.5 7.2).
        if not start <= tag < stop or not tag & 0xFFFF or tag in drop:
            continue
        if tag in changes:
            yield encoded(tag, *changes[tag])
        else:
            yield from element_of(file, file.elements[tag])


def encoded(tag: int, vr: str, value: bytes | int | None) -> bytes:
    """An element; in place of a value its length, or None for an undefined one."""
    length = UNDEFINED if value is None else value if isinstance(value, int) else len(value)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    head += struct.pack("<HI", 0, length) if VRS[vr].long else struct.pack("<H", length)
    return head + value if isinstance(value, bytes) else head


def item_of(value: bytes) -> bytes:
    """A sequence item or a fragment (PS3.5 7.5)."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


def sequence_value(file: ScannedFile, items: Sequence[Item]) -> bytes:
    """The items of a sequence in Explicit VR Little Endian."""
    return b"".join(_item(file, item) for item in items)


def pieces_of(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    """A stretch of a buffer, in pieces of at most about a mebibyte."""
    for at in range(start, end, CHUNK):
        yield buffer[at : min(at + CHUNK, end)]


def element_of(file: ScannedFile, element: Element) -> Iterator[bytes]:
    """An element of a file in Explicit VR Little Endian, in pieces."""
    tag, vr, offset, length, items, _ = element
    if items is not None:
        yield encoded(tag, "SQ", sequence_value(file, items))
        return
    if length > 0xFFFE and not VRS[vr].long:
        vr = "UN"  # too long for a 16-bit length field (PS3.5 6.2.2 note 2)
    yield encoded(tag, vr, length)
    word = pixel_word(file, element) if file.syntax.big_endian else 1
    for piece in pieces_of(file.buffer, offset, offset + length):
        yield swapped(piece, word)


def _item(file: ScannedFile, item: Item) -> bytes:
    tags = (tag for tag in sorted(item) if tag & 0xFFFF)
    return item_of(b"".join(piece for tag in tags for piece in element_of(file, item[tag])))
