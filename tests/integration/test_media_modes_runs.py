"""Two passes, keyframes, tags and downmix, really run and read back."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from encoder_node.command import encode_argv
from encoder_node.encoder_options import PassRun
from encoder_node.failures import Phase
from encoder_node.lease import HeldTask
from encoder_node.stages.encode import EncodeStage
from encoder_node.stop import StopSignal
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import EncodeResult, EncodeSource, EncodeWork, TaskKind
from reelyard.media.catalogue import CONTAINERS, VIDEO_CODECS
from reelyard.media.mode_members import can_fix_keyframes, can_force_keyframes, can_two_pass, longest_interval
from reelyard.media.output import OutputRequest, OutputSpec
from reelyard.media.planning import plan_output
from reelyard.media.resolve import resolve_output
from tests.integration.media_runs import encode, ingest, make, probe
from tests.integration.node_peers import TOOLS, new_attempt

#: Every codec that can be encoded, each in a container that takes it.
HOMES = {
    codec: next(
        container.code
        for container in (CONTAINERS["matroska"], *CONTAINERS.values())
        if codec in container.video_codecs
    )
    for codec in VIDEO_CODECS
}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of pictures that change altogether at frames 13, 31 and 52: an encoder wants keyframes there."""
    cuts = "testsrc2=s=96x64:r=25:d=3,negate=enable='between(n,13,30)',hue=h=90:enable='gte(n,52)'"
    scene = f"{cuts},vflip=enable='between(n,31,51)'"
    argv = ("-f", "lavfi", "-i", scene, "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    return make(tmp_path_factory.mktemp("scenes") / "scenes.mkv", *argv)


def spec(container: str, codec: str, **members: Any) -> OutputSpec:
    request = {"output_format_id": 0, "container": container, "video_codec": codec, "audio_codec": "none"} | members
    return resolve_output(OutputRequest(**request), None)


def keyframes(path: Path) -> list[int]:
    """The numbers of the frames that a player can start at, in the order in which they are shown."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=key_frame", "-of", "json"]
    frames = json.loads(subprocess.run([*argv, str(path)], capture_output=True, check=True).stdout)["frames"]
    return [number for number, frame in enumerate(frames) if frame["key_frame"]]


@pytest.mark.parametrize("codec", [code for code, codec in VIDEO_CODECS.items() if can_force_keyframes(codec)])
def test_forced_keyframes_stand_at_every_multiple(scenes: Path, tmp_path: Path, codec: str) -> None:
    every = min(20, longest_interval(VIDEO_CODECS[codec]))

    _, info, _ = encode(scenes, tmp_path / "out", spec(HOMES[codec], codec, forced_keyframe_interval=every))

    assert set(range(0, info.video[0].frames, every)) <= set(keyframes(tmp_path / "out"))


@pytest.mark.parametrize("codec", [code for code, codec in VIDEO_CODECS.items() if can_fix_keyframes(codec)])
@pytest.mark.parametrize("kbps", [0, 2000])
def test_fixed_keyframes_stand_nowhere_else(scenes: Path, tmp_path: Path, codec: str, kbps: int) -> None:
    every = min(20, longest_interval(VIDEO_CODECS[codec]))
    members = {"forced_keyframe_interval": every, "fixed_keyframes": True, "video_bitrate_kbps": kbps}
    wanted = spec(HOMES[codec], codec, **members)

    _, info, _ = encode(scenes, tmp_path / "out", wanted)

    assert keyframes(tmp_path / "out") == list(range(0, info.video[0].frames, every))


def test_scene_cuts_get_keyframes_of_their_own_unless_fixed(scenes: Path, tmp_path: Path) -> None:
    encode(scenes, tmp_path / "out", spec("mp4", "h264", forced_keyframe_interval=20))

    assert set(keyframes(tmp_path / "out")) > {0, 20, 40, 60}


class Steps(HeldTask):
    """Remembers what was reported."""

    def __init__(self, held: HeldTask) -> None:
        self.__dict__ = held.__dict__
        self.permilles: list[int] = []

    def report(self, *, permille: int = 0, **others: Any) -> None:
        self.permilles.append(permille)
        super().report(permille=permille, **others)


def staged(source: Path, wanted: OutputSpec, tmp_path: Path) -> tuple[EncodeResult, list[int], FolderStore]:
    """As a node does it: the encode stage over a folder store."""
    store = FolderStore(tmp_path / "store")
    info = TOOLS.probe(source, folder=tmp_path, stop=StopSignal(), phase=Phase.SOURCE)
    copy = tmp_path / "copy"
    copy.write_bytes(source.read_bytes())
    stored = store.put_file("ingest/1/1/1/source", copy, mime_type="video/x-matroska")
    work = EncodeWork(plan=plan_output(wanted, [info]), sources=(EncodeSource(object=stored, info=info),))
    attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/1/1/1/")
    steps = Steps(attempt.held)
    result = EncodeStage(TOOLS).run(replace(attempt, held=steps))
    return result, steps.permilles, store


@pytest.mark.parametrize("codec", [code for code, codec in VIDEO_CODECS.items() if can_two_pass(codec)])
def test_two_passes_leave_one_output_and_a_log_in_the_attempts_folder(scenes: Path, tmp_path: Path, codec: str) -> None:
    wanted = spec(HOMES[codec], codec, two_pass=True, video_bitrate_kbps=2000)

    result, permilles, store = staged(scenes, wanted, tmp_path)

    assert result.part.info.video[0].frames >= 75
    assert list(tmp_path.glob("encode/twopass-0.log"))
    assert [key for key in store.list_keys("job/") if "twopass" in key] == []
    assert permilles == sorted(permilles)
    assert 350 in permilles or any(300 <= each <= 350 for each in permilles)
    assert permilles[-1] > 900


def test_the_second_pass_uses_what_the_first_found(scenes: Path, tmp_path: Path) -> None:
    """x264 says in the stream which way it went about the bitrate."""
    wanted = spec("mp4", "h264", two_pass=True, video_bitrate_kbps=200)

    result, _, store = staged(scenes, wanted, tmp_path)

    local = store.local_path(result.part.object.key)
    assert local is not None
    assert b"bitrate=200" in (tmp_path / "encode" / "twopass-0.log").read_bytes()
    assert b"rc=2pass" in local.read_bytes()


def test_a_second_pass_that_misses_its_log_fails_loudly(scenes: Path, tmp_path: Path) -> None:

    plan = plan_output(spec("mp4", "h264", two_pass=True, video_bitrate_kbps=200), [ingest(scenes)])
    argv = encode_argv(plan, [scenes], tmp_path / "out.mp4", pass_run=PassRun(number=2, log=tmp_path / "none"))

    assert subprocess.run(argv, capture_output=True, check=False).returncode != 0


TAGS = {
    "mp4": "title=My%20T%C3%AFtle&artist=A+%26+B&album=-y%20-i%20x&date=2024&track=3/12&comment=a%3Bb%3Dc'%22",
    "m4a": "title=My%20T%C3%AFtle&album_artist=AA&composer=C&lyrics=la&disc=1&copyright=me",
    "matroska": "title=My%20T%C3%AFtle&mood=dark&Own_Key=1",
    "webm": "title=My%20T%C3%AFtle&artist=A&Own_Key=1",
    "mp3": "title=My%20T%C3%AFtle&artist=A&album=B&date=2024&genre=Jazz&mood=dark",
}


@pytest.mark.parametrize("container", TAGS)
def test_tags_are_read_back_as_they_were_given(scenes: Path, tmp_path: Path, container: str) -> None:
    entry = CONTAINERS[container]
    sound = ("-f", "lavfi", "-i", "sine=d=1:r=48000", "-metadata", "title=Secret", "-c:v", "copy", "-c:a", "flac")
    source = make(tmp_path / "source.mkv", "-i", str(scenes), *sound, "-t", "1")
    wanted = resolve_output(OutputRequest(output_format_id=0, container=container, metadata=TAGS[container]), None)

    plan, _, _ = encode(source, tmp_path / f"out.{entry.extension}", wanted)

    found = _tags(tmp_path / f"out.{entry.extension}")
    assert len(plan.tags) == TAGS[container].count("&") + 1
    assert {tag.name.lower(): found.get(tag.name.lower()) for tag in plan.tags} == {
        tag.name.lower(): tag.value for tag in plan.tags
    }
    assert "Secret" not in found.values()


def _tags(path: Path) -> dict[str, str]:
    argv = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", str(path)]
    answer = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
    found = dict(answer["format"].get("tags", {}))
    for stream in answer.get("streams", []):
        found = dict(stream.get("tags", {})) | found
    return {name.lower(): value for name, value in found.items()}


#: What is left and right of a full-scale tone in each channel of 5.1, before the whole is brought down so that all
#: together can't clip: front at 1, centre and surround at 0.707, the LFE channel left out.
MIX = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (0.707, 0.707),
    "LFE": (0.0, 0.0),
    "BL": (0.707, 0.0),
    "BR": (0.0, 0.707),
}
SUM = 1 + 0.707 + 0.707


def peaks(path: Path) -> list[float]:
    """The highest sample of each channel, of 1."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    data = subprocess.run(argv, capture_output=True, check=True).stdout
    samples = memoryview(data).cast("f")
    channels = probe(path).audio[0].channels
    # Not the first tenth of a second, in which codecs and resamplers settle.
    return [max(abs(value) for value in samples[4800 * channels + n :: channels]) for n in range(channels)]


def tones(path: Path, channels: Sequence[str], layout: str, level: float = 0.9) -> Path:
    """A tone in each of the channels that are named, silence in the others."""
    names = {"5.1": list(MIX), "7.1": ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]}[layout]
    wave = "|".join(f"{level}*sin(2*PI*440*t)" if name in channels else "0" for name in names)
    return make(path, "-f", "lavfi", "-i", f"aevalsrc={wave}:d=0.5:s=48000:c={layout}", "-c:a", "pcm_f32le")


def mixed(source: Path, tmp_path: Path, channels: int) -> list[float]:
    """The peaks of an output of that source."""
    wanted = OutputSpec(
        container="matroska", video_codec="none", audio_codec="aac", channels=channels, audio_bitrate_kbps=256
    )
    encode(source, tmp_path / "out.mkv", wanted)
    return peaks(tmp_path / "out.mkv")


@pytest.mark.parametrize("channel", MIX)
def test_every_channel_of_surround_is_where_it_belongs_in_stereo(tmp_path: Path, channel: str) -> None:
    found = mixed(tones(tmp_path / "one.wav", [channel], "5.1"), tmp_path, 2)

    assert found == pytest.approx([gain * 0.9 / SUM for gain in MIX[channel]], abs=0.03)


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
@pytest.mark.parametrize("channels", [1, 2])
def test_all_channels_at_full_scale_do_not_clip(tmp_path: Path, layout: str, channels: int) -> None:
    everything = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]

    found = mixed(tones(tmp_path / "all.wav", everything, layout, level=1.0), tmp_path, channels)

    assert 0.85 < max(found) <= 1.03  # AAC itself overshoots by a little


def test_mono_is_as_loud_in_stereo(tmp_path: Path) -> None:
    source = make(tmp_path / "mono.wav", "-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*440*t):d=0.5:s=48000")

    assert mixed(source, tmp_path, 2) == pytest.approx([0.5, 0.5], abs=0.03)


@pytest.mark.parametrize("count", [9, 12])
def test_channels_that_nobody_named_are_all_heard(tmp_path: Path, count: int) -> None:
    for sounding in (0, count - 1):
        wave = "|".join("sin(2*PI*440*t)" if n == sounding else "0" for n in range(count))
        source = make(tmp_path / "many.wav", "-f", "lavfi", "-i", f"aevalsrc={wave}:d=0.5:s=48000")

        assert mixed(source, tmp_path, 2) == pytest.approx([1 / count] * 2, abs=0.03)


def test_names_of_pass_logs_are_ffmpegs_own(scenes: Path, tmp_path: Path) -> None:
    """ffmpeg numbers the logs by output stream: the picture is the first in both passes, whatever follows it."""

    wav = make(tmp_path / "av.mkv", "-i", str(scenes), "-f", "lavfi", "-i", "sine=d=3", "-c:v", "copy")
    wanted = resolve_output(
        OutputRequest(output_format_id=0, container="mp4", two_pass=True, video_bitrate_kbps=200), None
    )
    plan = plan_output(wanted, [ingest(wav)])
    for number in (1, 2):
        run = PassRun(number=number, log=tmp_path / "log")
        done = subprocess.run(
            encode_argv(plan, [wav], tmp_path / "out.mp4", pass_run=run), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")

    assert re.fullmatch(r"log-0\.log(\.mbtree)?", min(each.name for each in tmp_path.glob("log*")))
    assert len(probe(tmp_path / "out.mp4").audio) == 1
