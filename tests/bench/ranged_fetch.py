"""How much sooner a large source is there over several connections, from a server that gives each so many bytes/s."""

import ipaddress
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from encoder_node.download import download
from encoder_node.fetch.bounds import DownloadLimits
from encoder_node.stop import StopSignal
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from tests.integration.range_server import RangeServer, serving

MIB = 1024 * 1024
SOURCE_BYTES = 64 * MIB
BYTES_A_SECOND = 8 * MIB  # of one connection
PIECE_BYTES = 4 * MIB


@dataclass(frozen=True)
class Fetched:
    """Medians over the rounds with this many connections, in seconds, and against one connection."""

    connections: int
    seconds: float
    ratio: float


def measure_fetch(rounds: int = 3) -> list[Fetched]:
    """Fetch one source over one and over four connections in turn."""
    policy = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
    pool = guarded_http(policy, connect_timeout_s=5, read_timeout_s=20)
    served = RangeServer(os.urandom(SOURCE_BYTES), pace=lambda count: time.sleep(count / BYTES_A_SECOND))
    taken: dict[int, list[float]] = {1: [], 4: []}
    with serving(served), tempfile.TemporaryDirectory(prefix="reelyard-bench-") as folder:
        for number in range(rounds):
            for connections, seconds in taken.items():
                limits = DownloadLimits(
                    stall_s=20, max_bytes=10**9, hard_s=600, connections=connections, piece_bytes=PIECE_BYTES
                )
                path = Path(folder) / f"{number}-{connections}"
                began = time.monotonic()
                download(pool, served.url, path, stop=StopSignal(), limits=limits)
                seconds.append(time.monotonic() - began)
                path.unlink()
    pool.clear()
    single = statistics.median(taken[1])
    return [Fetched(count, statistics.median(s), single / statistics.median(s)) for count, s in taken.items()]
