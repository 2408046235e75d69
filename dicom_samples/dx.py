"""Chest radiographs by projecting the drawn chest of chest.py onto a detector.

Soft tissue comes from chord lengths through a coarse grid; ribs, clavicles and vessels are
tubes whose exact chord lengths are added at full resolution, so their edges are sharp. The
pneumothorax is a right lung shrunk towards its hilum, with the pleura drawn where it ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    JPEG2000Lossless,
)

from . import chest
from .base import Machine, Series, Study, acquired, code, grey, items, save, start, window
from .fields import Array, Point, blur, capsule_distance, noise, rng_for, smoothstep, soft

ROWS, COLUMNS = 1800, 1520
PIXEL = 0.2
TOP = -48.0  # mm: the z of the first row
COARSE = 8
PLEURA_GAP = 26.0  # mm of free air at the right apex
SAMPLE = (-86.0, 46.0)  # x, z in mm: a point in the free air on the right


@dataclass(frozen=True)
class View:
    """What differs between the two radiographs."""

    pneumothorax: bool
    digital: bool
    machine: Machine


PNEUMOTHORAX = View(
    True, True, Machine("Lijiang Imaging (invented)", "LJ-DR 500", "DR02", "LJD-1209", "4.4")
)
NORMAL = View(
    False, False, Machine("Lijiang Imaging (invented)", "LJ-CR 20", "CR01", "LJC-0088", "1.9")
)


def project(view: View) -> np.ndarray:
    """The radiograph as 12-bit values, bright where much was absorbed."""
    x = ((np.arange(COLUMNS) - COLUMNS / 2 + 0.5) * PIXEL).astype(np.float32)
    z = (TOP + (np.arange(ROWS) + 0.5) * PIXEL).astype(np.float32)
    flesh, air, edge = _chords(view)
    air = np.maximum(air - 0.38 * _great(x, z), 0)
    path = 0.0205 * (flesh - 0.86 * air)
    bone = _bones(x, z)
    inside = edge if view.pneumothorax else np.full_like(edge, 99)
    path += 0.030 * bone + 0.0205 * _vessels(x, z, inside)
    if view.pneumothorax:
        path += _pleural_line(x, z, edge, air)
    path += 0.035 * _texture(air)
    return _develop(path, view)


def _chords(view: View) -> tuple[Array, Array, Array]:
    """Thickness of body and of lung (mm), and mm inside the collapsed right lung's outline."""
    step = PIXEL * COARSE
    cx = ((np.arange(COLUMNS // COARSE) - COLUMNS / COARSE / 2 + 0.5) * step).astype(np.float32)
    cz = (TOP + (np.arange(ROWS // COARSE) + 0.5) * step).astype(np.float32)
    gx, gz = np.meshgrid(cx, cz)
    flesh, air = np.zeros_like(gx), np.zeros_like(gx)
    best = np.full_like(gx, -50)
    for y in np.arange(-118, 120, 4.0, dtype=np.float32):
        plane = np.full_like(gx, y)
        flesh += 4 * soft(_torso(gx, plane, gz), 4)
        dome = gz + 7 - np.minimum(0.022 * (np.abs(gx) - 28) ** 2 + 0.012 * (y - 12) ** 2, 28)
        depth = np.minimum(chest.lung(gx, plane, gz), dome)
        air += 4 * soft(depth, 3)
        best = np.maximum(best, depth)
    trachea = 2 * np.sqrt(np.maximum(81 - (gx - 0.5) ** 2, 0)) * smoothstep(120, 108, gz)
    air = air + 0.9 * trachea
    gap = PLEURA_GAP * smoothstep(150, 20, gz) + 7
    edge = np.where(gx < 0, _inset(best, gx, gz) - gap, 99).astype(np.float32)
    if view.pneumothorax:
        collapsed = soft(edge, 3.0) * (gx < 0)
        air = air * (1 - 0.17 * collapsed)
        free = (1 - collapsed) * (gx < 0) * (best > 0)
        air = air * (1 + 0.10 * free)
    return _enlarge(flesh), _enlarge(air), _enlarge(edge)


def _torso(x: Array, y: Array, z: Array) -> Array:
    """mm inside the skin including neck and sloping shoulders above the apex."""
    body = chest.body(x, y, np.maximum(z, 0))
    shoulder = (z + 42 - 44 * smoothstep(45, 170, np.abs(x)) - 0.004 * y * y) * 0.8
    neck = (1 - np.hypot(x / 60, y / 66)) * 60
    return np.asarray(np.maximum(np.minimum(body, shoulder), neck))


def _inset(best: Array, gx: Array, gz: Array) -> Array:
    """Approximate distance to the lateral chest wall on the right, in mm."""
    wall = -chest.at(gz, chest.CAGE_A)
    apex = gz + 10
    # a rounded corner: the lung falls away from both the side wall and the apex
    a, b = np.maximum(58 - (gx - wall), 0), np.maximum(58 - apex, 0)
    return np.asarray(np.where(best > -50, 58 - np.hypot(a, b), 0), np.float32)


def _enlarge(coarse: Array) -> Array:
    image = Image.fromarray(coarse.astype(np.float32), mode=None)
    return np.asarray(image.resize((COLUMNS, ROWS), Image.Resampling.BICUBIC), np.float32)


def _tube(
    image: Array,
    x: Array,
    z: Array,
    a: Point,
    b: Point,
    r0: float,
    r1: float,
    hollow: float = 0.0,
    weight: float = 1.0,
    join: bool = True,
) -> None:
    """Add the chord length (mm) through a tube seen from the front; `hollow` is the core."""
    pad = max(r0, r1) + 0.5
    c0, c1 = np.searchsorted(x, (min(a[0], b[0]) - pad, max(a[0], b[0]) + pad))
    k0, k1 = np.searchsorted(z, (min(a[2], b[2]) - pad, max(a[2], b[2]) + pad))
    if c0 >= c1 or k0 >= k1:
        return
    d, radius = capsule_distance(
        (x[None, c0:c1], z[k0:k1, None]), (a[0], a[2]), (b[0], b[2]), r0, r1
    )
    chord = 2 * np.sqrt(np.maximum(radius**2 - d * d, 0))
    if hollow:
        chord -= 0.75 * 2 * np.sqrt(np.maximum((radius * hollow) ** 2 - d * d, 0))
    flat = float(np.hypot(b[0] - a[0], b[2] - a[2]))
    steep = min(float(math.dist(a, b)) / max(flat, 0.3), 2.6)
    target = image[k0:k1, c0:c1]
    painted = chord * weight * steep
    target[...] = np.maximum(target, painted) if join else target + painted


def _bones(x: Array, z: Array) -> Array:
    total = np.zeros((len(z), len(x)), np.float32)
    for number in range(-1, 11):
        for side in (-1, 1):
            one = np.zeros_like(total)
            path = chest.rib_path(number, side, 110)
            for a, b in pairwise(path):
                _tube(one, x, z, a, b, 5.6, 5.6, hollow=0.80)
            total += 0.62 * one
    for side in (-1, 1):
        one = np.zeros_like(total)
        path = [
            (side * 17, 0, 34),
            (side * 45, 0, 26),
            (side * 85, 0, 8),
            (side * 128, 0, 2),
            (side * 150, 0, -4),
        ]
        for i, (a, b) in enumerate(pairwise(path)):
            _tube(one, x, z, a, b, (8.5, 6, 5.4, 6.2)[i], (6, 5.4, 6.2, 7)[i], hollow=0.7)
        total += one
        total += _scapula(x, z, side)
    return blur(total + _vertebrae(x, z), 0.2)


def _scapula(x: Array, z: Array, side: int) -> Array:
    gx, gz = np.meshgrid(x * side, z)
    medial = gx - (112 + 0.10 * (gz - 30))
    lateral = (158 - 0.27 * (gz - 20)) - gx
    plate = np.minimum(np.minimum(medial, lateral), np.minimum(gz + 2, 136 - gz))
    rim = np.exp(-(((plate - 2.0) / 2.0) ** 2))
    return np.asarray((soft(plate, 1.0) * 1.6 + 3.4 * rim * soft(plate, 1)), np.float32)


def _vertebrae(x: Array, z: Array) -> Array:
    gx, gz = np.meshgrid(x, z)
    phase = (gz - 6) % chest.RIB_PITCH
    half = 16.5 + 1.3 * np.cos(2 * np.pi * phase / chest.RIB_PITCH)
    column = soft(half - np.abs(gx), 1.2)
    side = np.exp(-(((half - 1.2 - np.abs(gx)) / 1.1) ** 2))
    plate = np.exp(-(((np.minimum(phase, chest.RIB_PITCH - phase) - 3.2) / 0.9) ** 2))
    disc = smoothstep(2.2, 3.2, np.minimum(phase, chest.RIB_PITCH - phase))
    pedicle = np.hypot((np.abs(gx) - 11) / 3.0, (phase - 9) / 4.2)
    ring = np.exp(-(((pedicle - 1) / 0.25) ** 2))
    process = soft(3.0 - np.abs(gx) + 0.6 * np.cos(phase), 1.0) * smoothstep(12, 15, phase)
    return np.asarray(
        column * (5 * disc + 3 * plate + 3 * side + 3 * ring * disc + 3.5 * process), np.float32
    )


def _vessels(x: Array, z: Array, edge: Array) -> Array:
    total = np.zeros((len(z), len(x)), np.float32)
    for kind in ("artery", "vein"):
        for s in chest.trees()[kind]:
            _tube(
                total,
                x,
                z,
                s.start,
                s.end,
                s.r0 * 0.95,
                s.r1 * 0.95,
                join=False,
                weight=0.62 if s.r0 < 4 else 0.3,
            )
    for s in chest.trees()["bronchus"]:
        if s.generation < 4:
            _tube(total, x, z, s.start, s.end, s.r0 * 0.8, s.r1 * 0.8, join=False, weight=-0.35)
    return np.asarray(blur(total, 0.2) * soft(edge - 1, 2.0))


def _great(x: Array, z: Array) -> Array:
    """Chord (mm) through the great vessels, which push lung aside: knob, trunk, hila."""
    total = np.zeros((len(z), len(x)), np.float32)
    for name, (points, radii) in chest.GREAT_VESSELS.items():
        if name != "inferior vena cava":
            for i in range(len(points) - 1):
                grown = 4.0 if name in ("aorta", "pulmonary trunk") else 0.0
                _tube(total, x, z, points[i], points[i + 1], radii[i] + grown, radii[i + 1] + grown)
    return blur(total, 0.25)


def _pleural_line(x: Array, z: Array, edge: Array, air: Array) -> Array:
    """The visceral pleura on edge: a white hairline where the collapsed lung ends."""
    visible = smoothstep(-3, 6, z)[:, None] * smoothstep(214, 190, z)[:, None]
    line = np.exp(-((edge / 0.55) ** 2)) * (x < 0)[None, :] * visible
    return np.asarray((0.17 * line * smoothstep(5, 40, air)), np.float32)


def _texture(air: Array) -> Array:
    rng = rng_for("dx texture")
    small = noise(rng, (ROWS // 2, COLUMNS // 2), 2.0)
    fine = np.repeat(np.repeat(small, 2, 0), 2, 1)
    return fine * smoothstep(10, 90, air) * 0.55


def _develop(path: Array, view: View) -> np.ndarray:
    """Scatter, unsharp masking, quantum noise and the film-like curve."""
    small = Image.fromarray(path).resize((COLUMNS // 16, ROWS // 16), Image.Resampling.BOX)
    scatter = np.asarray(small.resize((COLUMNS, ROWS), Image.Resampling.BICUBIC), np.float32)
    image = path + 0.32 * (path - scatter)
    rng = rng_for(f"dx noise {view.pneumothorax}")
    grain = rng.standard_normal(path.shape).astype(np.float32)
    image = image + blur(grain, 0.15) * (0.012 + 0.007 * np.maximum(path, 0))
    low, high = np.percentile(image[200::8, 160:-160:8], (0.8, 99.3))
    tone = 1 / (1 + np.exp(-4.6 * ((image - low) / (high - low) - 0.44)))
    return np.asarray(np.rint(np.clip(120 + 3800 * (tone - 0.06) / 0.88, 0, 4095)), np.uint16)


def at_point(x: float, z: float) -> tuple[int, int]:
    """(row, column) of a point of the chest given in mm."""
    return round((z - TOP) / PIXEL), round(x / PIXEL + COLUMNS / 2)


def build(study: Study, view: View, folder: Path) -> Iterator[Path]:
    """Write one PA radiograph."""
    sop = (
        DigitalXRayImageStorageForPresentation if view.digital else ComputedRadiographyImageStorage
    )
    series = Series(1, "胸部正位", study.time, "胸部后前位")
    ds = start(study, series, view.machine, sop, 1)
    acquired(ds, study, series)
    ds.BodyPartExamined, ds.ViewPosition = study.body_part, "PA"
    ds.ImagerPixelSpacing = [str(PIXEL), str(PIXEL)]
    ds.KVP, ds.Exposure, ds.ExposureTime, ds.XRayTubeCurrent = "120", 4, 12, 320
    ds.DistanceSourceToDetector = "1800"
    (_digital if view.digital else _computed)(ds)
    grey(ds, _with_marker(project(view)), 12)
    window(ds, ("NORMAL", 2048, 4000))
    if view.digital:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    yield save(ds, folder, "s01_0001")


def _computed(ds: object) -> None:
    for keyword, value in {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PatientOrientation": ["L", "F"],
        "CassetteOrientation": "PORTRAIT",
        "PlateType": "STANDARD",
    }.items():
        setattr(ds, keyword, value)


def _digital(ds: object) -> None:
    view = code("399348003", "SCT", "postero-anterior projection")
    values = {
        "ImageType": ["ORIGINAL", "PRIMARY", ""],
        "PatientOrientation": ["L", "F"],
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageLaterality": "U",
        "AnatomicRegionSequence": items(code("51185008", "SCT", "Chest")),
        "ViewCodeSequence": items(view),
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "DetectorType": "SCINTILLATOR",
        "DetectorConfiguration": "AREA",
        "PositionerType": "COLUMN",
        "LossyImageCompression": "00",
        "DetectorID": "LJ-P-77",
        "AcquisitionContextSequence": items(),
        "AcquisitionDeviceProcessingDescription": "CHEST PA",
        "Grid": "FOCUSED",
    }
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    view.ViewModifierCodeSequence = items()


def _with_marker(pixels: np.ndarray) -> np.ndarray:
    """A lead side marker 'L' beside the patient's left shoulder."""
    row, column = 150, COLUMNS - 150
    pixels[row : row + 90, column : column + 16] = 4000
    pixels[row + 74 : row + 90, column : column + 60] = 4000
    return pixels
