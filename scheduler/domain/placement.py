"""Which nodes a queue's tasks may go to, how many hints its nodes can use, and when a node is set aside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reelyard.cluster.work import EncodeWork, Queue, Work
from reelyard.media.catalogue import COPY
from scheduler.domain.node import NodeState

#: Blamed failures in a row that set a node aside.
BLAME_LIMIT = 3
#: How often a retry may be passed on by the node that it avoids, for each attempt that it has had.
PASSES_AN_ATTEMPT = 5
#: Milliseconds that a task waits after it was passed on, so that a hint reaches another node.
PASS_ON_WAIT_MS = 200
#: The same when the node was set aside, which lasts minutes.
SET_ASIDE_WAIT_MS = 1_000
#: The same when no node that is there can do it and its pool is waited for. A node that registers ends it at once; the
#: limit is for one that came while the task was being passed on.
HOLD_WAIT_MS = 60_000
#: Hints beyond the running tasks, as a multiple of the slots: the next task is at hand when one ends.
HINTS_A_SLOT = 1


@dataclass(frozen=True, kw_only=True)
class Node:
    """What placement has to know of a node."""

    id: str
    name: str
    state: str
    encoders: frozenset[str]
    slots: Mapping[str, int]
    failures_in_row: int
    set_aside_until_ms: int

    def serves(self, queue: str) -> bool:
        """Does it take new tasks of this queue?"""
        return self.state == NodeState.LIVE and self.slots.get(queue, 0) > 0

    def is_set_aside(self, now_ms: int) -> bool:
        """Is it kept from new tasks after failures in a row?"""
        return self.set_aside_until_ms > now_ms


def serving(nodes: Iterable[Node], queue: str, now_ms: int) -> tuple[Node, ...]:
    """The nodes that may have a queue's tasks: those not set aside, or all when there is no other."""
    able = tuple(node for node in nodes if node.serves(queue))
    return tuple(node for node in able if not node.is_set_aside(now_ms)) or able


def window(nodes: Sequence[Node], queue: str, *, running: Mapping[str, int], queued: int) -> int:
    """How many more hints a queue can use.

    Args:
        nodes: the queue's serving nodes.
        queue: its name.
        running: running tasks of the queue by node ID; those of other nodes do not count, nor do their slots.
        queued: hints that are out.
    """
    slots = sum(node.slots[queue] for node in nodes)
    busy = sum(running.get(node.id, 0) for node in nodes)
    return max(0, slots * (1 + HINTS_A_SLOT) - busy - queued)


def encoders_of_gpu_nodes(nodes: Iterable[Node], now_ms: int) -> frozenset[str]:
    """The encoders that a task in the GPU queue would find."""
    return frozenset[str]().union(*(node.encoders for node in serving(nodes, Queue.ENCODE_GPU, now_ms)))


def needed_encoders(work: Work) -> frozenset[str]:
    """The encoders that a node must have for this work."""
    if not isinstance(work, EncodeWork):
        return frozenset()
    streams = (work.plan.video, work.plan.audio)
    return frozenset(stream.encoder for stream in streams if stream is not None and stream.encoder != COPY)


def may_be_set_aside(node: Node, nodes: Iterable[Node], now_ms: int) -> bool:
    """Would every queue of `node` still have a node that is not set aside and whose last task went well?

    While the others fail too, the fault is probably not the node's own: an object store that is away fails them all.
    """
    others = [
        other
        for other in nodes
        if other.id != node.id and not other.is_set_aside(now_ms) and other.failures_in_row == 0
    ]
    return all(any(other.serves(queue) for other in others) for queue, slots in node.slots.items() if slots > 0)
