"""Pools that were asked for and did not come, since when upkeep fails, and the attempts of a time."""

import sqlalchemy as sa
from alembic import op

from scheduler.store.migrations.indexes import build_index

revision = "0009"
down_revision = "0008"
phase = "pre"


def upgrade() -> None:
    """Add what older schedulers need not know: they wait for a pool with every task, and forget a failed upkeep."""
    build_index("ix_attempts_started_ms", "attempts", ["started_ms"])
    op.create_table(
        "pools",
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("given_up_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_pools"),
    )
    op.add_column("upkeep", sa.Column("failed_next_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
