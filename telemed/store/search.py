"""Pages of studies, series and instances: statements that are built once for each shape of search.

A search walks the keys of its own institution (`study_keys`) in the order of its pages, newest
study date first and of one date the newest arrival, or goes to UIDs that it names. The access rule
is part of every statement: of one's own rows the index already tells, of each foreign row
`store/access.py` is asked. Conditions come ready made, their values as parameters.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from telemed.store.access import EYES, named_studies, own_studies
from telemed.store.columns import UtcTime
from telemed.store.prepared import built
from telemed.store.search_json import instance_json
from telemed.store.tables import instances, institutions, series, studies, study_keys
from telemed.store.tx import Row, Tx

Where = sa.ColumnElement[bool]
Columns: TypeAlias = tuple[sa.ColumnElement[Any], ...]

VIEWER: Final = EYES.viewer
NOW: Final = sa.bindparam("now", type_=UtcTime())
STUDY: Final = sa.bindparam("study", type_=sa.Text())
_LAST_NUMBER: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Plan:
    """What a statement is made of.

    `levels` are those whose members are shown; rows are of the last one. `start` is where it
    begins: 'keys' (one key), 'few' (studies that `where` names) or 'study' (one study's parts).
    `sees_cases` tells whether studies of others may be shown at all.
    """

    levels: tuple[str, ...]
    start: str
    sees_cases: bool
    where: tuple[Where, ...]
    touches_studies: bool

    @property
    def level(self) -> str:
        """The level of the rows."""
        return self.levels[-1]


def page(plan: Plan) -> sa.Select[Any]:
    """The statement of a page; parameters `limit` and `offset`.

    Of a search that is not under one study each row tells how many rows lie from the page's
    beginning on, `counted`, at most the parameter `most`: they are walked once for both.
    """
    if plan.start == "study":
        return _paged(_chosen(plan, _shown(plan)), "limit", "offset")
    some = _paged(_chosen(plan, _identity(plan)), "most", "offset").cte("some")
    order = (some.c.study_date.desc(), some.c.study_id.desc(), *list(some.c)[3:])
    found = sa.select(some).order_by(*order).limit(_number("limit")).subquery("found")
    lowest = _LOWEST[plan.level]
    counted = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    return (
        sa.select(*_shown(plan), counted.label("counted"))
        .select_from(_below(studies, plan.level).join(found, found.c.id == lowest.c.id))
        .order_by(found.c.study_date.desc(), found.c.study_id.desc(), *list(found.c)[3:])
    )


def rest(plan: Plan) -> sa.Select[Any]:
    """How many rows lie from `offset` on, at most `limit`."""
    some = _paged(_chosen(plan, _identity(plan)), "limit", "offset").subquery()
    return sa.select(sa.func.count().label("rest")).select_from(some)


def patients(plan: Plan) -> sa.Select[Any]:
    """The platform patients of what is found, at most fifty."""
    chosen = _chosen(plan, (studies.c.patient_ref, studies.c.institution_id))
    return chosen.order_by(None).distinct().limit(50)


def _paged(statement: sa.Select[Any], limit: str, offset: str) -> sa.Select[Any]:
    return statement.limit(_number(limit)).offset(_number(offset))


def _number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.Integer())


def _chosen(plan: Plan, columns: Columns) -> sa.Select[Any]:
    statement = sa.select(*columns).select_from(_from(plan)).where(*_seen(plan), *plan.where)
    date, key = _study_order(plan)
    newest = () if plan.start == "study" else (date.desc(), key.desc())
    return statement.order_by(*newest, *_numbered(plan.level))


def _identity(plan: Plan) -> Columns:
    """What a row is known by, and what it is put in order by."""
    date, key = _study_order(plan)
    lowest = key if plan.level == "study" else _LOWEST[plan.level].c.id
    order = (column.label(f"order_{n}") for n, column in enumerate(_numbered(plan.level)))
    return (lowest.label("id"), date.label("study_date"), key.label("study_id"), *order)


def _numbered(level: str) -> Columns:
    """The order of a study's parts."""
    number = sa.func.coalesce(series.c.number, _LAST_NUMBER)
    parts: Columns = () if level == "study" else (number, series.c.series_uid)
    if level == "instance":
        parts += (sa.func.coalesce(instances.c.number, _LAST_NUMBER), instances.c.sop_uid)
    return parts


def _shown(plan: Plan) -> Columns:
    """What a row answers with: what it is known by, and what its members are or are made of."""
    known = {
        "study": (studies.c.id, studies.c.study_uid),
        "series": (series.c.id, studies.c.study_uid, series.c.series_uid),
        "instance": (instances.c.id, studies.c.study_uid, series.c.series_uid, *_OF_INSTANCE),
    }
    made = {"study": studies.c.search_json, "series": series.c.search_json}
    members = (made[level].label(f"{level}_json") for level in plan.levels if level in made)
    return (*known[plan.level], *members)


_LOWEST: Final = {"study": studies, "series": series, "instance": instances}
_OF_INSTANCE: Final[Columns] = tuple(
    instances.c[name]
    for name in (
        "sop_uid", "sop_class", "transfer_syntax", "number", "frames", "rows", "columns",
        "bits_allocated",
    )
)  # fmt: skip
_KNOWN: Final = 3 + len(_OF_INSTANCE)


def _instance_rows(names: Sequence[str], found: Iterable[Sequence[Any]]) -> Iterator[Row]:
    """A page's rows of instances from the columns of `_shown`, their members made of them."""
    more = names[_KNOWN:]
    for values in found:
        made: dict[str, Any] = {
            "id": values[0],
            "study_uid": values[1],
            "instance_json": instance_json(*values[1:_KNOWN]),
        }
        yield made | dict(zip(more, values[_KNOWN:], strict=True)) if more else made


def _study_order(plan: Plan) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    if plan.start == "keys":
        return study_keys.c.study_date, study_keys.c.study_id
    return studies.c.study_date, studies.c.id


def _from(plan: Plan) -> sa.FromClause:
    keyed = plan.start == "keys"
    source: sa.FromClause = study_keys if keyed else studies
    if keyed and (plan.touches_studies or plan.level != "study"):
        source = source.join(studies, studies.c.id == study_keys.c.study_id)
    return _below(source, plan.level)


def _below(source: sa.FromClause, level: str) -> sa.FromClause:
    """Studies with their parts down to a level."""
    if level != "study":
        source = source.join(series, series.c.study_id == studies.c.id)
    if level == "instance":
        source = source.join(instances, instances.c.series_id == series.c.id)
    return source


def _seen(plan: Plan) -> list[Where]:
    if plan.start == "study":
        return [studies.c.id == STUDY]
    if plan.start == "few":
        own = own_studies(VIEWER)
        return [sa.or_(own, named_studies(EYES, NOW)) if plan.sees_cases else own]
    mine = study_keys.c.viewer_id == VIEWER
    if not plan.sees_cases:
        return [mine, study_keys.c.own]
    foreign = named_studies(EYES, NOW)
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


def ask_page(
    tx: Tx, shape: Hashable, build: Callable[[Any], sa.Select[Any]], values: Mapping[str, Any],
    level: str,
) -> list[Row]:  # fmt: skip
    """`ask` of a page's statement: rows have the members of the levels shown as `{level}_json`."""
    if level != "instance":
        return ask(tx, shape, build, values)
    kept = built(shape, build, tx.connection.dialect)
    return list(_instance_rows(kept.names, kept.run(tx.connection, values)))


def ask(
    tx: Tx, shape: Hashable, build: Callable[[Any], sa.Select[Any]], values: Mapping[str, Any]
) -> list[Row]:
    """The rows of the statement that `build` makes of a shape, built once while it is in use."""
    return tx.ask(build, shape, values)
