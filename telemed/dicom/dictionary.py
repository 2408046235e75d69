"""The data dictionary of PS3.6: tag to value representation and keyword, and back.

The facts live in `dictionary.tsv` beside this module and are read once, on first use.
Private elements are unknown here by definition. VRs that the standard leaves to context
are written with a slash in the table; `implicit_vr` settles them.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """One row of PS3.6: `vr` may be a choice such as 'US/SS'."""

    vr: str
    keyword: str


# Repeating groups 50xx and 60xx go from xx00 to xx1E (PS3.5 7.6); the table holds xx00.
_REPEATING: Final = frozenset({0x5000, 0x6000})


@cache
def _rows() -> tuple[dict[int, Entry], dict[int, Entry], dict[str, int]]:
    plain: dict[int, Entry] = {}
    repeated: dict[int, Entry] = {}
    keywords: dict[str, int] = {}
    text = files(__package__).joinpath("dictionary.tsv").read_text(encoding="ascii")
    for line in text.splitlines()[1:]:
        tag, vr, keyword = line.split("\t")
        if "x" not in tag:
            plain[int(tag, 16)] = Entry(vr, keyword)
            if keyword:
                keywords[keyword] = int(tag, 16)
        elif tag[:4] in ("50xx", "60xx"):
            repeated[int(tag.replace("x", "0"), 16)] = Entry(vr, keyword)
    return plain, repeated, keywords


def lookup(tag: int) -> Entry | None:
    """The dictionary's entry of a standard tag, None for private and unknown ones."""
    plain, repeated, _ = _rows()
    entry = plain.get(tag)
    if entry is None and (tag >> 16) & 0xFF00 in _REPEATING:
        entry = repeated.get(tag & 0xFF00FFFF)
    return entry


def keyword_of(tag: int) -> str:
    """The keyword of a tag, or its eight hex digits when it has none."""
    entry = lookup(tag)
    return entry.keyword if entry and entry.keyword else f"{tag:08X}"


def tag_of(name: str) -> int | None:
    """The tag named by a keyword or by eight hex digits; None when it names nothing."""
    known = _rows()[2].get(name)
    if known is not None:
        return known
    if len(name) == 8 and name.isascii() and all(c in "0123456789abcdefABCDEF" for c in name):
        return int(name, 16)
    return None


# How a context-dependent VR is read in Implicit VR Little Endian. OB/OW is always OW there
# (PS3.5 A.1); a lookup table is taken as words, which has the same bytes either way.
_SETTLED: Final = {"OB/OW": "OW", "US/OW": "OW", "US/SS/OW": "OW"}


@lru_cache(maxsize=8192)
def implicit_vr(tag: int, signed: bool) -> str:
    """The VR of an element of an Implicit VR file; `signed` is PixelRepresentation = 1."""
    if tag & 0x10000:
        # (gggg,0010-00FF) reserve a block for a private creator (PS3.5 7.8.1).
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    if tag & 0xFFFF == 0:
        return "UL"
    entry = lookup(tag)
    if entry is None:
        return "UN"
    if entry.vr == "US/SS":
        return "SS" if signed else "US"
    return _SETTLED.get(entry.vr, entry.vr)
