"""Clients and schedulers over real gRPC: errors cross unchanged, a dead scheduler is not noticed."""

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import grpc
import pytest
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.node_client import NodeClient, Progress, Stopped
from reelyard.cluster.rpc_channel import call_metadata
from reelyard.cluster.rpc_errors import status_of
from reelyard.cluster.rpc_health import SchedulerHealth
from reelyard.cluster.rpc_server import add_health_and_reflection, build_server, code_name
from reelyard.cluster.views import CreateJobs
from reelyard.cluster.work import CleanResult, IngestWork, TaskKind
from reelyard.media.errors import (
    AuthError,
    ClusterTokenError,
    ConflictError,
    ErrorCode,
    NotFoundError,
    ReelyardError,
    SpecError,
    StaleTokenError,
    UnavailableError,
    WorkError,
)
from reelyard.media.output import OutputRequest
from reelyard.rpc.v1 import gateway_pb2, gateway_pb2_grpc, media_pb2, node_pb2, node_pb2_grpc
from tests.free_ports import free_port

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


def test_a_failure_carries_its_code_and_evidence(node: Node, client: NodeClient) -> None:
    error = WorkError(ErrorCode.ENCODE_FAILED, "It broke.", evidence="ffmpeg ...", http_status=0)

    client.fail("n", 7, "t", error)

    assert (node.asked[0].code, node.asked[0].message, node.asked[0].evidence) == (
        "encode_failed",
        "It broke.",
        "ffmpeg ...",
    )


@pytest.mark.parametrize(
    "error",
    [
        SpecError("width", "{width} is '-1'; valid is … from 2", code=ErrorCode.PARAMETER_MISSING),
        NotFoundError("no such job", code=ErrorCode.JOB_NOT_FOUND),
        ConflictError("it has ended"),
        StaleTokenError("not yours", already_ended_by_token=True),
        StaleTokenError("not yours"),
        AuthError("who?"),
        AuthError("disabled", code=ErrorCode.FORBIDDEN),
        ClusterTokenError("the secret differs"),
        WorkError(ErrorCode.SOURCE_CORRUPT, "half of it"),
        ReelyardError("odd", code=ErrorCode.RATE_LIMITED),
        UnavailableError("the database does not answer"),
    ],
    ids=lambda error: f"{type(error).__name__}-{error.code}",
)
def test_an_error_arrives_as_it_was_raised(node: Node, client: NodeClient, error: ReelyardError) -> None:
    node.error = error

    with pytest.raises(type(error)) as caught:
        client.finish("n", 7, "t", CleanResult(deleted=0))

    assert type(caught.value) is type(error)
    assert caught.value.code is error.code
    assert caught.value.message == error.message
    for name in ("field", "already_ended_by_token"):
        assert getattr(caught.value, name, None) == getattr(error, name, None)


def test_a_fault_arrives_as_internal_error_with_the_request_id_and_nothing_else(node: Node, client: NodeClient) -> None:
    node.error = RuntimeError("password=hunter2")

    with structlog.contextvars.bound_contextvars(request_id="req-1"), pytest.raises(ReelyardError) as caught:
        client.claim("n", 7, 2, "t")

    assert type(caught.value) is ReelyardError
    assert caught.value.code is ErrorCode.INTERNAL_ERROR
    assert "req-1" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert node.request_ids == ["req-1"]


@pytest.mark.parametrize("char", ["a", "ä", "漢", "😀", "%", "\n"])
def test_a_long_message_is_cut_and_still_arrives(node: Node, client: NodeClient, char: str) -> None:
    node.error = SpecError(char * 50_000, char * 50_000)

    with pytest.raises(SpecError) as caught:
        client.claim("n", 7, 2, "t")

    assert set(caught.value.message) == set(caught.value.field) == {char, "…"}
    assert len(caught.value.message) > 200


@pytest.mark.parametrize("char", ["a", "ä", "漢", "😀", "%", "\n"])
def test_no_message_is_longer_than_grpc_takes_for_certain(char: str) -> None:
    """Between its soft limit of 8 KiB and 16 KiB gRPC refuses some answers and lets others pass."""
    status = rpc_status.to_status(status_of(SpecError(char * 50_000, char * 50_000)))

    sent = [("grpc-message", quote(status.details).encode()), *status.trailing_metadata]
    assert sum(len(name) + len(value) + 32 for name, value in sent) < 8192 - 256  # the rest is for :status and the like


def test_a_message_that_fits_is_not_cut(node: Node, client: NodeClient) -> None:
    node.error = NotFoundError("a" * 3000)

    with pytest.raises(NotFoundError) as caught:
        client.claim("n", 7, 2, "t")

    assert caught.value.message == "a" * 3000


def test_a_status_that_a_servicer_gave_itself_is_kept(client: NodeClient) -> None:
    with pytest.raises(ReelyardError, match="the servicer's own words"):
        client.leave("n")


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


def test_without_any_scheduler_calls_end_as_unavailable() -> None:
    async def ask() -> None:
        async with GatewayClient(["127.0.0.1:9", "127.0.0.1:10"]) as client:
            with pytest.raises(UnavailableError, match="No scheduler answers"):
                await client.authenticate("00")

    with NodeClient("127.0.0.1:9,127.0.0.1:10") as client, pytest.raises(UnavailableError):
        client.claim("n", 1, 1, "t")
    asyncio.run(ask())


SCHEDULER = """
    import sys
    from prometheus_client import CollectorRegistry
    from reelyard.cluster.rpc_server import build_server
    from reelyard.rpc.v1 import node_pb2, node_pb2_grpc

    class Node(node_pb2_grpc.NodeServiceServicer):
        def Claim(self, request, context):
            return node_pb2.ClaimResponse(granted=False, refusal="gone")

    server = build_server(token="", registry=CollectorRegistry(), threads=4)
    node_pb2_grpc.add_NodeServiceServicer_to_server(Node(), server)
    print(server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}"), flush=True)
    server.start()
    sys.stdin.read()
"""


@contextmanager
def scheduler_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCHEDULER), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def test_killing_one_of_two_schedulers_fails_no_call() -> None:
    with scheduler_process() as (first, one), scheduler_process() as (second, two), NodeClient([one, two]) as client:
        for number in range(100):
            if number == 30:
                first.kill()
                first.wait()
            assert client.claim("n", number, 1, "t").refusal == "gone"
        second.kill()
        second.wait()

        with pytest.raises(UnavailableError):
            client.claim("n", 1, 1, "t")


def test_a_scheduler_that_comes_back_is_found_again() -> None:
    with NodeClient("127.0.0.1:1") as nobody, pytest.raises(UnavailableError):
        nobody.claim("n", 1, 1, "t")
    with scheduler_process(free_port()) as (first, address), NodeClient(address) as client:
        client.claim("n", 1, 1, "t")
        first.kill()
        first.wait()
        with pytest.raises(UnavailableError):
            client.claim("n", 1, 1, "t")
        with scheduler_process(int(address.rpartition(":")[2])):
            for _ in range(20):
                try:
                    client.claim("n", 1, 1, "t")
                except UnavailableError:
                    continue
                break
            else:
                pytest.fail("the scheduler was not found again")


def test_a_frozen_scheduler_is_dropped_from_the_round() -> None:
    with scheduler_process() as (first, one), scheduler_process() as (_, two), NodeClient([one, two]) as client:
        for number in range(4):
            client.claim("n", number, 1, "t")
        first.send_signal(signal.SIGSTOP)
        answers = [client.claim("n", number, 1, "t").refusal for number in range(20)]

    assert answers == ["gone"] * 20


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
