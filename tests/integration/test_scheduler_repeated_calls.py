"""Calls whose answer is lost on its way: gRPC sends them again, and the client hears what the first one did."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest

from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.metrics import CollectorRegistry
from reelyard.cluster.rpc_server import build_server
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreateIngest, CreateJobs
from reelyard.cluster.work import Queue
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError, UnavailableError
from reelyard.rpc.v1 import gateway_pb2_grpc
from scheduler.entrypoints.gateway_service import GatewayServicer
from scheduler.store.database import Database
from tests.contract.lifecycle_rig import MP4, POLICY, SOURCE_URL, Rig
from tests.secret_key import SEALER

T = TypeVar("T")


class LosesFirstAnswers(grpc.ServerInterceptor):
    """The connection of the first call of each method breaks after the work was done."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        method = handler_call_details.method.rpartition("/")[2]

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(method)
            answered = handler.unary_unary(request, context)
            if self.calls.count(method) == 1:
                raise UnavailableError("the connection broke")
            return answered

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


class Served:
    """A scheduler's gateway service over a real database and real gRPC."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.losses = LosesFirstAnswers()
        self.server = build_server(token="", registry=CollectorRegistry(), threads=4, interceptors=[self.losses])
        servicer = GatewayServicer(rig.db, wake=lambda: None, policy=POLICY, fetch=FetchPolicy(()))
        gateway_pb2_grpc.add_GatewayServiceServicer_to_server(servicer, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def ask(self, question: Callable[[GatewayClient], Awaitable[T]]) -> T:
        async def call() -> T:
            async with GatewayClient([self.address]) as client:
                return await question(client)

        return asyncio.run(call())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    database = Database(f"sqlite:///{tmp_path / 'reelyard.db'}", SEALER)
    service = Served(Rig(database))
    yield service
    service.server.stop(None).wait()
    database.close()


def job_of(served: Served) -> int:
    wanted = CreateJobs(
        account_id=served.rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL, outputs=(MP4,)
    )
    return served.ask(lambda client: client.create_jobs(wanted)).jobs[0].job_id


def test_a_cancelled_job_is_shown_though_the_first_answer_was_lost(served: Served) -> None:
    account, job_id = served.rig.account_id, job_of(served)

    job = served.ask(lambda client: client.cancel_job(account, job_id))

    assert job.status == "cancelled"
    assert served.losses.calls.count("CancelJob") == 2
    with pytest.raises(ConflictError):
        served.ask(lambda client: client.cancel_job(account, job_id))


def test_a_cancelled_ingest_is_shown_though_the_first_answer_was_lost(served: Served) -> None:
    account = served.rig.account_id
    wanted = CreateIngest(account_id=account, request_id=str(uuid.uuid4()), source_url=SOURCE_URL)
    ingest_id = served.ask(lambda client: client.create_ingest(wanted)).ingest_id

    ingest = served.ask(lambda client: client.cancel_ingest(account, ingest_id))

    assert (ingest.status, served.losses.calls.count("CancelIngest")) == ("cancelled", 2)
    with pytest.raises(ConflictError):
        served.ask(lambda client: client.cancel_ingest(account, ingest_id))


def test_a_job_is_tried_again_once_though_the_first_answer_was_lost(served: Served) -> None:
    account, job_id = served.rig.account_id, job_of(served)
    served.rig.fail(served.rig.take(served.rig.node("alpha"), Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)

    job = served.ask(lambda client: client.retry_job(account, job_id))

    assert (job.status, job.error_code) == ("queued", "")
    assert served.losses.calls.count("RetryJob") == 2
    assert served.rig.events("job", job_id).count("retry") == 1
    with pytest.raises(ConflictError):
        served.ask(lambda client: client.retry_job(account, job_id))


def test_a_deleted_medium_is_shown_though_the_first_answer_was_lost(served: Served) -> None:
    account, rig = served.rig.account_id, served.rig
    job_id = job_of(served)
    rig.through(rig.node("alpha"), Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    output_id = rig.job(job_id).output_media_id

    medium = served.ask(lambda client: client.delete_media(account, "output", output_id))

    assert (medium.status, served.losses.calls.count("DeleteMedia")) == ("deleted", 2)
    with pytest.raises(NotFoundError) as gone:
        served.ask(lambda client: client.delete_media(account, "output", output_id))
    assert gone.value.code is ErrorCode.MEDIA_EXPIRED
