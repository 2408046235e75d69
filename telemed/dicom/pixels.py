"""What a file says about its pixels, checked by arithmetic before anyone touches them.

Native pixel data must be as long as rows, columns, samples, bits and frames demand;
encapsulated pixel data must divide into the declared number of frames. All sums are in
unbounded integers, so no claim of 65,535 x 65,535 x 2^31 can wrap round into a small one.
"""

from __future__ import annotations

import struct
from array import array

from telemed.dicom.elements import (
    PIXEL_TAGS,
    Element,
    Fragments,
    FrameTable,
    PixelData,
    ScannedFile,
    Tag,
)
from telemed.dicom.refusal import Refused

_BITS = {Tag.FLOAT_PIXELS: (32,), Tag.DOUBLE_PIXELS: (64,), Tag.PIXELS: (1, 8, 16, 32, 64)}
_MAX_FRAMES = 2**31 - 1


def describe_pixels(file: ScannedFile) -> tuple[PixelData | None, list[str]]:
    """The pixel data of a file, None if it has none; raises `Refused` when it cannot be."""
    element = next((file.elements[tag] for tag in PIXEL_TAGS if tag in file.elements), None)
    if element is None:
        return None, []
    frames = number_of_frames(file)
    if element.fragments is not None:
        table, notes = _frame_table(file, element.fragments, frames)
        return PixelData(element, frames, 0, table), notes
    if file.syntax.encapsulated and element.tag == Tag.PIXELS:
        raise Refused("pixel-encoding-mismatch", uid=file.syntax.uid)
    bits = _frame_bits(file, element.tag)
    needed = (bits * frames + 7) // 8
    if element.length < needed:
        raise Refused("short-pixel-data", needed=needed, available=element.length)
    notes = ["pixel-data-padded"] if element.length > needed + (needed & 1) else []
    return PixelData(element, frames, bits, None), notes


def number_of_frames(file: ScannedFile) -> int:
    """NumberOfFrames, 1 when absent or empty."""
    text = file.ascii(Tag.FRAMES)
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= _MAX_FRAMES):
        raise Refused("bad-pixel-description", keyword="NumberOfFrames", value=text[:16])
    return int(text)


def _frame_bits(file: ScannedFile, tag: int) -> int:
    rows = _described(file, Tag.ROWS, "Rows")
    columns = _described(file, Tag.COLUMNS, "Columns")
    samples = _described(file, Tag.SAMPLES, "SamplesPerPixel", default=1)
    bits = _BITS[tag][0]
    if tag == Tag.PIXELS:
        bits = _described(file, Tag.BITS_ALLOCATED, "BitsAllocated")
        if bits not in _BITS[tag]:
            raise Refused("bad-pixel-description", keyword="BitsAllocated", value=bits)
    if samples == 3 and file.ascii(Tag.PHOTOMETRIC) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        samples = 2  # two luminance values share one pair of colour values (PS3.3 C.7.6.3.1.2)
    return rows * columns * samples * bits


def _described(file: ScannedFile, tag: int, keyword: str, default: int = 0) -> int:
    value = file.number(tag)
    value = default if value is None else value
    if not value:
        raise Refused("bad-pixel-description", keyword=keyword, value=value)
    return value


def _frame_table(
    file: ScannedFile, fragments: Fragments, frames: int
) -> tuple[FrameTable | None, list[str]]:
    """Assign fragments to frames by the first rule that fits; None for a video stream."""
    present = len(fragments.offsets)
    if file.syntax.video:
        return None, []
    if frames == 1 and present:
        return FrameTable(array("Q", (0, present))), []
    if present < frames:
        raise Refused("frames-missing", declared=frames, present=present)
    wanted = _stated_offsets(file, fragments)
    notes: list[str] = []
    if wanted:
        starts = _starts_at(fragments, wanted, frames)
        if starts is not None:
            return FrameTable(starts), []
        notes.append("bad-offset-table")
    if present == frames:
        return FrameTable(array("Q", range(frames + 1))), notes
    starts = _starts_by_mark(file, fragments)
    if len(starts) == frames and starts[0] == 0:
        starts.append(present)
        return FrameTable(starts), notes
    raise Refused("frames-ambiguous", declared=frames, present=present)


def _stated_offsets(file: ScannedFile, fragments: Fragments) -> array[int]:
    """Frame offsets from the extended offset table (PS3.3 C.7.6.3.1.8) or the basic one."""
    extended = file.elements.get(Tag.EXTENDED_OFFSETS)
    if extended is not None and extended.length % 8 == 0 and extended.length:
        raw = file.value(extended)
        return array("Q", struct.unpack(f"<{len(raw) // 8}Q", raw))
    offset, length = fragments.table
    raw = file.buffer[offset : offset + length - length % 4]
    return array("Q", struct.unpack(f"<{len(raw) // 4}I", raw))


def _starts_at(fragments: Fragments, wanted: array[int], frames: int) -> array[int] | None:
    """Fragment numbers at the wanted offsets, None if those do not name frames in order."""
    present = len(fragments.offsets)
    if len(wanted) != frames or wanted[0] != 0:
        return None
    first = fragments.offsets[0]
    starts: array[int] = array("Q")
    number = 0
    for offset in wanted:
        while number < present and fragments.offsets[number] - first < offset:
            number += 1
        if number == present or fragments.offsets[number] - first != offset:
            return None
        if starts and starts[-1] == number:
            return None
        starts.append(number)
    starts.append(present)
    return starts


def _starts_by_mark(file: ScannedFile, fragments: Fragments) -> array[int]:
    """Fragments that begin with the start-of-codestream mark of the transfer syntax."""
    mark = file.syntax.start
    starts: array[int] = array("Q")
    if mark:
        for number, offset in enumerate(fragments.offsets):
            if file.buffer[offset : offset + len(mark)] == mark:
                starts.append(number)
    return starts


def frame_spans(pixels: PixelData, frame: int) -> list[tuple[int, int]]:
    """Offset and length of the fragments of an encapsulated frame, counted from 0."""
    element: Element = pixels.element
    if element.fragments is None:
        raise ValueError("native pixel data has no fragments")
    offsets, lengths, _ = element.fragments
    if pixels.table is None:
        return list(zip(offsets, lengths, strict=True))
    start, stop = pixels.table.starts[frame], pixels.table.starts[frame + 1]
    return list(zip(offsets[start:stop], lengths[start:stop], strict=True))
