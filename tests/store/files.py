"""Small DICOM files with chosen identity and pixels."""

from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"


def ct_bytes(
    *,
    study: str = "2.25.1",
    series: str = "2.25.1.1",
    sop: str = "2.25.1.1.1",
    patient_id: str = "P0001",
    name: str = "Wei^GuiHua=韦^桂花",
    number: int = 1,
    fill: int = 100,
    side: int = 32,
    frames: int = 1,
    implicit: bool = False,
    **more: object,
) -> bytes:
    """A Part 10 file of a CT image (or another class by `SOPClassUID=`)."""
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = sop
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = series
    dataset.PatientID = patient_id
    dataset.PatientName = name
    dataset.PatientSex = "F"
    dataset.PatientBirthDate = "19640302"
    dataset.StudyDate = "20260304"
    dataset.StudyTime = "101500"
    dataset.AccessionNumber = "A1"
    dataset.StudyID = "1"
    dataset.StudyDescription = "胸部CT平扫"
    dataset.ReferringPhysicianName = "Li^Si=李^四"
    dataset.Modality = "CT"
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "肺窗"
    dataset.BodyPartExamined = "CHEST"
    dataset.InstanceNumber = number
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    if frames > 1:
        dataset.NumberOfFrames = frames
    pixels = np.full((frames, side, side), fill, np.uint16) + np.arange(side, dtype=np.uint16)
    pixels += np.arange(frames, dtype=np.uint16)[:, None, None] * 1000
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in more.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = sop
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = "2.25.99"
    out = BytesIO()
    file = FileDataset("", dataset, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def write(folder: Path, name: str, data: bytes) -> Path:
    """The bytes as a file."""
    path = folder / name
    path.write_bytes(data)
    return path
