"""Two passes, keyframes and the file's name at creation; the choice of streams and colours in planning."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from encoder_node.encoder_options import video_options
from encoder_node.passes import ALL, FIRST_PASS, SECOND_PASS, runs_twice
from reelyard.media import mode_members
from reelyard.media.catalogue import VIDEO_CODECS
from reelyard.media.colour import Colour, colour_filters, needs_tone_map, output_colour, source_colour
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.filenames import MAX_NAME_BYTES, output_filename
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.plan import EncodePlan, InputPlan, VideoPlan
from reelyard.media.planning import plan_output, software_plan
from reelyard.media.resolve import resolve_output
from reelyard.media.sound import audio_mix, mix_filters

VIDEO = VideoTrack(
    index=0,
    codec="h264",
    width=640,
    height=360,
    pix_fmt="yuv420p",
    frame_rate="25/1",
    base_frame_rate="25/1",
    frames=250,
    duration_us=10_000_000,
)
AUDIO = AudioTrack(index=1, codec="aac", sample_rate_hz=48000, channels=2, duration_us=10_000_000)
SOURCE = MediaInfo(container="matroska,webm", duration_us=10_000_000, video=(VIDEO,), audio=(AUDIO,))


def resolve(preset: OutputRequest | None = None, **members: Any) -> OutputSpec:
    entry = OutputFormat(id=900, name="own", description="", parameters=preset) if preset else None
    request = OutputRequest(**{"output_format_id": 900 if preset else 0, "container": "mp4"} | members)
    return resolve_output(request, entry)


def refusal(preset: OutputRequest | None = None, **members: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        resolve(preset, **members)
    return caught.value


def plan(source: MediaInfo = SOURCE, *, gpu: frozenset[str] = frozenset(), **members: Any) -> EncodePlan:
    spec = OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)
    return plan_output(spec, [source], hardware_encoders=gpu)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """VP8's encoder, as if it could neither look twice nor be told where keyframes are."""
    codec = VIDEO_CODECS["libvpx"]
    encoder = replace(
        codec.encoders[0], two_pass=False, forced_keyframes=False, fixed_keyframes=False, max_keyframe_interval=90
    )
    codecs = MappingProxyType(dict(VIDEO_CODECS) | {"libvpx": replace(codec, encoders=(encoder,))})
    monkeypatch.setattr(mode_members, "VIDEO_CODECS", codecs)


class TestTwoPasses:
    def test_they_need_a_bitrate_of_the_request_or_its_preset(self) -> None:
        error = refusal(two_pass=True)

        assert error.field == "two_pass"
        assert "{video_bitrate_kbps}" in error.message
        assert resolve(two_pass=True, video_bitrate_kbps=500).two_pass
        assert resolve(OutputRequest(container="mp4", video_bitrate_kbps=500), two_pass=True).two_pass

    def test_a_preset_s_wish_is_dropped_without_a_bitrate_and_may_be_taken_back(self) -> None:
        preset = OutputRequest(container="mp4", two_pass=True)

        assert not resolve(preset).two_pass
        assert resolve(preset, video_bitrate_kbps=500).two_pass
        assert not resolve(preset, video_bitrate_kbps=500, two_pass=False).two_pass

    @pytest.mark.usefixtures("limited")
    def test_a_codec_that_cannot_is_refused_with_those_that_can(self) -> None:
        error = refusal(container="webm", two_pass=True, video_bitrate_kbps=500)

        assert error.field == "two_pass"
        assert "'libvpx'" in error.message
        assert "h264" in error.message
        preset = OutputRequest(container="webm", two_pass=True, video_bitrate_kbps=500)
        assert not resolve(preset, container="webm").two_pass

    def test_hardware_looks_ahead_in_one_run_and_a_node_without_it_runs_twice(self) -> None:
        twice = plan(two_pass=True, video_bitrate_kbps=500, width=640, gpu=frozenset({"h264_nvenc"}))

        assert twice.video is not None
        assert not runs_twice(twice)
        assert video_options(twice.video)["multipass"] == "fullres"
        assert runs_twice(software_plan(twice))
        assert not runs_twice(plan(container="mp3", video_codec="none", audio_codec="mp3"))

    def test_progress_never_goes_back_between_the_passes(self) -> None:
        whole = [stretch.permille(share) for stretch in (FIRST_PASS, SECOND_PASS) for share in range(0, 1001, 10)]

        assert whole == sorted(whole)
        assert (whole[0], whole[-1], ALL.permille(999)) == (0, 1000, 999)


@pytest.mark.parametrize("codec", ["copy", "none"])
@pytest.mark.parametrize(
    ("member", "value"), [("two_pass", True), ("forced_keyframe_interval", 60), ("fixed_keyframes", True)]
)
def test_what_is_said_of_pictures_is_refused_without_any(codec: str, member: str, value: Any) -> None:
    error = refusal(video_codec=codec, **{member: value})

    assert error.field == member
    assert f"{{video_codec}} is '{codec}'" in error.message
    assert not getattr(resolve(OutputRequest(container="mp4", **{member: value}), video_codec=codec), member)


class TestKeyframes:
    @pytest.mark.parametrize("frames", [-1, 601, 2**31 - 1])
    def test_the_interval_has_a_range(self, frames: int) -> None:
        error = refusal(forced_keyframe_interval=frames)

        assert error.field == "forced_keyframe_interval"
        assert str(frames) in error.message
        assert "1 to 600" in error.message

    def test_0_is_unset(self) -> None:
        assert resolve(forced_keyframe_interval=0) == resolve()

    def test_fixed_ones_need_an_interval(self) -> None:
        error = refusal(fixed_keyframes=True)

        assert error.field == "fixed_keyframes"
        assert "{forced_keyframe_interval}" in error.message
        spec = resolve(OutputRequest(container="mp4", forced_keyframe_interval=50), fixed_keyframes=True)
        assert (spec.forced_keyframe_interval, spec.fixed_keyframes) == (50, True)
        assert not resolve(OutputRequest(container="mp4", fixed_keyframes=True)).fixed_keyframes

    @pytest.mark.usefixtures("limited")
    def test_a_codec_that_cannot_is_refused_with_those_that_can(self) -> None:
        for members in ({"forced_keyframe_interval": 60}, {"forced_keyframe_interval": 60, "fixed_keyframes": True}):
            error = refusal(container="webm", **members)
            assert "'libvpx'" in error.message
            assert "h264" in error.message
        assert "1 to 90" in refusal(container="webm", forced_keyframe_interval=91).message
        spec = resolve(OutputRequest(container="webm", forced_keyframe_interval=60, fixed_keyframes=True))
        assert (spec.forced_keyframe_interval, spec.fixed_keyframes) == (60, True)  # mp4, so h264
        spec = resolve(OutputRequest(forced_keyframe_interval=60, fixed_keyframes=True), container="webm")
        assert (spec.forced_keyframe_interval, spec.fixed_keyframes) == (0, False)


class TestNewFilename:
    @pytest.mark.parametrize(
        ("name", "made"),
        [
            ("", "42-hybla.fair.mp4"),
            ("my film", "my film.mp4"),
            ("[OutputMediaAssetID]-mynewfilename", "42-mynewfilename.mp4"),
            ("[SourceMediaFilename]_hd", "hybla.fair_hd.mp4"),
            ("[SourceMediaFilename]", "hybla.fair.mp4"),
            ("film.mp4", "film.mp4.mp4"),
        ],
    )
    def test_variables_are_filled_in_and_the_ending_is_appended(self, name: str, made: str) -> None:
        spec = resolve(new_filename=name)

        assert output_filename(42, "hybla.fair.avi", "mp4", spec.new_filename) == made

    @pytest.mark.parametrize(
        ("name", "word"),
        [
            ("a/b", "'/'"),
            ("a\\b", "separators"),
            ("..", "dot"),
            (".hidden", "dot"),
            ("a ", "space"),
            ("a\x07", "x07"),
            ("a\u202egpm", "u202e"),
            ("[JobID]", "[JobID]"),
            ("[outputmediaassetid]", "[outputmediaassetid]"),
            ("NUL", "Windows"),
            ("com1.backup", "Windows"),
            ("x" * 197, "201 bytes"),
            ("é" * 99, "202 bytes"),
            ("[OutputMediaAssetID]" + "x" * 178, "201 bytes"),
        ],
    )
    def test_what_is_no_safe_name_is_refused(self, name: str, word: str) -> None:
        error = refusal(new_filename=name)

        assert error.field == "new_filename"
        assert word in error.message

    def test_the_source_s_name_is_cut_where_the_whole_would_be_too_long(self) -> None:
        pattern = "[SourceMediaFilename]-[OutputMediaAssetID]-" + "x" * 100
        resolve(new_filename=pattern)

        made = output_filename(10**18, "é" * 150 + ".avi", "mp4", pattern)

        assert len(made.encode()) <= MAX_NAME_BYTES
        assert made.startswith("é" * 30)
        assert made.endswith(f"-{10**18}-{'x' * 100}.mp4")

    def test_a_source_with_a_device_s_name_does_not_give_it_to_the_output(self) -> None:
        assert output_filename(7, "nul.avi", "mp4", "[SourceMediaFilename]") == "7-nul.mp4"

    def test_a_preset_may_name_too(self) -> None:
        preset = OutputRequest(container="mp4", new_filename="[OutputMediaAssetID]")

        assert resolve(preset).new_filename == "[OutputMediaAssetID]"
        assert resolve(preset, new_filename="b").new_filename == "b"


class TestChoiceOfStreams:
    def test_the_one_that_the_file_marks_is_read_else_the_first(self) -> None:
        tracks = (AUDIO, replace(AUDIO, index=2, is_default=True), replace(AUDIO, index=3, is_default=True))

        assert plan(replace(SOURCE, audio=tracks)).inputs[0].audio_index == 2
        assert plan(replace(SOURCE, audio=tracks[:1])).inputs[0].audio_index == 1

    def test_one_that_cannot_be_decoded_is_passed_over_but_may_be_copied(self) -> None:
        odd = replace(AUDIO, codec="ac4", undecodable=True, is_default=True)
        source = replace(SOURCE, audio=(odd, replace(AUDIO, index=2)))

        assert plan(source).inputs[0].audio_index == 2
        with pytest.raises(WorkError) as caught:
            plan(replace(SOURCE, audio=(odd,)))
        assert caught.value.code == ErrorCode.SOURCE_NOT_MEDIA
        assert "ac4" in caught.value.message

    def test_a_video_stream_without_a_packet_is_passed_over(self) -> None:
        source = replace(SOURCE, video=(replace(VIDEO, frames=0), replace(VIDEO, index=4)))

        assert plan(source).inputs[0].video_index == 4


class TestColour:
    def test_what_is_unsaid_goes_by_size_and_is_said_in_the_output(self) -> None:
        small, large = source_colour(VIDEO), source_colour(replace(VIDEO, width=1280, height=544))

        assert (small.matrix, large.matrix, small.range) == ("smpte170m", "bt709", "tv")
        assert output_colour(small, "h264", "mp4", 1920, 1080).matrix == "smpte170m"
        assert output_colour(large, "h264", "mp4", 320, 180).matrix == "bt709"

    def test_an_output_that_cannot_say_it_gets_what_players_assume(self) -> None:
        large = Colour(range="tv", matrix="bt709")

        assert output_colour(large, "mpeg4", "avi", 320, 180).matrix == "smpte170m"
        assert output_colour(Colour(range="tv", matrix="smpte170m"), "mpeg4", "avi", 1280, 720).matrix == "bt709"
        assert output_colour(large, "vp8", "webm", 1280, 720).matrix == "smpte170m"
        assert output_colour(large, "mjpeg", "mov", 1280, 720).range == "pc"

    def test_mp4_says_of_other_codecs_all_of_the_colours_or_none(self) -> None:
        made = output_colour(Colour(range="tv", matrix="bt709"), "mpeg4", "mp4", 320, 180)

        assert (made.matrix, made.primaries, made.transfer) == ("bt709",) * 3

    def test_full_range_and_rgb_become_limited(self) -> None:
        full = source_colour(replace(VIDEO, pix_fmt="yuvj420p"))
        rgb = source_colour(replace(VIDEO, pix_fmt="gbrp", color_range="pc", color_matrix="gbr"))

        assert (full.range, output_colour(full, "h264", "mp4", 640, 360).range) == ("pc", "tv")
        assert (rgb.matrix, output_colour(rgb, "h264", "mp4", 640, 360).matrix) == ("gbr", "smpte170m")

    @pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
    def test_high_dynamic_range_is_mapped(self, transfer: str) -> None:
        track = replace(VIDEO, color_primaries="bt2020", color_transfer=transfer, color_matrix="bt2020nc")
        made = plan(replace(SOURCE, video=(track,)))

        assert made.inputs[0].tone_map
        assert made.video is not None
        assert (made.video.color_matrix, made.video.color_transfer, made.video.color_primaries) == ("bt709",) * 3
        assert any("tonemap" in each for each in colour_filters(made.video, made.inputs[0]))

    def test_wide_gamut_without_high_dynamic_range_is_narrowed_without_mapping(self) -> None:
        track = replace(VIDEO, color_primaries="bt2020", color_transfer="bt2020-10", color_matrix="bt2020nc")
        made = plan(replace(SOURCE, video=(track,)))

        assert not needs_tone_map(source_colour(track))
        assert made.video is not None
        convert, label = colour_filters(made.video, made.inputs[0])
        assert "primariesin=bt2020" in convert
        assert "color_primaries=bt709" in label

    def test_no_name_of_a_file_gets_into_a_filter_unless_it_is_known(self) -> None:
        track = replace(VIDEO, color_primaries="x,movie=y", color_transfer="z", color_matrix="q;", color_range="r")

        assert source_colour(track) == Colour(range="tv", matrix="smpte170m")

    def test_nothing_is_converted_without_need(self) -> None:
        made = plan()

        assert made.video is not None
        assert [each.partition("=")[0] for each in colour_filters(made.video, made.inputs[0])] == ["setparams"]

    def test_a_plan_without_colours_is_left_alone(self) -> None:
        assert colour_filters(VideoPlan(codec="h264", encoder="libx264"), InputPlan()) == []


class TestSound:
    def test_one_channel_is_not_made_quieter(self) -> None:
        assert audio_mix(replace(AUDIO, channels=1), 2) == "same"
        assert mix_filters("same", 2) == ["pan=stereo|c0=c0|c1=c0"]
        assert audio_mix(replace(AUDIO, channels=1), 1) == ""

    def test_channels_that_nobody_named_are_mixed_evenly(self) -> None:
        many = replace(AUDIO, channels=10, channel_layout="unknown")

        assert audio_mix(many, 2) == "even:10"
        assert mix_filters("even:10", 1) == ["pan=mono|c0=" + "+".join(f"0.100000*c{n}" for n in range(10))]

    @pytest.mark.parametrize(("channels", "layout"), [(6, "5.1(side)"), (8, "7.1"), (5, ""), (16, "hexadecagonal")])
    def test_what_has_a_layout_is_left_to_ffmpeg(self, channels: int, layout: str) -> None:
        assert audio_mix(replace(AUDIO, channels=channels, channel_layout=layout), 2) == ""
