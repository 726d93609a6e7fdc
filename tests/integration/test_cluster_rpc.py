"""Clients and schedulers over real gRPC: errors cross unchanged, a dead scheduler is not noticed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.node_client import NodeClient, Progress, Stopped
from reelyard.cluster.rpc_channel import call_metadata
from reelyard.cluster.rpc_health import SchedulerHealth
from reelyard.cluster.rpc_server import add_health_and_reflection, build_server, code_name
from reelyard.cluster.views import CreateJobs
from reelyard.cluster.work import CleanResult, IngestWork, TaskKind
from reelyard.media.errors import (
    ClusterTokenError,
    ErrorCode,
    NotFoundError,
    ReelyardError,
    StaleTokenError,
    UnavailableError,
)
from reelyard.media.output import OutputRequest
from reelyard.rpc.v1 import node_pb2, node_pb2_grpc
from tests.integration.rpc_peers import NODE_SERVICE, Gateway, Node, serving


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def client(node: Node) -> Iterator[NodeClient]:
    with serving(node) as (address, _), NodeClient(address) as opened:
        yield opened


def test_a_node_registers_claims_beats_and_finishes(node: Node, client: NodeClient) -> None:
    assert client.register("n", "name", "1.0", ["libx264"], {"ingest": 2}) == (2000, 20000)
    claim = client.claim("n", 7, 2, "t")
    beat = client.heartbeat("n", [Progress(task_id=7, token="t", permille=500, mime_type="video/mp4")], draining=True)
    client.finish("n", 7, "t", CleanResult(deleted=3))

    registered, _, beaten, finished = node.asked
    assert registered.queues == [node_pb2.QueueSlots(queue="ingest", slots=2)]
    assert claim.granted
    assert claim.task is not None
    assert claim.task.kind is TaskKind.INGEST
    assert claim.task.work == IngestWork(input_media_id=9, source_url="http://u:p@host/x")
    assert "u:p" not in repr(claim)
    assert beaten.draining
    assert beaten.tasks[0].permille == 500
    assert beat.known
    assert beat.stop == (Stopped(task_id=7, token="t", reason="cancelled"),)
    assert finished.result.clean.deleted == 3


def test_a_refused_claim_says_why(client: NodeClient) -> None:
    claim = client.claim("n", 404, 0, "t")

    assert (claim.granted, claim.refusal, claim.task) == (False, "gone", None)


def test_calls_without_the_shared_secret_are_refused(node: Node) -> None:
    with serving(node, token="right") as (address, _), ExitStack() as stack:
        for token in ("", "wrong"):
            with pytest.raises(ClusterTokenError, match="REELYARD_RPC_TOKEN"):
                stack.enter_context(NodeClient(address, token)).claim("n", 1, 1, "t")
        allowed = stack.enter_context(NodeClient(address, "right")).claim("n", 404, 1, "t")

    assert allowed.refusal == "gone"
    assert len(node.asked) == 1


def test_health_is_open_and_reflection_needs_the_secret(node: Node) -> None:
    with serving(node, token="right") as (address, _), grpc.insecure_channel(address) as channel:
        health = SchedulerHealth(address)
        health.check()
        health.close()
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.RpcError) as caught:
            next(call(iter([ask]), timeout=5))
        answer = next(call(iter([ask]), timeout=5, metadata=(("authorization", "Bearer right"),)))

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert NODE_SERVICE in {service.name for service in answer.list_services_response.service}


def test_a_stopping_scheduler_is_not_healthy() -> None:
    server = build_server(token="", registry=CollectorRegistry(), threads=2)
    health = add_health_and_reflection(server, [NODE_SERVICE])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    checker = SchedulerHealth([f"127.0.0.1:{port}"])
    checker.check()

    health.enter_graceful_shutdown()

    with pytest.raises(UnavailableError, match="stopping"):
        checker.check()
    health.set("", health_pb2.HealthCheckResponse.SERVING)
    checker.close()
    server.stop(0).wait()


def test_health_answers_while_every_thread_is_taken() -> None:
    taken, free = threading.Event(), threading.Event()

    class Waiting(Node):
        def Claim(self, request: Any, context: Any) -> Any:
            taken.set()
            free.wait(60)
            return super().Claim(request, context)

    server = build_server(token="", registry=CollectorRegistry(), threads=1)
    node_pb2_grpc.add_NodeServiceServicer_to_server(Waiting(), server)
    add_health_and_reflection(server, [NODE_SERVICE])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        claim = node_pb2_grpc.NodeServiceStub(channel).Claim.future(
            node_pb2.ClaimRequest(), timeout=60, metadata=call_metadata("")
        )
        assert taken.wait(60)

        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)

        assert not claim.done()
        free.set()
        claim.result()
    server.stop(0).wait()
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_calls_are_measured_by_method_and_status(node: Node) -> None:
    with serving(node) as (address, registry), NodeClient(address) as client:
        client.claim("n", 404, 1, "t")
        node.error = StaleTokenError("no")
        with pytest.raises(StaleTokenError):
            client.claim("n", 404, 1, "t")

        node.error = ValueError("a bug")
        with pytest.raises(ReelyardError):
            client.claim("n", 404, 1, "t")

    method = {"grpc_service": "reelyard.rpc.v1.NodeService", "grpc_method": "Claim"}
    counted = {
        code: registry.get_sample_value("reelyard_grpc_server_handled_total", method | {"grpc_code": code})
        for code in ("OK", "FailedPrecondition", "Internal", "NotFound", "Unavailable")
    }
    assert counted == {"OK": 1, "FailedPrecondition": 1, "Internal": 1, "NotFound": 0, "Unavailable": 0}
    assert registry.get_sample_value("reelyard_grpc_server_handling_seconds_count", method) == 3


def test_statuses_are_named_as_in_go() -> None:
    """The names of google.golang.org/grpc/codes, which dashboards for gRPC know."""
    named = [code_name(code) for code in grpc.StatusCode]

    assert named == [
        *("OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"),
        *("PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented"),
        *("Internal", "Unavailable", "DataLoss", "Unauthenticated"),
    ]


def test_the_gateway_client_speaks_in_views() -> None:
    async def ask(address: str) -> None:
        async with GatewayClient([address]) as client:
            caller = await client.authenticate("00")
            request = CreateJobs(
                account_id=3,
                request_id="r",
                source_url="http://x/y",
                outputs=(OutputRequest(output_format_id=0, title="mine"),),
            )
            created = await client.create_jobs(request)
            media = await client.get_media(3, "input", 1)
            with pytest.raises(NotFoundError) as caught:
                await client.get_media(3, "input", 2)

        assert (caller.account_id, caller.key_id, caller.disabled) == (3, 4, False)
        assert [job.job_id for job in created.jobs] == [5, 0]
        assert created.jobs[0].error is None
        assert created.jobs[1].error is not None
        assert created.jobs[1].error.message == "mine"
        assert media.info is not None
        assert caught.value.code is ErrorCode.ASSET_NOT_FOUND

    with serving(Gateway()) as (address, _):
        asyncio.run(ask(address))


def test_a_request_id_that_could_do_harm_goes_no_further(node: Node, client: NodeClient) -> None:
    with structlog.contextvars.bound_contextvars(request_id="a b,c"):
        client.claim("n", 7, 2, "t")

    (request_id,) = node.request_ids
    assert "a b" not in request_id
    assert len(request_id) == 36


def test_what_a_call_binds_to_the_log_ends_with_it(node: Node, client: NodeClient) -> None:
    node.binds = {"job_id": 7}
    client.claim("n", 7, 2, "t")
    node.binds = {}
    for _ in range(8):  # more calls than the server has threads
        client.claim("n", 7, 2, "t")

    assert [fields.get("job_id") for fields in node.bound] == [None] * 9
