"""Frames to pictures. Runs only inside the render worker process.

Our own scanner reads the file; pydicom and its codecs see one frame's codestream and the
few numbers that describe it, never a foreign data set. Sizes are checked by arithmetic and
against the codestream's own header before anything is decoded. Objects without pixels get
a drawn stand-in that shows no patient data.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from telemed.dicom.elements import Element, Item, ScannedFile, Tag, swapped
from telemed.dicom.frames import frame
from telemed.dicom.picture import PictureSpec, Region, Window
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.dicom.syntaxes import EXPLICIT_LE, OCTETS, content_of

MAX_SAMPLES: Final = 192_000_000  # 8,000 x 8,000 in colour

Pixels = NDArray[Any]

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132
_INTERCEPT, _SLOPE = 0x00281052, 0x00281053
_CENTER, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006
_PALETTE: Final = {
    "RedPaletteColorLookupTable": (0x00281101, 0x00281201, 0x00281221),
    "GreenPaletteColorLookupTable": (0x00281102, 0x00281202, 0x00281222),
    "BluePaletteColorLookupTable": (0x00281103, 0x00281203, 0x00281223),
}


def render(path: Path, spec: PictureSpec) -> bytes:
    """The picture a spec asks for from a stored file; raises `Refused`."""
    with opened(path) as file:
        if spec.kind == "native":
            return native(file, spec.frame)
        return _encoded(_picture(file, spec), spec)


def native(file: ScannedFile, number: int) -> bytes:
    """A frame decoded to what would stand in an Explicit VR Little Endian file."""
    decoded = _decode(file, number, raw=True)
    return np.ascontiguousarray(decoded.astype(decoded.dtype.newbyteorder("<"))).tobytes()


def _picture(file: ScannedFile, spec: PictureSpec) -> Image.Image:
    kind = content_of(file.ascii(Tag.SOP_CLASS)).kind
    if kind == "waveform":
        return _fitted(_waveform_picture(file), spec.fit)
    if file.pixels is None or file.syntax.video:
        label = "VIDEO" if file.syntax.video else kind
        return _fitted(_placeholder(label), spec.fit)
    if file.pixels.element.tag != Tag.PIXELS:
        raise Refused("cannot-render", why="floating point pixels")
    image = _grey_or_colour(file, spec)
    return _fitted(_cropped(image, spec.region), spec.fit)


def _grey_or_colour(file: ScannedFile, spec: PictureSpec) -> Image.Image:
    photometric = file.ascii(Tag.PHOTOMETRIC)
    pixels = _decode(file, spec.frame, raw=False)
    if photometric == "PALETTE COLOR":
        return Image.fromarray(_eight_bits(apply_color_lut(pixels, _palette(file))), "RGB")
    if pixels.ndim == 3:
        return Image.fromarray(_eight_bits(pixels), "RGB")
    grey = _windowed(file, spec, pixels)
    if photometric == "MONOCHROME1":
        grey = 255 - grey
    return Image.fromarray(grey, "L")


# -- decoding -----------------------------------------------------------------------------


def _decode(file: ScannedFile, number: int, *, raw: bool) -> Pixels:
    """Pixels of one frame as an array of rows x columns [x samples]; colour as RGB."""
    codestream = frame(file, number)
    _check_size(file, codestream)
    dataset = _minimal(file, codestream)
    try:
        return np.asarray(pixel_array(dataset, raw=raw))
    except (MemoryError, Refused):
        raise
    except Exception as error:
        # Decoders fail in many ways on broken streams; each is a broken picture to us.
        raise Refused("cannot-render", why=type(error).__name__) from None


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
    dataset.BitsStored = min(bits, file.number(0x00280101) or bits)
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


# -- grey values (PS3.3 C.11.1 and C.11.2) ------------------------------------------------


def _windowed(file: ScannedFile, spec: PictureSpec, pixels: Pixels) -> Pixels:
    """Modality and VOI transformation to 8 bits."""
    groups = _functional_groups(file, spec.frame)
    values = _modality_values(file, groups, pixels.astype(np.float32))
    if spec.window is not None:
        return _apply_window(values, spec.window)
    lut = _first_item(file.elements.get(_VOI_LUTS))
    if lut is not None:
        return _eight_bits(_apply_lut(file, lut, values))
    return _apply_window(values, _stated_window(file, groups) or _natural_window(file, values))


def _functional_groups(file: ScannedFile, number: int) -> list[Item]:
    """Where a frame's attributes may stand, the closest first (PS3.3 C.7.6.16)."""
    found = []
    per_frame = file.elements.get(_PER_FRAME)
    if per_frame is not None and per_frame.items and number <= len(per_frame.items):
        found.append(per_frame.items[number - 1])
    shared = _first_item(file.elements.get(_SHARED))
    return [*found, *([shared] if shared is not None else [])]


def _first_item(element: Element | None) -> Item | None:
    return element.items[0] if element is not None and element.items else None


def _numbers(file: ScannedFile, groups: list[Item], macro: int, *tags: int) -> list[float] | None:
    """The first values of DS elements in a functional group's macro or at the top."""
    macros = [item for group in groups if (item := _first_item(group.get(macro))) is not None]
    for holder in (*macros, file.elements):
        elements = [holder.get(tag) for tag in tags]
        try:
            texts = [file.value(e).split(b"\\")[0] if e else b"" for e in elements]
            numbers = [float(text.strip(b"\0 ")) for text in texts]
        except ValueError:
            continue
        if all(map(np.isfinite, numbers)):
            return numbers
    return None


def _modality_values(file: ScannedFile, groups: list[Item], values: Pixels) -> Pixels:
    lut = _first_item(file.elements.get(_MODALITY_LUTS))
    if lut is not None:
        return _apply_lut(file, lut, values)
    linear = _numbers(file, groups, _TRANSFORMATION, _SLOPE, _INTERCEPT)
    if linear is None or linear == [1.0, 0.0]:
        return values
    return np.asarray(values * np.float32(linear[0]) + np.float32(linear[1]))


def _stated_window(file: ScannedFile, groups: list[Item]) -> Window | None:
    stated = _numbers(file, groups, _FRAME_VOI, _CENTER, _WIDTH)
    if stated is None or stated[1] < 1:
        return None
    function = file.ascii(_FUNCTION).lower().replace("_", "-") or "linear"
    return Window(stated[0], stated[1], function)


def _natural_window(file: ScannedFile, values: Pixels) -> Window:
    """The whole range for 8 bits, the range of nearly all pixels for more."""
    if (file.number(Tag.BITS_ALLOCATED) or 8) <= 8:
        top = 1.0 if file.number(Tag.BITS_ALLOCATED) == 1 else 255.0
        return Window(top / 2, top, "linear-exact")
    low, high = np.percentile(values[::4, ::4], (0.5, 99.5))
    return Window(float(low + high) / 2, max(1.0, float(high - low)), "linear-exact")


def _apply_window(values: Pixels, window: Window) -> Pixels:
    """The functions of PS3.3 C.11.2.1.2 and C.11.2.1.3, to 0 .. 255."""
    center, width, function = window
    if function == "sigmoid":
        scaled = 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
    elif function == "linear-exact":
        scaled = (values - center) / width + 0.5
    else:
        scaled = (values - (center - 0.5)) / max(width - 1, 1e-6) + 0.5
    return (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)


def _apply_lut(file: ScannedFile, lut: Item, values: Pixels) -> Pixels:
    """A lookup table of a Modality or VOI LUT sequence, scaled to 16 bits."""
    descriptor, data = lut.get(_LUT_DESCRIPTOR), lut.get(_LUT_DATA)
    if descriptor is None or data is None or descriptor.length != 6:
        raise Refused("cannot-render", why="lookup table")
    order: Literal["<", ">"] = "<" if file.byte_order == "little" else ">"
    signed = "h" if file.number(Tag.PIXEL_REPRESENTATION) == 1 else "H"
    raw = file.value(descriptor)
    entries, _, bits = struct.unpack(order + "HHH", raw)
    (first,) = struct.unpack_from(order + signed, raw, 2)
    table = np.frombuffer(file.value(data), dtype=np.dtype("u2").newbyteorder(order))
    if table.size < (entries or 65536) or not 8 <= bits <= 16:
        raise Refused("cannot-render", why="lookup table")
    looked_up = table[np.clip(values - first, 0, (entries or 65536) - 1).astype(np.int32)]
    return np.asarray(looked_up.astype(np.float32) * np.float32(65535 / (2**bits - 1)))


def _eight_bits(values: Pixels) -> Pixels:
    """Colour or looked-up values brought to 8 bits by the width of their type."""
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.float32:
        return (values / 257).astype(np.uint8)
    return (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)


def _palette(file: ScannedFile) -> Dataset:
    """The palette of a file as a data set of ours."""
    dataset = Dataset()
    order = "<" if file.byte_order == "little" else ">"
    for keyword, (descriptor, data, segmented) in _PALETTE.items():
        numbers = file.raw(descriptor)
        if len(numbers) != 6:
            raise Refused("cannot-render", why="palette")
        setattr(dataset, f"{keyword}Descriptor", list(struct.unpack(order + "HHH", numbers)))
        table = file.raw(data) or file.raw(segmented)
        table = swapped(table, 2) if order == ">" else table
        prefix = "" if data in file.elements else "Segmented"
        setattr(dataset, f"{prefix}{keyword}Data", table)
    return dataset


# -- the picture --------------------------------------------------------------------------


def _cropped(image: Image.Image, region: Region | None) -> Image.Image:
    if region is None:
        return image
    width = region.width if region.width is not None else image.width - region.x
    height = region.height if region.height is not None else image.height - region.y
    box = (region.x, region.y, region.x + abs(width), region.y + abs(height))
    left, top = max(0, round(box[0])), max(0, round(box[1]))
    right, bottom = min(image.width, round(box[2])), min(image.height, round(box[3]))
    if right <= left or bottom <= top:
        raise Refused("bad-query", name="viewport", value="outside the image")
    image = image.crop((left, top, right, bottom))
    image = ImageOps.mirror(image) if width < 0 else image
    return ImageOps.flip(image) if height < 0 else image


def _fitted(image: Image.Image, fit: tuple[int, int] | None) -> Image.Image:
    """As large as fits, in proportion (10.4.2.6 asks for scaling up as well as down)."""
    if fit is None:
        return image
    scale = min(fit[0] / image.width, fit[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, spec: PictureSpec) -> bytes:
    out = io.BytesIO()
    if spec.kind == "png":
        image.save(out, "PNG", compress_level=3)
    else:
        image.save(out, "JPEG", quality=spec.quality)
    return out.getvalue()


# -- stand-ins ----------------------------------------------------------------------------

_LABELS: Final = {"document": "PDF", "report": "SR", "VIDEO": "VIDEO"}


def _placeholder(kind: str) -> Image.Image:
    """A sheet of paper with the kind of the object on it and nothing about the patient."""
    image = Image.new("RGB", (256, 256), "#20262e")
    draw = ImageDraw.Draw(image)
    draw.polygon([(64, 32), (160, 32), (192, 64), (192, 224), (64, 224)], fill="#e8ecf1")
    draw.polygon([(160, 32), (160, 64), (192, 64)], fill="#aab4c0")
    for y in range(120, 208, 16):
        draw.line([(80, y), (176, y)], fill="#aab4c0", width=3)
    draw.text((80, 76), _LABELS.get(kind, "DICOM"), fill="#20262e", font_size=28)
    return image


def _waveform_picture(file: ScannedFile) -> Image.Image:
    """The first ten seconds of each channel of the first multiplex group, on ECG paper."""
    group = _first_item(file.elements.get(0x54000100))
    if group is None:
        return _placeholder("waveform")
    order: Literal["<", ">"] = "<" if file.byte_order == "little" else ">"
    channels, data = group.get(0x003A0005), group.get(0x54001010)
    bits = group.get(0x54001004)
    if channels is None or data is None or bits is None or file.value(bits)[:1] in (b"", b"\x08"):
        return _placeholder("waveform")
    count = int.from_bytes(file.value(channels)[:2], file.byte_order)
    samples = np.frombuffer(file.value(data), dtype=np.dtype("i2").newbyteorder(order))
    if not 0 < count <= 64 or samples.size < count:
        return _placeholder("waveform")
    return _draw_leads(samples[: samples.size // count * count].reshape(-1, count)[:10_000])


def _draw_leads(leads: Pixels) -> Image.Image:
    width, height = 512, 384
    image = Image.new("RGB", (width, height), "#fff6f4")
    draw = ImageDraw.Draw(image)
    for at in range(0, width, 16):
        draw.line([(at, 0), (at, height)], fill="#f3cfc9")
        draw.line([(0, at), (width, at)], fill="#f3cfc9")
    lane = height / leads.shape[1]
    places = np.linspace(0, leads.shape[0] - 1, width).astype(int)
    span = float(np.percentile(np.abs(leads - np.median(leads, axis=0)), 99.8)) or 1.0
    for number in range(leads.shape[1]):
        trace = leads[places, number].astype(np.float64)
        offset = (trace - np.median(trace)) / span * lane * 0.6
        ys = np.clip((number + 0.5) * lane - offset, 0, height - 1)
        draw.line([(x, float(y)) for x, y in enumerate(ys)], fill="#1c1c1c")
    return image
