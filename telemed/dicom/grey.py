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
from telemed.dicom.presentation import concerns
from telemed.dicom.refusal import Refused

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132
_INTERCEPT, _SLOPE = 0x00281052, 0x00281053
_CENTER, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_SOFTCOPY_VOI, _PRESENTATION_SHAPE = 0x00283110, 0x20500020
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006


def windowed(
    file: ScannedFile, spec: PictureSpec, pixels: Pixels, state: ScannedFile | None = None
) -> Pixels:
    """Modality and VOI transformation to 8 bits; a presentation state's come before the file's."""
    groups = _functional_groups(file, spec.frame)
    values = pixels.astype(np.float32)
    if state is not None and _states_modality(state):
        values = _modality_values(state, [], values)
    else:
        values = _modality_values(file, groups, values)
    if spec.window is not None:
        return _apply_window(values, spec.window)
    if state is not None:
        grey = _softcopy(state, file.ascii(Tag.SOP_INSTANCE), values)
        grey = grey if grey is not None else _apply_window(values, _natural_window(file, values))
        return 255 - grey if state.ascii(_PRESENTATION_SHAPE) == "INVERSE" else grey
    lut = first_item(file.elements.get(_VOI_LUTS))
    if lut is not None:
        return eight_bits(_apply_lut(file, lut, values))
    return _apply_window(values, _stated_window(file, groups) or _natural_window(file, values))


def _states_modality(state: ScannedFile) -> bool:
    return _MODALITY_LUTS in state.elements or _SLOPE in state.elements


def _softcopy(state: ScannedFile, sop_uid: str, values: Pixels) -> Pixels | None:
    """The window or table a state has for an image (PS3.3 C.11.8), None for none."""
    held = state.elements.get(_SOFTCOPY_VOI)
    for item in held.items or () if held is not None else ():
        if not concerns(state, item, sop_uid):
            continue
        lut = first_item(item.get(_VOI_LUTS))
        if lut is not None:
            return eight_bits(_apply_lut(state, lut, values))
        window = _window_in(state, item)
        if window is not None:
            return _apply_window(values, window)
    return None


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
    found = (_decimals(file, holder, *tags) for holder in (*macros, file.elements))
    return next((numbers for numbers in found if numbers is not None), None)


def _decimals(file: ScannedFile, holder: Item, *tags: int) -> list[float] | None:
    """The first values of DS elements of an item, None unless all are numbers."""
    elements = [holder.get(tag) for tag in tags]
    try:
        texts = [file.value(e).split(b"\\")[0] if e else b"" for e in elements]
        numbers = [float(text.strip(b"\0 ")) for text in texts]
    except ValueError:
        return None
    return numbers if all(map(np.isfinite, numbers)) else None


def _modality_values(file: ScannedFile, groups: list[Item], values: Pixels) -> Pixels:
    lut = first_item(file.elements.get(_MODALITY_LUTS))
    if lut is not None:
        return _apply_lut(file, lut, values)
    linear = _numbers(file, groups, _TRANSFORMATION, _SLOPE, _INTERCEPT)
    if linear is None or linear == [1.0, 0.0]:
        return values
    return np.asarray(values * np.float32(linear[0]) + np.float32(linear[1]))


def _stated_window(file: ScannedFile, groups: list[Item]) -> Window | None:
    macros = [item for group in groups if (item := first_item(group.get(_FRAME_VOI))) is not None]
    found = (_window_in(file, holder) for holder in (*macros, file.elements))
    return next((window for window in found if window is not None), None)


def _window_in(file: ScannedFile, holder: Item) -> Window | None:
    """The first window an item states, with its function (PS3.3 C.11.2.1.2)."""
    stated = _decimals(file, holder, _CENTER, _WIDTH)
    named = holder.get(_FUNCTION)
    function = file.value(named).decode("ascii", "replace").strip("\0 ") if named else ""
    function = function.lower().replace("_", "-") or "linear"
    if stated is None or stated[1] <= 0 or (function == "linear" and stated[1] < 1):
        return None
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
    elif width <= 1:  # a threshold: the slope has no length left (C.11.2.1.2.1)
        scaled = (values > center - 0.5).astype(np.float32)
    else:
        scaled = (values - (center - 0.5)) / (width - 1) + 0.5
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
        return (values / 257 + 0.5).astype(np.uint8)
    return (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)
