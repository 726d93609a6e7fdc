"""When an attempt became due, and indexes from which open tasks and jobs are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
phase = "pre"

_OPEN_TASKS = sa.text("state IN ('waiting', 'queued', 'running')")
_OPEN_JOBS = sa.text("state IN ('queued', 'importing', 'encoding', 'storing', 'distributing')")


def upgrade() -> None:
    """Add a column; an old scheduler leaves it 0, and such a task's wait is measured from its creation."""
    op.add_column("tasks", sa.Column("due_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE tasks SET due_ms = CASE WHEN not_before_ms > 0 THEN not_before_ms ELSE created_ms END"
        " WHERE state IN ('waiting', 'queued')"
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["queue", "state", "kind", "not_before_ms", "due_ms", "queued_ms"],
        sqlite_where=_OPEN_TASKS,
        postgresql_where=_OPEN_TASKS,
    )
    op.create_index("ix_jobs_open", "jobs", ["state"], sqlite_where=_OPEN_JOBS, postgresql_where=_OPEN_JOBS)
