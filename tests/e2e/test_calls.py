"""The calls beside job/create, from a client's side."""

from pathlib import Path

from tests.e2e.media_facts import facts
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until

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
