"""A whole-slide image of an invented gastric biopsy with one focus of atypical glands.

The slide is painted as two stain concentrations (haematoxylin, eosin) and turned into colour
by Beer-Lambert absorption, as a scanner sees it. Normal glands are round with basal nuclei;
inside the focus they are crowded, irregular and hyperchromatic.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import VLWholeSlideMicroscopyImageStorage

from .base import (
    Machine,
    Series,
    Study,
    acquired,
    code,
    items,
    jpeg_colour,
    of,
    save,
    start,
    uid,
)
from .fields import Array, blur, noise, rng_for, smoothstep, soft

WIDTH, HEIGHT = 4096, 3072
MICRON = 0.5
TILE = 256
LEVELS = 4
FOCUS = (2750, 1500)  # column, row at the base level
FOCUS_RADIUS = 470
# optical density per unit of stain in red, green, blue
HAEMATOXYLIN, EOSIN = (0.66, 0.72, 0.30), (0.07, 0.80, 0.36)
MACHINE = Machine("Lijiang Imaging (invented)", "LJ-Slide 20", "SM01", "LJS-0007", "1.6")


@dataclass(frozen=True)
class Gland:
    """One gland profile: centre, radius, outline harmonics, and whether it is atypical."""

    x: float
    y: float
    radius: float
    wobble: tuple[float, ...]
    phase: tuple[float, ...]
    stretch: float
    turn: float
    atypical: bool

    def edge(self, angle: Array) -> Array:
        """Outline radius in pixels at an angle, read from a table of the whole turn."""
        knots = np.linspace(-np.pi, np.pi, 721)
        return np.asarray(np.interp(angle, knots, self._outline(knots)), np.float32)

    def _outline(self, angle: np.ndarray) -> np.ndarray:
        a = angle - self.turn
        shape = 1 / np.sqrt((np.cos(a) / self.stretch) ** 2 + (np.sin(a) * self.stretch) ** 2)
        for k, (size, phase) in enumerate(zip(self.wobble, self.phase, strict=True)):
            shape = shape * (1 + size * np.cos((k + 2) * angle + phase))
        return np.asarray(self.radius * shape)


class Canvas:
    """Stain concentrations over the slide, and patch-wise painting."""

    def __init__(self) -> None:
        self.h = np.zeros((HEIGHT, WIDTH), np.float32)
        self.e = np.zeros((HEIGHT, WIDTH), np.float32)

    def patch(
        self, x: float, y: float, reach: float
    ) -> tuple[tuple[slice, slice], Array, Array] | None:
        """Slices of a square around a point with coordinates relative to it."""
        c0, c1 = max(int(x - reach), 0), min(int(x + reach) + 1, WIDTH)
        r0, r1 = max(int(y - reach), 0), min(int(y + reach) + 1, HEIGHT)
        if c0 >= c1 or r0 >= r1:
            return None
        dx = np.arange(c0, c1, dtype=np.float32)[None, :] - x
        dy = np.arange(r0, r1, dtype=np.float32)[:, None] - y
        return (slice(r0, r1), slice(c0, c1)), dx, dy


def _upscaled(rng: np.random.Generator, factor: int, sigma: float | tuple[float, ...]) -> Array:
    small = noise(rng, (HEIGHT // factor, WIDTH // factor), sigma)
    big = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    return np.asarray(big, np.float32)


def _tissue_depth(rng: np.random.Generator) -> Array:
    """Pixels inside the tissue's outline (negative outside)."""
    x = np.arange(WIDTH, dtype=np.float32)[None, :] - 2048
    y = np.arange(HEIGHT, dtype=np.float32)[:, None] - 1536
    f = (np.abs(x / 1850) ** 2.6 + np.abs((y + 0.00006 * x * x - 90) / 1230) ** 2.6) ** (1 / 2.6)
    return (1 - f) * 1230 + 70 * _upscaled(rng, 16, 14) + 16 * _upscaled(rng, 8, 5)


def _glands(rng: np.random.Generator, depth: Array) -> list[Gland]:
    """Non-overlapping gland profiles by dart throwing; crowded inside the focus."""
    kept: list[Gland] = []
    grid = np.zeros((0, 3))
    for _ in range(7000):
        x, y = float(rng.uniform(100, WIDTH - 100)), float(rng.uniform(100, HEIGHT - 100))
        away = float(np.hypot(x - FOCUS[0], y - FOCUS[1]))
        atypical = away < FOCUS_RADIUS
        radius = float(rng.uniform(62, 118) if atypical else rng.uniform(66, 116))
        spacing = 0.9 if atypical else 1.07
        if depth[int(y), int(x)] < radius * 0.9 or (not atypical and away < FOCUS_RADIUS + 55):
            continue
        if len(grid) and np.any(
            np.hypot(grid[:, 0] - x, grid[:, 1] - y) < spacing * (grid[:, 2] + radius)
        ):
            continue
        size = 0.11 if atypical else 0.035
        kept.append(
            Gland(
                x,
                y,
                radius,
                tuple(rng.normal(0, size, 4)),
                tuple(rng.uniform(0, 6.28, 4)),
                float(rng.uniform(1.0, 1.25)),
                float(rng.uniform(0, 3.14)),
                atypical,
            )
        )
        grid = np.vstack([grid, (x, y, radius)])
    return kept


def paint() -> tuple[np.ndarray, list[Gland]]:
    """(rows x columns x 3 uint8 picture of the base level, the glands in it)."""
    rng = rng_for("slide")
    canvas = Canvas()
    depth = _tissue_depth(rng)
    inside = soft(depth, 6.0)
    _stroma(canvas, rng, depth, inside)
    glands = _glands(rng, depth)
    taken = np.zeros((HEIGHT // 4, WIDTH // 4), bool)
    for gland in glands:
        _gland(canvas, gland, rng, taken)
    _stromal_cells(canvas, rng, depth, taken)
    for gland in glands:
        _epithelial_nuclei(canvas, gland, rng)
    _surface(canvas, rng, depth)
    return _expose(canvas, rng), glands


def _stroma(canvas: Canvas, rng: np.random.Generator, depth: Array, inside: Array) -> None:
    fibre = _fibres(rng)
    broad = _upscaled(rng, 16, 10)
    canvas.e += inside * np.clip(0.46 + 0.13 * fibre + 0.09 * broad, 0.06, 1.2)
    canvas.h += inside * np.clip(0.055 + 0.022 * fibre, 0, 1)
    cleft = smoothstep(1.25, 1.7, fibre * 0.6 + 0.9 * _upscaled(rng, 4, 5)) * inside
    canvas.e *= 1 - 0.8 * cleft
    canvas.h *= 1 - 0.8 * cleft
    deep = smoothstep(900, 1150, np.arange(HEIGHT, dtype=np.float32)[:, None] - 1500)
    canvas.e += 0.25 * deep * inside


def _fibres(rng: np.random.Generator) -> Array:
    """Wavy collagen: streaky noise read through a slowly turning displacement."""
    streaks = noise(rng, (HEIGHT // 2, WIDTH // 2), (1.3, 9.0))
    row, column = np.indices(streaks.shape)
    bend = [_upscaled(rng, 32, 5)[::2, ::2], _upscaled(rng, 32, 5)[::2, ::2]]
    row = (row + 95 * bend[0]).astype(np.int32) % streaks.shape[0]
    column = (column + 60 * bend[1]).astype(np.int32) % streaks.shape[1]
    image = Image.fromarray(streaks[row, column]).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32) + 0.4 * _upscaled(rng, 2, 2.0)


def _gland(canvas: Canvas, gland: Gland, rng: np.random.Generator, taken: np.ndarray) -> None:
    found = canvas.patch(gland.x, gland.y, gland.radius * 1.7)
    if found is None:
        return
    where, dx, dy = found
    angle, r = np.arctan2(dy, dx), np.hypot(dx, dy)
    edge = gland.edge(angle)
    body = soft(edge - r, 2.0)
    lumen_edge = (
        edge
        * (0.20 if gland.atypical else 0.34)
        * (1 + 0.18 * np.cos(5 * angle + gland.phase[0]) + 0.1 * np.cos(9 * angle))
    )
    lumen = soft(lumen_edge - r, 2.5)
    foam = rng.standard_normal(r.shape).astype(np.float32)
    foam = blur(blur(blur(foam, 0.3), 0.3), 0.3)
    apical = smoothstep(1.0, 0.35, r / edge)
    e, h = (0.42, 0.20) if gland.atypical else (0.34 - 0.17 * apical, 0.11 - 0.05 * apical)
    canvas.e[where] += body * (e + 0.16 * foam - canvas.e[where])
    canvas.h[where] += body * (h + 0.07 * foam - canvas.h[where])
    membrane = np.exp(-(((r - edge - 1.5) / 2.2) ** 2))
    canvas.e[where] += 0.28 * membrane * (canvas.e[where] > 0.05)
    for layer in (canvas.e, canvas.h):
        layer[where] *= 1 - 0.93 * lumen
    rim = np.exp(-(((r - lumen_edge) / 2.5) ** 2))
    canvas.e[where] += 0.20 * rim
    cells = max(round(2 * np.pi * gland.radius / 19), 6)
    border = np.abs(np.sin(angle * cells / 2 + 0.4 * np.sin(3 * angle))) * r * 2 / cells
    canvas.e[where] += 0.16 * np.exp(-((border / 1.3) ** 2)) * body * (1 - lumen)
    rows = slice(where[0].start // 4, where[0].start // 4 + (body[::4, ::4].shape[0]))
    cols = slice(where[1].start // 4, where[1].start // 4 + (body[::4, ::4].shape[1]))
    part = taken[rows, cols]
    part |= (body[::4, ::4] > 0.3)[: part.shape[0], : part.shape[1]]


def _nucleus(
    canvas: Canvas, x: float, y: float, a: float, b: float, turn: float, dark: float, grain: Array
) -> None:
    """An oval nucleus with a membrane, clumped chromatin and a paler centre."""
    found = canvas.patch(x, y, max(a, b) + 3)
    if found is None:
        return
    where, dx, dy = found
    c, s = np.cos(turn), np.sin(turn)
    f = np.hypot((dx * c + dy * s) / a, (dy * c - dx * s) / b)
    cover = soft((1 - f) * min(a, b), 1.6)
    chromatin = grain[: f.shape[0], : f.shape[1]]
    value = dark * (0.78 + 0.30 * smoothstep(0.55, 0.95, f) + 0.20 * chromatin)
    canvas.h[where] += cover * (np.maximum(value, canvas.h[where]) - canvas.h[where])
    canvas.e[where] += cover * (0.22 - canvas.e[where]) * 0.7


def _grains(rng: np.random.Generator) -> list[Array]:
    sheet = noise(rng, (1024, 1024), 1.3)
    return [sheet[i * 48 : i * 48 + 48, j * 48 : j * 48 + 48] for i in range(21) for j in range(21)]


def _epithelial_nuclei(canvas: Canvas, gland: Gland, rng: np.random.Generator) -> None:
    grains = _grains_once()
    rings = ((0.86, 1.0), (0.66, 0.9), (0.48, 0.5)) if gland.atypical else ((0.82, 1.0),)
    pitch = 13.0 if gland.atypical else 17.5
    for share, density in rings:
        count = int(2 * np.pi * gland.radius * share / pitch)
        for k in range(count):
            if rng.random() > density:
                continue
            angle = 2 * np.pi * (k + rng.uniform(-0.28, 0.28)) / count
            edge = float(gland.edge(np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)))
            r = edge * (share + rng.normal(0, 0.045 if gland.atypical else 0.02))
            if gland.atypical:
                a, b = rng.uniform(9.5, 15.5), rng.uniform(5.5, 9.0)
                dark, turn = rng.uniform(0.95, 1.45), angle + rng.normal(0, 0.35)
            else:
                a, b = rng.uniform(6.8, 8.6), rng.uniform(5.6, 6.8)
                dark, turn = rng.uniform(0.62, 0.85), angle + rng.normal(0, 0.2)
            _nucleus(
                canvas,
                gland.x + r * np.cos(angle),
                gland.y + r * np.sin(angle),
                float(a),
                float(b),
                float(turn),
                float(dark),
                grains[int(rng.integers(len(grains)))],
            )


def _grains_once() -> list[Array]:
    if not _CACHE:
        _CACHE.extend(_grains(rng_for("chromatin")))
    return _CACHE


_CACHE: list[Array] = []


def _stromal_cells(
    canvas: Canvas, rng: np.random.Generator, depth: Array, taken: np.ndarray
) -> None:
    """Lymphocytes, spindle fibroblasts and red cells between the glands."""
    grains = _grains_once()
    cluster = _upscaled(rng, 32, 6)
    for _ in range(15000):
        x, y = float(rng.uniform(0, WIDTH - 1)), float(rng.uniform(0, HEIGHT - 1))
        if depth[int(y), int(x)] < 14 or taken[int(y) // 4, int(x) // 4]:
            continue
        dense = cluster[int(y), int(x)]
        kind = rng.random()
        grain = grains[int(rng.integers(len(grains)))]
        turn = float(rng.uniform(0, 3.14))
        if kind < 0.36 + 0.14 * dense:
            size = float(rng.uniform(4.8, 6.2))
            _nucleus(canvas, x, y, size, size * 0.94, turn, float(rng.uniform(0.95, 1.3)), grain)
        elif kind < 0.80:
            _nucleus(
                canvas,
                x,
                y,
                float(rng.uniform(9, 15)),
                float(rng.uniform(2.2, 3.4)),
                float(rng.normal(0.2, 0.5)),
                float(rng.uniform(0.6, 0.95)),
                grain,
            )
        elif kind > 0.965:
            _capillary(canvas, x, y, turn, rng)


def _capillary(canvas: Canvas, x: float, y: float, turn: float, rng: np.random.Generator) -> None:
    for k in range(-3, 4):
        px = x + k * 11 * np.cos(turn) + rng.normal(0, 2)
        py = y + k * 11 * np.sin(turn) + rng.normal(0, 2)
        found = canvas.patch(px, py, 9)
        if found is None:
            continue
        where, dx, dy = found
        cell = soft(6.5 - np.hypot(dx, dy), 1.5)
        canvas.e[where] += cell * (1.05 - canvas.e[where])
        canvas.h[where] *= 1 - 0.8 * cell


def _surface(canvas: Canvas, rng: np.random.Generator, depth: Array) -> None:
    """Foveolar cells along the upper edge: pale mucin over a row of basal nuclei."""
    grains = _grains_once()
    upper = np.arange(HEIGHT, dtype=np.float32)[:, None] < 1300
    band = soft(58 - depth, 4.0) * soft(depth, 6.0) * upper
    foam = _upscaled(rng, 2, 1.2)
    streak = _upscaled(rng, 2, (9.0, 1.6))
    apical = smoothstep(44, 8, depth)
    canvas.e += band * (0.30 - 0.14 * apical + 0.05 * foam + 0.05 * streak - canvas.e)
    canvas.h += band * (0.10 - 0.04 * apical + 0.02 * foam - canvas.h)
    rows = np.argmax(depth > 44, axis=0)
    x = 300.0
    while x < WIDTH - 300:
        y = float(rows[int(x)])
        if 20 < y < 1250:
            slope = (float(rows[min(int(x) + 20, WIDTH - 1)]) - float(rows[int(x) - 20])) / 40
            turn = float(np.arctan(slope)) + np.pi / 2
            _nucleus(
                canvas,
                x,
                y + float(rng.normal(0, 3)),
                float(rng.uniform(8, 11)),
                5.5,
                turn,
                float(rng.uniform(0.7, 0.95)),
                grains[int(rng.integers(441))],
            )
        x += float(rng.uniform(11, 15)) / float(
            np.hypot(
                1,
                min(
                    abs(float(rows[min(int(x) + 20, WIDTH - 1)]) - float(rows[int(x) - 20])) / 40, 3
                ),
            )
        )


def _expose(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Beer-Lambert colour with a slightly warm lamp and a little sensor noise."""
    h, e = blur(np.maximum(canvas.h, 0), 0.16), blur(np.maximum(canvas.e, 0), 0.16)
    grain = rng.standard_normal((HEIGHT // 4, WIDTH), np.float32)
    grain = np.tile(grain, (4, 1))
    out = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for channel, lamp in enumerate((244.0, 241.0, 245.0)):
        light = lamp * np.exp(-1.55 * (HAEMATOXYLIN[channel] * h + EOSIN[channel] * e * 0.62))
        out[..., channel] = np.rint(np.clip(light + 1.3 * grain, 0, 255))
    return out


def build(study: Study, folder: Path) -> Iterator[Path]:
    """Write the pyramid, then overview (with label area) as one series."""
    base, _ = paint()
    picture = Image.fromarray(base)
    for level in range(LEVELS):
        size = (WIDTH >> level, HEIGHT >> level)
        scaled = picture if level == 0 else picture.resize(size, Image.Resampling.BOX)
        flavor = "VOLUME" if level < LEVELS - 1 else "THUMBNAIL"
        tile = TILE if flavor == "VOLUME" else 0  # PS3.3 C.8.12.4: a thumbnail is one frame
        yield _write(study, folder, scaled, level + 1, flavor, tile, MICRON / 1000 * (1 << level))
    yield _write(study, folder, _overview(picture), LEVELS + 1, "OVERVIEW", 0, 0.05)


def _overview(picture: Image.Image) -> Image.Image:
    """A macro photograph: the bare slide with a small piece of tissue, 50 um pixels."""
    slide = Image.new("RGB", (1100, 500), (232, 232, 230))
    slide.paste((206, 207, 205), (0, 0, 1100, 6))
    slide.paste((206, 207, 205), (0, 494, 1100, 500))
    for column, row in ((500, 210), (640, 250)):
        slide.paste(picture.resize((41, 31), Image.Resampling.BOX), (column, row))
    slide.paste((250, 250, 248), (0, 6, 240, 494))
    return slide


def _write(
    study: Study,
    folder: Path,
    image: Image.Image,
    number: int,
    flavor: str,
    tile: int,
    spacing: float,
) -> Path:
    series = Series(1, "HE染色 全切片", study.time, "HE 20x")
    ds = start(study, series, MACHINE, VLWholeSlideMicroscopyImageStorage, number)
    acquired(ds, study, series)
    del ds.AcquisitionDate, ds.AcquisitionTime, ds.AcquisitionNumber
    ds.AcquisitionDateTime = f"{study.date}{study.time}+0800"
    derived = flavor in ("THUMBNAIL", "VOLUME") and number > 1
    ds.ImageType = [
        "DERIVED" if derived else "ORIGINAL",
        "PRIMARY",
        flavor,
        "RESAMPLED" if derived else "NONE",
    ]
    columns, rows = (tile, tile) if tile else image.size
    frames = _tiles(image, columns, rows)
    jpeg_colour(ds, frames, rows, columns, len(frames) * rows * columns * 3)
    matrix(ds, study, image.size, spacing)
    specimen(ds, study)
    ds.BurnedInAnnotation = "NO"
    ds.SpecimenLabelInImage = "YES" if flavor == "OVERVIEW" else "NO"
    return save(ds, folder, f"s01_{number:04d}_{flavor.lower()}")


def _tiles(image: Image.Image, columns: int, rows: int) -> list[bytes]:
    """JPEG tiles row by row, white beyond the edge."""
    frames = []
    for top in range(0, image.height, rows):
        for left in range(0, image.width, columns):
            part = Image.new("RGB", (columns, rows), (244, 241, 245))
            part.paste(
                image.crop(
                    (left, top, min(left + columns, image.width), min(top + rows, image.height))
                )
            )
            buffer = io.BytesIO()
            part.save(buffer, "JPEG", quality=84, subsampling=1)
            frames.append(buffer.getvalue())
    return frames


def matrix(ds: FileDataset, study: Study, size: tuple[int, int], spacing: float) -> None:
    """Total pixel matrix, its place on the slide, focus and optics (PS3.3 C.8.12.4)."""
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = size
    ds.TotalPixelMatrixFocalPlanes = 1
    ds.TotalPixelMatrixOriginSequence = items(
        of(XOffsetInSlideCoordinateSystem="20.0", YOffsetInSlideCoordinateSystem="25.0")
    )
    ds.ImageOrientationSlide = ["0", "1", "0", "1", "0", "0"]
    ds.ImagedVolumeWidth = float(size[0] * spacing)
    ds.ImagedVolumeHeight = float(size[1] * spacing)
    ds.ImagedVolumeDepth = 4.0
    ds.FocusMethod, ds.ExtendedDepthOfField = "AUTO", "NO"
    ds.VolumetricProperties = "VOLUME"
    ds.FrameOfReferenceUID = uid(study.key, "frame")
    ds.PositionReferenceIndicator = "SLIDE_CORNER"
    ds.AcquisitionContextSequence = items()
    ds.ContainerIdentifier = study.accession + "-A1-1"
    measures = of(PixelSpacing=[f"{spacing:.6g}"] * 2, SliceThickness="0.004")
    frame_type = of(FrameType=list(ds.ImageType))
    ds.SharedFunctionalGroupsSequence = items(
        of(
            PixelMeasuresSequence=items(measures),
            WholeSlideMicroscopyImageFrameTypeSequence=items(frame_type),
            OpticalPathIdentificationSequence=items(of(OpticalPathIdentifier="1")),
        )
    )
    ds.DimensionOrganizationType = "TILED_FULL"
    organization = uid(study.key, "dimensions")
    ds.DimensionOrganizationSequence = items(of(DimensionOrganizationUID=organization))
    ds.NumberOfOpticalPaths = 1
    ds.OpticalPathSequence = items(_optics())


def _optics() -> Dataset:
    return of(
        OpticalPathIdentifier="1",
        OpticalPathDescription="明场",
        IlluminationTypeCodeSequence=items(code("111744", "DCM", "Brightfield illumination")),
        IlluminationColorCodeSequence=items(code("414298005", "SCT", "Full Spectrum")),
        ICCProfile=_icc(),
        ColorSpace="SRGB",
        ObjectiveLensPower="20",
        ObjectiveLensNumericalAperture="0.75",
    )


def _icc() -> bytes:
    """A minimal sRGB matrix profile (ICC.1:2001), built by hand so that it never changes."""

    def s15(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    curve = b"curv\0\0\0\0\0\0\0\1" + round(2.2 * 256).to_bytes(2, "big") + b"\0\0"
    name = b"sRGB approximation\0"
    text = b"desc\0\0\0\0" + len(name).to_bytes(4, "big") + name + bytes(78)
    text += bytes(-len(text) % 4)
    tags = {
        b"desc": text,
        b"cprt": b"text\0\0\0\0Public domain\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for key, data in tags.items():
        table += key + (offset + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    size = offset + len(body)
    head = (
        size.to_bytes(4, "big")
        + bytes(4)
        + b"\2\x20\0\0"
        + b"mntrRGB XYZ "
        + bytes.fromhex("07ea000100010000000000000000")[:12]
        + b"acsp"
        + bytes(28)
        + s15(0.9642)
        + s15(1.0)
        + s15(0.8249)
        + bytes(48)
    )
    return head[:128] + len(tags).to_bytes(4, "big") + table + body


def specimen(ds: FileDataset, study: Study) -> None:
    """Container and specimen (PS3.3 C.7.6.22), with fixation, embedding and staining."""
    ds.IssuerOfTheContainerIdentifierSequence = items()
    ds.ContainerTypeCodeSequence = items(code("433466003", "SCT", "Microscope slide"))
    ds.SpecimenDescriptionSequence = items(
        of(
            SpecimenIdentifier=study.accession + "-A1",
            SpecimenUID=uid(study.key, "specimen"),
            IssuerOfTheSpecimenIdentifierSequence=items(),
            SpecimenShortDescription="胃窦活检",
            SpecimenPreparationSequence=items(
                _step(
                    study,
                    "127790008",
                    "Staining",
                    "Using substance",
                    ("12710003", "hematoxylin stain"),
                    ("36879007", "water soluble eosin stain"),
                )
            ),
            PrimaryAnatomicStructureSequence=items(code("69695003", "SCT", "Stomach")),
        )
    )


def _step(
    study: Study, value: str, meaning: str, relation: str, *substances: tuple[str, str]
) -> Dataset:
    content = [
        of(
            ValueType="TEXT",
            ConceptNameCodeSequence=items(code("121041", "DCM", "Specimen Identifier")),
            TextValue=study.accession + "-A1",
        ),
        of(
            ValueType="CODE",
            ConceptNameCodeSequence=items(code("111701", "DCM", "Processing type")),
            ConceptCodeSequence=items(code(value, "SCT", meaning)),
        ),
    ]
    content += [
        of(
            ValueType="CODE",
            ConceptNameCodeSequence=items(code("424361007", "SCT", relation)),
            ConceptCodeSequence=items(code(v, "SCT", m)),
        )
        for v, m in substances
    ]
    return of(SpecimenPreparationStepContentItemSequence=items(*content))
