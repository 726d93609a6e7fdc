"""Accounts: their defaults, formats of their own, roles of keys, rate limits, and client-chosen request IDs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
phase = "pre"

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns that older schedulers need not know, and two tables."""
    for name in ("default_ping_url", "default_notification_email", "default_delivery_location"):
        op.add_column("accounts", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("accounts", sa.Column("rate_limit", sa.Integer()))
    op.add_column("api_keys", sa.Column("role", sa.String(16), nullable=False, server_default="full"))
    op.add_column("create_requests", sa.Column("body_sha256", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_create_requests_created_ms", "create_requests", ["created_ms"])
    _create_rate_windows()
    _create_output_formats()


def _create_rate_windows() -> None:
    op.create_table(
        "rate_windows",
        sa.Column("account_id", _ID, autoincrement=False, nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_rate_windows_account_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_rate_windows"),
    )


def _create_output_formats() -> None:
    op.create_table(
        "output_formats",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_output_formats_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_output_formats_id"),
        sa.PrimaryKeyConstraint("id", name="pk_output_formats"),
    )
    op.create_index("ix_output_formats_listing", "output_formats", ["account_id", "id"])
