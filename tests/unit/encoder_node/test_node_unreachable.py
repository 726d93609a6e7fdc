"""What people are told when an address does not answer."""

import pytest
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from encoder_node.unreachable import why_unreachable

CONNECTION = HTTPConnection("example.com")
POOL = HTTPConnectionPool("example.com")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NameResolutionError("example.com", CONNECTION, OSError(-2, "unknown")), "cannot be resolved"),
        (NewConnectionError(CONNECTION, "refused"), "refused the connection"),
        (ConnectTimeoutError("slow"), "did not answer in time"),
        (ReadTimeoutError(POOL, "/signed?secret", "slow"), "did not answer in time"),
        (SSLError("wrong version"), "TLS"),
        (ProtocolError("/signed?secret"), "closed without an answer"),
    ],
)
def test_each_failure_has_its_own_words_and_no_secret(error: HTTPError, words: str) -> None:
    said = why_unreachable(error)
    assert words in said
    assert "secret" not in said
