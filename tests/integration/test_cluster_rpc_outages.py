"""Schedulers that die, freeze and come back under the clients' calls, as processes of their own."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.node_client import NodeClient
from reelyard.media.errors import (
    UnavailableError,
)
from tests.free_ports import free_port


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
