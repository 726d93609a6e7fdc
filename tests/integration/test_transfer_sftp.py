"""Deliveries to and sources from a real SFTP server."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from encoder_node.stages.distribute import DistributeStage
from encoder_node.stop import StoppedError, StopReason
from encoder_node.transfer.reach import Reach
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.media.errors import ErrorCode
from tests.integration.sftp_peer import sftp_server
from tests.integration.transfer_rig import (
    BODY,
    LIMITS,
    LOOPBACK,
    NAME,
    SECRETS,
    Delivery,
    everything_logged,
    get,
    get_failing,
    until,
)


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "served"


class TestDeliver:
    def test_a_folder_gets_the_file_under_its_name_and_missing_folders_are_made(
        self, delivery: Delivery, root: Path
    ) -> None:
        with sftp_server(root) as server, everything_logged() as logged:
            attempt = delivery.run(server.url("in%20here/n%C3%A4chste/"))

        assert server.names() == [f"in here/nächste/{NAME}"]
        assert (root / server.names()[0]).read_bytes() == BODY
        assert attempt.held.progress.permille > 0
        assert not any(secret in line for secret in SECRETS for line in logged)

    def test_a_path_below_the_login_folder_begins_with_a_tilde(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            delivery.run(server.url("~/films/x.mp4"))

        assert server.names() == ["films/x.mp4"]

    def test_a_file_that_is_there_is_replaced(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            (root / "a b%.mp4").write_bytes(b"old")
            delivery.run(server.url("a%20b%25.mp4"))

        assert server.names() == ["a b%.mp4"]
        assert (root / "a b%.mp4").read_bytes() == BODY

    def test_a_server_without_posix_rename_is_served_too(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            server.faults.no_posix_rename = True
            (root / "x.mp4").write_bytes(b"old")
            delivery.run(server.url("x.mp4"))

        assert server.names() == ["x.mp4"]
        assert (root / "x.mp4").read_bytes() == BODY

    def test_a_wrong_password_is_denied_and_repeated_by_nobody(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server, everything_logged() as logged:
            error = delivery.failing(server.url("x.mp4", login="us%20er:h%C3%BCsh%2Fhush"))

        assert error.code is ErrorCode.DELIVERY_DENIED
        assert f"sftp://127.0.0.1:{server.port}/x.mp4" in error.message
        for secret in ("hush", "hüsh", "h%C3%BCsh"):
            assert secret not in error.message + error.evidence + "\n".join(logged)

    def test_a_connection_that_is_cut_at_the_login_says_nothing_of_the_password(
        self, delivery: Delivery, root: Path
    ) -> None:
        with sftp_server(root) as server:
            server.faults.cut_login = True
            error = delivery.failing(server.url("x.mp4"))

        assert error.code is ErrorCode.DELIVERY_FAILED

    def test_without_the_right_to_write_it_is_denied(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            server.faults.read_only = True
            for path in ("x.mp4", "folder/x.mp4"):
                assert delivery.failing(server.url(path)).code is ErrorCode.DELIVERY_DENIED

    def test_only_the_host_key_that_the_url_names_is_accepted(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            delivery.run(server.url("x.mp4", query=f"?hostkey={server.fingerprint}"))
            wrong = "SHA256:" + "A" * 43
            error = delivery.failing(server.url("y.mp4", query=f"?hostkey={wrong}"))

        assert server.names() == ["x.mp4"]
        assert error.code is ErrorCode.DELIVERY_DENIED
        assert server.fingerprint in error.message

    def test_a_full_disk_is_a_failure_and_leaves_nothing(self, delivery: Delivery, root: Path) -> None:
        with sftp_server(root) as server:
            server.faults.full_at = 1_000_000
            error = delivery.failing(server.url("x.mp4"))
            assert server.names() == []

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "No space left" in error.message

    def test_a_cut_connection_fails_leaves_nothing_and_the_next_attempt_delivers(
        self, delivery: Delivery, root: Path
    ) -> None:
        with sftp_server(root) as server:
            server.faults.cut_stor_at = 1_000_000
            error = delivery.failing(server.url("x.mp4"))
            assert server.names() == []
            (root / "x.mp4.reelyard-7-1.part").write_bytes(b"of a node that died")
            delivery.run(server.url("x.mp4"), number=2)

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert server.names() == ["x.mp4"]
        assert (root / "x.mp4").read_bytes() == BODY

    def test_a_server_that_stands_still_fails_after_the_stall_limit(self, tmp_path: Path, root: Path) -> None:
        delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=1.5))
        with sftp_server(root) as server:
            server.faults.stall_stor = True
            error = delivery.failing(server.url("x.mp4"))

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "did not answer in time" in error.message

    def test_a_stop_ends_a_delivery_that_stands_still(self, tmp_path: Path, root: Path) -> None:
        delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=3600))
        with sftp_server(root) as server:
            server.faults.stall_stor = True
            attempt = delivery.attempt(server.url("x.mp4"))

            def stop() -> None:
                server.faults.reached.wait(60)
                attempt.stop.set(StopReason.DRAIN)

            threading.Thread(target=stop, daemon=True).start()
            with pytest.raises(StoppedError):
                DistributeStage(delivery.reach).run(attempt)
            assert until(lambda: server.names() == [])

    def test_another_size_at_the_server_is_a_failure_and_nothing_is_published(
        self, delivery: Delivery, root: Path
    ) -> None:
        with sftp_server(root) as server:
            server.faults.lie_size = -1
            error = delivery.failing(server.url("x.mp4"))
            assert server.names() == []

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert f"{len(BODY) - 1} of {len(BODY)} bytes" in error.message

    def test_a_forbidden_address_is_never_connected_to(self, tmp_path: Path, root: Path) -> None:
        delivery = Delivery(tmp_path, reach=Reach(policy=FetchPolicy(), connect_s=5, stall_s=5))
        with sftp_server(root) as server:
            error = delivery.failing(server.url("x.mp4"))

        assert error.code is ErrorCode.DELIVERY_DENIED
        assert "may not be reached" in error.message


class TestFetch:
    def test_a_source_arrives_whole(self, root: Path, tmp_path: Path) -> None:
        with sftp_server(root) as server:
            (root / "ö").mkdir()
            (root / "ö" / "clip 1%.mp4").write_bytes(BODY)
            got = get(server.url("%C3%B6/clip%201%25.mp4"), tmp_path / "source")

        assert (tmp_path / "source").read_bytes() == BODY
        assert (got.size_bytes, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())

    @pytest.mark.parametrize("size", [0, 1, 32_768, 65_536, 100_001])
    @pytest.mark.parametrize("most_at_once", [0, 10_000])
    def test_a_source_of_any_size_arrives_from_a_server_of_small_answers(
        self, root: Path, tmp_path: Path, size: int, most_at_once: int
    ) -> None:
        with sftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY[:size])
            server.faults.most_at_once = most_at_once
            get(server.url("clip.mp4"), tmp_path / "source")

        assert (tmp_path / "source").read_bytes() == BODY[:size]

    def test_a_cut_connection_is_resumed(self, root: Path, tmp_path: Path) -> None:
        with sftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            server.faults.cut_retr_at = 2_500_000
            got = get(server.url("clip.mp4"), tmp_path / "source")

        assert server.faults.cut_retr_at == 0
        assert (tmp_path / "source").read_bytes() == BODY
        assert got.sha256 == hashlib.sha256(BODY).hexdigest()

    def test_a_server_may_give_less_than_was_asked_for(self, root: Path, tmp_path: Path) -> None:
        with sftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            server.faults.short_reads = True
            got = get(server.url("clip.mp4"), tmp_path / "f")

        assert (got.size_bytes, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())

    def test_giving_up_in_the_middle_leaves_no_thread(self, root: Path, tmp_path: Path) -> None:
        with sftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            before = set(threading.enumerate())
            error = get_failing(server.url("clip.mp4"), tmp_path / "f", limits=replace(LIMITS, hard_s=0))
            left = [thread for thread in set(threading.enumerate()) - before if "prefetch" in thread.name]

        assert error.code is ErrorCode.SOURCE_UNREACHABLE
        assert left == []

    def test_each_trouble_has_its_code(self, root: Path, tmp_path: Path) -> None:
        with sftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            denied = get_failing(server.url("clip.mp4", login="nobody:nothing"), tmp_path / "1")
            missing = get_failing(server.url("none.mp4"), tmp_path / "2")
            large = get_failing(server.url("clip.mp4"), tmp_path / "3", limits=replace(LIMITS, max_bytes=1000))
            server.faults.lie_size = 10
            truncated = get_failing(server.url("clip.mp4"), tmp_path / "4")
        unreachable = get_failing(server.url("clip.mp4"), tmp_path / "5")

        assert denied.code is ErrorCode.SOURCE_DENIED
        assert missing.code is ErrorCode.SOURCE_NOT_FOUND
        assert large.code is ErrorCode.SOURCE_TOO_LARGE
        assert truncated.code is ErrorCode.SOURCE_TRUNCATED
        assert unreachable.code is ErrorCode.SOURCE_UNREACHABLE
