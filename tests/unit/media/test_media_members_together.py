"""Members whose meaning depends on what the container and the codec are."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from reelyard.media.catalogue import VIDEO_CODECS
from reelyard.media.errors import SpecError
from reelyard.media.info import MediaInfo, VideoTrack
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.overlaying import LAID_IN
from reelyard.media.planning import plan_output
from reelyard.media.resolve import resolve_output

WIDE = MediaInfo(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    duration_us=1_000_000,
    video=(
        VideoTrack(index=0, codec="h264", width=320, height=160, frame_rate="25/1", base_frame_rate="25/1", frames=25),
    ),
)


def settled(preset: OutputRequest | None = None, **members: Any) -> OutputSpec:
    found = OutputFormat(id=7, name="", description="", parameters=preset) if preset else None
    return resolve_output(OutputRequest(output_format_id=7 if preset else 0, **members), found)


@pytest.mark.parametrize("container", ["dvd-pal-iso", "dvd-pal-mpg", "dvd-ntsc-mpg"])
@pytest.mark.parametrize(
    ("said", "method", "keeps"),
    [
        ({}, "Letterbox", True),
        ({"width": 720, "height": 576}, "Letterbox", True),
        ({"keep_aspect_ratio": True}, "", True),
        ({"resize_method": "PanScan"}, "PanScan", True),
        ({"keep_aspect_ratio": False}, "", False),
    ],
)
def test_a_dvd_keeps_the_shape_unless_it_is_told_otherwise(
    container: str, said: dict[str, Any], method: str, keeps: bool
) -> None:
    for spec in (
        settled(container=container, **said),
        settled(OutputRequest(container=container, **said)),
    ):
        assert (spec.resize_method, spec.keep_aspect_ratio) == (method, keeps)


def test_the_shape_of_a_dvd_is_that_of_what_is_shown() -> None:
    plan = plan_output(settled(container="dvd-pal-mpg", width=720, height=576), [WIDE])

    assert plan.video is not None
    (share,) = plan.inputs
    seen = Fraction(share.picture_width, share.picture_height) * Fraction(plan.video.sample_aspect)
    assert abs(seen - 2) < Fraction(1, 100)


@pytest.mark.parametrize(("container", "longest"), [("dvd-pal-mpg", 15), ("dvd-ntsc-mpg", 18), ("matroska", 600)])
def test_keyframes_are_as_near_as_the_container_needs_them(container: str, longest: int) -> None:
    asked = {"container": container, "video_codec": "mpeg2video"}

    assert settled(**asked, forced_keyframe_interval=longest).forced_keyframe_interval == longest
    with pytest.raises(SpecError, match=f"'mpeg2video' are 1 to {longest} frames"):
        settled(**asked, forced_keyframe_interval=longest + 1)


def test_two_passes_of_a_dvd_need_no_bitrate_and_others_do() -> None:
    assert settled(container="dvd-pal-mpg", two_pass=True).two_pass
    with pytest.raises(SpecError, match="without a bitrate"):
        settled(container="mp4", two_pass=True)


def test_a_picture_that_is_made_smaller_says_why() -> None:
    plan = plan_output(settled(container="wmv9", width=160, height=160, keep_aspect_ratio=True), [WIDE])

    (height,) = [each for each in plan.adjustments if each.field == "height"]
    assert (height.asked, height.made) == ("160", "80")
    assert "proportions" in height.reason


def test_an_image_can_be_laid_over_what_every_encoder_takes() -> None:
    formats = {encoder.pixel_format for codec in VIDEO_CODECS.values() for encoder in codec.encoders}

    assert formats == set(LAID_IN)


@pytest.mark.parametrize("size", [{}, {"width": 160}, {"height": 160}])
def test_a_way_to_fit_pictures_that_has_nothing_to_do_is_told(size: dict[str, int]) -> None:
    (told,) = plan_output(settled(container="mp4", resize_method="PanScan", **size), [WIDE]).adjustments

    assert (told.field, told.asked, told.made) == ("resize_method", "PanScan", "none")
    assert "{width} and {height}" in told.reason


def test_a_way_to_fit_pictures_that_has_its_effect_is_not_told() -> None:
    upright = replace(WIDE, video=(replace(WIDE.video[0], width=160, height=320),))
    by_size = settled(container="mp4", resize_method="PanScan", width=160, height=160)
    by_codec = settled(container="dvd-pal-mpg", resize_method="PanScan")
    unsaid = settled(container="dvd-pal-mpg")

    assert plan_output(by_size, [WIDE]).adjustments == ()
    assert plan_output(settled(container="mp4", resize_method="PanScan"), [WIDE, upright]).adjustments == ()
    assert plan_output(by_codec, [WIDE]).adjustments == ()
    assert plan_output(unsaid, [WIDE]).adjustments == ()


def test_proportions_that_are_kept_as_asked_are_not_told() -> None:
    assert plan_output(settled(container="mp4", keep_aspect_ratio=True), [WIDE]).adjustments == ()
