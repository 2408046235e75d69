"""Search requests of QIDO-RS (PS3.18 8.3.4 and 10.6): a query string becomes criteria.

Names that mean nothing are ignored as the standard demands, and named so that the server can
warn. A DICOM attribute that cannot be matched here is refused: whoever filters a list must not
take the unfiltered one for it. So is a malformed value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, TypeVar

from telemed.dicom.criteria import (
    AnyOf,
    Between,
    Criteria,
    Empty,
    Exact,
    Key,
    Moment,
    NameLike,
    Path,
    Test,
    Wildcard,
)
from telemed.dicom.dictionary import lookup, tag_of
from telemed.dicom.levels import LEVELS
from telemed.dicom.names import normalise
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import valid_uid
from telemed.dicom.times import (
    HOME_OFFSET,
    covers_date,
    covers_moment,
    covers_time,
    offset_minutes,
    shifted,
    shifted_time,
)

MAX_LIMIT: Final = 1_000
MAX_OFFSET: Final = 10_000_000
_LONGEST: Final = 1_024
_MOST_UIDS: Final = 1_000
_MOST_VALUES: Final = 50

_K = TypeVar("_K")

# The search resources and the levels whose attributes each returns (table 10.6.3-1). It
# matches those and the ones of the levels above.
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "studies": ("study",),
    "series": ("study", "series"),
    "instances": ("study", "series", "instance"),
    "study-series": ("series",),
    "study-instances": ("series", "instance"),
    "series-instances": ("instance",),
    "workitems": ("workitem",),
}

# Attributes that can be matched, by level: the required ones and those viewers ask for.
MATCHABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "study": (
        "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "SOPClassesInStudy",
        "PatientName", "ReferringPhysicianName", "PatientID", "IssuerOfPatientID",
        "StudyInstanceUID", "StudyID", "StudyDescription", "PatientBirthDate", "PatientSex",
        "InstitutionName",
    ),
    "series": (
        "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate",
        "SeriesTime", "BodyPartExamined", "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestAttributesSequence.ScheduledProcedureStepID",
        "RequestAttributesSequence.RequestedProcedureID",
    ),
    "instance": ("SOPClassUID", "SOPInstanceUID", "InstanceNumber"),
    # PS3.4 table CC.2.5-3, and whose request it is.
    "workitem": (
        "SOPInstanceUID", "ProcedureStepState", "ScheduledProcedureStepStartDateTime",
        "ExpectedCompletionDateTime", "ScheduledProcedureStepPriority", "ProcedureStepLabel",
        "WorklistLabel", "InputReadinessState", "PatientName", "PatientID", "PatientBirthDate",
        "PatientSex",
        "ScheduledStationNameCodeSequence.CodeValue",
        "ScheduledStationClassCodeSequence.CodeValue",
        "ScheduledStationGeographicLocationCodeSequence.CodeValue",
        "ScheduledWorkitemCodeSequence.CodeValue",
        "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue",
        "ReferencedRequestSequence.AccessionNumber",
        "ReferencedRequestSequence.RequestedProcedureID",
        "ReferencedRequestSequence.StudyInstanceUID",
        "InputInformationSequence.StudyInstanceUID",
        "ReplacedProcedureStepSequence.ReferencedSOPInstanceUID",
    ),
}  # fmt: skip

# Pairs that make one moment.
_MOMENTS: Final = (
    (0x00080020, 0x00080030),
    (0x00080021, 0x00080031),
    (0x00400244, 0x00400245),
)
_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_FLAGS: Final = {"true": True, "false": False}
_TIMEZONE: Final = 0x00080201
_OPTIONS: Final = frozenset(
    {"limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching"}
)


@dataclass(slots=True)
class _Asked:
    """A query string sorted by what its parameters are."""

    keys: dict[Path, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    include: list[str] = field(default_factory=list)
    creators: dict[int, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    timezone: str | None = None


def parse_query(
    pairs: Iterable[tuple[str, str]], resource: str, *, max_limit: int = MAX_LIMIT
) -> Criteria:
    """Criteria from percent-decoded name and value pairs of one of `RESOURCES`.

    Raises `Refused` bad-query with the name and the value, and unsupported-key.
    """
    levels = RESOURCES[resource]
    asked = _sorted_out(pairs, levels)
    reader = _Reader(*(_flag(name, asked.options) for name in _READER_FLAGS))
    keys = [
        Key(path, test)
        for path, value in asked.keys.items()
        if (test := reader.test(path[-1], value)) is not None
    ]
    keys, moments = _moments(keys, _shift(asked.timezone))
    include, private, unknown = _included(asked)
    return Criteria(
        levels=levels,
        keys=tuple(keys),
        moments=moments,
        include=include,
        private=private,
        include_all="all" in asked.include,
        limit=min(_count("limit", asked.options, least=1) or max_limit, max_limit),
        offset=_count("offset", asked.options, most=MAX_OFFSET) or 0,
        ignored=(*asked.ignored, *unknown),
    )


def _sorted_out(pairs: Iterable[tuple[str, str]], levels: tuple[str, ...]) -> _Asked:
    allowed = _matchable(levels[-1])
    asked = _Asked()
    for name, value in pairs:
        path = _path(name)
        if name == "includefield":
            asked.include += [part.strip() for part in value.split(",")]
        elif name in _OPTIONS:
            _once(name, value, asked.options, name)
        elif path in allowed:
            _once(name, value, asked.keys, path)
        elif path == (_TIMEZONE,):
            asked.timezone = value
        elif len(path) == 1 and _is_creator(path[0]):
            asked.creators[path[0]] = value.strip()
        elif path and all(lookup(tag) for tag in path):
            if not _is_universal(value.strip()):
                raise Refused("unsupported-key", name=name[:64])
            asked.include.append(name)
        else:
            asked.ignored.append(name[:64])
    return asked


@cache
def _matchable(lowest: str) -> frozenset[Path]:
    """What may be matched at a level and those above it."""
    upper = LEVELS[: LEVELS.index(lowest) + 1] if lowest in LEVELS else (lowest,)
    return frozenset(_path(name) for level in upper for name in MATCHABLE[level])


def _is_universal(value: str) -> bool:
    return value in ("", "*", '""')


@lru_cache(maxsize=2048)
def _path(name: str) -> Path:
    """Tags of a keyword, of hex digits, or of either joined by dots; () when unknown."""
    tags = [tag_of(part) for part in name.split(".", 4)]
    return tuple(tag for tag in tags if tag is not None) if None not in tags else ()


def _is_creator(tag: int) -> bool:
    """Whether a tag is a Private Creator (gggg,0010-00FF) of an odd group (PS3.5 7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


def _once(name: str, value: str, into: dict[_K, str], key: _K) -> None:
    """Each attribute may be given once (8.3.4.1)."""
    if into.setdefault(key, value) != value:
        raise _bad(name, value)


def _bad(name: str, value: str) -> Refused:
    return Refused("bad-query", name=name[:64], value=value[:64])


def _flag(name: str, options: Mapping[str, str]) -> bool:
    value = options.get(name, "false")
    if value.lower() not in _FLAGS:
        raise _bad(name, value)
    return _FLAGS[value.lower()]


def _count(
    name: str, options: Mapping[str, str], least: int = 0, most: int | None = None
) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if not re.match(r"[0-9]{1,18}\Z", value, re.ASCII):
        raise _bad(name, value)
    if int(value) < least or (most is not None and int(value) > most):
        raise _bad(name, value)
    return int(value)


def _included(asked: _Asked) -> tuple[frozenset[int], tuple[tuple[int, str], ...], list[str]]:
    """Standard attributes, private ones with their creators, and the names of neither.

    Of a path into a sequence the whole sequence is meant. A private attribute without its
    Private Creator among the match parameters names nothing (8.3.4.3).
    """
    standard, private, unknown = set(), [], []
    for name in dict.fromkeys(asked.include):
        tag = next(iter(_path(name)), None)
        if tag is None:
            unknown += [name[:64]] if name not in ("", "all") else []
        elif not tag & 0x10000:
            standard.add(tag)
        elif creator := asked.creators.get((tag & 0xFFFF0000) | (tag >> 8 & 0xFF)):
            private.append((tag, creator))
        else:
            unknown.append(name[:64])
    return frozenset(standard), tuple(private), unknown


# --- values -----------------------------------------------------------------------------------

_READER_FLAGS: Final = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a value asks for, by the VR of its attribute and the flags of the search."""

    fuzzy: bool
    empties: bool
    lists: bool

    def test(self, tag: int, value: str) -> Test | None:
        """The test of a value; None for universal matching."""
        entry = lookup(tag)
        if entry is None:
            raise KeyError(tag)
        value = value.strip()
        if (len(value) > _LONGEST and entry.vr != "UI") or "\0" in value:
            raise _bad(entry.keyword, value)
        if value == '""' and self.empties:
            return Empty()
        if _is_universal(value):
            return None
        if entry.vr == "UI":
            return _uids(entry.keyword, value)
        parts = self._parts(entry.vr, value)
        if len(parts) > _MOST_VALUES:
            raise _bad(entry.keyword, value)
        tests = [self._one(entry.keyword, entry.vr, part) for part in parts]
        told = tuple(dict.fromkeys(test for test in tests if test is not None))
        if len(told) < 2:
            return told[0] if told else None
        return AnyOf(told)

    def _parts(self, vr: str, value: str) -> list[str]:
        """The values of a list: of codes always, else where multiple value matching is asked."""
        if vr == "CS":
            return [part.strip() for part in re.split(r"[,\\]", value) if part.strip()]
        if self.lists:
            return [part.strip() for part in value.split("\\") if part.strip()]
        return [value]

    def _one(self, keyword: str, vr: str, value: str) -> Test | None:
        if vr == "PN":
            return _fuzzy_name(value) if self.fuzzy else _name(value)
        if vr in ("DA", "TM"):
            return _range(keyword, vr, value)
        if vr == "DT":
            return _stretch(keyword, value)
        if vr == "IS":
            return Exact(str(_integer(keyword, value)))
        if vr in _WILDCARD_VRS and ("*" in value or "?" in value):
            return Wildcard(value) if value.strip("*") else None
        return Exact(value)


def _uids(keyword: str, value: str) -> Test:
    """A UID or a list; commas by the standard, backslashes as browsers' viewers send."""
    uids = tuple(dict.fromkeys(part.strip() for part in re.split(r"[,\\]", value)))
    if len(uids) > _MOST_UIDS or not all(map(valid_uid, uids)):
        raise _bad(keyword, value)
    return Exact(uids[0]) if len(uids) == 1 else AnyOf(tuple(Exact(uid) for uid in uids))


def _integer(keyword: str, value: str) -> int:
    if not re.match(r"[+-]?[0-9]{1,11}\Z", value, re.ASCII):
        raise _bad(keyword, value)
    return int(value)


def _name(value: str) -> Test | None:
    """Each component group that is given is one whole key (PS3.4 C.2.2.2.1)."""
    words = [normalise(group) for group in value.split("=")]
    return _keys_like(words)


def _fuzzy_name(value: str) -> Test | None:
    """Each word, in any order, begins some key."""
    words = [normalise(word) for word in re.split(r"[\s^=,]+", value)]
    return _keys_like([f"{word}*" for word in words if word])


def _keys_like(words: Iterable[str]) -> Test | None:
    patterns = dict.fromkeys(re.sub(r"\*+", "*", word) for word in words if word.strip("*"))
    return NameLike(tuple(patterns)) if patterns else None


def _range(keyword: str, vr: str, value: str) -> Between:
    """A single date or time or a range (PS3.4 C.2.2.2.5), as the interval it covers."""
    low, dash, high = value.partition("-")
    covers = covers_date if vr == "DA" else covers_time
    first = covers(low) if low else ("", "")
    last = (covers(high) if high else ("", "")) if dash else first
    if first is None or last is None or not (low or high):
        raise _bad(keyword, value)
    if first[0] and last[1] and first[0] > last[1]:
        raise _bad(keyword, value)
    return Between(first[0], last[1])


def _stretch(keyword: str, value: str) -> Between:
    """A moment or a range of moments (PS3.4 C.2.2.2.5), in UTC as `times.covers_moment` writes it.

    A hyphen may also begin an offset: the first one that leaves two moments divides them.
    """
    value = value.replace(" ", "+")  # as a plus sign arrives that was not percent-encoded
    whole = covers_moment(value)
    if whole is not None:
        return Between(*whole)
    for at in (k for k, letter in enumerate(value) if letter == "-"):
        ends = [covers_moment(end) if end else ("", "") for end in (value[:at], value[at + 1 :])]
        if None not in ends and value != "-":
            low, high = ends[0][0], ends[1][1]  # type: ignore[index]
            if not (low and high) or low <= high:
                return Between(low, high)
    raise _bad(keyword, value)


# --- dates and times as one -------------------------------------------------------------------


def _shift(timezone: str | None) -> int:
    """Minutes to add to the search's dates and times to get the stored ones.

    A plus sign that was not percent-encoded arrives as a blank.
    """
    if timezone is None or not timezone.strip("+ "):
        return 0
    minutes = offset_minutes("+" + timezone[1:] if timezone[0] == " " else timezone)
    if minutes is None:
        raise _bad("TimezoneOffsetFromUTC", timezone)
    return HOME_OFFSET - minutes


def _moments(keys: list[Key], shift: int) -> tuple[list[Key], tuple[Moment, ...]]:
    """Date and time ranges together mean one stretch of time (PS3.4 C.2.2.2.5.4).

    In another timezone a day is a stretch as well, and a time of day may go over midnight.
    """
    tests = {key.path[0]: key.test for key in keys if len(key.path) == 1}
    told: dict[int, Test] = {}
    moments = []
    for date_tag, time_tag in _MOMENTS:
        date, time = tests.get(date_tag), tests.get(time_tag)
        if isinstance(date, Between) and (shift or _is_stretch(date, time)):
            low, high = _ends(date, time if isinstance(time, Between) else Between("", ""))
            test = Between(shifted(low, shift), shifted(high, shift))
            moments.append(Moment(date_tag, time_tag, test))
        elif isinstance(time, Between) and shift:
            told[time_tag] = Between(shifted_time(time.low, shift), shifted_time(time.high, shift))
    gone = {tag for moment in moments for tag in (moment.date, moment.time)}
    rest = [key for key in keys if key.path[0] not in gone]
    return [Key(k.path, told.get(k.path[0], k.test)) for k in rest], tuple(moments)


def _is_stretch(date: Between, time: Test | None) -> bool:
    return isinstance(time, Between) and date.low != date.high


def _ends(date: Between, time: Between) -> tuple[str, str]:
    low = date.low + (time.low or "000000") if date.low else ""
    return low, date.high + (time.high or "235959.999999") if date.high else ""
