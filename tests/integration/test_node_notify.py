"""Webhooks over real sockets."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoder_node.attempt import Attempt
from encoder_node.stages.notify import NotifyStage
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.urlguard import USER_AGENT, FetchPolicy, guarded_http
from reelyard.cluster.work import NotifyWork, TaskKind
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.node_peers import Faulty, new_attempt, serve

LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def notify(tmp_path: Path, store: FolderStore) -> Iterator[NotifyStage]:
    pool = guarded_http(LOOPBACK, connect_timeout_s=2, read_timeout_s=2)
    yield NotifyStage(pool, clock=lambda: 1732233600.9)
    pool.clear()


def notification(url: str, tmp_path: Path, store: FolderStore, secret: str = "s3cret") -> Attempt:
    work = NotifyWork(delivery_id="d-1", url=url, body="JobID=3&Result=Success", secret=secret)
    return new_attempt(TaskKind.NOTIFY, work, folder=tmp_path / "n", store=store, prefix="job/3/6/1/")


def test_the_body_is_posted_signed_and_numbered(notify: NotifyStage, tmp_path: Path, store: FolderStore) -> None:
    with serve(Faulty(status=202)) as server:
        result = notify.run(notification(server.url + "?k=v", tmp_path, store))

    (request,) = server.requests
    expected = hmac.new(b"s3cret", b"1732233600.JobID=3&Result=Success", hashlib.sha256).hexdigest()
    assert result.http_status == 202
    assert server.posts == [b"JobID=3&Result=Success"]
    assert request["path"] == "/clip.mp4?k=v"
    assert request["content-type"] == "application/x-www-form-urlencoded"
    assert request["user-agent"] == USER_AGENT
    assert request["reelyard-delivery"] == "d-1"
    assert request["reelyard-signature"] == f"t=1732233600,v1={expected}"


def test_without_a_secret_there_is_no_signature(notify: NotifyStage, tmp_path: Path, store: FolderStore) -> None:
    with serve(Faulty()) as server:
        notify.run(notification(server.url, tmp_path, store, secret=""))

    assert "reelyard-signature" not in server.requests[0]


@pytest.mark.parametrize("status", [301, 302, 400, 404, 500])
def test_any_other_status_is_a_failed_delivery(
    notify: NotifyStage, tmp_path: Path, store: FolderStore, status: int
) -> None:
    headers = {"Location": "/elsewhere"} if status < 400 else {}
    faulty = Faulty(status=status, body=b"no thanks", headers=headers)
    with serve(faulty) as server, pytest.raises(WorkError) as caught:
        notify.run(notification(server.url, tmp_path, store))

    assert (caught.value.code, caught.value.http_status) == (ErrorCode.DELIVERY_FAILED, status)
    assert caught.value.evidence == "no thanks"
    assert len(server.requests) == 1


def test_an_answer_that_repeats_the_request_is_kept_without_its_secrets(
    notify: NotifyStage, tmp_path: Path, store: FolderStore
) -> None:
    body = b"no /done?token=hush-hush&n=1 for Basic aG9vazpsZXRtZSBpbg== (letme in, letme%20in), token: hush-hush"
    with serve(Faulty(status=500, body=body)) as server:
        url = server.url.replace("http://", "http://hook:letme%20in@") + "?token=hush-hush&n=1"
        attempt = notification(url, tmp_path, store)
        with pytest.raises(WorkError) as caught:
            notify.run(attempt)

    hidden = "[redacted]"
    assert server.requests[0]["authorization"] == "Basic aG9vazpsZXRtZSBpbg=="
    assert caught.value.evidence == f"no /done?{hidden} for Basic {hidden} ({hidden}, {hidden}), token: {hidden}"


def test_a_receiver_that_is_gone_is_final(notify: NotifyStage, tmp_path: Path, store: FolderStore) -> None:
    with serve(Faulty(status=410)) as server, pytest.raises(WorkError) as caught:
        notify.run(notification(server.url, tmp_path, store))

    assert (caught.value.code, caught.value.http_status) == (ErrorCode.DELIVERY_DENIED, 410)


def test_a_receiver_that_refuses_the_connection_is_a_failed_delivery(
    notify: NotifyStage, tmp_path: Path, store: FolderStore
) -> None:
    with serve(Faulty()) as server:
        gone = server.url

    with pytest.raises(WorkError) as caught:
        notify.run(notification(gone + "?token=hush", tmp_path, store))

    assert (caught.value.code, caught.value.http_status) == (ErrorCode.DELIVERY_FAILED, 0)
    assert "hush" not in caught.value.message


def test_a_forbidden_receiver_is_not_asked(notify: NotifyStage, tmp_path: Path, store: FolderStore) -> None:
    with pytest.raises(WorkError) as caught:
        notify.run(notification("http://169.254.169.254/", tmp_path, store))

    assert caught.value.code is ErrorCode.INVALID_INPUT_URL
