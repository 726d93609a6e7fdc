"""The life cycle of a node: one running encoder process."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class NodeState(Described):
    """Where a node stands. Being set aside is a time on a live node, not a state."""

    LIVE = "live", "beats and takes tasks"
    DRAINING = "draining", "beats, finishes what it has, takes nothing new"
    LEFT = "left", "said goodbye"
    LOST = "lost", "stopped beating without a word"


class NodeEvent(Described):
    """What moves a node on."""

    REGISTER = "register", "it told again who it is"
    DRAIN = "drain", "its beat said that it is draining"
    LEAVE = "leave", "it said goodbye"
    LOSE = "lose", "it was not heard of for a whole lease"


_WAYS: Mapping[tuple[NodeState, NodeEvent], NodeState] = MappingProxyType(
    {
        (NodeState.LIVE, NodeEvent.REGISTER): NodeState.LIVE,
        (NodeState.DRAINING, NodeEvent.REGISTER): NodeState.LIVE,
        (NodeState.LEFT, NodeEvent.REGISTER): NodeState.LIVE,
        (NodeState.LOST, NodeEvent.REGISTER): NodeState.LIVE,
        (NodeState.LIVE, NodeEvent.DRAIN): NodeState.DRAINING,
        (NodeState.LIVE, NodeEvent.LEAVE): NodeState.LEFT,
        (NodeState.DRAINING, NodeEvent.LEAVE): NodeState.LEFT,
        (NodeState.LIVE, NodeEvent.LOSE): NodeState.LOST,
        (NodeState.DRAINING, NodeEvent.LOSE): NodeState.LOST,
    }
)

NODE = LifeCycle(entity="node", states=NodeState, events=NodeEvent, initial=NodeState.LIVE, ways=_WAYS)
