"""Databases for the tests of the store, on SQLite and PostgreSQL."""

from pathlib import Path

import pytest

from tests.services import Postgres
from tests.store.shapes import Database, postgres_of, sqlite_of


@pytest.fixture(scope="session")
def on_postgres(postgres: Postgres) -> Database:
    """PostgreSQL's database of a shape."""
    return postgres_of(postgres)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """The address of an empty database of a shape, on both."""
    if request.param == "sqlite":
        return lambda shape: sqlite_of(shape, tmp_path)
    made: Database = request.getfixturevalue("on_postgres")
    return made
