"""Outputs really encoded, probed, decoded whole and held against their plan; `test_media_formats` has every format."""

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from encoder_node import command
from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, NONE, gpu_encoders, probed_encoders, scarce_encoders
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.output import OutputRequest, OutputSpec
from reelyard.media.planning import plan_output
from reelyard.media.presets import PRESETS, preset
from reelyard.media.published import SAMPLE_RATES
from reelyard.media.resolve import resolve_output
from reelyard.media.verify import check_output
from tests.integration.media_runs import X264, encode, ingest, make, pictures, probe, run, sound

PAIRS = [
    (code, video, audio)
    for code in ("mp4", "webm", "matroska", "mp3", "m4a")
    for video, audio in itertools.product(
        dict.fromkeys((CONTAINERS[code].default_video, NONE)), dict.fromkeys((CONTAINERS[code].default_audio, NONE))
    )
    if (video, audio) != (NONE, NONE)
]
#: Whose files are what the encoder wrote; images of discs are made of such a file later.
FILES = [code for code, container in CONTAINERS.items() if not container.disc]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1 s of pictures and stereo sound, with tags, a chapter and cover art that no output may take over."""
    folder = tmp_path_factory.mktemp("source")
    cover = make(folder / "cover.png", *pictures(seconds=1), "-frames:v", "1")
    chapters = folder / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=Secret chapter\n")
    return make(
        folder / "source.mp4",
        *(*pictures(seconds=1), *sound(1), "-i", str(cover), "-i", str(chapters)),
        *("-map", "2:v", "-map", "0:v", "-map", "1:a", "-map_chapters", "3", "-map_metadata", "3"),
        *("-c:v:0", "png", "-disposition:v:0", "attached_pic"),
        *("-c:v:1", "libx264", "-preset", "ultrafast", "-pix_fmt:v:1", "yuv420p", "-c:a", "aac", "-ac", "2"),
        *("-metadata", "title=Secret title", "-metadata:s:a:0", "language=deu"),
        *("-metadata:s:v:1", "handler_name=Secret handler"),
    )


@pytest.mark.parametrize(("container", "video", "audio"), PAIRS)
@pytest.mark.parametrize("kbps", [0, 96])
def test_every_pair_encodes_to_its_plan(
    source: Path, tmp_path: Path, container: str, video: str, audio: str, kbps: int
) -> None:
    spec = OutputSpec(
        container=container,
        video_codec=video,
        audio_codec=audio,
        video_bitrate_kbps=kbps if video != NONE else 0,
        audio_bitrate_kbps=kbps if audio != NONE else 0,
    )

    plan, info, ran = encode(source, tmp_path / "out", spec)

    assert len(info.video) == (video != NONE)
    assert len(info.audio) == (audio != NONE)
    if plan.video:
        assert ran.frames == info.video[0].frames == plan.video.frames == 25
        assert info.video[0].pix_fmt == "yuv420p"
    assert abs(info.duration_us - 1_000_000) < 60_000


def _raw_probe(path: Path) -> dict[str, Any]:
    argv = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json", str(path)]
    answer: dict[str, Any] = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
    return answer


@pytest.mark.parametrize("container", FILES)
def test_no_tag_chapter_or_cover_of_the_source_gets_through(source: Path, tmp_path: Path, container: str) -> None:
    entry = CONTAINERS[container]
    spec = OutputSpec(container=container, video_codec=entry.default_video, audio_codec=entry.default_audio)

    encode(source, tmp_path / "out", spec)

    raw = _raw_probe(tmp_path / "out")
    assert raw["chapters"] == []
    assert "ecret" not in json.dumps(raw)
    assert "deu" not in json.dumps(raw)
    assert not any(stream["disposition"]["attached_pic"] for stream in raw["streams"])


@pytest.mark.parametrize("container", ["mp4", "m4a"])
def test_the_index_stands_before_the_data(source: Path, tmp_path: Path, container: str) -> None:
    entry = CONTAINERS[container]

    encode(
        source,
        tmp_path / "out",
        OutputSpec(container=container, video_codec=entry.default_video, audio_codec=entry.default_audio),
    )

    data = (tmp_path / "out").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.fixture(scope="module")
def beep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("beep") / "beep.wav", *sound(0.3), "-ac", "2")


@pytest.mark.parametrize("codec", [c.code for c in AUDIO_CODECS.values() if not c.scarce and c.code != "wmaStandard"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_rate_and_extreme_bitrate_encodes(beep: Path, tmp_path: Path, codec: str, channels: int) -> None:
    info = probe(beep)
    done = set()
    for rate, kbps in itertools.product(SAMPLE_RATES, (8, 1536)):
        spec = OutputSpec(
            container="matroska",
            video_codec=NONE,
            audio_codec=codec,
            sample_rate_hz=rate,
            audio_bitrate_kbps=kbps,
            channels=channels,
        )
        plan = plan_output(spec, [info])
        if plan.audio in done:
            continue  # what was asked is another thing, what is made is the same
        done.add(plan.audio)

        ran = run(command.encode_argv(plan, [beep], tmp_path / "out"))

        assert (ran.status, ran.errors) == (0, []), (rate, kbps)
        check_output(plan, probe(tmp_path / "out"), decode_errors=0, decoded_frames=0)


@pytest.mark.parametrize(("channels", "codec", "got"), [(6, "aac", 6), (8, "aac", 8), (6, "vorbis", 6), (6, "mp3", 2)])
def test_surround_is_kept_where_the_codec_can(tmp_path: Path, channels: int, codec: str, got: int) -> None:
    wide = make(tmp_path / "wide.wav", *sound(1), "-ac", str(channels))

    _, info, _ = encode(wide, tmp_path / "out", OutputSpec(container="matroska", video_codec=NONE, audio_codec=codec))

    assert info.audio[0].channels == got


@pytest.mark.parametrize(
    ("members", "size"),
    [
        ({}, (128, 72)),
        ({"width": 64}, (64, 36)),
        ({"height": 100}, (178, 100)),
        ({"width": 80, "height": 80}, (80, 80)),
    ],
)
@pytest.mark.parametrize("codec", ["h264", "libvpx"])
def test_sizes_come_out_as_planned(
    source: Path, tmp_path: Path, members: dict[str, int], size: tuple[int, int], codec: str
) -> None:
    spec = OutputSpec(container="matroska", video_codec=codec, audio_codec=NONE, **members)

    _, info, _ = encode(source, tmp_path / "out", spec)

    assert (info.video[0].width, info.video[0].height) == size
    assert info.video[0].sample_aspect == "1/1"


def test_turned_and_anamorphic_pictures_come_out_upright_and_square(tmp_path: Path) -> None:
    flat = make(tmp_path / "flat.mp4", *pictures(seconds=1), "-vf", "setsar=64/45", *X264)
    turned = make(tmp_path / "turned.mp4", "-i", str(flat), "-c", "copy", "-metadata:s:v", "rotate=90")
    spec = OutputSpec(container="mp4", video_codec="h264", audio_codec=NONE)

    _, wide, _ = encode(flat, tmp_path / "wide.mp4", spec)
    _, upright, _ = encode(turned, tmp_path / "upright.mp4", spec)

    assert (wide.video[0].width, wide.video[0].height, wide.video[0].sample_aspect) == (182, 72, "1/1")
    assert (upright.video[0].width, upright.video[0].height, upright.video[0].rotation) == (72, 182, 0)


def test_audio_that_starts_late_is_silent_until_then(tmp_path: Path) -> None:
    late = make(
        tmp_path / "late.mkv",
        *(*pictures(), "-itsoffset", "0.5", *sound(1.5), "-map", "0:v", "-map", "1:a", *X264, "-c:a", "flac"),
    )
    spec = OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")

    plan, info, _ = encode(late, tmp_path / "out.mp4", spec)

    assert plan.audio is not None
    assert abs(plan.audio.duration_us - 2_000_000) < 5_000
    assert abs(info.audio[0].duration_us - 2_000_000) < 50_000
    assert info.audio[0].start_us == 0


def test_audio_longer_than_the_video_is_kept_whole(tmp_path: Path) -> None:
    long = make(tmp_path / "long.mp4", *pictures(seconds=1), *sound(2), *X264, "-c:a", "aac")

    plan, info, _ = encode(
        long, tmp_path / "out.mp4", OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")
    )

    assert plan.duration_us == 2_000_000
    assert (info.video[0].frames, info.video[0].duration_us) == (25, 1_000_000)
    assert abs(info.audio[0].duration_us - 2_000_000) < 50_000


@pytest.mark.parametrize("entry", [p for p in PRESETS if p.parameters.container in FILES], ids=lambda p: p.name)
def test_every_built_in_format_works(source: Path, tmp_path: Path, entry: Any) -> None:
    spec = resolve_output(
        OutputRequest(output_format_id=entry.id, height=72 if entry.parameters.height else None), preset(entry.id)
    )

    _, info, _ = encode(source, tmp_path / "out", spec)

    assert info.audio


COPIES = [
    ("mp4", "libx265", "eac3", "ts"),
    ("mp4", "mpeg4", "libmp3lame", "avi"),
    ("mp4", "mpeg2video", "ac3", "mpg"),
    ("mp4", "libx264", "alac", "mov"),
    ("mp4", "mjpeg", "libopus", "mkv"),
    ("webm", "libvpx-vp9", "libopus", "webm"),
    ("webm", "libvpx", "libvorbis", "mkv"),
    ("matroska", "wmv2", "wmav2", "wmv"),
    ("matroska", "flv", "libmp3lame", "flv"),
    ("matroska", "libtheora", "libvorbis", "ogv"),
    ("matroska", "mpeg4", "pcm_s16le", "avi"),
    ("matroska", "libx264", "mp2", "ts"),
    ("matroska", "mpeg1video", "mp2", "mpg"),
    ("matroska", "ffv1", "flac", "mkv"),
    ("m4a", "none", "alac", "m4a"),
    ("m4a", "none", "aac", "aac"),
    ("mp3", "none", "libmp3lame", "mp3"),
]


@pytest.mark.parametrize(("container", "video", "audio", "ending"), COPIES)
def test_streams_are_copied_from_other_containers(
    tmp_path: Path, container: str, video: str, audio: str, ending: str
) -> None:
    with_video = () if video == "none" else (*pictures(), "-c:v", video)
    inputs = (*with_video[:4], *sound(), *with_video[4:], "-pix_fmt", "yuv420p", "-c:a", audio, "-ac", "2")
    original = make(tmp_path / f"source.{ending}", *inputs)
    spec = OutputSpec(container=container, video_codec="none" if video == "none" else "copy", audio_codec="copy")
    before = ingest(original)

    _, info, _ = encode(original, tmp_path / "out", spec)

    assert info.audio[0].codec == before.audio[0].codec
    assert [track.codec for track in info.video] == [track.codec for track in before.video]
    assert [track.frames for track in info.video] == [track.frames for track in before.video]


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_uneven_and_cut_streams_are_copied_too(tmp_path: Path, container: str) -> None:
    keep = "select='if(lt(n,60),not(mod(n,2)),mod(n,3))'"
    uneven = make(tmp_path / "uneven.mp4", *pictures("60"), "-vf", keep, "-fps_mode", "vfr", *X264, "-g", "50")
    cut = make(tmp_path / "cut.mp4", "-ss", "0.5", "-i", str(uneven), "-c", "copy")
    spec = OutputSpec(container=container, video_codec="copy", audio_codec=NONE)

    for original in (uneven, cut):
        plan, info, _ = encode(original, tmp_path / "out", spec)

        assert plan.video is not None
        assert info.video[0].frames == plan.video.frames


def test_a_copy_beside_an_encode(source: Path, tmp_path: Path) -> None:
    spec = OutputSpec(container="matroska", video_codec="copy", audio_codec="vorbis")

    _, info, _ = encode(source, tmp_path / "out", spec)

    assert (info.video[0].codec, info.audio[0].codec) == ("h264", "vorbis")


def test_a_thumbnail_shows_a_picture_in_the_sources_proportions(source: Path, tmp_path: Path) -> None:
    track = probe(source).video[0]

    ran = run(command.thumbnail_argv(source, tmp_path / "t.jpg", video_index=track.index, at_us=100_000))

    assert (ran.status, ran.errors) == (0, [])
    picture = _raw_probe(tmp_path / "t.jpg")["streams"][0]
    assert (picture["width"], picture["height"]) == (128, 72)


def test_a_thumbnail_of_theora_that_moves(tmp_path: Path) -> None:
    """Few of its frames are keyframes; with several threads ffmpeg's decoder calls what it skips an error."""
    theora = make(tmp_path / "moves.ogv", *pictures(seconds=2), "-c:v", "libtheora", "-g", "50")

    ran = run(command.thumbnail_argv(theora, tmp_path / "t.jpg", video_index=0, at_us=0))

    assert (ran.status, ran.errors) == (0, [])
    assert (tmp_path / "t.jpg").stat().st_size > 0


def test_a_thumbnail_of_raw_pictures_that_cant_be_sought_in(tmp_path: Path) -> None:
    raw = make(tmp_path / "raw.h264", *pictures(seconds=1), *X264)

    ran = run(command.thumbnail_argv(raw, tmp_path / "t.jpg", video_index=0, at_us=0))

    assert (ran.status, ran.errors) == (0, [])
    assert (tmp_path / "t.jpg").stat().st_size > 0


def test_a_window_decodes_only_its_part(source: Path) -> None:
    assert run(command.decode_check_argv(source, start_us=200_000, length_us=400_000)).frames == 10


def test_a_cut_source_is_corrupt(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", *pictures(), *sound(), *X264, "-c:a", "aac", "-movflags", "+faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    with pytest.raises(WorkError) as caught:
        ingest(cut)

    assert caught.value.code == ErrorCode.SOURCE_CORRUPT


def test_a_source_of_0_seconds_is_no_media(tmp_path: Path) -> None:
    empty = make(tmp_path / "zero.mp4", *pictures(), "-frames:v", "0", "-c:v", "libx264")

    answer = subprocess.run(command.probe_argv(empty), capture_output=True, check=False)

    if answer.returncode == 0:
        with pytest.raises(WorkError) as caught:
            ingest(empty)
        assert caught.value.code == ErrorCode.SOURCE_NOT_MEDIA
    else:
        assert b"Invalid data" in answer.stderr


def test_a_variable_bitrate_without_a_header_gets_its_real_length(tmp_path: Path) -> None:
    mp3 = make(tmp_path / "vbr.mp3", *sound(4), "-af", "volume=0:enable='lt(t,2)'", "-q:a", "9", "-write_xing", "0")

    info = ingest(mp3)

    assert abs(info.duration_us - 4_000_000) < 300_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsource.ts\n#EXT-X-ENDLIST\n"),
        ("concat.mp4", "ffconcat version 1.0\nfile source.ts\n"),
        ("letter.mp4", "This is a letter, not a film.\n" * 50),
    ],
)
def test_a_file_that_opens_others_is_refused(tmp_path: Path, name: str, text: str) -> None:
    make(tmp_path / "source.ts", *pictures(seconds=1), *X264)
    (tmp_path / name).write_text(text)

    answer = subprocess.run(command.probe_argv(tmp_path / name), capture_output=True, check=False)

    assert answer.returncode != 0


def test_a_picture_too_large_for_the_node_is_not_decoded(tmp_path: Path) -> None:
    big = make(tmp_path / "big.mkv", *pictures(seconds=1, size="8192x8192", rate="1"), "-c:v", "mjpeg")

    ran = run(command.decode_check_argv(big))

    assert ran.frames == 0
    assert ran.errors


def test_the_encoders_of_this_machine_are_found_by_trying() -> None:
    free = set(probed_encoders()) - scarce_encoders() - gpu_encoders()
    for name in sorted(free):
        assert run(command.encoder_probe_argv(name)).status == 0, name
    for name in sorted(scarce_encoders()):
        assert run(command.encoder_probe_argv(name)).status != 0, name
    assert run(command.encoder_probe_argv("h264_no_such")).status != 0


def test_a_runaway_source_is_stopped_after_its_planned_length(tmp_path: Path) -> None:
    """Two frames ten hours apart would be a million frames; the plan of a shorter announcement ends it."""
    two = make(
        tmp_path / "two.mkv", *pictures(rate="1", seconds=2), "-vf", "setpts=N*36000/TB", "-fps_mode", "vfr", *X264
    )
    spec = OutputSpec(container="mp4", video_codec="h264", audio_codec=NONE, frame_rate_id=10000)
    short = plan_output(spec, [ingest(make(tmp_path / "one.mkv", *pictures(seconds=1), *X264))])

    ran = run(command.encode_argv(short, [two], tmp_path / "out.mp4"))

    assert 0 < ran.frames < 200
