"""The schema that migrations make, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from telemed.store import tables as t
from telemed.store.audit import append_only_triggers
from telemed.store.engine import Store
from telemed.store.migrate import TooNew, migrate, revision


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'telemed.sqlite3'}"
    opened = Store(url)
    yield opened
    opened.close()


def test_migrating_from_nothing_makes_exactly_the_tables(store: Store) -> None:
    """Every table, column, index and constraint of the code, and no other; a second run is idle."""
    assert revision(store) is None
    at = migrate(store)
    assert revision(store) == at == migrate(store)
    with store.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, t.metadata) == []


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    """An older server does not touch what it does not know."""
    migrate(store)
    newer = sa.text("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    store.write_now(lambda tx: tx.execute(newer))
    with pytest.raises(TooNew, match="9999_from_the_future"):
        migrate(store)
    assert revision(store) == "9999_from_the_future"


def test_migrating_leaves_the_triggers_that_keep_the_record(store: Store) -> None:
    """The append-only tables are guarded from the first day, and guarding twice does no harm."""
    migrate(store)
    for statement in append_only_triggers("sqlite" if store.sqlite else "postgresql"):
        store.write_now(lambda tx, statement=statement: tx.execute(sa.text(statement)))
    for table in (t.activities, t.signed_reports, t.audit):
        if store.sqlite:
            of_table = f"type = 'trigger' AND tbl_name = '{table}'"
            query = f"SELECT count(*) FROM sqlite_master WHERE {of_table}"
        else:
            query = f"SELECT count(*) FROM pg_trigger WHERE tgrelid = '{table}'::regclass"
        assert store.read_now(lambda tx, query=query: tx.scalar(sa.text(query))) > 0


def test_two_starts_at_once_migrate_once(store: Store) -> None:
    """Whoever holds the lock migrates; the other finds it done."""
    other = Store(store.url.render_as_string(hide_password=False))
    try:
        with ThreadPoolExecutor(2) as threads:
            done = list(threads.map(migrate, (store, other)))
    finally:
        other.close()
    assert len(set(done)) == 1 and revision(store) == done[0]
