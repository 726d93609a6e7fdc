"""Pools of nodes that were asked for and did not come, and since when upkeep fails."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
phase = "pre"


def upgrade() -> None:
    """Add what older schedulers need not know: they wait for a pool with every task, and forget a failed upkeep."""
    op.create_table(
        "pools",
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("given_up_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_pools"),
    )
    op.add_column("upkeep", sa.Column("failed_next_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
