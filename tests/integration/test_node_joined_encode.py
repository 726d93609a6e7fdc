"""The encode stage with several sources and an image, fetched from a store of another machine."""

from pathlib import Path

import pytest

from encoder_node.stages.encode import EncodeStage
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import EncodeSource, EncodeWork, TaskKind
from reelyard.media.output import OutputSpec
from reelyard.media.planning import plan_output
from tests.integration.media_runs import X264, ingest, make, pixels
from tests.integration.node_peers import TOOLS, RemoteStore, new_attempt


@pytest.mark.parametrize("kind", [FolderStore, RemoteStore])
def test_each_source_and_the_image_are_told_apart(kind: type[FolderStore], tmp_path: Path) -> None:
    """The names of stored sources all end alike."""
    store, sources = kind(tmp_path / "store"), []
    for number, colour in enumerate(("black", "gray"), start=1):
        clip = make(tmp_path / f"{colour}.mp4", "-f", "lavfi", "-i", f"color={colour}:s=64x64:r=25:d=0.2", *X264)
        stored = store.put_file(f"ingest/{number}/1/1/source", clip, mime_type="video/mp4")
        sources.append(EncodeSource(object=stored, info=ingest(clip)))
    logo = make(tmp_path / "l.png", "-f", "lavfi", "-i", "color=white:s=8x8,format=rgba", "-frames:v", "1")
    spec = OutputSpec(
        container="mp4",
        video_codec="h264",
        audio_codec="aac",
        overlay_image_url="https://example.com/l.png",
        overlay_offset_from="TopLeft",
    )
    plan = plan_output(spec, [each.info for each in sources])
    work = EncodeWork(
        plan=plan,
        sources=tuple(sources),
        overlay=store.put_file("job/3/7/1/source", logo, mime_type="image/png"),
    )
    attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/3/8/1/")

    result = EncodeStage(TOOLS).run(attempt)

    store.fetch(result.part.object.key, tmp_path / "out.mp4")
    pictures = pixels(tmp_path / "out.mp4")
    assert [picture.at(40, 40)[0] > 64 for picture in pictures] == [False] * 5 + [True] * 5
    assert all(picture.at(3, 3)[0] > 190 for picture in pictures)
