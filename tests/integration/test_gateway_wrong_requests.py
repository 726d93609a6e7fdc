"""Requests that are wrong in one way each: every one is refused with its code, names what is wrong, and makes nothing.

A client sees the codes of `reelyard/media/errors.py` and words that it can act on, whichever member it got wrong.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from scheduler.store.tables import ingests, jobs
from tests.integration.gateway_rig import KEY, Rig, running_rig

SOURCE = "https://media.example.com/a.mov"
MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4"}
VALUE = "invalid_parameter_value"
FORMAT = "incompatible_format"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("wrong")) as running:
        yield running


def made(rig: Rig) -> tuple[int, int]:
    """How many ingests and jobs there are."""
    with rig.database.read() as conn:
        counts = [conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (ingests, jobs)]
    return counts[0], counts[1]


def mp4(**members: Any) -> dict[str, Any]:
    return MP4 | members


#: What an output may not be: the members, the code, and words that the message must have.
OUTPUTS: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({}, "parameter_missing", ("OutputFormatID",)),
    ({"OutputFormatID": 0}, "parameter_missing", ("MediaContainerCode", "mp4")),
    ({"OutputFormatID": 999}, "profile_not_found", ("OutputFormatID", "999")),
    ({"OutputFormatID": -1}, "profile_not_found", ("OutputFormatID", "-1")),
    ({"OutputFormatID": "four"}, VALUE, ("OutputFormatID", "four")),
    ({"OutputFormatID": 1.5}, VALUE, ("OutputFormatID", "1.5")),
    (mp4(MediaContainerCode="mp5"), VALUE, ("MediaContainerCode", "mp5", "webm")),
    (mp4(MediaContainerCode=7), VALUE, ("MediaContainerCode",)),
    (mp4(VideoCodecCode="h266"), VALUE, ("VideoCodecCode", "h266", "h264")),
    (mp4(AudioCodecCode="opium"), VALUE, ("AudioCodecCode", "opium", "aac")),
    (mp4(VideoCodecCode="libtheora"), FORMAT, ("VideoCodecCode", "libtheora", "mp4", "h264")),
    (mp4(AudioCodecCode="wmav2"), FORMAT, ("AudioCodecCode", "wmav2", "mp4", "aac")),
    (mp4(MediaContainerCode="webm", VideoCodecCode="h264"), FORMAT, ("VideoCodecCode", "webm", "libvpx")),
    (mp4(MediaContainerCode="mp3", VideoCodecCode="h264"), FORMAT, ("VideoCodecCode", "mp3")),
    (mp4(MediaContainerCode="mxf", AudioCodecCode="aac"), FORMAT, ("AudioCodecCode", "mxf", "pcm-s16LE")),
    (mp4(MediaContainerCode="wmv", VideoCodecCode="VC-1"), "codec_unavailable", ("VideoCodecCode", "VC-1")),
    (mp4(MediaContainerCode="wma", AudioCodecCode="wmaVoice"), "codec_unavailable", ("AudioCodecCode", "wmaVoice")),
    (mp4(VideoCodecCode="none", AudioCodecCode="none"), VALUE, ("VideoCodecCode", "AudioCodecCode")),
    (mp4(Width=-5), VALUE, ("Width", "-5")),
    (mp4(Width=100_000), VALUE, ("Width", "100000")),
    (mp4(Width="wide"), VALUE, ("Width", "wide")),
    (mp4(Width=True), VALUE, ("Width",)),
    (mp4(Height=4), VALUE, ("Height", "4")),
    (mp4(Height=2**40), VALUE, ("Height",)),
    (mp4(VideoBitrate=-1), VALUE, ("VideoBitrate", "-1")),
    (mp4(VideoBitrate=10**7), VALUE, ("VideoBitrate",)),
    (mp4(AudioBitrate=1), VALUE, ("AudioBitrate", "1")),
    (mp4(FrameRateID=30), VALUE, ("FrameRateID", "30", "29970")),
    (mp4(AudioSampleRateID=12345), VALUE, ("AudioSampleRateID", "12345", "48000")),
    (mp4(AudioChannelsID=6), VALUE, ("AudioChannelsID", "6")),
    (mp4(AudioChannelsID=0), VALUE, ("AudioChannelsID", "0")),
    (mp4(VideoCodecCode="copy", Width=320), VALUE, ("Width", "copy")),
    (mp4(VideoCodecCode="none", VideoBitrate=500), VALUE, ("VideoBitrate", "none")),
    (mp4(AudioCodecCode="copy", AudioBitrate=96), VALUE, ("AudioBitrate", "copy")),
    (mp4(MediaContainerCode="mp3", Width=320), VALUE, ("Width",)),
    (mp4(KeepAspectRatio="perhaps"), VALUE, ("KeepAspectRatio", "perhaps")),
    (mp4(VideoResizeMethodCode="Squeeze"), VALUE, ("VideoResizeMethodCode", "Squeeze", "Letterbox")),
    (mp4(VideoCodecCode="copy", VideoResizeMethodCode="PanScan"), VALUE, ("VideoResizeMethodCode",)),
    (mp4(DeInterlace=3), VALUE, ("DeInterlace",)),
    (mp4(VideoCodecCode="copy", DeInterlace=True), VALUE, ("DeInterlace", "copy")),
    (mp4(VideoCodecCode="copy", TwoPassEncoding=True), VALUE, ("TwoPassEncoding", "copy")),
    (mp4(TwoPassEncoding=True), VALUE, ("TwoPassEncoding", "VideoBitrate")),
    (mp4(ForcedKeyFrameInterval=-3), VALUE, ("ForcedKeyFrameInterval", "-3")),
    (mp4(FixedKeyFrameInterval=True), VALUE, ("FixedKeyFrameInterval", "ForcedKeyFrameInterval")),
    (
        mp4(MediaContainerCode="ogg", ForcedKeyFrameInterval=25, FixedKeyFrameInterval=True),
        VALUE,
        ("KeyFrameInterval", "libtheora"),
    ),
    (
        mp4(OverlayOffsetFrom="Middle", OverlayImageUri="https://e.example/l.png"),
        VALUE,
        ("OverlayOffsetFrom", "Middle"),
    ),
    (mp4(OverlayOffsetX=10), VALUE, ("OverlayOffsetX", "OverlayImageUri")),
    (mp4(OverlayImageUri="file:///etc/passwd"), VALUE, ("OverlayImageUri", "http")),
    (mp4(OverlayImageUri="http://169.254.169.254/logo.png"), VALUE, ("OverlayImageUri",)),
    (mp4(VideoCodecCode="copy", OverlayImageUri="https://e.example/l.png"), VALUE, ("OverlayImageUri", "copy")),
    (mp4(Metadata="title"), VALUE, ("Metadata",)),
    (mp4(Metadata={"title": "x"}), VALUE, ("Metadata",)),
    (mp4(NewFilename="../../etc/passwd"), VALUE, ("NewFilename",)),
    (mp4(NewFilename="a" * 300), VALUE, ("NewFilename", "200")),
    (mp4(NewFilename="[Unknown]-x"), VALUE, ("NewFilename", "[OutputMediaAssetID]")),
    (mp4(PingUrl="ftp://example.com/x"), VALUE, ("PingUrl", "http")),
    (mp4(PingUrl="http://127.0.0.1:9/x"), VALUE, ("PingUrl",)),
    (mp4(NotificationEmailAddress="not an address"), VALUE, ("NotificationEmailAddress",)),
    (mp4(DeliveryLocation="gopher://example.com/x"), VALUE, ("DeliveryLocation", "sftp")),
    (mp4(DeliveryLocation="ftp://user:s3cr3t@10.0.0.1/x"), VALUE, ("DeliveryLocation",)),
    (mp4(Title="x" * 5000), VALUE, ("Title",)),
    (mp4(CustomerReferenceID="x" * 5000), VALUE, ("CustomerReferenceID",)),
]


@pytest.mark.parametrize(("members", "code", "words"), OUTPUTS, ids=[json.dumps(each[0])[:70] for each in OUTPUTS])
def test_a_wrong_output_is_refused_by_its_name(
    rig: Rig, members: dict[str, Any], code: str, words: tuple[str, ...]
) -> None:
    before = made(rig)

    answer = rig.post("job/create", json={"SourceMediaURL": SOURCE, "OutputJobs": [members]})

    assert answer.status_code == 200
    body = answer.json()
    (output,) = body["OutputJobs"]
    assert (body["Success"], output["Success"], output["JobID"]) == (False, False, 0)
    assert (body["ErrorCode"], output["ErrorCode"]) == (code, code)
    missing = [word for word in words if word not in output["Message"]]
    assert not missing, output["Message"]
    assert "s3cr3t" not in answer.text
    assert "{" not in output["Message"]
    assert made(rig) == before


#: Sources that can't be one.
SOURCES: list[tuple[Any, str]] = [
    (None, "parameter_missing"),
    ("", "parameter_missing"),
    (17, VALUE),
    ("media.example.com/a.mov", "invalid_input_url"),
    ("file:///etc/passwd", "invalid_input_url"),
    ("http://", "invalid_input_url"),
    ("http://127.0.0.1/a.mov", "invalid_input_url"),
    ("http://[::1]/a.mov", "invalid_input_url"),
    ("http://0x7f000001/a.mov", "invalid_input_url"),
    ("http://user:s3cr3t@localhost/a.mov", "invalid_input_url"),
    ("ftp://user:s3cr3t@192.168.1.1/a.mov", "invalid_input_url"),
]
#: Several sources that can't be joined.
JOINS = [
    (f"{SOURCE}|", VALUE),
    (f"{SOURCE}|http://10.0.0.1/b.mov", "invalid_input_url"),
    ("|".join([SOURCE] * 200), "more_than_allowed_input_url"),
]


@pytest.mark.parametrize(
    ("call", "source", "code"),
    [
        *(("job/create", *each) for each in (*SOURCES, *JOINS)),
        *(("ingest/create", *each) for each in (*SOURCES, (f"{SOURCE}|{SOURCE}", VALUE))),
    ],
)
def test_a_wrong_source_is_refused(rig: Rig, call: str, source: Any, code: str) -> None:
    before = made(rig)

    answer = rig.post(call, json={"SourceMediaURL": source, "OutputJobs": [MP4]})

    body = answer.json()
    assert (answer.status_code, body["Success"], body["ErrorCode"]) == (200, False, code)
    assert "SourceMediaURL" in body["Message"]
    assert "s3cr3t" not in answer.text
    assert made(rig) == before


def test_one_wrong_output_does_not_stop_the_others(rig: Rig) -> None:
    outputs = [mp4(CustomerReferenceID="good"), mp4(Width=1, CustomerReferenceID="bad"), mp4(OutputFormatID=1)]

    body = rig.post("job/create", json={"SourceMediaURL": SOURCE, "OutputJobs": outputs}).json()

    assert body["Success"]
    assert [each["Success"] for each in body["OutputJobs"]] == [True, False, True]
    assert body["OutputJobs"][1]["CustomerReferenceID"] == "bad"
    assert body["ErrorCode"] == ""


#: Requests that are wrong as a whole: method, path, how they are sent, HTTP status, code.
WHOLE: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "job/create", {"data": b"{"}, 200, "malformed_request"),
    ("POST", "job/create", {"data": b""}, 200, "malformed_request"),
    ("POST", "job/create", {"data": b"[]"}, 200, "malformed_request"),
    ("POST", "job/create", {"data": b'{"a":1,"a":2}'}, 200, "malformed_request"),
    (
        "POST",
        "job/create",
        {"data": b"<CreateJob", "headers": {"Content-Type": "application/xml"}},
        200,
        "malformed_request",
    ),
    (
        "POST",
        "job/create",
        {"data": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "headers": {"Content-Type": "text/xml"}},
        200,
        "malformed_request",
    ),
    (
        "POST",
        "job/create",
        {"data": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        415,
        "unsupported_media_type",
    ),
    ("POST", "job/create", {"data": b'{"x":"' + b"y" * 2_000_000 + b'"}'}, 413, "request_too_large"),
    ("POST", "job/create", {"json": {"SourceMediaURL": SOURCE}}, 200, "parameter_missing"),
    ("POST", "job/create", {"json": {"SourceMediaURL": SOURCE, "OutputJobs": []}}, 200, "parameter_missing"),
    ("POST", "job/create", {"json": {"SourceMediaURL": SOURCE, "OutputJobs": {}}}, 200, VALUE),
    ("POST", "job/create", {"json": {"SourceMediaURL": SOURCE, "OutputJobs": [MP4] * 101}}, 200, VALUE),
    ("POST", "job/createjobfrominputmedia", {"json": {"OutputJobs": [MP4]}}, 200, "parameter_missing"),
    ("POST", "job/createjobfrominputmedia", {"json": {"InputMediaID": "x", "OutputJobs": [MP4]}}, 200, VALUE),
    (
        "POST",
        "job/createjobfrominputmedia",
        {"json": {"InputMediaID": 999, "OutputJobs": [MP4]}},
        200,
        "asset_not_found",
    ),
    ("GET", "job/999", {}, 200, "job_not_found"),
    ("GET", "job/abc", {}, 200, VALUE),
    ("GET", "ingest/999", {}, 200, "ingest_not_found"),
    ("GET", "media/input/999", {}, 200, "asset_not_found"),
    ("GET", "media/output/0", {}, 200, VALUE),
    ("GET", "format/998", {}, 200, "profile_not_found"),
    ("POST", "job/999/cancel", {}, 200, "job_not_found"),
    ("POST", "job/999/retry", {}, 200, "job_not_found"),
    ("POST", "ingest/999/cancel", {}, 200, "ingest_not_found"),
    ("DELETE", "media/output/999", {}, 200, "asset_not_found"),
    ("DELETE", "format/1", {}, 200, "conflict"),
    ("GET", "job/active?pageSize=101", {}, 200, "page_size_more_than_max"),
    ("GET", "job/active?pageNumber=0", {}, 200, VALUE),
    ("GET", "job/active?format=yaml", {}, 200, VALUE),
    ("GET", "nothing/here", {}, 404, "not_found"),
    ("PUT", "job/active", {}, 405, "method_not_allowed"),
]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"), WHOLE, ids=[f"{each[0]} {each[1]} {each[4]}" for each in WHOLE]
)
def test_a_request_that_is_wrong_as_a_whole_is_refused(
    rig: Rig, method: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    before = made(rig)
    headers = {"Authorization": f"Bearer {KEY}", **sent.get("headers", {})}

    answer = requests.request(method, f"{rig.url}/api/v1/{path}", timeout=30, **{**sent, "headers": headers})

    assert answer.status_code == status
    if "xml" in headers.get("Content-Type", ""):
        assert f"<ErrorCode>{code}</ErrorCode>" in answer.text
    else:
        assert (answer.json()["Success"], answer.json()["ErrorCode"]) == (False, code)
        assert answer.json()["Message"]
    assert answer.headers["X-Request-ID"]
    assert made(rig) == before


@pytest.mark.parametrize("key", ["", "ry_wrong", "ry_" + "x" * 5000])
def test_without_a_right_key_nothing_is_said(rig: Rig, key: str) -> None:
    for path in ("job/active", "job/1", "media/input", "format", "account/keys"):
        answer = requests.get(f"{rig.url}/api/v1/{path}", params={"ApiKey": key}, timeout=30)

        assert (answer.status_code, answer.json()["ErrorCode"]) == (401, "unauthorized")
        assert set(answer.json()) == {"Success", "ErrorCode", "Message"}
