"""Databases as versions before left them."""

from alembic import command
from alembic.config import Config

from telemed.store.engine import Store
from telemed.store.migrate import MIGRATIONS


def leave_at(store: Store, revision: str) -> None:
    """Bring an empty database to a revision, however slow the machine."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.writing(), store.writer.connect() as connection, connection.begin():
        store.be_patient(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
