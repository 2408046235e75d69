"""An ultrasound cine of a gallbladder with a stone: speckle, sector, breathing.

Echo strength is drawn once in beam coordinates (depth x angle), multiplied into complex
speckle of the width of the pulse, compressed, and scan-converted for each frame through a
breathing displacement, so the speckle moves with the tissue as it does in life.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from pydicom.uid import UltrasoundMultiFrameImageStorage

from .base import Machine, Series, Study, acquired, items, jpeg_colour, of, save, start
from .fields import Array, noise, rng_for, smoothstep

ROWS, COLUMNS = 600, 800
FRAMES = 30
DEPTH_MM = 150.0
MM_PER_PIXEL = 0.27
APEX = (400.0, -112.0)  # column, row of the beams' centre
RADIUS_MM = 45.0
HALF_ANGLE = 0.60
DRAWN_ANGLE = 0.65  # beams drawn beyond the sector, so that breathing uncovers tissue
BEAMS, SAMPLES = 384, 900
STONE = (6.0, 66.0)  # x, depth in mm in the first frame
STONE_MM = 12.0
MACHINE = Machine("Lijiang Imaging (invented)", "LJ-US 7", "US02", "LJU-0561", "3.0")


def _beam_grid() -> tuple[Array, Array, Array]:
    """x and depth (mm) of every beam sample, and range along the beam (mm)."""
    theta = np.linspace(-DRAWN_ANGLE, DRAWN_ANGLE, BEAMS, dtype=np.float32)[None, :]
    reach = np.linspace(0, DEPTH_MM, SAMPLES, dtype=np.float32)[:, None]
    x = (RADIUS_MM + reach) * np.sin(theta)
    depth = (RADIUS_MM + reach) * np.cos(theta) - RADIUS_MM
    return x, depth, np.broadcast_to(reach, x.shape)


def _oval(x: Array, y: Array, cx: float, cy: float, a: float, b: float, turn: float = 0.0) -> Array:
    c, s = np.cos(turn), np.sin(turn)
    u, v = (x - cx) * c + (y - cy) * s, -(x - cx) * s + (y - cy) * c
    return np.asarray(((1 - np.hypot(u / a, v / b)) * min(a, b)), np.float32)


def _step(distance: Array, width: float = 0.8) -> Array:
    return smoothstep(-width, width, distance)


def echoes() -> tuple[Array, Array]:
    """(scatterer strength, specular strength) in beam coordinates, relative units."""
    x, d, reach = _beam_grid()
    rng = rng_for("us anatomy")
    patchy = noise(rng, (SAMPLES, BEAMS), (16, 8))
    strength = np.full(x.shape, 0.55, np.float32) * (1 + 0.10 * patchy)
    shine = np.zeros_like(strength)
    _wall_layers(strength, shine, d, x, patchy)
    bladder = np.maximum(_oval(x, d, 8, 54, 33, 13.5, 0.32), _oval(x, d, 20, 59, 20, 14, 0.3))
    kidney = _oval(x, d, 40, 104, 40, 21, -0.35) + 0.6 * patchy
    _vessels(strength, shine, x, d)
    strength *= 1 - 0.42 * _step(kidney)
    sinus = _oval(x, d, 40, 104, 21, 7.5, -0.35) + 1.6 * patchy
    strength += 1.2 * _step(sinus, 2.0)
    for k in range(7):
        angle = 0.9 * k + 0.3
        cx, cy = 40 + 27 * np.cos(angle), 104 + 12.5 * np.sin(angle)
        strength *= 1 - 0.4 * _step(_oval(x, d, cx, cy, 5.5, 4.5))
    shine += 1.6 * np.exp(-((kidney / 0.9) ** 2))
    dome = np.hypot((x + 30) / 1.0, d - 40) - 92
    shine += 5.5 * np.exp(-((dome / 1.1) ** 2)) * (x < 10)
    strength *= 1 - 0.75 * _step(dome) * (x < 10)
    strength *= 1 - 0.988 * _step(bladder, 0.9)
    shine += 2.6 * np.exp(-(((bladder + 0.8) / 0.9) ** 2))
    _shadows(strength, shine, x, d, reach, bladder)
    return strength, shine


def _wall_layers(strength: Array, shine: Array, d: Array, x: Array, patchy: Array) -> None:
    """Skin, fat and rectus muscle above the liver capsule."""
    wave = d + 0.8 * patchy + 0.002 * x * x
    strength *= 1 - 0.45 * _step(17 - wave, 0.6)
    for depth, bright in ((1.5, 4.0), (9.0, 2.2), (12.5, 1.6), (17.5, 3.6)):
        shine += bright * np.exp(-(((wave - depth) / 0.55) ** 2))


def _vessels(strength: Array, shine: Array, x: Array, d: Array) -> None:
    """Portal branches with bright walls, hepatic veins without."""
    for cx, cy, a, b, turn, wall in (
        (-32, 60, 17, 3.0, 0.5, 2.4),
        (-14, 82, 20, 4.2, -0.25, 2.6),
        (-52, 82, 12, 2.2, 0.9, 2.0),
        (-30, 102, 19, 3.2, -0.7, 0.3),
        (-48, 48, 11, 1.8, -0.3, 1.6),
        (-6, 34, 8, 1.5, 0.6, 1.4),
        (34, 32, 9, 1.6, -0.5, 1.5),
        (-60, 108, 14, 2.8, 0.2, 0.3),
    ):
        tube = _oval(x, d, cx, cy, a, b, turn)
        strength *= 1 - 0.93 * _step(tube, 0.6)
        shine += wall * 0.55 * np.exp(-(((tube + 0.7) / 0.7) ** 2))


def _shadows(
    strength: Array, shine: Array, x: Array, d: Array, reach: Array, bladder: Array
) -> None:
    """The stone's bright cap, its shadow, and enhancement behind the bile."""
    stone = _oval(x, d, *STONE, STONE_MM / 2, STONE_MM / 2 * 0.8)
    bile = np.cumsum(bladder > 0, axis=0) * (DEPTH_MM / SAMPLES)
    strength *= 1 + 0.022 * np.clip(bile, 0, 26) * (bladder < -1)
    cap = _step(stone, 0.9) * np.exp(-np.maximum(d - STONE[1] + 1.5, 0) / 1.6)
    hit = np.cumsum(stone > 0.2, axis=0)
    shadow = smoothstep(6, 34, hit.astype(np.float32))
    strength *= 1 - 0.95 * shadow
    shine *= 1 - 0.96 * shadow
    shine += 9.0 * cap
    shine += 2.0 * np.exp(-(((x - STONE[0] - 17) / 5) ** 2 + ((d - STONE[1] - 3.5) / 0.8) ** 2))


def _envelope() -> Array:
    """Log-compressed beam image 0..255."""
    strength, shine = echoes()
    rng = rng_for("us speckle")
    _, _, reach = _beam_grid()
    real = noise(rng, strength.shape, (1.5, 1.25))
    imaginary = noise(rng, strength.shape, (1.5, 1.25))
    rough = 0.65 + 0.35 * np.hypot(real, imaginary)
    signal = np.hypot(real, imaginary) * strength + shine * rough
    signal += 0.010 * (1 + reach / 60) * np.abs(noise(rng, strength.shape, (1.2, 1.0)))
    decay = np.exp(-0.25 * ((reach - 72) / 78) ** 2)
    decibel = 20 * np.log10(np.maximum(signal * decay, 1e-4))
    return np.asarray((255 * np.clip((decibel + 36) / 58, 0, 1)), np.float32)


def frames() -> Iterator[np.ndarray]:
    """The cine as rows x columns greys, one breath over the loop."""
    beams = _envelope()
    column, row = np.meshgrid(
        np.arange(COLUMNS, dtype=np.float32), np.arange(ROWS, dtype=np.float32)
    )
    px, py = (column - APEX[0]) * MM_PER_PIXEL, (row - APEX[1]) * MM_PER_PIXEL
    reach = np.hypot(px, py) - RADIUS_MM
    angle = np.arctan2(px, py)
    visible = (reach >= 0) & (reach <= DEPTH_MM - 1) & (np.abs(angle) <= HALF_ANGLE)
    rng = rng_for("us frames")
    for k in range(FRAMES):
        phase = 2 * np.pi * k / FRAMES
        deep = smoothstep(14, 40, reach)
        mx = px - 2.2 * np.sin(phase) * deep
        my = py - (4.5 * (1 - np.cos(phase)) / 2) * deep + 0.35 * np.sin(5 * phase) * deep
        image = _sample(beams, np.hypot(mx, my) - RADIUS_MM, np.arctan2(mx, my))
        flicker = 3.2 * rng.standard_normal(image.shape, np.float32)
        yield np.where(visible, np.clip(image + flicker * (image > 6), 0, 255), 0).astype(np.uint8)


def _sample(beams: Array, reach: Array, angle: Array) -> Array:
    """Bilinear scan conversion."""
    r = np.clip(reach / DEPTH_MM * (SAMPLES - 1), 0, SAMPLES - 2.001)
    b = np.clip((angle + DRAWN_ANGLE) / (2 * DRAWN_ANGLE) * (BEAMS - 1), 0, BEAMS - 2.001)
    i, j = r.astype(np.int32), b.astype(np.int32)
    u, v = r - i, b - j
    top = beams[i, j] * (1 - v) + beams[i, j + 1] * v
    low = beams[i + 1, j] * (1 - v) + beams[i + 1, j + 1] * v
    return np.asarray((top * (1 - u) + low * u), np.float32)


def _overlay(grey: np.ndarray, index: int) -> Image.Image:
    """Machine text, depth scale and grey bar; never the patient."""
    image = Image.fromarray(np.repeat(grey[..., None], 3, axis=2))
    draw = ImageDraw.Draw(image)
    ink = (205, 214, 205)
    for line, text in enumerate(
        ("LJ-US 7   C5-2", "Abd / GB", "FR 15 Hz   D 15.0 cm", "MI 1.1  TIs 0.4", "G 58   DR 58 dB")
    ):
        draw.text((12, 12 + 16 * line), text, fill=ink)
    for centimetre in range(16):
        row = APEX[1] + (RADIUS_MM + 10 * centimetre) / MM_PER_PIXEL
        if row < ROWS - 2:
            length = 10 if centimetre % 5 == 0 else 5
            draw.line((COLUMNS - 24 - length, row, COLUMNS - 24, row), fill=ink)
            if centimetre % 5 == 0:
                draw.text((COLUMNS - 20, row - 6), str(centimetre), fill=ink)
    for step in range(128):
        draw.line((14, 420 - step, 24, 420 - step), fill=(2 * step,) * 3)
    draw.text((700, 578), f"{index + 1:02d}/{FRAMES}", fill=ink)
    draw.polygon(((376, 40), (384, 40), (380, 48)), fill=(90, 200, 120))
    return image


def build(study: Study, folder: Path) -> Iterator[Path]:
    """Write the cine as one JPEG multi-frame object."""
    series = Series(1, "胆囊动态", study.time, "腹部")
    ds = start(study, series, MACHINE, UltrasoundMultiFrameImageStorage, 1)
    acquired(ds, study, series)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    ds.PatientOrientation = ""
    ds.BodyPartExamined = study.body_part
    ds.TransducerType, ds.TransducerData = "CURVED LINEAR", "C5-2"
    coded = []
    for index, plane in enumerate(frames()):
        buffer = io.BytesIO()
        _overlay(plane, index).save(buffer, "JPEG", quality=90, subsampling=1)
        coded.append(buffer.getvalue())
    jpeg_colour(ds, coded, ROWS, COLUMNS, FRAMES * ROWS * COLUMNS * 3)
    ds.FrameTime, ds.CineRate, ds.RecommendedDisplayFrameRate = "66.667", 15, 15
    ds.StartTrim, ds.StopTrim = 1, FRAMES
    ds.FrameIncrementPointer = 0x00181063
    ds.SequenceOfUltrasoundRegions = items(
        of(
            RegionSpatialFormat=1,
            RegionDataType=1,
            RegionFlags=2,
            RegionLocationMinX0=60,
            RegionLocationMinY0=20,
            RegionLocationMaxX1=740,
            RegionLocationMaxY1=ROWS - 1,
            ReferencePixelX0=round(APEX[0]) - 60,
            ReferencePixelY0=round(APEX[1] + RADIUS_MM / MM_PER_PIXEL) - 20,
            PhysicalUnitsXDirection=3,
            PhysicalUnitsYDirection=3,
            ReferencePixelPhysicalValueX=0.0,
            ReferencePixelPhysicalValueY=0.0,
            PhysicalDeltaX=MM_PER_PIXEL / 10,
            PhysicalDeltaY=MM_PER_PIXEL / 10,
        )
    )
    yield save(ds, folder, "s01_0001")
