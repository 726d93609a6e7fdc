"""Killing the whole service loses nothing: the same data folder goes on where it was."""

import hashlib
import hmac
import threading
import time
from pathlib import Path

import requests

from tests.e2e.conftest import QUICK
from tests.e2e.media_facts import facts
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Standalone

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4"}


def delivered(client: SeedClient, job_id: int) -> bool:
    """Whether the service knows that all notifications of a job have arrived."""
    told = client.get("notification", JobID=job_id)["notifications"]
    return {each["Status"] for each in told} == {"Delivered"}


def test_everything_is_as_it_was_after_sigkill(tmp_path: Path, sources: Sources, pings: Pings) -> None:
    with Standalone(tmp_path / "data", **QUICK) as service:
        client = SeedClient(service.url, service.api_key)
        jobs = client.created(
            f"{sources.url}/file/clip.mp4",
            [MP4 | {"PingUrl": pings.url}, {"OutputFormatID": 0, "MediaContainerCode": "webm"}],
        )
        before = [client.ended(job) for job in jobs]
        assets = [client.output(job["OutputMediaID"]) for job in before]
        # Not only received but recorded: a notification whose answer is lost is sent again.
        until(lambda: delivered(client, jobs[0]), 20, "the notification")
        contents = [client.download(asset["FileURL"]) for asset in assets]

        service.kill()
        old_base = service.url
        service.start()
        client = SeedClient(service.url, service.api_key)

        for job, asset, content in zip(before, assets, contents, strict=True):
            again = client.job(job["JobID"])
            for member in set(job) - {"StartedMinutesAgo", "ThumbnailURL"}:
                assert again[member] == job[member], member
            moved = asset["FileURL"].replace(old_base, service.url)
            assert client.output(job["OutputMediaID"])["FileURL"] == moved
            assert client.download(moved) == content
        assert len(pings.seen) == 1
        assert service.stop() == 0


def test_jobs_under_way_are_finished_after_sigkill(tmp_path: Path, sources: Sources, pings: Pings) -> None:
    # What a killed process held goes on once its lease has lapsed: the usual 20 s would only be waited for.
    leases = {"REELYARD_LEASE_SECONDS": "6", "REELYARD_HEARTBEAT_SECONDS": "1"}
    with Standalone(tmp_path / "data", **leases) as service:
        client = SeedClient(service.url, service.api_key)
        jobs = [
            client.created(f"{sources.url}/file/clip.mp4", [MP4 | {"PingUrl": pings.url}, MP4])[0] for _ in range(6)
        ]
        for seconds in (0.2, 0.5, 1.0):
            threading.Event().wait(seconds)  # let it get somewhere, each time somewhere else
            service.kill()
            service.start()
        client = SeedClient(service.url, service.api_key)

        for job_id in jobs:
            job = client.ended(job_id)
            assert job["Status"] == "Completed", job
            path = tmp_path / f"{job_id}.mp4"
            path.write_bytes(client.download(client.output(job["OutputMediaID"])["FileURL"]))
            assert facts(path).frames == 50
            until(lambda job_id=job_id: pings.accepted(job_id), 30, "the notification")
        for job_id in jobs:
            assert len({ping.headers["Reelyard-Delivery"] for ping in pings.accepted(job_id)}) == 1
        assert service.stop() == 0

    left = [path for path in (tmp_path / "data" / "scratch").rglob("*") if path.name != ".lock"]
    assert left == []


def test_a_notification_is_tried_until_it_is_taken(tmp_path: Path, sources: Sources) -> None:
    with Pings(fail_first=2) as pings, Standalone(tmp_path / "data", **QUICK) as service:
        client = SeedClient(service.url, service.api_key)
        (job_id,) = client.created(f"{sources.url}/file/clip.mp4", [MP4 | {"PingUrl": pings.url}])

        until(lambda: pings.accepted(job_id), 30, "the third try")

        assert [ping.answered for ping in pings.seen] == [500, 500, 200]
        assert len({ping.headers["Reelyard-Delivery"] for ping in pings.seen}) == 1
        assert len({ping.raw for ping in pings.seen}) == 1
        assert client.job(job_id)["Status"] == "Completed"


def test_notifications_are_signed_and_a_disabled_account_is_refused(tmp_path: Path, sources: Sources) -> None:
    with Pings() as pings, Standalone(tmp_path / "data", **QUICK) as service:
        client = SeedClient(service.url, service.api_key)
        secret = service.command("accounts", "sign", "default").strip()
        (job_id,) = client.created(f"{sources.url}/file/clip.mp4", [MP4 | {"PingUrl": pings.url}])

        ping = until(lambda: pings.accepted(job_id), 30, "the notification")[0]
        received = time.time()
        moment, signature = (part.partition("=")[2] for part in ping.headers["Reelyard-Signature"].split(","))
        service.command("accounts", "disable", "default")
        refused = until(lambda: _refusal(client), 30, "the gateway to notice")

        expected = hmac.new(secret.encode(), moment.encode() + b"." + ping.raw, hashlib.sha256).hexdigest()
        assert signature == expected
        assert abs(int(moment) - received) < 60
        assert refused["ErrorCode"] == "forbidden"


def _refusal(client: SeedClient) -> dict[str, object] | None:
    response = requests.get(client.url("job/active"), timeout=10)
    return response.json() if response.status_code == 403 else None


def test_a_second_process_may_not_share_the_data_folder(tmp_path: Path) -> None:
    with Standalone(tmp_path / "data"):
        second = Standalone(tmp_path / "data")
        second.log = tmp_path / "second.log"

        try:
            second.start()
        except AssertionError:
            assert second.process is not None
            assert second.process.wait(20) != 0
            assert second.process.stdout is not None
            second.process.stdout.close()
            assert str(tmp_path / "data") in second.log.read_text()
        else:
            second.stop()
            raise AssertionError("two processes run on one data folder")


def test_the_key_is_in_no_log_and_no_table(tmp_path: Path, sources: Sources) -> None:
    with Standalone(tmp_path / "data", REELYARD_LOG_LEVEL="debug") as service:
        client = SeedClient(service.url, service.api_key)
        signed = sources.url.replace("http://", "http://user:hunter2@") + "/file/clip.mp4?signature=topsecret"
        (job_id,) = client.created(signed, [MP4])
        job = client.ended(job_id)
        ingest = requests.get(client.url("ingest/active"), timeout=10).text
        one = requests.get(
            client.url(f"ingest/{job['IngestJobID']}" if "IngestJobID" in job else "ingest/1"), timeout=10
        ).text
        client.get("media/output")
        service.stop()

        log = service.log.read_text()
        stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("*.db*"))

    for secret in (service.api_key, "hunter2", "topsecret"):
        assert secret not in log
        assert secret not in ingest + one
    assert service.api_key.encode() not in stored
