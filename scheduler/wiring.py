"""Builds one scheduler out of its settings: the only place that knows all of its parts."""

import threading
from collections.abc import Callable, Iterator

import dramatiq
import grpc
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from reelyard.cluster.broker import declare_queues, open_broker, ready_messages
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import MetricsServer, new_registry, serve_metrics
from reelyard.cluster.rpc_server import add_health_and_reflection, build_server
from reelyard.cluster.settings_parsers import host_port
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.work import Queue
from reelyard.media.errors import UnavailableError
from reelyard.rpc.v1 import gateway_pb2, gateway_pb2_grpc, node_pb2, node_pb2_grpc
