"""Notifications of ingests, and an index for the delivery log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
phase = "pre"

_KINDS = sa.text("kind IN ('notify', 'mail')")


def upgrade() -> None:
    """Give ingests their receivers, and notifications an index."""
    for name in ("ping_url", "notification_email", "base_url"):
        op.add_column("ingests", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_tasks_notifications",
        "tasks",
        ["account_id", "id"],
        sqlite_where=_KINDS,
        postgresql_where=_KINDS,
    )
