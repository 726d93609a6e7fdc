"""How much media time a task stands for, and the index that sums up a backlog."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
phase = "pre"

_OPEN = sa.text("state IN ('waiting', 'queued')")


def upgrade() -> None:
    """Add a column and an index; 0, which old schedulers leave there too, stands for a length that is not known."""
    op.add_column("tasks", sa.Column("media_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_tasks_open_media",
        "tasks",
        ["media_ms", "queue", "not_before_ms", "state"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
