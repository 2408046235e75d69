"""Synthetic DICOM instances, realistic in size and header, made from templates.

A Template is one encoded file whose identifying fields have a fixed width, so
a new instance is a copy of the bytes with those fields overwritten: a CT slice
costs about 50 us instead of a pydicom write.  Everything is a pure function of
its arguments, so two servers under comparison get the very same bytes.
"""

import datetime as dt
import functools
import io
import random
from collections.abc import Iterator

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

SOP_CLASS = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "USM": "1.2.840.10008.5.1.4.1.1.3.1",  # US multi-frame
    "ECG": "1.2.840.10008.5.1.4.1.1.9.1.1",
}
MODALITIES = ("CT", "MR", "CR", "DX", "US")
CHARSETS = {"utf8": ("ISO_IR 192", "utf-8"), "gb": ("GB18030", "gb18030")}
SURNAMES = [
    ("Wang", "王"), ("Li", "李"), ("Zhang", "张"), ("Liu", "刘"), ("Chen", "陈"), ("Yang", "杨"),
    ("Huang", "黄"), ("Zhao", "赵"), ("Wu", "吴"), ("Zhou", "周"), ("Xu", "徐"), ("Sun", "孙"),
]  # fmt: skip
GIVEN = [
    ("XiaoDong", "小东"), ("Wei", "伟"), ("Fang", "芳"), ("Na", "娜"), ("MinMin", "敏敏"),
    ("Jing", "静"), ("Qiang", "强"), ("Lei", "磊"), ("Yang", "洋"), ("Yan", "艳"),
    ("JianGuo", "建国"), ("XiuYing", "秀英"),
]  # fmt: skip

# Fixed-width fields that a template lets the caller overwrite.  The value here
# is the placeholder that is looked up in the encoded bytes.
SLOTS = {
    "study": "2.25.1" + "7" * 38,
    "series": "2.25.1" + "8" * 38,
    "sop": "2.25.1" + "9" * 38,
    "patient_id": "PIDPLACEHOLDER00",
    "name": "NAMEPLACEHOLDER^" + "X" * 48,
    "accession": "ACCPLACEHOLDER00",
    "study_date": "19010203",
    "instance_number": "987654",
    "position": "-98765.5",
}


def uid(salt: int, kind: int, a: int, b: int = 0) -> str:
    """A 44-character UID under 2.25, unique per (salt, kind, a, b)."""
    return f"2.25.1{salt:016d}{kind:02d}{a:010d}{b:010d}"


def person(n: int) -> str:
    (s1, s2), (g1, g2) = SURNAMES[n % 12], GIVEN[(n // 12) % 12]
    return f"{s1}^{g1}={s2}^{g2}"


class Template:
    """An encoded instance whose SLOTS can be overwritten."""

    def __init__(self, ds: Dataset, charset: str = "utf8"):
        buf = io.BytesIO()
        pydicom.dcmwrite(buf, ds, enforce_file_format=True)
        self.raw = buf.getvalue()
        self.codec = CHARSETS[charset][1]
        self.slots: dict[str, list[int]] = {}
        for field, mark in SLOTS.items():
            mark_b, at, found = mark.encode(), 0, []
            while (at := self.raw.find(mark_b, at)) >= 0:
                found.append(at)
                at += len(mark_b)
            self.slots[field] = found
        assert len(self.slots["sop"]) == 2, "SOP UID must be in the file meta and the data set"

    def make(self, **values: str) -> bytes:
        out = bytearray(self.raw)
        for field, value in values.items():
            width = len(SLOTS[field])
            enc = value.encode(self.codec if field == "name" else "ascii").ljust(width)
            assert len(enc) == width, (field, value)
            for at in self.slots[field]:
                out[at : at + width] = enc
        return bytes(out)


def _base(modality: str, charset: str = "utf8", sop_class: str | None = None) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = sop_class or SOP_CLASS[modality]
    ds.file_meta.MediaStorageSOPInstanceUID = SLOTS["sop"]
    ds.SpecificCharacterSet = CHARSETS[charset][0]
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.InstanceCreationDate, ds.InstanceCreationTime = "20250102", "101112.123"
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID
    ds.SOPInstanceUID = SLOTS["sop"]
    ds.StudyDate = SLOTS["study_date"]
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20250102"
    ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime, ds.ContentTime = (
        "101010",
        "101020",
        "101030.5",
        "101031.5",
    )
    ds.AccessionNumber = SLOTS["accession"]
    ds.Modality = modality
    ds.Manufacturer = "ACME MEDICAL"
    ds.InstitutionName = "Central Hospital"
    ds.ReferringPhysicianName = "Zhao^Lei"
    ds.StationName = "ROOM1"
    ds.StudyDescription = "ROUTINE STUDY"
    ds.SeriesDescription = "AXIAL 1.0 B30f"
    ds.ManufacturerModelName = "Scan 64"
    ds.PatientName = SLOTS["name"]
    ds.PatientID = SLOTS["patient_id"]
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19700101", "M", "055Y"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = SLOTS["study"], SLOTS["series"]
    ds.StudyID, ds.SeriesNumber = "1", "2"
    ds.InstanceNumber = SLOTS["instance_number"]
    return ds


def _pixels(ds: Dataset, rows: int, cols: int, bits: int, samples: int = 1) -> None:
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, cols, samples
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0


def _image(rows: int, cols: int, top: int, seed: int = 1) -> np.ndarray:
    """A smooth phantom with noise, so that compression behaves as on real images."""
    y, x = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    body = (np.hypot(x / 0.9, y / 0.7) < 1) * 0.45 + (np.hypot((x - 0.3) / 0.2, y / 0.3) < 1) * 0.3
    noise = np.random.default_rng(seed).normal(0, 0.01, (rows, cols))
    return np.clip((body + 0.05 + noise) * top, 0, top).astype(np.uint16)


@functools.cache
def ct(charset: str = "utf8") -> Template:
    """512x512, 12 of 16 bits, ~529 kB, with about 110 header elements."""
    ds = _base("CT", charset)
    _pixels(ds, 512, 512, 12)
    ds.BodyPartExamined, ds.ScanOptions, ds.ProtocolName = "CHEST", "HELIX", "Thorax Routine"
    ds.SliceThickness, ds.KVP, ds.DataCollectionDiameter, ds.SpacingBetweenSlices = (
        "1.0",
        "120",
        "500",
        "1.0",
    )
    ds.DeviceSerialNumber, ds.SoftwareVersions, ds.ReconstructionDiameter = "12345", "V1.2.3", "350"
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient, ds.GantryDetectorTilt = (
        "1040",
        "570",
        "0",
    )
    ds.TableHeight, ds.RotationDirection, ds.ExposureTime = "150", "CW", "500"
    ds.XRayTubeCurrent, ds.Exposure, ds.FilterType, ds.GeneratorPower = "200", "100", "FLAT", "24"
    ds.FocalSpots, ds.ConvolutionKernel, ds.PatientPosition = "1.2", "B30f", "FFS"
    ds.ImagePositionPatient = ["-175.0", "-175.0", SLOTS["position"]]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.FrameOfReferenceUID = "2.25.1" + "5" * 38
    ds.PositionReferenceIndicator, ds.SliceLocation = "", SLOTS["position"]
    ds.PixelSpacing = ["0.68359375", "0.68359375"]
    ds.WindowCenter, ds.WindowWidth = (
        ["1024", "40"],
        ["4096", "400"],
    )  # the first shows the whole phantom
    ds.WindowCenterWidthExplanation = ["WINDOW1", "WINDOW2"]
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.PixelPaddingValue = 0
    for keyword in ("ReferencedStudySequence", "ReferencedPerformedProcedureStepSequence"):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
            SOP_CLASS["CT"],
            "2.25.1" + "4" * 38,
        )
        setattr(ds, keyword, Sequence([item]))
    ds.SourceImageSequence = Sequence([])
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTCHEST", "LOCAL", "CT Chest"
    ds.ProcedureCodeSequence = Sequence([code])
    req = Dataset()
    req.ScheduledProcedureStepID, req.RequestedProcedureID = "SPS1", "RP1"
    req.ScheduledProcedureStepDescription = "CT Chest"
    req.ScheduledProtocolCodeSequence = Sequence([code])
    ds.RequestAttributesSequence = Sequence([req])
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepID = "20250102", "PPS1"
    ds.PatientWeight, ds.PatientSize, ds.PregnancyStatus = "70", "1.75", 4
    ds.AcquisitionNumber, ds.ContrastBolusAgent = "1", "IOPAMIDOL"
    for group, name in ((0x0019, "ACME CT HEADER"), (0x0029, "ACME CSA HEADER")):
        block = ds.private_block(group, name, create=True)
        for el in range(0x10, 0x24):
            block.add_new(el, "LO", f"private value {el:02x}")
        block.add_new(0x30, "OB", bytes(range(256)) * 4)
    ds.PixelData = ct_picture().tobytes()
    return Template(ds, charset)


def ct_picture() -> np.ndarray:
    return _image(512, 512, 4095)


def dx_picture() -> np.ndarray:
    return _image(2500, 2048, 16383)


@functools.cache
def dx(charset: str = "gb") -> Template:
    """A 2048x2500 16-bit radiograph, 10.2 MB."""
    ds = _base("DX", charset)
    _pixels(ds, 2500, 2048, 14)
    ds.BodyPartExamined, ds.ViewPosition, ds.KVP = "CHEST", "PA", "110"
    ds.PixelSpacing = ds.ImagerPixelSpacing = ["0.143", "0.143"]
    ds.WindowCenter, ds.WindowWidth = "8192", "16384"
    ds.PresentationIntentType, ds.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PixelData = dx_picture().tobytes()
    return Template(ds, charset)


US_FRAMES = 20


@functools.cache
def us(charset: str = "utf8") -> Template:
    """An ultrasound loop: 20 JPEG frames of 640x480, about 0.5 MB."""
    ds = _base("US", charset, SOP_CLASS["USM"])
    _pixels(ds, 480, 640, 8, 3)
    ds.PhotometricInterpretation, ds.PlanarConfiguration = "YBR_FULL_422", 0
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.NumberOfFrames, ds.FrameTime = str(US_FRAMES), "33.3"
    ds.FrameIncrementPointer = 0x00181063
    ds.LossyImageCompression, ds.LossyImageCompressionMethod = "01", "ISO_10918_1"
    frames = []
    for n in range(US_FRAMES):
        grey = (_image(480, 640, 255, seed=n)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(np.dstack([grey] * 3)).save(out, "JPEG", quality=85)
        frames.append(out.getvalue())
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return Template(ds, charset)


@functools.cache
def ecg(charset: str = "utf8") -> Template:
    """A 12-lead ECG: 10 s at 500 Hz and a median beat, about 140 kB."""
    ds = _base("ECG", charset)
    ds.AcquisitionDateTime = "20250102101030"
    ds.AcquisitionContextSequence = Sequence([])
    leads = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    groups = []
    for label, samples in (("RHYTHM", 5000), ("MEDIAN BEAT", 600)):
        g = Dataset()
        g.WaveformOriginality = "ORIGINAL"
        g.NumberOfWaveformChannels, g.NumberOfWaveformSamples, g.SamplingFrequency = (
            12,
            samples,
            "500",
        )
        g.MultiplexGroupLabel = label
        channels = []
        for lead in leads:
            c = Dataset()
            src = Dataset()
            src.CodeValue, src.CodingSchemeDesignator, src.CodeMeaning = (
                "2:1",
                "MDC",
                "Lead " + lead,
            )
            unit = Dataset()
            unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = (
                "uV",
                "UCUM",
                "microvolt",
            )
            c.ChannelSourceSequence = Sequence([src])
            c.ChannelSensitivity, c.ChannelSensitivityCorrectionFactor = "4.88", "1"
            c.ChannelSensitivityUnitsSequence = Sequence([unit])
            c.ChannelBaseline, c.ChannelSampleSkew, c.WaveformBitsStored = "0", "0", 16
            channels.append(c)
        g.ChannelDefinitionSequence = Sequence(channels)
        g.WaveformBitsAllocated, g.WaveformSampleInterpretation = 16, "SS"
        t = np.arange(samples) / 500
        wave = np.exp(-((t % 0.8 - 0.4) ** 2) / 0.0004)[:, None] * np.linspace(100, 300, 12)
        g.add_new(0x54001010, "OW", wave.astype("<i2").tobytes())
        groups.append(g)
    ds.WaveformSequence = Sequence(groups)
    del ds.ImageType
    return Template(ds, charset)


@functools.cache
def tiny(modality: str = "CT", charset: str = "utf8", side: int = 64) -> Template:
    """A side x side 8-bit image (64: 5.5 kB), to show the cost per instance."""
    ds = _base(modality, charset)
    _pixels(ds, side, side, 8)
    ds.PixelData = _image(side, side, 255).astype(np.uint8).tobytes()
    return Template(ds, charset)


def series(
    template: Template, salt: int, study: int, count: int, first: int = 0
) -> Iterator[bytes]:
    """The instances of one series, as bytes."""
    for n in range(first, first + count):
        yield template.make(
            study=uid(salt, 1, study),
            series=uid(salt, 2, study),
            sop=uid(salt, 3, study, n),
            patient_id=f"B{salt % 10**9:09d}{study:06d}",
            name="Bench^Test=测试^甲",
            accession=f"A{study:09d}",
            study_date="20230102",
            instance_number=f"{n + 1:06d}",
            position=f"{n:+08.1f}",
        )


# --- the archive that queries run against ------------------------------------
ARCHIVE_SALT = 42


class Archive:
    """A fixed archive of `count` one-instance studies with known attributes."""

    FIRST_DAY = dt.date(2024, 1, 1)
    DAYS = 500

    def __init__(self, count: int):
        rnd = random.Random(7)
        self.studies = []
        for n in range(count):
            patient = rnd.randrange(max(1, count * 2 // 3))
            self.studies.append(
                {
                    "n": n,
                    "study": uid(ARCHIVE_SALT, 1, n),
                    "series": uid(ARCHIVE_SALT, 2, n),
                    "sop": uid(ARCHIVE_SALT, 3, n),
                    "patient_id": f"ARCHIVE{patient:09d}",
                    "name": person(patient),
                    "accession": f"ACC{n:09d}",
                    "modality": MODALITIES[rnd.randrange(5)],
                    "charset": "gb" if patient % 3 == 0 else "utf8",
                    "study_date": (
                        self.FIRST_DAY + dt.timedelta(rnd.randrange(self.DAYS))
                    ).strftime("%Y%m%d"),
                }
            )

    def instance(self, s: dict) -> bytes:
        return tiny(s["modality"], s["charset"], 16).make(
            study=s["study"],
            series=s["series"],
            sop=s["sop"],
            patient_id=s["patient_id"],
            name=s["name"],
            accession=s["accession"],
            study_date=s["study_date"],
            instance_number="000001",
        )
