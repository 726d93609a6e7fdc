"""The gateway as it runs: real HTTP, real gRPC to a real scheduler, a real folder store."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from deploy.local.ports import Ports
from gateway.settings import GatewaySettings
from gateway.wiring import build
from reelyard.cluster.service_process import StartError
from tests.integration.gateway_rig import KEY, Rig, raw_request, running_rig, sha256

SOURCE = "http://source.example/clip.mov"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file far larger than every buffer between the store and a client that does not read."""
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1024) * 32 * 1024)
    return path


def wait_until(true: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Whether something comes true within a limit that is only there to end a broken test."""
    limit = time.monotonic() + within_s
    while time.monotonic() < limit:
        if true():
            return True
        time.sleep(0.02)
    return False


def open_files(below: str) -> list[str]:
    """The files below a folder that this process holds open."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue
        if below in target:
            found.append(target)
    return found


def test_jobs_are_created_and_read_back(rig: Rig) -> None:
    created = rig.post(
        "job/create",
        json={
            "SourceMediaURL": SOURCE,
            "OutputJobs": [
                {"OutputFormatID": 4, "Title": "Fair", "CustomerReferenceID": "a4tg3fwe"},
                {"OutputFormatID": 0, "MediaContainerCode": "webm", "VideoCodecCode": "h264"},
                {"OutputFormatID": 7, "FrameRateID": "x"},
            ],
        },
    ).json()

    good, incompatible, later = created["OutputJobs"]
    assert created["Success"] is True
    assert (good["Success"], good["CustomerReferenceID"]) == (True, "a4tg3fwe")
    assert (incompatible["ErrorCode"], incompatible["JobID"]) == ("incompatible_format", 0)
    assert "VideoCodecCode is 'h264'" in incompatible["Message"]
    assert later["ErrorCode"] == "invalid_parameter_value"

    job = rig.get(good["JobStatusLocation"]).json()["job"]
    assert (job["JobID"], job["Status"], job["MediaTitle"]) == (good["JobID"], "AddedToQueue", "Fair")
    assert job["InputMediaID"] == int(created["InputMediaID"])

    ingest = rig.get(created["IngestJobStatusLocation"]).json()["ingest"]
    assert (ingest["IngestStatus"], ingest["RemoteURL"]) == ("AddedToQueue", SOURCE)
    assert good["JobID"] in [each["JobID"] for each in rig.get("job/active").json()["jobs"]]
    assert ingest["IngestID"] in [each["IngestID"] for each in rig.get("ingest/active").json()["ingests"]]


def test_another_account_sees_nothing_of_it(rig: Rig) -> None:
    created = rig.post("job/create", json={"SourceMediaURL": SOURCE, "OutputJobs": [{"OutputFormatID": 4}]}).json()
    other = {"Authorization": f"Bearer {rig.new_key('other')}"}

    def ask(path: str) -> dict[str, object]:
        answer: dict[str, object] = requests.get(f"{rig.url}/api/v1/{path}", headers=other, timeout=30).json()
        return answer

    assert ask(created["OutputJobs"][0]["JobStatusLocation"])["ErrorCode"] == "job_not_found"
    assert ask(created["IngestJobStatusLocation"])["ErrorCode"] == "ingest_not_found"
    assert ask(f"media/input/{created['InputMediaID']}")["ErrorCode"] == "asset_not_found"
    assert ask("job/active")["TotalItemCount"] == 0


def test_a_source_with_a_forbidden_address_creates_nothing(rig: Rig) -> None:
    before = rig.get("ingest/active").json()["TotalItemCount"]

    answer = rig.post(
        "job/create",
        json={"SourceMediaURL": "http://169.254.169.254/x?key=hidden", "OutputJobs": [{"OutputFormatID": 4}]},
    ).json()

    assert answer["ErrorCode"] == "invalid_input_url"
    assert "SourceMediaURL" in answer["Message"]
    assert "hidden" not in answer["Message"]
    assert rig.get("ingest/active").json()["TotalItemCount"] == before


def test_an_unknown_key_is_refused(rig: Rig) -> None:
    answer = requests.get(f"{rig.url}/api/v1/job/active", params={"ApiKey": "ry_nobody"}, timeout=30)

    assert (answer.status_code, answer.json()["ErrorCode"]) == (401, "unauthorized")


def test_formats_can_be_looked_up(rig: Rig) -> None:
    listed = rig.get("format").json()

    assert listed["TotalItemCount"] >= 10
    assert rig.get(f"format/{listed['formats'][0]['OutputFormatID']}").json()["format"] == listed["formats"][0]
    assert rig.get("format/999999").json()["ErrorCode"] == "profile_not_found"


def test_a_connection_lives_on_after_a_body_that_was_too_large(rig: Rig) -> None:
    with requests.Session() as session:
        url = f"{rig.url}/api/v1/job/create?ApiKey={KEY}"
        headers = {"Content-Type": "application/json"}
        refused = session.post(url, data=iter([b" " * 65536] * 32), headers=headers, timeout=30)
        followed = session.get(f"{rig.url}/api/v1/job/active?ApiKey={KEY}", timeout=30)

    assert (refused.status_code, refused.json()["ErrorCode"]) == (413, "request_too_large")
    assert followed.status_code == 200


def test_a_stored_file_comes_whole_in_part_and_as_head(rig: Rig, large: Path) -> None:
    content = large.read_bytes()
    url = rig.url + rig.publish(large, filename="9-žlutý kůň.mp4")

    whole = requests.get(url, timeout=30)
    part = requests.get(url, headers={"Range": "bytes=1000000-5999999"}, timeout=30)
    head = requests.head(url, timeout=30)

    assert (whole.status_code, sha256(whole.content)) == (200, sha256(content))
    assert (part.status_code, part.content) == (206, content[1_000_000:6_000_000])
    assert part.headers["Content-Range"] == f"bytes 1000000-5999999/{len(content)}"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(content))
    assert head.headers["ETag"] == whole.headers["ETag"] == f'"{sha256(content)}"'
    assert "filename*=UTF-8''9-%C5%BElut%C3%BD%20k%C5%AF%C5%88.mp4" in head.headers["Content-Disposition"]


def test_a_download_is_taken_up_again_where_it_broke_off(rig: Rig, large: Path) -> None:
    content = large.read_bytes()
    url = rig.url + rig.publish(large)
    first = requests.get(url, headers={"Range": "bytes=0-999999"}, timeout=30)

    rest = requests.get(url, headers={"Range": "bytes=1000000-", "If-Range": first.headers["ETag"]}, timeout=30)

    assert (rest.status_code, first.content + rest.content) == (206, content)


@pytest.mark.parametrize("wrong", [("/output/", "/sourcemedia/"), ("unguessable", "guessed"), ("9-clip", "8-clip")])
def test_a_url_with_anything_wrong_in_it_is_404(rig: Rig, large: Path, wrong: tuple[str, str]) -> None:
    answer = requests.get(rig.url + rig.publish(large).replace(*wrong), timeout=30)

    assert (answer.status_code, answer.json()["ErrorCode"]) == (404, "asset_not_found")


def test_a_file_that_is_gone_is_410(rig: Rig, large: Path) -> None:
    answer = requests.get(rig.url + rig.publish(large, state="expired"), timeout=30)

    assert (answer.status_code, answer.json()["ErrorCode"]) == (410, "media_expired")


def test_a_client_that_goes_away_leaves_nothing_open(rig: Rig, large: Path) -> None:
    store = rig.settings.storage_url.removeprefix("file://")
    path = rig.publish(large)
    assert wait_until(lambda: not open_files(store))  # of the tests before
    connections = [raw_request(rig.url, path) for _ in range(8)]
    for connection in connections:
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert len(open_files(store)) == 8

    for connection in connections:
        connection.close()

    assert wait_until(lambda: not open_files(store))


def test_many_slow_clients_do_not_keep_the_others_waiting(rig: Rig, large: Path) -> None:
    path = rig.publish(large)
    slow = [raw_request(rig.url, path) for _ in range(50)]
    try:
        answer = requests.get(rig.url + path, headers={"Range": "bytes=-10"}, timeout=30)
    finally:
        for connection in slow:
            connection.close()

    assert answer.content == large.read_bytes()[-10:]


def test_a_scheduler_that_is_gone_is_503_with_a_time_to_come_back(tmp_path: Path, large: Path) -> None:
    with running_rig(tmp_path) as rig:
        path = rig.publish(large)
        ready = requests.get(f"{rig.url}/readyz", timeout=30)
        rig.scheduler.stop()

        calls = [rig.get("job/active"), requests.get(rig.url + path, timeout=30)]
        unready = requests.get(f"{rig.url}/readyz", timeout=30)
        alive = requests.get(f"{rig.url}/healthz", timeout=30)

    assert (ready.status_code, ready.json()["checks"]) == (200, {"scheduler": "ok", "store": "ok"})
    for answer in calls:
        assert (answer.status_code, answer.json()["ErrorCode"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert (unready.status_code, unready.json()["ready"]) == (503, False)
    assert alive.status_code == 200


def test_a_stop_lets_a_running_download_end(tmp_path: Path, large: Path) -> None:
    content = large.read_bytes()
    with running_rig(tmp_path, http_stop_seconds=60) as rig:
        answer = requests.get(rig.url + rig.publish(large), stream=True, timeout=30)
        pieces = answer.iter_content(1024 * 1024)
        received = next(pieces)
        stopping = threading.Thread(target=rig.service.stop)
        stopping.start()
        assert wait_until(lambda: _refuses(rig.url))
        received += b"".join(pieces)
        stopping.join(timeout=60)

    assert received == content
    assert not stopping.is_alive()
    assert rig.service.failure is None


def test_a_stop_does_not_wait_for_ever_for_a_client_that_does_not_read(tmp_path: Path, large: Path) -> None:
    with running_rig(tmp_path, http_stop_seconds=1) as rig:
        connection = raw_request(rig.url, rig.publish(large))
        connection.recv(100)

        rig.service.stop()

        assert open_files(rig.settings.storage_url.removeprefix("file://")) == []
        connection.close()
    assert rig.service.failure is None


def _refuses(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_port_in_use_is_told_with_the_setting(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = GatewaySettings(
            storage_url=f"file://{tmp_path}/store",
            scheduler_address=("127.0.0.1:1",),
            http_port=taken.getsockname()[1],
        )
        with pytest.raises(StartError, match="REELYARD_HTTP_PORT"):
            build(settings).start()

    assert wait_until(lambda: set(threading.enumerate()) <= threads)


def test_with_a_port_for_metrics_clients_see_none(tmp_path: Path) -> None:
    ports = Ports()
    settings = GatewaySettings(
        storage_url=f"file://{tmp_path}/store",
        scheduler_address=("127.0.0.1:1",),
        http_port=0,
        metrics_port=ports.draw(),
    )
    service = build(settings)
    service.start()

    metrics = f"http://127.0.0.1:{settings.metrics_port}/metrics"
    hidden = requests.get(f"{service.url}/metrics", timeout=30).status_code
    counted = 'reelyard_http_requests_total{code="404",method="GET",route="none"} 1.0'
    # A request is counted when its answer is out, and the client may be here by then.
    shown = wait_until(lambda: counted in requests.get(metrics, timeout=30).text)
    service.stop()
    ports.release()

    assert (hidden, shown) == (404, True)


def test_the_process_says_where_it_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "REELYARD_STORAGE_URL": f"file://{tmp_path}/store",
        "REELYARD_HTTP_PORT": "0",
    }
    command = [sys.executable, "-m", "gateway"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"reelyard ready (http://127\.0\.0\.1:[1-9][0-9]*)\n", line)
        assert match is not None, line
        assert requests.get(f"{match[1]}/healthz", timeout=30).text == "ok\n"

        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)

    assert (process.returncode, rest) == (0, "")


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "REELYARD_HTTP_PORT": "http", "REELYARD_MAX_REQUEST_BYTES": "0"}

    done = subprocess.run(
        [sys.executable, "-m", "gateway"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""
    for name in ("REELYARD_HTTP_PORT", "REELYARD_MAX_REQUEST_BYTES", "REELYARD_STORAGE_URL"):
        assert name in done.stderr
