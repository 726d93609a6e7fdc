"""What an encoder node says to the schedulers.

Every call has a deadline, and may be repeated: a claim by its token, a finish, fail or release by the token that the
scheduler remembers. Threads share one client.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import Message

from reelyard.cluster.drain import Drain
from reelyard.cluster.rpc_channel import CHANNEL_OPTIONS, call_metadata, grpc_target
from reelyard.cluster.rpc_errors import error_from_rpc
from reelyard.cluster.task_wire import result_to_message, task_from_message
from reelyard.cluster.trace_rpc import client_span, method_names
from reelyard.cluster.wire import to_message
from reelyard.cluster.work import Result, TaskSpec
from reelyard.media.errors import WorkError
from reelyard.rpc.v1 import node_pb2, node_pb2_grpc

A = TypeVar("A")

# Seconds. A beat must fail well within a lease (20 s by default) to be repeated in it.
BEAT_DEADLINE_S = 3.0
CALL_DEADLINE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The answer to a claim: the task, or why not ("gone", "elsewhere", "set_aside", "unknown_node")."""

    granted: bool
    refusal: str = ""
    task: TaskSpec | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a held task is; thousandths. The last three are for ingests only."""

    task_id: int
    token: str
    permille: int = 0
    storing_permille: int = 0
    size_bytes: int = 0
    mime_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A task that the node must stop: "cancelled" or "lease_lost"."""

    task_id: int
    token: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Beat:
    """The answer to a heartbeat; `known` false: register again."""

    known: bool
    stop: tuple[Stopped, ...] = ()


class NodeClient:
    """A client of the schedulers' node service.

    Every method raises the scheduler's own error (`StaleTokenError`, ...), or `UnavailableError` when no scheduler
    answered within the deadline.

    Args:
        addresses: `host:port` of every scheduler.
        token: the shared secret, "" when calls need none.
    """

    def __init__(self, addresses: str | Sequence[str], token: str = "") -> None:
        self._channel = grpc.insecure_channel(grpc_target(addresses), options=CHANNEL_OPTIONS)
        self._stub: Any = node_pb2_grpc.NodeServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._names = method_names(self._stub, "reelyard.rpc.v1.NodeService")
        self._token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; calls that run end with UnavailableError."""
        self._channel.close()

    def register(
        self, node_id: str, name: str, version: str, encoders: Sequence[str], slots: Mapping[str, int]
    ) -> tuple[int, int]:
        """Tell who the node is; returns how often to beat and how long a lease lasts, in milliseconds."""
        queues = [node_pb2.QueueSlots(queue=str(queue), slots=count) for queue, count in slots.items()]
        answer = self._call(
            self._stub.Register,
            node_pb2.RegisterRequest(node_id=node_id, name=name, version=version, encoders=encoders, queues=queues),
        )
        return answer.heartbeat_ms, answer.lease_ms

    def claim(self, node_id: str, task_id: int, attempt: int, token: str) -> Claim:
        """Take a task under a lease; the same token gets the same answer again."""
        answer = self._call(
            self._stub.Claim,
            node_pb2.ClaimRequest(node_id=node_id, task_id=task_id, attempt=attempt, token=token),
        )
        if not answer.granted:
            return Claim(granted=False, refusal=answer.refusal)
        return Claim(granted=True, task=task_from_message(answer.task))

    def heartbeat(self, node_id: str, tasks: Sequence[Progress], *, draining: bool = False) -> Beat:
        """Renew all leases of the node, and hear what must stop."""
        answer = self._call(
            self._stub.Heartbeat,
            node_pb2.HeartbeatRequest(
                node_id=node_id,
                tasks=[to_message(task, node_pb2.TaskProgress) for task in tasks],
                draining=draining,
            ),
            deadline_s=BEAT_DEADLINE_S,
        )
        stop = (Stopped(task_id=s.task_id, token=s.token, reason=s.reason) for s in answer.stop)
        return Beat(known=answer.known, stop=tuple(stop))

    def finish(self, node_id: str, task_id: int, token: str, result: Result) -> None:
        """End a task with its result."""
        request = node_pb2.FinishRequest(
            node_id=node_id, task_id=task_id, token=token, result=result_to_message(result)
        )
        self._call(self._stub.Finish, request)

    def fail(self, node_id: str, task_id: int, token: str, error: WorkError) -> None:
        """End a task with an error."""
        request = node_pb2.FailRequest(
            node_id=node_id,
            task_id=task_id,
            token=token,
            code=error.code.value,
            message=error.message,
            evidence=error.evidence,
            http_status=error.http_status,
        )
        self._call(self._stub.Fail, request)

    def release(self, node_id: str, task_id: int, token: str) -> None:
        """Hand a task back unfinished."""
        self._call(self._stub.Release, node_pb2.ReleaseRequest(node_id=node_id, task_id=task_id, token=token))

    def leave(self, node_id: str, drain: Drain | None = None) -> None:
        """Say that the node is going away and holds nothing, and how it drained if it was told to stop."""
        request = node_pb2.LeaveRequest(node_id=node_id)
        if drain is not None:
            request.drain.outcome, request.drain.duration_ms = drain.outcome, round(drain.seconds * 1000)
        self._call(self._stub.Leave, request)

    def _call(self, method: Callable[..., A], request: Message, *, deadline_s: float = CALL_DEADLINE_S) -> A:
        with client_span(self._names[method]):
            try:
                return method(request, timeout=deadline_s, metadata=call_metadata(self._token))
            except grpc.RpcError as error:
                raise error_from_rpc(error) from error
