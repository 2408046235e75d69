"""Bring a database to this version's schema: forward only, once, by whoever holds the lock.

A server refuses a database newer than it knows, and leaves one that is up to date alone without
loading the machinery: most starts change nothing, and Alembic is half a second. On SQLite the
store's file lock and on PostgreSQL an advisory lock keep two starts from migrating at once.
"""

from pathlib import Path

import sqlalchemy as sa

from telemed.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7E1F


class TooNew(Exception):
    """The database was made by a newer telemed than this one."""


def migrate(store: Store) -> str:
    """Run what is missing; the revision it is at now."""
    known = known_revisions()
    with store.writing(), store.writer.connect() as connection:
        if not store.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
            connection.commit()
        try:
            return _upgrade(store, connection, known)
        finally:
            if not store.sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
                connection.commit()


def known_revisions() -> list[str]:
    """The revisions that this version knows, oldest first."""
    return sorted(p.name.split("_", 1)[0] for p in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _upgrade(store: Store, connection: sa.Connection, known: list[str]) -> str:
    current = _revision(connection)
    if current is not None and current not in known:
        raise TooNew(current)
    if current == known[-1]:
        return current
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with connection.begin():
        store.be_patient(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return known[-1]


def revision(store: Store) -> str | None:
    """The revision a database is at, None when it is empty."""
    with store.writer.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    with connection.begin():
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
