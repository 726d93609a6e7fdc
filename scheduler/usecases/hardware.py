"""Which hardware encoders a new plan may count on."""

from sqlalchemy import Connection

from reelyard.cluster.work import Queue
from scheduler.domain.placement import encoders_of_gpu_nodes
from scheduler.domain.policy import Policy
from scheduler.store.clock import read_now
from scheduler.store.node_queries import present_nodes


def hardware_encoders(conn: Connection, policy: Policy) -> frozenset[str]:
    """The encoders that a task in the GPU queue would find: of live nodes, or of the pool that would be started."""
    live = encoders_of_gpu_nodes(present_nodes(conn), read_now(conn))
    # What lives is known to work; what a pool would bring is only promised.
    return live or policy.pool_encoders.get(Queue.ENCODE_GPU, frozenset())
