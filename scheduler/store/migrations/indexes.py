"""Build an index while the table is written to. What steps use must go on building what it built for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

#: How long one build may take, in milliseconds: it holds nobody up, but waits for every transaction that is older.
BUILD_TIMEOUT_MS = 3_600_000


def build_index(name: str, table: str, columns: Sequence[str], *, where: str | None = None) -> None:
    """Create an index; on PostgreSQL concurrently, outside of a transaction, so that writers go on.

    There it commits what the migration has done so far. A build that was interrupted leaves an index that PostgreSQL
    calls invalid: it keeps it up to date and never reads it. It is dropped and built anew; one that is valid stays. So
    let a step build its indexes before all else: what it does after them is done in one transaction with its number.
    """
    condition = None if where is None else sa.text(where)
    context = op.get_context()
    if context.dialect.name != "postgresql":
        op.create_index(name, table, list(columns), sqlite_where=condition)
        return
    with context.autocommit_block():
        conn = op.get_bind()
        limits = _limit(conn, statement_timeout=f"{BUILD_TIMEOUT_MS}ms", lock_timeout="0")
        valid = conn.execute(
            sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": name}
        ).scalar_one_or_none()
        if valid is False:
            op.drop_index(name, table, postgresql_concurrently=True)
        if not valid:
            op.create_index(name, table, list(columns), postgresql_where=condition, postgresql_concurrently=True)
        _limit(conn, **limits)


def _limit(conn: sa.Connection, **limits: str) -> dict[str, str]:
    """Set limits of the session; what they were."""
    before = {}
    for setting, value in limits.items():
        before[setting] = conn.execute(sa.text("SELECT current_setting(:name)"), {"name": setting}).scalar_one()
        conn.execute(sa.text("SELECT set_config(:name, :value, false)"), {"name": setting, "value": value})
    return before
