"""Objects of the kinds that the samples lack, made around the pixels of the samples.

Each is told as its IOD asks; what a viewer must show of it is a number or a word that stands here.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileDataset
from pydicom.sr import Code, codes
from pydicom.uid import ExplicitVRLittleEndian

STORAGE = "1.2.840.10008.5.1.4.1.1."
LENGTH_MM = 14.25


def item(**values: object) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def saved(dataset: FileDataset) -> bytes:
    """The bytes of a file in Explicit VR Little Endian."""
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def picture(path: Path, kind: str, modality: str, **more: object) -> bytes:
    """A sample's image as one of another class."""
    dataset = dcmread(path)
    dataset.SOPClassUID, dataset.Modality = STORAGE + kind, modality
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return saved(dataset)


def mammogram(path: Path) -> bytes:
    """A digital mammogram for presentation (PS3.3 A.27) with the pixels of a radiograph."""
    return picture(
        path, "1.2", "MG", ImageLaterality="R", BodyPartExamined="BREAST", ViewPosition="CC"
    )


def positrons(paths: list[Path]) -> list[bytes]:
    """A PET series (PS3.3 A.21) in BQML with what an uptake value is counted from."""
    dose = item(
        RadiopharmaceuticalStartTime="080000", RadionuclideTotalDose="370000000",
        RadionuclideHalfLife="6586.2", RadionuclidePositronFraction="0.97",
    )  # fmt: skip
    made = []
    for place, path in enumerate(paths):
        values = dcmread(path).pixel_array.astype(float)
        counts = np.clip(values - values.min(), 0, 32000).astype("<u2")
        made.append(picture(
            path, "128", "PT", Units="BQML", DecayCorrection="START",
            CorrectedImage=["ATTN", "DECY"], CountsSource="EMISSION",
            SeriesType=["STATIC", "IMAGE"], ImageIndex=place + 1,
            NumberOfSlices=len(paths), PatientWeight="62", FrameReferenceTime="0",
            ActualFrameDuration="120000", RadiopharmaceuticalInformationSequence=[dose],
            RescaleSlope="20", RescaleIntercept="0", RescaleType="BQML", PixelRepresentation=0,
            PixelData=counts.tobytes(), WindowCenter="1200", WindowWidth="2400",
        ))  # fmt: skip
    return made


def scintigram(path: Path) -> bytes:
    """A whole-body NM image of two frames, front and back (PS3.3 A.5)."""
    values = dcmread(path).pixel_array.astype(float)
    counts = (255 * (values - values.min()) / np.ptp(values)).astype("u1")[::2, ::2]
    return picture(
        path, "20", "NM", Rows=counts.shape[0], Columns=counts.shape[1], NumberOfFrames=2,
        FrameIncrementPointer=[0x00540010, 0x00540020], EnergyWindowVector=[1, 1],
        DetectorVector=[1, 2], NumberOfEnergyWindows=1, NumberOfDetectors=2, SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=8, BitsStored=8, HighBit=7,
        PixelRepresentation=0, ImageType=["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"],
        WindowCenter="128", WindowWidth="256", RescaleSlope="1", RescaleIntercept="0",
        PixelData=counts.tobytes() + counts[:, ::-1].tobytes(),
    )  # fmt: skip


def general_ecg(path: Path) -> bytes:
    """A 12-lead ECG as a General ECG (PS3.3 A.34.4)."""
    return picture(path, "9.1.2", "ECG")


# -- what refers to an image ----------------------------------------------------------------


def beside(image: Path, kind: str, modality: str, number: int) -> FileDataset:
    """A data set of the study of an image in a series of its own, without an image's pixels."""
    dataset = dcmread(image, stop_before_pixels=True)
    for element in list(dataset):
        if element.tag.group in (0x0018, 0x0028, 0x7FE0):
            del dataset[element.tag]
    dataset.SOPClassUID, dataset.Modality = STORAGE + kind, modality
    dataset.SeriesInstanceUID = f"2.25.77{number}"
    dataset.SOPInstanceUID = f"2.25.77{number}.1"
    dataset.SeriesNumber, dataset.InstanceNumber = 900 + number, 1
    dataset.SeriesDescription = f"{modality} of the samples"
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
    return dataset


def reference(image: Path) -> Dataset:
    """A referenced image."""
    source = dcmread(image, stop_before_pixels=True)
    return item(
        ReferencedSOPClassUID=source.SOPClassUID, ReferencedSOPInstanceUID=source.SOPInstanceUID
    )


def evidence(image: Path) -> Dataset:
    """A referenced series with one image."""
    source = dcmread(image, stop_before_pixels=True)
    return item(
        SeriesInstanceUID=source.SeriesInstanceUID,
        ReferencedSOPSequence=[reference(image)],
    )


def coded(code: Code) -> Dataset:
    """An item of a code sequence."""
    return item(
        CodeValue=code.value,
        CodingSchemeDesignator=code.scheme_designator,
        CodeMeaning=code.meaning,
    )


def content(relation: str, kind: str, name: Code, **more: object) -> Dataset:
    """A content item of a report (PS3.3 C.17.3)."""
    made = item(ValueType=kind, ConceptNameCodeSequence=[coded(name)], **more)
    if relation:
        made.RelationshipType = relation
    return made


def measurements(image: Path) -> bytes:
    """A length on an image as a measurement report (PS3.16 TID 1500, 1410)."""
    source = dcmread(image, stop_before_pixels=True)
    dataset = beside(image, "88.33", "SR", 1)
    shown = item(
        ValueType="IMAGE",
        RelationshipType="SELECTED FROM",
        ReferencedSOPSequence=[reference(image)],
    )
    line = content(
        "INFERRED FROM", "SCOORD", Code("121055", "DCM", "Path"), GraphicType="POLYLINE",
        GraphicData=[200.0, 200.0, 240.0, 230.0], ContentSequence=[shown],
    )  # fmt: skip
    value = item(
        NumericValue=str(LENGTH_MM), MeasurementUnitsCodeSequence=[coded(codes.UCUM.Millimeter)]
    )
    length = content(
        "CONTAINS", "NUM", codes.SCT.Length, MeasuredValueSequence=[value], ContentSequence=[line]
    )
    finding = content(
        "CONTAINS", "CODE", codes.DCM.Finding,
        ConceptCodeSequence=[coded(codes.SCT.Nodule)],
    )  # fmt: skip
    tool = content(
        "HAS OBS CONTEXT", "TEXT", codes.DCM.TrackingIdentifier,
        TextValue="Cornerstone3DTools@^0.1.0:Length",
    )  # fmt: skip
    named = content(
        "HAS OBS CONTEXT", "UIDREF", codes.DCM.TrackingUniqueIdentifier, UID="2.25.771.2"
    )
    group = content(
        "CONTAINS", "CONTAINER", codes.DCM.MeasurementGroup, ContinuityOfContent="SEPARATE",
        ContentSequence=[tool, named, finding, length],
    )  # fmt: skip
    groups = content(
        "CONTAINS", "CONTAINER", codes.DCM.ImagingMeasurements, ContinuityOfContent="SEPARATE",
        ContentSequence=[group],
    )  # fmt: skip
    library = content(
        "CONTAINS", "CONTAINER", codes.DCM.ImageLibrary, ContinuityOfContent="SEPARATE"
    )
    root = content(
        "", "CONTAINER", codes.DCM.ImagingMeasurementReport, ContinuityOfContent="SEPARATE",
        ContentTemplateSequence=[item(MappingResource="DCMR", TemplateIdentifier="1500")],
        ContentSequence=[library, groups],
        CompletionFlag="COMPLETE", VerificationFlag="UNVERIFIED",
        CurrentRequestedProcedureEvidenceSequence=[item(
            StudyInstanceUID=source.StudyInstanceUID, ReferencedSeriesSequence=[evidence(image)])],
    )  # fmt: skip
    dataset.update(root)
    return saved(dataset)


def segmentation(images: list[Path]) -> bytes:
    """A square marked on every image of a series (PS3.3 A.51), one bit a pixel."""
    first = dcmread(images[0], stop_before_pixels=True)
    dataset = beside(images[0], "66.4", "SEG", 2)
    mask = np.zeros((first.Rows, first.Columns), bool)
    mask[200:300, 200:300] = True
    packed = np.packbits(np.tile(mask.ravel(), len(images)), bitorder="little")
    dataset.update(item(
        ImageType=["DERIVED", "PRIMARY"], SegmentationType="BINARY", ContentLabel="SQUARE",
        ContentDescription="A square", ContentCreatorName="Marker^Test",
        Rows=first.Rows, Columns=first.Columns, NumberOfFrames=len(images), SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=1, BitsStored=1, HighBit=0,
        PixelRepresentation=0, LossyImageCompression="00", PixelData=packed.tobytes(),
        Manufacturer="telemed", ManufacturerModelName="tests", DeviceSerialNumber="1",
        SoftwareVersions="1",
        SegmentSequence=[item(
            SegmentNumber=1, SegmentLabel="Square", SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=[coded(codes.SCT.MorphologicallyAbnormalStructure)],
            SegmentedPropertyTypeCodeSequence=[coded(codes.SCT.Nodule)],
            RecommendedDisplayCIELabValue=[35000, 53000, 48000],
        )],
        ReferencedSeriesSequence=[item(
            SeriesInstanceUID=first.SeriesInstanceUID,
            ReferencedInstanceSequence=[reference(image) for image in images],
        )],
        DimensionOrganizationSequence=[item(DimensionOrganizationUID="2.25.772.3")],
        DimensionIndexSequence=[
            item(DimensionOrganizationUID="2.25.772.3", DimensionIndexPointer=index,
                 FunctionalGroupPointer=group)
            for index, group in ((0x0062000B, 0x0062000A), (0x00200032, 0x00209113))
        ],
        SharedFunctionalGroupsSequence=[item(
            PlaneOrientationSequence=[item(ImageOrientationPatient=first.ImageOrientationPatient)],
            PixelMeasuresSequence=[item(
                PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness,
            )],
        )],
        PerFrameFunctionalGroupsSequence=[
            _marked(image, place) for place, image in enumerate(images, start=1)
        ],
    ))  # fmt: skip
    dataset["PixelData"].VR = "OB"
    return saved(dataset)


def _marked(image: Path, place: int) -> Dataset:
    """The functional groups of one frame: where it lies and which image it is drawn on."""
    head = dcmread(image, stop_before_pixels=True)
    source = reference(image)
    source.PurposeOfReferenceCodeSequence = [
        coded(codes.DCM.SourceImageForImageProcessingOperation)
    ]
    derived = item(
        SourceImageSequence=[source], DerivationCodeSequence=[coded(codes.DCM.Segmentation)]
    )
    return item(
        FrameContentSequence=[item(DimensionIndexValues=[1, place])],
        PlanePositionSequence=[item(ImagePositionPatient=head.ImagePositionPatient)],
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=1)],
        DerivationImageSequence=[derived],
    )
