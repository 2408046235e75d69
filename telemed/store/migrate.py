"""Bring a database to this version's schema: forward only, once, by whoever holds the lock.

A server refuses a database newer than it knows. Alembic does the steps; on SQLite the store's
file lock and on PostgreSQL an advisory lock keep two starts from migrating at once.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from telemed.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7E1F


class TooNew(Exception):
    """The database was made by a newer telemed than this one."""


def migrate(store: Store) -> str:
    """Run what is missing; the revision it is at now."""
    with store.writing(), store.writer.connect() as connection:
        if not store.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
            connection.commit()
        try:
            return _upgrade(connection)
        finally:
            if not store.sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
                connection.commit()


def _upgrade(connection: sa.Connection) -> str:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with connection.begin():
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise TooNew(current)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return str(scripts.get_current_head())


def revision(store: Store) -> str | None:
    """The revision a database is at, None when it is empty."""
    with store.writer.connect() as connection, connection.begin():
        return MigrationContext.configure(connection).get_current_revision()
