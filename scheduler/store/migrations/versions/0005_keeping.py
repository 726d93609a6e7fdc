"""When media became available, and the turns of schedulers at upkeep."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
phase = "pre"


def upgrade() -> None:
    """Add a column and a table; an old scheduler leaves the column empty, which stands for its last change."""
    op.add_column("media", sa.Column("available_ms", sa.BigInteger(), nullable=True))
    op.execute("UPDATE media SET available_ms = updated_ms WHERE state = 'available'")
    op.create_index("ix_media_due", "media", ["state", "kind", "available_ms"])
    op.create_table(
        "upkeep",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("held_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_upkeep"),
    )
