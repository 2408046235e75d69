"""Specific Character Set: from the bytes of a file to text, including the mislabelled ones.

A hospital's device often writes GBK or UTF-8 under a Latin label or under none. The
declared term (PS3.3 C.12.1.1.2) is believed while it decodes cleanly and reads like text;
otherwise one other codec is chosen for the whole file by evidence, and the choice is
flagged. The text keeps every character it was sent; `shown` is what may be displayed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

_PLAIN: Final = "ascii"

# Terms without code extensions (PS3.3 table C.12-2 and C.12-5) and the spellings seen.
_SINGLE: Final = {
    "": _PLAIN,
    "ISO_IR 6": _PLAIN,
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis-620",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gb18030",
}

# Escape sequences of ISO 2022 (PS3.3 tables C.12-3 and C.12-4): what the bytes behind one
# mean. The codec decodes a run that is prefixed with `before`, when it is itself stateful.
_ESCAPES: Final[dict[bytes, tuple[str, bytes]]] = {
    b"\x1b(B": ("", b""),
    b"\x1b(J": ("", b""),
    b"\x1b$)A": ("gb18030", b""),
    b"\x1b$)C": ("euc_kr", b""),
    b"\x1b$B": ("iso2022_jp", b"\x1b$B"),
    b"\x1b$(D": ("iso2022_jp_2", b"\x1b$(D"),
    b"\x1b)I": ("shift_jis", b""),
    b"\x1b-A": ("latin-1", b""),
    b"\x1b-B": ("iso8859-2", b""),
    b"\x1b-C": ("iso8859-3", b""),
    b"\x1b-D": ("iso8859-4", b""),
    b"\x1b-F": ("iso8859-7", b""),
    b"\x1b-G": ("iso8859-6", b""),
    b"\x1b-H": ("iso8859-8", b""),
    b"\x1b-L": ("iso8859-5", b""),
    b"\x1b-M": ("iso8859-9", b""),
    b"\x1b-T": ("tis-620", b""),
    b"\x1b-b": ("iso8859-15", b""),
}
_ESCAPE: Final = re.compile(b"(" + b"|".join(map(re.escape, _ESCAPES)) + b")")

_SAMPLE_BYTES: Final = 8192


class Text(NamedTuple):
    """Decoded text; `sound` is false when bytes had to be replaced."""

    text: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Charset:
    """How the text of one file is decoded; `guessed` when not as its label says."""

    codec: str
    guessed: bool = False
    declared: str = ""
    mixed: bool = False  # no codec fits the whole file, so each value is looked at

    def text(self, raw: bytes) -> str:
        """Decoded text with backslashes and component marks still in it; never fails."""
        if raw.isascii() and b"\x1b" not in raw:
            return raw.decode("ascii")
        return self.decode(raw).text

    def decode(self, raw: bytes) -> Text:
        """Decoded text and whether every byte had a meaning."""
        if b"\x1b" in raw:
            return self._decode_runs(raw)
        better = _better_codec(raw, self.codec) if self.mixed else None
        return _decode(raw, better or self.codec)

    def _decode_runs(self, raw: bytes) -> Text:
        runs = _ESCAPE.split(raw)
        parts = [_decode(runs[0], self.codec)]
        high = self.codec
        for escape, run in zip(runs[1::2], runs[2::2], strict=True):
            codec, before = _ESCAPES[escape]
            if before:  # a two-byte set in the lower half holds until the next escape
                parts.append(_decode(before + run, codec))
                continue
            # A designation of the upper half also outlives a return to ASCII in the lower.
            high = codec or high
            parts.append(_decode(run, high))
        return Text("".join(p.text for p in parts), all(p.sound for p in parts))


def _decode(raw: bytes, codec: str) -> Text:
    try:
        return Text(raw.decode(codec), True)
    except UnicodeDecodeError:
        # Latin-1 shows every byte as something and loses none, so that a later reader
        # who knows better can still get the bytes back; "?" could not be undone.
        fallback = "latin-1" if codec == _PLAIN else codec
        return Text(raw.decode(fallback, "replace"), False)


def charset_of(declared: Sequence[str], samples: Iterable[bytes]) -> Charset:
    """Choose the codec of a file from its Specific Character Set and its non-ASCII values."""
    return _chosen(tuple(declared), _gather(samples))


@lru_cache(maxsize=1024)  # all images of a series say the same
def _chosen(declared: tuple[str, ...], sample: bytes) -> Charset:
    terms = [_term(value) for value in declared]
    label = "\\".join(terms)
    codec = _SINGLE.get(_without_extension(terms[0] if terms else ""), _PLAIN)
    if not sample:
        return Charset(codec, declared=label)
    found = {_better_codec(value, codec) or codec for value in sample.rstrip(b"\n").split(b"\n")}
    if {"utf-8", "gb18030"} <= found:
        return Charset(codec, guessed=True, declared=label, mixed=True)
    better = _better_codec(sample, codec)
    return Charset(better or codec, guessed=better is not None, declared=label)


def _term(value: str) -> str:
    """'iso-ir 192', 'ISO_IR192' and the like, as the standard spells them."""
    text = value.strip("\0 ").upper().replace("-", "_")
    return re.sub(r"^ISO[ _]?IR[ _]?(\d+)$", r"ISO_IR \1", text)


def _without_extension(term: str) -> str:
    return re.sub(r"^ISO[ _]2022[ _]IR[ _]?", "ISO_IR ", term)


def _gather(samples: Iterable[bytes]) -> bytes:
    """Non-ASCII, unescaped values, one a line, as much as the decision needs."""
    out = bytearray()
    for raw in samples:
        if not raw.isascii() and b"\x1b" not in raw:
            out += raw[: _SAMPLE_BYTES // 4] if len(raw) > _SAMPLE_BYTES // 4 else raw
            out += b"\n"
            if len(out) > _SAMPLE_BYTES:
                break
    return bytes(out)


def _better_codec(sample: bytes, declared: str) -> str | None:
    """Another codec when the evidence for it is stronger than the label, else None.

    UTF-8 has so much redundancy that text which happens to be valid UTF-8 is UTF-8 (unless
    the label is GB18030 and that reading has more everyday characters). GBK is believed
    against a Latin label only when most of its characters are everyday ones.
    """
    utf8 = _strictly(sample, "utf-8")
    gbk = _strictly(sample, "gb18030")
    if declared == "utf-8":
        return "gb18030" if utf8 is None and gbk is not None and _everyday(gbk) >= 0.5 else None
    if declared == "gb18030":
        wins = utf8 is not None and (gbk is None or _everyday(utf8) > _everyday(gbk))
        return "utf-8" if wins else None
    # Two-byte UTF-8 is what accented Latin looks like, and also some pairs of GBK.
    if utf8 is not None and (max(utf8) >= "\u0800" or gbk is None or _everyday(gbk) < 0.5):
        return "utf-8"
    if declared in (_PLAIN, "latin-1") and gbk is not None and _everyday(gbk) >= 0.5:
        return "gb18030"
    return None


def _strictly(sample: bytes, codec: str) -> str | None:
    try:
        return sample.decode(codec)
    except UnicodeDecodeError:
        return None


def _everyday(text: str) -> float:
    """Share of GB 2312 level 1 (the 3,755 everyday hanzi) and its marks among non-ASCII."""
    foreign = [c for c in text if c > "\x7f"]
    return sum(map(_is_everyday, foreign)) / max(1, len(foreign))


def _is_everyday(char: str) -> bool:
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))


# Characters that change how others are read or shown and are never seen themselves:
# direction overrides, zero widths, joiners, tags, the byte order mark (threat ST-24).
_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Shown(NamedTuple):
    """Text for people; `marked` when something invisible was taken out of it."""

    text: str
    marked: bool


def shown(text: str) -> Shown:
    """Text without invisible and control characters, in composed form, with outer blanks cut."""
    if text.isascii() and text.isprintable():
        return Shown(text.strip(), False)
    clean = _CONTROLS.sub("", _UNSEEN.sub("", text))
    return Shown(unicodedata.normalize("NFC", clean).strip(), clean != text)
