"""Softcopy presentation states: which image they show, and how (PS3.3 A.33, C.10, C.11.8).

Read with the bounded scanner alone. Windows are left to `grey.py`; here are the image referred to,
the place it takes on the screen and what is written over it. Shutters are `shutter.py`'s; masks and
blending are not looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from telemed.dicom.elements import Item, ScannedFile
from telemed.dicom.refusal import Refused
from telemed.dicom.text import charset_for, first_text

CLASSES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{n}" for n in (1, 2))
"""Grayscale and Color Softcopy Presentation State Storage."""

_SERIES_REFERRED, _IMAGES, _SERIES = 0x00081115, 0x00081140, 0x0020000E
_SOP, _FRAMES = 0x00081155, 0x00081160
_AREAS, _TOP_LEFT, _BOTTOM_RIGHT = 0x0070005A, 0x00700052, 0x00700053
_FLIP, _ROTATION = 0x00700041, 0x00700042
_ANNOTATIONS, _TEXTS, _GRAPHICS = 0x00700001, 0x00700008, 0x00700009
_MOST_POINTS: Final = 100_000


class Reference(NamedTuple):
    """The image a state shows first, by series and instance, and its frame."""

    series_uid: str
    sop_uid: str
    frame: int


class Area(NamedTuple):
    """A part of an image in pixels counted from 1, both corners included."""

    left: int
    top: int
    right: int
    bottom: int


class Stroke(NamedTuple):
    """A graphic object: PS3.3 C.10.5 type, points, whether in pixels, whether filled."""

    kind: str
    points: tuple[tuple[float, float], ...]
    in_pixels: bool
    filled: bool


class Note(NamedTuple):
    """A text object and where it begins."""

    text: str
    at: tuple[float, float]
    in_pixels: bool


class Presentation(NamedTuple):
    """Where the image goes: the rotation comes before the flip (C.10.6)."""

    area: Area | None
    rotation: int
    flipped: bool
    strokes: list[Stroke]
    notes: list[Note]


def reference(file: ScannedFile) -> Reference:
    """The first image a state refers to; raises `Refused`."""
    for series in _items(file.elements, _SERIES_REFERRED):
        for image in _items(series, _IMAGES):
            uids = (_ascii(file, series, _SERIES), _ascii(file, image, _SOP))
            frame = _ascii(file, image, _FRAMES).split("\\")[0]
            return Reference(*uids, int(frame) if frame.isdigit() and len(frame) < 8 else 1)
    raise Refused("cannot-render", why="no image referred to")


def concerns(file: ScannedFile, item: Item, sop_uid: str) -> bool:
    """Whether an item is about an image: it names it, or names none and so means all."""
    named = [_ascii(file, image, _SOP) for image in _items(item, _IMAGES)]
    return not named or sop_uid in named


def presentation(file: ScannedFile, sop_uid: str) -> Presentation:
    """How a state shows one image."""
    area = next((a for a in _items(file.elements, _AREAS) if concerns(file, a, sop_uid)), None)
    notes = [a for a in _items(file.elements, _ANNOTATIONS) if concerns(file, a, sop_uid)]
    turn = file.number(_ROTATION) or 0
    return Presentation(
        _area(file, area) if area is not None else None,
        turn if turn in (90, 180, 270) else 0,
        file.ascii(_FLIP) == "Y",
        [stroke for note in notes for stroke in _strokes(file, note)],
        [text for note in notes for text in _notes(file, note)],
    )


def _area(file: ScannedFile, item: Item) -> Area | None:
    """The corners are those seen on the screen, so either may be the smaller one (C.10.4)."""
    corners = [*_numbers(file, item, _TOP_LEFT, "i"), *_numbers(file, item, _BOTTOM_RIGHT, "i")]
    if len(corners) != 4:
        return None
    (x1, y1, x2, y2) = map(int, corners)
    return Area(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _strokes(file: ScannedFile, note: Item) -> Iterator[Stroke]:
    for item in _items(note, _GRAPHICS):
        data = _numbers(file, item, 0x00700022, "f")[: 2 * _MOST_POINTS]
        points = tuple(zip(data[::2], data[1::2], strict=False))
        pixels = _ascii(file, item, 0x00700005) != "DISPLAY"
        filled = _ascii(file, item, 0x00700024) == "Y"
        if points:
            yield Stroke(_ascii(file, item, 0x00700023), points, pixels, filled)


def _notes(file: ScannedFile, note: Item) -> Iterator[Note]:
    charset = charset_for(file)
    for item in _items(note, _TEXTS):
        text = first_text(file, charset, item.get(0x00700006))
        # The box around the text, else the point it hangs on.
        for corner, units in ((0x00700010, 0x00700003), (0x00700014, 0x00700004)):
            at = _numbers(file, item, corner, "f")
            if text and len(at) == 2:
                yield Note(text[:500], (at[0], at[1]), _ascii(file, item, units) != "DISPLAY")
                break


def _items(item: Item, tag: int) -> list[Item]:
    element = item.get(tag)
    return element.items or [] if element is not None else []


def _ascii(file: ScannedFile, item: Item, tag: int) -> str:
    element = item.get(tag)
    return file.value(element).decode("ascii", "replace").strip("\0 ") if element else ""


def _numbers(file: ScannedFile, item: Item, tag: int, code: str) -> list[float]:
    """The finite values of an FL or SL element within what a picture could hold."""
    element = item.get(tag)
    if element is None or element.length % 4:
        return []
    order = "<" if file.byte_order == "little" else ">"
    numbers = struct.unpack(f"{order}{element.length // 4}{code}", file.value(element))
    return list(numbers) if all(abs(n) < 1e6 for n in numbers) else []
