"""An image put on the screen as a presentation state says. Runs only inside the worker process.

The displayed area is cut out, the rest of it black; then it is turned, flipped and made as large as
asked, and graphics and texts follow it there at their own line width (PS3.3 C.10.4 to C.10.6).
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from telemed.dicom.annotation import write
from telemed.dicom.presentation import Area, Presentation, Stroke

Place = Callable[[tuple[float, float], bool], tuple[float, float]]

_TURNS: Final = {
    90: Image.Transpose.ROTATE_270,  # PIL turns to the left, DICOM clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_LARGEST: Final = 8_192


def shown(
    image: Image.Image,
    state: Presentation,
    fit: Callable[[Image.Image], Image.Image],
    font: str,
) -> Image.Image:
    """The image as a state shows it; `fit` makes it as large as asked."""
    area = _bounded(state.area or Area(1, 1, image.width, image.height))
    cut = image.crop((area.left - 1, area.top - 1, area.right, area.bottom))
    turned = cut.transpose(_TURNS[state.rotation]) if state.rotation else cut
    turned = ImageOps.mirror(turned) if state.flipped else turned
    made = fit(turned)
    if state.strokes or state.notes:
        _overlay(made, state, _placing(state, area, made.size), font)
    return made


def _bounded(area: Area) -> Area:
    """No larger than a picture may be, whatever the file says."""
    right = min(area.right, area.left + _LARGEST - 1)
    return area._replace(right=right, bottom=min(area.bottom, area.top + _LARGEST - 1))


def _placing(state: Presentation, area: Area, size: tuple[int, int]) -> Place:
    """From a point of the image, or of the displayed area, to one of the picture."""
    wide, high = area.right - area.left + 1, area.bottom - area.top + 1

    def place(point: tuple[float, float], in_pixels: bool) -> tuple[float, float]:
        if not in_pixels:  # fractions of what is displayed, after it was turned
            return point[0] * size[0], point[1] * size[1]
        x, y = (point[0] - area.left + 0.5) / wide, (point[1] - area.top + 0.5) / high
        for _ in range(state.rotation // 90):
            x, y = 1 - y, x
        return (1 - x if state.flipped else x) * size[0], y * size[1]

    return place


def _overlay(image: Image.Image, state: Presentation, place: Place, font: str) -> None:
    draw = ImageDraw.Draw(image)
    width = max(1, min(image.size) // 400)
    for stroke in state.strokes:
        _draw(draw, stroke, [place(p, stroke.in_pixels) for p in stroke.points], width)
    size = max(10, min(image.size) // 32)
    for note in state.notes:
        write(draw, place(note.at, note.in_pixels), note.text, font, size)


def _draw(
    draw: ImageDraw.ImageDraw, stroke: Stroke, points: list[tuple[float, float]], width: int
) -> None:
    ink = (255, 255, 0) if draw.mode == "RGB" else 255
    fill = ink if stroke.filled else None
    if stroke.kind == "POINT":
        (x, y), reach = points[0], 2 * width
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=ink)
    elif stroke.kind == "CIRCLE" and len(points) == 2:
        (x, y), (a, b) = points
        reach = ((a - x) ** 2 + (b - y) ** 2) ** 0.5
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill, ink, width)
    elif stroke.kind == "ELLIPSE" and len(points) == 4:
        draw.line(_ellipse(points), fill=ink, width=width)
    elif stroke.kind == "POLYLINE" and stroke.filled and len(points) > 2:
        draw.polygon(points, fill=ink)
    elif len(points) > 1:  # a curve through its points is drawn as their chain
        draw.line(points, fill=ink, width=width)


def _ellipse(ends: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points around an ellipse given by the ends of its two axes (C.10.5.1.2)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ends
    middle = (ax + bx) / 2, (ay + by) / 2
    long, short = ((bx - ax) / 2, (by - ay) / 2), ((dx - cx) / 2, (dy - cy) / 2)
    turns = [2 * pi * k / 72 for k in range(73)]
    return [
        (
            middle[0] + long[0] * cos(t) + short[0] * sin(t),
            middle[1] + long[1] * cos(t) + short[1] * sin(t),
        )
        for t in turns
    ]
