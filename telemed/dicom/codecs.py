"""Codecs: one frame out of a codestream and into another. Runs only inside the worker process.

Our own scanner reads the file; pydicom and its codecs see one frame's codestream and the few
numbers that describe it, never a foreign data set. Sizes are checked by arithmetic and against the
codestream's own header before anything is decoded. Colour that was kept exactly stays as the codec
gives it, so that a lossless way there and back ends at the same samples; colour out of a JPEG with
losses becomes RGB, which every IOD with colour lists.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.encoders.base import get_encoder
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID, RLELossless

from telemed.dicom.elements import ScannedFile, Tag
from telemed.dicom.frames import frame
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, OCTETS, RLE
from telemed.dicom.transcode import FrameSpec, PixelDescription, packed

MAX_SAMPLES: Final = 192_000_000  # 8,000 x 8,000 in colour

Pixels = NDArray[Any]

_BITS_STORED, _HIGH_BIT = 0x00280101, 0x00280102


class Decoded(NamedTuple):
    """Samples of one frame, rows x columns [x samples], and what they are."""

    values: Pixels
    photometric: str
    bits_stored: int

    @property
    def signed(self) -> bool:
        return self.values.dtype.kind == "i"

    @property
    def colour(self) -> bool:
        return self.values.ndim == 3


def coded(file: ScannedFile, spec: FrameSpec) -> bytes:
    """A frame in another transfer syntax, as `transcode.unpacked` reads it; raises `Refused`."""
    # YBR_FULL outside of a JPEG is not among the values of US and VL WSI (PS3.3 C.8.5.6.1.2,
    # C.8.12.4.1.1); rounding to RGB loses less than the JPEG did. JPEG 2000 ends at RGB by itself.
    lossy_jpeg = file.syntax.lossy and file.syntax.media_type == "image/jpeg"
    decoded = decode(file, spec.frame, as_rgb=lossy_jpeg)
    if spec.syntax == EXPLICIT_LE:
        return packed(_described(decoded), native(decoded))
    encode = ENCODERS.get(spec.syntax)
    if encode is None:
        raise Refused("cannot-transcode", why="no encoder")
    _check_encodable(file, decoded)
    try:
        made = encode(decoded, spec.quality)
    except (MemoryError, Refused):
        raise
    except Exception as error:
        raise Refused("cannot-transcode", why=type(error).__name__) from None
    like = decoded._replace(photometric=made.photometric, bits_stored=made.bits_stored)
    return packed(_described(like), made.data)


def native(decoded: Decoded) -> bytes:
    """What would stand in an Explicit VR Little Endian file."""
    values = decoded.values
    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False)).tobytes()


def _described(decoded: Decoded) -> PixelDescription:
    allocated = 8 * decoded.values.dtype.itemsize
    return PixelDescription(decoded.photometric, allocated, min(allocated, decoded.bits_stored))


# -- decoding -----------------------------------------------------------------------------


def decode(file: ScannedFile, number: int, *, as_rgb: bool = False) -> Decoded:
    """The samples of one frame, counted from 1; YBR colour as RGB if wanted."""
    codestream = frame(file, number)
    _check_size(file, codestream)
    try:
        if file.syntax.media_type == "image/jxl":
            return _decode_jxl(file, codestream)
        dataset = _minimal(file, codestream)
        decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
        values, told = decoder.as_array(dataset, index=0, raw=not as_rgb)
    except (MemoryError, Refused):
        raise
    except Exception as error:
        # Decoders fail in many ways on broken streams; each is a broken picture to us.
        raise Refused("cannot-render", why=type(error).__name__) from None
    # Decoders give every pixel its own colour, whatever was shared in the file.
    photometric = str(told["photometric_interpretation"]).replace("_422", "")
    return Decoded(np.asarray(values), photometric, int(told["bits_stored"]))


def _decode_jxl(file: ScannedFile, codestream: bytes) -> Decoded:
    """JPEG XL has no sign of its own and gives colour as RGB (PS3.5 A.4.12)."""
    values = np.asarray(imagecodecs.jpegxl_decode(codestream))
    dataset = _minimal(file, codestream)
    if values.shape[:2] != (dataset.Rows, dataset.Columns):
        raise Refused("cannot-render", why="codestream size")
    if values.dtype.itemsize * 8 != dataset.BitsAllocated or values.dtype.kind != "u":
        raise Refused("cannot-render", why="pixel description")
    if dataset.PixelRepresentation:
        values = _signed(values, dataset.BitsStored)
    photometric = "RGB" if values.ndim == 3 else str(dataset.PhotometricInterpretation)
    return Decoded(values, photometric, dataset.BitsStored)


def _signed(values: Pixels, bits: int) -> Pixels:
    """The lowest bits of each value read as a two's complement."""
    spare = 8 * values.dtype.itemsize - bits
    return np.asarray((values.view(f"i{values.dtype.itemsize}") << spare) >> spare)


def _minimal(file: ScannedFile, codestream: bytes) -> Dataset:
    """A data set with one frame and its description, made by us from checked numbers."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    compressed = file.syntax.encapsulated and file.syntax.media_type != OCTETS
    dataset.file_meta.TransferSyntaxUID = UID(file.syntax.uid if compressed else EXPLICIT_LE)
    bits = file.number(Tag.BITS_ALLOCATED) or 8
    dataset.Rows = file.number(Tag.ROWS) or 0
    dataset.Columns = file.number(Tag.COLUMNS) or 0
    dataset.SamplesPerPixel = file.number(Tag.SAMPLES) or 1
    dataset.PhotometricInterpretation = file.ascii(Tag.PHOTOMETRIC) or "MONOCHROME2"
    dataset.BitsAllocated = bits
    dataset.BitsStored = min(bits, file.number(_BITS_STORED) or bits)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 1 if file.number(Tag.PIXEL_REPRESENTATION) == 1 else 0
    if dataset.SamplesPerPixel > 1:
        dataset.PlanarConfiguration = file.number(Tag.PLANAR) or 0
    if len(codestream) % 2:
        codestream += b"\0"
    dataset.PixelData = encapsulate([codestream], has_bot=False) if compressed else codestream
    dataset["PixelData"].VR = "OB" if compressed or bits <= 8 else "OW"
    return dataset


def _check_size(file: ScannedFile, codestream: bytes) -> None:
    rows, columns = file.number(Tag.ROWS) or 0, file.number(Tag.COLUMNS) or 0
    samples = file.number(Tag.SAMPLES) or 1
    if not rows or not columns or samples not in (1, 3, 4):
        raise Refused("cannot-render", why="pixel description")
    if rows * columns * samples > MAX_SAMPLES:
        raise Refused("cannot-render", why="too many pixels")
    if file.syntax.encapsulated:
        stated = codestream_size(codestream)
        # Decoders allocate what the codestream claims, whatever the header says (ST-09).
        if stated is not None and stated != (columns, rows):
            raise Refused("cannot-render", why="codestream size")


def codestream_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a JPEG, JPEG-LS or JPEG 2000 codestream."""
    if data[:4] == b"\xff\x4f\xff\x51" and len(data) >= 24:
        width, height, left, top = struct.unpack_from(">4I", data, 8)
        return width - left, height - top
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        mark = data[at + 1]
        if mark == 0xFF:  # fill byte
            at += 1
        elif (0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC)) or mark == 0xF7:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


# -- encoding -----------------------------------------------------------------------------


class Encoded(NamedTuple):
    """A codestream and how its samples are to be understood."""

    data: bytes
    photometric: str
    bits_stored: int


def _check_encodable(file: ScannedFile, decoded: Decoded) -> None:
    """Refuse what a codestream could not hold without losing something."""
    stored = file.number(_BITS_STORED) or decoded.bits_stored
    if (file.number(_HIGH_BIT) or stored - 1) != stored - 1:
        raise Refused("cannot-transcode", why="HighBit")
    if decoded.values.dtype.kind not in "iu" or decoded.values.dtype.itemsize > 2:
        raise Refused("cannot-transcode", why="BitsAllocated")
    if file.number(Tag.BITS_ALLOCATED) == 1 or (decoded.colour and decoded.values.shape[2] != 3):
        raise Refused("cannot-transcode", why="SamplesPerPixel")
    overlay = (tag for tag in file.elements if tag >> 24 == 0x60 and tag & 0xFFFF == 0x0102)
    if any(file.number(tag) for tag in overlay):
        raise Refused("cannot-transcode", why="overlay in unused bits")


def _unsigned(decoded: Decoded, bits: int) -> Pixels:
    """The lowest bits of each sample; codestreams other than JPEG 2000 know no sign."""
    values = np.ascontiguousarray(decoded.values).view(f"u{decoded.values.dtype.itemsize}")
    return np.asarray(values & values.dtype.type((1 << bits) - 1))


def _exact(decoded: Decoded) -> Pixels:
    """Samples with nothing in the bits above those stored (PS3.5 8.1.1 gives those no meaning)."""
    if decoded.signed:
        return _signed(_unsigned(decoded, decoded.bits_stored), decoded.bits_stored)
    return _unsigned(decoded, decoded.bits_stored)


def _rle(decoded: Decoded, quality: int) -> Encoded:
    values = np.ascontiguousarray(decoded.values)
    data = get_encoder(RLELossless).encode(
        values,
        encoding_plugin="pylibjpeg",
        rows=values.shape[0],
        columns=values.shape[1],
        number_of_frames=1,
        samples_per_pixel=values.shape[2] if decoded.colour else 1,
        bits_allocated=8 * values.dtype.itemsize,
        bits_stored=8 * values.dtype.itemsize,
        pixel_representation=int(decoded.signed),
        photometric_interpretation=decoded.photometric,
        planar_configuration=0,
    )
    return Encoded(data, decoded.photometric, decoded.bits_stored)


def _jpeg_lossless(decoded: Decoded, quality: int) -> Encoded:
    """First-order prediction, selection value 1 (PS3.5 A.4.2)."""
    bits = _bits_of_jpeg(decoded)
    if decoded.photometric.startswith("YBR"):
        # The encoder halves whatever is named YCbCr, and decoders take the rest for RGB.
        raise Refused("cannot-transcode", why="PhotometricInterpretation")
    data = imagecodecs.jpeg8_encode(
        _unsigned(decoded, bits), lossless=True, predictor=1, bitspersample=bits
    )
    return Encoded(bytes(data), decoded.photometric, bits)


def _bits_of_jpeg(decoded: Decoded) -> int:
    """The encoder tells the width of a sample by its precision; what differs is declared."""
    wide = decoded.values.dtype.itemsize == 2
    return decoded.bits_stored if wide == (decoded.bits_stored > 8) else 16


def _jpeg_ls(decoded: Decoded, quality: int) -> Encoded:
    """Samples in full width: the codestream's precision and Bits Stored agree (PS3.5 A.4.3)."""
    bits = 8 * decoded.values.dtype.itemsize
    values = _exact(decoded).view(f"u{bits // 8}")
    return Encoded(bytes(imagecodecs.jpegls_encode(values)), decoded.photometric, bits)


def _jpeg_2000(decoded: Decoded, quality: int) -> Encoded:
    rgb = decoded.photometric == "RGB"
    data = imagecodecs.jpeg2k_encode(
        _exact(decoded),
        level=0,
        codecformat="j2k",
        reversible=True,
        bitspersample=decoded.bits_stored,
        resolutions=min(6, min(decoded.values.shape[:2]).bit_length()),
        mct=rgb,
    )
    return Encoded(bytes(data), "YBR_RCT" if rgb else decoded.photometric, decoded.bits_stored)


def _htj2k(decoded: Decoded, quality: int) -> Encoded:
    """The encoder takes whole bytes only; the true precision is written into the header.

    Unsigned samples are moved so that the level shift of the narrower precision brings them
    back (ISO/IEC 15444-1 G.1.2); signed ones have no shift.

    It goes by resolution (RPCL), each in a tile-part whose length stands in front, down to one of
    at most 64 x 64: what the RPCL syntax asks for, and no loss to the others.
    """
    values, bits = _exact(decoded), decoded.bits_stored
    spare = 8 * values.dtype.itemsize
    if not decoded.signed and bits < spare:
        values = values + values.dtype.type((1 << spare - 1) - (1 << bits - 1))
    rgb = decoded.photometric == "RGB"
    halvings = max(5, (max(values.shape[:2]) - 1 >> 6).bit_length())
    data = bytearray(
        imagecodecs.htj2k_encode(
            values, reversible=True, rgb=rgb, resolutions=halvings, tlm=True, tilepart=1
        )
    )
    size = data.index(b"\xff\x51") + 2
    (count,) = struct.unpack_from(">H", data, size + 36)
    for component in range(count):
        data[size + 38 + 3 * component] = bits - 1 | (0x80 if decoded.signed else 0)
    return Encoded(bytes(data), "YBR_RCT" if rgb else decoded.photometric, bits)


def _jpeg_xl(decoded: Decoded, quality: int) -> Encoded:
    """Without losses and as a bare codestream: a container is put around level 10 all the same."""
    if decoded.colour and decoded.photometric != "RGB":
        raise Refused("cannot-transcode", why="PhotometricInterpretation")  # decoders give RGB
    data = bytes(
        imagecodecs.jpegxl_encode(
            _unsigned(decoded, decoded.bits_stored),
            lossless=True,
            usecontainer=False,
            bitspersample=decoded.bits_stored,
        )
    )
    return Encoded(_bare(data), decoded.photometric, decoded.bits_stored)


def _bare(data: bytes) -> bytes:
    """The codestream of a JPEG XL file (ISO/IEC 18181-2 9.1)."""
    at = 0
    while data[:2] != b"\xff\x0a" and at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"jxlc":
            return data[at + 8 : at + size if size else None]
        at += size or len(data)
    return data


def _jpeg_extended(decoded: Decoded, quality: int) -> Encoded:
    """With losses: process 4, up to 12 bits of gray (PS3.5 A.4.1); fewer have the baseline."""
    if decoded.colour or decoded.signed or not 9 <= decoded.bits_stored <= 12:
        raise Refused("cannot-transcode", why="BitsStored")
    values = _unsigned(decoded, decoded.bits_stored)
    data = imagecodecs.jpeg8_encode(values, level=quality, bitspersample=12)
    return Encoded(bytes(data), decoded.photometric, 12)


def _jpeg_baseline(decoded: Decoded, quality: int) -> Encoded:
    """With losses: 8 bits, colour with half the chroma columns (PS3.5 A.4.1)."""
    if decoded.bits_stored != 8 or decoded.signed or decoded.photometric == "PALETTE COLOR":
        raise Refused("cannot-transcode", why="BitsStored")
    values = np.ascontiguousarray(decoded.values)
    if decoded.photometric.startswith("YBR_FULL"):
        values = convert_color_space(values, "YBR_FULL", "RGB")
    out = io.BytesIO()
    Image.fromarray(values).save(out, "JPEG", quality=quality, subsampling="4:2:2")
    return Encoded(out.getvalue(), "YBR_FULL_422" if decoded.colour else decoded.photometric, 8)


Encoder = Callable[[Decoded, int], Encoded]

# A lossless codestream is a legal member of the syntax that allows losses (PS3.5 A.4.3, A.4.4).
ENCODERS: Final[Mapping[str, Encoder]] = {
    RLE: _rle,
    "1.2.840.10008.1.2.4.50": _jpeg_baseline,
    "1.2.840.10008.1.2.4.51": _jpeg_extended,
    "1.2.840.10008.1.2.4.57": _jpeg_lossless,
    "1.2.840.10008.1.2.4.70": _jpeg_lossless,
    "1.2.840.10008.1.2.4.80": _jpeg_ls,
    "1.2.840.10008.1.2.4.81": _jpeg_ls,
    "1.2.840.10008.1.2.4.90": _jpeg_2000,
    "1.2.840.10008.1.2.4.91": _jpeg_2000,
    "1.2.840.10008.1.2.4.110": _jpeg_xl,
    "1.2.840.10008.1.2.4.112": _jpeg_xl,
    "1.2.840.10008.1.2.4.201": _htj2k,
    "1.2.840.10008.1.2.4.202": _htj2k,
    "1.2.840.10008.1.2.4.203": _htj2k,
}
