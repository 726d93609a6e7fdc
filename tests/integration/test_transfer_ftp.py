"""Deliveries to and sources from real FTP servers, with and without TLS."""

import hashlib
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from encoder_node.stages.distribute import DistributeStage
from encoder_node.stages.ingest import IngestStage
from encoder_node.stop import StoppedError, StopReason
from encoder_node.transfer.reach import Reach
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.cluster.work import IngestWork, TaskKind
from reelyard.media.errors import ErrorCode
from tests.free_ports import free_port
from tests.integration.ftp_peer import ftp_server
from tests.integration.node_peers import TOOLS, new_attempt
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
    trusting_test_authority,
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
        with ftp_server(root) as server:
            attempt = delivery.run(server.url("in%20here/n%C3%A4chste/"))

        assert server.names() == [f"in here/nächste/{NAME}"]
        assert (root / server.names()[0]).read_bytes() == BODY
        assert attempt.held.progress.permille > 0

    def test_a_file_is_called_as_the_url_says_and_replaces_what_is_there(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server:
            (root / "a b%.mp4").write_bytes(b"old")
            delivery.run(server.url("a%20b%25.mp4"))

        assert server.names() == ["a b%.mp4"]
        assert (root / "a b%.mp4").read_bytes() == BODY

    def test_an_absolute_path_begins_with_an_encoded_slash(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server:
            delivery.run(server.url("%2Ffilms/"))

        assert server.names() == [f"films/{NAME}"]
        assert "CWD /" in server.faults.commands

    def test_nothing_is_seen_under_the_final_name_before_it_is_whole(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server:
            delivery.run(server.url("x.mp4"))

        commands = [line for line in server.faults.commands if line.startswith(("STOR", "SIZE", "RNFR", "RNTO"))]
        assert commands == [
            "STOR x.mp4.reelyard-7-1.part",
            "SIZE x.mp4.reelyard-7-1.part",
            "RNFR x.mp4.reelyard-7-1.part",
            "RNTO x.mp4",
        ]

    def test_a_wrong_password_is_denied_and_repeated_by_nobody(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server, everything_logged() as logged:
            server.faults.echo_password = True
            error = delivery.failing(server.url("x.mp4"))

        assert error.code is ErrorCode.DELIVERY_DENIED
        assert f"ftp://127.0.0.1:{server.port}/x.mp4" in error.message
        assert "530" in error.message
        assert "[redacted]" in error.message
        for secret in SECRETS:
            assert secret not in error.message + error.evidence + "\n".join(logged)

    def test_without_the_right_to_write_it_is_denied(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root, permissions="elr") as server:
            for path in ("x.mp4", "folder/x.mp4"):
                error = delivery.failing(server.url(path))
                assert error.code is ErrorCode.DELIVERY_DENIED
                assert "550" in error.message

    def test_other_bytes_than_were_verified_are_never_published(self, delivery: Delivery, root: Path) -> None:
        stored = delivery.store.local_path(delivery.object.key)
        assert stored is not None
        stored.write_bytes(BODY[:-1] + bytes([BODY[-1] ^ 1]))
        with ftp_server(root) as server:
            error = delivery.failing(server.url("film.mp4"))

        assert error.code is ErrorCode.STORAGE_FAILED
        assert server.names() == []

    def test_without_the_right_to_rename_the_older_file_stays(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root, permissions="elradmwMT") as server:
            (root / "film.mp4").write_bytes(b"old")
            error = delivery.failing(server.url("film.mp4"))

        assert error.code is ErrorCode.DELIVERY_DENIED
        assert server.names() == ["film.mp4"]
        assert (root / "film.mp4").read_bytes() == b"old"

    def test_a_full_disk_is_a_failure_and_leaves_nothing(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server:
            server.faults.full_at = 1_000_000
            error = delivery.failing(server.url("x.mp4"))
            assert server.names() == []

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "452 The disk is full." in error.message

    def test_a_cut_connection_fails_leaves_nothing_and_the_next_attempt_delivers(
        self, delivery: Delivery, root: Path
    ) -> None:
        with ftp_server(root) as server:
            server.faults.cut_stor_at = 1_000_000
            error = delivery.failing(server.url("x.mp4"))
            assert until(lambda: server.names() == [])
            delivery.run(server.url("x.mp4"), number=2)

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert server.names() == ["x.mp4"]
        assert (root / "x.mp4").read_bytes() == BODY

    def test_what_a_dead_node_left_is_removed_by_the_next_attempt(self, delivery: Delivery, root: Path) -> None:
        with ftp_server(root) as server:
            (root / "x.mp4.reelyard-7-1.part").write_bytes(b"half")
            delivery.run(server.url("x.mp4"), number=3)

        assert server.names() == ["x.mp4"]

    def test_a_server_that_stands_still_fails_after_the_stall_limit(self, tmp_path: Path, root: Path) -> None:
        delivery = Delivery(tmp_path, body=BODY * 5, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=2))
        with ftp_server(root) as server:
            server.faults.stall_stor = True
            error = delivery.failing(server.url("x.mp4"))

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "stopped taking data" in error.message

    def test_a_stop_ends_a_delivery_that_stands_still(self, tmp_path: Path, root: Path) -> None:
        delivery = Delivery(tmp_path, body=BODY * 5, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=3600))
        with ftp_server(root) as server:
            server.faults.stall_stor = True
            attempt = delivery.attempt(server.url("x.mp4"))

            def stop() -> None:
                server.faults.reached.wait(60)
                attempt.stop.set(StopReason.CANCELLED)

            threading.Thread(target=stop, daemon=True).start()
            with pytest.raises(StoppedError):
                DistributeStage(delivery.reach).run(attempt)
            assert until(lambda: server.names() == [])

    def test_another_size_at_the_server_is_a_failure_and_nothing_is_published(
        self, delivery: Delivery, root: Path
    ) -> None:
        with ftp_server(root) as server:
            server.faults.lie_size = -1
            error = delivery.failing(server.url("x.mp4"))
            assert server.names() == []

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert f"{len(BODY) - 1} of {len(BODY)} bytes" in error.message

    def test_data_connections_go_to_the_server_itself_whatever_pasv_says(self, delivery: Delivery, root: Path) -> None:
        trap = socket.create_server(("127.0.0.2", 0))
        with trap, ftp_server(root) as server:
            server.faults.pasv_host = "127.0.0.2"
            delivery.run(server.url("x.mp4"))
            trap.settimeout(0)
            with pytest.raises(BlockingIOError):
                trap.accept()

        assert server.names() == ["x.mp4"]

    def test_a_forbidden_address_is_never_connected_to(self, tmp_path: Path) -> None:
        delivery = Delivery(tmp_path, reach=Reach(policy=FetchPolicy(), connect_s=5, stall_s=5))
        trap = socket.create_server(("127.0.0.1", 0))
        with trap:
            error = delivery.failing(f"ftp://u:p@localhost:{trap.getsockname()[1]}/x.mp4")
            trap.settimeout(0)
            with pytest.raises(BlockingIOError):
                trap.accept()

        assert error.code is ErrorCode.DELIVERY_DENIED
        assert "may not be reached" in error.message

    def test_nobody_listening_is_a_failure(self, delivery: Delivery) -> None:
        error = delivery.failing(f"ftp://u:p@127.0.0.1:{free_port()}/x.mp4")

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "refused the connection" in error.message


class TestTls:
    def test_a_trusted_server_gets_everything_encrypted(self, tmp_path: Path, root: Path) -> None:
        authority = trustme.CA()
        tls = trusting_test_authority(authority, tmp_path)
        delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, tls=tls, connect_s=5, stall_s=10))
        with ftp_server(root, certificate=authority.issue_cert("localhost")) as server:
            delivery.run(server.url("in/", scheme="ftps", host="localhost"))
            got = get(
                server.url("in/" + "63119-h%C3%A4llo%20w%C3%B6rld%20100%25.mp4", scheme="ftps", host="localhost"),
                tmp_path / "back",
                reach=delivery.reach,
            )

        assert (root / "in" / NAME).read_bytes() == BODY
        assert got.sha256 == hashlib.sha256(BODY).hexdigest()
        assert {"AUTH TLS", "PBSZ 0", "PROT P"} <= set(server.faults.commands)

    @pytest.mark.parametrize("names", [("localhost",), ("other.example",)])
    def test_an_unknown_authority_or_another_name_is_refused_before_the_password(
        self, tmp_path: Path, root: Path, names: tuple[str, ...]
    ) -> None:
        known, signer = trustme.CA(), trustme.CA()
        if names != ("localhost",):
            signer = known
        tls = trusting_test_authority(known, tmp_path)
        delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, tls=tls, connect_s=5, stall_s=10))
        with ftp_server(root, certificate=signer.issue_cert(*names)) as server:
            error = delivery.failing(server.url("x.mp4", scheme="ftps", host="localhost"))

        assert error.code is ErrorCode.DELIVERY_FAILED
        assert "certificate" in error.message
        assert "PASS" not in server.faults.commands

    def test_on_the_port_of_implicit_tls_nothing_is_said_in_the_clear(
        self, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        authority = trustme.CA()
        tls = trusting_test_authority(authority, tmp_path)
        delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, tls=tls, connect_s=5, stall_s=10))
        with ftp_server(root, certificate=authority.issue_cert("localhost")) as server:
            server.faults.implicit_tls = True
            monkeypatch.setattr("reelyard.media.locations.IMPLICIT_TLS_PORT", server.port)
            delivery.run(server.url("x.mp4", scheme="ftps", host="localhost"))

        assert (root / "x.mp4").read_bytes() == BODY
        assert "AUTH TLS" not in server.faults.commands


class TestFetch:
    def test_an_ingest_takes_its_source_by_ftp(self, clip: Path, root: Path, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "store")
        pool = guarded_http(FetchPolicy(), connect_timeout_s=5, read_timeout_s=5)
        with ftp_server(root) as server, everything_logged() as logged:
            (root / "Ferien 1.mp4").write_bytes(clip.read_bytes())
            work = IngestWork(input_media_id=1, source_url=server.url("Ferien%201.mp4"))
            attempt = new_attempt(TaskKind.INGEST, work, folder=tmp_path / "work", store=store, prefix="ingest/3/7/1/")
            result = IngestStage(pool, TOOLS, LIMITS, Reach(policy=LOOPBACK)).run(attempt)

        assert (result.filename, result.source.mime_type) == ("Ferien 1.mp4", "video/mp4")
        assert result.source.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
        assert attempt.held.progress.permille == 1000
        assert not any(secret in line for secret in SECRETS for line in logged)

    def test_a_source_arrives_whole(self, root: Path, tmp_path: Path) -> None:
        with ftp_server(root) as server:
            (root / "ö").mkdir()
            (root / "ö" / "clip 1%.mp4").write_bytes(BODY)
            got = get(server.url("%C3%B6/clip%201%25.mp4"), tmp_path / "source")

        assert (tmp_path / "source").read_bytes() == BODY
        assert (got.size_bytes, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
        assert got.mime_type == "video/mp4"

    @pytest.mark.parametrize("no_rest", [False, True])
    def test_a_cut_connection_is_resumed_or_begun_again(self, root: Path, tmp_path: Path, no_rest: bool) -> None:
        with ftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            server.faults.cut_retr_at = 1_000_000
            server.faults.no_rest = no_rest
            got = get(server.url("clip.mp4"), tmp_path / "source")

        assert (tmp_path / "source").read_bytes() == BODY
        assert got.sha256 == hashlib.sha256(BODY).hexdigest()
        assert any(line.startswith("REST ") for line in server.faults.commands)

    def test_each_trouble_has_its_code(self, root: Path, tmp_path: Path) -> None:
        with ftp_server(root) as server:
            (root / "clip.mp4").write_bytes(BODY)
            denied = get_failing(server.url("clip.mp4", login="nobody:nothing"), tmp_path / "1")
            missing = get_failing(server.url("none.mp4"), tmp_path / "2")
            limits = replace(LIMITS, max_bytes=1000)
            large = get_failing(server.url("clip.mp4"), tmp_path / "3", limits=limits)
            server.faults.lie_size = 10
            truncated = get_failing(server.url("clip.mp4"), tmp_path / "4")
        unreachable = get_failing(server.url("clip.mp4"), tmp_path / "5")

        assert denied.code is ErrorCode.SOURCE_DENIED
        assert missing.code is ErrorCode.SOURCE_NOT_FOUND
        assert large.code is ErrorCode.SOURCE_TOO_LARGE
        assert truncated.code is ErrorCode.SOURCE_TRUNCATED
        assert unreachable.code is ErrorCode.SOURCE_UNREACHABLE
        assert not any(secret in error.message for secret in SECRETS for error in (missing, large, truncated))
