"""A course's material: which files may be shown in a browser, told by their first bytes.

A name and a declared type are claims; what decides is what the file begins with. Nothing that a
browser would run is among them: no HTML, no SVG, no script.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MB: Final = 1 << 20
HEAD: Final = 16
"""So many first bytes tell which of these a file is."""
MOST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A kind of file: its largest size, and whether it is played rather than looked at."""

    extension: str
    most: int
    played: bool = False


MEDIA: Mapping[str, MediaRow] = MappingProxyType(
    {
        "application/pdf": MediaRow("pdf", 100 * MB),
        "image/png": MediaRow("png", 20 * MB),
        "image/jpeg": MediaRow("jpg", 20 * MB),
        "video/mp4": MediaRow("mp4", 2048 * MB, played=True),
    }
)
LARGEST: Final = max(row.most for row in MEDIA.values())
_MP4: Final = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1"})


def media_of(head: bytes) -> str | None:
    """What a file is by its first bytes; None for any that is not taken."""
    if head.startswith(b"%PDF-1.") or head.startswith(b"%PDF-2."):
        return "application/pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    # ISO/IEC 14496-12 4.3: a file type box comes first and names its brand.
    if head[4:8] == b"ftyp" and head[8:12] in _MP4:
        return "video/mp4"
    return None


_PATH: Final = re.compile(r"[/\\]")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def name_of(given: str, media: str) -> str:
    """A name to show: the last part of a path, without signs that cannot be seen or that turn the
    writing round, and with the ending that the content has."""
    last = _UNSEEN.sub("", _PATH.split(given)[-1]).strip(" .")
    stem = last.rpartition(".")[0] or last
    kept = stem.strip(" .")[:MOST_NAME] or "material"
    return f"{kept}.{MEDIA[media].extension}"
