from dataclasses import replace
from typing import Any

import pytest

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, VideoPlan
from reelyard.media.planning import plan_output, queue_is_gpu, software_plan
from reelyard.media.snapping import audio_bitrate_for, sample_rate_for

VIDEO = VideoTrack(
    index=0,
    codec="h264",
    width=1280,
    height=720,
    frame_rate="25/1",
    base_frame_rate="25/1",
    frames=250,
    duration_us=10_000_000,
)
AUDIO = AudioTrack(index=1, codec="aac", sample_rate_hz=48000, channels=2, duration_us=10_000_000)
SOURCE = MediaInfo(container="mov,mp4,m4a,3gp,3g2,mj2", duration_us=10_000_000, video=(VIDEO,), audio=(AUDIO,))


def plan(source: MediaInfo = SOURCE, *, gpu: frozenset[str] = frozenset(), **members: Any) -> EncodePlan:
    spec = OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)
    return plan_output(spec, [source], hardware_encoders=gpu)


def video(track: VideoTrack = VIDEO, **members: Any) -> VideoPlan:
    made = plan(replace(SOURCE, video=(track,)), **members).video
    assert made is not None
    return made


def audio(track: AudioTrack = AUDIO, **members: Any) -> AudioPlan:
    made = plan(replace(SOURCE, audio=(track,)), **members).audio
    assert made is not None
    return made


def failure(source: MediaInfo = SOURCE, **members: Any) -> WorkError:
    with pytest.raises(WorkError) as caught:
        plan(source, **members)
    return caught.value


def test_every_number_of_a_plain_output_is_settled() -> None:
    assert plan(video_bitrate_kbps=800) == EncodePlan(
        container="mp4",
        duration_us=10_000_000,
        video=VideoPlan(
            codec="h264",
            encoder="libx264",
            width=1280,
            height=720,
            frame_rate="25/1",
            bitrate_bps=800_000,
            frames=250,
            color_range="tv",
            color_matrix="bt709",
            fit="letterbox",
        ),
        audio=AudioPlan(
            codec="aac",
            encoder="aac",
            sample_rate_hz=48000,
            channels=2,
            bitrate_bps=128_000,
            duration_us=10_000_000,
        ),
        inputs=(InputPlan(video_index=0, audio_index=1, color_range="tv", color_matrix="bt709"),),
    )


def test_the_first_stream_of_each_kind_is_read_by_its_absolute_index() -> None:
    source = replace(
        SOURCE,
        video=(replace(VIDEO, index=2), replace(VIDEO, index=3)),
        audio=(replace(AUDIO, index=5), replace(AUDIO, index=1)),
    )

    made = plan(source)

    assert (made.inputs[0].video_index, made.inputs[0].audio_index) == (2, 5)


def test_a_silent_source_gives_a_silent_video() -> None:
    made = plan(replace(SOURCE, audio=()), audio_codec="aac")

    assert made.audio is None
    assert made.inputs[0].audio_index == -1


def test_an_audio_output_leaves_the_picture_out() -> None:
    made = plan(container="mp3", video_codec="none", audio_codec="mp3")

    assert made.video is None
    assert made.duration_us == 10_000_000


def test_a_source_without_video_says_what_to_ask_for_instead() -> None:
    error = failure(replace(SOURCE, video=()))

    assert error.code == ErrorCode.SOURCE_NOT_MEDIA
    assert "no video" in error.message
    assert "'none'" in error.message


def test_an_audio_output_of_a_silent_source_fails() -> None:
    error = failure(replace(SOURCE, audio=()), container="mp3", video_codec="none", audio_codec="mp3")

    assert error.code == ErrorCode.SOURCE_NOT_MEDIA
    assert "no audio" in error.message


@pytest.mark.parametrize(
    ("track", "wanted", "size"),
    [
        ({}, {}, (1280, 720)),
        ({}, {"height": 360}, (640, 360)),
        ({}, {"width": 640}, (640, 360)),
        ({}, {"width": 640, "height": 480}, (640, 480)),
        ({}, {"width": 1920}, (1920, 1080)),
        ({}, {"height": 480}, (854, 480)),
        ({}, {"width": 427}, (428, 240)),
        ({"width": 101, "height": 77}, {}, (100, 76)),
        ({"rotation": 90}, {}, (720, 1280)),
        ({"rotation": 270}, {"width": 360}, (360, 640)),
        ({"rotation": 180}, {"width": 640}, (640, 360)),
        ({"width": 720, "height": 576, "sample_aspect": "64/45"}, {}, (1024, 576)),
        ({"width": 720, "height": 576, "sample_aspect": "64/45"}, {"height": 288}, (512, 288)),
        ({"width": 720, "height": 576, "sample_aspect": "64/45", "rotation": 90}, {}, (576, 1024)),
        ({"width": 720, "height": 480, "sample_aspect": "0/1"}, {}, (720, 480)),
        ({"width": 4000, "height": 16}, {"width": 100}, (100, 2)),
    ],
)
def test_sizes_are_as_displayed_and_even(track: dict[str, Any], wanted: dict[str, int], size: tuple[int, int]) -> None:
    made = video(replace(VIDEO, **track), **wanted)

    assert (made.width, made.height) == size


def test_a_size_that_would_run_out_of_bounds_is_refused() -> None:
    thin = replace(SOURCE, video=(replace(VIDEO, width=64, height=640),))

    error = failure(thin, width=4000)

    assert error.code == ErrorCode.INCOMPATIBLE_FORMAT
    assert "4000x40000" in error.message


def test_a_video_without_a_size_is_no_media() -> None:
    assert failure(replace(SOURCE, video=(replace(VIDEO, width=0),))).code == ErrorCode.SOURCE_NOT_MEDIA


@pytest.mark.parametrize(
    ("average", "base", "rate"),
    [
        ("25/1", "25/1", "25/1"),
        ("30000/1001", "30000/1001", "30000/1001"),
        ("2997/100", "30000/1001", "30000/1001"),
        ("19001/317", "60000/1001", "60000/1001"),  # rounded in the header, within a thousandth
        ("5/1", "5/1", "5/1"),
        ("120/1", "120/1", "60/1"),
        ("1500/59", "60/1", "25/1"),
        ("2970/100", "90000/1", "30000/1001"),
        ("90/1", "1000/1", "60/1"),
        ("3/1", "30/1", "10/1"),
        ("0/1", "24/1", "24/1"),
        ("0/1", "0/1", "25/1"),
    ],
)
def test_as_source_is_the_exact_constant_rate_or_the_nearest_standard_one(average: str, base: str, rate: str) -> None:
    assert video(replace(VIDEO, frame_rate=average, base_frame_rate=base)).frame_rate == rate


@pytest.mark.parametrize(
    ("frame_rate_id", "rate", "frames"),
    [(10000, "10/1", 100), (11988, "12000/1001", 120), (29970, "30000/1001", 300), (30000, "30/1", 300)],
)
def test_a_rate_by_its_id_is_exact(frame_rate_id: int, rate: str, frames: int) -> None:
    made = video(frame_rate_id=frame_rate_id)

    assert (made.frame_rate, made.frames) == (rate, frames)


@pytest.mark.parametrize(
    ("track", "source", "frames"),
    [
        ({}, {}, 250),
        # A duration that is rounded, or missing, doesn't matter while packets were counted.
        ({"duration_us": 9_999_900}, {}, 250),
        ({"duration_us": 0}, {"duration_us": 10_023_000}, 250),
        # Counted and told differ: hidden packets or an edit list; the duration is right.
        ({"frames": 280}, {}, 250),
        ({"frames": 251, "duration_us": 10_080_000}, {}, 252),
        ({"frames": 280, "duration_us": 0}, {}, 250),
        # Not counted at all.
        ({"frames": 0}, {}, 250),
        # Video that starts a second after the audio keeps its distance: the first picture stands for it.
        ({"start_us": 1_000_000}, {}, 275),
        ({"start_us": 2_400_000}, {"start_us": 1_400_000}, 275),
        # Less than a frame late is played from its first picture.
        ({"start_us": 23_000}, {}, 250),
        ({"frames": 1, "duration_us": 40_000}, {}, 1),
    ],
)
def test_frames_are_counted_on_the_grid_from_the_sources_start(
    track: dict[str, Any], source: dict[str, Any], frames: int
) -> None:
    made = plan(replace(SOURCE, video=(replace(VIDEO, **track),), **source)).video

    assert made is not None
    assert made.frames == frames


def test_a_shift_of_less_than_a_frame_is_taken_off_all_streams() -> None:
    shifted = replace(SOURCE, video=(replace(VIDEO, start_us=1_423_000),), start_us=1_400_000)

    made = plan(shifted)

    assert made.inputs[0].origin_us == 23_000
    assert plan(replace(SOURCE, video=(replace(VIDEO, start_us=40_000),))).inputs[0].origin_us == 0


@pytest.mark.parametrize(
    ("codec", "wanted", "got"),
    [
        ("aac", 22000, 22050),
        ("aac", 44000, 44100),
        ("aac", 192_000, 96000),
        ("mp3", 192_000, 48000),
        ("vorbis", 192_000, 48000),
        ("mp3", 96000, 48000),
        ("vorbis", 8000, 8000),
        ("aac", 7350, 8000),
    ],
)
def test_sample_rates_are_snapped_to_what_the_codec_can_do(codec: str, wanted: int, got: int) -> None:
    assert sample_rate_for(CONTAINERS["matroska"], AUDIO_CODECS[codec], wanted) == got


def test_mp4_gets_mp3_only_at_rates_that_it_can_hold() -> None:
    assert audio(audio_codec="mp3", sample_rate_hz=8000).sample_rate_hz == 16000
    assert audio(replace(AUDIO, sample_rate_hz=11025), audio_codec="mp3").sample_rate_hz == 16000
    assert audio(container="matroska", audio_codec="mp3", sample_rate_hz=8000).sample_rate_hz == 8000
    with pytest.raises(WorkError, match=r"8000 Hz.* with 16000, 22050, 24000, 32000, 44100, 48000 Hz") as refused:
        audio(replace(AUDIO, codec="mp3", sample_rate_hz=8000), audio_codec="copy")
    assert refused.value.code is ErrorCode.INCOMPATIBLE_FORMAT


def test_a_sample_rate_is_as_asked_or_as_the_source() -> None:
    assert audio(sample_rate_hz=22000).sample_rate_hz == 22050
    assert audio(replace(AUDIO, sample_rate_hz=96000)).sample_rate_hz == 96000
    assert audio(replace(AUDIO, sample_rate_hz=0)).sample_rate_hz == 48000


@pytest.mark.parametrize(
    ("codec", "source", "wanted", "got"),
    [
        ("aac", 1, 0, 1),
        ("aac", 2, 0, 2),
        ("aac", 6, 0, 6),
        ("aac", 8, 0, 8),
        ("mp3", 6, 0, 2),
        ("aac", 3, 0, 2),
        ("aac", 0, 0, 2),
        ("aac", 6, 1, 1),
        ("mp3", 1, 2, 2),
    ],
)
def test_channels_are_as_asked_or_as_the_source_where_that_fits(codec: str, source: int, wanted: int, got: int) -> None:
    assert audio(replace(AUDIO, channels=source), audio_codec=codec, channels=wanted).channels == got


@pytest.mark.parametrize(
    ("codec", "rate", "channels", "wanted", "got"),
    [
        ("aac", 48000, 2, 0, 128_000),
        ("aac", 48000, 6, 0, 384_000),
        ("aac", 48000, 1, 0, 64_000),
        ("aac", 8000, 1, 0, 48_000),
        ("aac", 48000, 2, 96_000, 96_000),
        ("mp3", 8000, 2, 320_000, 64_000),
        ("mp3", 44100, 2, 8_000, 32_000),
        ("vorbis", 44100, 2, 0, 0),
        ("vorbis", 8000, 1, 96_000, 32_000),
        ("vorbis", 44100, 2, 96_000, 96_000),
    ],
)
def test_audio_bitrates_are_what_the_encoder_takes(codec: str, rate: int, channels: int, wanted: int, got: int) -> None:
    assert audio_bitrate_for(CONTAINERS["matroska"], AUDIO_CODECS[codec], rate, channels, wanted) == got


def test_audio_is_expected_from_the_outputs_time_zero() -> None:
    assert audio(replace(AUDIO, start_us=500_000, duration_us=9_000_000)).duration_us == 9_500_000
    assert audio(replace(AUDIO, duration_us=0)).duration_us == 10_000_000


def test_a_copy_keeps_the_streams_own_numbers() -> None:
    turned = replace(VIDEO, rotation=90, start_us=10_000)

    made = plan(replace(SOURCE, video=(turned,)), video_codec="copy", audio_codec="copy")

    assert made.video == VideoPlan(codec="copy", encoder="copy", width=1280, height=720, frame_rate="25/1", frames=250)
    assert made.audio == AudioPlan(
        codec="copy", encoder="copy", sample_rate_hz=48000, channels=2, duration_us=10_000_000
    )
    assert made.inputs[0].origin_us == 0


def test_a_copy_that_the_container_cant_hold_is_refused() -> None:
    error = failure(container="webm", video_codec="copy", audio_codec="vorbis")
    assert error.code == ErrorCode.INCOMPATIBLE_FORMAT
    assert "AVC (h264)" in error.message
    assert "WebM" in error.message

    error = failure(container="m4a", video_codec="none", audio_codec="copy", source=_with_audio("mp3"))
    assert error.code == ErrorCode.INCOMPATIBLE_FORMAT
    assert "MPEG Audio" in error.message


def _with_audio(codec: str) -> MediaInfo:
    return replace(SOURCE, audio=(replace(AUDIO, codec=codec),))


def test_a_gpu_is_used_where_one_is_live_and_takes_the_size() -> None:
    live = frozenset({"h264_nvenc"})

    made = plan(gpu=live)
    assert made.video is not None
    assert made.video.encoder == "h264_nvenc"
    assert queue_is_gpu(made)

    small = plan(gpu=live, width=64, height=64)
    assert small.video is not None
    assert small.video.encoder == "libx264"
    assert not queue_is_gpu(small)


def test_a_gpu_plan_falls_back_to_software_with_the_same_numbers() -> None:
    on_gpu = plan(gpu=frozenset({"h264_nvenc"}))

    assert software_plan(on_gpu) == plan()
    assert software_plan(plan()) == plan()
    assert not queue_is_gpu(plan(container="mp3", video_codec="none", audio_codec="mp3"))
