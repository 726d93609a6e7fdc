"""Large sources over several connections, from servers that cut, stall, lie, change and refuse."""

import hashlib
import ipaddress
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from encoder_node.download import download
from encoder_node.fetch.bounds import Downloaded, DownloadLimits
from encoder_node.stop import StoppedError, StopReason, StopSignal
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.range_server import PATIENCE_S, Asked, RangeServer, serving

KIB = 1024
PIECE = 64 * KIB
BODY = random.Random(7).randbytes(16 * PIECE + 12_345)
OTHER = random.Random(8).randbytes(len(BODY))
LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
LIMITS = DownloadLimits(
    stall_s=PATIENCE_S, max_bytes=10**9, hard_s=60, connections=4, piece_bytes=PIECE, parallel_bytes=4 * PIECE
)


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    manager = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=PATIENCE_S)
    yield manager
    manager.clear()


@pytest.fixture
def impatient() -> Iterator[urllib3.PoolManager]:
    manager = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=0.5)
    yield manager
    manager.clear()


def fetch(pool: urllib3.PoolManager, served: RangeServer, path: Path, limits: DownloadLimits = LIMITS) -> Downloaded:
    with serving(served):
        return download(pool, served.url, path, stop=StopSignal(), limits=limits)


def failure(pool: urllib3.PoolManager, served: RangeServer, path: Path, limits: DownloadLimits = LIMITS) -> WorkError:
    with pytest.raises(WorkError) as caught:
        fetch(pool, served, path, limits)
    assert [thread.name for thread in threading.enumerate() if thread.name == "fetch"] == []
    return caught.value


def arrived(path: Path, got: Downloaded, body: bytes = BODY) -> None:
    assert path.read_bytes() == body
    assert got.sha256 == hashlib.sha256(body).hexdigest()
    assert got.size_bytes == len(body)


def is_range(asked: Asked) -> bool:
    return asked.first is not None


def first_only(served: RangeServer) -> None:
    """The whole was asked for once, without a range."""
    assert [asked.first for asked in served.requests] == [None]


def test_a_large_source_comes_over_several_connections_at_once(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def wait_for_the_others(asked: Asked) -> None:
        if asked.number < 4:
            together.wait(PATIENCE_S)

    served = RangeServer(BODY, headers={"Content-Type": "video/mp4"}, before_body=wait_for_the_others)
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert got.mime_type == "video/mp4"
    assert {asked.if_range for asked in served.requests if is_range(asked)} == {'"v1"'}
    starts = [first for first, _ in served.ranges]
    assert len(starts) == len(set(starts))
    assert all(first % PIECE == 0 and last < first + PIECE for first, last in served.ranges)


def test_progress_grows_to_the_whole(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    with serving(RangeServer(BODY)) as served:
        download(
            pool,
            served.url,
            tmp_path / "f",
            stop=StopSignal(),
            limits=LIMITS,
            on_progress=lambda done, total, mime: told.append((done, total, mime)),
        )

    done = [one for one, _, _ in told]
    assert done == sorted(done)
    assert done[-1] == len(BODY)
    assert {total for _, total, _ in told} == {len(BODY)}


@pytest.mark.parametrize(
    "changes",
    [{"accept_ranges": ""}, {"accept_ranges": "none"}, {"etag": ""}, {"etag": 'W/"weak"'}],
    ids=["says nothing of ranges", "has no ranges", "no version", "weak version"],
)
def test_a_server_that_cannot_be_trusted_with_ranges_sends_one_stream(
    pool: urllib3.PoolManager, tmp_path: Path, changes: dict[str, str]
) -> None:
    served = replace(RangeServer(BODY), **changes)
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    first_only(served)


@pytest.mark.parametrize("limits", [replace(LIMITS, parallel_bytes=10**8), replace(LIMITS, connections=1)])
def test_a_small_source_or_a_single_connection_is_one_stream(
    pool: urllib3.PoolManager, tmp_path: Path, limits: DownloadLimits
) -> None:
    served = RangeServer(BODY)
    got = fetch(pool, served, tmp_path / "f", limits)

    arrived(tmp_path / "f", got)
    first_only(served)


def test_an_old_date_is_a_version_too(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    date = "Sat, 01 Nov 2025 10:00:00 GMT"
    served = RangeServer(BODY, etag="", headers={"Last-Modified": date}, honours_if_range=False)
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert {asked.if_range for asked in served.requests if is_range(asked)} == {date}


def test_broken_pieces_are_resumed_where_they_broke(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    cut = 20 * KIB
    served = RangeServer(BODY, cut_after=lambda asked: cut if is_range(asked) and asked.first % PIECE == 0 else None)
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    whole = [(first, last) for first, last in served.ranges if first % PIECE == 0 and last - first >= cut]
    assert whole
    assert {(first + cut, last) for first, last in whole} <= set(served.ranges)


def test_a_first_stream_that_breaks_is_resumed_too(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY, cut_after=lambda asked: None if is_range(asked) else 10 * KIB)
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert (10 * KIB, PIECE - 1) in served.ranges


def test_a_server_that_always_breaks_off_is_given_up(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY, cut_after=lambda _asked: 100)
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED
    assert "broke off" in error.message
    assert len(served.requests) < 70


def test_a_stalled_piece_is_resumed(impatient: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY, stall_after=lambda asked: 5000 if asked.first == PIECE else None)
    served.before_body = lambda asked: None if is_range(asked) else _wait(served, 1)
    got = fetch(impatient, served, tmp_path / "f", replace(LIMITS, stall_s=0.5))

    arrived(tmp_path / "f", got)
    assert (PIECE + 5000, 2 * PIECE - 1) in served.ranges


def test_connections_that_stand_still_are_given_up_and_the_first_brings_all(
    impatient: urllib3.PoolManager, tmp_path: Path
) -> None:
    served = RangeServer(BODY, stall_after=lambda asked: 0 if is_range(asked) else None)
    served.before_body = lambda asked: None if is_range(asked) else _wait(served, 3)
    got = fetch(impatient, served, tmp_path / "f", replace(LIMITS, stall_s=0.5))

    arrived(tmp_path / "f", got)
    assert sum(1 for asked in served.requests if is_range(asked)) >= 3


def _wait(served: RangeServer, stalls: int) -> None:
    for _ in range(stalls):
        assert served.reached.acquire(timeout=PATIENCE_S)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_server_that_wants_one_connection_sends_all_over_it(
    pool: urllib3.PoolManager, tmp_path: Path, status: int
) -> None:
    served = RangeServer(BODY, status=lambda asked: status if is_range(asked) else 0)
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert any(is_range(asked) for asked in served.requests)


def test_when_the_last_connection_is_refused_its_reason_is_told(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(
        BODY, status=lambda asked: 403 if is_range(asked) else 0, cut_after=lambda _asked: 3 * PIECE + 5
    )
    served.before_body = served.hold_the_whole
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_DENIED


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_source_that_changes_is_read_again_from_its_beginning(
    pool: urllib3.PoolManager, tmp_path: Path, honours_if_range: bool
) -> None:
    served = RangeServer(
        BODY,
        version=lambda asked: None if asked.number == 0 else (OTHER, '"v2"'),
        honours_if_range=honours_if_range,
    )
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got, OTHER)
    assert sum(1 for asked in served.requests if not is_range(asked)) == 2


def test_a_source_that_changes_its_size_is_read_again(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    longer = OTHER + b"more"
    served = RangeServer(
        BODY, version=lambda asked: None if asked.number == 0 else (longer, '"v1"'), honours_if_range=False
    )
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got, longer)
    assert sum(1 for asked in served.requests if not is_range(asked)) == 2


def test_a_source_that_keeps_changing_is_given_up(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY, version=lambda asked: (BODY, f'"v{asked.number}"'))
    served.before_body = served.hold_the_whole
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED
    assert "changed while it was read" in error.message
    assert sum(1 for asked in served.requests if not is_range(asked)) == 2


def test_a_server_that_promises_ranges_and_sends_the_whole_is_read_as_one_stream(
    pool: urllib3.PoolManager, tmp_path: Path
) -> None:
    served = RangeServer(BODY, status=lambda _asked: 200)
    served.before_body = lambda asked: served.hold_the_whole(asked) if asked.number == 0 else None
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert sum(1 for asked in served.requests if not is_range(asked)) == 2


def test_a_size_that_is_announced_too_large_is_no_whole_file(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY)
    served.headers = {"Content-Length": str(len(BODY) + 5), "Connection": "close"}
    served.before_body = served.hold_the_whole
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED


@pytest.mark.parametrize("shift", [1, -1])
def test_another_part_than_was_asked_for_is_refused(pool: urllib3.PoolManager, tmp_path: Path, shift: int) -> None:
    served = RangeServer(BODY, part=lambda asked, size: (asked.first + shift, asked.last, size))
    served.before_body = served.hold_the_whole
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert "another part" in error.message


def test_a_server_may_send_less_than_was_asked_for(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    half = PIECE // 2
    served = RangeServer(
        BODY, part=lambda asked, size: (asked.first, min(asked.last, asked.first + half - 1, size - 1), size)
    )
    served.before_body = served.hold_the_whole
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    assert any(is_range(asked) for asked in served.requests)


def test_a_range_that_is_redirected_to_a_forbidden_address_is_refused(
    pool: urllib3.PoolManager, tmp_path: Path
) -> None:
    served = RangeServer(
        BODY,
        status=lambda asked: 302 if is_range(asked) else 0,
        location="http://169.254.169.254/latest/meta-data/",
        stall_after=lambda asked: None if is_range(asked) else 1000,
    )
    served.before_body = served.hold_the_whole
    error = failure(pool, served, tmp_path / "f")

    assert error.code is ErrorCode.INVALID_INPUT_URL


def test_a_stop_ends_every_connection(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    stop = StopSignal()
    with serving(RangeServer(BODY, stall_after=lambda _asked: 1000)) as served:

        def stop_when_all_wait() -> None:
            _wait(served, 4)
            stop.set(StopReason.CANCELLED)

        stopper = threading.Thread(target=stop_when_all_wait, daemon=True)
        stopper.start()
        patient = replace(LIMITS, stall_s=3600, hard_s=3600)
        with pytest.raises(StoppedError) as caught:
            download(pool, served.url, tmp_path / "f", stop=stop, limits=patient)
        stopper.join()

    assert caught.value.reason is StopReason.CANCELLED
    assert [thread.name for thread in threading.enumerate() if thread.name == "fetch"] == []


def test_a_large_source_over_the_limit_is_refused_before_a_range_is_asked_for(
    pool: urllib3.PoolManager, tmp_path: Path
) -> None:
    served = RangeServer(BODY)
    error = failure(pool, served, tmp_path / "f", replace(LIMITS, max_bytes=1000))

    assert error.code is ErrorCode.SOURCE_TOO_LARGE
    first_only(served)


@pytest.mark.parametrize("size", ["many", "-5", "0x10", "1e3"])
def test_a_size_that_is_no_number_is_refused_at_once(pool: urllib3.PoolManager, tmp_path: Path, size: str) -> None:
    # The connection stays open: without the refusal the read would end with the stall limit.
    served = RangeServer(BODY, headers={"Content-Length": size})
    error = failure(pool, served, tmp_path / "f", replace(LIMITS, stall_s=3600))

    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert "Content-Length" in error.message


def test_a_size_that_is_no_number_is_not_needed_when_the_connection_ends(
    pool: urllib3.PoolManager, tmp_path: Path
) -> None:
    served = RangeServer(BODY, headers={"Content-Length": "many", "Connection": "close"})
    got = fetch(pool, served, tmp_path / "f")

    arrived(tmp_path / "f", got)
    first_only(served)


def test_the_secrets_of_a_url_are_in_no_message_of_a_range(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    served = RangeServer(BODY, status=lambda asked: 403 if is_range(asked) else 0, cut_after=lambda _asked: 100)
    with serving(served):
        url = served.url.replace("://", "://user:hush@") + "?signature=hush"
        with pytest.raises(WorkError) as caught:
            download(pool, url, tmp_path / "f", stop=StopSignal(), limits=LIMITS)

    assert "hush" not in caught.value.message
    assert "clip.mp4" in caught.value.message
