"""Run by Alembic for `scheduler.store.migrate`, which holds the connection, its transaction and its turn."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
