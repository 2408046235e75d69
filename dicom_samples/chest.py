"""The geometry of an invented chest, in millimetres, shared by CT and chest radiographs.

x grows to the patient's left, y to the back, z downwards from the lung apex. Everything is
an implicit function or a list of tubes, so it can be evaluated on any grid. No grey values.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .fields import Array, Point, rng_for
from .trees import Segment, grow

Z_KNOTS = (0, 20, 50, 90, 140, 190, 240, 280)
CAGE_A = (46, 72, 98, 116, 126, 131, 133, 133)
CAGE_B = (36, 52, 66, 78, 86, 90, 92, 92)
CAGE_Y = (10, 5, 0, -3, -5, -6, -6, -6)
BODY_A = (181, 176, 166, 158, 155, 154, 154, 154)
BODY_B = (92, 98, 106, 112, 115, 117, 118, 118)
BODY_Y = (22, 16, 8, 3, 1, 0, 0, 0)
SPINE_Y = 60.0
RIB_PITCH = 24.0
RIB_DROP = 112.0

# centre (x, y, z), radii: right atrium, right ventricle, left ventricle, left atrium, conus
HEART: tuple[tuple[Point, Point], ...] = (
    ((-26, -18, 188), (27, 33, 42)),
    ((4, -42, 198), (44, 25, 42)),
    ((32, -24, 204), (50, 36, 46)),
    ((4, 16, 166), (36, 19, 24)),
    ((14, -34, 150), (22, 20, 26)),
)
# tubes of blood: name -> (points, radii)
GREAT_VESSELS: dict[str, tuple[tuple[Point, ...], tuple[float, ...]]] = {
    "aorta": (
        (
            (-8, -16, 162),
            (-13, -20, 130),
            (-12, -20, 106),
            (-3, -10, 92),
            (12, 12, 87),
            (21, 34, 94),
            (23, 46, 112),
            (22, 48, 190),
            (17, 47, 300),
        ),
        (15, 16, 15, 14, 13, 12.5, 12, 11.5, 11),
    ),
    "brachiocephalic": (
        ((-7, -8, 86), (-14, -3, 50), (-24, 0, 0), (-28, 2, -20)),
        (7, 6.5, 5.5, 5),
    ),
    "carotid": (((8, 2, 84), (12, 3, 40), (17, 4, -20)), (4.2, 4, 3.8)),
    "subclavian": (((18, 20, 84), (25, 14, 40), (32, 12, 0), (40, 8, -20)), (5, 5, 4.5, 4)),
    "svc": (((-22, -16, 56), (-25, -12, 100), (-26, -10, 170)), (9, 9.5, 10)),
    "left brachiocephalic vein": (
        ((34, -14, 14), (26, -26, 40), (0, -30, 58), (-21, -18, 66)),
        (6, 6.5, 6.5, 7),
    ),
    "right brachiocephalic vein": (
        ((-30, -10, -10), (-26, -16, 30), (-22, -16, 58)),
        (6.5, 7.5, 8.5),
    ),
    "pulmonary trunk": (((14, -34, 145), (16, -24, 126), (19, -8, 118)), (14, 14, 12)),
    "right pulmonary artery": (((14, -10, 122), (-14, 2, 128), (-40, 8, 136)), (11, 10, 9)),
    "left pulmonary artery": (((18, -10, 118), (34, 12, 116), (44, 24, 128)), (11, 10, 9)),
    "inferior vena cava": (((-24, 0, 215), (-26, 8, 300)), (12, 12)),
}
AIRWAY: tuple[tuple[Point, Point, float], ...] = (
    ((0, 4, -20), (1, 12, 50), 9.0),
    ((1, 12, 50), (0, 20, 116), 9.0),
    ((0, 20, 114), (-24, 22, 132), 7.5),
    ((-24, 22, 132), (-40, 22, 152), 6.0),
    ((0, 20, 114), (30, 26, 138), 6.5),
    ((30, 26, 138), (46, 28, 158), 5.5),
    ((-24, 22, 132), (-46, 16, 116), 4.5),
    ((36, 26, 142), (54, 14, 134), 4.5),
)
HILA: dict[str, Point] = {"right": (-40.0, 12.0, 140.0), "left": (46.0, 20.0, 140.0)}


def at(z: float | Array, knots: tuple[float, ...]) -> Array:
    """A tabulated body measure (mm) at height z."""
    return np.asarray(np.interp(z, Z_KNOTS, knots), np.float32)


def cage(x: Array, y: Array, z: float | Array) -> tuple[Array, Array, Array]:
    """(mm outside the pleura, negative inside; angle from the back 0..pi; radius in mm)."""
    a, b, yc = at(z, CAGE_A), at(z, CAGE_B), at(z, CAGE_Y)
    yy = y - yc
    f = (np.abs(x / a) ** 2.3 + np.abs(yy / b) ** 2.3) ** (1 / 2.3) + 1e-4
    radius = np.hypot(x, yy)
    return radius * (1 - 1 / f), np.arctan2(np.abs(x), yy), radius


def body(x: Array, y: Array, z: float | Array) -> Array:
    """mm inside the skin (negative outside)."""
    a, b = at(z, BODY_A), at(z, BODY_B)
    yy = y - at(z, BODY_Y)
    yy = yy + np.where(yy > 0, 4 * np.exp(-((x / 14) ** 2)), -3 * np.exp(-((x / 30) ** 2)))
    f = (np.abs(x / a) ** 2.35 + np.abs(yy / b) ** 2.35) ** (1 / 2.35) + 1e-4
    angle = np.arctan2(yy, x)
    f = f * (1 + 0.008 * np.sin(3 * angle + 0.6) + 0.006 * np.cos(5 * angle + 1.1))
    return np.hypot(x, yy) * (1 / f - 1)


def diaphragm(x: Array, y: Array) -> Array:
    """Height z of the dome (mm); the right dome stands higher than the left."""
    right = 204 + 70 * (((x + 60) / 92) ** 2 + (y / 100) ** 2) ** 1.7
    left = 216 + 70 * (((x - 64) / 88) ** 2 + (y / 98) ** 2) ** 1.7
    return np.minimum(right, left)


def mediastinum(x: Array, y: Array, z: float | Array) -> Array:
    """mm inside the mediastinal envelope (without the heart), positive inside."""
    half = np.interp(z, (-20, 0, 40, 90, 130, 170, 300), (32, 30, 27, 28, 33, 28, 25))
    depth = np.interp(z, (0, 60, 140, 300), (30, 36, 42, 42))
    band = (1 - np.hypot(x / half, (y - 4) / depth)) * half
    back = (1 - np.hypot(x / 25, (y - SPINE_Y - 2) / 29)) * 25
    aorta = 15.5 - np.hypot(x - 22, y - 48) - 1.2 * np.maximum(104 - z, 0)
    front = 3 + 0.0035 * (y + 60) ** 2 - np.abs(x - 4)
    front = np.where(y < -20, front, -50)
    return np.asarray(np.maximum(np.maximum(band, back), np.maximum(aorta, front)), np.float32)


def heart(x: Array, y: Array, z: float | Array, grow_mm: float = 0.0) -> Array:
    """mm inside the union of heart chambers, each grown by grow_mm."""
    best = np.full(np.broadcast(x, y, z).shape, -200, np.float32)
    for (cx, cy, cz), radii in HEART:
        rx, ry, rz = (r + grow_mm for r in radii)
        if np.ndim(z) == 0 and abs(float(z) - cz) > rz + 30:
            continue
        f = np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2)
        best = np.maximum(best, (1 - f) * min(rx, ry, rz))
    return best


def lung(x: Array, y: Array, z: float | Array) -> Array:
    """mm inside the lungs, positive inside (approximate distance)."""
    return within(cage(x, y, z)[0], mediastinum(x, y, z), heart(x, y, z, 4.0), diaphragm(x, y) - z)


def within(outside: Array, medial: Array, cardiac: Array, above: Array) -> Array:
    """mm inside the lungs from the distances that bound them."""
    inside = np.minimum(-outside, -np.maximum(medial, cardiac))
    return np.asarray(np.minimum(inside, above * 0.8), np.float32)


def rib_offset(angle: Array, z: float | Array) -> Array:
    """Signed mm in z to the nearest rib's axis at this angle from the spine."""
    drop = RIB_DROP * (1 - np.cos(angle)) / 2
    phase = z - drop + 8
    return (phase + RIB_PITCH / 2) % RIB_PITCH - RIB_PITCH / 2


def rib_path(number: int, side: int, steps: int = 40) -> list[Point]:
    """The axis of one rib (0 = first) on a side (-1 right, +1 left), from the spine forward."""
    points: list[Point] = []
    for angle in np.linspace(0.16, 2.45 if number < 7 else 2.2, steps):
        z = number * RIB_PITCH - 8 + RIB_DROP * (1 - np.cos(angle)) / 2
        a, b, yc = (float(at(z, k)) for k in (CAGE_A, CAGE_B, CAGE_Y))
        dx, dy = np.sin(angle), np.cos(angle)
        reach = (abs(dx / a) ** 2.3 + abs(dy / b) ** 2.3) ** (-1 / 2.3) + 5
        points.append((float(side * reach * dx), float(yc + reach * dy), float(z)))
    return points


@cache
def trees() -> dict[str, list[Segment]]:
    """Arteries, veins and bronchi of both lungs."""
    rng = rng_for("chest vessels")
    result: dict[str, list[Segment]] = {"artery": [], "vein": [], "bronchus": []}
    for side, (hx, hy, hz) in HILA.items():
        cloud = _targets(rng, side, 1700)
        result["artery"] += grow(rng, (hx, hy, hz - 8), cloud[:850], 6.8, 0.66)
        result["vein"] += grow(rng, (hx * 0.8, hy + 2, hz + 22), cloud[850:], 6.6, 0.62)
        airway = grow(rng_for("bronchi " + side), (hx, hy + 8, hz), cloud[:200], 4.2, 0.9)
        result["bronchus"] += [s for s in airway if s.generation < 6]
    return result


def _targets(rng: np.random.Generator, side: str, count: int) -> np.ndarray:
    sign = -1 if side == "right" else 1
    found: list[np.ndarray] = []
    while sum(len(f) for f in found) < count:
        xyz = rng.uniform((20, -95, 0), (132, 90, 270), (4000, 3)) * (sign, 1, 1)
        depth = lung(*(xyz[:, i].astype(np.float32) for i in range(3)))
        found.append(xyz[depth > 5])
    return np.concatenate(found)[:count]
