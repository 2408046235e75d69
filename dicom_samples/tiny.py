"""Small valid CT files in milliseconds, for tests that need DICOM but not anatomy.

Pixels are integer arithmetic only (a disc on a gradient), so the bytes are the same on every
platform and can be pinned by hash.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from .base import Machine, Person, Series, Study, acquired, grey, start, uid, window

MACHINE = Machine("Lijiang Imaging (invented)", "LJ-CT tiny", "CTT1", "T-1", "1")
PATIENT = Person("TINY0001", "Ceshi^Yi=测试^一", "F", "19800101")


def tiny_ct(
    n_slices: int = 3,
    rows: int = 16,
    patient: Person = PATIENT,
    *,
    key: str = "tiny",
    institution: str = "测试县人民医院",
    date: str = "20261101",
    accession: str = "T26110100001",
    charset: str = "ISO_IR 192",
    series_number: int = 1,
) -> list[FileDataset]:
    """Datasets of one axial CT series of rows x rows pixels; `key` decides all UIDs."""
    study = Study(
        key,
        "小样CT",
        "Tiny CT",
        "CT",
        patient,
        institution,
        date,
        "080000",
        accession,
        "胸部CT平扫",
        "CHEST",
        "046Y",
        "放射科",
        "Yi^Sheng=医^生",
        "",
        "",
        "",
        "",
        {},
        charset,
    )
    series = Series(series_number, "轴位", "080100", "胸部")
    return [_slice(study, series, index, rows) for index in range(n_slices)]


def make_tiny_ct(
    n_slices: int = 3,
    rows: int = 16,
    patient: Person = PATIENT,
    *,
    key: str = "tiny",
    institution: str = "测试县人民医院",
    date: str = "20261101",
    accession: str = "T26110100001",
    charset: str = "ISO_IR 192",
    series_number: int = 1,
) -> list[bytes]:
    """The same series as Part 10 files in memory, one bytes object per slice."""
    files = []
    for ds in tiny_ct(
        n_slices,
        rows,
        patient,
        key=key,
        institution=institution,
        date=date,
        accession=accession,
        charset=charset,
        series_number=series_number,
    ):
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    return files


def _slice(study: Study, series: Series, index: int, rows: int) -> FileDataset:
    ds = start(study, series, MACHINE, CTImageStorage, index + 1, ExplicitVRLittleEndian)
    acquired(ds, study, series)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.BodyPartExamined, ds.PatientPosition = study.body_part, "HFS"
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = uid(study.key, "frame"), ""
    ds.ImagePositionPatient = ["0", "0", str(-5 * index)]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing, ds.SliceThickness = ["1", "1"], "5"
    ds.SliceLocation, ds.KVP = str(-5 * index), "120"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    row, column = np.indices((rows, rows))
    disc = (2 * row - rows + 1) ** 2 + (2 * column - rows + 1) ** 2 < (rows - 2) ** 2
    grey(ds, np.where(disc, 40 + index + row, -1000).astype(np.int16), 16)
    window(ds, ("MEDIASTINUM", 40, 400))
    return ds
