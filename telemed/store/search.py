"""Pages of studies, series and instances: statements that are built once for each shape of search.

A search walks the keys of its own institution (`study_keys`) in the order of its pages, newest
study date first and of one date the newest arrival, or goes to UIDs that it names. The access rule
is part of every statement: of one's own rows the index already tells, of each foreign row
`store/access.py` is asked. Conditions come ready made, their values as parameters.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from telemed.store.access import named_studies, own_studies
from telemed.store.columns import UtcTime
from telemed.store.prepared import Prepared
from telemed.store.tables import instances, institutions, series, studies, study_keys
from telemed.store.tx import Row, Tx

Where = sa.ColumnElement[bool]

VIEWER: Final = sa.bindparam("viewer", type_=sa.Text())
NOW: Final = sa.bindparam("now", type_=UtcTime())
STUDY: Final = sa.bindparam("study", type_=sa.Text())
_LAST_NUMBER: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Plan:
    """What a statement is made of.

    `start` is where it begins: 'keys' (one key), 'few' (studies that `where` names) or 'study'
    (one study's parts). `sees_cases` tells whether studies of others may be shown at all.
    """

    level: str
    start: str
    sees_cases: bool
    where: tuple[Where, ...]
    touches_studies: bool


def page(plan: Plan) -> sa.Select[Any]:
    """The statement of a page; parameters `limit` and `offset`."""
    chosen = _paged(_chosen(plan))
    if plan.level != "study":
        return chosen
    found = chosen.subquery("found")
    return (
        sa.select(studies.c.id, studies.c.study_uid, studies.c.search_json.label("study_json"))
        .join(found, found.c.id == studies.c.id)
        .order_by(found.c.study_date.desc(), found.c.id.desc())
    )


def rest(plan: Plan) -> sa.Select[Any]:
    """How many rows lie from `offset` on, at most `limit`."""
    some = _paged(_chosen(plan).with_only_columns(*_identity(plan))).subquery()
    return sa.select(sa.func.count().label("rest")).select_from(some)


def patients(plan: Plan) -> sa.Select[Any]:
    """The platform patients of what is found, at most fifty."""
    chosen = _chosen(plan).with_only_columns(studies.c.patient_ref, studies.c.institution_id)
    return chosen.order_by(None).distinct().limit(50)


def _paged(statement: sa.Select[Any]) -> sa.Select[Any]:
    number = {name: sa.bindparam(name, type_=sa.Integer()) for name in ("limit", "offset")}
    return statement.limit(number["limit"]).offset(number["offset"])


def _identity(plan: Plan) -> Sequence[sa.ColumnElement[Any]]:
    lowest = {"study": _study_order(plan)[1], "series": series.c.id, "instance": instances.c.id}
    return (_study_order(plan)[0], lowest[plan.level])


def _chosen(plan: Plan) -> sa.Select[Any]:
    date, key = _study_order(plan)
    order: list[sa.ColumnElement[Any]] = [] if plan.start == "study" else [date.desc(), key.desc()]
    columns: list[sa.ColumnElement[Any]] = [key.label("id"), date.label("study_date")]
    if plan.level != "study":
        columns = [
            studies.c.search_json.label("study_json"),
            studies.c.study_uid,
            series.c.search_json.label("series_json"),
            series.c.series_uid,
        ]
        order += [sa.func.coalesce(series.c.number, _LAST_NUMBER), series.c.series_uid]
    if plan.level == "series":
        columns.append(series.c.id)
    if plan.level == "instance":
        columns += _INSTANCE_COLUMNS
        order += [sa.func.coalesce(instances.c.number, _LAST_NUMBER), instances.c.sop_uid]
    statement = sa.select(*columns).select_from(_from(plan))
    return statement.where(*_seen(plan), *plan.where).order_by(*order)


_INSTANCE_COLUMNS: Final = [
    instances.c[name]
    for name in (
        "id", "sop_uid", "sop_class", "transfer_syntax", "number", "frames", "rows", "columns",
        "bits_allocated",
    )
]  # fmt: skip


def _study_order(plan: Plan) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    if plan.start == "keys":
        return study_keys.c.study_date, study_keys.c.study_id
    return studies.c.study_date, studies.c.id


def _from(plan: Plan) -> sa.FromClause:
    keyed = plan.start == "keys"
    source: sa.FromClause = study_keys if keyed else studies
    if keyed and (plan.touches_studies or plan.level != "study"):
        source = source.join(studies, studies.c.id == study_keys.c.study_id)
    if plan.level != "study":
        source = source.join(series, series.c.study_id == studies.c.id)
    if plan.level == "instance":
        source = source.join(instances, instances.c.series_id == series.c.id)
    return source


def _seen(plan: Plan) -> list[Where]:
    if plan.start == "study":
        return [studies.c.id == STUDY]
    if plan.start == "few":
        own = own_studies(VIEWER)
        return [sa.or_(own, named_studies(VIEWER, NOW)) if plan.sees_cases else own]
    mine = study_keys.c.viewer_id == VIEWER
    if not plan.sees_cases:
        return [mine, study_keys.c.own]
    foreign = named_studies(VIEWER, NOW)
    if not plan.touches_studies and plan.level == "study":
        foreign = sa.exists().where(studies.c.id == study_keys.c.study_id, foreign)
    return [mine, sa.or_(study_keys.c.own, foreign)]


OF_SOME_INSTITUTION: Final = instances.c.institution_id.in_(sa.select(institutions.c.id))
"""True of every instance; with it a SOP Instance UID is looked up in each institution's index."""


# --- pieces of conditions ---------------------------------------------------------------------


class lowered(FunctionElement[str]):
    """A text in lower case in every script, whatever the database's language."""

    type = sa.Text()
    inherit_cache = True


@compiles(lowered)
def _lowered(element: Any, compiler: Any, **more: Any) -> str:
    return f"lower({compiler.process(element.clauses, **more)})"


@compiles(lowered, "postgresql")
def _lowered_by_icu(element: Any, compiler: Any, **more: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **more)}) COLLATE "und-x-icu")'


def items_of(column: sa.Column[Any], tag: str, sqlite: bool) -> tuple[Any, Callable[[str], Any]]:
    """The items of a sequence kept in a JSON column, and the first value of an item's element."""
    if sqlite:
        items = sa.func.json_each(column, f'$."{tag}"."Value"').table_valued("value")
        return items, lambda inner: sa.func.json_extract(
            items.c.value, f'$."{inner}"."Value"[0]', type_=sa.Text()
        )
    held = sa.type_coerce(column, postgresql.JSONB)[tag]["Value"]
    items = (
        sa.func.jsonb_array_elements(held)
        .table_valued(sa.column("value", postgresql.JSONB))
        .render_derived()
    )
    return items, lambda inner: items.c.value[inner]["Value"][0].astext


# --- running ----------------------------------------------------------------------------------


def ask(
    tx: Tx, shape: Hashable, build: Callable[[Any], sa.Select[Any]], values: Mapping[str, Any]
) -> list[Row]:
    """The rows of the statement that `build` makes of a shape, built once while it is in use."""
    kept = _prepared(shape, build, tx.connection.dialect)
    return [kept.row(row) for row in kept.run(tx.connection, values)]


@lru_cache(maxsize=512)
def _prepared(
    shape: Hashable, build: Callable[[Any], sa.Select[Any]], dialect: sa.Dialect
) -> Prepared:
    return Prepared(build(shape), dialect, None)
