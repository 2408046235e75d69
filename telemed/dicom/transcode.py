"""Stored files in another transfer syntax, as far as that is bytes around coded frames.

What changes in a data set when its pixels are coded anew (PS3.5 8.2, PS3.3 C.7.6.3.1), and the
Part 10 file written around frames that come one at a time. The frames are made by the worker
(`codecs.py`); what it says about them is checked here. No codec is known and no frame is held.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from telemed.dicom.elements import Item, ScannedFile, Tag
from telemed.dicom.part10 import elements_of, encoded, head_of, item_of
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, TRANSFER_SYNTAXES, TransferSyntax

MOST_NATIVE: Final = 0xFFFFFFFE
"""The longest value of a field with a length (PS3.5 7.1.1)."""

_HEAD: Final = struct.Struct("<H")
_PHOTOMETRICS: Final = frozenset(
    {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422",
     "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"}
)  # fmt: skip
_BITS_STORED, _HIGH_BIT = 0x00280101, 0x00280102
_LOSSY, _RATIO, _METHOD = 0x00282110, 0x00282112, 0x00282114
_IMAGE_TYPE, _DERIVATION, _SOURCES = 0x00080008, 0x00082111, 0x00082112
_ICON = 0x00880200
_DROPPED: Final = (Tag.EXTENDED_OFFSETS, Tag.EXTENDED_LENGTHS)


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """One frame (counted from 1) as it stands in a file of a transfer syntax."""

    frame: int = 1
    syntax: str = EXPLICIT_LE
    quality: int = 90


class PixelDescription(NamedTuple):
    """What the attributes of the Image Pixel module say about coded frames."""

    photometric: str
    bits_allocated: int
    bits_stored: int


class CodedFrame(NamedTuple):
    """A frame in its new coding, without padding."""

    description: PixelDescription
    data: memoryview


def packed(description: PixelDescription, data: bytes) -> bytes:
    """A coded frame as the worker hands it over."""
    head = json.dumps(description).encode()
    return _HEAD.pack(len(head)) + head + data


def unpacked(answer: bytes) -> CodedFrame:
    """What `packed` made; a worker that was taken over may say anything, so it is checked."""
    try:
        (length,) = _HEAD.unpack_from(answer)
        photometric, allocated, stored = json.loads(answer[2 : 2 + length])
    except (struct.error, ValueError, TypeError):
        raise Refused("render-limit") from None
    sizes = (allocated, stored)
    if photometric not in _PHOTOMETRICS or not all(isinstance(n, int) for n in sizes):
        raise Refused("render-limit")
    if not 1 <= stored <= allocated <= 64:
        raise Refused("render-limit")
    return CodedFrame(
        PixelDescription(photometric, allocated, stored), memoryview(answer)[2 + length :]
    )


def too_large(file: ScannedFile) -> bool:
    """Whether the pixels do not fit a value field uncompressed (PS3.18 8.7.3.5.2)."""
    if file.pixels is None or not file.syntax.encapsulated:
        return False
    number = file.number
    samples = (number(Tag.ROWS) or 0) * (number(Tag.COLUMNS) or 0) * (number(Tag.SAMPLES) or 1)
    bits = number(Tag.BITS_ALLOCATED) or 8
    return samples * file.pixels.frames * -(-bits // 8) > MOST_NATIVE


class Transcoding:
    """The file around its frames: `head`, then each frame through `framed`, then `tail`."""

    def __init__(self, file: ScannedFile, syntax: str, first: CodedFrame) -> None:
        self._file = file
        self._target = TRANSFER_SYNTAXES[syntax]
        self._first = first
        if file.pixels is None:
            raise Refused("no-pixel-data")
        self.frames = file.pixels.frames
        self._changes = _changes(file, self._target, first)
        self._dropped = {*_DROPPED, *_coded_icons(file)}
        if not self._target.encapsulated and too_large(file):
            raise Refused("cannot-transcode", why="too large uncompressed")

    def head(self) -> Iterator[bytes]:
        """Everything in front of the first frame."""
        meta = {Tag.TRANSFER_SYNTAX: _uid(self._target.uid)}
        if Tag.SOP_INSTANCE in self._changes:
            meta[Tag.META_SOP_INSTANCE] = self._changes[Tag.SOP_INSTANCE][1]
        yield head_of(self._file, meta)
        yield from elements_of(self._file, self._changes, stop=Tag.PIXELS, drop=self._dropped)
        if self._target.encapsulated:
            # No offset table: frames leave as they are made (PS3.5 A.4).
            yield encoded(Tag.PIXELS, "OB", None) + item_of(b"")
            return
        wide = self._first.description.bits_allocated > 8
        size = len(self._first.data) * self.frames
        yield encoded(Tag.PIXELS, "OW" if wide else "OB", size + size % 2)

    def framed(self, frame: CodedFrame) -> Iterator[bytes | memoryview]:
        """A frame as it stands in the file; one unlike the first is refused."""
        if frame.description != self._first.description:
            raise Refused("cannot-transcode", why="frames differ")
        if self._target.encapsulated:
            padding = len(frame.data) % 2
            yield struct.pack("<HHI", 0xFFFE, 0xE000, len(frame.data) + padding)
            yield frame.data
            yield bytes(padding)
            return
        if len(frame.data) != len(self._first.data):
            raise Refused("cannot-transcode", why="frames differ")
        yield frame.data

    def tail(self) -> Iterator[bytes]:
        """Everything behind the last frame."""
        if self._target.encapsulated:
            yield struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        else:
            yield bytes(len(self._first.data) * self.frames % 2)
        yield from elements_of(self._file, {}, start=Tag.PIXELS + 1)


def _coded_icons(file: ScannedFile) -> Iterator[int]:
    """Sequences with pixels in the stored coding; only an icon may be left out for that."""
    for tag, element in file.elements.items():
        if element.items is None or not any(_has_fragments(item) for item in element.items):
            continue
        if tag != _ICON:
            raise Refused("cannot-transcode", why="pixels in a sequence")
        yield tag


def _has_fragments(item: Item) -> bool:
    return any(
        element.fragments is not None or any(map(_has_fragments, element.items or ()))
        for element in item.values()
    )


# -- what changes in the data set ---------------------------------------------------------

Changes = Mapping[int, tuple[str, bytes]]


def _changes(file: ScannedFile, target: TransferSyntax, first: CodedFrame) -> Changes:
    made: dict[int, tuple[str, bytes]] = {}
    told = first.description
    made[Tag.PHOTOMETRIC] = ("CS", _text(told.photometric))
    made[Tag.BITS_ALLOCATED] = ("US", struct.pack("<H", told.bits_allocated))
    made[_BITS_STORED] = ("US", struct.pack("<H", told.bits_stored))
    made[_HIGH_BIT] = ("US", struct.pack("<H", told.bits_stored - 1))
    if (file.number(Tag.SAMPLES) or 1) > 1:
        made[Tag.PLANAR] = ("US", struct.pack("<H", 0))
    if file.syntax.lossy:
        made[_LOSSY] = ("CS", b"01")  # once lossy, for ever lossy (PS3.3 C.7.6.1.1.5)
    if target.uid in DERIVING:
        made.update(_derived(file, target, len(first.data)))
    return made


DERIVING: Final = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
"""Targets that lose something: what is made in them is another image."""


def _derived(file: ScannedFile, target: TransferSyntax, size: int) -> Changes:
    """An image with losses has a UID of its own and names its source (C.7.6.1.1.5, C.12.4.1)."""
    native = (file.number(Tag.ROWS) or 0) * (file.number(Tag.COLUMNS) or 0)
    native *= (file.number(Tag.SAMPLES) or 1) * (file.number(Tag.BITS_ALLOCATED) or 8) // 8
    kinds = file.ascii(_IMAGE_TYPE).split("\\")
    source = encoded(0x00081150, "UI", file.raw(Tag.SOP_CLASS))
    source += encoded(0x00081155, "UI", file.raw(Tag.SOP_INSTANCE))
    return {
        Tag.SOP_INSTANCE: ("UI", _uid(derived_uid(file.ascii(Tag.SOP_INSTANCE), target.uid))),
        _IMAGE_TYPE: ("CS", _text("\\".join(["DERIVED", *(kinds[1:] or ["PRIMARY"])]))),
        _DERIVATION: ("ST", _text(f"Lossy compression, {target.name}")),
        _SOURCES: ("SQ", item_of(source)),
        _LOSSY: ("CS", b"01"),
        _RATIO: ("DS", _listed(file, _RATIO, f"{native / max(1, size):.2f}")),
        _METHOD: ("CS", _listed(file, _METHOD, "ISO_10918_1")),
    }


def derived_uid(source: str, syntax: str) -> str:
    """The UID of a lossy copy: the same for the same source and syntax (PS3.5 B.2)."""
    digest = hashlib.sha256(f"{source} {syntax}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _listed(file: ScannedFile, tag: int, value: str) -> bytes:
    """The value behind those that earlier compressions left."""
    return _text("\\".join(filter(None, [file.ascii(tag), value])))


def _text(value: str) -> bytes:
    return value.encode("ascii", "replace") + b" " * (len(value) % 2)


def _uid(value: str) -> bytes:
    return value.encode("ascii") + bytes(len(value) % 2)
