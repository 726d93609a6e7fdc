# ruff: noqa: N802  # gRPC calls methods by their names in the .proto file
"""What nodes say, as gRPC: each call is one use case, translated on the way in and out.

Errors leave as exceptions; the server's interceptor makes rich statuses of them.
"""

from typing import Any

import grpc
import structlog

from reelyard.cluster.drain import Drain, Drained
from reelyard.cluster.node_client import Progress
from reelyard.cluster.task_wire import result_from_message, task_to_message
from reelyard.cluster.wire import from_message, to_message
from reelyard.cluster.work import Result
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.rpc.v1 import node_pb2 as pb
from reelyard.rpc.v1 import node_pb2_grpc
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.usecases.claim_task import claim_task
from scheduler.usecases.fail_task import fail_task
from scheduler.usecases.finish_task import finish_task
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.register_node import register_node
from scheduler.usecases.release_task import release_task
from scheduler.usecases.task_fields import record_queue_wait, task_fields

Context = grpc.ServicerContext

_log = structlog.get_logger(__name__)


class NodeServicer(node_pb2_grpc.NodeServiceServicer):
    """The nodes' side of the scheduler.

    Args:
        db: where the truth is.
        dispatcher: woken when a call made work runnable or gave room for it, after it was committed.
        policy: leases, retries, blame.
    """

    def __init__(self, db: Database, dispatcher: Dispatcher, policy: Policy) -> None:
        self._db = db
        self._dispatcher = dispatcher
        self._policy = policy

    def Register(self, request: pb.RegisterRequest, _context: Context) -> pb.RegisterResponse:
        """Note who a node is."""
        register_node(
            self._db,
            request.node_id,
            name=request.name,
            version=request.version,
            encoders=list(request.encoders),
            slots={entry.queue: entry.slots for entry in request.queues},
        )
        self._dispatcher.wake()
        return pb.RegisterResponse(heartbeat_ms=self._policy.heartbeat_ms, lease_ms=self._policy.lease_ms)

    def Claim(self, request: pb.ClaimRequest, _context: Context) -> pb.ClaimResponse:
        """Give a task to a node."""
        _bind(self._db, request)
        claim = claim_task(
            self._db, request.node_id, request.task_id, request.attempt, request.token, policy=self._policy
        )
        _log.info(
            "task_claimed" if claim.granted else "claim_refused",
            node_id=request.node_id,
            attempt=request.attempt,
            refusal=claim.refusal or None,
        )
        if claim.task is not None:
            record_queue_wait(self._db, claim.task)
            return pb.ClaimResponse(granted=True, task=task_to_message(claim.task))
        self._dispatcher.wake()
        return pb.ClaimResponse(granted=False, refusal=claim.refusal)

    def Heartbeat(self, request: pb.HeartbeatRequest, _context: Context) -> pb.HeartbeatResponse:
        """Renew a node's leases."""
        progress = [from_message(item, Progress) for item in request.tasks]
        beat = heartbeat(self._db, request.node_id, progress, policy=self._policy, draining=request.draining)
        return to_message(beat, pb.HeartbeatResponse)

    def Finish(self, request: pb.FinishRequest, _context: Context) -> pb.FinishResponse:
        """Record a result."""
        _bind(self._db, request)
        finish_task(
            self._db,
            request.node_id,
            request.task_id,
            request.token,
            _result(request.result),
            policy=self._policy,
        )
        self._dispatcher.wake()
        _log.info("task_finished", node_id=request.node_id)
        return pb.FinishResponse()

    def Fail(self, request: pb.FailRequest, _context: Context) -> pb.FailResponse:
        """Record a failed attempt."""
        _bind(self._db, request)
        error = WorkError(
            _code(request.code),
            request.message,
            evidence=request.evidence,
            http_status=request.http_status,
        )
        fail_task(self._db, request.node_id, request.task_id, request.token, error, policy=self._policy)
        self._dispatcher.wake()
        return pb.FailResponse()

    def Release(self, request: pb.ReleaseRequest, _context: Context) -> pb.ReleaseResponse:
        """Take a task back."""
        _bind(self._db, request)
        release_task(self._db, request.node_id, request.task_id, request.token)
        self._dispatcher.wake()
        _log.info("task_released", node_id=request.node_id)
        return pb.ReleaseResponse()

    def Leave(self, request: pb.LeaveRequest, _context: Context) -> pb.LeaveResponse:
        """Note that a node is going away."""
        leave_node(self._db, request.node_id, _drain(request))
        self._dispatcher.wake()
        return pb.LeaveResponse()


def _bind(db: Database, request: Any) -> None:
    """Have the task's fields on every line of this call; the server unbinds them when it ends."""
    structlog.contextvars.bind_contextvars(**task_fields(db, request.task_id, request.node_id))


def _drain(request: pb.LeaveRequest) -> Drain | None:
    """How the node drained; None where it does not tell, or in a word of a version to come."""
    told = request.drain
    if not request.HasField("drain") or told.outcome not in set(Drained):
        return None
    return Drain(outcome=Drained(told.outcome), seconds=max(0, told.duration_ms) / 1000)


def _result(message: pb.TaskResult) -> Result:
    try:
        return result_from_message(message)
    except ValueError as error:
        raise SpecError("result", f"{{result}} can't be read: {error}") from error


def _code(code: str) -> ErrorCode:
    """A code that this scheduler does not know is a newer node's: its failure is treated as a fault of ours."""
    try:
        return ErrorCode(code)
    except ValueError:
        _log.warning("unknown_error_code", code=code)
        return ErrorCode.INTERNAL_ERROR
