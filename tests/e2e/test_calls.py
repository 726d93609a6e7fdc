"""The calls beside job/create, from a client's side."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.media_facts import facts
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Cluster, Standalone

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4"}


def ingested(client: SeedClient, source: str) -> int:
    """Ingest a source; the ID of its input medium, once that is there."""
    body = client.post("ingest/create", SourceMediaURL=source, title="A clip", CustomerReferenceID="c-1")
    assert body["Success"] is True, body
    ended = until(lambda: _ended_ingest(client, body["IngestJobStatusLocation"]), 60, "the ingest to end")
    assert (ended["IngestStatus"], ended["Title"], ended["CustomerReferenceID"]) == ("Completed", "A clip", "c-1")
    assert ended["InputMediaID"] == body["InputMediaID"]
    return body["InputMediaID"]


def _ended_ingest(client: SeedClient, path: str) -> dict[str, object] | None:
    ingest = client.get(path)["ingest"]
    return ingest if ingest["IngestStatus"] in {"Completed", "Failed", "Cancelled"} else None


def test_a_source_is_ingested_once_and_encoded_later(
    client: SeedClient, sources: Sources, pings: Pings, tmp_path: Path
) -> None:
    media_id = ingested(client, f"{sources.url}/file/clip.mp4")
    fetched = len(sources.requests)

    created = client.post(
        "job/CreateJobFromInputMedia",
        InputMediaID=str(media_id),
        OutputJobs=[MP4 | {"Width": 96, "PingUrl": pings.url}, MP4 | {"VideoCodecCode": "libvpx"}],
    )
    assert (created["Success"], created["InputMediaID"]) == (True, str(media_id))
    assert [each["Success"] for each in created["OutputJobs"]] == [True, False]
    assert created["OutputJobs"][1]["ErrorCode"] == "incompatible_format"
    job = client.ended(created["OutputJobs"][0]["JobID"])

    assert (job["Status"], job["InputMediaID"], job["ImportingProgress"]) == ("Completed", media_id, 100)
    assert len(sources.requests) == fetched  # the source was not fetched again
    path = tmp_path / "output.mp4"
    path.write_bytes(client.download(client.output(job["OutputMediaID"])["FileURL"]))
    assert (facts(path).width, facts(path).frames) == (96, 50)
    ping = until(lambda: pings.accepted(job["JobID"]), 20, "the notification")[0]
    assert ping.fields["InputMediaID"] == str(media_id)


@pytest.fixture(scope="module")
def long_clip(clip: Path) -> str:
    """The name of a clip beside the short one that takes a minute to encode in VP8, and an instant to make."""
    folder = clip.parent
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"),
            *("-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(folder / "two.mp4")),
        ],
        check=True,
    )
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "149", "-i", str(folder / "two.mp4")),
            *("-c", "copy", str(folder / "long.mp4")),
        ],
        check=True,
    )
    return "long.mp4"


def _encoders(service: Standalone | Cluster) -> list[int]:
    """The IDs of the processes that run ffmpeg with a file of this service."""
    folder = str(service.data if isinstance(service, Standalone) else service.folder)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program, *arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if program.endswith(b"ffmpeg") and any(folder.encode() in argument for argument in arguments):
            found.append(int(process.name))
    return found


def test_a_cancelled_job_stops_its_encoder(
    client: SeedClient, service: Standalone | Cluster, sources: Sources, pings: Pings, long_clip: str
) -> None:
    webm = {"OutputFormatID": 0, "MediaContainerCode": "webm", "PingUrl": pings.url}
    (job_id,) = client.created(f"{sources.url}/file/{long_clip}", [webm])
    until(lambda: client.job(job_id)["EncodingProgress"] > 0 and _encoders(service), 90, "the encoder to work")

    cancelled = client.post(f"job/{job_id}/cancel")

    assert (cancelled["Success"], cancelled["job"]["Status"]) == (True, "Cancelled")
    until(lambda: not _encoders(service), 15, "the encoder to be gone")
    job = client.job(job_id)
    assert (job["Status"], job["ErrorCode"]) == ("Cancelled", "cancelled")
    ping = until(lambda: pings.accepted(job_id), 20, "the notification")[0]
    assert (ping.fields["Result"], ping.fields["ErrorCode"]) == ("Failed", "cancelled")
    again = client.post(f"job/{job_id}/cancel")
    assert (again["Success"], again["ErrorCode"]) == (False, "conflict")
    assert client.get(f"media/input/{job['InputMediaID']}")["asset"]["Status"] == "available"


def test_a_cancelled_ingest_takes_its_jobs_with_it(client: SeedClient, sources: Sources) -> None:
    created = client.create(f"{sources.url}/stall/clip.mp4", [MP4])
    job_id, path = created["OutputJobs"][0]["JobID"], created["IngestJobStatusLocation"]
    until(lambda: client.get(path)["ingest"]["IngestStatus"] == "Transferring", 30, "the transfer to begin")

    cancelled = client.post(f"{path}/cancel")

    assert (cancelled["Success"], cancelled["ingest"]["IngestStatus"]) == (True, "Cancelled")
    assert client.job(job_id)["Status"] == "Cancelled"
    media = client.get(f"media/input/{created['InputMediaID']}")
    assert (media["Success"], media["ErrorCode"]) == (False, "asset_not_found")
    again = client.post(f"{path}/cancel")
    assert (again["Success"], again["ErrorCode"]) == (False, "conflict")


def test_an_account_replaces_its_key(client: SeedClient, service: Standalone | Cluster) -> None:
    created = client.post("account/keys", Label="spare")
    spare = SeedClient(service.url, created["Secret"])

    listed = spare.get("account/keys")["keys"]
    assert listed[0]["Label"] == "spare"
    assert created["Secret"] not in str(listed)
    revoked = requests.delete(client.url(f"account/keys/{created['key']['KeyID']}"), timeout=30).json()

    assert revoked["Success"] is True
    assert revoked["key"]["DateRevokedUTC"]
    refused = until(lambda: requests.get(spare.url("job/active"), timeout=30).status_code == 401, 20, "the refusal")
    assert refused
    last = requests.delete(client.url(f"account/keys/{listed[-1]['KeyID']}"), timeout=30).json()
    assert (last["Success"], last["ErrorCode"]) == (False, "conflict")


def _delete(client: SeedClient, path: str) -> dict[str, Any]:
    response = requests.delete(client.url(path), timeout=30)
    assert response.status_code == 200, (response.status_code, response.text)
    return response.json()


def test_deleted_media_are_gone(client: SeedClient, service: Standalone | Cluster, sources: Sources) -> None:
    (job_id,) = client.created(f"{sources.url}/file/clip.mp4", [MP4])
    job = client.ended(job_id)
    paths = {f"media/input/{job['InputMediaID']}": "", f"media/output/{job['OutputMediaID']}": f"job/{job_id}"}

    for path, folder in paths.items():
        asset = client.get(path)["asset"]
        assert client.download(asset["FileURL"])
        if folder and isinstance(service, Standalone):
            assert _stored(service, folder)

        deleted = _delete(client, path)

        assert (deleted["Success"], deleted["asset"]["Status"]) == (True, "deleted")
        for url in (asset["FileURL"], asset["ThumbnailURL"]):
            assert requests.get(url, timeout=30, allow_redirects=False).status_code == 410
        if folder and isinstance(service, Standalone):
            until(lambda folder=folder: not _stored(service, folder), 20, "the stored files to be gone")
        assert client.get(path)["asset"]["Status"] == "deleted"
        assert _delete(client, path)["ErrorCode"] == "media_expired"
    refused = client.post("job/CreateJobFromInputMedia", InputMediaID=job["InputMediaID"], OutputJobs=[MP4])
    assert (refused["Success"], refused["ErrorCode"]) == (False, "media_expired")


def _stored(service: Standalone, folder: str) -> list[Path]:
    """What the object store of the data folder holds of a job."""
    return [path for path in service.data.rglob(f"{folder}/**/*") if path.is_file()]
