"""QIDO-RS searches (PS3.18 10.6): criteria become SQL inside what the caller can reach.

The access predicate is part of the query, so pages and counts hide nothing and leak nothing. A
PatientID without its issuer is ambiguous in a network where hospitals number alike: it finds one
platform patient, the caller's own first, and nobody when several strangers share the number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.actions.search_fields import add_fields, wants_fields
from telemed.actions.search_start import Start, starts
from telemed.actions.search_terms import STUDY_DATE, Terms, Values, conditions, named
from telemed.actions.studies import find_study
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.dicom.criteria import Between, Criteria, Exact, Key
from telemed.store import search as store
from telemed.store import tables as t
from telemed.store.access import Eyes, may_see_studies
from telemed.store.search import Plan
from telemed.store.tables import study_keys
from telemed.store.tx import Row

PATIENT_ID: Final = (0x00100020,)
ISSUER: Final = (0x00100021,)
STUDY_UID: Final = (0x0020000D,)
SOP_UID: Final = (0x00080018,)
MOST_COUNTED: Final = 100
"""How far what lies behind a page is counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows of the lowest level asked for.

    `remaining` counts what lies behind the page, up to `MOST_COUNTED` + 1. `ambiguous` tells that
    a PatientID is shared by several platform patients and was therefore not followed.
    """

    rows: list[Row]
    remaining: int = 0
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a search's statement depends on."""

    levels: tuple[str, ...]
    start: str
    terms: Terms
    sees_cases: bool
    sqlite: bool
    in_series: bool = False
    of_patient: bool = False


def search(
    act: Act, criteria: Criteria, path: Mapping[str, str] | None = None, service: str = ""
) -> Found:
    """Search the lowest of the criteria's levels ('study', 'series', 'instance').

    `path` holds the UIDs of the resource path under 'study' and 'series'. An unknown study has
    no series: that is an empty result, not an error (10.6.3). `service` is where bulk data of
    what `includefield` names is found.
    """
    path = path or {}
    if not may_see_studies(act.subject):
        return Found([])
    values: Values = {**Eyes.values(act.subject), "now": act.now}
    shape, values = (
        _within(act, criteria, path, values)
        if "study" in path
        else _anywhere(act, criteria, values)
    )
    if shape is None:
        return Found([])
    if _is_bare_patient_id(criteria):
        one, ambiguous = _one_patient(act, shape, values)
        if one is None:
            return Found([], 0, ambiguous)
        shape, values = replace(shape, of_patient=True), {**values, "patient": one}
    found = _page(act, shape, values, criteria)
    if not wants_fields(criteria):
        return found
    rows = add_fields(act, found.rows, criteria, service)
    return Found(rows, found.remaining + len(found.rows) - len(rows))


def is_brief(act: Act, criteria: Criteria, path: Mapping[str, str]) -> bool:
    """Whether a search surely has little to look at: the parts of a study or series that has few,
    or the studies of a UID or key that few have. What it costs to tell is bounded.

    It says where to run a search and nothing else, so strangers' studies of the UID count too.
    """
    if wants_fields(criteria):
        return False
    if "study" in path:
        level = "series" if "series" in path else "study"
        parts = "series_count" if criteria.levels[-1] == "series" else "instance_count"
        size = act.tx.scalar(_SIZES[level, parts], uid=path[level].replace("\0", ""))
        return (size or 0) <= FEW_PARTS
    start = next(starts(criteria))
    if start.kind != "keys" or not start.values["key"]:
        return start.kind == "few"
    values = {**start.values, "viewer": act.subject.institution_id, "most": FEW_STUDIES + 1}
    (found,) = store.ask(act.tx, ("under",), _under_key, values)
    return bool(found["found"] <= FEW_STUDIES)


FEW_PARTS: Final = 256
FEW_STUDIES: Final = 50
_UID: Final = sa.bindparam("uid", type_=sa.Text())
_SIZES: Final = {
    ("study", "series_count"): sa.select(sa.func.max(t.studies.c.series_count)).where(
        t.studies.c.study_uid == _UID
    ),
    ("study", "instance_count"): sa.select(sa.func.max(t.studies.c.instance_count)).where(
        t.studies.c.study_uid == _UID
    ),
    ("series", "instance_count"): sa.select(sa.func.max(t.series.c.instance_count)).where(
        t.series.c.series_uid == _UID
    ),
}


def _page(act: Act, shape: Shape, values: Values, criteria: Criteria) -> Found:
    """A page, and what is behind it where there is anything."""
    limit, offset = criteria.limit, criteria.offset
    within = shape.start == "study"
    most = limit + MOST_COUNTED + 1
    page = {**values, "limit": limit + 1 if within else limit, "most": most, "offset": offset}
    rows = store.ask_page(act.tx, ("page", shape), _page_of, page, shape.levels[-1])
    if not within:
        return Found(rows, max(0, rows[0]["counted"] - limit) if rows else 0)
    if len(rows) <= limit:
        return Found(rows)
    behind = {**values, "limit": MOST_COUNTED + 1, "offset": offset + limit}
    (counted,) = store.ask(act.tx, ("rest", shape), _rest_of, behind)
    return Found(rows[:limit], counted["rest"])


# --- where to begin ---------------------------------------------------------------------------


def _within(
    act: Act, criteria: Criteria, path: Mapping[str, str], values: Values
) -> tuple[Shape | None, Values]:
    """A search under one study, or under one series of it."""
    try:
        study = find_study(act, path["study"])
    except Problem:
        return None, values
    values |= {"study": study["id"], "series": path.get("series", "").replace("\0", "")}
    terms = named(criteria.keys, criteria.moments, values)
    return _shape(act, criteria.levels, "study", terms, in_series="series" in path), values


def _anywhere(act: Act, criteria: Criteria, values: Values) -> tuple[Shape, Values]:
    """A search from the start that leaves the fewest rows to look at."""
    start = next(start for start in starts(criteria) if _is_narrow(act, start))
    left = [key for key in criteria.keys if key not in start.settled]
    if start.kind == "keys":
        # The index is in the order of days: what a moment leaves of them is a stretch of it.
        for moment in criteria.moments:
            if (moment.date,) == STUDY_DATE:
                days = Between(moment.test.low[:8], moment.test.high[:8])
                left += [Key(STUDY_DATE, days)] if days.low or days.high else []
    values |= start.values
    terms = named(left, criteria.moments, values)
    return _shape(act, criteria.levels, start.kind, terms), values


def _shape(act: Act, levels: tuple[str, ...], start: str, terms: Terms, **more: Any) -> Shape:
    sees_cases = Permission.SEE_CASES in act.subject.permissions
    return Shape(levels, start, terms, sees_cases, act.tx.sqlite, **more)


def _is_narrow(act: Act, start: Start) -> bool:
    """Whether a range of keys is short enough to be put in order."""
    if start.kind != "range":
        return True
    values = {**start.values, "viewer": act.subject.institution_id, "most": MOST_RANGED + 1}
    (found,) = store.ask(act.tx, ("range",), _in_range, values)
    return bool(found["found"] <= MOST_RANGED)


MOST_RANGED: Final = 1_000
_IN_RANGE: Final = sa.and_(
    study_keys.c.key >= sa.bindparam("low", type_=study_keys.c.key.type),
    study_keys.c.key < sa.bindparam("high", type_=study_keys.c.key.type),
)
_KEY: Final = study_keys.c.key == sa.bindparam("key", type_=study_keys.c.key.type)
_OWN: Final = sa.select(study_keys.c.study_id).where(study_keys.c.viewer_id == store.VIEWER)
_RANGE: Final = _OWN.where(_IN_RANGE)


def _counted(some: sa.Select[Any]) -> sa.Select[Any]:
    """How many there are, at most `most`."""
    some = some.limit(sa.bindparam("most", type_=sa.Integer()))
    return sa.select(sa.func.count().label("found")).select_from(some.subquery())


# --- whose number it is -----------------------------------------------------------------------


def _is_bare_patient_id(criteria: Criteria) -> bool:
    keys = {key.path: key.test for key in criteria.keys}
    return isinstance(keys.get(PATIENT_ID), Exact) and ISSUER not in keys and STUDY_UID not in keys


def _one_patient(act: Act, shape: Shape, values: Values) -> tuple[str | None, bool]:
    """The one platform patient a bare PatientID may mean, and whether several share it."""
    found = store.ask(act.tx, ("patients", shape), _patients_of, values)
    own = [p for p in found if p["institution_id"] == act.subject.institution_id]
    if len(own) == 1 or len(found) == 1:
        return (own or found)[0]["patient_ref"], False
    return None, bool(found)


# --- statements -------------------------------------------------------------------------------


def _in_range(_shape: tuple[str]) -> sa.Select[Any]:
    return _counted(_RANGE)


def _under_key(_shape: tuple[str]) -> sa.Select[Any]:
    return _counted(_OWN.where(_KEY))


def _page_of(shape: tuple[str, Shape]) -> sa.Select[Any]:
    return store.page(_plan(shape[1]))


def _rest_of(shape: tuple[str, Shape]) -> sa.Select[Any]:
    return store.rest(_plan(shape[1]))


def _patients_of(shape: tuple[str, Shape]) -> sa.Select[Any]:
    return store.patients(replace(_plan(shape[1]), touches_studies=True))


def _plan(shape: Shape) -> Plan:
    keyed = shape.start == "keys"
    where = conditions(shape.terms, shape.sqlite, keyed)
    on_studies = len(where) > (1 if keyed and _is_of_days(shape.terms) else 0)
    if keyed:
        where.append(_KEY)
    if shape.start == "range":
        where.append(t.studies.c.id.in_(_RANGE))
    if any(key.path == SOP_UID for key in shape.terms.keys) and shape.start == "few":
        where.append(store.OF_SOME_INSTITUTION)
    if shape.in_series:
        where.append(t.series.c.series_uid == sa.bindparam("series", type_=sa.Text()))
    if shape.of_patient:
        where.append(t.studies.c.patient_ref == sa.bindparam("patient", type_=sa.Text()))
    touches = on_studies or shape.of_patient
    start = "few" if shape.start == "range" else shape.start
    return Plan(shape.levels, start, shape.sees_cases, tuple(where), touches)


def _is_of_days(terms: Terms) -> bool:
    return any(key.path == STUDY_DATE for key in terms.keys)
