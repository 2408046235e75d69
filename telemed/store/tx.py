"""A transaction in hand: the connection, and the log that is written with it."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
_TURNS: Final = 0x7E20
"""The first number of the advisory locks that are turns; the second is made from a name."""


class Tx:
    """One short transaction. Never kept, never shared between tasks."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"

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

    def one(self, statement: sa.Executable) -> Row | None:
        """The first row as a mapping, or None."""
        row = self.connection.execute(statement).mappings().first()
        return None if row is None else dict(row)

    def all(self, statement: sa.Executable) -> list[Row]:
        """All rows as mappings."""
        return [dict(row) for row in self.connection.execute(statement).mappings()]

    def scalar(self, statement: sa.Executable) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement).scalar()

    def insert(self, table: sa.Table, rows: Row | Sequence[Row]) -> None:
        """Insert one row or many."""
        many = [rows] if isinstance(rows, Mapping) else list(rows)
        if many:
            self.connection.execute(sa.insert(table), [dict(r) for r in many])

    def insert_missing(self, table: sa.Table, rows: Iterable[Row]) -> int:
        """Insert rows whose keys are not there yet; how many were new."""
        dialect = sqlite if self.sqlite else postgresql
        # psycopg reports -1 for an INSERT unless SQLAlchemy is asked to keep the count.
        options = {"preserve_rowcount": True}
        new = 0
        for row in rows:
            insert = dialect.insert(table).values(**row).on_conflict_do_nothing()
            done = self.connection.execute(insert, execution_options=options)
            new += done.rowcount
        return new

    def update(self, table: sa.Table, where: sa.ColumnElement[bool], values: Row) -> int:
        """Update rows; how many matched. Zero is the caller's lost race."""
        return self.connection.execute(sa.update(table).where(where).values(**values)).rowcount
