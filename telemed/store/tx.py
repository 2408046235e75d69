"""A transaction in hand: the connection, and the log that is written with it."""

import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telemed.store.columns import Json
from telemed.store.prepared import built, prepared

Row = Mapping[str, Any]
S = TypeVar("S", bound=sa.Executable)
H = TypeVar("H", bound=Hashable)
_TURNS: Final = 0x7E20
"""The first number of the advisory locks that are turns; the second is made from a name."""


class Tx:
    """One short transaction. Never kept, never shared between tasks."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        self.log_head: int | None = None
        """The log's last number once this transaction holds the log's lock."""

    def execute(self, statement: sa.Executable) -> sa.CursorResult[Any]:
        """Run a statement."""
        return self.connection.execute(statement)

    def take_turn(self, name: str) -> None:
        """Wait until no other process is in a turn of that name; the transaction's end ends it.

        On SQLite writers take turns anyway. What is read afterwards is what the one before left.
        """
        if not self.sqlite:
            number = zlib.crc32(name.encode()) & 0x7FFF_FFFF
            self.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURNS, number)))

    def one(self, statement: sa.Executable, **values: Any) -> Row | None:
        """The first row as a mapping, or None.

        With `values`, here and below, the statement has parameters, was built once and lives on;
        one without parameters that does is marked by `once`.
        """
        if values or _ONCE in statement.get_execution_options():
            kept = prepared(statement, self.connection)
            if not kept.expands:
                found = kept.run(self.connection, values).fetchone()
                return None if found is None else kept.row(found)
        row = self.connection.execute(statement, values).mappings().first()
        return None if row is None else dict(row)

    def all(self, statement: sa.Executable, **values: Any) -> list[Row]:
        """All rows as mappings."""
        if values or _ONCE in statement.get_execution_options():
            kept = prepared(statement, self.connection)
            if not kept.expands:
                return [kept.row(row) for row in kept.run(self.connection, values).fetchall()]
        return [dict(row) for row in self.connection.execute(statement, values).mappings()]

    def ask(self, build: Callable[[H], sa.Executable], shape: H, values: Row) -> list[Row]:
        """All rows of the statement that `build` makes of a shape: built once while it is in use.

        For statements of which there are as many as there are ways to ask.
        """
        kept = built(shape, build, self.connection.dialect)
        return [kept.row(row) for row in kept.run(self.connection, values).fetchall()]

    def rows(self, statement: sa.Executable, **values: Any) -> Iterable[Sequence[Any]]:
        """All rows by position as they come: for many of them a mapping costs more than the row."""
        if not values:
            return self.connection.execute(statement)
        kept = prepared(statement, self.connection)
        # All at once: psycopg has them anyway, and takes twice as long to hand them out singly.
        return map(kept.by_position, kept.run(self.connection, values).fetchall())

    def scalar(self, statement: sa.Executable, **values: Any) -> Any:
        """The first column of the first row, or None."""
        if values or _ONCE in statement.get_execution_options():
            row = self.one(statement, **values)
            return None if row is None else next(iter(row.values()))
        return self.connection.execute(statement).scalar()

    def find(self, table: sa.Table, **keys: Any) -> Row | None:
        """The row whose columns equal `keys`, or None."""
        return self.one(_select(table, tuple(keys)), **keys)

    def find_each(
        self, key: sa.Column[Any], values: Iterable[str], *columns: sa.Column[Any]
    ) -> list[Row]:
        """These columns (all of them, if none is named) of the rows with one of these keys."""
        wanted = list(values)
        statement = _select_each(key, columns, self.sqlite)
        return self.all(statement, values=wanted) if wanted else []

    def insert(self, table: sa.Table, rows: Row | Sequence[Row]) -> None:
        """Insert one row or many, all of the same columns."""
        if isinstance(rows, Mapping):
            prepared(_insert(table), self.connection, tuple(rows)).run(self.connection, rows)
        else:
            self._insert_all(table, rows, missing=False)

    def insert_missing(self, table: sa.Table, rows: Iterable[Row]) -> int:
        """Insert rows, all of the same columns, whose keys are not there yet; how many were new."""
        return self._insert_all(table, list(rows), missing=True)

    def _insert_all(self, table: sa.Table, rows: Sequence[Row], missing: bool) -> int:
        """On PostgreSQL many rows are one statement: a round trip each costs more than the row."""
        changed, done = 0, 0
        while not self.sqlite and len(rows) - done > 1:
            many = next(size for size in _SIZES if size <= len(rows) - done)
            statement = _insert_rows(table, tuple(rows[0]), many, missing)
            values = {
                f"{name}_{n}": value
                for n, row in enumerate(rows[done : done + many])
                for name, value in row.items()
            }
            changed += self.run(statement, **values)
            done += many
        one = _insert_missing(table, self.sqlite) if missing else _insert(table)
        return changed + self.insert_each(one, rows[done:])

    def add_up(self, table: sa.Table, rows: Sequence[Row], column: str) -> None:
        """Add each row's `column` to the row with its primary key, or begin one with it."""
        self.insert_each(_add_up(table, column, self.sqlite), rows)

    def insert_each(self, insert: sa.Insert, rows: Sequence[Row]) -> int:
        """Run an INSERT that was built once for each row, all of the same columns; how many rows it
        changed."""
        if not rows:
            return 0
        kept = prepared(insert, self.connection, tuple(rows[0]))
        return kept.run_each(self.connection, rows)

    def run(self, statement: sa.Executable, **values: Any) -> int:
        """Change rows by a statement that was built once; how many matched."""
        return int(prepared(statement, self.connection).run(self.connection, values).rowcount)

    def update(self, table: sa.Table, where: sa.ColumnElement[bool], values: Row) -> int:
        """Update rows; how many matched. Zero is the caller's lost race."""
        return self.connection.execute(sa.update(table).where(where).values(**values)).rowcount

    def change(self, table: sa.Table, keys: Row, values: Row) -> int:
        """Update the rows whose columns equal `keys` (none of them NULL); how many matched."""
        named = {f"key_{name}": value for name, value in keys.items()}
        return self.run(_update(table, tuple(keys), tuple(values)), **named, **values)


# Building a statement costs several times what running it does: those of every step are built once.

_ONCE: Final = "built_once"


def once(statement: S) -> S:
    """A statement without parameters that is built once and lives on."""
    return statement.execution_options(**{_ONCE: True})


def given(column: sa.Column[Any]) -> sa.BindParameter[Any]:
    """A parameter named and typed like a column, for a statement that is built once."""
    return sa.bindparam(column.name, type_=column.type)


def among(column: sa.ColumnElement[Any], name: str, on_sqlite: bool) -> sa.ColumnElement[bool]:
    """A text column's value is one of a list that is a parameter of a statement built once."""
    if on_sqlite:
        values = sa.func.json_each(sa.bindparam(name, type_=Json)).table_valued("value")
        return column.in_(sa.select(values.c.value))
    return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.Text)))


@cache
def _select(table: sa.Table, keys: tuple[str, ...]) -> sa.Select[Any]:
    return sa.select(table).where(*(table.c[key] == given(table.c[key]) for key in keys))


@cache
def _select_each(
    key: sa.Column[Any], columns: tuple[sa.Column[Any], ...], on_sqlite: bool
) -> sa.Select[Any]:
    return sa.select(*(columns or (key.table,))).where(among(key, "values", on_sqlite))


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table).inline()


@cache
def _insert_missing(table: sa.Table, on_sqlite: bool) -> sa.Insert:
    return _insert_here(table, on_sqlite).inline().on_conflict_do_nothing()


_SIZES: Final = (64, 16, 4, 2)
"""Rows of one INSERT: few sizes, for each is a statement of its own that is kept."""


@cache
def _insert_rows(
    table: sa.Table, columns: tuple[str, ...], many: int, missing: bool
) -> postgresql.Insert:
    rows = [
        {c: sa.bindparam(f"{c}_{n}", type_=table.c[c].type) for c in columns if c in table.c}
        for n in range(many)
    ]
    insert = postgresql.insert(table).inline().values(rows)
    return insert.on_conflict_do_nothing() if missing else insert


def _insert_here(table: sa.Table, on_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if on_sqlite else postgresql.insert(table)


@cache
def _add_up(table: sa.Table, column: str, on_sqlite: bool) -> sa.Insert:
    insert = _insert_here(table, on_sqlite)
    added = {column: table.c[column] + insert.excluded[column]}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=added)


@cache
def _update(table: sa.Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> sa.Update:
    where = [table.c[key] == sa.bindparam(f"key_{key}", type_=table.c[key].type) for key in keys]
    return sa.update(table).where(*where).values({c: given(table.c[c]) for c in columns})
