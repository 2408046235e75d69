"""Encapsulated documents as small DICOM files."""

from io import BytesIO

from pydicom import dcmread

from tests.store.files import ct_bytes

_PIXELS = ("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
           "BitsStored", "HighBit", "PixelRepresentation", "PixelData")  # fmt: skip


def pdf_bytes(sop: str, sop_class: str, body: bytes) -> bytes:
    """A Part 10 file that encapsulates `body` as application/pdf."""
    dataset = dcmread(BytesIO(ct_bytes(study="2.25.7", series="2.25.7.0", sop=sop)))
    for keyword in _PIXELS:
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.Modality = "DOC"
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = body
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
