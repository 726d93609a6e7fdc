"""How a node that was told to stop came to the end of its work: it tells the scheduler when it leaves."""

from dataclasses import dataclass
from enum import StrEnum


class Drained(StrEnum):
    """How a drain ended."""

    FINISHED = "finished"  # what ran ended by itself
    HANDED_BACK = "handed_back"  # some of it was stopped and goes to other nodes


@dataclass(frozen=True, kw_only=True)
class Drain:
    """One drain: its outcome, and the seconds from being told to stop until nothing ran any more."""

    outcome: Drained
    seconds: float
