"""GIF and PNG files as native pixels: DICOM has no transfer syntax for them (PS3.18 8.7.3.3).

The file is a stranger's, so it is opened in the worker process only; here is what it is asked for,
and how its answer is read.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from telemed.dicom.refusal import Refused

RASTERS: Final = frozenset({"image/gif", "image/png"})
MOST_SAMPLES: Final = 48_000_000
_HEAD: Final = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class RasterSpec:
    """All frames of a GIF or a PNG file."""


class Raster(NamedTuple):
    """Native pixels, frame by frame, samples of a pixel together, little endian."""

    rows: int
    columns: int
    samples: int
    bits: int
    frames: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class _Shape:
    rows: int
    columns: int
    samples: int
    bits: int
    frames: int

    @property
    def size(self) -> int:
        return self.rows * self.columns * self.samples * self.bits // 8 * self.frames


def unpacked(answer: bytes) -> Raster:
    """The worker's answer, which is believed only as far as it adds up."""
    try:
        (length,) = _HEAD.unpack_from(answer)
        shape = _Shape(**json.loads(answer[2 : 2 + length]))
        data = memoryview(answer)[2 + length :]
        fits = 0 < len(data) == shape.size and shape.samples in (1, 3) and shape.bits in (8, 16)
        limits = 0 < shape.rows < 1 << 16 and 0 < shape.columns < 1 << 16
    except (ValueError, TypeError, struct.error):
        fits = limits = False
    if not fits or not limits:
        raise Refused("render-limit")
    return Raster(**asdict(shape), data=data)


# -- inside the worker --------------------------------------------------------------------


def rasterized(path: Path) -> bytes:
    """The answer to a `RasterSpec`; raises `Refused`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=("PNG", "GIF")) as image:
            return _read(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, EOFError, SyntaxError,
            ValueError, struct.error) as fault:  # fmt: skip
        raise Refused("cannot-render", why=type(fault).__name__) from None


def _read(image: Any) -> bytes:
    frames = getattr(image, "n_frames", 1)
    mode = {"1": "L", "L": "L", "I;16": "I;16"}.get(image.mode, "RGB")
    samples, bits = (3 if mode == "RGB" else 1), (16 if mode == "I;16" else 8)
    shape = _Shape(image.height, image.width, samples, bits, frames)
    if shape.rows * shape.columns * samples * frames > MOST_SAMPLES:
        raise Refused("render-limit")
    words = json.dumps(asdict(shape)).encode()
    out = bytearray(_HEAD.pack(len(words)) + words)
    for number in range(frames):
        image.seek(number)
        out += image.convert(mode).tobytes() if image.mode != mode else image.tobytes()
    return bytes(out)
