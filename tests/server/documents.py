"""Encapsulated documents as small DICOM files."""

from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from tests.store.files import ct_bytes

_PIXELS = ("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
           "BitsStored", "HighBit", "PixelRepresentation", "PixelData")  # fmt: skip


def pdf_bytes(sop: str, sop_class: str, body: bytes) -> bytes:
    """A Part 10 file that encapsulates `body` as application/pdf."""
    dataset = dcmread(BytesIO(ct_bytes(study="2.25.7", series="2.25.7.0", sop=sop)))
    return as_pdf(dataset, sop_class, body)


def as_pdf(dataset: Dataset, sop_class: str, body: bytes) -> bytes:
    """The file with `body` as application/pdf in the place of its pixels."""
    for keyword in _PIXELS:
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Modality = "DOC"
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = body
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
