"""The shape of a scanned data set: elements, items, limits, and what a VR implies.

An element knows where its value lies, never the value itself; whoever wants the bytes
slices the buffer of the `ScannedFile` that owns it. Items are plain dictionaries from tag
to element, in the order of the file.
"""

from __future__ import annotations

import mmap
from array import array
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from telemed.dicom.syntaxes import TransferSyntax

Buffer = bytes | mmap.mmap

UNDEFINED: Final = 0xFFFFFFFF


class Tag:
    """Tags this room handles by name."""

    TRANSFER_SYNTAX: Final = 0x00020010
    META_SOP_CLASS: Final = 0x00020002
    META_SOP_INSTANCE: Final = 0x00020003
    CHARSET: Final = 0x00080005
    SOP_CLASS: Final = 0x00080016
    SOP_INSTANCE: Final = 0x00080018
    STUDY: Final = 0x0020000D
    SERIES: Final = 0x0020000E
    SAMPLES: Final = 0x00280002
    PHOTOMETRIC: Final = 0x00280004
    PLANAR: Final = 0x00280006
    FRAMES: Final = 0x00280008
    ROWS: Final = 0x00280010
    COLUMNS: Final = 0x00280011
    BITS_ALLOCATED: Final = 0x00280100
    PIXEL_REPRESENTATION: Final = 0x00280103
    EXTENDED_OFFSETS: Final = 0x7FE00001
    EXTENDED_LENGTHS: Final = 0x7FE00002
    FLOAT_PIXELS: Final = 0x7FE00008
    DOUBLE_PIXELS: Final = 0x7FE00009
    PIXELS: Final = 0x7FE00010
    ITEM: Final = 0xFFFEE000
    ITEM_END: Final = 0xFFFEE00D
    SEQUENCE_END: Final = 0xFFFEE0DD


PIXEL_TAGS: Final = (Tag.PIXELS, Tag.FLOAT_PIXELS, Tag.DOUBLE_PIXELS)


class Vr(NamedTuple):
    """What a value representation implies: PS3.5 table 6.2-1 and section 7.1.2."""

    name: str
    long: bool  # a 32-bit length field in explicit encodings
    bulk: bool  # opaque bytes, kept as a span and never read by the scanner
    size: int  # bytes of one value, 1 for text
    word: int  # bytes swapped together between byte orders
    text: bool


def _vr(name: str, *, long: bool = False, bulk: bool = False, size: int = 1, word: int = 1) -> Vr:
    return Vr(name, long, bulk, size, word, text=size == 1 and not bulk and name != "SQ")


VRS: Final[dict[str, Vr]] = {
    vr.name: vr
    for vr in (
        *(
            _vr(name)
            for name in [
                "AE",
                "AS",
                "CS",
                "DA",
                "DS",
                "DT",
                "IS",
                "LO",
                "LT",
                "PN",
                "SH",
                "ST",
                "TM",
                "UI",
            ]
        ),
        *(_vr(name, long=True) for name in ("UC", "UR", "UT")),
        _vr("US", size=2, word=2),
        _vr("SS", size=2, word=2),
        _vr("AT", size=4, word=2),
        _vr("UL", size=4, word=4),
        _vr("SL", size=4, word=4),
        _vr("FL", size=4, word=4),
        _vr("FD", size=8, word=8),
        _vr("SV", long=True, size=8, word=8),
        _vr("UV", long=True, size=8, word=8),
        _vr("OB", long=True, bulk=True),
        _vr("OW", long=True, bulk=True, size=2, word=2),
        _vr("OF", long=True, bulk=True, size=4, word=4),
        _vr("OL", long=True, bulk=True, size=4, word=4),
        _vr("OD", long=True, bulk=True, size=8, word=8),
        _vr("OV", long=True, bulk=True, size=8, word=8),
        _vr("UN", long=True, bulk=True),
        _vr("SQ", long=True),
    )
}


class Fragments(NamedTuple):
    """The items of encapsulated pixel data; the first item is the basic offset table."""

    offsets: array[int]  # of each value, behind its item header
    lengths: array[int]
    table: tuple[int, int]  # offset and length of the basic offset table


class Element(NamedTuple):
    """One data element: where its value is, and its items when it is a sequence."""

    tag: int
    vr: str
    offset: int
    length: int
    items: list[Item] | None = None
    fragments: Fragments | None = None


Item = dict[int, Element]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of its reader.

    `nodes` counts elements and items at every depth. Whole-slide and enhanced multi-frame
    objects carry 10 to 60 nodes a frame, and a frame seldom has less than 16 KiB, so the
    allowance grows with the file (one node for every `bytes_per_node`) between a floor that
    any single image fits and a ceiling that bounds the work at about half a second.
    """

    depth: int = 32
    top_elements: int = 20_000
    nodes_floor: int = 50_000
    nodes_ceiling: int = 400_000
    bytes_per_node: int = 256
    fragments: int = 1 << 18  # a slide of 100,000 x 100,000 in tiles of 256 has 152,881
    value: int = 1 << 20
    values: int = 100_000
    header: int = 64 << 20
    inflated: int = 64 << 20
    inflate_ratio: int = 50
    inflate_floor: int = 1 << 20  # below this size the ratio does not matter

    def nodes(self, size: int) -> int:
        """The allowance of elements and items for a file of `size` bytes."""
        return min(self.nodes_ceiling, max(self.nodes_floor, size // self.bytes_per_node))


class FrameTable(NamedTuple):
    """Which fragments make which frame: frame k is fragments starts[k] to starts[k + 1]."""

    starts: array[int]

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class PixelData:
    """Where the pixels are. `frame_bits` is the size of one native frame, 0 if encapsulated."""

    element: Element
    frames: int
    frame_bits: int
    table: FrameTable | None


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A Part 10 file after the scan; spans point into `buffer`.

    For a deflated file `buffer` holds the file meta followed by the inflated data set, so
    one set of offsets serves both. `notes` names the oddities that were let pass.
    """

    buffer: Buffer
    syntax: TransferSyntax
    meta: Item
    elements: Item
    data_offset: int
    pixels: PixelData | None = None
    notes: tuple[str, ...] = field(default=())

    def value(self, element: Element) -> bytes:
        """The bytes of an element's value as they are in the file."""
        return self.buffer[element.offset : element.offset + element.length]

    def raw(self, tag: int) -> bytes:
        """The bytes of a top-level element, empty when it is absent."""
        element = self.elements.get(tag)
        return b"" if element is None else self.value(element)

    def ascii(self, tag: int) -> str:
        """A top-level element as trimmed text, for values that are ASCII by definition."""
        return self.raw(tag).decode("ascii", "replace").strip("\0 ")

    def number(self, tag: int) -> int | None:
        """The first value of a top-level US element, None when absent or empty."""
        raw = self.raw(tag)
        return int.from_bytes(raw[:2], self.byte_order) if len(raw) >= 2 else None

    @property
    def byte_order(self) -> Literal["big", "little"]:
        return "big" if self.syntax.big_endian else "little"


def swapped(data: bytes, word: int) -> bytes:
    """The same words in the other byte order; `word` divides the length of `data`."""
    if word == 1:
        return data
    out = bytearray(len(data))
    for place in range(word):
        out[place::word] = data[word - 1 - place :: word]
    return bytes(out)


def show(tag: int) -> str:
    """A tag the way the standard prints it: (0010,0020)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
