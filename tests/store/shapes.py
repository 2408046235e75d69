"""Empty databases of a shape, made once and not once for each test."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from telemed.store import tables as t
from telemed.store.engine import Store
from tests.services import Postgres

Shape = Callable[[Store], object]
"""What gives an empty database its schema, `migrate` for one."""
Database = Callable[[Shape], str]


def make_tables(store: Store) -> None:
    """Today's tables, without what only a migration makes."""
    t.metadata.create_all(store.writer)


def sqlite_of(shape: Shape, folder: Path) -> str:
    """The address of a new SQLite database of a shape."""
    path = folder / "telemed.sqlite3"
    path.write_bytes(_file(shape))
    return f"sqlite:///{path}"


@cache
def _file(shape: Shape) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "telemed.sqlite3")
        _shaped(f"sqlite:///{path}", shape)
        return path.read_bytes()


def _shaped(url: str, shape: Shape) -> None:
    store = Store(url)
    shape(store)
    store.close()


def postgres_of(cluster: Postgres) -> Database:
    """The address of the cluster's one database of a shape, emptied at each asking."""

    @cache
    def made(shape: Shape) -> str:
        name = cluster.fresh_database()
        _shaped(cluster.sqlalchemy_url(name), shape)
        return name

    def emptied(shape: Shape) -> str:
        name = made(shape)
        # As a replica: neither triggers that refuse nor foreign keys are asked.
        words = ["SET lock_timeout = '30s'", "SET session_replication_role = replica"]
        words += [f'DELETE FROM "{table}"' for table in t.metadata.tables]
        with psycopg.connect(cluster.dsn(name)) as connection:
            connection.execute("; ".join(words))
        return cluster.sqlalchemy_url(name)

    return emptied
