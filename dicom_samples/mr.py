"""Head MR: one drawn brain seen with three weightings, holding one small acute infarct.

Tissue is a set of coverage maps (fat, bone, CSF, grey, white, lesion). A weighting is a row
of signal intensities, so T1, T2-FLAIR and DWI differ by a table row. The folded cortex is
the neighbourhood of the zero set of band-limited noise, cut off at sulcal depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from pydicom.uid import ImplicitVRLittleEndian, MRImageStorage

from .base import Machine, Series, Study, acquired, grey, save, start, uid, window
from .fields import Array, blur, noise, rng_for, roll, smoothstep, soft

SIZE = 320
PIXEL = 0.72
SLICES = 24
SPACING = 6.0
LESION = (24.0, 6.0, 9.0)  # mm: patient's left, behind the centre, above the AC-PC plane
LESION_MM = 12.0
TISSUES = ("fat", "muscle", "bone", "marrow", "csf", "grey", "white", "deep", "lesion", "blood")
MACHINE = Machine("Lijiang Imaging (invented)", "LJ-MR 1.5", "MR01", "LJM-0033", "R3.1")


@dataclass(frozen=True)
class Weighting:
    """One pulse sequence: timing (ms), signal per tissue (0..1000), pixels per side."""

    name: str
    description: str
    tr: str
    te: str
    ti: str | None
    flip: str
    signal: tuple[float, ...]
    sigma: float
    variant: tuple[str, str]
    coarse: int = 1


# fat, muscle, bone, marrow, csf, grey, white, deep grey, lesion, blood
WEIGHTINGS = (
    Weighting(
        "T1",
        "T1WI 横断位",
        "450",
        "9",
        None,
        "90",
        (800, 380, 40, 760, 190, 500, 680, 560, 430, 120),
        11,
        ("SE", "NONE"),
    ),
    Weighting(
        "T2 FLAIR",
        "T2 FLAIR 横断位",
        "8000",
        "110",
        "2200",
        "150",
        (640, 210, 25, 430, 75, 520, 400, 455, 840, 90),
        12,
        ("SE\\IR", "SK"),
    ),
    Weighting(
        "DWI",
        "DWI b1000 横断位",
        "4200",
        "88",
        None,
        "90",
        (60, 70, 10, 40, 55, 360, 315, 320, 900, 40),
        15,
        ("EP\\SE", "SK"),
        2,
    ),
)


@cache
def heights() -> tuple[float, ...]:
    """Slice positions in mm above the AC-PC plane, from below upwards."""
    return tuple(-62 + SPACING * k for k in range(SLICES))


@cache
def _grid() -> tuple[Array, Array]:
    axis = (np.arange(SIZE, dtype=np.float32) - SIZE / 2 + 0.5) * PIXEL
    x, y = np.meshgrid(axis, axis)
    return x, y


def tissues() -> list[dict[str, Array]]:
    """Coverage maps per slice; every map 0..1, later names painted over earlier ones."""
    rng = rng_for("mr folds")
    folds = noise(rng, (SLICES * 2, SIZE, SIZE), (1.7, 9.0, 9.0))
    folds += 0.55 * noise(rng, (SLICES * 2, SIZE, SIZE), (1.2, 5.2, 5.2))
    warp = noise(rng, (SIZE, SIZE), 22.0)
    wobble = noise(rng, (SIZE, SIZE), 7.0)
    return [_slice(z, folds[k], folds[k + 1], warp, wobble) for k, z in enumerate(heights())]


def _ellipse(
    x: Array, y: Array, cx: float, cy: float, a: float, b: float, tilt: float = 0.0
) -> Array:
    c, s = np.cos(tilt), np.sin(tilt)
    u, v = (x - cx) * c + (y - cy) * s, -(x - cx) * s + (y - cy) * c
    return np.asarray(((1 - np.hypot(u / a, v / b)) * min(a, b)), np.float32)


def _slice(z: float, fold: Array, other: Array, warp: Array, wobble: Array) -> dict[str, Array]:
    x, y = _grid()
    maps = _head(x, y, z, warp)
    brain = _brain_depth(x, y, z, warp)
    maps["csf"] = soft(brain + 2.6, 1.0)
    _cortex(maps, x, y, z, brain, fold, other)
    _sagittal_sinus(maps, x, y, z)
    if z < -14:
        _posterior_fossa(maps, x, y, z, other)
    if -22 < z < 42:
        _deep(maps, x, y, z, wobble)
    if z < -28:
        _face(maps, x, y, z)
    r = np.sqrt((x - LESION[0]) ** 2 + (y - LESION[1]) ** 2 + (z - LESION[2]) ** 2)
    maps["lesion"] = soft(LESION_MM / 2 + 0.7 * wobble - r, 1.6)
    return maps


def _scale(z: float) -> float:
    """Relative size of the head's section at height z."""
    return (
        float(np.sqrt(max(1 - ((z - 2) / 84) ** 2, 0.0)))
        if z > 2
        else float(np.sqrt(1 - ((z - 2) / 150) ** 2))
    )


def _head(x: Array, y: Array, z: float, warp: Array) -> dict[str, Array]:
    k = _scale(z)
    outer = _ellipse(x, y, 0, 2, max(79 * k, 1), max(98 * k, 1)) + 0.8 * warp
    thin = 1 + 0.5 * (1 - k)
    maps = {name: np.zeros_like(x) for name in TISSUES}
    maps["muscle"] = soft(outer, 1.2)
    maps["fat"] = soft(outer - 1.6, 1.0) * soft(6.6 * thin - outer, 1.2)
    temporal = soft(_ellipse(np.abs(x), y, 70 * k, -12, 10, 34), 1.5) * (z < 18) * (z > -60)
    maps["fat"] *= 1 - 0.8 * temporal
    maps["bone"] = soft(outer - 6.6 * thin, 1.2)
    table = 2.3 + 0.5 * warp
    maps["marrow"] = soft(np.minimum(outer - 6.6 * thin - table, 13.2 * thin - table - outer), 1.4)
    return maps


def _brain_depth(x: Array, y: Array, z: float, warp: Array) -> Array:
    k = _scale(z)
    inner = _ellipse(x, y, 0, 2, max(65 * k, 1), max(84 * k, 1)) + 0.9 * warp
    if z < -20:  # temporal lobes and frontal base part; the fossa is drawn later
        temporal = _ellipse(np.abs(x), y, 37, -18, 25, 36)
        frontal = _ellipse(np.abs(x), y, 17, -48, 19, 28) - max(0.0, (-30 - z) * 1.2)
        blend = float(np.clip((-18 - z) / 8, 0, 1))
        inner = inner * (1 - blend) + blend * np.minimum(
            inner, np.maximum(temporal - max(0.0, (-44 - z) * 0.9), frontal)
        )
    return inner - 1.5


def _cortex(
    maps: dict[str, Array], x: Array, y: Array, z: float, depth: Array, fold: Array, other: Array
) -> None:
    """Grey ribbon and sulci around the zero set of the fold field, white inside."""
    gy, gx = np.gradient(fold, PIXEL)
    slope = np.hypot(gx, gy) + 0.035
    sulcus = np.abs(fold) / slope
    reach = 24.0 if z < 58 else 15.0
    sulcus = sulcus + np.maximum(depth - reach, 0) * 0.9
    bend = np.abs(x) + 2.4 * fold
    insula = np.abs(bend - (33 + 0.12 * np.abs(y))) + np.maximum(np.abs(y + 3) - 20, 0) * 0.7
    course = y + 10 - 0.22 * (bend - 34) + 3.0 * fold
    lateral = np.maximum(34 - bend, 0) + np.abs(course)
    if -14 < z < 26:
        sulcus = np.minimum(sulcus, np.minimum(insula, lateral) * 0.95 - 0.6)
    middle = np.abs(x) - 0.3 + np.where((np.abs(y) < 34) & (z < 30) & (z > -20), 40, 0)
    sulcus = np.minimum(sulcus, middle)
    gap = np.clip(0.15 + 0.75 * np.roll(other, 60, axis=1), -1.0, 1.3)
    surface = np.minimum(depth, sulcus - gap)
    maps["grey"] = soft(surface - 0.25, 1.1)
    maps["white"] = soft(surface - 3.9, 1.7)


def _sagittal_sinus(maps: dict[str, Array], x: Array, y: Array, z: float) -> None:
    if z > -18:
        maps["blood"] = soft(_ellipse(x, y, 0, 86 * _scale(z), 4, 5), 1.0)


def _deep(maps: dict[str, Array], x: Array, y: Array, z: float, wobble: Array) -> None:
    """Basal ganglia, thalami, callosum and ventricles, mirrored across the midline."""
    ax = np.abs(x)
    core = _ellipse(ax, y, 0, 2, 27, 40)
    rim = soft(core, 3.0) * soft(float(40 - z) * np.ones_like(x), 6.0)
    maps["white"] = np.maximum(maps["white"], rim)
    maps["grey"] = np.maximum(maps["grey"], rim)
    lift = np.exp(-(((z - 6) / 11) ** 2))
    deep = np.maximum(
        _ellipse(ax, y, 25, -1, 6.0 * lift + 0.1, 17 * lift + 0.1, -0.16),
        _ellipse(ax, y, 11, 14, 9.5 * lift + 0.1, 14 * lift + 0.1, -0.35),
    )
    head = np.exp(-(((z - 12) / 15) ** 2))
    deep = np.maximum(deep, _ellipse(ax, y, 12.5, -22, 5.5 * head + 0.1, 9 * head + 0.1, 0.35))
    maps["deep"] = soft(deep + 0.5 * wobble, 1.6)
    horns = _ventricles(ax, y, z) + 0.35 * wobble
    cover = soft(horns, 1.2)
    if z < -4:  # suprasellar and ambient cisterns around the midbrain
        angle = np.arctan2(y + 10, x)
        star = 8 + 3.5 * np.cos(5 * angle + np.pi / 2) - np.hypot(x, y + 10)
        ring = 0.9 - np.abs(np.hypot(x, y - 12) - 16) - 4 * smoothstep(4, 12, 14 - ax)
        star = np.maximum(star, ring).astype(np.float32)
        cover = np.maximum(cover, soft(star, 1.5) * float(np.clip((-z - 4) / 6, 0, 1)))
    for name in ("grey", "white", "deep"):
        maps[name] = maps[name] * (1 - cover)


def _ventricles(ax: Array, y: Array, z: float) -> Array:
    up = float(np.exp(-(((z - 20) / 13) ** 2)))
    front = _ellipse(ax, y, 7.0, -25, 3.6 * up + 0.1, 12 * up + 0.1, 0.38)
    body = _ellipse(ax, y, 8.5, 4, 4.4 * up + 0.1, 30 * up + 0.1, -0.04) if z > 16 else front
    back_w = float(np.exp(-(((z - 10) / 14) ** 2)))
    back = _ellipse(ax, y, 22, 38, 5.2 * back_w + 0.1, 15 * back_w + 0.1, -0.35)
    third = _ellipse(ax, y, 0, 8, 2.0, 13) if -10 < z < 12 else front
    return np.maximum(np.maximum(front, body), np.maximum(back, third))


def _posterior_fossa(maps: dict[str, Array], x: Array, y: Array, z: float, fold: Array) -> None:
    blend = float(np.clip((-14 - z) / 6, 0, 1))
    size = float(np.sqrt(max(1 - ((z + 38) / 34) ** 2, 0.02)))
    ax = np.abs(x)
    cerebellum = np.maximum(
        _ellipse(ax, y, 23, 46, 27 * size, 27 * size), _ellipse(x, y, 0, 48, 14 * size, 26 * size)
    )
    folia = np.abs(((np.hypot(x * 0.75, y - 22) + 2.5 * fold) % 5.2) - 2.6)
    stem = _ellipse(x, y, 0, 12, 14 if z > -44 else 9, 12 if z > -44 else 8)
    fourth = _ellipse(x, y, 0, 25.5, 5.5, 3.2)
    around = soft(np.maximum(cerebellum, stem) + 3.0, 1.5) * blend
    for name in ("grey", "white"):
        maps[name] = maps[name] * (1 - around)
    maps["csf"] = np.maximum(maps["csf"], around)
    grey_map = soft(cerebellum, 1.2)
    crack = soft(folia - 2.15, 0.7) * soft(14 - cerebellum, 4) * 0.55
    maps["grey"] = np.maximum(maps["grey"], grey_map * (1 - crack) * blend)
    white = np.maximum(soft(cerebellum - 7, 5.0) * soft(1.7 - folia, 1.6), soft(cerebellum - 14, 3))
    maps["white"] = np.maximum(maps["white"], white * blend)
    stem_map = soft(stem, 1.4) * blend
    for name, share in (("grey", 1.0), ("white", 0.75)):
        maps[name] = np.maximum(maps[name], share * stem_map)
    gap = soft(fourth, 1.2) * float(-48 < z < -22)
    for name in ("grey", "white"):
        maps[name] = maps[name] * (1 - gap)


def _face(maps: dict[str, Array], x: Array, y: Array, z: float) -> None:
    """Orbits with globes, and the air of the sinuses, in the lowest slices."""
    ax = np.abs(x)
    outer = _ellipse(x, y, 0, 2, 79 * _scale(z), 98 * _scale(z))
    orbit = np.minimum(_ellipse(ax, y, 30, -56, 13, 21, 0.25), outer - 3)
    clear = soft(orbit, 1.5)
    for name in ("grey", "white", "csf", "bone", "marrow", "muscle"):
        maps[name] = maps[name] * (1 - clear)
    maps["fat"] = np.maximum(maps["fat"], clear)
    globe = soft(np.minimum(_ellipse(ax, y, 32, -64, 11.5, 12), outer - 3), 1.0)
    globe = globe * float(-58 < z < -32)
    maps["csf"] = np.maximum(maps["csf"], globe)
    nerve = (
        soft(2.0 - np.abs(ax - 26 + (y + 52) * 0.35), 1.0)
        * clear
        * soft(-y - 36, 1)
        * (1 - globe)
        * soft(y + 56, 1)
    )
    muscle = soft(2.2 - np.abs(np.abs(ax - 30) - 13), 1.0) * clear * (1 - globe)
    maps["muscle"] = np.maximum(maps["muscle"], np.maximum(nerve, muscle))
    air = np.maximum(_ellipse(ax, y, 6, -60, 5.5, 22), _ellipse(x, y, 0, -30, 13, 10))
    hollow = soft(air, 1.2)
    for name in TISSUES:
        maps[name] = maps[name] * (1 - hollow)


ORDER = ("muscle", "fat", "bone", "marrow", "csf", "grey", "white", "deep", "blood", "lesion")


def render(
    maps: dict[str, Array], weighting: Weighting, index: int, grain: Array, bias: Array
) -> np.ndarray:
    """One slice as unsigned 12-bit magnitudes with coil shading and Rician noise."""
    signal = dict(zip(TISSUES, weighting.signal, strict=True))
    image = np.full((SIZE, SIZE), 4.0, np.float32)
    for name in ORDER:
        image += maps[name] * (signal[name] - image)
    inside = smoothstep(20, 120, image)
    image *= 1 + 0.14 * bias + 0.022 * roll(grain, rng_for(f"mr grain {index}")) * inside
    image = blur(image, 0.10)
    if weighting.coarse > 1:
        n = weighting.coarse
        image = image.reshape(SIZE // n, n, SIZE // n, n).mean(axis=(1, 3))
        image = blur(image, 0.12)
    rng = rng_for(f"mr noise {weighting.name} {index}")
    real, imaginary = rng.normal(0, weighting.sigma, (2, *image.shape))
    return np.asarray(np.rint(np.hypot(image + real, imaginary)).clip(0, 4095), np.uint16)


def build(study: Study, folder: Path) -> Iterator[Path]:
    """Write one series per weighting."""
    rng = rng_for("mr texture")
    grain = noise(rng, (SIZE, SIZE), 1.3)
    x, y = _grid()
    bias = 0.5 * noise(rng, (SIZE, SIZE), 60.0) + (np.hypot(x, y) / 90) ** 2 - 0.4
    brain = tissues()
    for order, weighting in enumerate(WEIGHTINGS):
        clock = f"{study.time[:2]}{int(study.time[2:4]) + 3 * order:02d}{study.time[4:]}"
        series = Series(order + 1, weighting.description, clock, "头颅平扫")
        for index, maps in enumerate(brain):
            pixels = render(maps, weighting, index, grain, bias.astype(np.float32))
            yield _write(study, series, weighting, index, pixels, folder)


def _write(
    study: Study, series: Series, weighting: Weighting, index: int, pixels: np.ndarray, folder: Path
) -> Path:
    ds = start(study, series, MACHINE, MRImageStorage, index + 1, ImplicitVRLittleEndian)
    acquired(ds, study, series, series.number)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.BodyPartExamined, ds.PatientPosition = study.body_part, "HFS"
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = uid(study.key, "frame"), ""
    pixel = PIXEL * weighting.coarse
    corner = -(pixels.shape[0] / 2 - 0.5) * pixel
    z = heights()[index]
    ds.ImagePositionPatient = [f"{corner:.3f}", f"{corner:.3f}", f"{z:.3f}"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing, ds.SliceLocation = [f"{pixel:.3f}"] * 2, f"{z:.3f}"
    ds.SliceThickness, ds.SpacingBetweenSlices = "5.0", f"{SPACING:.1f}"
    sequence, variant = weighting.variant
    ds.ScanningSequence, ds.SequenceVariant = sequence.split("\\"), variant
    ds.ScanOptions, ds.MRAcquisitionType = "", "2D"
    ds.RepetitionTime, ds.EchoTime = weighting.tr, weighting.te
    ds.EchoTrainLength, ds.FlipAngle = "1", weighting.flip
    ds.InversionTime = weighting.ti or ""
    if weighting.ti is None:
        del ds.InversionTime
    ds.MagneticFieldStrength, ds.ImagingFrequency = "1.5", "63.87"
    ds.ImagedNucleus, ds.NumberOfAverages = "1H", "1"
    grey(ds, pixels, 12)
    window(ds, ("BRAIN", 480, 900))
    return save(ds, folder, f"s{series.number:02d}_{index + 1:04d}")
