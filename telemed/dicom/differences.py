"""Where two DICOM JSON objects of one identity differ, in words a person can compare.

It compares top-level attributes; of a sequence it says that its content differs. Values in bulk
are not in the JSON: whoever holds the files compares those.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from telemed.dicom.dictionary import keyword_of
from telemed.dicom.elements import ScannedFile, show

MOST_TEXT: Final = 200
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)


class Difference(NamedTuple):
    """One attribute that differs: its printed tag, its keyword, both values as text."""

    tag: str
    keyword: str
    kept: str
    new: str


def differences(kept: bytes, new: bytes, most: int = 100) -> list[Difference]:
    """Up to `most` attributes that differ between two objects of DICOM JSON, by tag."""
    found = _differing(orjson.loads(kept), orjson.loads(new))
    return [one for one, _ in zip(found, range(most), strict=False)]


def _differing(kept: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*kept, *new}):
        tag = int(key, 16)
        here, there = kept.get(key, {}), new.get(key, {})
        if tag in _PIXELS or _same(here, there):
            continue
        yield Difference(show(tag), keyword_of(tag), _text(here), _text(there))


def _same(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Whether both say the same; an absent attribute and an empty one do."""
    values = [{k: v for k, v in e.items() if k != "vr"} for e in (here, there)]
    return values[0] == values[1]


def _text(element: Mapping[str, Any]) -> str:
    if "Value" not in element:
        return "…" if "BulkDataURI" in element or "InlineBinary" in element else ""
    if element.get("vr") == "SQ":
        return f"[{len(element['Value'])}]"
    text = "\\".join(_value(value) for value in element["Value"])
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def _value(value: object) -> str:
    if isinstance(value, Mapping):  # the component groups of a person's name
        return "=".join(str(part) for part in value.values())
    return "" if value is None else str(value)


def pixel_digest(file: ScannedFile) -> str | None:
    """SHA-256 of the pixels as they are stored, None where there are none."""
    found = next((file.elements[tag] for tag in _PIXELS if tag in file.elements), None)
    if found is None:
        return None
    digest = hashlib.sha256()
    if found.fragments is None:
        digest.update(file.value(found))
    else:
        offsets, lengths, _ = found.fragments
        for at, length in zip(offsets, lengths, strict=True):
            digest.update(file.buffer[at : at + length])
    return digest.hexdigest()
