"""One clip through ingest, encode, store and distribute, as a client of the published API sees it."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.media_facts import facts
from tests.e2e.peers import Ping, Pings, Sources
from tests.e2e.seed_client import SeedClient, until

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "VideoCodecCode": "h264", "AudioCodecCode": "aac"}
WEBM = {
    "OutputFormatID": 0,
    "MediaContainerCode": "webm",
    "VideoCodecCode": "libvpx",
    "AudioCodecCode": "vorbis",
}


def test_two_outputs_are_made_verified_and_notified(
    client: SeedClient, sources: Sources, pings: Pings, tmp_path: Path
) -> None:
    answer = client.create(
        f"{sources.url}/file/clip.mp4",
        [
            MP4 | {"PingUrl": f"{pings.url}/done?who=mp4", "CustomerReferenceID": "ref-1", "Title": "First"},
            WEBM | {"PingUrl": f"{pings.url}/done", "CustomerReferenceID": "ref-2", "Width": 80},
        ],
    )

    assert answer["Success"] is True
    assert answer["IngestJobStatusLocation"] == f"ingest/{answer['IngestJobID']}"
    made = {}
    for created, reference in zip(answer["OutputJobs"], ("ref-1", "ref-2"), strict=True):
        assert created["CustomerReferenceID"] == reference
        assert created["JobStatusLocation"] == f"job/{created['JobID']}"
        job = client.ended(created["JobID"])
        assert job["Status"] == "Completed", job
        assert [job[f"{stage}Progress"] for stage in ("Importing", "Encoding", "Storing", "Distribution")] == [100] * 4
        asset = client.output(job["OutputMediaID"])
        path = tmp_path / asset["Filename"]
        path.write_bytes(client.download(asset["FileURL"]))
        assert path.stat().st_size == asset["SizeBytes"]
        made[reference] = (job, asset, facts(path))

    mp4, webm = made["ref-1"][2], made["ref-2"][2]
    assert (mp4.video_codec, mp4.audio_codec, mp4.frames, mp4.width, mp4.height) == ("h264", "aac", 50, 160, 120)
    assert (webm.video_codec, webm.audio_codec, webm.frames, webm.width, webm.height) == ("vp8", "vorbis", 50, 80, 60)
    assert mp4.decode_errors == webm.decode_errors == ""
    for seen in (mp4, webm):
        assert abs(seen.duration_s - 2) < 0.1
    for reference, extension in (("ref-1", "mp4"), ("ref-2", "webm")):
        job, asset, _ = made[reference]
        assert asset["Filename"] == f"{asset['OutputMediaID']}-clip.{extension}"
        ping = until(lambda job=job: pings.accepted(job["JobID"]), 20, "the notification")[0]
        assert ping.fields["CustomerReferenceID"] == reference
        assert ping.fields["InputMediaID"] == answer["InputMediaID"]
        check_success_ping(ping, asset)
        assert client.download(ping.fields["DownloadURL"]) == client.download(asset["FileURL"])


def check_success_ping(ping: Ping, asset: dict[str, Any]) -> None:
    """Every field of the document's notification, for an output that was made."""
    assert ping.fields["JobType"] == "Encoding"
    assert ping.fields["Result"] == "Success"
    assert ping.fields["FileName"] == asset["Filename"]
    assert ping.fields["OutputMediaID"] == str(asset["OutputMediaID"])
    assert ping.fields["ErrorCode"] == ping.fields["ErrorMessage"] == ""
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_download_speaks_range_and_head(client: SeedClient, sources: Sources) -> None:
    job = client.ended(client.created(f"{sources.url}/file/clip.mp4", [MP4])[0])
    url = client.output(job["OutputMediaID"])["FileURL"]
    whole = client.download(url)

    part = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=10)
    tail = requests.get(url, headers={"Range": "bytes=-50"}, timeout=10)
    head = requests.head(url, timeout=10)
    beyond = requests.get(url, headers={"Range": f"bytes={len(whole)}-"}, timeout=10)

    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert (tail.status_code, tail.content) == (206, whole[-50:])
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(whole)))
    assert head.headers["ETag"].strip('"') == hashlib.sha256(whole).hexdigest()
    assert beyond.status_code == 416


def test_lists_show_what_was_made(client: SeedClient, sources: Sources) -> None:
    job = client.ended(client.created(f"{sources.url}/file/clip.mp4", [MP4 | {"Title": "Listed"}])[0])

    outputs = client.get("media/output", pageSize=1)
    inputs = client.get("media/input", pageSize=100)
    one = client.get(f"media/input/{job['InputMediaID']}")["asset"]

    assert outputs["OutputAssets"][0]["OutputMediaID"] == job["OutputMediaID"]
    assert outputs["OutputAssets"][0]["Title"] == "Listed"
    assert outputs["TotalAssetCount"] >= 1
    assert one in inputs["InputAssets"]
    assert one["SourceFilename"] == "clip.mp4"
    assert one["info"]["DurationSeconds"] == 2
    assert one["info"]["VideoTrack"]["FrameRate"] == 25
    assert re.fullmatch(r"/Date\(\d{13}\+0000\)/", one["DateCreatedUTC"])
    assert requests.get(one["ThumbnailURL"], timeout=10).content[:3] == b"\xff\xd8\xff"


def test_all_containers_of_this_release_come_out_right(client: SeedClient, sources: Sources, tmp_path: Path) -> None:
    wanted = {
        "mp4": ("h264", "aac"),
        "webm": ("vp8", "vorbis"),
        "matroska": ("h264", "aac"),
        "mp3": ("", "mp3"),
        "m4a": ("", "aac"),
    }
    ids = client.created(
        f"{sources.url}/file/clip.mp4", [{"OutputFormatID": 0, "MediaContainerCode": code} for code in wanted]
    )

    for job_id, (video, audio) in zip(ids, wanted.values(), strict=True):
        job = client.ended(job_id)
        assert job["Status"] == "Completed", job
        asset = client.output(job["OutputMediaID"])
        path = tmp_path / asset["Filename"]
        path.write_bytes(client.download(asset["FileURL"]))
        seen = facts(path)
        assert (seen.video_codec, seen.audio_codec, seen.decode_errors) == (video, audio, "")
        assert seen.frames == (50 if video else 0)
        assert abs(seen.duration_s - 2) < 0.1


@pytest.mark.timeout(900)  # some are large, and the machine may be busy
def test_every_built_in_format_encodes(client: SeedClient, sources: Sources) -> None:
    formats = client.get("format", pageSize=100)
    listed = next(value for value in formats.values() if isinstance(value, list))
    assert len(listed) >= 10

    ids = client.created(f"{sources.url}/file/clip.mp4", [{"OutputFormatID": one["OutputFormatID"]} for one in listed])

    ends = [client.ended(job_id, 240) for job_id in ids]
    assert [end["Status"] for end in ends] == ["Completed"] * len(listed), ends
