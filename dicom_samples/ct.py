"""Chest CT: a drawn thorax in Hounsfield units with a nodule of known place and size.

The anatomy comes from chest.py; this module gives it densities, textures, noise and DICOM.
The prior examination is the same chest a year earlier with a smaller, smooth nodule.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
)

from . import chest
from .base import Machine, Series, Study, acquired, grey, save, start, uid, window
from .fields import (
    Array,
    Point,
    blur,
    capsule_distance,
    mix,
    noise,
    point,
    rng_for,
    roll,
    smoothstep,
    soft,
)

SIZE = 512
PIXEL = 0.742
NODULE: Point = (-70.0, 26.0, 82.0)
ROWS = slice(84, 428)  # the rows a body can reach: nothing is drawn outside them
# parts of those rows that hold the spine and the sternum
SPINE_BOX = (slice(186, 344), slice(188, 324))
STERNUM_BOX = (slice(0, 126), slice(188, 324))
AIR, FAT, MUSCLE, BLOOD = -1000.0, -98.0, 52.0, 41.0


@dataclass(frozen=True)
class Scan:
    """How one chest is scanned: slices, spacing (mm), nodule diameter (mm), noise (HU)."""

    slices: int
    spacing: float
    nodule_mm: float
    spiculated: bool
    sigma: float
    shift: tuple[float, float]
    kernel: str
    compressed: bool
    signed: bool


CURRENT = Scan(64, 4.0, 14.0, True, 26.0, (0.0, 0.0), "LUNG-H", False, True)
PRIOR = Scan(44, 6.0, 6.0, False, 22.0, (2.0, -3.0), "LUNG-M", True, False)
MACHINE = Machine("Lijiang Imaging (invented)", "LJ-CT 64", "CT01", "LJ64-00217", "V5.2.1")
WINDOWS = (("LUNG", -550, 1500), ("MEDIASTINUM", 40, 400), ("BONE", 450, 1800))


class Textures:
    """Periodic noise fields, made once and rolled for each slice."""

    def __init__(self) -> None:
        rng = rng_for("ct textures")
        self.fine = noise(rng, (SIZE, SIZE), 0.75) - 0.6 * noise(rng, (SIZE, SIZE), 3.0)
        self.grain = noise(rng, (SIZE, SIZE), 1.6)
        self.clump = noise(rng, (SIZE, SIZE), 5.0)
        self.broad = noise(rng, (SIZE, SIZE), 16.0)
        self.streak = noise(rng, (SIZE, SIZE), (0.8, 40.0))


def volume(scan: Scan) -> Array:
    """The scanned chest as HU, slices x 512 x 512, first slice at the apex."""
    textures = Textures()
    heights = 4.0 + scan.spacing * np.arange(scan.slices)
    axis = (np.arange(SIZE, dtype=np.float32) - SIZE / 2 + 0.5) * PIXEL
    x, y = np.meshgrid(axis - scan.shift[0], axis - scan.shift[1])
    hu = np.full((scan.slices, SIZE, SIZE), AIR, np.float32)
    with ThreadPoolExecutor(2) as pool:
        drawn = pool.map(lambda z: _slice(x[ROWS], y[ROWS], float(z), textures), heights)
        for plane, body in zip(hu, drawn, strict=True):
            plane[ROWS] = body
    brush = Brush(hu, heights, scan)
    _great_vessels(brush)
    _lung_trees(brush)
    _nodule(brush, scan)
    hu = blur(hu, 0.5 / scan.spacing, axes=(0,))  # the slice profile's tails
    return _acquire(hu, x, y, heights, scan, textures)


def _slice(x: Array, y: Array, z: float, tex: Textures) -> Array:
    """Soft tissue, bone and aerated lung at one height, before tubes and noise."""
    rng = rng_for(f"ct slice {z}")
    grain, clump, broad = (roll(t, rng)[ROWS] for t in (tex.grain, tex.clump, tex.broad))
    skin = chest.body(x, y, z)
    out, angle, _ = chest.cage(x, y, z)
    hu = np.full(x.shape, AIR, np.float32)
    mix(hu, soft(skin, PIXEL), 15.0)
    mix(hu, soft(skin - 2.0, PIXEL), FAT + 6 * grain + 5 * clump)
    _muscle(hu, x, y, z, skin, out, angle, (grain, clump, broad))
    _bones(hu, x, y, z, out, angle, grain)
    _interior(hu, x, y, z, out, (grain, clump, broad))
    _spine(z, *(plane[SPINE_BOX] for plane in (hu, x, y, grain)))
    return hu


def _muscle(
    hu: Array,
    x: Array,
    y: Array,
    z: float,
    skin: Array,
    out: Array,
    angle: Array,
    textures: tuple[Array, Array, Array],
) -> None:
    grain, clump, broad = textures
    upper = float(np.clip((150 - z) / 110, 0, 1))
    thick = np.interp(
        angle,
        (0, 0.4, 0.9, 1.5, 2.0, 2.6, 2.95, 3.15),
        (24, 27, 21 + 22 * upper, 17 + 22 * upper, 13 + 20 * upper, 10 + 20 * upper, 4, 1),
    ).astype(np.float32)
    thick = np.minimum(thick + 2.2 * broad, skin + out - 6)
    value = MUSCLE + 7 * grain + 5 * clump
    inside = soft(thick - out, 1.5) * soft(skin - 5, 1.0)
    mix(hu, inside, value)
    for share in (0.42, 0.74):
        gap = np.abs(out - share * thick - 1.5 * broad) - 0.55
        mix(hu, 0.75 * soft(-gap, 1.0) * (out > 10) * (thick > 13) * inside, FAT)
    marbling = smoothstep(1.5, 2.4, clump + 0.5 * grain) * (out > 9) * inside
    mix(hu, 0.6 * marbling, FAT)
    for side in (-1, 1):
        back = (1 - np.hypot((x - side * 27) / 21, (y - 91) / 15)) * 15 + 0.8 * clump
        mix(hu, soft(back, 1.2), value - 6 * smoothstep(0.8, 2, clump))


def _bones(hu: Array, x: Array, y: Array, z: float, out: Array, angle: Array, grain: Array) -> None:
    dz = chest.rib_offset(angle, z)
    e = np.sqrt((dz / 5.8) ** 2 + ((out - 5) / 4.3) ** 2)
    front = 2.42 if z < 150 else 2.15
    bony = smoothstep(0.10, 0.16, angle) * (1 - smoothstep(front, front + 0.03, angle))
    gristle = smoothstep(front, front + 0.03, angle) * (1 - smoothstep(2.93, 3.0, angle))
    mix(hu, soft((1 - e) * 4.3, 0.8) * bony, 620 + 60 * grain)
    mix(hu, soft((0.68 - e) * 4.3, 1.4) * bony, 190 + 45 * grain)
    mix(hu, soft((1 - e) * 4.3, 0.9) * gristle, 105 + 12 * grain)
    if 30 < z < 215:
        _sternum(z, *(plane[STERNUM_BOX] for plane in (hu, x, y, grain)))
    if z < 175:
        _scapula(hu, z, out, angle, grain)
    if z < 40:
        _clavicle(hu, x, y, z, grain)


def _sternum(z: float, hu: Array, x: Array, y: Array, grain: Array) -> None:
    half = float(np.interp(z, (30, 60, 85, 110, 180, 215), (30, 26, 15, 17, 18, 7)))
    centre = float(chest.at(z, chest.CAGE_Y) - chest.at(z, chest.CAGE_B)) - 6.5
    e = (np.abs(x / half) ** 3 + np.abs((y - centre - 0.004 * x * x) / 6.5) ** 3) ** (1 / 3)
    mix(hu, soft((1 - e) * 6.5, 0.8), 430 + 50 * grain)
    mix(hu, soft((0.76 - e) * 6.5, 1.2), 140 + 40 * grain)


def _scapula(hu: Array, z: float, out: Array, angle: Array, grain: Array) -> None:
    low, high = (
        float(np.interp(z, (0, 40, 120, 175), k))
        for k in ((0.5, 0.45, 0.62, 0.8), (1.45, 1.3, 1.16, 0.95))
    )
    middle = (low + high) / 2
    plane = 17 + 7 * ((angle - middle) / 0.45) ** 2 - 5 * float(z > 140)
    half = (
        2.0
        + 3.0 * np.exp(-(((angle - high) / 0.06) ** 2))
        + 2.0 * np.exp(-(((angle - low) / 0.05) ** 2))
    )
    plate = np.minimum(half - np.abs(out - plane), 80 * np.minimum(angle - low, high - angle))
    mix(hu, soft(plate, 0.9), 560 + 60 * grain)
    mix(hu, soft(plate - 1.9, 1.0), 210 + 50 * grain)
    if 20 < z < 70:
        spine = np.minimum(
            2.3 - np.abs(angle - middle - (out - plane) * 0.012) * 75,
            np.minimum(out - plane, 26 - (out - plane)),
        )
        mix(hu, soft(spine, 0.9), 520 + 60 * grain)


def _clavicle(hu: Array, x: Array, y: Array, z: float, grain: Array) -> None:
    for side in (-1, 1):
        a, b = (side * 22.0, -54.0, 42.0), (side * 120.0, -28.0, -8.0)
        d, _ = capsule_distance((x, y, np.float32(z) * np.ones(1, np.float32)), a, b, 7, 7)
        mix(hu, soft(7 - d, 0.9), 640 + 50 * grain)
        mix(hu, soft(4.3 - d, 1.2), 210 + 45 * grain)


def _interior(
    hu: Array, x: Array, y: Array, z: float, out: Array, textures: tuple[Array, Array, Array]
) -> None:
    """Everything inside the pleura: mediastinal fat, lung, abdomen below the diaphragm."""
    grain, clump, broad = textures
    mix(hu, soft(-out, 1.0), FAT + 8 + 9 * clump + 5 * grain)
    dome = chest.diaphragm(x, y) + 0.8 * broad
    below = z - dome
    medial = chest.mediastinum(x, y, z)
    if z > 196:
        cavity = soft(-out - 2.5, 1.0) * soft(below - 1.0, 2.0)
        _abdomen(hu, x, y, cavity, grain, clump)
        rim = soft(2.2 - np.abs(below - 0.5), 1.5) * soft(-out - 1, 1)
        mix(hu, rim * (medial < 0), MUSCLE)
    inside = chest.within(out, medial, chest.heart(x, y, z, 4.0), -below)
    gravity = 0.45 * (y + 80)
    lung = -872 + gravity + 14 * clump + 16 * grain + 10 * broad
    mix(hu, soft(inside, 1.0), lung)
    fissure = np.where(x < 0, z - (118 + 0.55 * (-y) + 0.05 * x), z - (110 + 0.62 * (-y)))
    minor = np.where((x < -45) & (y < 10), z - 140 + 0.05 * y - 0.06 * (x + 80), 99)
    for sheet, strength in ((fissure, 0.13), (minor, 0.09)):
        mix(hu, strength * soft(1.4 - np.abs(sheet) * 0.5, 1.0) * soft(inside - 0.5, 1), -300)


def _abdomen(hu: Array, x: Array, y: Array, cavity: Array, grain: Array, clump: Array) -> None:
    liver = np.maximum(18 - x + 0.15 * y, -60)
    fatty = FAT + 8 * clump
    mix(hu, cavity, fatty)
    mix(hu, cavity * soft(liver, 2), 61 + 6 * grain + 3 * clump)
    stomach = (1 - np.hypot((x - 62) / 44, (y + 16) / 46)) * 44
    mix(hu, cavity * soft(stomach, 1.5), 42 + 6 * grain)
    level = soft(stomach - 4, 1.0) * soft(-14 - y, 1.0)
    mix(hu, cavity * level, -930)
    mix(hu, cavity * soft(stomach - 4, 1) * soft(y + 14, 1), 22 + 6 * grain)
    spleen = (1 - np.hypot((x - 92) / 34, (y - 42) / 40)) * 34
    mix(hu, cavity * soft(spleen, 1.5), 50 + 6 * grain)


def _spine(z: float, hu: Array, x: Array, y: Array, grain: Array) -> None:
    cy = chest.SPINE_Y
    phase = (z - 6) % chest.RIB_PITCH
    disc = 1 - float(smoothstep(2.6, 3.4, np.asarray(min(phase, chest.RIB_PITCH - phase))))
    waist = 1 - 0.09 * np.sin(np.pi * phase / chest.RIB_PITCH)
    body = np.abs(x / (17.5 * waist)) ** 2.4 + np.abs((y - cy) / (14.5 * waist)) ** 2.4
    body = (1 - body ** (1 / 2.4)) * 14.5
    notch = np.hypot(x / 9.5, (y - cy - 21) / 8.6)
    arch = (1 - np.hypot(x / 17, (y - cy - 20) / 14)) * 14
    mix(hu, soft(arch - 1, 1.0) * (0.25 + 0.75 * (1 - disc)), 330 + 60 * grain)
    for side in (-1, 1):
        d = _bar(x, y, (side * 11, cy + 16), (side * 34, cy + 29))
        strength = float(np.exp(-(((phase - 10) / 6.5) ** 2)))
        mix(hu, soft(5.2 - d, 1.0) * strength, 520 + 60 * grain)
        mix(hu, soft(3.0 - d, 1.2) * strength, 200 + 50 * grain)
    d = _bar(x, y, (0, cy + 30), (0, cy + 46))
    mix(hu, soft(3.6 - d, 1.0), 480 + 60 * grain)
    mix(hu, soft(1.8 - d, 1.0), 220 + 50 * grain)
    mix(hu, soft(body, 0.9), (560 * (1 - disc) + 95 * disc) + 40 * grain)
    trabecular = 165 + 85 * float(phase < 4.5 or phase > 19.5)
    mix(hu, soft(body - 1.7, 1.0), trabecular * (1 - disc) + 88 * disc + 42 * grain * (1 - disc))
    mix(hu, soft((1 - notch) * 8.6, 1.0), -20 + 4 * grain)
    mix(hu, soft((0.86 - notch) * 8.6, 1.0), 12 + 4 * grain)
    cord = (1 - np.hypot(x / 5.2, (y - cy - 20.5) / 4.0)) * 4
    mix(hu, soft(cord, 1.0), 42 + 4 * grain)


def _bar(x: Array, y: Array, a: tuple[float, float], b: tuple[float, float]) -> Array:
    return capsule_distance((x, y), a, b, 1, 1)[0]


class Brush:
    """Paints tubes and balls into the volume, touching only their bounding box."""

    def __init__(self, hu: Array, heights: np.ndarray, scan: Scan) -> None:
        self.hu, self.heights = hu, heights.astype(np.float32)
        self.shift, self.spacing = scan.shift, scan.spacing

    def box(self, low: Point, high: Point) -> tuple[tuple[slice, ...], tuple[Array, ...]] | None:
        """The sub-volume between two corners (mm) and its open coordinate grid x, y, z."""
        k0, k1 = np.searchsorted(self.heights, (low[2], high[2]))
        cols = [self._range(low[i], high[i], self.shift[i]) for i in (0, 1)]
        if k0 >= k1 or any(a >= b for a, b in cols):
            return None
        xs, ys = (
            (np.arange(a, b, dtype=np.float32) - SIZE / 2 + 0.5) * PIXEL - s
            for (a, b), s in zip(cols, self.shift, strict=True)
        )
        where = (slice(k0, k1), slice(*cols[1]), slice(*cols[0]))
        return where, (xs[None, None, :], ys[None, :, None], self.heights[k0:k1, None, None])

    @staticmethod
    def _range(low: float, high: float, shift: float) -> tuple[int, int]:
        a = int((low + shift) / PIXEL + SIZE / 2 - 1)
        b = int((high + shift) / PIXEL + SIZE / 2 + 2)
        return max(a, 0), min(b, SIZE)

    def tube(
        self, a: Point, b: Point, r0: float, r1: float, value: float, mode: str, edge: float = 0.9
    ) -> None:
        """Paint a tapered capsule; mode 'over' replaces, 'max' never darkens."""
        pad = max(r0, r1) + 1.0
        zpad = max(pad, self.spacing / 2)
        found = self.box(
            (min(a[0], b[0]) - pad, min(a[1], b[1]) - pad, min(a[2], b[2]) - zpad),
            (max(a[0], b[0]) + pad, max(a[1], b[1]) + pad, max(a[2], b[2]) + zpad),
        )
        if found is None:
            return
        where, grid = found
        d, radius = capsule_distance(grid, a, b, r0, r1)
        self.paint(where, soft(radius - d, edge), value, mode)

    def ball(self, centre: Point, radii: Point, value: float, edge: float = 1.2) -> None:
        """Paint an ellipsoid over what is there."""
        found = self.box(
            point(c - r - 1 for c, r in zip(centre, radii, strict=True)),
            point(c + r + 1 for c, r in zip(centre, radii, strict=True)),
        )
        if found is None:
            return
        where, grid = found
        f = np.sqrt(sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)))
        self.paint(where, soft((1 - f) * min(radii), edge), value, "over")

    def paint(self, where: tuple[slice, ...], alpha: Array, value: float, mode: str) -> None:
        """Blend a value into a sub-volume."""
        target = self.hu[where]
        painted = target + alpha * (value - target)
        target[...] = np.maximum(target, painted) if mode == "max" else painted


def _great_vessels(brush: Brush) -> None:
    for centre, (rx, ry, rz) in chest.HEART:
        brush.ball(centre, (rx - 1, ry - 1, rz - 1), MUSCLE - 4)
    for centre, (rx, ry, rz) in chest.HEART:
        brush.ball(centre, (rx * 0.74, ry * 0.72, rz * 0.78), BLOOD - 3, edge=5.0)
    for name, (points, radii) in chest.GREAT_VESSELS.items():
        value = BLOOD + (1.5 if name == "aorta" else 0)
        for i in range(len(points) - 1):
            brush.tube(points[i], points[i + 1], radii[i], radii[i + 1], value, "over")
    brush.tube((4, 27, 0), (4, 40, 110), 6.5, 7.0, 34, "over")
    brush.tube((4, 40, 110), (8, 30, 300), 7.0, 8.0, 34, "over")
    brush.tube((4.5, 39, 96), (4.5, 40.5, 116), 1.7, 1.4, -700, "over")
    for centre in ((-13, 14, 108), (-18, 18, 122), (24, 2, 108), (8, 30, 140), (-8, -34, 84)):
        brush.ball(centre, (4.5, 3.2, 4.5), 38)
    for a, b, r in chest.AIRWAY:
        brush.tube(a, b, r + 1.4, r + 1.2, 30, "over")
    for a, b, r in chest.AIRWAY:
        brush.tube(a, b, r, r * 0.93, -985, "over")


def _lung_trees(brush: Brush) -> None:
    grown = chest.trees()
    for kind in ("artery", "vein"):
        for s in grown[kind]:
            strength = 38.0 if s.r0 > 0.9 else -180.0
            brush.tube(s.start, s.end, s.r0, s.r1, strength, "max", 1.0)
    for s in grown["bronchus"]:
        if s.r0 > 1.0:
            brush.tube(s.start, s.end, s.r0 + 0.9, s.r1 + 0.8, -40, "max")
    for s in grown["bronchus"]:
        if s.r0 > 1.0:
            brush.tube(s.start, s.end, s.r0 * 0.9, s.r1 * 0.9, -960, "over")


def _nodule(brush: Brush, scan: Scan) -> None:
    """A soft-tissue nodule; when spiculated, lobulated with radiating strands."""
    radius = scan.nodule_mm / 2
    found = brush.box(
        point(c - radius - 4 for c in NODULE),
        point(c + radius + 4 for c in NODULE),
    )
    if found is None:
        return
    where, (gx, gy, gz) = found
    dx, dy, dz = gx - NODULE[0], gy - NODULE[1], gz - NODULE[2]
    d = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-3
    bumps = np.zeros_like(d)
    if scan.spiculated:
        azimuth, polar = np.arctan2(dy, dx), dz / d
        bumps = (
            0.07 * np.sin(3 * azimuth + 1)
            + 0.05 * np.sin(5 * azimuth + 4 * polar)
            + 0.03 * np.sin(11 * azimuth + 2)
            + 0.05 * np.cos(4 * polar)
        )
    halo = soft(radius * (1 + bumps) + 2.0 - d, 3.0) * 0.35
    brush.paint(where, halo.astype(np.float32), -420.0, "max")
    brush.paint(where, soft(radius * (1 + bumps) - d, 1.2), 34.0, "max")
    if scan.spiculated:
        _spicules(brush, radius)


def _spicules(brush: Brush, radius: float) -> None:
    rng = rng_for("spicules")
    for _ in range(34):
        direction = rng.normal(size=3) * (1, 1, 0.55)
        direction /= np.linalg.norm(direction)
        length = radius + rng.uniform(2.5, 9.0)
        bend = rng.normal(0, 0.8, 3)
        a, m, b = (
            tuple(float(v) for v in np.array(NODULE) + direction * t + k * bend)
            for t, k in ((radius * 0.7, 0.0), ((radius + length) / 2, 1.0), (length, 0.3))
        )
        brush.tube(a, m, 1.0, 0.7, -120.0, "max")  # type: ignore[arg-type]
        brush.tube(m, b, 0.7, 0.35, -320.0, "max")  # type: ignore[arg-type]
    brush.tube(NODULE, (NODULE[0] - 34, NODULE[1] + 10, NODULE[2] - 2), 0.9, 0.5, -200.0, "max")


def _acquire(
    hu: Array, x: Array, y: Array, heights: np.ndarray, scan: Scan, tex: Textures
) -> np.ndarray:
    """Add table, blur, quantum noise and streaks; round to integers."""
    table = _table(x, y)
    out = np.empty(hu.shape, np.int16)
    dense = 0.55 + 0.45 * np.exp(-(np.hypot(x / 150, y / 110) ** 4))
    trunk = np.abs(y) < 70
    for k, z in enumerate(heights):
        rng = rng_for(f"ct noise {scan.kernel} {k}")
        plane = np.maximum(hu[k], table)
        plane = blur(plane, 0.14)
        load = 1.0 + 0.9 * float(np.exp(-((z / 45) ** 2)))
        plane += scan.sigma * load * dense * roll(tex.fine, rng)
        if load > 1.03:
            plane += 11 * (load - 1) * roll(tex.streak, rng) * trunk
        out[k] = np.clip(np.rint(plane), -1024, 3071)
    return out


def _table(x: Array, y: Array) -> Array:
    """The couch: two carbon-fibre arcs and foam, in HU, air elsewhere."""
    sag = y - 126 + 0.0007 * x * x
    half = 2.0e2 - np.abs(x)
    table = np.full(x.shape, AIR, np.float32)
    mix(table, soft(np.minimum(np.minimum(sag, 30 - sag), half), 1.0), -905)
    for offset in (0.0, 30.0):
        mix(table, soft(np.minimum(1.1 - np.abs(sag - offset), half), 1.0), -180)
    return table


def build(study: Study, scan: Scan, folder: Path) -> Iterator[Path]:
    """Write the lung-kernel series, and for the current scan a mediastinal 8 mm series."""
    hu = volume(scan)
    yield from _series(
        study,
        scan,
        folder,
        hu,
        Series(2, f"胸部平扫 肺窗 {scan.spacing:.0f}mm", _later(study.time, 40), "胸部平扫"),
        scan.spacing,
        scan.spacing,
        scan.compressed,
    )
    if scan is CURRENT:
        thick = hu[: len(hu) // 2 * 2].reshape(-1, 2, SIZE, SIZE).mean(axis=1)
        smooth = np.rint(blur(blur(thick, 0.24), 0.24)).astype(np.int16)
        yield from _series(
            study,
            scan,
            folder,
            smooth,
            Series(3, "胸部平扫 纵隔窗 8mm", _later(study.time, 55), "胸部平扫"),
            2 * scan.spacing,
            1.5 * scan.spacing,
            True,
        )


def _later(clock: str, seconds: int) -> str:
    total = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:6]) + seconds
    return f"{total // 3600:02d}{total // 60 % 60:02d}{total % 60:02d}"


def _series(
    study: Study,
    scan: Scan,
    folder: Path,
    hu: np.ndarray,
    series: Series,
    spacing: float,
    first: float,
    compressed: bool,
) -> Iterator[Path]:
    mediastinal = series.number == 3
    levels = (WINDOWS[1], WINDOWS[0], WINDOWS[2]) if mediastinal else WINDOWS
    for index, plane in enumerate(hu):
        ds = start(study, series, MACHINE, CTImageStorage, index + 1, ExplicitVRLittleEndian)
        acquired(ds, study, series, 2)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.BodyPartExamined, ds.PatientPosition = study.body_part, "HFS"
        ds.FrameOfReferenceUID = uid(study.key, "frame")
        ds.PositionReferenceIndicator = ""
        z = -(first + spacing * index)
        corner = -(SIZE / 2 - 0.5) * PIXEL
        ds.ImagePositionPatient = [f"{corner:.3f}", f"{corner:.3f}", f"{z:.3f}"]
        ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        ds.SliceLocation = f"{z:.3f}"
        ds.PixelSpacing = [str(PIXEL), str(PIXEL)]
        ds.SliceThickness = ds.SpacingBetweenSlices = f"{spacing:.1f}"
        _exposure(ds, "MED-S" if mediastinal else scan.kernel)
        stored = plane if scan.signed else (plane + 1024).astype(np.uint16)
        ds.RescaleIntercept, ds.RescaleSlope = "0" if scan.signed else "-1024", "1"
        ds.RescaleType = "HU"
        grey(ds, stored, 16 if scan.signed else 12)
        window(ds, *levels)
        if compressed:
            ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        yield save(ds, folder, f"s{series.number:02d}_{index + 1:04d}")


def _exposure(ds: object, kernel: str) -> None:
    values = {
        "KVP": "120",
        "XRayTubeCurrent": 180,
        "ExposureTime": 500,
        "Exposure": 90,
        "DataCollectionDiameter": "500",
        "ReconstructionDiameter": f"{SIZE * PIXEL:.1f}",
        "GantryDetectorTilt": "0",
        "TableHeight": "148",
        "RotationDirection": "CW",
        "ConvolutionKernel": kernel,
        "FilterType": "BODY",
        "ScanOptions": "HELICAL",
        "FocalSpots": "1.2",
        "SpiralPitchFactor": 1.0,
    }
    for keyword, value in values.items():
        setattr(ds, keyword, value)
