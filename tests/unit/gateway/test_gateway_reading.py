"""Reading requests: JSON text, members and values, and what each kind of nonsense is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedRequestError
from gateway.gomi.create_request import OUTPUTS_MAX, RefusedOutput, read_create_request
from gateway.gomi.json_request import parse_json_object
from gateway.gomi.values import Members
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest

URL = "http://source.example/clip.mov"


def read(body: dict[str, Any] | str) -> tuple[OutputRequest | RefusedOutput, ...]:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_create_request(Members(parse_json_object(text.encode()))).outputs


def read_output(**members: Any) -> OutputRequest | RefusedOutput:
    return read({"SourceMediaURL": URL, "OutputJobs": [{"OutputFormatID": 0, **members}]})[0]


def accepted(**members: Any) -> OutputRequest:
    output = read_output(**members)
    assert isinstance(output, OutputRequest)
    return output


def refused(**members: Any) -> SpecError:
    output = read_output(**members)
    assert isinstance(output, RefusedOutput)
    return output.error


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"A": 1,}', "line 1, column"),
        (b'{\n  "A": tru\n}', "line 2, column 8"),
        (b'{"A": "\xff"}', "byte 8"),
        (b"", "no body"),
        (b"  \n", "no body"),
        (b"[]", "a list"),
        (b'"text"', "a text"),
        (b"null", "null"),
        (b"12", "the number 12"),
        (b'{"A": 1, "A": 2}', '"A" is given twice'),
        (b'{"O": [{"Width": 1, "Width": 2}]}', '"Width" is given twice'),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(text: bytes, place: str) -> None:
    with pytest.raises(MalformedRequestError, match=place) as caught:
        parse_json_object(text)

    assert caught.value.code == ErrorCode.MALFORMED_REQUEST


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    assert parse_json_object('{"Title": "Žluťoučký"}'.encode(encoding)) == {"Title": "Žluťoučký"}


@given(st.binary(max_size=200))
def test_no_text_does_worse_than_being_refused(text: bytes) -> None:
    try:
        members = parse_json_object(text)
    except MalformedRequestError:
        members = {}

    assert all(isinstance(name, str) for name in members)


def test_every_supported_member_is_read() -> None:
    output = accepted(
        Title="T",
        CustomerReferenceID="ref",
        PingUrl="http://ping.example/",
        MediaContainerCode="mp4",
        VideoCodecCode="h264",
        Width=720,
        Height=576,
        VideoBitrate=1024,
        FrameRateID=25000,
        AudioCodecCode="aac",
        AudioBitrate=128,
        AudioSampleRateID=48000,
        AudioChannelsID=2,
    )

    assert output == OutputRequest(
        output_format_id=0,
        title="T",
        customer_reference_id="ref",
        ping_url="http://ping.example/",
        container="mp4",
        video_codec="h264",
        width=720,
        height=576,
        video_bitrate_kbps=1024,
        frame_rate_id=25000,
        audio_codec="aac",
        audio_bitrate_kbps=128,
        sample_rate_hz=48000,
        channels=2,
    )


@pytest.mark.parametrize("unset", [None, ""])
def test_null_and_empty_are_unset(unset: str | None) -> None:
    assert accepted(Width=unset, Title=unset, FrameRateID=unset, DeInterlace=unset) == OutputRequest(output_format_id=0)


def test_zero_is_unset_for_sizes_and_bitrates_only() -> None:
    output = accepted(Width=0, Height=0, VideoBitrate=0, AudioBitrate=0, ForcedKeyFrameInterval=0, AudioChannelsID=0)

    assert output == OutputRequest(output_format_id=0, channels=0)


def test_a_missing_format_id_is_left_to_who_knows_the_formats() -> None:
    (output,) = read({"SourceMediaURL": URL, "OutputJobs": [{}]})

    assert output == OutputRequest()


@pytest.mark.parametrize("value", ["720", " 720 ", 720.0, "720.0", "7.2e2", "+720"])
def test_whole_numbers_may_come_as_texts(value: Any) -> None:
    assert accepted(Width=value).width == 720


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("wide", '"wide"'),
        ("7_20", '"7_20"'),
        ("\u0667", r'"\\u0667"'),
        (720.5, "720.5"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (10**400, "1000"),
        (2**31, "2147483648"),
        (True, "true"),
        ([720], "a list"),
        ({"W": 1}, "an object"),
        ("1e999999999999999999999", "1e9999"),
    ],
)
def test_what_is_no_whole_number_is_refused_by_name_and_value(value: Any, shown: str) -> None:
    error = refused(Width=value)

    assert error.code == ErrorCode.INVALID_PARAMETER_VALUE
    assert error.message.startswith("Width is ")
    assert shown.replace("\\\\", "\\") in error.message


@pytest.mark.parametrize("value", [5, True, [], {}])
def test_a_text_is_not_guessed_from_something_else(value: Any) -> None:
    error = refused(Title=value)

    assert "Title is " in error.message
    assert "a text is wanted" in error.message


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_characters_that_no_answer_can_carry_are_refused(character: str) -> None:
    assert f"U+{ord(character):04X}" in refused(Title=f"a{character}b").message


def test_texts_have_a_longest_length_that_is_named() -> None:
    assert "at most 8192" in refused(Title="x" * 8193).message


def test_members_are_found_without_regard_to_case_and_the_exact_name_wins() -> None:
    assert accepted(width=64).width == 64
    assert accepted(width=64, Width=72).width == 72
    assert "width and WIDTH" in refused(width=64, WIDTH=64).message


def test_members_that_the_api_does_not_have_are_ignored() -> None:
    assert accepted(Sharpness=float("nan"), Nested={"a": [1]}) == OutputRequest(output_format_id=0)


def test_the_members_of_the_picture_are_read() -> None:
    read_request = accepted(
        DeInterlace="true",
        KeepAspectRatio=False,
        VideoResizeMethodCode="PanScan",
        OverlayImageUri="https://example.com/logo.png",
        OverlayOffsetFrom="BottomRight",
        OverlayOffsetX="-10",
        OverlayOffsetY=0,
    )

    assert read_request == OutputRequest(
        output_format_id=0,
        deinterlace=True,
        keep_aspect_ratio=False,
        resize_method="PanScan",
        overlay_image_url="https://example.com/logo.png",
        overlay_offset_from="BottomRight",
        overlay_offset_x=-10,
        overlay_offset_y=0,
    )


def test_a_wrong_flag_is_refused() -> None:
    assert refused(DeInterlace="perhaps").message == 'DeInterlace is "perhaps"; true and false are valid'


def test_a_refused_output_keeps_its_reference_and_its_place() -> None:
    outputs = read(
        {
            "SourceMediaURL": URL,
            "OutputJobs": [
                {"OutputFormatID": 1},
                {"OutputFormatID": 1, "Width": "x", "CustomerReferenceID": "second"},
                "third",
                {"OutputFormatID": 2},
            ],
        }
    )

    assert [isinstance(each, RefusedOutput) for each in outputs] == [False, True, True, False]
    assert isinstance(outputs[1], RefusedOutput)
    assert outputs[1].customer_reference_id == "second"
    assert isinstance(outputs[2], RefusedOutput)
    assert outputs[2].error.message == "OutputJobs[2] is a text; an object is wanted"


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        ({"OutputJobs": [{}]}, ErrorCode.PARAMETER_MISSING, "SourceMediaURL"),
        ({"SourceMediaURL": " ", "OutputJobs": [{}]}, ErrorCode.PARAMETER_MISSING, "SourceMediaURL"),
        ({"SourceMediaURL": 5, "OutputJobs": [{}]}, ErrorCode.INVALID_PARAMETER_VALUE, "SourceMediaURL"),
        ({"SourceMediaURL": URL}, ErrorCode.PARAMETER_MISSING, "OutputJobs"),
        ({"SourceMediaURL": URL, "OutputJobs": None}, ErrorCode.PARAMETER_MISSING, "OutputJobs"),
        ({"SourceMediaURL": URL, "OutputJobs": []}, ErrorCode.PARAMETER_MISSING, "OutputJobs"),
        ({"SourceMediaURL": URL, "OutputJobs": {}}, ErrorCode.INVALID_PARAMETER_VALUE, "OutputJobs"),
        ({"SourceMediaURL": URL, "OutputJobs": "all"}, ErrorCode.INVALID_PARAMETER_VALUE, "OutputJobs"),
        (
            {"SourceMediaURL": URL, "OutputJobs": [{}] * (OUTPUTS_MAX + 1)},
            ErrorCode.INVALID_PARAMETER_VALUE,
            "at most 100",
        ),
    ],
)
def test_a_request_that_is_wrong_as_a_whole_is_refused_as_a_whole(
    body: dict[str, Any], code: ErrorCode, name: str
) -> None:
    with pytest.raises(SpecError, match=name) as caught:
        read(body)

    assert caught.value.code == code


def test_a_source_url_never_shows_in_the_repr() -> None:
    request = read_create_request(Members({"SourceMediaURL": "http://ann:secret@h/x", "OutputJobs": [{}]}))

    assert "secret" not in repr(request)
