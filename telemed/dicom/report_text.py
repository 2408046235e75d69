"""Structured reports as text for people (PS3.3 A.35, C.17.3): a tree of names and values.

The tree is read from the scanned file, so it is as deep and as long as the scanner's limits allow.
Everything that comes from the file is escaped where it is written. Coordinates and waveforms are
named, not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Final, NamedTuple

from telemed.dicom.charset import Charset, shown
from telemed.dicom.elements import Item, ScannedFile
from telemed.dicom.text import charset_for, first_text, item_charset, person_name, readable_name

_CONTENT, _TYPE, _NAME = 0x0040A730, 0x0040A040, 0x0040A043
_MEANING, _CODE_VALUE = 0x00080104, 0x00080100
_CODE, _MEASURED, _NUMBER, _UNITS = 0x0040A168, 0x0040A300, 0x0040A30A, 0x004008EA
_REFERENCED, _SOP = 0x00081199, 0x00081155
_PATIENT: Final = {"Patient": 0x00100010, "Patient ID": 0x00100020, "Study date": 0x00080020}
_SIMPLE: Final = {
    "TEXT": 0x0040A160, "DATE": 0x0040A121, "TIME": 0x0040A122, "DATETIME": 0x0040A120,
    "PNAME": 0x0040A123, "UIDREF": 0x0040A124,
}  # fmt: skip


class Line(NamedTuple):
    """A content item: how deep it hangs below the title, its name and its value."""

    depth: int
    name: str
    value: str


class Report(NamedTuple):
    """What a report says: title, whose it is, and its content in order."""

    title: str
    about: list[tuple[str, str]]
    lines: list[Line]


def report(file: ScannedFile) -> Report:
    """A structured report in words."""
    charset = charset_for(file)
    about = []
    for label, tag in _PATIENT.items():
        text = first_text(file, charset, file.elements.get(tag))
        about.append((label, _person(text) if tag == 0x00100010 else _clean(text)))
    title = _concept(file, charset, file.elements, _NAME) or "Structured Report"
    return Report(title, about, list(_lines(file, charset, file.elements, 0)))


def _lines(file: ScannedFile, charset: Charset, item: Item, depth: int) -> Iterator[Line]:
    content = item.get(_CONTENT)
    for child in content.items or () if content is not None else ():
        own = item_charset(charset, file, child)
        yield Line(depth, _concept(file, own, child, _NAME), _value(file, own, child))
        yield from _lines(file, own, child, depth + 1)


def _value(file: ScannedFile, charset: Charset, item: Item) -> str:
    kind = first_text(file, charset, item.get(_TYPE))
    if kind == "CODE":
        return _concept(file, charset, item, _CODE)
    if kind == "NUM":
        return _measured(file, charset, item)
    if kind in _SIMPLE:
        text = first_text(file, charset, item.get(_SIMPLE[kind]))
        return _person(text) if kind == "PNAME" else _clean(text)
    uid = _within(file, charset, item, _REFERENCED, _SOP)
    return f"{kind} {uid}".strip() if uid or kind not in ("CONTAINER", "") else ""


def _measured(file: ScannedFile, charset: Charset, item: Item) -> str:
    held = item.get(_MEASURED)
    if held is None or not held.items:
        return ""
    number = first_text(file, charset, held.items[0].get(_NUMBER))
    unit = _within(file, charset, held.items[0], _UNITS, _CODE_VALUE)
    return _clean(f"{number} {'' if unit == '1' else unit}")


def _concept(file: ScannedFile, charset: Charset, item: Item, sequence: int) -> str:
    return _within(file, charset, item, sequence, _MEANING)


def _within(file: ScannedFile, charset: Charset, item: Item, sequence: int, tag: int) -> str:
    """An element of the first item of a sequence as text."""
    held = item.get(sequence)
    if held is None or not held.items:
        return ""
    return _clean(first_text(file, charset, held.items[0].get(tag)))


def _person(text: str) -> str:
    name = person_name(text)
    return readable_name(name.ideographic or name.alphabetic)


def _clean(text: str) -> str:
    """Without what could not be seen or would turn a line round; lines are kept."""
    return "\n".join(shown(line).text for line in text.splitlines()).strip()


# -- the three texts of PS3.18 table 8.7.2-1 ----------------------------------------------


def as_plain(told: Report) -> bytes:
    """Indented lines in UTF-8."""
    lines = [told.title, *(f"{label}: {text}" for label, text in told.about if text), ""]
    for line in told.lines:
        words = ": ".join(filter(None, (line.name, line.value)))
        lines += ["  " * line.depth + part for part in words.split("\n")]
    return ("\n".join(lines) + "\n").encode()


def as_html(told: Report) -> bytes:
    """A page of its own without script, style or links."""
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>"
        for label, text in told.about
        if text
    )
    title = escape(told.title)
    head = f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head>'
    body = f"<body><h1>{title}</h1><table>{rows}</table>{_nested(told.lines)}</body></html>"
    return (head + body).encode()


def _nested(lines: list[Line]) -> str:
    out, depth = [], -1
    for line in lines:
        out.append("<ul>" * (line.depth - depth) or "</li></ul>" * (depth - line.depth) + "</li>")
        value = escape(line.value).replace("\n", "<br>")
        name = f"<b>{escape(line.name)}</b>" if line.name else ""
        out.append(f"<li>{': '.join(filter(None, (name, value)))}")
        depth = line.depth
    return "".join(out) + "</li></ul>" * (depth + 1)


def as_xml(told: Report) -> bytes:
    """Elements `item` with their names and values, as deep as the report."""
    out, depth = (
        [f'<?xml version="1.0" encoding="UTF-8"?><report title="{escape(told.title)}">'],
        -1,
    )
    out += [f'<about name="{escape(label)}">{escape(text)}</about>' for label, text in told.about]
    for line in told.lines:
        out.append("</item>" * (depth - line.depth + 1))
        out.append(f'<item name="{escape(line.name)}"><value>{escape(line.value)}</value>')
        depth = line.depth
    return ("".join(out) + "</item>" * (depth + 1) + "</report>").encode()


WRITERS: Final[Mapping[str, Callable[[Report], bytes]]] = {
    "text/html": as_html,
    "text/plain": as_plain,
    "text/xml": as_xml,
}
