"""Servicers that answer what a test says, behind the server that every service of ours builds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import structlog
from prometheus_client import CollectorRegistry

from reelyard.cluster.rpc_server import add_health_and_reflection, build_server
from reelyard.media.errors import (
    ErrorCode,
    NotFoundError,
)
from reelyard.rpc.v1 import gateway_pb2, gateway_pb2_grpc, media_pb2, node_pb2, node_pb2_grpc

NODE_SERVICE = "reelyard.rpc.v1.NodeService"


class Node(node_pb2_grpc.NodeServiceServicer):
    """Answers from what a test put in, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.error: Exception | None = None
        self.request_ids: list[Any] = []
        self.bound: list[dict[str, Any]] = []
        self.binds: dict[str, Any] = {}

    def _take(self, request: Any) -> None:
        self.asked.append(request)
        self.bound.append(structlog.contextvars.get_contextvars())
        self.request_ids.append(self.bound[-1].get("request_id"))
        structlog.contextvars.bind_contextvars(**self.binds)
        if self.error is not None:
            raise self.error

    def Register(self, request: Any, context: Any) -> Any:
        self._take(request)
        return node_pb2.RegisterResponse(heartbeat_ms=2000, lease_ms=20000)

    def Claim(self, request: Any, context: Any) -> Any:
        self._take(request)
        if request.task_id == 404:
            return node_pb2.ClaimResponse(granted=False, refusal="gone")
        work = node_pb2.IngestWork(input_media_id=9, source_url="http://u:p@host/x")
        task = node_pb2.TaskSpec(task_id=request.task_id, attempt=2, kind="ingest", account_id=1, ingest=work)
        return node_pb2.ClaimResponse(granted=True, task=task)

    def Heartbeat(self, request: Any, context: Any) -> Any:
        self._take(request)
        stop = [node_pb2.StoppedTask(task_id=7, token="t", reason="cancelled")]
        return node_pb2.HeartbeatResponse(known=True, stop=stop)

    def Finish(self, request: Any, context: Any) -> Any:
        self._take(request)
        return node_pb2.FinishResponse()

    def Fail(self, request: Any, context: Any) -> Any:
        self._take(request)
        return node_pb2.FailResponse()

    def Leave(self, request: Any, context: Any) -> Any:
        self._take(request)
        context.abort(grpc.StatusCode.NOT_FOUND, "the servicer's own words")


class Gateway(gateway_pb2_grpc.GatewayServiceServicer):
    def Authenticate(self, request: Any, context: Any) -> Any:
        return gateway_pb2.AuthenticateResponse(account_id=3, key_id=4)

    def CreateJobs(self, request: Any, context: Any) -> Any:
        (output,) = request.outputs
        refused = gateway_pb2.SpecError(code="profile_not_found", field="output_format_id", message=output.title)
        jobs = [gateway_pb2.CreatedJob(job_id=5), gateway_pb2.CreatedJob(error=refused)]
        return gateway_pb2.CreateJobsResponse(ingest_id=1, input_media_id=2, jobs=jobs)

    def GetMedia(self, request: Any, context: Any) -> Any:
        if request.media_id == 1:
            return gateway_pb2.Media(media_id=1, kind=request.kind, status="available", info=media_pb2.MediaInfo())
        raise NotFoundError("no such medium", code=ErrorCode.ASSET_NOT_FOUND)


@contextmanager
def serving(servicer: Any, *, token: str = "") -> Iterator[tuple[str, CollectorRegistry]]:
    registry = CollectorRegistry()
    server = build_server(token=token, registry=registry, threads=4)
    if isinstance(servicer, Node):
        node_pb2_grpc.add_NodeServiceServicer_to_server(servicer, server)
    else:
        gateway_pb2_grpc.add_GatewayServiceServicer_to_server(servicer, server)
    add_health_and_reflection(server, [NODE_SERVICE])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", registry
    finally:
        server.stop(0).wait()
