"""What every table stands on: names of constraints, UTC times, JSON, big integers."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from telemed.core.intervals import minute_from, minute_of

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime: timestamptz on PostgreSQL, ISO text of fixed width on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """At once, without the layers between: a search for a time reads thousands of them."""
        return _time_of_text if dialect.name == "sqlite" else _in_utc


def _time_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def _in_utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


class MinuteOf(UtcTime):
    """A time that is read as its minute of UTC: a search for a time reads thousands, and asks no
    more of them."""

    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        return _minute_of_text if dialect.name == "sqlite" else minute_of


class MinuteFrom(UtcTime):
    """The same, of the first minute that begins no earlier."""

    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        return _minute_from_text if dialect.name == "sqlite" else minute_from


# Of the times of a month there are few: most are read many times over.


@lru_cache(maxsize=50_000)
def _minute_of_text(text: str) -> int:
    return minute_of(datetime.fromisoformat(text + "+00:00"))


@lru_cache(maxsize=50_000)
def _minute_from_text(text: str) -> int:
    return minute_from(datetime.fromisoformat(text + "+00:00"))


Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
# Text whose ranges are ranges of bytes, whatever the database's language.
Bytewise = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Col = sa.Column


def table(name: str, *columns: sa.schema.SchemaItem, in_key_order: bool = False) -> sa.Table:
    """A table; `in_key_order` keeps a SQLite table's rows in its key instead of beside it."""
    return sa.Table(name, metadata, *columns, sqlite_with_rowid=not in_key_order)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index of those rows only for which an SQL condition holds."""
    condition = sa.text(where)
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


class FoundIn(FunctionElement[bool]):
    """A column's value is among what a query of its own finds, in the form that an index on the
    column answers beside other conditions: PostgreSQL would walk the table for `IN`."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any], found: sa.Select[Any]) -> None:
        super().__init__(column, found.scalar_subquery())

    def self_group(self, against: Any = None) -> Any:
        """As it is: SQLite would compare it with 1, and then no index answers it."""
        return self


@compiles(FoundIn)
def _found_in(element: FoundIn, compiler: Any, **more: Any) -> str:
    column, found = element.clauses
    return f"{compiler.process(column, **more)} IN {compiler.process(found, **more)}"


@compiles(FoundIn, "postgresql")
def _found_in_array(element: FoundIn, compiler: Any, **more: Any) -> str:
    column, found = element.clauses
    return f"{compiler.process(column, **more)} = ANY (ARRAY{compiler.process(found, **more)})"
