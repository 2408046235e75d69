"""What a compressed image says about itself: size, samples, bits, and its transfer syntax.

Only the headers of JPEG, JPEG-LS and JPEG 2000 codestreams, JP2 boxes, MPEG-2 and MP4 are read,
nothing is decoded. This fills in the Image Pixel Description that a sender of metadata and bulk
data may leave out (PS3.18 10.5.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES

HEAD: Final = 1 << 20
"""How much of a codestream is looked at."""


class Described(NamedTuple):
    """An image as its codestream describes it; `syntax` is a transfer syntax UID."""

    syntax: str
    rows: int
    columns: int
    samples: int = 3
    bits: int = 8
    signed: bool = False
    photometric: str = "YBR_PARTIAL_420"
    lossy: bool = True
    frames: int = 1


_BASE: Final = "1.2.840.10008.1.2.4."


def describe(head: bytes, media_type: str) -> Described:
    """What the beginning of a codestream of a media type says; raises `Refused` bad-metadata."""
    readers = {"image/jpeg": _jpeg, "image/jls": _jpeg, "video/mpeg": _mpeg2, "video/mp4": _mp4}
    try:
        if media_type in readers:
            return readers[media_type](head)
        if media_type in _J2K_SYNTAXES:
            return _j2k(head, *_J2K_SYNTAXES[media_type])
    except (struct.error, IndexError):
        pass
    raise Refused("bad-metadata", why=f"{media_type} does not describe itself")


def default_syntax(media_type: str) -> str:
    """The transfer syntax of a media type that names none (PS3.18 table 8.7.3-5)."""
    return _DEFAULTS[media_type]


_DEFAULTS: Final = {
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jpeg": f"{_BASE}70",
    "image/jls": f"{_BASE}80",
    "image/jp2": f"{_BASE}90",
    "image/jpx": f"{_BASE}92",
    "image/jxl": f"{_BASE}110",
    "image/jphc": f"{_BASE}201",
    "video/mpeg": f"{_BASE}101",
    "video/mp4": f"{_BASE}102",
    "video/h265": f"{_BASE}107",
}


# -- JPEG and JPEG-LS ---------------------------------------------------------------------

_SOF: Final = {0xC0: "50", 0xC1: "51", 0xC3: "57", 0xF7: "80"}
_SOS: Final = 0xDA
_ADOBE: Final = 0xEE


def _segments(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker segments up to the start of the scan."""
    if head[:2] != b"\xff\xd8":
        return
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            at += 1
            continue
        length = struct.unpack_from(">H", head, at + 2)[0]
        yield marker, head[at + 4 : at + 2 + length]
        if marker == _SOS:
            return
        at += 2 + length


def _jpeg(head: bytes) -> Described:
    segments = dict(_segments(head))
    found = [marker for marker in segments if marker in _SOF]
    if len(found) != 1 or _SOS not in segments:
        raise Refused("bad-metadata", why="JPEG process")
    frame, scan = segments[found[0]], segments[_SOS]
    bits, rows, columns, samples = struct.unpack_from(">BHHB", frame)
    syntax = _SOF[found[0]]
    near = scan[1 + 2 * scan[0]]  # NEAR of JPEG-LS, the predictor of lossless JPEG
    if syntax == "57" and near == 1:
        syntax = "70"
    if syntax == "80" and near:
        syntax = "81"
    photometric = "MONOCHROME2"
    if samples == 3:
        photometric = _jpeg_colour(syntax, frame[7], segments.get(_ADOBE, b""))
    lossy = TRANSFER_SYNTAXES[_BASE + syntax].lossy
    return Described(_BASE + syntax, rows, columns, samples, bits, False, photometric, lossy)


def _jpeg_colour(syntax: str, sampling: int, adobe: bytes) -> str:
    """Colour as lossy JPEG carries it, unless an Adobe marker says that it was not transformed."""
    plain = adobe[:5] == b"Adobe" and len(adobe) > 11 and adobe[11] == 0
    if plain or syntax not in ("50", "51"):
        return "RGB"
    return "YBR_FULL_422" if sampling >> 4 == 2 else "YBR_FULL"


# -- JPEG 2000 ----------------------------------------------------------------------------

_J2K_SYNTAXES: Final = {
    "image/jp2": ("90", "91"),
    "image/jpx": ("92", "93"),
    "image/jph": ("201", "203"),
    "image/jphc": ("201", "203"),
}
_SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"


def codestream_span(head: bytes, length: int) -> tuple[int, int]:
    """Where the codestream lies in a JP2 or JPH file of `length` bytes; a bare one is the whole.

    DICOM holds codestreams without boxes (PS3.5 A.4.4).
    """
    if not head.startswith(_SIGNATURE):
        return 0, length
    at = 0
    while at + 16 <= len(head):
        size, kind = struct.unpack_from(">I4s", head, at)
        start = at + 8
        if size == 1:
            size, start = struct.unpack_from(">Q", head, at + 8)[0], at + 16
        end = length if size == 0 else at + size
        if kind == b"jp2c" and start <= end <= length:
            return start, end - start
        if end <= at:
            break
        at = end
    raise Refused("bad-metadata", why="no codestream in the boxes")


def _j2k(head: bytes, reversible: str, irreversible: str) -> Described:
    start, _ = codestream_span(head, len(head))
    if head[start : start + 4] != b"\xff\x4f\xff\x51":
        raise Refused("bad-metadata", why="JPEG 2000")
    _, x1, y1, x0, y0 = struct.unpack_from(">HIIII", head, start + 6)
    samples, depth = struct.unpack_from(">HB", head, start + 40)
    coding = _j2k_coding(head, start + 4)
    exact = coding[9] == 1
    photometric = "MONOCHROME2"
    if samples == 3:
        photometric = ("YBR_RCT" if exact else "YBR_ICT") if coding[4] else "RGB"
    return Described(
        _BASE + (reversible if exact else irreversible),
        y1 - y0, x1 - x0, samples, (depth & 0x7F) + 1, bool(depth & 0x80), photometric, not exact,
    )  # fmt: skip


def _j2k_coding(head: bytes, at: int) -> bytes:
    """The COD segment: [4] tells a colour transform, [9] the wavelet (ISO 15444-1 A.6.1)."""
    while head[at - 2 : at] != b"\xff\x52":
        at += struct.unpack_from(">H", head, at)[0]
        at += 2
        if head[at - 2] != 0xFF:
            raise Refused("bad-metadata", why="JPEG 2000")
    return head[at + 2 : at + 14]


# -- video --------------------------------------------------------------------------------


def _mpeg2(head: bytes) -> Described:
    at = head.index(b"\0\0\1\xb3") if b"\0\0\1\xb3" in head else len(head)
    sides = int.from_bytes(head[at + 4 : at + 7], "big")
    if len(head) < at + 7:
        raise Refused("bad-metadata", why="MPEG-2")
    return Described(f"{_BASE}101", sides & 0xFFF, sides >> 12)


def _mp4(head: bytes) -> Described:
    """The first track that is shown; its size is of 16.16 bits at the end of the header."""
    at = head.find(b"tkhd")
    while at >= 4:
        size = struct.unpack_from(">I", head, at - 4)[0]
        width, height = struct.unpack_from(">HxxHxx", head, at - 4 + size - 8)
        if width and height:
            return Described(f"{_BASE}102", height, width)
        at = head.find(b"tkhd", at + 4)
    raise Refused("bad-metadata", why="MP4")
