"""Bad input gets a clear error and loses nothing."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4"}


@pytest.fixture(scope="module")
def odd_files(clip: Path) -> Path:
    """Files that are no usable video, beside the good clip."""
    folder = clip.parent
    (folder / "text.mp4").write_text("This is a letter, not a film.\n" * 50)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "page.html").write_text("<!doctype html><title>404</title><p>nothing here")
    (folder / "half.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 5])
    made = {
        "sound.m4a": ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac"],
        "zero.mp4": ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1", "-frames:v", "0"],
    }
    for name, arguments in made.items():
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, str(folder / name)],
            check=False,
            capture_output=True,
        )
    assert (folder / "zero.mp4").exists()
    return folder


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/status/404", {"source_not_found"}),
        ("/status/410", {"source_not_found"}),
        ("/status/401", {"source_denied"}),
        ("/status/403", {"source_denied"}),
        ("/status/503", {"source_unreachable"}),
        ("/cut/clip.mp4", {"source_truncated"}),
        ("/stall/clip.mp4", {"source_unreachable"}),
        ("/file/text.mp4", {"source_not_media"}),
        ("/file/empty.mp4", {"source_not_media"}),
        ("/file/page.html", {"source_not_media"}),
        ("/file/half.mp4", {"source_corrupt"}),
        ("/file/zero.mp4", {"source_not_media"}),
        ("/file/sound.m4a", {"source_not_media"}),
        ("/away?to=http://169.254.169.254/latest/meta-data", {"invalid_input_url"}),
        ("/away?to=file:///etc/passwd", {"invalid_input_url"}),
    ],
)
def test_a_bad_source_fails_with_its_code_and_a_sentence(
    client: SeedClient, sources: Sources, pings: Pings, odd_files: Path, path: str, codes: set[str]
) -> None:
    (job_id,) = client.created(sources.url + path, [MP4 | {"PingUrl": pings.url}])

    job = client.ended(job_id)

    assert job["Status"] == "Failed"
    assert job["ErrorCode"] in codes, job
    assert len(job["ErrorMessage"]) > 20
    ping = until(lambda: pings.accepted(job_id), 20, "the notification")[0]
    assert (ping.fields["Result"], ping.fields["ErrorCode"]) == ("Failed", job["ErrorCode"])
    assert ping.fields["DownloadURL"] == ping.fields["FileName"] == ""


def test_a_refused_connection_is_unreachable(client: SeedClient) -> None:
    (job_id,) = client.created("http://127.0.0.1:9/clip.mp4", [MP4])

    assert client.ended(job_id)["ErrorCode"] == "source_unreachable"


def test_a_redirect_is_followed(client: SeedClient, sources: Sources) -> None:
    (job_id,) = client.created(f"{sources.url}/moved/clip.mp4", [MP4])

    assert client.ended(job_id)["Status"] == "Completed"


def test_sound_alone_gives_an_audio_output(client: SeedClient, sources: Sources, odd_files: Path) -> None:
    (job_id,) = client.created(f"{sources.url}/file/sound.m4a", [{"OutputFormatID": 0, "MediaContainerCode": "mp3"}])

    assert client.ended(job_id)["Status"] == "Completed"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"MediaContainerCode": "mp5"}, "invalid_parameter_value", ["MediaContainerCode", "mp5", "mp4"]),
        ({"VideoCodecCode": "libvpx"}, "incompatible_format", ["libvpx", "mp4", "h264"]),
        ({"Width": -2}, "invalid_parameter_value", ["Width", "-2"]),
        ({"Width": "wide"}, "invalid_parameter_value", ["Width", "wide"]),
        ({"FrameRateID": 26000}, "invalid_parameter_value", ["FrameRateID", "26000", "25000"]),
        ({"AudioSampleRateID": 12345}, "invalid_parameter_value", ["AudioSampleRateID", "12345", "48000"]),
        ({"AudioChannelsID": 9}, "invalid_parameter_value", ["AudioChannelsID", "9"]),
        ({"PingUrl": "ftp://example.com/x"}, "invalid_parameter_value", ["PingUrl", "ftp"]),
        ({"PingUrl": "http://169.254.169.254/x"}, "invalid_parameter_value", ["PingUrl", "169.254.169.254"]),
        ({"FixedKeyFrameInterval": True}, "invalid_parameter_value", ["FixedKeyFrameInterval", "without"]),
        ({"VideoResizeMethodCode": "Crop"}, "invalid_parameter_value", ["VideoResizeMethodCode", "Crop", "PanScan"]),
        ({"OverlayOffsetX": 3}, "invalid_parameter_value", ["OverlayOffsetX", "3", "OverlayImageUri"]),
        ({"OverlayImageUri": "http://169.254.169.254/x"}, "invalid_parameter_value", ["OverlayImageUri", "169.254"]),
        (
            {"DeliveryLocation": "gopher://u:pw@h/"},
            "invalid_parameter_value",
            ["DeliveryLocation", "gopher", "sftp://"],
        ),
        ({"OutputFormatID": 999999}, "profile_not_found", ["OutputFormatID", "999999"]),
        ({"OutputFormatID": None}, "parameter_missing", ["OutputFormatID"]),
    ],
)
def test_a_wrong_member_is_named_with_its_value(
    client: SeedClient, sources: Sources, changes: dict[str, Any], code: str, words: list[str]
) -> None:
    answer = client.create(f"{sources.url}/file/clip.mp4", [MP4 | changes, MP4])

    refused, accepted = answer["OutputJobs"]
    assert answer["Success"] is True
    assert accepted["Success"] is True
    assert refused["Success"] is False
    assert refused["ErrorCode"] == code
    for word in words:
        assert word in refused["Message"]
    assert "pw" not in refused["Message"]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/x",
        "http://[::1]/x",
        "http://169.254.169.254/",
        "gopher://x/",
        "clip.mp4",
        "file:///etc/passwd",
    ],
)
def test_a_forbidden_source_is_refused_at_once(client: SeedClient, url: str) -> None:
    answer = client.create(url, [MP4])

    assert answer["Success"] is False
    assert answer["ErrorCode"] == "invalid_input_url", answer
    assert url in answer["Message"]


def test_a_wrong_key_sees_nothing(client: SeedClient) -> None:
    response = requests.get(f"{client.base}/api/v1/job/active?ApiKey=ry_wrong", timeout=10)

    assert response.status_code == 401
    assert response.json()["Success"] is False
    assert response.json()["ErrorCode"] == "unauthorized"
