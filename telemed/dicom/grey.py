"""Grey values on their way to the screen: modality and VOI transformation (PS3.3 C.11).

Rescale or a modality table first, then the window asked for, else the file's VOI table, else its
window, else one that shows nearly everything. A frame's own functional groups come before those
that are shared, and those before the top level. Runs only inside the render worker process.
"""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np

from telemed.dicom.codecs import Pixels
from telemed.dicom.elements import Element, Item, ScannedFile, Tag
from telemed.dicom.picture import PictureSpec, Window
from telemed.dicom.refusal import Refused

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132
_INTERCEPT, _SLOPE = 0x00281052, 0x00281053
_CENTER, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006


def windowed(file: ScannedFile, spec: PictureSpec, pixels: Pixels) -> Pixels:
    """Modality and VOI transformation to 8 bits."""
    groups = _functional_groups(file, spec.frame)
    values = _modality_values(file, groups, pixels.astype(np.float32))
    if spec.window is not None:
        return _apply_window(values, spec.window)
    lut = first_item(file.elements.get(_VOI_LUTS))
    if lut is not None:
        return eight_bits(_apply_lut(file, lut, values))
    return _apply_window(values, _stated_window(file, groups) or _natural_window(file, values))


def _functional_groups(file: ScannedFile, number: int) -> list[Item]:
    """Where a frame's attributes may stand, the closest first (PS3.3 C.7.6.16)."""
    found = []
    per_frame = file.elements.get(_PER_FRAME)
    if per_frame is not None and per_frame.items and number <= len(per_frame.items):
        found.append(per_frame.items[number - 1])
    shared = first_item(file.elements.get(_SHARED))
    return [*found, *([shared] if shared is not None else [])]


def first_item(element: Element | None) -> Item | None:
    return element.items[0] if element is not None and element.items else None


def _numbers(file: ScannedFile, groups: list[Item], macro: int, *tags: int) -> list[float] | None:
    """The first values of DS elements in a functional group's macro or at the top."""
    macros = [item for group in groups if (item := first_item(group.get(macro))) is not None]
    for holder in (*macros, file.elements):
        elements = [holder.get(tag) for tag in tags]
        try:
            texts = [file.value(e).split(b"\\")[0] if e else b"" for e in elements]
            numbers = [float(text.strip(b"\0 ")) for text in texts]
        except ValueError:
            continue
        if all(map(np.isfinite, numbers)):
            return numbers
    return None


def _modality_values(file: ScannedFile, groups: list[Item], values: Pixels) -> Pixels:
    lut = first_item(file.elements.get(_MODALITY_LUTS))
    if lut is not None:
        return _apply_lut(file, lut, values)
    linear = _numbers(file, groups, _TRANSFORMATION, _SLOPE, _INTERCEPT)
    if linear is None or linear == [1.0, 0.0]:
        return values
    return np.asarray(values * np.float32(linear[0]) + np.float32(linear[1]))


def _stated_window(file: ScannedFile, groups: list[Item]) -> Window | None:
    stated = _numbers(file, groups, _FRAME_VOI, _CENTER, _WIDTH)
    if stated is None or stated[1] < 1:
        return None
    function = file.ascii(_FUNCTION).lower().replace("_", "-") or "linear"
    return Window(stated[0], stated[1], function)


def _natural_window(file: ScannedFile, values: Pixels) -> Window:
    """The whole range for 8 bits, the range of nearly all pixels for more."""
    if (file.number(Tag.BITS_ALLOCATED) or 8) <= 8:
        top = 1.0 if file.number(Tag.BITS_ALLOCATED) == 1 else 255.0
        return Window(top / 2, top, "linear-exact")
    low, high = np.percentile(values[::4, ::4], (0.5, 99.5))
    return Window(float(low + high) / 2, max(1.0, float(high - low)), "linear-exact")


def _apply_window(values: Pixels, window: Window) -> Pixels:
    """The functions of PS3.3 C.11.2.1.2 and C.11.2.1.3, to 0 .. 255."""
    center, width, function = window
    if function == "sigmoid":
        scaled = 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
    elif function == "linear-exact":
        scaled = (values - center) / width + 0.5
    else:
        scaled = (values - (center - 0.5)) / max(width - 1, 1e-6) + 0.5
    return (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)


def _apply_lut(file: ScannedFile, lut: Item, values: Pixels) -> Pixels:
    """A lookup table of a Modality or VOI LUT sequence, scaled to 16 bits."""
    descriptor, data = lut.get(_LUT_DESCRIPTOR), lut.get(_LUT_DATA)
    if descriptor is None or data is None or descriptor.length != 6:
        raise Refused("cannot-render", why="lookup table")
    order: Literal["<", ">"] = "<" if file.byte_order == "little" else ">"
    signed = "h" if file.number(Tag.PIXEL_REPRESENTATION) == 1 else "H"
    raw = file.value(descriptor)
    entries, _, bits = struct.unpack(order + "HHH", raw)
    (first,) = struct.unpack_from(order + signed, raw, 2)
    table = np.frombuffer(file.value(data), dtype=np.dtype("u2").newbyteorder(order))
    if table.size < (entries or 65536) or not 8 <= bits <= 16:
        raise Refused("cannot-render", why="lookup table")
    looked_up = table[np.clip(values - first, 0, (entries or 65536) - 1).astype(np.int32)]
    return np.asarray(looked_up.astype(np.float32) * np.float32(65535 / (2**bits - 1)))


def eight_bits(values: Pixels) -> Pixels:
    """Colour or looked-up values brought to 8 bits by the width of their type."""
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.float32:
        return (values / 257).astype(np.uint8)
    return (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)
