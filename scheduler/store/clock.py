"""The database's clock: the only one that decides about leases and waits.

Schedulers run on several machines whose clocks differ; the database is one.
"""

from typing import Any

from sqlalchemy import BigInteger, Connection, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class now_ms(FunctionElement[int]):  # noqa: N801  # named as the SQL function that it stands for
    """SQL expression: milliseconds since 1970 UTC at the moment of the statement.

    Use it in an UPDATE's guard and values. In a WHERE that should use an index on a time, give a number from
    `read_now` instead: PostgreSQL does not search an index for a value that may change during the search.
    """

    name = "now_ms"
    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "postgresql")
def _postgresql(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


@compiles(now_ms, "sqlite")
def _sqlite(_element: now_ms, _compiler: Any, **_options: Any) -> str:
    # 2440587.5 is the Julian day of 1970-01-01; a double resolves 0.04 ms there.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


def read_now(conn: Connection) -> int:
    """The database's time in milliseconds since 1970 UTC."""
    return int(conn.execute(select(now_ms())).scalar_one())
