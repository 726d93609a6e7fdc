"""Over lines that ffmpeg 5.1 wrote to `-progress pipe:1`."""

import pytest

from encoder_node.progress import ProgressReader

FIRST_BLOCK = """frame=0
fps=0.00
stream_0_0_q=0.0
bitrate=N/A
total_size=48
out_time_us=N/A
out_time_ms=N/A
out_time=N/A
dup_frames=0
drop_frames=0
speed=N/A
progress=continue"""

LAST_BLOCK = """frame=50
fps=0.00
stream_0_0_q=-1.0
bitrate= 125.6kbits/s
total_size=31903
out_time_us=2032000
out_time_ms=2032000
out_time=00:00:02.032000
dup_frames=0
drop_frames=0
speed=12.3x
progress=end"""


def feed(reader: ProgressReader, block: str) -> list[bool]:
    return [reader.feed(line + "\n") for line in block.splitlines()]


def test_the_first_block_may_know_nothing() -> None:
    reader = ProgressReader()

    assert True not in feed(reader, FIRST_BLOCK.replace("total_size=48", "total_size=N/A"))
    assert (reader.frames, reader.out_time_us, reader.ended) == (0, 0, False)


def test_the_last_block_ends_it() -> None:
    reader = ProgressReader()
    feed(reader, FIRST_BLOCK)
    feed(reader, LAST_BLOCK)

    assert (reader.frames, reader.out_time_us, reader.total_bytes, reader.ended) == (50, 2_032_000, 31903, True)


def test_the_same_block_again_is_no_progress() -> None:
    reader = ProgressReader()
    block = LAST_BLOCK.replace("progress=end", "progress=continue")

    assert True in feed(reader, block)
    assert True not in feed(reader, block)


def test_each_block_is_told() -> None:
    told: list[int] = []
    reader = ProgressReader(lambda r: told.append(r.frames))
    feed(reader, FIRST_BLOCK)
    feed(reader, LAST_BLOCK)

    assert told == [0, 50]


@pytest.mark.parametrize(
    ("frames", "duration_us", "expected"),
    [(100, 0, 500), (100, 9_999_999, 500), (0, 4_064_000, 500), (0, 0, 0), (50, 0, 999), (10, 0, 999)],
)
def test_permille_is_by_frames_else_by_time_and_never_done(frames: int, duration_us: int, expected: int) -> None:
    reader = ProgressReader()
    feed(reader, LAST_BLOCK)

    assert reader.permille(frames=frames, duration_us=duration_us) == expected
