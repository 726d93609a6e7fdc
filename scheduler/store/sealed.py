"""Texts that may hold credentials, as the database keeps them.

Whoever writes such a text seals it, whoever needs its secret opens it, in the transaction that it holds. What is sealed
can be asked for being empty, and nothing else.
"""

from sqlalchemy import Connection


def seal(conn: Connection, text: str) -> str:
    """The text as it may be stored; an empty one stays empty."""
    del conn
    return text


def unseal(conn: Connection, stored: str) -> str:
    """The text that was sealed."""
    del conn
    return stored
