"""Frames to pictures. Runs only inside the render worker process.

The frame is decoded by `codecs.py` and its grey values are brought to the screen by `grey.py`; here
colour, shape and the picture's own format are made. Objects without pixels get a drawn stand-in
that shows no patient data.
"""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageCms, ImageDraw, ImageOps
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from telemed.dicom import film, screen
from telemed.dicom.annotation import annotated
from telemed.dicom.codecs import Pixels, decode
from telemed.dicom.elements import ScannedFile, Tag, swapped
from telemed.dicom.grey import eight_bits, first_item, windowed
from telemed.dicom.picture import PictureSpec, Region
from telemed.dicom.presentation import presentation
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.dicom.shutter import shuttered
from telemed.dicom.syntaxes import content_of

_OPTICAL_PATHS, _ICC_PROFILE = 0x00480105, 0x00282000
_PALETTE: Final = {
    "RedPaletteColorLookupTable": (0x00281101, 0x00281201, 0x00281221),
    "GreenPaletteColorLookupTable": (0x00281102, 0x00281202, 0x00281222),
    "BluePaletteColorLookupTable": (0x00281103, 0x00281203, 0x00281223),
}


def picture(file: ScannedFile, spec: PictureSpec) -> bytes:
    """The picture a spec asks for; raises `Refused`."""
    if not spec.film:
        return _encoded(file, _still(file, spec), spec)
    rate = film.frame_rate(file)
    first = _still(file, replace(spec, frame=spec.film[0]))
    film.check_length(first.size, len(spec.film))
    rest = (_still(file, replace(spec, frame=number)) for number in spec.film[1:])
    pictures = chain([first], rest)
    if spec.kind == "mp4":
        return film.mp4(pictures, rate, spec.quality)
    return film.gif(pictures, rate)


def _still(file: ScannedFile, spec: PictureSpec) -> Image.Image:
    kind = content_of(file.ascii(Tag.SOP_CLASS)).kind
    if kind == "waveform":
        return _fitted(_waveform_picture(file), spec.fit)
    if file.pixels is None or file.syntax.video:
        label = "VIDEO" if file.syntax.video else kind
        return _fitted(_placeholder(label), spec.fit)
    if file.pixels.element.tag != Tag.PIXELS:
        raise Refused("cannot-render", why="floating point pixels")
    if spec.state:
        with opened(Path(spec.state)) as state:
            image = shuttered(_grey_or_colour(file, spec, state), state)
            told = presentation(state, file.ascii(Tag.SOP_INSTANCE))
        image = screen.shown(image, told, lambda made: _fitted(made, spec.fit), spec.font)
    else:
        image = shuttered(_grey_or_colour(file, spec), file)
        image = _fitted(_cropped(image, spec.region), spec.fit)
    return annotated(image, file, spec.annotation, spec.font)


def _grey_or_colour(
    file: ScannedFile, spec: PictureSpec, state: ScannedFile | None = None
) -> Image.Image:
    photometric = file.ascii(Tag.PHOTOMETRIC)
    pixels = decode(file, spec.frame, as_rgb=True).values
    if photometric == "PALETTE COLOR":
        return Image.fromarray(eight_bits(apply_color_lut(pixels, _palette(file))), "RGB")
    if pixels.ndim == 3:
        return Image.fromarray(eight_bits(pixels), "RGB")
    grey = windowed(file, spec, pixels, state)
    # The output of a presentation state is P-values already, of a plain image not (C.11.6).
    if photometric == "MONOCHROME1" and state is None:
        grey = 255 - grey
    return Image.fromarray(grey, "L")


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


def _encoded(file: ScannedFile, image: Image.Image, spec: PictureSpec) -> bytes:
    out = io.BytesIO()
    image, profile = _profiled(file, image, spec.profile)
    if spec.kind == "png":
        image.save(out, "PNG", compress_level=3, icc_profile=profile)
    elif spec.kind == "gif":
        image.save(out, "GIF")
    else:
        image.save(out, "JPEG", quality=spec.quality, icc_profile=profile)
    return out.getvalue()


def _profiled(
    file: ScannedFile, image: Image.Image, wanted: str
) -> tuple[Image.Image, bytes | None]:
    """A colour picture and the profile that goes into it: the file's own, or sRGB (C.11.15)."""
    if wanted == "no" or image.mode != "RGB":
        return image, None
    held = first_item(file.elements.get(_OPTICAL_PATHS)) or file.elements
    own = held.get(_ICC_PROFILE)
    if own is not None and own.length and wanted == "yes":
        return image, file.value(own)
    target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    if own is not None and own.length:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(file.value(own)))
            made = ImageCms.profileToProfile(image, source, target)
        except (OSError, ImageCms.PyCMSError) as fault:
            raise Refused("cannot-render", why="ICC profile") from fault
        image = made or image
    return image, target.tobytes()


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
    group = first_item(file.elements.get(0x54000100))
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
