"""Our errors over real gRPC: they arrive as they were raised, whatever is in them."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog
from grpc_status import rpc_status

from reelyard.cluster.node_client import NodeClient
from reelyard.cluster.rpc_errors import status_of
from reelyard.cluster.work import CleanResult
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
from tests.integration.rpc_peers import Node, serving


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def client(node: Node) -> Iterator[NodeClient]:
    with serving(node) as (address, _), NodeClient(address) as opened:
        yield opened


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
