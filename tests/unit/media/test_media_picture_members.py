from typing import Any

import pytest

from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.resolve import resolve_output

IMAGE = "https://user:secret@example.com/logo.png?token=secret"


def resolve(preset: dict[str, Any] | None = None, **members: Any) -> OutputSpec:
    request = OutputRequest(**{"output_format_id": 1 if preset else 0, "container": "mp4"} | members)
    found = OutputFormat(id=1, name="", description="", parameters=OutputRequest(**preset)) if preset else None
    return resolve_output(request, found)


def refusal(preset: dict[str, Any] | None = None, **members: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        resolve(preset, **members)
    return caught.value


def test_nothing_said_leaves_the_picture_as_it_is() -> None:
    spec = resolve(deinterlace=False, keep_aspect_ratio=False, overlay_offset_x=0, resize_method="")

    assert spec == OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")


@pytest.mark.parametrize("method", ["Auto", "Letterbox", "PanScan"])
def test_who_names_a_method_wants_the_proportions_kept(method: str) -> None:
    spec = resolve(resize_method=method)

    assert (spec.keep_aspect_ratio, spec.resize_method) == (True, method)


@pytest.mark.parametrize(
    ("preset", "members", "keeps", "method"),
    [
        ({"keep_aspect_ratio": True, "resize_method": "PanScan"}, {}, True, "PanScan"),
        ({"keep_aspect_ratio": True, "resize_method": "PanScan"}, {"resize_method": "Letterbox"}, True, "Letterbox"),
        ({"keep_aspect_ratio": True, "resize_method": "PanScan"}, {"keep_aspect_ratio": False}, False, ""),
        ({"resize_method": "PanScan"}, {}, True, "PanScan"),
        ({"keep_aspect_ratio": False}, {"resize_method": "Auto"}, True, "Auto"),
        ({"keep_aspect_ratio": False}, {"keep_aspect_ratio": True}, True, ""),
    ],
)
def test_the_requests_wish_for_proportions_goes_before_the_presets(
    preset: dict[str, Any], members: dict[str, Any], keeps: bool, method: str
) -> None:
    spec = resolve(preset, **members)

    assert (spec.keep_aspect_ratio, spec.resize_method) == (keeps, method)


def test_an_image_without_a_place_lies_in_the_top_left_corner() -> None:
    spec = resolve(overlay_image_url=IMAGE)

    assert (spec.overlay_image_url, spec.overlay_offset_from) == (IMAGE, "TopLeft")
    assert (spec.overlay_offset_x, spec.overlay_offset_y) == (0, 0)


def test_the_presets_image_may_be_placed_by_the_request() -> None:
    preset = {"overlay_image_url": IMAGE, "overlay_offset_from": "Center", "overlay_offset_x": 7, "deinterlace": True}

    spec = resolve(preset, overlay_offset_from="TopRight", overlay_offset_y=-1, deinterlace=False)

    assert (spec.overlay_offset_from, spec.overlay_offset_x, spec.overlay_offset_y) == ("TopRight", 7, -1)
    assert not spec.deinterlace


def test_a_presets_members_give_way_where_no_picture_is_encoded() -> None:
    preset = {"overlay_image_url": IMAGE, "overlay_offset_x": 7, "deinterlace": True, "resize_method": "Auto"}

    spec = resolve(preset, container="mp3")

    assert (spec.overlay_image_url, spec.overlay_offset_from, spec.overlay_offset_x) == ("", "", 0)
    assert not spec.deinterlace
    assert not spec.keep_aspect_ratio


def test_a_presets_place_without_an_image_is_dropped() -> None:
    assert resolve({"overlay_offset_x": 7, "overlay_offset_from": "Center"}).overlay_offset_from == ""


@pytest.mark.parametrize(
    ("members", "field", "words"),
    [
        ({"resize_method": "letterbox"}, "resize_method", ["'letterbox'", "Auto, Letterbox, PanScan"]),
        ({"resize_method": "Crop"}, "resize_method", ["'Crop'", "Auto, Letterbox, PanScan"]),
        ({"resize_method": "Auto", "keep_aspect_ratio": False}, "resize_method", ["'Auto'", "{keep_aspect_ratio}"]),
        (
            {"overlay_offset_from": "Top", "overlay_image_url": IMAGE},
            "overlay_offset_from",
            ["'Top'", "TopLeft, TopRight, BottomLeft, BottomRight, Center"],
        ),
        ({"overlay_offset_from": "Center"}, "overlay_offset_from", ["Center", "{overlay_image_url}"]),
        ({"overlay_offset_x": -1}, "overlay_offset_x", ["-1", "{overlay_image_url}"]),
        ({"overlay_offset_y": 8193, "overlay_image_url": IMAGE}, "overlay_offset_y", ["8193", "-8192 to 8192"]),
        ({"overlay_offset_y": -8193}, "overlay_offset_y", ["-8193", "-8192 to 8192"]),
        ({"overlay_image_url": "ftp://secret@h/a.png"}, "overlay_image_url", ["'ftp://'", "https://"]),
        ({"overlay_image_url": "http:///secret.png"}, "overlay_image_url", ["no valid host"]),
        ({"overlay_image_url": IMAGE, "video_codec": "copy"}, "overlay_image_url", ["'copy'", "copies the stream"]),
        ({"deinterlace": True, "video_codec": "none"}, "deinterlace", ["'none'", "leaves the picture out"]),
        ({"keep_aspect_ratio": True, "container": "mp3"}, "keep_aspect_ratio", ["'none'"]),
        ({"overlay_offset_x": -1, "video_codec": "copy"}, "overlay_offset_x", ["'copy'"]),
    ],
)
def test_what_cannot_be_or_cannot_take_effect_is_refused(members: dict[str, Any], field: str, words: list[str]) -> None:
    error = refusal(**members)

    assert (error.field, error.code) == (field, ErrorCode.INVALID_PARAMETER_VALUE)
    assert all(word in error.message for word in words), error.message
    assert "secret" not in error.message
