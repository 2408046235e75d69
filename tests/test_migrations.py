"""The schema that migrations make, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from telemed.store import tables as t
from telemed.store.audit import append_only_triggers
from telemed.store.engine import Store
from telemed.store.migrate import TooNew, migrate, revision
from tests.older import leave_at


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


def test_what_people_were_told_outlives_a_table_made_anew(store: Store) -> None:
    """The step that lets notices be of appointments keeps each row and what points at it; after it
    a notice is of a case or of an appointment, never of both or neither."""
    leave_at(store, "0022")
    with store.writing(), store.writer.begin() as connection:
        _fill(connection, "area_codes", code="45")
        _fill(connection, "institutions", id="i", area_code="45")
        _fill(connection, "accounts", id="a")
        _fill(connection, "requests", id="r", requester_id="i", created_by="a")
        _fill(connection, "escalations", id="e", request_id="r", told=2)
        _fill(connection, "notices", id="n", account_id="a", escalation_id="e", request_id="r")
        _fill(connection, "deliveries", id="d", notice_id="n")
    migrate(store)
    d, n, e = t.deliveries, t.notices, t.escalations
    kept = sa.select(d.c.id, n.c.request_id, e.c.told).select_from(
        d.join(n, n.c.id == d.c.notice_id).join(e, e.c.id == n.c.escalation_id)
    )
    (row,) = store.read_now(lambda tx: tx.all(kept))
    assert dict(row) == {"id": "d", "request_id": "r", "told": 2}
    for wrong in ({"request_id": None}, {"request_id": "nowhere"}):
        with pytest.raises(sa.exc.IntegrityError):
            store.write_now(lambda tx, wrong=wrong: tx.update(n, n.c.id == "n", wrong))
    with pytest.raises(sa.exc.IntegrityError):
        store.write_now(lambda tx: tx.execute(n.delete()))


def _fill(connection: sa.Connection, table: str, **values: object) -> None:
    """A row of a table as it is in the database by now; what must be there is something."""
    found = sa.Table(table, sa.MetaData(), autoload_with=connection)
    some = {str: "", int: 0, bool: False, datetime: datetime(2026, 3, 5, 8, tzinfo=UTC)}
    for column in found.columns:
        if not column.nullable and column.name not in values:
            kind = type(column.type)
            values[column.name] = [] if kind.__name__ in ("JSON", "JSONB") else next(
                value for each, value in some.items() if column.type.python_type is each
            )  # fmt: skip
    connection.execute(found.insert().values(**values))
