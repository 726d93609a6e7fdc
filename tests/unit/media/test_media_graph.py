from dataclasses import replace
from typing import Any

import pytest

from reelyard.media.catalogue import CONTAINERS
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.fitting import Fit, fit_for, picture_size
from reelyard.media.graph import graph_for
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputRequest, OutputSpec
from reelyard.media.picture_members import picture_members
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, OverlayPlan, VideoPlan
from reelyard.media.planning import plan_output
from reelyard.media.sizing import output_size
from reelyard.media.video_planning import deinterlace_mode

WIDE = VideoTrack(index=0, codec="h264", width=640, height=360, frame_rate="25/1", base_frame_rate="25/1", frames=50)
NARROW = replace(WIDE, width=640, height=480)
TALL = replace(WIDE, rotation=90)
PAL = replace(WIDE, width=720, height=576, sample_aspect="64/45")
SOUND = AudioTrack(index=1, codec="aac", sample_rate_hz=48000, channels=2, duration_us=2_000_000)
CLIP = MediaInfo(container="mov", duration_us=2_000_000, video=(WIDE,), audio=(SOUND,))


def spec(**members: Any) -> OutputSpec:
    return OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)


def sized(fit: Fit, width: int = 640, height: int = 360, sample_aspect: str = "1/1") -> VideoPlan:
    return VideoPlan(
        codec="h264", encoder="libx264", width=width, height=height, fit=fit.value, sample_aspect=sample_aspect
    )


@pytest.mark.parametrize(
    ("members", "fit"),
    [
        ({}, Fit.LETTERBOX),
        ({"width": 320}, Fit.LETTERBOX),
        ({"width": 320, "height": 320}, Fit.STRETCH),
        ({"width": 320, "height": 320, "keep_aspect_ratio": True}, Fit.AUTO),
        ({"width": 320, "height": 320, "keep_aspect_ratio": True, "resize_method": "Letterbox"}, Fit.LETTERBOX),
        ({"width": 320, "height": 320, "keep_aspect_ratio": True, "resize_method": "PanScan"}, Fit.CROP),
        ({"width": 320, "height": 320, "keep_aspect_ratio": True, "container": "wmv9"}, Fit.INSIDE),
        ({"width": 320, "height": 320, "container": "wmv9"}, Fit.STRETCH),
    ],
)
def test_the_fit_follows_from_what_was_asked(members: dict[str, Any], fit: Fit) -> None:
    assert fit_for(spec(**members)) == fit


@pytest.mark.parametrize(
    ("track", "video", "size"),
    [
        (NARROW, sized(Fit.STRETCH), (0, 0)),
        (NARROW, sized(Fit.LETTERBOX), (480, 360)),
        (NARROW, sized(Fit.CROP), (640, 480)),
        (NARROW, sized(Fit.AUTO), (554, 416)),
        (WIDE, sized(Fit.LETTERBOX, 480, 480), (480, 270)),
        (WIDE, sized(Fit.CROP, 480, 480), (854, 480)),
        (TALL, sized(Fit.LETTERBOX), (202, 360)),
        (TALL, sized(Fit.CROP), (640, 1138)),
        (TALL, sized(Fit.AUTO), (360, 640)),
        # The same shape, or within rounding of it: nothing is cut or padded.
        (WIDE, sized(Fit.LETTERBOX, 320, 180), (0, 0)),
        (WIDE, sized(Fit.CROP, 854, 480), (0, 0)),
        (PAL, sized(Fit.AUTO, 1024, 576), (0, 0)),
        (replace(WIDE, width=1000, height=3), sized(Fit.LETTERBOX, 1000, 2), (0, 0)),
        # In pixels that aren't square: PAL's 16:9 and 4:3, and NTSC's.
        (NARROW, sized(Fit.LETTERBOX, 720, 576, "64/45"), (540, 576)),
        (WIDE, sized(Fit.LETTERBOX, 720, 576, "64/45"), (0, 0)),
        (WIDE, sized(Fit.LETTERBOX, 720, 576, "16/15"), (720, 432)),
        (NARROW, sized(Fit.LETTERBOX, 720, 480, "32/27"), (540, 480)),
        (PAL, sized(Fit.LETTERBOX, 720, 576, "64/45"), (0, 0)),
    ],
)
def test_pictures_are_scaled_to_what_the_fit_needs(track: VideoTrack, video: VideoPlan, size: tuple[int, int]) -> None:
    assert picture_size(track, video) == size


def test_an_inner_size_is_the_largest_of_the_sources_shape() -> None:
    assert output_size(NARROW, 640, 360, 2, inside=True) == (480, 360)
    assert output_size(WIDE, 321, 999, 2, inside=True) == (320, 180)
    assert output_size(TALL, 640, 640, 2, inside=True) == (360, 640)
    assert output_size(NARROW, 320, 0, 2, inside=True) == (320, 240)


def test_a_picture_is_not_enlarged_beyond_all_measure() -> None:
    with pytest.raises(WorkError) as caught:
        picture_size(WIDE, sized(Fit.CROP, 16, 8192))

    assert caught.value.code == ErrorCode.INCOMPATIBLE_FORMAT
    assert "Letterbox" in caught.value.message


@pytest.mark.parametrize(
    ("codec", "order", "mode"),
    [
        ("h264", "progressive", "interlaced"),
        ("mpeg4", "unknown", "interlaced"),
        ("mjpeg", "tt", "all"),
        ("huffyuv", "unknown", "all"),
        ("mjpeg", "progressive", ""),
    ],
)
def test_frames_are_deinterlaced_by_their_marks_where_they_have_some(codec: str, order: str, mode: str) -> None:
    track = replace(WIDE, codec=codec, field_order=order)

    assert deinterlace_mode(track) == mode
    clip = replace(CLIP, video=(track,))
    assert plan_output(spec(deinterlace=True), [clip]).inputs[0].deinterlace == mode
    assert plan_output(spec(), [clip]).inputs[0].deinterlace == ""


def test_one_input_needs_no_graph() -> None:
    assert graph_for(plan_output(spec(width=640, height=640, resize_method="Auto"), [CLIP])) is None


def test_a_join_takes_size_and_rate_from_its_first_pictures_and_adds_up() -> None:
    sound_alone = replace(CLIP, video=())
    silent = replace(
        CLIP,
        video=(replace(NARROW, frame_rate="30000/1001", base_frame_rate="30000/1001", frames=30, duration_us=0),),
        audio=(),
        duration_us=1_001_000,
    )

    plan = plan_output(spec(), [sound_alone, silent, CLIP])

    assert plan.video is not None
    assert plan.audio is not None
    assert (plan.video.width, plan.video.height, plan.video.frame_rate) == (640, 480, "30000/1001")
    assert [share.frames for share in plan.inputs] == [60, 30, 60]
    assert plan.video.frames == 150
    assert [share.duration_us for share in plan.inputs] == [2_002_000, 1_001_000, 2_002_000]
    assert plan.duration_us == plan.audio.duration_us == 5_005_000
    assert [(share.video_index, share.audio_index) for share in plan.inputs] == [(-1, 1), (0, -1), (0, 1)]
    assert (plan.inputs[2].picture_width, plan.inputs[2].picture_height) == (640, 360)


def test_a_join_reads_each_stream_by_itself_so_that_late_sound_holds_no_pictures_back() -> None:
    graph = graph_for(plan_output(spec(), [CLIP, replace(CLIP, audio=()), replace(CLIP, video=())]))

    assert graph is not None
    assert graph.opens == (0, 0, 1, 2)
    starts = [line[:5] for line in graph.text.split(";")]
    assert starts[:6] == ["[0:0]", "[1:1]", "[2:0]", "anull", "color", "[3:1]"]


def test_a_join_of_silent_sources_is_silent() -> None:
    silent = replace(CLIP, audio=())

    assert plan_output(spec(), [silent, silent]).audio is None


def test_a_join_for_the_ear_alone_lasts_as_long_as_its_sounds() -> None:
    longer = replace(CLIP, audio=(replace(SOUND, duration_us=3_000_000),))

    plan = plan_output(spec(container="mp3", video_codec="none", audio_codec="mp3"), [CLIP, longer])

    assert plan.video is None
    assert plan.duration_us == 5_000_000
    graph = graph_for(plan)
    assert graph is not None
    assert "concat=n=2:v=0:a=1" in graph.text
    assert (graph.makes_video, graph.makes_audio) == (False, True)


@pytest.mark.parametrize("member", ["video_codec", "audio_codec"])
def test_copied_streams_are_not_joined(member: str) -> None:
    with pytest.raises(WorkError) as caught:
        plan_output(spec(**{member: "copy"}), [CLIP, CLIP])

    assert caught.value.code == ErrorCode.INCOMPATIBLE_FORMAT
    assert "name a codec" in caught.value.message


def test_no_source_of_a_join_has_pictures() -> None:
    with pytest.raises(WorkError) as caught:
        plan_output(spec(), [replace(CLIP, video=()), replace(CLIP, video=())])

    assert caught.value.code == ErrorCode.SOURCE_NOT_MEDIA


def test_a_turned_picture_is_not_copied_where_its_turn_is_lost() -> None:
    turned = replace(CLIP, video=(TALL,))

    assert plan_output(spec(video_codec="copy"), [turned]).video is not None
    with pytest.raises(WorkError) as caught:
        plan_output(spec(container="matroska", video_codec="copy"), [turned])
    assert "turned by 90 degrees" in caught.value.message


def test_the_whole_graph_of_a_join_with_an_image() -> None:
    video = VideoPlan(
        codec="h264", encoder="libx264", width=720, height=576, frame_rate="25/1", frames=75, sample_aspect="64/45"
    )
    audio = AudioPlan(codec="aac", encoder="aac", sample_rate_hz=48000, channels=2)
    plan = EncodePlan(
        container="mp4",
        video=video,
        audio=audio,
        overlay=OverlayPlan(offset_from="BottomRight", offset_x=10, offset_y=-3),
        inputs=(
            InputPlan(
                video_index=0,
                frames=50,
                duration_us=2_000_000,
                deinterlace="all",
                picture_width=540,
                picture_height=576,
            ),
            InputPlan(audio_index=1, frames=25, duration_us=1_000_000),
        ),
    )

    graph = graph_for(plan)

    assert graph is not None
    assert graph.opens == (0, 1)
    assert graph.text.split(";") == [
        (
            "[0:0]bwdif=mode=send_frame:parity=auto:deint=all,fps=25/1:start_time=0,tpad=stop=1:stop_mode=clone,"
            "trim=end_frame=50,scale=540:576,format=yuv420p,pad=720:576:90:0:black,setsar=64/45[v0]"
        ),
        "anullsrc=r=48000:cl=stereo,atrim=duration=2.000000[a0]",
        "color=c=black:s=720x576:r=25/1,format=gbrp,trim=end_frame=25,scale=720:576,format=yuv420p,setsar=64/45[v1]",
        (
            "[1:1]aresample=48000:async=1:first_pts=0:rematrix_maxval=1.0,aformat=sample_rates=48000:channel_layouts=stereo,"
            "apad=whole_dur=1.000000,atrim=duration=1.000000[a1]"
        ),
        "[v0][a0][v1][a1]concat=n=2:v=1:a=1[joined][sound]",
        "[joined]settb=1/25[bare]",
        (
            "[2:v]format=rgba,scale=w='max(1,round(iw*45/64))':h=ih,"
            "pad=w='iw+1*abs(mod(720-iw-(10),2))':h='ih+1*abs(mod(576-ih-(-3),2))':"
            "x='abs(mod(720-iw-(10),2))':y='abs(mod(576-ih-(-3),2))':color=black@0[image]"
        ),
        (
            "[bare][image]overlay=x='floor((W-w-(10))/2)*2':y='floor((H-h-(-3))/2)*2':eof_action=repeat:format=yuv420,"
            "format=yuv420p[picture]"
        ),
    ]


def test_wmv9_outputs_are_made_smaller_instead_of_cut_or_padded(monkeypatch: pytest.MonkeyPatch) -> None:
    wmv9 = replace(CONTAINERS["matroska"], code="wmv9")
    monkeypatch.setattr("reelyard.media.planning.CONTAINERS", {**CONTAINERS, "wmv9": wmv9})
    members = {"container": "wmv9", "width": 640, "height": 360, "keep_aspect_ratio": True}

    plan = plan_output(spec(**members), [replace(CLIP, video=(NARROW,))])

    assert plan.video is not None
    assert (plan.video.width, plan.video.height) == (480, 360)
    assert (plan.inputs[0].picture_width, plan.inputs[0].picture_height) == (0, 0)


def test_a_method_has_no_meaning_for_wmv9() -> None:
    wmv9 = replace(CONTAINERS["matroska"], code="wmv9")

    with pytest.raises(SpecError) as caught:
        picture_members(OutputRequest(resize_method="PanScan"), OutputRequest(), wmv9, "h264")
    assert "'wmv9'" in caught.value.message
    preset = OutputRequest(resize_method="PanScan", keep_aspect_ratio=True)
    settled = picture_members(OutputRequest(), preset, wmv9, "h264")
    assert (settled["keep_aspect_ratio"], settled["resize_method"]) == (True, "")
