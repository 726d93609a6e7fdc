"""Sources that recorders, editors and phones really make. Each comes out as planned, or is refused with a reason."""

from pathlib import Path
from typing import Any

import pytest

from encoder_node import command
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from reelyard.media.verify import check_output
from tests.integration.media_runs import X264, Ran, ingest, make, pictures, probe, run, sound

SOUND_ALONE: dict[str, Any] = {"container": "m4a", "video_codec": "none"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of pictures with B frames and of sound."""
    path = tmp_path_factory.mktemp("base") / "base.mp4"
    return make(path, *pictures(seconds=3), *sound(3), *X264, "-g", "25", "-bf", "2", "-c:a", "aac")


@pytest.fixture(scope="module")
def lengthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s of pictures with B frames and of sound."""
    path = tmp_path_factory.mktemp("lengthy") / "lengthy.mp4"
    return make(path, *pictures(seconds=20), *sound(20, 44100), *X264, "-g", "25", "-bf", "2", "-c:a", "aac")


def encoded(source: Path, target: Path, **members: Any) -> tuple[EncodePlan, MediaInfo, Ran]:
    """As the product does it; unlike `encode`, complaints about the source are weighed and not forbidden."""
    spec = OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)
    plan = plan_output(spec, [ingest(source)])
    ran = run(command.encode_argv(plan, [source], target))
    assert ran.status == 0
    info = probe(target)
    decoded = run(command.decode_check_argv(target))
    check_output(
        plan,
        info,
        decode_errors=len(decoded.errors),
        decoded_frames=decoded.frames,
        decoded_whole=True,
        source_errors=len(ran.errors),
    )
    return plan, info, ran


def frames(info: MediaInfo) -> int:
    return info.video[0].frames


def test_uneven_frames_get_an_even_grid(tmp_path: Path) -> None:
    uneven = "select='if(lt(n,30),1,not(mod(n,5)))'"
    source = make(tmp_path / "vfr.mp4", *pictures("30"), *sound(), "-vf", uneven, "-fps_mode", "vfr", *X264)

    plan, info, _ = encoded(source, tmp_path / "out.mp4")

    assert plan.video is not None
    assert plan.video.frame_rate == info.video[0].frame_rate == "20/1"
    assert abs(info.video[0].duration_us - 1_866_667) < 50_000  # where the last frame ends


def test_uneven_frames_of_flv_are_counted_by_its_duration(tmp_path: Path) -> None:
    keep = ("-vf", "select='mod(n,3)'", "-fps_mode", "vfr")
    source = make(tmp_path / "uneven.flv", *pictures(seconds=1), *keep, "-c:v", "flv")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 23


def test_an_edit_list_hides_what_stands_before_it(base: Path, tmp_path: Path) -> None:
    source = make(tmp_path / "cut.mp4", "-ss", "0.7", "-i", str(base), "-c", "copy")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert abs(frames(info) - 58) <= 1  # 2.3 s of 25 a second
    assert abs(info.audio[0].duration_us - 2_300_000) < 60_000


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_time_stamps_before_zero(base: Path, tmp_path: Path, ending: str) -> None:
    early = ("-itsoffset", "-0.5", "-i", str(base), "-c", "copy", "-copyts", "-avoid_negative_ts", "disabled")
    source = make(tmp_path / f"early.{ending}", *early)

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert info.start_us == 0
    assert frames(info) >= 62  # MP4's edit list hides the half second before 0, Matroska shows it


def test_no_sound_stays_silent(tmp_path: Path) -> None:
    _, info, _ = encoded(make(tmp_path / "silent.mp4", *pictures(), *X264), tmp_path / "out.mp4")

    assert (len(info.audio), frames(info)) == (0, 50)


def test_sound_alone_is_refused_for_pictures_and_fine_for_sound(tmp_path: Path) -> None:
    source = make(tmp_path / "sound.m4a", *sound(), "-c:a", "aac")

    with pytest.raises(WorkError) as caught:
        encoded(source, tmp_path / "out.mp4")
    assert caught.value.code == ErrorCode.SOURCE_NOT_MEDIA
    _, info, _ = encoded(source, tmp_path / "out.m4a", **SOUND_ALONE)
    assert abs(info.audio[0].duration_us - 2_000_000) < 50_000


def cover(tmp_path: Path) -> Path:
    return make(tmp_path / "cover.png", *pictures(seconds=1), "-frames:v", "1")


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    art = ("-map", "0", "-map", "1", "-c:a", "libmp3lame", "-c:v", "png", "-disposition:v", "attached_pic")
    source = make(tmp_path / "song.mp3", *sound(), "-i", str(cover(tmp_path)), *art)

    assert ingest(source).video == ()
    _, info, _ = encoded(source, tmp_path / "out.m4a", **SOUND_ALONE)
    assert len(info.audio) == 1


def test_of_several_sound_tracks_the_marked_one_is_taken(tmp_path: Path) -> None:
    quiet = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=2")
    maps = ("-map", "0", "-map", "1", "-map", "2", *X264, "-c:a", "aac")
    marks = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    source = make(tmp_path / "two.mkv", *pictures(), *quiet, *sound(), *maps, *marks)

    plan, _, _ = encoded(source, tmp_path / "out.mp4")

    assert plan.inputs[0].audio_index == 2
    levels = run(
        ["ffmpeg", "-hide_banner", "-i", str(tmp_path / "out.mp4"), "-af", "volumedetect", "-vn", "-f", "null", "-"]
    )
    (peak,) = [line for line in levels.errors if "max_volume" in line]
    assert "-91" not in peak


@pytest.mark.parametrize(("size", "even"), [("101x77", (100, 76)), ("17x3", (16, 2))])
def test_odd_sizes_become_even(tmp_path: Path, size: str, even: tuple[int, int]) -> None:
    source = make(tmp_path / "odd.mkv", *pictures(size=size), "-c:v", "ffv1", "-pix_fmt", "yuv444p")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert (info.video[0].width, info.video[0].height) == even


def test_a_turned_phone_comes_out_upright(base: Path, tmp_path: Path) -> None:
    source = make(tmp_path / "turned.mp4", "-i", str(base), "-c", "copy", "-metadata:s:v", "rotate=90")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert (info.video[0].width, info.video[0].height, info.video[0].rotation) == (72, 128, 0)


@pytest.mark.parametrize("ending", ["ts", "mkv"])
def test_a_damaged_tail_costs_no_more_than_itself(base: Path, tmp_path: Path, ending: str) -> None:
    whole = make(tmp_path / f"whole.{ending}", "-i", str(base), "-c", "copy").read_bytes()
    source = tmp_path / f"cut.{ending}"
    source.write_bytes(whole[: -len(whole) // 50])

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) in (74, 75)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "flv", "webm"])
@pytest.mark.parametrize("permille", [20, 40])
def test_a_source_that_lost_a_little_of_its_end_is_made_and_says_so(
    lengthy: Path, tmp_path: Path, ending: str, permille: int
) -> None:
    codecs = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus") if ending == "webm" else ("-c", "copy")
    index_first = ("-movflags", "+faststart") if ending in ("mp4", "mov") else ()
    whole = make(tmp_path / f"whole.{ending}", "-i", str(lengthy), *codecs, *index_first).read_bytes()
    source = tmp_path / f"cut.{ending}"
    source.write_bytes(whole[: -len(whole) * permille // 1000])

    plan, info, _ = encoded(source, tmp_path / "out.mp4")

    assert plan.video is not None
    assert abs(frames(info) - plan.video.frames) <= 1
    assert frames(info) < 500
    (lost,) = plan.adjustments
    assert lost.field == "source_url"
    missing_s = float(lost.asked.removesuffix(" s")) - float(lost.made.removesuffix(" s"))
    assert abs(missing_s - (500 - frames(info)) / 25) < 0.1


def test_a_whole_source_has_lost_nothing(lengthy: Path) -> None:
    assert ingest(lengthy).announced_us == 0


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_source_that_lost_much_of_its_end_is_refused_before_it_is_encoded(
    lengthy: Path, tmp_path: Path, ending: str
) -> None:
    whole = make(tmp_path / f"whole.{ending}", "-i", str(lengthy), "-c", "copy", "-movflags", "+faststart").read_bytes()
    source = tmp_path / f"cut.{ending}"
    source.write_bytes(whole[: -len(whole) // 12])

    with pytest.raises(WorkError) as caught:
        ingest(source)

    assert caught.value.code == ErrorCode.SOURCE_CORRUPT


def test_an_avi_without_its_index_is_as_long_as_its_pictures(lengthy: Path, tmp_path: Path) -> None:
    codecs = ("-c:v", "mpeg4", "-c:a", "mp2")
    whole = make(tmp_path / "whole.avi", "-i", str(lengthy), *codecs).read_bytes()
    source = tmp_path / "cut.avi"
    source.write_bytes(whole[: whole.rindex(b"idx1")])

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 500


@pytest.mark.parametrize(
    ("name", "codecs"),
    [("one.mp4", X264), ("one.mkv", X264), ("one.avi", ("-c:v", "mpeg4")), ("one.gif", ("-c:v", "gif"))],
)
def test_one_frame_is_a_video(tmp_path: Path, name: str, codecs: tuple[str, ...]) -> None:
    source = make(tmp_path / name, *pictures(seconds=0.04), *codecs)

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert 1 <= frames(info) <= 3  # GIF has no faster rate than 10 hundredths for a single frame


def test_huge_rates_are_brought_to_60(tmp_path: Path) -> None:
    source = make(tmp_path / "fast.mkv", *pictures("1000", 0.5), *X264)

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert (info.video[0].frame_rate, frames(info)) == ("60/1", 30)


@pytest.mark.parametrize("codec", ["wmv2", "mpeg4"])
def test_a_clock_of_milliseconds_is_no_frame_rate(tmp_path: Path, codec: str) -> None:
    name, audio = ("ms.wmv", "wmav2") if codec == "wmv2" else ("ms.mkv", "aac")
    source = make(tmp_path / name, *pictures(seconds=1), *sound(1), "-c:v", codec, "-c:a", audio)

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert info.video[0].frame_rate == "25/1"
    assert frames(info) in (25, 26, 27)  # ASF says 1.04 s


def test_subtitles_attachments_and_time_codes_are_left_behind(base: Path, tmp_path: Path) -> None:
    text = tmp_path / "s.srt"
    text.write_text("1\n00:00:00,100 --> 00:00:01,000\nHello\n")
    both = ("-i", str(text), "-i", str(base), "-map", "0", "-map", "1", "-c", "copy")
    attached = ("-c:s", "srt", "-attach", str(cover(tmp_path)), "-metadata:s:t", "mimetype=image/png")
    for source in (
        make(tmp_path / "more.mkv", *both, *attached),
        make(tmp_path / "more.mov", *both, "-c:s", "mov_text", "-timecode", "01:00:00:00"),
    ):
        plan, info, _ = encoded(source, tmp_path / "out.mp4")

        assert plan.inputs[0].video_index > 0  # the text is the first stream
        assert (len(info.video), len(info.audio), frames(info)) == (1, 1, 75)


def test_the_clock_of_a_transport_stream_may_wrap(base: Path, tmp_path: Path) -> None:
    at = str((1 << 33) / 90_000 - 1.5)
    source = make(tmp_path / "wrap.ts", "-i", str(base), "-c", "copy", "-output_ts_offset", at, "-muxdelay", "0")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 75


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_a_still_picture_lasts_as_long_as_its_file_says(tmp_path: Path, ending: str) -> None:
    inputs = ("-i", str(cover(tmp_path)), *sound(2), "-map", "0:v", "-map", "1:a")
    source = make(tmp_path / f"still.{ending}", *inputs, *X264, "-c:a", "aac")

    plan, info, _ = encoded(source, tmp_path / "out.mp4")

    assert plan.video is not None
    assert plan.inputs[0].still == (ending == "mkv")  # Matroska says 2 s, MP4 one frame
    assert frames(info) == plan.video.frames
    assert (plan.video.frames > 45) == plan.inputs[0].still


def test_a_slow_slide_show_keeps_its_slides(tmp_path: Path) -> None:
    slides = ("-loop", "1", "-framerate", "1", "-i", str(cover(tmp_path)), *sound(3), "-t", "3")
    source = make(tmp_path / "slides.mp4", *slides, *X264, "-c:a", "aac")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 3


@pytest.mark.parametrize("b_frames", ["0", "2"])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "h264"])
def test_slow_pictures_are_all_there_without_a_sound(tmp_path: Path, ending: str, b_frames: str) -> None:
    """As of a time lapse: the last packet's time lies seconds before the end of the last picture."""
    source = make(tmp_path / f"slow.{ending}", *pictures("1", 5), *X264, "-bf", b_frames)

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 5


def test_a_long_last_slide_is_no_missing_end(tmp_path: Path) -> None:
    uneven = ("-vf", "select='lt(n,50)+eq(n,60)',setpts='if(gt(N,49),8/TB,PTS)'", "-fps_mode", "vfr")
    source = make(tmp_path / "slides.mp4", *pictures("25", 4), *uneven, *X264)
    cut = make(
        tmp_path / "held.mp4", "-i", str(source), "-c", "copy", "-bsf:v", "setts=duration='if(eq(N,50),5/TB,DURATION)'"
    )

    assert ingest(cut).video[0].frames == 51


@pytest.mark.parametrize("codec", [("mpeg4", "-bf", "2"), ("libx264", "-bf", "3", "-pix_fmt", "yuv420p")])
def test_avi_with_b_frames_begins_with_its_first_picture(tmp_path: Path, codec: tuple[str, ...]) -> None:
    fade = ("-vf", "drawbox=color=white:t=fill:enable='eq(n,0)'")
    source = make(tmp_path / "b.avi", *pictures(), *sound(), *fade, "-c:v", *codec, "-c:a", "libmp3lame")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 50
    # The first picture alone is white: shown once, not repeated over the decoder's lag.
    picture = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "out.mp4"), "-vf", "scale=1:1,format=gray"]
    raw = make(tmp_path / "luma.gray", *picture[3:], "-f", "rawvideo").read_bytes()
    assert raw[0] > 200
    assert raw[1] < 200


def test_small_frames_at_the_end_of_an_mpeg_program_are_not_lost(tmp_path: Path) -> None:
    """A pack holds several of them and bears one time: eight seemed to be missing."""
    source = make(tmp_path / "slides.mpg", *pictures("1", 5), "-c:v", "mpeg2video", "-r", "24")

    _, info, _ = encoded(source, tmp_path / "out.mp4")

    assert frames(info) == 120


def test_an_mpeg_program_has_all_its_frames(tmp_path: Path) -> None:
    inputs = (*pictures(size="352x288"), *sound(), "-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2")
    source = make(tmp_path / "program.mpg", *inputs)

    _, info, _ = encoded(source, tmp_path / "out.mp4", width=88)

    assert frames(info) == 50
