"""The request that made an ingest or a job, its trace, and when a task became due."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
phase = "pre"


def upgrade() -> None:
    """Add columns that older schedulers need not know; what they insert belongs to no known request and no trace."""
    for table in ("ingests", "jobs"):
        op.add_column(table, sa.Column("request_id", sa.String(64), nullable=False, server_default=""))
        op.add_column(table, sa.Column("traceparent", sa.String(55), nullable=False, server_default=""))
    op.add_column("tasks", sa.Column("due_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
