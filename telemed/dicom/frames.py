"""The bytes of frames and bulk values, in the encoding the web services promise.

A native frame is cut out of the pixel data (bit by bit where a frame does not end on a
byte) in little endian order; an encapsulated frame is its fragments joined. Frames are
counted from 1 as in PS3.18 10.4. Nothing is decoded here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from telemed.dicom.elements import VRS, Element, PixelData, ScannedFile, Tag, swapped
from telemed.dicom.jsonmodel import element_at
from telemed.dicom.pixels import frame_spans
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, OCTETS

_DOCUMENT: Final = 0x00420011
_MIME_TYPE: Final = 0x00420012
_DOCUMENT_LENGTH: Final = 0x00420015

# Documents of any other type are handed out as opaque bytes, never as what they claim.
DOCUMENT_TYPES: Final = frozenset(
    {"application/pdf", "text/xml", "application/xml", "model/stl", "model/obj", "model/mtl"}
)


class Bulk(NamedTuple):
    """A bulk value: its bytes, media type, and transfer syntax when it is pixels."""

    data: bytes
    media_type: str
    transfer_syntax: str = ""


def frame_syntax(file: ScannedFile) -> tuple[str, str]:
    """Media type and transfer syntax UID of the file's frames as they travel."""
    if file.syntax.encapsulated:
        return file.syntax.media_type, file.syntax.uid
    return OCTETS, EXPLICIT_LE


def frame(file: ScannedFile, number: int) -> bytes:
    """One frame, counted from 1: native little endian bytes or one whole codestream."""
    pixels = _pixels(file)
    if not 1 <= number <= pixels.frames or (file.syntax.video and number != 1):
        frames = 1 if file.syntax.video else pixels.frames
        raise Refused("no-such-frame", frame=number, frames=frames)
    if pixels.element.fragments is not None:
        spans = frame_spans(pixels, number - 1)
        return b"".join(file.buffer[at : at + length] for at, length in spans)
    return _native(file, pixels, (number - 1) * pixels.frame_bits, pixels.frame_bits)


def joined(file: ScannedFile, numbers: Sequence[int]) -> bytes:
    """Native frames one after the other, bit after bit where they do not end on a byte.

    No padding comes between, only behind the last (PS3.18 8.7.3.3.2, PS3.5 8.1.1).
    """
    bits = _pixels(file).frame_bits
    packed = 0
    for place, number in enumerate(numbers):
        packed |= int.from_bytes(frame(file, number), "little") << (place * bits)
    return packed.to_bytes(-(-bits * len(numbers) // 8), "little")


def frame_span(file: ScannedFile, number: int) -> tuple[int, int] | None:
    """Where a frame lies in the stored file, if it lies there in one piece as it travels.

    Lets a server send a frame straight from the file; None means `frame` must be used.
    """
    pixels = _pixels(file)
    if not 1 <= number <= pixels.frames or file.syntax.deflated:
        return None
    if pixels.element.fragments is not None:
        spans = frame_spans(pixels, number - 1)
        return spans[0] if len(spans) == 1 else None
    if file.syntax.big_endian or pixels.frame_bits % 8:
        return None
    size = pixels.frame_bits // 8
    return pixels.element.offset + (number - 1) * size, size


def pixel_word(file: ScannedFile, element: Element) -> int:
    """The bytes of pixel data that change places between byte orders."""
    if element.tag != Tag.PIXELS:
        return VRS[element.vr].word
    bits = file.number(Tag.BITS_ALLOCATED) or 8
    return max(2, bits // 8) if element.vr == "OW" else 1


def _pixels(file: ScannedFile) -> PixelData:
    if file.pixels is None:
        raise Refused("no-pixel-data")
    return file.pixels


def _native(file: ScannedFile, pixels: PixelData, start: int, bits: int) -> bytes:
    """`bits` bits of native pixel data from bit `start` on, first bit lowest (PS3.5 8.1.1)."""
    element = pixels.element
    word = pixel_word(file, element) if file.syntax.big_endian else 1
    first = start // 8 // word * word
    last = -(-(start + bits) // (8 * word)) * word
    raw = file.buffer[element.offset + first : element.offset + min(last, element.length)]
    if word > 1:
        raw = swapped(raw, word)
    shift = start - first * 8
    if shift % 8 == 0 and bits % 8 == 0:
        return raw[shift // 8 : shift // 8 + bits // 8]
    # A frame of 1-bit pixels may begin and end inside a byte; no padding goes between.
    number = (int.from_bytes(raw, "little") >> shift) & ((1 << bits) - 1)
    return number.to_bytes(-(-bits // 8), "little")


def bulk(file: ScannedFile, path: tuple[int, ...]) -> Bulk:
    """The bulk value at a path of `jsonmodel`; encapsulated pixels come frame by frame.

    Raises `Refused` with no-such-element when nothing is there.
    """
    element = element_at(file, path)
    if element.fragments is not None:
        offsets, lengths, _ = element.fragments
        joined = b"".join(
            file.buffer[at : at + length] for at, length in zip(offsets, lengths, strict=True)
        )
        return Bulk(joined, file.syntax.media_type, file.syntax.uid)
    raw = file.value(element)
    if file.syntax.big_endian:
        raw = swapped(raw, pixel_word(file, element))
    if path == (_DOCUMENT,):
        return Bulk(raw[: _document_length(file, len(raw))], document_type(file))
    if path == (Tag.PIXELS,):
        return Bulk(raw, OCTETS, EXPLICIT_LE)
    return Bulk(raw, OCTETS)


def bulk_frames(file: ScannedFile, path: tuple[int, ...]) -> int:
    """How many parts a bulk value takes: one per frame for encapsulated pixels, else one."""
    if path == (Tag.PIXELS,) and file.pixels is not None and file.pixels.table is not None:
        return len(file.pixels.table)
    element_at(file, path)
    return 1


def document_type(file: ScannedFile) -> str:
    """The media type of an encapsulated document, opaque bytes unless on the list.

    The bytes must also look like a PDF to be called one: a page of script named
    application/pdf would otherwise be shown by whoever sniffs (threat ST-20).
    """
    stated = file.ascii(_MIME_TYPE).lower()
    if stated not in DOCUMENT_TYPES:
        return OCTETS
    element = file.elements.get(_DOCUMENT)
    if stated == "application/pdf" and element is not None:
        start = file.buffer[element.offset : element.offset + min(element.length, 16)]
        return stated if re.match(rb"\s*%PDF-", start) else OCTETS
    return stated


def _document_length(file: ScannedFile, stored: int) -> int:
    """Without the padding byte, if Encapsulated Document Length tells (PS3.3 C.24.2)."""
    raw = file.raw(_DOCUMENT_LENGTH)
    if len(raw) != 4:
        return stored
    stated = int.from_bytes(raw, file.byte_order)
    return stated if stored - 1 <= stated <= stored else stored
