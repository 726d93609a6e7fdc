"""Back ends whose URLs name an address of IPv6: real servers, reached at `::1`."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from reelyard.cluster.broker import BrokerDownError
from reelyard.cluster.objectstore.open import open_store
from scheduler.startup import ask_broker
from scheduler.store.database import Database
from tests.integration.test_cluster_listening import needs_ipv6


def _copy(source: socket.socket, target: socket.socket) -> None:
    """What one end sends goes to the other, until it ends."""
    try:
        while received := source.recv(65536):
            target.sendall(received)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of the ends is gone: the other copy hears of it by itself


@contextmanager
def at_ipv6(port: int) -> Iterator[str]:
    """The `[::1]:port` behind which the server at this port of 127.0.0.1 answers, which listens on IPv4 alone."""
    with ExitStack() as connections, socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return  # closed
                server = socket.create_connection(("127.0.0.1", port))
                for end in (client, server):
                    connections.callback(end.close)
                threading.Thread(target=_copy, args=(client, server), daemon=True).start()
                threading.Thread(target=_copy, args=(server, client), daemon=True).start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        yield f"[::1]:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()


@needs_ipv6
def test_a_database(postgresql: Any) -> None:
    with at_ipv6(postgresql.port()) as address:
        database = Database(postgresql.url.replace(f"127.0.0.1:{postgresql.port()}", address))
        with database.read() as connection:
            answer = connection.execute(text("select 6")).scalar_one()
        database.close()

    assert answer == 6


@needs_ipv6
def test_a_broker(rabbitmq: Any) -> None:
    with at_ipv6(rabbitmq.port()) as address:
        ask_broker(rabbitmq.url.replace(f"127.0.0.1:{rabbitmq.port()}", address))

    with pytest.raises(BrokerDownError):  # the way by which it was asked is closed
        ask_broker(rabbitmq.url.replace(f"127.0.0.1:{rabbitmq.port()}", address))


@needs_ipv6
def test_an_object_store(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(b"a clip")
    with at_ipv6(s3.port()) as address:
        url = s3.storage_url("over-ipv6").replace(f"127.0.0.1:{s3.port()}", address)
        store = open_store(url, access_key=s3.access_key, secret_key=s3.secret_key)
        stored = store.put_file("job/1/2/3/clip", tmp_path / "clip", mime_type="video/mp4")
        store.close()

    assert stored.size_bytes == 6
