"""A whole scheduler over real gRPC: what gateways get from it, who is let in, how it stops."""

import asyncio
import gc
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from dramatiq.brokers.stub import StubBroker
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from reelyard.cluster.broker import open_broker, ready_messages
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.node_client import NodeClient
from reelyard.cluster.service_process import StartError
from reelyard.cluster.views import CreatedJobsView, CreateIngest, CreateJobs, CreateJobsFromInput, CreateKey
from reelyard.cluster.work import Queue
from reelyard.media.errors import AuthError, ClusterTokenError, ConflictError, ErrorCode, NotFoundError, SpecError
from reelyard.media.output import OutputRequest
from scheduler.service import SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.usecases.keys import hash_key
from scheduler.wiring import build
from tests.secret_key import SECRET_KEY

TOKEN = "the-cluster-token"
KEY = "ry_the-operators-own-key"

T = TypeVar("T")


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    broker = open_broker("memory:")
    yield broker
    broker.close()


@pytest.fixture
def settings(tmp_path: Path) -> SchedulerSettings:
    return SchedulerSettings(
        database_url=f"sqlite:///{tmp_path / 'reelyard.db'}",
        broker_url="memory:",
        listen="127.0.0.1:0",
        rpc_token=TOKEN,
        api_key=KEY,
        secret_key=(SECRET_KEY,),
        storage_url=(tmp_path / "store").as_uri(),
    )


@pytest.fixture
def service(settings: SchedulerSettings, broker: StubBroker) -> Iterator[SchedulerService]:
    service = build(settings, broker=broker)
    service.start()
    yield service
    service.stop()


def ask(service: SchedulerService, question: Callable[[GatewayClient], Awaitable[T]], token: str = TOKEN) -> T:
    """One call as a gateway makes it."""

    async def call() -> T:
        async with GatewayClient([service.address], token) as client:
            return await question(client)

    return asyncio.run(call())


def request(account_id: int, *outputs: OutputRequest, **changes: str) -> CreateJobs:
    wanted = outputs or (OutputRequest(output_format_id=2, customer_reference_id="a4tg3fwe"),)
    text = {"request_id": str(uuid.uuid4()), "source_url": "https://example.com/clip.mov"} | changes
    return CreateJobs(account_id=account_id, outputs=wanted, **text)


def default_account(service: SchedulerService) -> int:
    return ask(service, lambda client: client.authenticate(hash_key(KEY))).account_id


def create(service: SchedulerService, account_id: int) -> CreatedJobsView:
    return ask(service, lambda client: client.create_jobs(request(account_id)))


def health_of(address: str, service: str = "") -> int:
    with grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=service), wait_for_ready=True, timeout=20
        )
    return answer.status


def test_a_job_is_created_and_can_be_read(service: SchedulerService) -> None:
    account_id = default_account(service)

    created = create(service, account_id)

    job = ask(service, lambda client: client.get_job(account_id, created.jobs[0].job_id))
    ingest = ask(service, lambda client: client.get_ingest(account_id, created.ingest_id))
    assert (job.status, job.customer_reference_id, job.input_media_id) == ("queued", "a4tg3fwe", created.input_media_id)
    assert (ingest.status, ingest.source_url) == ("queued", "https://example.com/clip.mov")


def test_an_ingest_gets_jobs_later_and_both_can_be_cancelled(service: SchedulerService) -> None:
    account_id = default_account(service)
    source = CreateIngest(
        account_id=account_id, request_id=str(uuid.uuid4()), source_url="https://example.com/a.mov", title="A clip"
    )
    made = ask(service, lambda client: client.create_ingest(source))
    wanted = CreateJobsFromInput(
        account_id=account_id,
        request_id=str(uuid.uuid4()),
        input_media_id=made.input_media_id,
        outputs=(OutputRequest(output_format_id=2), OutputRequest(output_format_id=2)),
    )

    created = ask(service, lambda client: client.create_jobs_from_input(wanted))

    assert (created.ingest_id, created.input_media_id) == (made.ingest_id, made.input_media_id)
    first, second = (view.job_id for view in created.jobs)
    assert ask(service, lambda client: client.cancel_job(account_id, first)).status == "cancelled"
    ended = ask(service, lambda client: client.cancel_ingest(account_id, made.ingest_id))
    assert (ended.status, ended.error_code, ended.title) == ("cancelled", "cancelled", "A clip")
    assert ask(service, lambda client: client.get_job(account_id, second)).status == "cancelled"
    with pytest.raises(ConflictError):
        ask(service, lambda client: client.cancel_job(account_id, second))


def test_a_repeated_request_gets_the_first_answer(service: SchedulerService) -> None:
    account_id = default_account(service)
    wanted = request(account_id)

    first = ask(service, lambda client: client.create_jobs(wanted))

    assert ask(service, lambda client: client.create_jobs(wanted)) == first
    assert ask(service, lambda client: client.list_active_jobs(account_id, 20, 1)).total == 1


def test_a_created_job_reaches_the_broker_once_a_node_is_there(service: SchedulerService, broker: StubBroker) -> None:
    arrived = threading.Event()
    enqueue = broker.enqueue
    broker.enqueue = lambda message, **more: (enqueue(message, **more), arrived.set())[0]
    node = NodeClient([service.address], TOKEN)
    node.register(str(uuid.uuid4()), "node-1", "0", ["libx264"], {Queue.INGEST: 1})
    node.close()

    create(service, default_account(service))

    assert arrived.wait(20)
    assert ready_messages(broker, Queue.INGEST) == 1


def test_jobs_are_paged_the_newest_first(service: SchedulerService) -> None:
    account_id = default_account(service)
    ids = [create(service, account_id).jobs[0].job_id for _ in range(3)]

    pages = [ask(service, lambda client, n=n: client.list_active_jobs(account_id, 2, n)) for n in (1, 2, 3)]

    assert [[job.job_id for job in page.jobs] for page in pages] == [[ids[2], ids[1]], [ids[0]], []]
    assert {page.total for page in pages} == {3}


def test_another_account_sees_nothing(service: SchedulerService) -> None:
    created = create(service, default_account(service))
    other = ask(service, lambda client: client.create_account("other")).account_id

    for question, code in (
        (lambda client: client.get_job(other, created.jobs[0].job_id), ErrorCode.JOB_NOT_FOUND),
        (lambda client: client.get_ingest(other, created.ingest_id), ErrorCode.INGEST_NOT_FOUND),
        (lambda client: client.get_media(other, "input", created.input_media_id), ErrorCode.ASSET_NOT_FOUND),
    ):
        with pytest.raises(NotFoundError) as refused:
            ask(service, question)
        assert refused.value.code is code
    assert ask(service, lambda client: client.list_active_jobs(other, 20, 1)).total == 0
    assert ask(service, lambda client: client.list_active_ingests(other, 20, 1)).ingests == ()
    assert ask(service, lambda client: client.list_media(other, "output", 20, 1)).media == ()


def test_errors_keep_their_codes_and_fields_over_the_wire(service: SchedulerService) -> None:
    account_id = default_account(service)

    with pytest.raises(SpecError) as page:
        ask(service, lambda client: client.list_active_jobs(account_id, 101, 1))
    with pytest.raises(SpecError) as source:
        ask(service, lambda client: client.create_jobs(request(account_id, source_url="gopher://example.com/x")))
    with pytest.raises(ConflictError) as taken:
        ask(service, lambda client: client.create_account("default"))
    with pytest.raises(NotFoundError) as unknown:
        ask(service, lambda client: client.get_format(account_id, 4711))

    assert (page.value.code, page.value.field) == (ErrorCode.PAGE_SIZE_MORE_THAN_MAX, "page_size")
    assert (source.value.code, source.value.field) == (ErrorCode.INVALID_INPUT_URL, "source_url")
    assert taken.value.code is ErrorCode.CONFLICT
    assert unknown.value.code is ErrorCode.PROFILE_NOT_FOUND


def test_a_refused_output_says_why_and_creates_nothing(service: SchedulerService) -> None:
    account_id = default_account(service)
    wrong = OutputRequest(output_format_id=0, container="mp5")

    created = ask(service, lambda client: client.create_jobs(request(account_id, wrong)))

    assert created.ingest_id == 0
    assert created.jobs[0].error is not None
    assert (created.jobs[0].error.code, created.jobs[0].error.field) == ("invalid_parameter_value", "container")
    assert ask(service, lambda client: client.list_active_ingests(account_id, 20, 1)).total == 0


def test_keys_are_made_used_and_revoked(service: SchedulerService) -> None:
    account_id = default_account(service)
    created = ask(service, lambda client: client.create_key(CreateKey(account_id=account_id, label="laptop")))

    assert ask(service, lambda client: client.authenticate(hash_key(created.secret))).key_id == created.key.key_id
    listed = ask(service, lambda client: client.list_keys(account_id)).keys
    assert [key.label for key in listed] == ["REELYARD_API_KEY", "laptop"]
    ask(service, lambda client: client.revoke_key(account_id, created.key.key_id))
    with pytest.raises(AuthError):
        ask(service, lambda client: client.authenticate(hash_key(created.secret)))


def test_formats_are_listed(service: SchedulerService) -> None:
    found = ask(service, lambda client: client.list_formats(1, 100, 1))

    assert found.total == len(found.formats) >= 10
    assert ask(service, lambda client: client.get_format(1, found.formats[0].id)) == found.formats[0]


@pytest.mark.parametrize("token", ["", "another-token", TOKEN + "x"])
def test_a_call_without_the_clusters_token_is_refused(service: SchedulerService, token: str) -> None:
    with pytest.raises(ClusterTokenError):
        ask(service, lambda client: client.create_account("intruder"), token)
    with pytest.raises(ClusterTokenError):
        ask(service, lambda client: client.authenticate(hash_key(KEY)), token)

    assert [key.label for key in ask(service, lambda client: client.list_keys()).keys] == ["REELYARD_API_KEY"]


def test_health_is_for_everybody_and_says_that_it_serves(service: SchedulerService) -> None:
    assert health_of(service.address) == health_pb2.HealthCheckResponse.SERVING


def test_liveness_ends_with_a_loop_and_readiness_too(settings: SchedulerSettings, broker: StubBroker) -> None:
    service = build(settings, broker=broker)
    service.start()
    address = service.address
    before = (health_of(address, "liveness"), health_of(address, "readiness"))

    service._parts.loops[1].stop()
    service._parts.health._update()
    after = (health_of(address, "liveness"), health_of(address, "readiness"))

    service.stop()
    assert before == (health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.SERVING)
    assert after == (health_pb2.HealthCheckResponse.NOT_SERVING, health_pb2.HealthCheckResponse.NOT_SERVING)


def test_reflection_lists_both_services_to_who_has_the_token(service: SchedulerService) -> None:
    class WithToken(grpc.StreamStreamClientInterceptor):
        def intercept_stream_stream(self, continuation, details, requests):
            details = details._replace(metadata=(("authorization", f"Bearer {TOKEN}"),))
            return continuation(details, requests)

    with grpc.insecure_channel(service.address) as channel:
        database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithToken()))
        names = set(database.get_services())

    assert {"reelyard.rpc.v1.GatewayService", "reelyard.rpc.v1.NodeService"} <= names


def test_what_was_created_is_there_after_a_restart(settings: SchedulerSettings, broker: StubBroker) -> None:
    first = build(settings, broker=broker)
    first.start()
    account_id = default_account(first)
    created = create(first, account_id)
    first.stop()

    second = build(settings, broker=broker)
    second.start()
    job = ask(second, lambda client: client.get_job(account_id, created.jobs[0].job_id))
    second.stop()

    assert job.job_id == created.jobs[0].job_id


def test_a_stopped_scheduler_answers_nobody_and_leaves_no_thread(
    settings: SchedulerSettings, broker: StubBroker
) -> None:
    before = set(threading.enumerate())
    service = build(settings, broker=broker)
    service.start()
    address = service.address
    ask(service, lambda client: client.list_keys())
    service.stop()
    service.stop()  # again is fine

    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as nobody:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert nobody.value.code() is grpc.StatusCode.UNAVAILABLE
    del service  # gRPC's pool of threads goes with the server
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=20)
        assert not thread.is_alive(), thread.name


def test_two_schedulers_cannot_share_a_port(service: SchedulerService, settings: SchedulerSettings) -> None:
    second = build(
        replace(settings, listen=service.address),
        broker=open_broker("memory:"),
    )

    with pytest.raises(StartError, match="REELYARD_SCHEDULER_LISTEN"):
        second.start()

    second.stop()
    assert health_of(service.address) == health_pb2.HealthCheckResponse.SERVING
