"""Text values of a scanned file: decoding, splitting, person names.

This is the only place where a value's bytes become characters. Splitting at backslash,
caret and equals sign happens after decoding, because a second byte of GB18030 may be any
of the three.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from telemed.dicom.charset import Charset, charset_of, shown
from telemed.dicom.elements import Element, Item, ScannedFile, Tag

# VRs that Specific Character Set governs (PS3.5 6.1.2.2); all other text is ASCII.
ENCODED: Final = frozenset({"SH", "LO", "ST", "LT", "UC", "UT", "PN"})
_KEEPS_BLANKS: Final = frozenset({"ST", "LT", "UT", "UR", "UC"})  # leading ones count
_ONE_VALUE: Final = frozenset({"ST", "LT", "UT", "UR"})


class PersonName(NamedTuple):
    """The three component groups of a PN value (PS3.5 6.2.1), as sent."""

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""


def charset_for(file: ScannedFile) -> Charset:
    """The character set of a file, decided once from its label and its text."""
    declared = file.raw(Tag.CHARSET).decode("ascii", "replace").split("\\")
    return charset_of(declared, _samples(file, file.elements))


def item_charset(charset: Charset, file: ScannedFile, item: Item) -> Charset:
    """The character set inside an item that states its own (PS3.3 C.12.1.1.2)."""
    element = item.get(Tag.CHARSET)
    if element is None:
        return charset
    declared = file.value(element).decode("ascii", "replace").split("\\")
    return charset_of(declared, _samples(file, item))


def _samples(file: ScannedFile, item: Item) -> Iterator[bytes]:
    for element in item.values():
        if element.vr in ENCODED:
            yield file.value(element)


def texts(raw: bytes, vr: str, charset: Charset) -> list[str]:
    """The values of a text element without padding; [] when it is empty."""
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")  # nearly every value; no charset changes it
    else:
        text = charset.text(raw) if vr in ENCODED else raw.decode("latin-1")
    if "\\" not in text and vr not in _KEEPS_BLANKS:
        text = text.strip("\0 ")
        return [text] if text else []
    if vr in _ONE_VALUE:
        text = text.rstrip("\0 ")
        return [text] if text else []
    if vr == "UC":
        values = [value.rstrip("\0 ") for value in text.split("\\")]
    else:
        values = [value.strip("\0 ") for value in text.split("\\")]
    return [] if values == [""] else values


def person_name(text: str) -> PersonName:
    """Split one decoded PN value into its groups, trailing empty components cut."""
    groups = [group.strip().rstrip("^") for group in text.split("=", 2)]
    return PersonName(*groups)


def readable_name(text: str) -> str:
    """One group of a name for people: components joined by blanks, nothing invisible."""
    return " ".join(part for part in shown(text.replace("^", " ")).text.split())


def first_text(file: ScannedFile, charset: Charset, element: Element | None) -> str:
    """The first value of an element as text, '' when absent."""
    if element is None or not element.length:
        return ""
    values = texts(file.value(element), element.vr, charset)
    return values[0] if values else ""
