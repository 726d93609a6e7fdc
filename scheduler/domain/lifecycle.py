"""What a life cycle is: states, events, one table of the ways between them, one function that takes a way.

`docs/job-lifecycle.md` is drawn from the same data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Self, TypeVar

from reelyard.media.errors import ConflictError


class Described(StrEnum):
    """A string enum whose members carry a meaning in one line, for people."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Make a member from `value, meaning`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


S = TypeVar("S", bound=Described)
E = TypeVar("E", bound=Described)


@dataclass(frozen=True, kw_only=True)
class LifeCycle(Generic[S, E]):
    """The life cycle of one kind of entity; `ways` is the whole truth of where a state may go.

    `revivable` are the ends that somebody's wish, and nothing else, leads out of.
    """

    entity: str
    states: type[S]
    events: type[E]
    initial: S
    ways: Mapping[tuple[S, E], S]
    revivable: tuple[S, ...] = ()

    def advance(self, state: str, event: E) -> S:
        """The state after `event`.

        Raises:
            ConflictError: no way leads from `state` by `event`.
        """
        target = self.ways.get((self.states(state), event))
        if target is None:
            raise ConflictError(f"{self.entity} is {state}: {event.value!r} is not possible in that state")
        return target

    def sources(self, event: E) -> tuple[S, ...]:
        """The states in which `event` is possible, in the order of their declaration."""
        return tuple(state for state in self.states if (state, event) in self.ways)

    @property
    def ends(self) -> tuple[S, ...]:
        """The states that nothing leads out of by itself."""
        left = {source for source, _ in self.ways} - set(self.revivable)
        return tuple(state for state in self.states if state not in left)

    @property
    def active(self) -> tuple[S, ...]:
        """The states that are not ends."""
        return tuple(state for state in self.states if state not in self.ends)
