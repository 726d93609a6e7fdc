"""Pools of nodes that were asked for and did not come."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
phase = "pre"


def upgrade() -> None:
    """Add a table that older schedulers need not know: they wait for a pool with every task."""
    op.create_table(
        "pools",
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("given_up_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_pools"),
    )
