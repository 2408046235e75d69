"""Unified Procedure Steps as data sets: what may be created and set, and the event reports.

Data sets are DICOM JSON. What a client sends is checked to the byte by composing it, so that
nothing is kept that could not be encoded; the Transaction UID is taken out of everything, for
whoever knows it holds the workitem. Knows no database and no state but the one it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, Final

from telemed.dicom.composed import data_set_bytes
from telemed.dicom.criteria import Path
from telemed.dicom.dictionary import lookup, tag_of
from telemed.dicom.jsonmodel import decimal_or_text, integer_or_text, row
from telemed.dicom.names import search_keys
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import valid_uid
from telemed.dicom.times import covers_moment

Json = dict[str, Any]

PUSH: Final = "1.2.840.10008.5.1.4.34.6.1"
"""Unified Procedure Step - Push SOP Class: what every workitem says it is (PS3.4 CC.2.4.3)."""
OURS: Final = "99TELEMED"
"""Coding Scheme Designator of services, institutions, people and reasons of the platform."""
HOME: Final = timezone(timedelta(hours=8))

SOP_CLASS, SOP_INSTANCE = "00080016", "00080018"
TRANSACTION_UID = "00081195"
STATE, READINESS = "00741000", "00404041"
START, PRIORITY, LABEL, WORKLIST_LABEL = "00404005", "00741200", "00741204", "00741202"
PROGRESS, PERFORMED = "00741002", "00741216"
CANCEL_REASON, CANCEL_CODES = "00741238", "0074100E"
CONTACT_URI, CONTACT_NAME = "0074100A", "0074100C"
CANCELED_AT = "00404052"
STATIONS, PERFORMERS = "00404025", "00404034"
PERFORMER_CODES: Final = "00404009"

_TYPE_1: Final = (START, READINESS, PRIORITY, LABEL)
_VALUES: Final = {
    READINESS: ("READY", "UNAVAILABLE", "INCOMPLETE"),
    PRIORITY: ("HIGH", "MEDIUM", "LOW"),
}
_EMPTY_AT_CREATION: Final = (TRANSACTION_UID, PROGRESS, PERFORMED)
_NEVER_SET: Final = (STATE, SOP_CLASS, SOP_INSTANCE)
_AT_COMPLETION: Final = {
    "PerformedStationNameCodeSequence": "00404028",
    "PerformedWorkitemCodeSequence": "00404019",
    "PerformedProcedureStepStartDateTime": "00404050",
    "PerformedProcedureStepEndDateTime": "00404051",
}
"""What an item of the performed procedure says of a completed step (PS3.4 table CC.2.5-3)."""
_CANCEL_REQUEST: Final = (CANCEL_REASON, CANCEL_CODES, CONTACT_URI, CONTACT_NAME)


# --- looking into a data set --------------------------------------------------------------------


def values(data_set: Mapping[str, Any], tag: str) -> list[Any]:
    """The values of an attribute that are there."""
    told = data_set.get(tag)
    found = told.get("Value") if isinstance(told, Mapping) else None
    return [value for value in found or [] if value not in (None, "")]


def text(data_set: Mapping[str, Any], tag: str) -> str:
    """The first value as text, '' for none."""
    return next((_plain(value) for value in values(data_set, tag)), "")


def items(data_set: Mapping[str, Any], tag: str) -> list[Json]:
    """The items of a sequence."""
    return [item for item in values(data_set, tag) if isinstance(item, dict)]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        groups = [str(value.get(g, "")) for g in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return str(value).strip()


def found_at(data_set: Mapping[str, Any], path: Path) -> list[str]:
    """All values at a path of tags, through every item of its sequences.

    Names are their search keys, dates with times are moments of UTC: what `criteria` compares.
    """
    holders: list[Mapping[str, Any]] = [data_set]
    for tag in path[:-1]:
        holders = [item for holder in holders for item in items(holder, f"{tag:08X}")]
    tag, found = path[-1], []
    entry = lookup(tag)
    for holder in holders:
        for value in values(holder, f"{tag:08X}"):
            found += list(_searched(entry.vr if entry else "UN", value))
    return found


def _searched(vr: str, value: Any) -> Iterable[str]:
    plain = _plain(value)
    if vr == "PN":
        return search_keys(plain).split()
    if vr == "DT":
        covered = covers_moment(plain)
        return (covered[0],) if covered else ()
    return (plain,)


# --- making one ---------------------------------------------------------------------------------


def code(value: str, scheme: str, meaning: str) -> Mapping[int, object]:
    """An item of the Code Sequence Macro."""
    return {0x00080100: value[:16], 0x00080102: scheme, 0x00080104: meaning[:64]}


def ours(value: str, meaning: str) -> Mapping[int, object]:
    """An item that codes something of the platform; a long value goes where long ones go."""
    if len(value) <= 16:
        return code(value, OURS, meaning)
    return {0x00080102: OURS, 0x00080104: meaning[:64], 0x00080119: value}


def data_set(attributes: Mapping[int, object]) -> Json:
    """A data set from plain values by tag; sequences are lists of such mappings."""
    told = {tag: _nested(value) for tag, value in attributes.items()}
    return row(told)


def _nested(value: object) -> object:
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return [data_set(one) for one in value]
    return value


def moment(at: datetime | None) -> str:
    """A DT value in the network's zone; '' for none."""
    return at.astimezone(HOME).strftime("%Y%m%d%H%M%S%z") if at else ""


def moment_of(value: str) -> datetime | None:
    """The first moment that a DT value covers, aware; None when it is none."""
    covered = covers_moment(value)
    return None if covered is None else at_utc(covered[0])


def at_utc(told: str) -> datetime | None:
    """A moment as `times.covers_moment` writes it; None for a day that no calendar has."""
    try:
        return datetime.strptime(told, "%Y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


# --- what clients send --------------------------------------------------------------------------


def checked(told: Mapping[str, Any]) -> Json:
    """A client's data set in canonical form; raises `Refused` unless it could be encoded.

    Tags are upper case, numbers are numbers, and bulk data, group lengths and file meta are not.
    """
    data_set_bytes(told)
    return _canonical(told)


def _canonical(told: Mapping[str, Any]) -> Json:
    kept = {tag.upper(): value for tag, value in told.items()}
    if len(kept) != len(told):
        raise Refused("bad-metadata", why="an attribute twice")
    return {
        tag: _attribute(kept[tag])
        for tag in sorted(kept)
        if not tag.startswith("0002") and not tag.endswith("0000")
    }


def _attribute(told: Mapping[str, Any]) -> Json:
    vr = told["vr"]
    if "InlineBinary" in told:
        return dict(told)
    given = told.get("Value") or []
    if vr == "SQ":
        given = [_canonical(item or {}) for item in given]
    elif vr in _READ:
        given = [_READ[vr](one) if isinstance(one, str) else one for one in given]
    return {"vr": vr, "Value": list(given)} if given else {"vr": vr}


def _number(value: str) -> int | float | str:
    return decimal_or_text(value.strip())


_READ: Final = {
    "IS": integer_or_text,
    **dict.fromkeys(("DS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"), _number),
}


def transaction_uid(told: Mapping[str, Any]) -> str:
    """The Transaction UID that a call carries, '' for none; raises `Refused` for no UID."""
    uid = text(told, TRANSACTION_UID)
    if uid and not valid_uid(uid):
        raise Refused("bad-uid", keyword="TransactionUID")
    return uid


def creatable(told: Mapping[str, Any]) -> Json:
    """A data set from which a workitem may be made (PS3.4 table CC.2.5-3, N-CREATE).

    Raises `Refused` for an attribute that must be there, must be empty, or has no such value.
    """
    made = checked(told)
    if text(made, STATE) != "SCHEDULED":
        raise Refused("bad-metadata", why=f"ProcedureStepState '{text(made, STATE)}', C309")
    for tag in _EMPTY_AT_CREATION:
        if values(made, tag):
            raise Refused("bad-metadata", why=f"{_keyword(tag)} is not empty")
    for tag in _TYPE_1:
        if not text(made, tag):
            raise Refused("bad-metadata", why=f"{_keyword(tag)} is missing")
    _check_values(made)
    return without(made, (TRANSACTION_UID, SOP_CLASS, SOP_INSTANCE))


def settable(told: Mapping[str, Any]) -> Json:
    """A data set whose attributes may be set on a workitem (N-SET); raises `Refused`."""
    made = without(checked(told), (TRANSACTION_UID,))
    for tag in _NEVER_SET:
        if tag in made:
            raise Refused("bad-metadata", why=f"{_keyword(tag)} cannot be set")
    for tag in _TYPE_1:
        if tag in made and not text(made, tag):
            raise Refused("bad-metadata", why=f"{_keyword(tag)} is empty")
    _check_values(made)
    return made


def cancel_request(told: Mapping[str, Any]) -> Json:
    """What a request for cancellation may say; other attributes are left out."""
    made = checked(told)
    return {tag: made[tag] for tag in _CANCEL_REQUEST if values(made, tag)}


def lacks(held: Mapping[str, Any]) -> list[str]:
    """The keywords of what a data set lacks to be completed; none when it may be."""
    performed = items(held, PERFORMED)
    if not performed:
        return ["UnifiedProcedureStepPerformedProcedureSequence"]
    return [
        keyword
        for keyword, tag in _AT_COMPLETION.items()
        if not all(values(item, tag) for item in performed)
    ]


def with_cancellation(held: Mapping[str, Any], at: datetime) -> Json:
    """The data set with the moment of its cancellation in its progress, as the final state asks."""
    progress = (items(held, PROGRESS) or [{}])[0]
    if not values(progress, CANCELED_AT):
        progress = {**progress, CANCELED_AT: {"vr": "DT", "Value": [moment(at)]}}
    ordered = dict(sorted(progress.items()))
    return dict(sorted({**held, PROGRESS: {"vr": "SQ", "Value": [ordered]}}.items()))


def without(told: Mapping[str, Any], tags: Iterable[str]) -> Json:
    """The data set without some attributes."""
    gone = set(tags)
    return {tag: value for tag, value in told.items() if tag not in gone}


def _check_values(made: Mapping[str, Any]) -> None:
    for tag, allowed in _VALUES.items():
        if tag in made and text(made, tag) not in allowed:
            raise Refused("bad-metadata", why=f"{_keyword(tag)} '{text(made, tag)[:16]}'")
    if START in made and moment_of(text(made, START)) is None:
        raise Refused("bad-metadata", why=_keyword(START))


def _keyword(tag: str) -> str:
    entry = lookup(int(tag, 16))
    return entry.keyword if entry else tag


# --- what a search shows ------------------------------------------------------------------------

_SHOWN: Final = """
    SpecificCharacterSet SOPClassUID SOPInstanceUID ProcedureStepState PatientName PatientID
    IssuerOfPatientID PatientBirthDate PatientSex AdmissionID ReferencedRequestSequence
    ScheduledProcedureStepPriority ScheduledProcedureStepModificationDateTime ProcedureStepLabel
    WorklistLabel ScheduledStationNameCodeSequence ScheduledStationClassCodeSequence
    ScheduledStationGeographicLocationCodeSequence ScheduledHumanPerformersSequence
    ScheduledProcedureStepStartDateTime ExpectedCompletionDateTime ScheduledWorkitemCodeSequence
    InputReadinessState StudyInstanceUID InputInformationSequence ReplacedProcedureStepSequence
    ScheduledProcessingParametersSequence ProcedureStepProgressInformationSequence
"""


@cache
def _worklist() -> frozenset[str]:
    """The tags of what a worklist shows."""
    tags = map(tag_of, _SHOWN.split())
    return frozenset(f"{tag:08X}" for tag in tags if tag is not None)


def searched(whole: Mapping[str, Any], include: Iterable[int], include_all: bool) -> Json:
    """What a search shows of a workitem: the attributes of PS3.4 table CC.2.5-3 that a worklist is
    made of, and those asked for."""
    if include_all:
        return dict(whole)
    shown = _worklist() | {f"{tag:08X}" for tag in include}
    return {tag: value for tag, value in whole.items() if tag in shown}


# --- event reports (PS3.4 CC.2.4.3) -------------------------------------------------------------

_EVENT: Final = {0x00000002: PUSH}
_GLOBAL: Final = "1.2.840.10008.5.1.4.34.5"


def _event(kind: int, uid: str, more: Mapping[int, object]) -> Json:
    return data_set({**_EVENT, 0x00001000: uid, 0x00001002: kind, **more})


def state_report(
    uid: str, state: str, readiness: str, reason: Mapping[int, object] | None = None
) -> Json:
    """Event 1: a workitem was made, came into a state, or its input became ready."""
    why = {0x0074100E: [reason]} if reason else {}
    return _event(1, uid, {0x00741000: state, 0x00404041: readiness, **why})


def cancel_requested(uid: str, requester: str, told: Mapping[str, Any]) -> Json:
    """Event 2: somebody wants it canceled; the performer decides."""
    made = _event(2, uid, {0x00741236: requester})
    return dict(
        sorted({**made, **{tag: told[tag] for tag in _CANCEL_REQUEST if tag in told}}.items())
    )


def progress_report(uid: str, progress: Mapping[str, Any] | None) -> Json:
    """Event 3: how far it is."""
    told: Json = dict(progress) if progress else {"vr": "SQ"}
    made = _event(3, uid, {}) | {PROGRESS: told}
    return dict(sorted(made.items()))


def service_status(going_down: bool) -> Json:
    """Event 4: this server goes, or is back with all subscriptions and workitems it had."""
    if going_down:
        return _event(4, _GLOBAL, {0x00741242: "GOING DOWN"})
    warm = {0x00741244: "WARM START", 0x00741246: "WARM START"}
    return _event(4, _GLOBAL, {0x00741242: "RESTARTED", **warm})


def assigned(uid: str, told: Mapping[str, Any]) -> Iterator[Json]:
    """Events 5: whom or which station it is meant for, one for each person."""
    station = told.get(STATIONS, {"vr": "SQ"})
    people = items(told, PERFORMERS)
    if not people and not items(told, STATIONS):
        return
    nobody: Json = {}
    for person in people or [nobody]:
        said: Json = {tag: person[tag] for tag in (PERFORMER_CODES, "00404036") if tag in person}
        made: Json = {**_event(5, uid, {}), STATIONS: station, **said}
        yield dict(sorted(made.items()))


def numbered(event: Mapping[str, Any], message: int) -> Json:
    """The report as the message of that number on its connection (0000,0110)."""
    number: Json = {"00000110": {"vr": "US", "Value": [message & 0xFFFF]}}
    return dict(sorted({**event, **number}.items()))
