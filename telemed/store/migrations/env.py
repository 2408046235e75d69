"""Alembic's entry: run the steps on the connection that `migrate` holds."""

from alembic import context

from telemed.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
