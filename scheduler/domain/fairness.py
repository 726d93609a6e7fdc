"""Which account's task goes next: by priority, then by fair share, then by age."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Head:
    """The best waiting task of one account in one queue.

    `load` is how many of the account's tasks are queued or running there; `weight` is the account's share.
    """

    account_id: int
    weight: int
    task_id: int
    priority: int
    load: int


def choose(heads: Iterable[Head]) -> Head | None:
    """The task to send next; None when there is none.

    An account's load is divided by its weight: among equals of priority the one that has least of its share
    comes first, so 100,000 waiting tasks of one account do not delay the first one of another.
    """
    return min(heads, key=_rank, default=None)


def _rank(head: Head) -> tuple[int, Fraction, int]:
    return (-head.priority, Fraction(head.load, head.weight), head.task_id)
