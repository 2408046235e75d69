"""The Native DICOM Model (PS3.19 A.1) of a data set: written from DICOM JSON, and read back to it.

Both forms say the same, so everything else here knows only the JSON one. A private attribute
stands under its block's normal form (gggg,00ee) beside the name of its creator; reading puts it
into the block that this creator reserves, or reserves one. XML has no place for control
characters: those that text may hold in DICOM and not here become U+FFFD.

The reader is the C parser of the standard library, told to refuse any document type before an
entity could be declared, and bounded in depth, elements and size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from telemed.dicom.dictionary import lookup
from telemed.dicom.elements import VRS, Limits
from telemed.dicom.refusal import Refused

Json = dict[str, Any]

NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

# Component groups in the order of PS3.5 6.2, and their components as PS3.19 names them.
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_TO_ESCAPE: Final = re.compile("[&<>\r]")


# -- writing ------------------------------------------------------------------------------


def native_xml(data_set: Mapping[str, Any]) -> bytes:
    """One data set as a document in UTF-8."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    root = f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
    text = "".join(_attributes(data_set))
    return f"{head}{root}{text}</NativeDicomModel>\n".encode()


def _attributes(data_set: Mapping[str, Any]) -> Iterator[str]:
    creators = _creators(data_set)
    for tag, attribute in data_set.items():
        yield f"<DicomAttribute {_names(tag, creators)}vr={quoteattr(attribute['vr'])}>"
        yield from _content(attribute)
        yield "</DicomAttribute>"


def _names(tag: str, creators: Mapping[int, str]) -> str:
    number = int(tag, 16)
    if number & 0x10000:
        creator = creators.get(number & 0xFFFF0000 | number >> 8 & 0xFF)
        if creator is None:
            return f'tag="{tag}" '
        tag = f"{number & 0xFFFF00FF:08X}"
        return f'tag="{tag}" privateCreator={quoteattr(_clean(creator))} '
    entry = lookup(number)
    keyword = f'keyword="{entry.keyword}" ' if entry and entry.keyword else ""
    return f'tag="{tag}" {keyword}'


def _creators(data_set: Mapping[str, Any]) -> dict[int, str]:
    """The elements that reserve private blocks (PS3.5 7.8.1) and whom for."""
    found = {}
    for tag, attribute in data_set.items():
        number = int(tag, 16)
        if number & 0x10000 and 0x10 <= number & 0xFFFF <= 0xFF:
            value = (attribute.get("Value") or [None])[0]
            if isinstance(value, str) and value:
                found[number] = value
    return found


def _content(attribute: Mapping[str, Any]) -> Iterator[str]:
    if "BulkDataURI" in attribute:
        yield f"<BulkData uri={quoteattr(_clean(attribute['BulkDataURI']))}/>"
    elif "InlineBinary" in attribute:
        yield f"<InlineBinary>{attribute['InlineBinary']}</InlineBinary>"
    for number, value in enumerate(attribute.get("Value", ()), 1):
        if attribute["vr"] == "SQ":
            yield f'<Item number="{number}">'
            yield from _attributes(value or {})
            yield "</Item>"
        elif isinstance(value, Mapping):
            yield f'<PersonName number="{number}">{"".join(_name(value))}</PersonName>'
        elif value is not None:
            yield f'<Value number="{number}">{_text(str(value))}</Value>'


def _name(groups: Mapping[str, str]) -> Iterator[str]:
    for group in _GROUPS:
        if not groups.get(group):
            continue
        yield f"<{group}>"
        for component, text in zip(_COMPONENTS, groups[group].split("^", 4), strict=False):
            if text:
                yield f"<{component}>{_text(text)}</{component}>"
        yield f"</{group}>"


def _text(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found.group()], _clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


# -- reading ------------------------------------------------------------------------------

_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}\Z")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}\Z", re.ASCII)
_LEAVES: Final = frozenset({"Value", "InlineBinary", *_COMPONENTS})
# What may stand in what; the empty name is the document.
_PLACES: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"NativeDicomModel"}),
    "NativeDicomModel": frozenset({"DicomAttribute"}),
    "Item": frozenset({"DicomAttribute"}),
    "DicomAttribute": frozenset({"Value", "InlineBinary", "BulkData", "PersonName", "Item"}),
    "PersonName": frozenset(_GROUPS),
    **dict.fromkeys(_GROUPS, frozenset(_COMPONENTS)),
}
_DEFAULT: Final = Limits()


def read_native_xml(document: bytes, limits: Limits = _DEFAULT) -> Json:
    """The data set of a document as DICOM JSON; raises `Refused`, never anything else.

    Numbers stay the strings that the document has.
    """
    reader = _Reader(limits)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(document, True)
    except expat.ExpatError as fault:
        raise Refused("bad-metadata", why=f"XML, line {fault.lineno}") from None
    return reader.data_sets[0]


class _Reader:
    """Builds DICOM JSON from the events of one document."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._nodes = 0
        self._open = [""]
        self._text: list[str] = []
        self.data_sets: list[Json] = []
        self._attributes: list[Json] = []
        self._name: dict[str, str] = {}
        self._group: list[str] = []

    def doctype(self, *_told: object) -> None:
        """No document of ours has one, and every bomb begins with one."""
        raise Refused("bad-metadata", why="DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = name.rpartition(":")[2]
        self._nodes += 1
        if self._nodes > self._limits.nodes_ceiling:
            raise Refused("too-many-elements", limit=self._limits.nodes_ceiling)
        if name not in _PLACES.get(self._open[-1], ()):
            raise Refused("bad-metadata", why=f"<{name[:40]}> in <{self._open[-1]}>")
        self._open.append(name)
        self._text = []
        match name:
            case "NativeDicomModel":
                self._begin({})
            case "Item":
                self._item(attributes)
            case "DicomAttribute":
                self._attribute(attributes)
            case "BulkData":
                self._set("BulkDataURI", attributes.get("uri") or attributes.get("uuid") or "")
            case "PersonName":
                self._name = {}
                self._place(attributes, self._name)
            case "Value":
                self._place(attributes, None)
            case "Alphabetic" | "Ideographic" | "Phonetic":
                self._group = [""] * 5

    def characters(self, text: str) -> None:
        """Text; only that of the leaves matters."""
        if self._open[-1] in _LEAVES:
            self._text.append(text)

    def end(self, _name: str) -> None:
        """An element ends."""
        name = self._open.pop()
        text = "".join(self._text)
        if name in ("NativeDicomModel", "Item"):
            if name == "Item":
                self.data_sets.pop()
        elif name == "DicomAttribute":
            self._attributes.pop()
        elif name == "Value":
            self._attributes[-1]["Value"][-1] = text or None
        elif name == "InlineBinary":
            self._set("InlineBinary", "".join(text.split()))
        elif name in _COMPONENTS:
            self._group[_COMPONENTS.index(name)] = text
        elif name in _GROUPS and any(self._group):
            self._name[name] = "^".join(self._group).rstrip("^")
        self._text = []

    def _begin(self, data_set: Json) -> None:
        if len(self.data_sets) > self._limits.depth:
            raise Refused("too-deep", limit=self._limits.depth)
        self.data_sets.append(data_set)

    def _attribute(self, told: Mapping[str, str]) -> None:
        tag, vr = told.get("tag", ""), told.get("vr", "")
        if not _TAG.match(tag) or vr not in VRS:
            raise Refused("bad-metadata", why=f"tag {tag[:8]} vr {vr[:2]}")
        number = self._in_block(int(tag, 16), told.get("privateCreator"))
        key = f"{number:08X}"
        if key in self.data_sets[-1]:
            raise Refused("duplicate-element", tag=key)
        attribute: Json = {"vr": vr}
        self.data_sets[-1][key] = attribute
        self._attributes.append(attribute)

    def _in_block(self, tag: int, creator: str | None) -> int:
        """The tag of a private attribute in the block of its creator, which is reserved here."""
        if not creator or not tag & 0x10000:
            return tag
        group, data_set = tag & 0xFFFF0000, self.data_sets[-1]
        reserved = {"vr": "LO", "Value": [creator]}
        for block in range(0x10, 0x100):
            if data_set.setdefault(f"{group | block:08X}", reserved) == reserved:
                return group | block << 8 | tag & 0xFF
        raise Refused("bad-metadata", why="privateCreator")

    def _item(self, told: Mapping[str, str]) -> None:
        item: Json = {}
        self._place(told, item)
        self._begin(item)

    def _place(self, told: Mapping[str, str], value: object) -> None:
        """Put a value at its number, which may leave empty ones before it (A.1.5)."""
        number = told.get("number", "")
        values = self._attributes[-1].setdefault("Value", [])
        if not _NUMBER.match(number) or int(number) <= len(values):
            raise Refused("bad-metadata", why=f"number {number[:8]}")
        if int(number) > self._limits.values:
            raise Refused("too-many-values", tag="-", limit=self._limits.values)
        values.extend([None] * (int(number) - 1 - len(values)))
        values.append(value)

    def _set(self, key: str, value: str) -> None:
        if key in self._attributes[-1]:
            raise Refused("bad-metadata", why=f"{key} twice")
        self._attributes[-1][key] = value
