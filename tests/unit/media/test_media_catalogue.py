from pathlib import Path

import pytest

from reelyard.media import catalogue
from reelyard.media.document import formats_page
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"


def test_the_formats_page_is_what_the_catalogue_says() -> None:
    assert DOCS.read_text() == formats_page(), "docs/formats.md is stale: its second paragraph says how to make it"


@pytest.mark.parametrize("container", catalogue.CONTAINERS.values(), ids=lambda c: c.code)
def test_a_container_holds_only_known_codecs_and_its_own_defaults(container: catalogue.Container) -> None:
    assert set(container.video_codecs) <= set(catalogue.VIDEO_CODECS)
    assert set(container.audio_codecs) <= set(catalogue.AUDIO_CODECS)
    assert container.default_video in (*container.video_codecs, catalogue.NONE)
    assert container.default_audio in (*container.audio_codecs, catalogue.NONE)
    assert container.default_video != container.default_audio, "nothing would be made"


@pytest.mark.parametrize("container", catalogue.CONTAINERS.values(), ids=lambda c: c.code)
def test_what_a_container_gets_encoded_it_may_also_copy(container: catalogue.Container) -> None:
    video = {catalogue.VIDEO_CODECS[c].codec_name for c in container.video_codecs}
    audio = {catalogue.AUDIO_CODECS[c].codec_name for c in container.audio_codecs}

    assert video <= container.copy_video or not container.copies
    assert audio <= container.copy_audio or not container.copies
    assert container.copies or not container.copy_video | container.copy_audio


#: The valid values that the published API lists; "copy" and "none" are no codecs of the catalogue.
PUBLISHED_CONTAINERS = {
    *("3g2", "3gp", "avi", "dvd-ntsc-iso", "dvd-ntsc-mpg", "dvd-pal-iso", "dvd-pal-mpg", "fl9", "flv"),
    *("matroska", "mov", "mp4", "mpegts", "mxf", "ogg", "webm", "wmv", "wmv9"),
    *("mjpeg", "mpeg2video"),  # video alone
    *("aac", "flac", "m4a", "mp3", "wav", "wma"),  # audio alone
}
PUBLISHED_VIDEO_CODECS = {
    *("flv", "h263", "h264", "h264base", "huffyuv", "libtheora", "libvpx", "mjpeg"),
    *("mpeg1video", "mpeg2video", "mpeg4", "mpgNtscDvd", "mpgPalDvd", "VC-1", "VC-1Adv", "VC-1Simple"),
    *("wmv1", "wmv2", "xvid"),
}
PUBLISHED_AUDIO_CODECS = {
    *("aac", "ac3", "amr-nb", "flac", "mp2", "mp3", "pcm-s16BE", "pcm-s16LE", "pcm-u8"),
    *("vorbis", "wmaLossless", "wmaProfessional", "wmaStandard", "wmav2", "wmaVoice"),
}


def test_every_code_that_the_api_publishes_is_there() -> None:
    assert set(catalogue.CONTAINERS) >= PUBLISHED_CONTAINERS
    assert set(catalogue.VIDEO_CODECS) >= PUBLISHED_VIDEO_CODECS
    assert set(catalogue.AUDIO_CODECS) >= PUBLISHED_AUDIO_CODECS


@pytest.mark.parametrize("container", catalogue.CONTAINERS.values(), ids=lambda c: c.code)
def test_a_limit_of_a_container_leaves_each_of_its_codecs_something(container: catalogue.Container) -> None:
    for code in container.audio_codecs:
        codec = catalogue.AUDIO_CODECS[code]
        assert any(container.holds_sample_rate(codec.codec_name, rate) for rate in codec.sample_rates)
    for code in container.video_codecs:
        rates = catalogue.VIDEO_CODECS[code].frame_rates
        assert not rates or not container.frame_rates or set(rates) & set(container.frame_rates)


def test_every_codec_fits_in_a_container() -> None:
    held = {code for c in catalogue.CONTAINERS.values() for code in (*c.video_codecs, *c.audio_codecs)}

    assert held == {*catalogue.VIDEO_CODECS, *catalogue.AUDIO_CODECS}


def test_what_keyframes_an_encoder_promises_it_has_arguments_for() -> None:
    for codec in catalogue.VIDEO_CODECS.values():
        for encoder in codec.encoders:
            assert bool(encoder.fixed_keyframe_arguments) == encoder.fixed_keyframes, encoder.name
            assert encoder.forced_keyframes or not encoder.fixed_keyframes, encoder.name


def test_codecs_without_a_free_encoder_are_marked() -> None:
    assert catalogue.scarce_encoders() == {"vc1", "wmv3", "wmalossless", "wmapro", "wmavoice"}


def test_every_video_codec_ends_with_a_software_encoder() -> None:
    for codec in catalogue.VIDEO_CODECS.values():
        assert not codec.encoders[-1].hardware
        assert all(catalogue.video_encoder(codec.code, e.name) is e for e in codec.encoders)


def test_nodes_try_out_every_encoder_and_both_of_nvidia() -> None:
    probed = set(catalogue.probed_encoders())

    assert {"aac", "h264_nvenc", "hevc_nvenc", "libmp3lame", "libvorbis", "libvpx", "libx264", "libx265"} <= probed
    assert catalogue.scarce_encoders() <= probed, "a node with a build of its own tells so"
    assert catalogue.gpu_encoders() == {"h264_nvenc", "hevc_nvenc"}


@pytest.mark.parametrize(
    ("format_name", "filename", "words"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "", "MPEG-4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "holiday.MOV", "QuickTime"),
        ("matroska,webm", "a.mkv", "Matroska"),
        ("matroska,webm", "a.webm", "WebM"),
        ("avi", "a.webm", "AVI"),
        ("mpeg", "BMP2_PSP.vob", "MPEG-PS"),
        ("mpegts", "", "MPEG-TS"),
        ("flv", "", "Flash Video"),
        ("asf", "", "Windows Media"),
        ("wav", "", "Wave"),
        ("unheard_of", "", "unheard_of"),
    ],
)
def test_containers_are_shown_in_words(format_name: str, filename: str, words: str) -> None:
    assert catalogue.container_display(format_name, filename) == words


def test_codecs_are_shown_in_words() -> None:
    assert catalogue.video_codec_display("h264") == "AVC"
    assert catalogue.video_codec_display("vp8") == "VP8"
    assert catalogue.video_codec_display("new") == "new"
    assert catalogue.audio_codec_display("ac3") == "AC-3"
    assert catalogue.audio_codec_display("mp3") == "MPEG Audio"
    assert catalogue.audio_codec_display("pcm_s16le") == "PCM"


def test_the_catalogue_and_the_words_agree() -> None:
    for video in catalogue.VIDEO_CODECS.values():
        assert catalogue.video_codec_display(video.codec_name) == video.display
    for audio in catalogue.AUDIO_CODECS.values():
        assert catalogue.audio_codec_display(audio.codec_name) == audio.display


@pytest.mark.parametrize(
    ("container", "filename", "has_video", "mime_type"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "a.mp4", True, "video/mp4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "a.mov", True, "video/quicktime"),
        ("mov,mp4,m4a,3gp,3g2,mj2", "a.m4a", False, "audio/mp4"),
        ("avi", "jkhkj.avi", True, "video/avi"),
        ("mpeg", "BMP2_PSP.vob", True, "video/mpeg"),
        ("matroska,webm", "a.webm", True, "video/webm"),
        ("mp3", "noname", False, "audio/mpeg"),
        ("unheard_of", "a.bin", True, "application/octet-stream"),
    ],
)
def test_an_input_has_a_mime_type(container: str, filename: str, has_video: bool, mime_type: str) -> None:
    video = (VideoTrack(index=0, codec="h264"),) if has_video else ()
    info = MediaInfo(container=container, video=video, audio=(AudioTrack(index=1, codec="aac"),))

    assert catalogue.mime_type_for(info, filename) == mime_type


def test_an_output_without_video_has_an_audio_mime_type() -> None:
    assert catalogue.output_mime_type("webm", has_video=True) == "video/webm"
    assert catalogue.output_mime_type("webm", has_video=False) == "audio/webm"
