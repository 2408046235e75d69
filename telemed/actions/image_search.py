"""QIDO-RS searches (PS3.18 10.6): criteria become SQL inside what the caller can reach.

The access predicate is part of the query, so pages and counts hide nothing and leak nothing. A
PatientID without its issuer is ambiguous in a network where hospitals number alike: it finds one
platform patient, the caller's own first, and nobody when several strangers share the number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.actions.studies import find_study, has_modality
from telemed.core.errors import Problem
from telemed.dicom.matching import (
    Between,
    Criteria,
    Exact,
    Key,
    NameLike,
    OneOf,
    Test,
    Wildcard,
    to_like,
)
from telemed.store import studies
from telemed.store import tables as t
from telemed.store.access import reachable_studies
from telemed.store.tx import Row

Where = sa.ColumnElement[bool]
Text = sa.ColumnElement[Any]

_PATIENT_ID, _ISSUER, _STUDY_UID = 0x00100020, 0x00100021, 0x0020000D
_MODALITIES = 0x00080061


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows of the lowest level asked for.

    `remaining` counts what lies behind the page. `ambiguous` tells that a PatientID is shared by
    several platform patients and was therefore not followed; `unmatched` names keys that are not
    indexed and were passed over.
    """

    rows: list[Row]
    remaining: int
    ambiguous: bool
    unmatched: tuple[int, ...]


def search(
    act: Act, level: str, criteria: Criteria, path: Mapping[str, str] | None = None
) -> Found:
    """Search studies, series or instances ('study', 'series', 'instance').

    `path` holds the UIDs of the resource path under 'study' and 'series'. An unknown study has
    no series: that is an empty result, not an error (10.6.3).
    """
    within = _within(act, path or {})
    if within is None:
        return Found([], 0, False, ())
    keys = {key.path: key.test for key in criteria.keys}
    where = [within, *(_condition(key) for key in criteria.keys if key.path in _INDEXED)]
    if criteria.moment is not None:
        moment = t.studies.c.study_date.concat(t.studies.c.study_time)
        where.append(_compare(moment, criteria.moment))
    ambiguous = False
    if _is_bare_patient_id(keys):
        one, ambiguous = _one_patient(act, sa.and_(*where))
        where.append(one)
    every = sa.and_(*where)
    limit = criteria.limit or 0
    rows = studies.rows(act.tx, level, every, limit=limit, offset=criteria.offset)
    remaining = 0
    if len(rows) == limit:
        total = studies.count(act.tx, level, every)
        remaining = max(0, total - criteria.offset - len(rows))
    unmatched = tuple(k.path[-1] for k in criteria.keys if k.path not in _INDEXED)
    return Found(rows, remaining, ambiguous, unmatched)


def _within(act: Act, path: Mapping[str, str]) -> Where | None:
    """What the resource path and the caller's sight allow; None for an unknown study."""
    if "study" not in path:
        return reachable_studies(act.subject, act.now)
    try:
        study = find_study(act, path["study"])
    except Problem:
        return None
    where: Where = t.studies.c.id == study["id"]
    if "series" in path:
        where = sa.and_(where, t.series.c.series_uid == path["series"].replace("\0", ""))
    return where


def _is_bare_patient_id(keys: Mapping[tuple[int, ...], Test]) -> bool:
    wanted = keys.get((_PATIENT_ID,))
    named = (_ISSUER,) in keys or (_STUDY_UID,) in keys
    return isinstance(wanted, Exact) and not named


def _one_patient(act: Act, where: Where) -> tuple[Where, bool]:
    """The one platform patient a bare PatientID may mean, and whether several share it."""
    found = studies.patients_of(act.tx, where, limit=50)
    own = [p for p in found if p["institution_id"] == act.subject.institution_id]
    if len(found) <= 1 or len(own) == 1:
        refs = [p["patient_ref"] for p in own or found]
        return t.studies.c.patient_ref.in_(refs), False
    return sa.false(), True


# --- one key ----------------------------------------------------------------------------------


def _condition(key: Key) -> Where:
    return _INDEXED[key.path](key.test)


def _compare(column: Text, test: Test) -> Where:
    """A text column against a test; patterns ignore case, as PS3.4 C.2.2.2.4 allows."""
    match test:
        case Exact():
            return column == test.value
        case OneOf():
            return column.in_(test.values)
        case Wildcard():
            return sa.func.lower(column).like(to_like(test.pattern.lower()), escape="\\")
        case Between():
            above = sa.and_(column != "", column >= test.low)
            return sa.and_(above, column <= test.high) if test.high else above
        case NameLike():
            return sa.and_(*(column.like(to_like(p), escape="\\") for p in test.patterns))


def _text(column: Text) -> Callable[[Test], Where]:
    return lambda test: _compare(column, test)


def _number(column: Text) -> Callable[[Test], Where]:
    """An integer column; a number it cannot hold is in no row."""

    def compare(test: Test) -> Where:
        if not isinstance(test, Exact) or abs(int(test.value)) >= 1 << 31:
            return sa.false()
        return column == int(test.value)

    return compare


def _modalities(test: Test) -> Where:
    """Modalities in Study matches if any of its values does (PS3.4 C.3.4)."""
    match test:
        case Exact():
            return has_modality(test.value)
        case OneOf():
            return sa.or_(*(has_modality(value) for value in test.values))
        case Wildcard():
            between = sa.literal("\\").concat(t.studies.c.modalities).concat("\\")
            return between.like(f"%\\\\{to_like(test.pattern)}\\\\%", escape="\\")
        case _:
            return sa.false()


def _listed_name(column: Text) -> Text:
    """A readable name as `names.search_keys` would fold it: no blanks inside, one around."""
    return sa.literal(" ").concat(sa.func.lower(sa.func.replace(column, " ", ""))).concat(" ")


def _stored(column: sa.Column[Any], *path: str | int) -> Text:
    """The first value of an attribute kept in a JSON column."""
    value: Text = column[(*path, "Value", 0)].as_string()
    return value


_S, _X, _I = t.studies.c, t.series.c, t.instances.c
_BIRTH = sa.func.replace(t.patients.c.birth_date, "-", "")
_ASKED = ("00400275", "Value", 0)

_INDEXED: Mapping[tuple[int, ...], Callable[[Test], Where]] = {
    (0x00080020,): _text(_S.study_date),
    (0x00080030,): _text(_S.study_time),
    (0x00080050,): _text(_S.accession_number),
    (_MODALITIES,): _modalities,
    (0x00080080,): _text(_stored(_S.attributes, "00080080")),
    (0x00080090,): _text(_listed_name(_S.referring_physician)),
    (0x00081030,): _text(_S.description),
    (0x00100010,): _text(_S.patient_search),
    (_PATIENT_ID,): _text(_S.patient_id),
    (_ISSUER,): _text(_S.institution_id),
    (0x00100030,): _text(_BIRTH),
    (0x00100040,): _text(t.patients.c.sex),
    (_STUDY_UID,): _text(_S.study_uid),
    (0x00200010,): _text(_S.study_local_id),
    (0x00080060,): _text(_X.modality),
    (0x0020000E,): _text(_X.series_uid),
    (0x00200011,): _number(_X.number),
    (0x0008103E,): _text(_X.description),
    (0x00080021,): _text(_X.series_date),
    (0x00080031,): _text(_X.series_time),
    (0x00180015,): _text(_X.body_part),
    (0x00400244,): _text(_stored(_X.attributes, "00400244")),
    (0x00400245,): _text(_stored(_X.attributes, "00400245")),
    (0x00400275, 0x00400009): _text(_stored(_X.attributes, *_ASKED, "00400009")),
    (0x00400275, 0x00401001): _text(_stored(_X.attributes, *_ASKED, "00401001")),
    (0x00080016,): _text(_I.sop_class),
    (0x00080018,): _text(_I.sop_uid),
    (0x00200013,): _number(_I.number),
}
