"""What every sample object carries: patient, study, equipment, identifiers, file meta.

UIDs are hashes of readable names under the 2.25 arc, dates and times are written down, so
the same call gives the same bytes. Pixels come from the modality modules.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit

Scalar = str | int | float
Measure = Scalar | list[Scalar] | dict[str, Scalar | list[Scalar]]


def uid(*names: str) -> str:
    """A UID under 2.25 (PS3.5 B.2) whose 128 bits are a hash of the names."""
    digest = hashlib.sha256("/".join(("telemed dicom samples", *names)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


IMPLEMENTATION_UID = uid("implementation", "1")
IMPLEMENTATION_VERSION = "DICOM_SAMPLES_1"


@dataclass(frozen=True)
class Person:
    """An invented patient; `name` is a DICOM PN with '=' groups."""

    patient_id: str
    name: str
    sex: str
    birth: str


@dataclass(frozen=True)
class Study:
    """Everything about one study that is written down rather than drawn."""

    key: str
    title_zh: str
    title_en: str
    modality: str
    person: Person
    institution: str
    date: str
    time: str
    accession: str
    description: str
    body_part: str
    age: str
    department: str
    referring: str
    findings: str
    impression: str
    answer_zh: str
    answer_en: str
    answer: dict[str, Measure] = field(default_factory=dict)
    charset: str = "ISO_IR 192"

    @property
    def study_uid(self) -> str:
        """The Study Instance UID."""
        return uid(self.key)


@dataclass(frozen=True)
class Machine:
    """Invented equipment."""

    manufacturer: str
    model: str
    station: str
    serial: str
    software: str


@dataclass(frozen=True)
class Series:
    """One series of a study; `clock` is the acquisition time HHMMSS."""

    number: int
    description: str
    clock: str
    protocol: str = ""
    modality: str = ""


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A code sequence item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def items(*datasets: Dataset) -> Sequence:
    """A sequence of the given items."""
    return Sequence(list(datasets))


def of(**values: object) -> Dataset:
    """A dataset from keyword = value pairs."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def start(
    study: Study,
    series: Series,
    machine: Machine,
    sop_class: UID,
    number: int,
    syntax: UID = ExplicitVRLittleEndian,
) -> FileDataset:
    """A dataset with the patient, study, series, equipment and SOP common modules filled."""
    sop_uid = uid(study.key, str(series.number), str(number))
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, UID(sop_uid)
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = study.charset
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, sop_uid
    ds.InstanceCreationDate, ds.InstanceCreationTime = study.date, series.clock
    ds.TimezoneOffsetFromUTC = "+0800"
    _patient_study(ds, study)
    ds.Modality = series.modality or study.modality
    ds.SeriesInstanceUID = uid(study.key, str(series.number))
    ds.SeriesNumber, ds.InstanceNumber = series.number, number
    ds.SeriesDescription = series.description
    ds.SeriesDate, ds.SeriesTime = study.date, series.clock
    ds.PerformedProcedureStepStartDate = study.date
    ds.PerformedProcedureStepStartTime = study.time
    ds.PerformedProcedureStepID = "P" + study.accession[-8:]
    if series.protocol:
        ds.ProtocolName = series.protocol
    ds.Manufacturer, ds.ManufacturerModelName = machine.manufacturer, machine.model
    ds.StationName, ds.DeviceSerialNumber = machine.station, machine.serial
    ds.SoftwareVersions = machine.software
    return ds


def _patient_study(ds: Dataset, study: Study) -> None:
    ds.PatientName, ds.PatientID = study.person.name, study.person.patient_id
    ds.IssuerOfPatientID = study.institution
    ds.PatientSex, ds.PatientBirthDate = study.person.sex, study.person.birth
    ds.PatientAge = study.age
    ds.StudyInstanceUID = study.study_uid
    ds.StudyID = study.accession[-8:]
    ds.StudyDate, ds.StudyTime = study.date, study.time
    ds.AccessionNumber = study.accession
    ds.StudyDescription = study.description
    ds.ReferringPhysicianName = study.referring
    ds.RequestingPhysician = study.referring
    ds.RequestingService = study.department
    ds.InstitutionName = study.institution
    ds.InstitutionalDepartmentName = study.department


def acquired(ds: Dataset, study: Study, series: Series, number: int = 1) -> None:
    """General Image attributes for a primary image."""
    ds.AcquisitionDate, ds.AcquisitionTime = study.date, series.clock
    ds.ContentDate, ds.ContentTime = study.date, series.clock
    ds.AcquisitionNumber = number
    ds.BurnedInAnnotation = "NO"


def window(ds: Dataset, *levels: tuple[str, int, int]) -> None:
    """VOI windows as (explanation, center, width); the first is the default."""
    ds.WindowCenter = [str(c) for _, c, _ in levels]
    ds.WindowWidth = [str(w) for _, _, w in levels]
    ds.WindowCenterWidthExplanation = [e for e, _, _ in levels]


def grey(ds: Dataset, pixels: np.ndarray, bits: int) -> None:
    """Image Pixel module for one MONOCHROME2 frame in 16-bit words, uncompressed."""
    signed = pixels.dtype.kind == "i"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = pixels.astype("<i2" if signed else "<u2").tobytes()
    ds["PixelData"].VR = "OW"


def jpeg_colour(ds: Dataset, frames: list[bytes], rows: int, columns: int, raw: int) -> None:
    """Image Pixel module for JPEG baseline 4:2:2 frames; `raw` is the uncompressed size."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, "YBR_FULL_422"
    ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.NumberOfFrames = len(frames)
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = f"{raw / sum(map(len, frames)):.2f}"
    ds.LossyImageCompressionMethod = "ISO_10918_1"
    ds.PixelData = encapsulate(frames, has_bot=True)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit


def save(ds: FileDataset, folder: Path, name: str) -> Path:
    """Write one Part 10 file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path
