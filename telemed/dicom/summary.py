"""What the index keeps of one instance: identity, search keys, and what a list shows.

`raw` values are as the file has them (decoded, unpadded); `shown` values carry nothing
invisible. Nothing is invented: an absent attribute is an empty string or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from telemed.dicom.charset import Charset, Shown, shown
from telemed.dicom.elements import ScannedFile, Tag
from telemed.dicom.jsonmodel import integer_or_text
from telemed.dicom.names import search_keys
from telemed.dicom.syntaxes import content_of
from telemed.dicom.text import (
    PersonName,
    charset_for,
    first_text,
    person_name,
    readable_name,
    texts,
)


@dataclass(frozen=True, slots=True)
class InstanceSummary:
    """One instance as the index knows it; dates are YYYYMMDD, times HHMMSS[.F] or ''."""

    # identity
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    # patient
    patient_id: str
    patient_id_issuer: str
    patient_name: str
    patient_name_groups: PersonName
    patient_name_shown: str
    patient_name_keys: str
    patient_sex: str
    patient_birth_date: str
    patient_age: str
    # study
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    accession_number: str
    referring_physician: str
    referring_physician_shown: str
    institution_name: str
    timezone_offset: str
    # series
    modality: str
    series_number: int | None
    series_description: str
    series_date: str
    series_time: str
    body_part: str
    laterality: str
    protocol_name: str
    station_name: str
    manufacturer: str
    manufacturer_model: str
    performed_start_date: str
    performed_start_time: str
    asked_for: tuple[tuple[str, str], ...]
    """Scheduled Procedure Step ID and Requested Procedure ID of each Request Attributes item."""
    # instance
    instance_number: int | None
    content_date: str
    content_time: str
    content_kind: str
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    number_of_frames: int
    has_pixels: bool
    document_title: str
    mime_type: str
    charset_declared: str
    notes: tuple[str, ...]


# Plain text attributes: field of the summary and tag.
_TEXTS: Final = {
    "study_id": 0x00200010,
    "study_description": 0x00081030,
    "institution_name": 0x00080080,
    "series_description": 0x0008103E,
    "protocol_name": 0x00181030,
    "station_name": 0x00081010,
    "manufacturer": 0x00080070,
    "manufacturer_model": 0x00081090,
    "document_title": 0x00420010,
    "mime_type": 0x00420012,
}
_CODES: Final = {
    "patient_sex": 0x00100040,
    "patient_age": 0x00101010,
    "timezone_offset": 0x00080201,
    "modality": 0x00080060,
    "body_part": 0x00180015,
    "laterality": 0x00200060,
}
_DATES: Final = {
    "patient_birth_date": 0x00100030,
    "study_date": 0x00080020,
    "series_date": 0x00080021,
    "content_date": 0x00080023,
    "performed_start_date": 0x00400244,
}
_TIMES: Final = {
    "study_time": 0x00080030,
    "series_time": 0x00080031,
    "content_time": 0x00080033,
    "performed_start_time": 0x00400245,
}
_REQUEST: Final = 0x00400275
_ASKED: Final = (0x00400009, 0x00401001)
_MOST_ASKED: Final = 100

_DATE: Final = re.compile(r"(\d{4})[.:/-]?(\d\d)[.:/-]?(\d\d)\Z", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(\.\d{1,6})?\Z", re.ASCII)


def summarize(file: ScannedFile) -> InstanceSummary:
    """The summary of a file that passed the scan with its identity checked."""
    return _Reader(file).summary()


class _Value(NamedTuple):
    """The first value of an element as sent and for people; `marked` as in `charset.Shown`."""

    text: str
    label: str
    marked: bool


@lru_cache(maxsize=32)
def _first_value(charset: Charset) -> Callable[[bytes, str], _Value]:
    """Reads values of a character set; those of a series are alike, so they are remembered."""

    def read(raw: bytes, vr: str) -> _Value:
        values = texts(raw, vr, charset)
        text = values[0] if values else ""
        return _Value(text, *shown(text))

    remembered = lru_cache(maxsize=4096)(read)
    return lambda raw, vr: (remembered if len(raw) <= _REPEATED else read)(raw, vr)


_NOTHING: Final = _Value("", "", False)
_REPEATED: Final = 256


class _Reader:
    def __init__(self, file: ScannedFile) -> None:
        self.file = file
        self.charset: Charset = charset_for(file)
        self.notes = list(file.notes)
        if self.charset.guessed:
            self.notes.append("charset-guessed")
        self._read = _first_value(self.charset)

    def value(self, tag: int) -> _Value:
        element = self.file.elements.get(tag)
        if element is None or not element.length:
            return _NOTHING
        return self._read(self.file.value(element), element.vr)

    def text(self, tag: int) -> str:
        """The first value as sent."""
        return self.value(tag).text

    def label(self, tag: int) -> str:
        """The first value for people."""
        value = self.value(tag)
        if value.marked:
            self.notes.append("hidden-characters")
        return value.label

    def readable(self, name: PersonName) -> str:
        label, marked = _readable(name)
        if marked:
            self.notes.append("hidden-characters")
        return label

    def integer(self, tag: int) -> int | None:
        number = integer_or_text(self.text(tag))
        return number if isinstance(number, int) else None

    def asked_for(self) -> tuple[tuple[str, str], ...]:
        """What the items of Request Attributes Sequence ask for; empty ones are left out."""
        sequence = self.file.elements.get(_REQUEST)
        items = sequence.items if sequence is not None and sequence.items else []
        ids = [
            tuple(first_text(self.file, self.charset, item.get(tag)) for tag in _ASKED)
            for item in items[:_MOST_ASKED]
        ]
        return tuple((step, procedure) for step, procedure in ids if step or procedure)

    def summary(self) -> InstanceSummary:
        file = self.file
        sop_class = file.ascii(Tag.SOP_CLASS)
        patient_name = self.text(0x00100010)
        groups = person_name(patient_name)
        referring = self.text(0x00080090)
        labels = {field: self.label(tag) for field, tag in _TEXTS.items()}
        codes = {field: self.label(tag)[:64] for field, tag in _CODES.items()}
        dates = {field: plain_date(self.text(tag)) for field, tag in _DATES.items()}
        times = {field: plain_time(self.text(tag)) for field, tag in _TIMES.items()}
        return InstanceSummary(
            study_uid=file.ascii(Tag.STUDY),
            series_uid=file.ascii(Tag.SERIES),
            sop_instance_uid=file.ascii(Tag.SOP_INSTANCE),
            sop_class_uid=sop_class,
            transfer_syntax_uid=file.syntax.uid,
            patient_id=self.label(0x00100020),
            patient_id_issuer=self.label(0x00100021),
            patient_name=patient_name,
            patient_name_groups=groups,
            patient_name_shown=self.readable(groups),
            patient_name_keys=search_keys(patient_name),
            accession_number=self.label(0x00080050),
            referring_physician=referring,
            referring_physician_shown=self.readable(person_name(referring)),
            series_number=self.integer(0x00200011),
            instance_number=self.integer(0x00200013),
            asked_for=self.asked_for(),
            content_kind=content_of(sop_class).kind,
            rows=file.number(Tag.ROWS),
            columns=file.number(Tag.COLUMNS),
            bits_allocated=file.number(Tag.BITS_ALLOCATED),
            number_of_frames=file.pixels.frames if file.pixels else 0,
            has_pixels=file.pixels is not None,
            charset_declared=self.charset.declared,
            **labels,
            **codes,
            **dates,
            **times,
            notes=tuple(dict.fromkeys(self.notes)),
        )


@lru_cache(maxsize=1024)
def _readable(name: PersonName) -> Shown:
    """A name for people: hanzi before latin before phonetic letters."""
    marked = False
    for group in (name.ideographic, name.alphabetic, name.phonetic):
        marked |= shown(group.replace("^", " ")).marked
        if readable := readable_name(group):
            return Shown(_joined_hanzi(readable), marked)
    return Shown("", marked)


def _joined_hanzi(name: str) -> str:
    """'王 小明' is written 王小明; latin words keep their blanks."""
    return re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", name)


@lru_cache(maxsize=1024)
def plain_date(text: str) -> str:
    """A DA value as YYYYMMDD, '' unless it is a possible date (also of old style 1997.01.02)."""
    match = _DATE.match(text)
    if not match:
        return ""
    year, month, day = match.groups()
    return year + month + day if "01" <= month <= "12" and "01" <= day <= "31" else ""


@lru_cache(maxsize=1024)
def plain_time(text: str) -> str:
    """A TM value as HHMMSS with its fraction, '' unless it is a possible time."""
    match = _TIME.match(text)
    if not match:
        return ""
    hour, minute, second, fraction = match.groups("00")
    if hour > "23" or minute > "59" or second > "60":
        return ""
    return hour + minute + second + ("" if fraction == "00" else fraction)
