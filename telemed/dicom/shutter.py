"""The display shutter: what lies outside of it is blacked out (PS3.3 C.7.6.11).

Of several shapes only what all of them show is seen. Edges belong to what is seen. A shutter that
is an overlay (BITMAP) is not looked at, nor is a colour other than gray. Runs only inside the
worker process.
"""

from __future__ import annotations

import re
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from telemed.dicom.elements import ScannedFile

_SHAPE, _VALUE = 0x00181600, 0x00181622
_LEFT, _RIGHT, _UPPER, _LOWER = 0x00181602, 0x00181604, 0x00181606, 0x00181608
_CENTER, _RADIUS, _VERTICES = 0x00181610, 0x00181612, 0x00181620
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,6}\Z", re.ASCII)
_MOST_VERTICES: Final = 10_000


def shuttered(image: Image.Image, file: ScannedFile) -> Image.Image:
    """The image behind the shutter of a file, an image's own or a presentation state's."""
    seen = None
    for shape in file.ascii(_SHAPE).split("\\"):
        drawn = _drawn(shape.strip(), image.size, file)
        if drawn is not None:
            seen = drawn if seen is None else ImageChops.darker(seen, drawn)
    if seen is None:
        return image
    gray = (file.number(_VALUE) or 0) >> 8  # a P-value of 16 bits
    around = Image.new(image.mode, image.size, gray if image.mode == "L" else (gray, gray, gray))
    return Image.composite(image, around, seen)


def _drawn(shape: str, size: tuple[int, int], file: ScannedFile) -> Image.Image | None:
    """White where one shape shows the image; None for a shape that says nothing usable."""
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    if shape == "RECTANGULAR":
        edges = [_integers(file, tag) for tag in (_LEFT, _UPPER, _RIGHT, _LOWER)]
        if any(len(edge) != 1 for edge in edges):
            return None
        left, upper, right, lower = (edge[0] - 1 for edge in edges)
        if left <= right and upper <= lower:
            draw.rectangle((left, upper, right, lower), fill=255)
        return mask
    if shape == "CIRCULAR":
        center, radius = _integers(file, _CENTER), _integers(file, _RADIUS)
        if len(center) != 2 or len(radius) != 1 or radius[0] < 0:
            return None
        row, column = center[0] - 1, center[1] - 1
        draw.ellipse(
            (column - radius[0], row - radius[0], column + radius[0], row + radius[0]), fill=255
        )
        return mask
    if shape == "POLYGONAL":
        numbers = _integers(file, _VERTICES)[: 2 * _MOST_VERTICES]
        points = [(column - 1, row - 1) for row, column in zip(*[iter(numbers)] * 2, strict=False)]
        if len(points) < 3:
            return None
        draw.polygon(points, fill=255, outline=255)
        return mask
    return None


def _integers(file: ScannedFile, tag: int) -> list[int]:
    """The values of an IS element; none when one of them is no number."""
    values = [value.strip() for value in file.ascii(tag).split("\\")]
    return [int(value) for value in values] if all(map(_INTEGER.match, values)) else []
