"""Run by Alembic for `scheduler.store.migrate`, which holds the connection and its turn."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():  # none of its own where the connection is in one, as with SQLite
    context.run_migrations()
