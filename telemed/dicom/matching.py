"""Search requests of QIDO-RS (PS3.18 8.3.4 and 10.6): a query string becomes criteria.

Criteria say what must hold of which attribute; how they are looked up is the store's
affair. Unknown parameters are ignored as the standard demands, and named so that the
server can warn; a malformed value of a known one is refused. `accepts` says what each test
means, in Python, for whoever has values instead of an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from typing import Final, TypeVar

from telemed.dicom.dictionary import lookup, tag_of
from telemed.dicom.names import normalise
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import valid_uid

MAX_LIMIT: Final = 1_000
MAX_OFFSET: Final = 10_000_000
_LONGEST: Final = 1_024
_MOST_UIDS: Final = 1_000

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Exact:
    """The attribute has this value."""

    value: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The attribute has one of these values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The attribute fits a pattern of `*` and `?`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """The attribute lies in a closed range; '' leaves an end open."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class NameLike:
    """The search keys of a person name (`names.search_keys`) fit every pattern."""

    patterns: tuple[str, ...]


Test = Exact | OneOf | Wildcard | Between | NameLike


@dataclass(frozen=True, slots=True)
class Key:
    """A test of one attribute; `path` has more than one tag inside sequences."""

    path: tuple[int, ...]
    test: Test


@dataclass(frozen=True, slots=True)
class Criteria:
    """A whole search. `moment` is a combined range of study date and time, if both are ranges."""

    levels: tuple[str, ...]
    keys: tuple[Key, ...] = ()
    moment: Between | None = None
    include: frozenset[int] = frozenset()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    fuzzy: bool = False
    ignored: tuple[str, ...] = ()


# The six search resources and the levels whose attributes each matches (table 10.6.1-5).
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "studies": ("study",),
    "series": ("study", "series"),
    "instances": ("study", "series", "instance"),
    "study-series": ("series",),
    "study-instances": ("series", "instance"),
    "series-instances": ("instance",),
}

# Attributes that can be matched, by level: the required ones and those viewers ask for.
MATCHABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "study": (
        "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "PatientName",
        "ReferringPhysicianName", "PatientID", "IssuerOfPatientID", "StudyInstanceUID",
        "StudyID", "StudyDescription", "PatientBirthDate", "PatientSex", "InstitutionName",
    ),
    "series": (
        "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate",
        "SeriesTime", "BodyPartExamined", "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime", "InstitutionName",
        "RequestAttributesSequence.ScheduledProcedureStepID",
        "RequestAttributesSequence.RequestedProcedureID",
    ),
    "instance": (
        "SOPClassUID", "SOPInstanceUID", "InstanceNumber", "ContentDate", "ContentTime",
    ),
}  # fmt: skip

_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_FLAGS: Final = {"true": True, "false": False}


def parse_query(
    pairs: Iterable[tuple[str, str]], resource: str, *, max_limit: int = MAX_LIMIT
) -> Criteria:
    """Criteria from percent-decoded name and value pairs of one of `RESOURCES`.

    Raises `Refused` bad-query with the name and the value.
    """
    levels = RESOURCES[resource]
    allowed = {_path(name) for level in levels for name in MATCHABLE[level]}
    asked: dict[tuple[int, ...], str] = {}
    options: dict[str, str] = {}
    include: set[int] = set()
    include_all = False
    ignored = []
    for name, value in pairs:
        path = _path(name)
        if name == "includefield":
            include_all |= value == "all"
            include |= {t for f in value.split(",") if (t := tag_of(f.strip())) is not None}
        elif name in ("limit", "offset", "fuzzymatching"):
            _once(name, value, options, name)
        elif path in allowed:
            _once(name, value, asked, path)
        else:
            ignored.append(name[:64])
    fuzzy = _flag("fuzzymatching", options)
    keys = [
        Key(path, test)
        for path, value in asked.items()
        if (test := _test(path[-1], value, fuzzy)) is not None
    ]
    keys, moment = _combined(keys)
    limit = _count("limit", options, most=None)
    return Criteria(
        levels=levels,
        keys=tuple(keys),
        moment=moment,
        include=frozenset(include),
        include_all=include_all,
        limit=max_limit if limit is None else min(limit, max_limit),
        offset=_count("offset", options, most=MAX_OFFSET) or 0,
        fuzzy=fuzzy,
        ignored=tuple(ignored),
    )


def _path(name: str) -> tuple[int, ...]:
    """Tags of a keyword, of hex digits, or of either joined by dots; () when unknown."""
    tags = [tag_of(part) for part in name.split(".", 4)]
    return tuple(tag for tag in tags if tag is not None) if None not in tags else ()


def _once(name: str, value: str, into: dict[_K, str], key: _K) -> None:
    """Each attribute may be given once (8.3.4.1); a UID given twice is read as a list."""
    if key in into and into[key] != value:
        raise _bad(name, value)
    into[key] = value


def _bad(name: str, value: str) -> Refused:
    return Refused("bad-query", name=name[:64], value=value[:64])


def _flag(name: str, options: Mapping[str, str]) -> bool:
    value = options.get(name, "false")
    if value.lower() not in _FLAGS:
        raise _bad(name, value)
    return _FLAGS[value.lower()]


def _count(name: str, options: Mapping[str, str], most: int | None) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if not re.match(r"[0-9]{1,18}\Z", value, re.ASCII) or (most and int(value) > most):
        raise _bad(name, value)
    return int(value)


def _test(tag: int, value: str, fuzzy: bool) -> Test | None:
    """The test a value asks for by the VR of its attribute; None for universal matching."""
    entry = lookup(tag)
    if entry is None:
        raise KeyError(tag)
    value = value.strip()
    if (len(value) > _LONGEST and entry.vr != "UI") or "\0" in value:
        raise _bad(entry.keyword, value)
    if value in ("", "*", '""'):
        return None
    if entry.vr == "UI":
        return _uids(entry.keyword, value)
    if entry.vr == "PN":
        return _name(value, fuzzy)
    if entry.vr in ("DA", "TM"):
        return _range(entry.keyword, entry.vr, value)
    if entry.vr == "IS":
        return Exact(str(_integer(entry.keyword, value)))
    if entry.vr in _WILDCARD_VRS and ("*" in value or "?" in value):
        return Wildcard(value)
    if entry.vr == "CS" and ("," in value or "\\" in value):
        return OneOf(tuple(part.strip() for part in re.split(r"[,\\]", value) if part.strip()))
    return Exact(value)


def _uids(keyword: str, value: str) -> Test:
    """A UID or a list; commas by the standard, backslashes as browsers' viewers send."""
    uids = tuple(dict.fromkeys(part.strip() for part in re.split(r"[,\\]", value)))
    if len(uids) > _MOST_UIDS or not all(map(valid_uid, uids)):
        raise _bad(keyword, value)
    return Exact(uids[0]) if len(uids) == 1 else OneOf(uids)


def _integer(keyword: str, value: str) -> int:
    if not re.match(r"[+-]?[0-9]{1,11}\Z", value, re.ASCII):
        raise _bad(keyword, value)
    return int(value)


def _name(value: str, fuzzy: bool) -> Test | None:
    """A literal name is one whole key; with fuzzy matching each word begins some key."""
    words = re.split(r"[\s^=,]+", value) if fuzzy else [value]
    patterns = []
    for word in words:
        word = normalise(word)
        if word.strip("*"):
            patterns.append(f"* {word}*" if fuzzy else f"* {word} *")
    return NameLike(tuple(_squeezed(p) for p in patterns)) if patterns else None


def _squeezed(pattern: str) -> str:
    """A leading or trailing star of a name makes the key's border meaningless."""
    pattern = re.sub(r"^\* \*", "*", pattern)
    return re.sub(r"\*+", "*", re.sub(r"\*+ ?\*$", "*", pattern))


_DATE: Final = re.compile(r"(\d{4})(\d\d)?(\d\d)?\Z", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(?:\.(\d{1,6}))?\Z", re.ASCII)


def _range(keyword: str, vr: str, value: str) -> Between:
    """A single date or time or a range (PS3.4 C.2.2.2.5), as the interval it covers."""
    low, dash, high = value.partition("-")
    covers = _date_covers if vr == "DA" else _time_covers
    first = covers(low) if low else ("", "")
    last = (covers(high) if high else ("", "")) if dash else first
    if first is None or last is None or not (low or high):
        raise _bad(keyword, value)
    if first[0] and last[1] and first[0] > last[1]:
        raise _bad(keyword, value)
    return Between(first[0], last[1])


def _date_covers(text: str) -> tuple[str, str] | None:
    match = _DATE.match(text)
    if not match:
        return None
    year, month, day = match.groups()
    low, high = year + (month or "01") + (day or "01"), year + (month or "12") + (day or "31")
    return (low, high) if "01" <= low[4:6] <= "12" and "01" <= low[6:] <= "31" else None


def _time_covers(text: str) -> tuple[str, str] | None:
    match = _TIME.match(text)
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    if hour > "23" or (minute or "00") > "59" or (second or "00") > "60":
        return None
    low = hour + (minute or "00") + (second or "00")
    high = hour + (minute or "59") + (second or "59")
    if fraction:
        return f"{low}.{fraction}", f"{high}.{fraction.ljust(6, '9')}"
    return low, f"{high}.999999"


_STUDY_DATE: Final = (0x00080020,)
_STUDY_TIME: Final = (0x00080030,)


def _combined(keys: list[Key]) -> tuple[list[Key], Between | None]:
    """Date and time ranges together mean one stretch of time (PS3.4 C.2.2.2.5.4)."""
    ranges = {key.path: key.test for key in keys if isinstance(key.test, Between)}
    date, time = ranges.get(_STUDY_DATE), ranges.get(_STUDY_TIME)
    if date is None or time is None or date.low == date.high:
        return keys, None
    low = date.low + (time.low or "000000") if date.low else ""
    high = date.high + (time.high or "235959.999999") if date.high else ""
    rest = [key for key in keys if key.path not in (_STUDY_DATE, _STUDY_TIME)]
    return rest, Between(low, high)


def accepts(test: Test, value: str) -> bool:
    """Whether an attribute's value passes; for `NameLike` the value is its search keys."""
    match test:
        case Exact():
            return value == test.value
        case OneOf():
            return value in test.values
        case Wildcard():
            return fits(test.pattern, value)
        case NameLike():
            return all(fits(pattern, value) for pattern in test.patterns)
        case Between():
            return bool(value) and test.low <= value and (not test.high or value <= test.high)


def fits(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern of `*` and `?`; brackets mean themselves."""
    return re.match(translate(pattern.replace("[", "[[]")), value) is not None


def to_like(pattern: str, escape: str = "\\") -> str:
    """A pattern of `*` and `?` as the pattern of SQL's LIKE, with its own marks escaped."""
    marks = str.maketrans(
        {"*": "%", "?": "_", "%": f"{escape}%", "_": f"{escape}_", escape: escape * 2}
    )
    return pattern.translate(marks)
