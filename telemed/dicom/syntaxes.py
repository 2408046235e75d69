"""Transfer syntaxes and SOP classes as tables: what each implies for reading and serving.

A transfer syntax says how the data set and its pixels are encoded and under which media
type a frame travels (PS3.18 table 8.7.3-5). A SOP class says which element proves that an
object is whole. Unknown transfer syntaxes are unreadable; unknown SOP classes are welcome.
"""

from __future__ import annotations

from typing import Final, NamedTuple

OCTETS: Final = "application/octet-stream"


class TransferSyntax(NamedTuple):
    """One row: `media_type` is that of one frame, `start` how its codestream begins.

    `made` says that the worker can encode frames in it.
    """

    uid: str
    name: str
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False
    encapsulated: bool = False
    video: bool = False
    lossy: bool = False
    media_type: str = OCTETS
    start: bytes = b""
    made: bool = False

    @property
    def on_the_wire(self) -> bool:
        """May travel in a web service as stored (PS3.18 8.7.3 bars implicit and big endian)."""
        return not (self.implicit or self.big_endian or self.deflated)

    @property
    def wired(self) -> str:
        """The UID under which it travels as stored."""
        return self.uid if self.on_the_wire else EXPLICIT_LE

    @property
    def decodable(self) -> bool:
        """The render worker has a codec for its frames."""
        return not self.video and self.media_type != "image/jpx"


IMPLICIT_LE: Final = "1.2.840.10008.1.2"
EXPLICIT_LE: Final = "1.2.840.10008.1.2.1"
DEFLATED_LE: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE: Final = "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"

_JPEG, _J2K = b"\xff\xd8", b"\xff\x4f\xff\x51"


def _coded(
    uid: str, name: str, media_type: str, start: bytes, *, lossy: bool = False, made: bool = False
) -> TransferSyntax:
    uid = f"1.2.840.10008.1.2.{uid}"
    return TransferSyntax(
        uid, name, encapsulated=True, lossy=lossy, media_type=media_type, start=start, made=made
    )


def _video(uid: str, name: str, media_type: str) -> TransferSyntax:
    uid = f"1.2.840.10008.1.2.4.{uid}"
    return TransferSyntax(
        uid, name, encapsulated=True, video=True, lossy=True, media_type=media_type
    )


def _videos() -> list[TransferSyntax]:
    rows = [
        ("100", "MPEG2 Main Profile / Main Level", "video/mpeg"),
        ("101", "MPEG2 Main Profile / High Level", "video/mpeg"),
        ("102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", "video/mp4"),
        ("103", "MPEG-4 AVC/H.264 BD-compatible High Profile", "video/mp4"),
        ("104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 2D", "video/mp4"),
        ("105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 3D", "video/mp4"),
        ("106", "MPEG-4 AVC/H.264 Stereo High Profile", "video/mp4"),
    ]
    fragmentable = [(f"{uid}.1", f"Fragmentable {name}", media) for uid, name, media in rows]
    hevc = [
        ("107", "HEVC/H.265 Main Profile / Level 5.1", "video/H265"),
        ("108", "HEVC/H.265 Main 10 Profile / Level 5.1", "video/H265"),
    ]
    return [_video(*row) for row in (*rows, *fragmentable, *hevc)]


TRANSFER_SYNTAXES: Final[dict[str, TransferSyntax]] = {
    row.uid: row
    for row in (
        TransferSyntax(IMPLICIT_LE, "Implicit VR Little Endian", implicit=True),
        TransferSyntax(EXPLICIT_LE, "Explicit VR Little Endian"),
        TransferSyntax(DEFLATED_LE, "Deflated Explicit VR Little Endian", deflated=True),
        TransferSyntax(EXPLICIT_BE, "Explicit VR Big Endian", big_endian=True),
        _coded("1.98", "Encapsulated Uncompressed Explicit VR Little Endian", OCTETS, b""),
        _coded("4.50", "JPEG Baseline (Process 1)", "image/jpeg", _JPEG, lossy=True, made=True),
        _coded(
            "4.51", "JPEG Extended (Process 2 and 4)", "image/jpeg", _JPEG, lossy=True, made=True
        ),
        _coded("4.57", "JPEG Lossless (Process 14)", "image/jpeg", _JPEG, made=True),
        _coded(
            "4.70", "JPEG Lossless (Process 14, Selection Value 1)", "image/jpeg", _JPEG, made=True
        ),
        _coded("4.80", "JPEG-LS Lossless", "image/jls", _JPEG, made=True),
        _coded("4.81", "JPEG-LS Near-Lossless", "image/jls", _JPEG, lossy=True, made=True),
        _coded("4.90", "JPEG 2000 (Lossless Only)", "image/jp2", _J2K, made=True),
        _coded("4.91", "JPEG 2000", "image/jp2", _J2K, lossy=True, made=True),
        _coded("4.92", "JPEG 2000 Part 2 (Lossless Only)", "image/jpx", _J2K),
        _coded("4.93", "JPEG 2000 Part 2", "image/jpx", _J2K, lossy=True),
        _coded("4.110", "JPEG XL Lossless", "image/jxl", b"\xff\x0a", made=True),
        _coded("4.111", "JPEG XL JPEG Recompression", "image/jxl", b"\xff\x0a", lossy=True),
        _coded("4.112", "JPEG XL", "image/jxl", b"\xff\x0a", lossy=True, made=True),
        _coded("4.201", "High-Throughput JPEG 2000 (Lossless Only)", "image/jphc", _J2K, made=True),
        _coded(
            "4.202", "High-Throughput JPEG 2000 RPCL (Lossless Only)", "image/jphc", _J2K, made=True
        ),
        _coded("4.203", "High-Throughput JPEG 2000", "image/jphc", _J2K, lossy=True, made=True),
        _coded("5", "RLE Lossless", "image/dicom-rle", b"", made=True),
        *_videos(),
    )
}


# PS3.18 table 8.7.3-5: what an image type means when no transfer syntax is named.
BULK_DEFAULTS: Final[dict[str, str]] = {
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": RLE,
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
}


def targets(stored: TransferSyntax) -> tuple[str, ...]:
    """The compressed syntaxes that frames of a stored one may be given in, the stored left out."""
    if not stored.decodable:
        return ()
    return tuple(row.uid for row in TRANSFER_SYNTAXES.values() if row.made and row != stored)


class Content(NamedTuple):
    """What an object of a SOP class must hold; any one of `tags` will do."""

    kind: str  # image, waveform, report, document, other
    tags: tuple[int, ...] = ()


_IMAGE = Content("image", (0x7FE00010, 0x7FE00008, 0x7FE00009))
_WAVEFORM = Content("waveform", (0x54000100,))
_REPORT = Content("report", (0x0040A493, 0x0040A730))
_DOCUMENT = Content("document", (0x00420011,))
_OTHER = Content("other")

# Below 1.2.840.10008.5.1.4.1.1; the longest matching branch decides.
_CONTENTS: Final[dict[str, Content]] = {
    **dict.fromkeys(
        [
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "7",
            "12",
            "13",
            "14",
            "20",
            "30",
            "66.4",
            "77.1",
            "81.1",
            "82.1",
        ],
        _IMAGE,
    ),
    **dict.fromkeys(["128", "130", "481.1", "601"], _IMAGE),
    "4.2": _OTHER,  # MR spectroscopy holds Spectroscopy Data
    "77.1.5.3": _OTHER,  # stereometric relationship
    "9.1": _WAVEFORM,
    **dict.fromkeys(["9.2", "9.3", "9.4", "9.5", "9.6", "9.7", "9.8"], _WAVEFORM),
    "88": _REPORT,
    "104": _DOCUMENT,
}
_STORAGE = "1.2.840.10008.5.1.4.1.1."


def content_of(sop_class: str) -> Content:
    """The content rule of a SOP class; one without demands for classes not in the table."""
    branch = sop_class.removeprefix(_STORAGE) if sop_class.startswith(_STORAGE) else ""
    while branch:
        if branch in _CONTENTS:
            return _CONTENTS[branch]
        branch = branch.rpartition(".")[0]
    return _OTHER
