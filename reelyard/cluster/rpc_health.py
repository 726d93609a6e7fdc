"""Asks the schedulers' health service whether one of them serves."""

from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from reelyard.cluster.rpc_channel import CHANNEL_OPTIONS, grpc_target
from reelyard.cluster.rpc_errors import error_from_rpc
from reelyard.media.errors import UnavailableError

_DEADLINE_S = 1.5


class SchedulerHealth:
    """A readiness check of gateways and nodes; it has a connection of its own and needs no token."""

    def __init__(self, addresses: str | Sequence[str]) -> None:
        self._channel = grpc.insecure_channel(grpc_target(addresses), options=CHANNEL_OPTIONS)
        self._stub: Any = health_pb2_grpc.HealthStub(self._channel)

    def check(self) -> None:
        """Return when a scheduler serves.

        Raises:
            UnavailableError: none does, or none answered in time.
        """
        try:
            answer = self._stub.Check(health_pb2.HealthCheckRequest(), timeout=_DEADLINE_S)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from error
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise UnavailableError("The scheduler is stopping.")

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()
