"""Which hardware encoders a new plan may count on."""

from sqlalchemy import Connection

from reelyard.cluster.work import Queue
from reelyard.media.catalogue import VIDEO_CODECS
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import queue_is_gpu
from scheduler.domain.placement import encoders_of_gpu_nodes
from scheduler.domain.policy import Policy
from scheduler.store.clock import read_now
from scheduler.store.node_queries import present_nodes
from scheduler.usecases.pools import did_not_come, may_ask


def hardware_encoders(conn: Connection, policy: Policy) -> frozenset[str]:
    """The encoders that a task in the GPU queue would find: of live nodes, or of the pool that would be started.

    A pool that was waited for and did not come brings none until it is to be asked for again.
    """
    live = encoders_of_gpu_nodes(present_nodes(conn), read_now(conn))
    promised = policy.pool_encoders.get(Queue.ENCODE_GPU, frozenset())
    # What lives is known to work; what a pool would bring is only promised.
    return live or (promised if promised and may_ask(conn, Queue.ENCODE_GPU, policy) else frozenset())


def why_not_hardware(conn: Connection, plan: EncodePlan, policy: Policy) -> str:
    """Why the CPU has a plan that the GPU's pool could have had; "" where it could not, or has it."""
    promised = policy.pool_encoders.get(Queue.ENCODE_GPU, frozenset())
    if not promised or plan.video is None or plan.video.codec not in VIDEO_CODECS or queue_is_gpu(plan):
        return ""
    size = plan.video.width, plan.video.height
    able = any(each.name in promised and each.takes(*size) for each in VIDEO_CODECS[plan.video.codec].encoders)
    if not able or encoders_of_gpu_nodes(present_nodes(conn), read_now(conn)):
        return ""
    return did_not_come(Queue.ENCODE_GPU, policy)
