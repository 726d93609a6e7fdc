"""What a transaction moved, told to whoever asked for it, but only once the transaction was committed.

A transaction that is rolled back, or run again after a conflict, has told nobody anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from reelyard.cluster.drain import Drain

#: The execution option by which a writing connection carries the list of its transaction.
MOVES_OPTION = "reelyard_moves"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One transition as it was recorded, or the creation of an entity (`from_state` "")."""

    entity: str
    entity_id: int
    event: str
    from_state: str
    to_state: str
    at_ms: int
    """When, in milliseconds since 1970 by the database's clock."""
    before: Mapping[Any, Any]
    """The columns as they were before; of a creation, those that whoever inserted them told."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The columns that changed with the state: numbers, texts and SQL expressions."""
    cause: str = ""
    """The error code of what ended a task's attempt; "" when nothing failed."""
    place: str = ""
    """Where a delivery goes: the scheme of its URL, "" when the move is not of one."""
    drain: Drain | None = None
    """How a node that left had drained; None when it did not say, or the move is not of one."""


#: Takes what one committed transaction moved, in its order.
AfterCommit = Callable[[Sequence[Move]], None]


def note_move(conn: Connection, move: Move) -> None:
    """Have this told when the transaction is committed; nothing where nobody wants to know."""
    moves: list[Move] | None = conn.get_execution_options().get(MOVES_OPTION)
    if moves is not None:
        moves.append(move)
