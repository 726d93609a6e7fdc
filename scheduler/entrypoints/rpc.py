"""The scheduler's gRPC services on one server."""

import grpc
from grpc_health.v1 import health

from reelyard.cluster.rpc_server import add_health_and_reflection
from reelyard.rpc.v1 import gateway_pb2, gateway_pb2_grpc, node_pb2, node_pb2_grpc
from scheduler.entrypoints.gateway_service import GatewayServicer
from scheduler.entrypoints.node_service import NodeServicer

#: The full names of what a scheduler serves, as health and reflection know them.
SERVICES = (
    gateway_pb2.DESCRIPTOR.services_by_name["GatewayService"].full_name,
    node_pb2.DESCRIPTOR.services_by_name["NodeService"].full_name,
)


def add_services(server: grpc.Server, gateways: GatewayServicer, nodes: NodeServicer) -> health.HealthServicer:
    """Serve gateways and nodes, and health and reflection; the health service tells what it is told."""
    gateway_pb2_grpc.add_GatewayServiceServicer_to_server(gateways, server)  # type: ignore[no-untyped-call]
    node_pb2_grpc.add_NodeServiceServicer_to_server(nodes, server)  # type: ignore[no-untyped-call]
    return add_health_and_reflection(server, SERVICES)
