"""Searches of workitems (PS3.18 11.9) as SQL: one condition for attempts of requests, one for an
institution's own workitems, each within what the caller may see.

Of attempts the platform's own columns are asked; what a service is called is looked up in the
catalogue. Own workitems are found by the values kept beside them (`ups_item_keys`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.core import ups
from telemed.core.access import Permission
from telemed.core.catalogue import ServiceType
from telemed.core.workitem import State
from telemed.dicom.criteria import (
    AnyOf,
    Between,
    Criteria,
    Empty,
    Exact,
    Key,
    NameLike,
    Path,
    Test,
    Wildcard,
    accepts,
    to_like,
)
from telemed.dicom.dictionary import tag_of
from telemed.dicom.matching import MATCHABLE
from telemed.dicom.refusal import Refused
from telemed.dicom.workitem import at_utc
from telemed.store import tables as t
from telemed.store import ups as store
from telemed.store.access import workitem_parts
from telemed.store.search import lowered
from telemed.store.tx import Row
from telemed.store.ups_tables import ups_case_items, ups_item_keys, ups_items

Where: TypeAlias = sa.ColumnElement[bool]
Column: TypeAlias = sa.ColumnElement[Any]
Ask: TypeAlias = Callable[[Test, Mapping[str, ServiceType]], Where]

MOST_COUNTED: Final = 100
"""How far what lies behind a page is counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page: kinds and ids, and how many more there are, up to `MOST_COUNTED` + 1."""

    rows: list[Row]
    remaining: int


def found(act: Act, criteria: Criteria) -> Found:
    """The workitems that pass, the latest to begin first."""
    if act.subject.masked and any(key.path in _ABOUT_PATIENTS for key in criteria.keys):
        raise Refused("unsupported-key", name="Patient")  # supervision sees no names
    more = criteria.limit + MOST_COUNTED + 1
    rows = store.page(act.tx, parts(act, criteria), more, criteria.offset)
    return Found(rows[: criteria.limit], len(rows[criteria.limit :]))


def parts(act: Act, criteria: Criteria) -> list[sa.Select[Any]]:
    """The statements that choose: attempts of requests, and own workitems."""
    services = act.catalogue.services
    asked = [_CASE[key.path](key.test, services) for key in criteria.keys]
    seen = workitem_parts(act.subject, act.now)
    chosen = [store.attempts(sa.and_(part, *asked)) for part in seen]
    if may_have_own(act):
        mine = ups_items.c.institution_id == act.subject.institution_id
        tests = [_own(key.path, key.test) for key in criteria.keys]
        chosen.append(store.own_items(sa.and_(mine, *tests)))
    return chosen


def still_open(criteria: Criteria) -> Criteria:
    """The same, of workitems that have not ended."""
    states = AnyOf((Exact(State.SCHEDULED.value), Exact(State.IN_PROGRESS.value)))
    return replace(criteria, keys=(*criteria.keys, Key(STATE, states)))


def may_have_own(act: Act) -> bool:
    """Whether the caller may see an institution's own workitems at all."""
    seen = Permission.SEE_CASES in act.subject.permissions
    return seen and act.subject.institution_id is not None and not act.subject.masked


def path(name: str) -> Path:
    """The tags of keywords joined by dots."""
    return tuple(tag for word in name.split(".") if (tag := tag_of(word)) is not None)


MATCHED: Final[tuple[Path, ...]] = tuple(map(path, MATCHABLE["workitem"]))
"""Every path that can be matched."""
STATE: Final = path("ProcedureStepState")
UID: Final = path("SOPInstanceUID")
START: Final = path("ScheduledProcedureStepStartDateTime")
_ABOUT_PATIENTS: Final = frozenset(
    map(path, ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"))
)


def written(of: Path) -> str:
    """A path as it stands in `ups_item_keys`."""
    return ".".join(f"{tag:08X}" for tag in of)


# --- tests as SQL -------------------------------------------------------------------------------


def _text(column: Column, test: Test) -> Where:
    match test:
        case Exact():
            return column == test.value
        case Wildcard():
            return lowered(column).like(to_like(test.pattern.lower()), escape="\\")
        case Empty():
            return sa.or_(column.is_(None), column == "")
        case AnyOf():
            return sa.or_(*(_text(column, one) for one in test.tests))
        case Between():
            low = [column >= test.low] if test.low else []
            return sa.and_(column != "", *low, *([column <= test.high] if test.high else []))
        case NameLike():
            return sa.and_(*(_name(column, pattern) for pattern in test.patterns))


def _name(column: Column, pattern: str) -> Where:
    """A pattern that a whole key of `patients.search` fits; keys stand between blanks."""
    if "*" not in pattern and "?" not in pattern:
        return column.like(f"% {to_like(pattern)} %", escape="\\")
    if pattern.endswith("*") and not {"*", "?"} & set(pattern[:-1]):
        return column.like(f"% {to_like(pattern[:-1])}%", escape="\\")
    return column.like(f"%{to_like(pattern)}%", escape="\\")


def _moment(column: Column, test: Test) -> Where:
    if isinstance(test, AnyOf):
        return sa.or_(*(_moment(column, one) for one in test.tests))
    if isinstance(test, Empty):
        return column.is_(None)
    if not isinstance(test, Between):
        return sa.false()
    low, high = at_utc(test.low), at_utc(test.high)
    after = [column >= low] if low else []
    return sa.and_(column.is_not(None), *after, *([column <= high] if high else []))


def _word(words: Mapping[str, str], column: Column) -> Callable[[Test], Where]:
    """A test of what the values of a column are called."""

    def ask(test: Test) -> Where:
        return column.in_([value for value, word in words.items() if accepts(test, [word])])

    return ask


# --- attempts of requests -----------------------------------------------------------------------


def _column(column: Column) -> Ask:
    return lambda test, services: _text(column, test)


def _uid(test: Test, services: Mapping[str, ServiceType]) -> Where:
    if isinstance(test, AnyOf):
        return sa.or_(*(_uid(one, services) for one in test.tests))
    return store.named(test.value) if isinstance(test, Exact) else sa.false()


def _said(test: Test, tag: str, otherwise: Where) -> Where:
    """What a client said of it, else what the platform says."""
    said = ups_case_items.c.dataset[tag]["Value"][0].as_string()
    return sa.or_(_text(said, test), sa.and_(said.is_(None), otherwise))


def _label(test: Test, services: Mapping[str, ServiceType]) -> Where:
    labels = {code: kind.label.zh for code, kind in services.items()}
    return _said(test, "00741204", _word(labels, t.requests.c.service)(test))


def _service(test: Test, services: Mapping[str, ServiceType]) -> Where:
    return t.requests.c.service.in_([code for code in services if accepts(test, [code])])


def _readiness(test: Test, services: Mapping[str, ServiceType]) -> Where:
    needs = t.requests.c.service.in_([s.code for s in services.values() if s.requires_study])
    incomplete = sa.or_(store.ON_THEIR_WAY, sa.and_(needs, sa.not_(store.HAS_IMAGES)))
    states = {"INCOMPLETE": incomplete, "READY": sa.not_(incomplete)}
    return sa.or_(sa.false(), *(is_so for word, is_so in states.items() if accepts(test, [word])))


def _of_study(column: Column) -> Ask:
    """A study that the request shows."""

    def ask(test: Test, services: Mapping[str, ServiceType]) -> Where:
        return (
            sa.exists()
            .where(
                t.request_studies.c.request_id == t.requests.c.id,
                t.studies.c.id == t.request_studies.c.study_id,
                _text(column, test),
            )
            .correlate(t.requests)
        )

    return ask


def _replaced(test: Test, services: Mapping[str, ServiceType]) -> Where:
    """The attempt that came before has this UID."""
    uids = [one.value for one in (test.tests if isinstance(test, AnyOf) else (test,))
            if isinstance(one, Exact)]  # fmt: skip
    before = t.workitems.alias()
    ids = [key for uid in uids if (key := store.id_of(uid))]
    return (
        sa.exists()
        .where(
            before.c.request_id == t.workitems.c.request_id,
            before.c.attempt == t.workitems.c.attempt - 1,
            before.c.id.in_(ids),
        )
        .correlate(t.workitems)
    )


def _of_provider(test: Test) -> Where:
    place = t.institutions.alias()
    called = _text(place.c.name, test)
    return sa.exists().where(place.c.id == t.workitems.c.provider_id, called).correlate(t.workitems)


def _birth_date(test: Test, services: Mapping[str, ServiceType]) -> Where:
    return _text(sa.func.replace(t.patients.c.birth_date, "-", ""), test)


def _performer(test: Test, services: Mapping[str, ServiceType]) -> Where:
    return _text(t.workitems.c.scheduled_performer_id, test)


_BY_NAME: Final[Mapping[str, Ask]] = {
    "SOPInstanceUID": _uid,
    "ProcedureStepState": _column(t.workitems.c.state),
    "ScheduledProcedureStepStartDateTime": lambda test, _: _moment(
        t.workitems.c.scheduled_at, test
    ),
    "ExpectedCompletionDateTime": lambda test, _: _moment(t.requests.c.due_at, test),
    "ScheduledProcedureStepPriority": lambda test, _: _word(ups.PRIORITIES, t.requests.c.urgency)(
        test
    ),
    "ProcedureStepLabel": _label,
    "WorklistLabel": lambda test, _: _said(test, "00741202", _of_provider(test)),
    "InputReadinessState": _readiness,
    "PatientName": _column(t.patients.c.search),
    "PatientID": _column(t.patients.c.patient_id),
    "PatientBirthDate": _birth_date,
    "PatientSex": _column(t.patients.c.sex),
    "ScheduledStationNameCodeSequence.CodeValue": _column(t.workitems.c.provider_id),
    "ScheduledStationClassCodeSequence.CodeValue": _service,
    "ScheduledStationGeographicLocationCodeSequence.CodeValue": lambda test, _: sa.false(),
    "ScheduledWorkitemCodeSequence.CodeValue": _service,
    "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue": _performer,
    "ReferencedRequestSequence.AccessionNumber": _of_study(t.studies.c.accession_number),
    "ReferencedRequestSequence.RequestedProcedureID": _column(t.requests.c.number),
    "ReferencedRequestSequence.StudyInstanceUID": _of_study(t.studies.c.study_uid),
    "InputInformationSequence.StudyInstanceUID": _of_study(t.studies.c.study_uid),
    "ReplacedProcedureStepSequence.ReferencedSOPInstanceUID": _replaced,
}
_CASE: Final = {path(name): ask for name, ask in _BY_NAME.items()}


# --- an institution's own -----------------------------------------------------------------------


def _own(of: Path, test: Test) -> Where:
    if of == STATE:
        return _text(ups_items.c.state, test)
    if of == UID:
        return _text(ups_items.c.uid, test)
    if of == START:
        return _moment(ups_items.c.starts_at, test)
    key, value = written(of), ups_item_keys.c.value
    if isinstance(test, Empty):
        return sa.not_(store.has_key(key, sa.true()))
    if isinstance(test, NameLike):
        likes = (value.like(to_like(pattern), escape="\\") for pattern in test.patterns)
        return sa.and_(*(store.has_key(key, like) for like in likes))
    return store.has_key(key, _text(value, test))
