"""Whole-slide pyramids of any size in moments, for tests and measurements of tiles.

Every tile is drawn by arithmetic and differs from its neighbours: a stain whose colour tells its
column and whose darkness tells its row. TILED_FULL has the tiles in order; TILED_SPARSE has them as
a stage travels, every other row backwards, and says of each where it lies.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.uid import VLWholeSlideMicroscopyImageStorage

from .base import Person, Series, Study, acquired, items, jpeg_colour, of, start
from .wsi import MACHINE, MICRON, matrix, specimen

PATIENT = Person("SLIDE0001", "Ceshi^Er=测试^二", "M", "19700101")
TILE = 64

Place = tuple[int, int]


def make_slide(
    across: int, down: int, *, levels: int = 1, sparse: bool = False, key: str = "slide"
) -> list[bytes]:
    """A pyramid as Part 10 files, the largest level first: `across` x `down` tiles of 64 pixels,
    half as many each way at every further level. `key` decides all UIDs."""
    return list(_levels(across, down, levels, sparse, _study(key)))


def places(across: int, down: int, *, sparse: bool = False) -> list[Place]:
    """Column and row of each frame's tile, in the order of the frames."""
    return [
        (across - 1 - column if sparse and row % 2 else column, row)
        for row in range(down)
        for column in range(across)
    ]


def tile(column: int, row: int) -> bytes:
    """The JPEG of the tile at a place, unlike any other within 64 columns and 64 rows."""
    shade = np.indices((TILE, TILE)).sum(axis=0) % 32
    red, green, blue = 120 + 2 * (column % 64), 60 + 2 * (row % 64), 160
    pixels = np.stack([shade + red, shade + green, shade + blue], axis=-1).clip(0, 255)
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "JPEG", quality=80, subsampling=1)
    return out.getvalue()


def _study(key: str) -> Study:
    return Study(
        key, "小样切片", "Small slide", "SM", PATIENT, "测试县人民医院", "20261101", "090000",
        f"S{key}"[:16], "全切片", "STOMACH", "056Y", "病理科", "Yi^Sheng=医^生", "", "", "", "",
    )  # fmt: skip


def _levels(across: int, down: int, levels: int, sparse: bool, study: Study) -> Iterator[bytes]:
    for level in range(levels):
        ds = _level(study, max(1, across >> level), max(1, down >> level), level, sparse)
        out = BytesIO()
        ds.save_as(out, enforce_file_format=True)
        yield out.getvalue()


def _level(study: Study, across: int, down: int, level: int, sparse: bool) -> FileDataset:
    series = Series(1, "HE染色", study.time, "HE 20x")
    ds = start(study, series, MACHINE, VLWholeSlideMicroscopyImageStorage, level + 1)
    acquired(ds, study, series)
    del ds.AcquisitionDate, ds.AcquisitionTime, ds.AcquisitionNumber
    ds.AcquisitionDateTime = f"{study.date}{study.time}+0800"
    made = ("DERIVED", "RESAMPLED") if level else ("ORIGINAL", "NONE")
    ds.ImageType = [made[0], "PRIMARY", "VOLUME", made[1]]
    where = places(across, down, sparse=sparse)
    frames = [tile(*place) for place in where]
    jpeg_colour(ds, frames, TILE, TILE, len(frames) * TILE * TILE * 3)
    spacing = MICRON / 1000 * (1 << level)
    matrix(ds, study, (across * TILE, down * TILE), spacing)
    specimen(ds, study)
    ds.BurnedInAnnotation = ds.SpecimenLabelInImage = "NO"
    if sparse:
        _say_where(ds, where, spacing)
    return ds


def _say_where(ds: FileDataset, where: list[Place], spacing: float) -> None:
    """The place of each tile in a group of its own (PS3.3 C.8.12.6.1)."""
    ds.DimensionOrganizationType = "TILED_SPARSE"
    organization = ds.DimensionOrganizationSequence[0].DimensionOrganizationUID
    ds.DimensionIndexSequence = items(
        *(
            of(DimensionOrganizationUID=organization, DimensionIndexPointer=pointer,
               FunctionalGroupPointer=0x0048021A)
            for pointer in (0x0048021F, 0x0048021E)
        )
    )  # fmt: skip
    ds.PerFrameFunctionalGroupsSequence = items(
        *(
            of(
                FrameContentSequence=items(of(DimensionIndexValues=[row + 1, column + 1])),
                PlanePositionSlideSequence=items(
                    of(
                        ColumnPositionInTotalImagePixelMatrix=column * TILE + 1,
                        RowPositionInTotalImagePixelMatrix=row * TILE + 1,
                        # Columns run down the slide and rows across it, as the orientation says.
                        XOffsetInSlideCoordinateSystem=f"{20 + row * TILE * spacing:.6f}",
                        YOffsetInSlideCoordinateSystem=f"{25 + column * TILE * spacing:.6f}",
                        ZOffsetInSlideCoordinateSystem="0",
                    )
                ),
            )
            for column, row in where
        )
    )
