"""Images of DVDs: made by the encode stage, read back and decoded by the store stage, with the real programs."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from encoder_node.dvd import read_title
from encoder_node.failures import Phase
from encoder_node.iso_image import ImageError, files_of
from encoder_node.stages.encode import EncodeStage
from encoder_node.stages.store import StoreStage
from encoder_node.stop import StopSignal
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import EncodeResult, EncodeSource, EncodeWork, StoreWork, TaskKind
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.output import OutputSpec
from reelyard.media.planning import plan_output
from tests.integration.media_runs import X264, make, pictures, sound
from tests.integration.node_peers import TOOLS, new_attempt


def encoded(
    tmp_path: Path, container: str, codec: str, *, silent: bool = False
) -> tuple[EncodeWork, EncodeResult, FolderStore]:
    clip = tmp_path / "clip.mp4"
    beep = () if silent else (*sound(1), "-c:a", "aac", "-ac", "2")
    make(clip, *pictures(seconds=1), *beep[:4], *X264, *beep[4:])
    info = TOOLS.probe(clip, folder=tmp_path, stop=StopSignal(), phase=Phase.SOURCE)
    store = FolderStore(tmp_path / "store")
    stored = store.put_file("ingest/3/7/1/source", clip, mime_type="video/mp4")
    plan = plan_output(OutputSpec(container=container, video_codec=codec, audio_codec="ac3"), [info])
    work = EncodeWork(plan=plan, sources=(EncodeSource(object=stored, info=info),))
    attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/3/8/1/")
    return work, EncodeStage(TOOLS).run(attempt), store


@pytest.mark.parametrize(
    ("container", "codec", "silent", "size", "frames"),
    [
        ("dvd-pal-iso", "mpgPalDvd", False, (720, 576), 25),
        ("dvd-ntsc-iso", "mpgNtscDvd", True, (720, 480), 30),
    ],
)
def test_an_image_is_made_read_back_and_decoded(
    tmp_path: Path, container: str, codec: str, silent: bool, size: tuple[int, int], frames: int
) -> None:
    work, result, store = encoded(tmp_path, container, codec, silent=silent)
    part = result.part
    image = store.local_path(part.object.key)
    assert image is not None

    attempt = new_attempt(
        TaskKind.STORE,
        StoreWork(output_media_id=1, plan=work.plan, parts=(part,)),
        folder=tmp_path / "stored",
        store=store,
        prefix="job/3/9/1/",
    )
    stored = StoreStage(TOOLS, 15).run(attempt)

    assert part.object.mime_type == "application/x-iso9660-image"
    assert part.object.key.endswith("output.iso")
    assert (part.info.container, part.info.size_bytes) == ("iso9660", image.stat().st_size)
    assert (part.info.video[0].width, part.info.video[0].height) == size
    assert part.info.video[0].frames == frames
    assert [track.codec for track in part.info.audio] == ([] if silent else ["ac3"])
    assert stored.thumbnail is not None
    assert b"NSR0" in image.read_bytes()[: 2**20], "the image is UDF too"
    listing = subprocess.run(["isoinfo", "-f", "-i", str(image)], capture_output=True, text=True, check=True).stdout
    assert {f"/{file.path};1" for file in files_of(image)} == {
        line for line in listing.splitlines() if line.endswith(";1")
    }


def test_what_is_read_back_is_the_authored_stream(tmp_path: Path) -> None:
    _, result, store = encoded(tmp_path, "dvd-pal-iso", "mpgPalDvd")
    image = store.local_path(result.part.object.key)
    assert image is not None

    read_title(image, tmp_path / "title.mpg", StopSignal())

    raw = subprocess.run(
        ["isoinfo", "-i", str(image), "-x", "/VIDEO_TS/VTS_01_1.VOB;1"], capture_output=True, check=True
    ).stdout
    assert (tmp_path / "title.mpg").read_bytes() == raw
    info = TOOLS.probe(tmp_path / "title.mpg", folder=tmp_path, stop=StopSignal(), phase=Phase.OUTPUT)
    assert info.video[0].frames == 25


def test_a_damaged_image_is_no_success(tmp_path: Path) -> None:
    work, result, store = encoded(tmp_path, "dvd-pal-iso", "mpgPalDvd")
    image = store.local_path(result.part.object.key)
    assert image is not None
    cut = tmp_path / "cut.iso"
    (title,) = (file for file in files_of(image) if file.path.endswith("VTS_01_1.VOB"))
    cut.write_bytes(image.read_bytes()[: title.offset + title.size // 2])
    stored = store.put_file("job/3/8/2/output.iso", cut, mime_type="application/x-iso9660-image")
    part = replace(result.part, object=stored)
    attempt = new_attempt(
        TaskKind.STORE,
        StoreWork(output_media_id=1, plan=work.plan, parts=(part,)),
        folder=tmp_path / "stored",
        store=store,
        prefix="job/3/9/1/",
    )

    with pytest.raises(WorkError, match=r"The image ends within VIDEO_TS/VTS_01_1\.VOB") as refused:
        StoreStage(TOOLS, 15).run(attempt)

    assert refused.value.code == ErrorCode.ENCODE_FAILED


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    other = make(tmp_path / "other.mp4", *pictures(seconds=1), *X264)

    with pytest.raises(ImageError, match="no ISO 9660 image"):
        files_of(other)
    with pytest.raises(WorkError, match="can't be read back"):
        read_title(other, tmp_path / "title.mpg", StopSignal())
