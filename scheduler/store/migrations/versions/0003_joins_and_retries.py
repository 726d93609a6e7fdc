"""Retries of jobs, and ingests that were made for jobs alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
phase = "pre"


def upgrade() -> None:
    """Add the columns; what is there already counts its attempts from the first, and is nobody's to cancel."""
    op.add_column("tasks", sa.Column("budget_from", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("ingests", sa.Column("for_jobs", sa.Boolean(), server_default=sa.false(), nullable=False))
