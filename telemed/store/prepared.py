"""Statements of every step, compiled once and handed to the driver as they are.

SQLAlchemy looks a statement up, checks and wraps it anew at each execution: 60 us of a 75 us
look-up by key. Here the SQL, the conversion of values and that of columns are kept from the first
time; the types and the SQL stay SQLAlchemy's. A statement whose text depends on its values (a list
in an IN) is not for here.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.type_api import TypeEngine

Convert = Callable[[Any], Any]


class Prepared:
    """One statement on one kind of database. Values go in by name, rows come out as dicts."""

    def __init__(
        self, statement: sa.Executable, dialect: sa.Dialect, columns: Sequence[str] | None
    ) -> None:
        compiled = statement.compile(  # type: ignore[attr-defined]
            dialect=dialect, column_keys=None if columns is None else list(columns)
        )
        self.sql = str(compiled)
        self.expands = bool(compiled.post_compile_params | compiled.literal_execute_params)
        self._dialect = dialect
        self._order: list[str] | None = compiled.positiontup
        self._fixed = {name: bind.value for name, bind in compiled.binds.items()}
        self._in = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := _impl(bind.type, dialect).bind_processor(dialect)) is not None
        }
        shown = getattr(statement, "exported_columns", ())
        self.names = [column.name for column in shown]
        self._out: list[tuple[int, Convert]] = [
            (place, made)
            for place, column in enumerate(shown)
            if (made := _reader(column.type, dialect)) is not None
        ]

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor after running it."""
        driver: Any = connection.connection.driver_connection
        return self._do(driver.execute, self._sent(values))

    def run_each(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run it once for each row; how many rows it changed.

        On PostgreSQL one by one. psycopg's executemany is a pipeline that ends with Sync and Flush,
        and a Flush stops the clock of idle_in_transaction_session_timeout: a server that is paused
        there kept the log's lock for as long as it slept.
        """
        driver: Any = connection.connection.driver_connection
        if self._dialect.name == "sqlite":
            sent = [self._sent(row) for row in rows]
            return int(self._do(driver.cursor().executemany, sent).rowcount)
        return sum(self._do(driver.execute, self._sent(row)).rowcount for row in rows)

    def _sent(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them."""
        given = {**self._fixed, **values}
        for name, convert in self._in.items():
            given[name] = convert(given[name])
        return given if self._order is None else [given[name] for name in self._order]

    def _do(self, execute: Callable[[str, Any], Any], sent: Any) -> Any:
        try:
            return execute(self.sql, sent)
        except OverflowError as fault:
            # SQLite's driver says so of a number beyond 64 bits, as no fault of the database.
            raise sa.exc.DataError(self.sql, None, fault, hide_parameters=True) from fault
        except self._dialect.dbapi.Error as fault:  # type: ignore[union-attr]
            # As SQLAlchemy names it, and without the values: they may be a patient's.
            raise sa.exc.DBAPIError.instance(
                self.sql,
                None,
                fault,
                self._dialect.dbapi.Error,  # type: ignore[union-attr]
                hide_parameters=True,
                dialect=self._dialect,
            ) from fault

    def by_position(self, values: Sequence[Any]) -> list[Any]:
        """A driver's row, each value of its column's type."""
        found = list(values)
        for place, convert in self._out:
            found[place] = convert(found[place])
        return found

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A driver's row by column name, each value of its column's type."""
        found = dict(zip(self.names, values, strict=True))
        for place, convert in self._out:
            found[self.names[place]] = convert(values[place])
        return found


_KEPT: dict[tuple[sa.Executable, str, tuple[str, ...] | None], Prepared] = {}


def prepared(
    statement: sa.Executable, connection: sa.Connection, columns: tuple[str, ...] | None = None
) -> Prepared:
    """The statement, compiled. `statement` must live as long as the process: it is kept for ever.

    `columns` names the columns of an INSERT without values of its own.
    """
    key = (statement, connection.dialect.name, columns)
    found = _KEPT.get(key)
    if found is None:
        found = _KEPT[key] = Prepared(statement, connection.dialect, columns)
    return found


@lru_cache(maxsize=1024)
def built(shape: Hashable, build: Callable[[Any], sa.Executable], dialect: sa.Dialect) -> Prepared:
    """The statement that `build` makes of a shape, compiled; kept while it is in use."""
    return Prepared(build(shape), dialect, None)


def _reader(kind: TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    impl = _impl(kind, dialect)
    # SQLAlchemy asks what the driver called the column; of a float it wants to know.
    return impl.result_processor(dialect, _FLOAT8 if isinstance(impl, sa.Float) else None)


_FLOAT8 = 701
"""The type of a double precision column in PostgreSQL's catalogue (pg_type.dat)."""


def _impl(kind: TypeEngine[Any], dialect: sa.Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)
