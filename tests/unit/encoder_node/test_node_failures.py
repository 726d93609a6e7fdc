"""Over complaints that ffmpeg and ffprobe really printed (5.1 to 9.0)."""

import pytest

from encoder_node.failures import Phase, SessionFailure, classify, is_the_machines, out_of_memory, session_failure
from reelyard.media.errors import ErrorCode

E = ErrorCode


@pytest.mark.parametrize(
    ("line", "source", "encode", "output"),
    [
        (
            "file:/s/source: Invalid data found when processing input",
            E.SOURCE_NOT_MEDIA,
            E.SOURCE_CORRUPT,
            E.ENCODE_FAILED,
        ),
        (
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55] moov atom not found",
            E.SOURCE_CORRUPT,
            E.SOURCE_CORRUPT,
            E.ENCODE_FAILED,
        ),
        ("[png_pipe @ 0x5] Format not on whitelist 'mov'", E.SOURCE_NOT_MEDIA, E.SOURCE_NOT_MEDIA, E.ENCODE_FAILED),
        ("[hls @ 0x5] Format not on whitelist 'mov,mp4'", E.SOURCE_NOT_MEDIA, E.SOURCE_NOT_MEDIA, E.ENCODE_FAILED),
        (
            "[concat @ 0x5] Unsafe file name '/etc/passwd'",
            E.SOURCE_NOT_MEDIA,
            E.SOURCE_NOT_MEDIA,
            E.ENCODE_FAILED,
        ),
        (
            "[png @ 0x5] Picture size 15000x15000 exceeds specified max pixel count 40000000",
            E.SOURCE_TOO_LARGE,
            E.SOURCE_TOO_LARGE,
            E.ENCODE_FAILED,
        ),
        ("Unknown encoder 'libx265'", E.ENCODE_FAILED, E.ENCODE_FAILED, E.ENCODE_FAILED),
        ("prlimit: failed to execute ffmpeg: No such file or directory", *(E.ENCODE_FAILED,) * 3),
        (
            "[webm @ 0x5] Only VP8 or VP9 or AV1 video and Vorbis or Opus audio are supported for WebM.",
            E.INCOMPATIBLE_FORMAT,
            E.INCOMPATIBLE_FORMAT,
            E.ENCODE_FAILED,
        ),
        (
            "[mpeg2video @ 0x5] [lavc rc] Error: bitrate too low for this video with these parameters.",
            E.INCOMPATIBLE_FORMAT,
            E.INCOMPATIBLE_FORMAT,
            E.ENCODE_FAILED,
        ),
        ("Stream map '0:5' matches no streams.", E.SOURCE_NOT_MEDIA, E.SOURCE_NOT_MEDIA, E.ENCODE_FAILED),
        ("av_interleaved_write_frame(): No space left on device", *(E.ENCODE_FAILED,) * 3),
        ("[libx264 @ 0x5] malloc of size 1000 failed: Cannot allocate memory", *(E.ENCODE_FAILED,) * 3),
        ("file:/s/source: No such file or directory", *(E.STORAGE_FAILED,) * 3),
        ("file:/s/source: Input/output error", *(E.STORAGE_FAILED,) * 3),
    ],
)
def test_a_complaint_has_a_code_in_each_phase(
    line: str, source: ErrorCode, encode: ErrorCode, output: ErrorCode
) -> None:
    codes = [classify(["something before", line], 1, phase=phase).code for phase in Phase]

    assert codes == [source, encode, output]


@pytest.mark.parametrize(
    "line",
    [
        "[h264_nvenc @ 0x5] Cannot load libcuda.so.1",
        "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: out of memory (10): (no details)",
        "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: incompatible client key (21)",
        "[h264_nvenc @ 0x5] No capable devices found",
        "[h264_nvenc @ 0x5] Driver does not support the required nvenc API version. Required: 13.1 Found: 13.0",
        "[AVHWDeviceContext @ 0x5] CUDA_ERROR_OUT_OF_MEMORY",
    ],
)
def test_the_gpu_is_blamed_for_its_own_failures(line: str) -> None:
    failure = classify([line, "Error initializing output stream 0:0 -- Conversion failed!"], 1, phase=Phase.ENCODE)

    assert failure.code is ErrorCode.ENCODE_FAILED
    assert "GPU" in failure.message


def test_the_complaint_weighs_more_than_the_exit_status() -> None:
    assert classify(["Unknown encoder 'x'"], 69, phase=Phase.ENCODE).code is ErrorCode.ENCODE_FAILED


@pytest.mark.parametrize(
    ("status", "phase", "code", "word"),
    [
        (69, Phase.ENCODE, E.SOURCE_CORRUPT, "decoded"),
        (183, Phase.ENCODE, E.SOURCE_CORRUPT, "decoded"),
        (69, Phase.OUTPUT, E.ENCODE_FAILED, "status 69"),
        (228, Phase.ENCODE, E.ENCODE_FAILED, "disk"),
        (-25, Phase.ENCODE, E.ENCODE_FAILED, "disk"),
        (153, Phase.ENCODE, E.ENCODE_FAILED, "disk"),
        (-9, Phase.ENCODE, E.ENCODE_FAILED, "memory"),
        (137, Phase.ENCODE, E.ENCODE_FAILED, "memory"),
        (-11, Phase.ENCODE, E.ENCODE_FAILED, "signal 11"),
        (1, Phase.ENCODE, E.ENCODE_FAILED, "status 1"),
        (1, Phase.SOURCE, E.SOURCE_NOT_MEDIA, "decoded"),
    ],
)
def test_without_a_known_complaint_the_exit_status_decides(
    status: int, phase: Phase, code: ErrorCode, word: str
) -> None:
    failure = classify(["no line that we know"], status, phase=phase)

    assert failure.code is code
    assert word in failure.message


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("status", [-9, 137, -15, -2, -25, 153, 255])
def test_what_was_ended_from_outside_is_never_the_sources_fault(status: int, phase: Phase) -> None:
    """A source with a scratch that is tolerated has made ffmpeg complain before somebody killed it."""
    scratch = "[h264 @ 0x5] error while decoding MB 5 4, bytestream -5"

    assert classify([scratch], status, phase=phase).code is ErrorCode.ENCODE_FAILED
    assert is_the_machines([scratch], status)


@pytest.mark.parametrize(("lines", "status"), [([], 1), ([], 69), ([], -11), (["Invalid data found"], 183)])
def test_a_crash_or_a_complaint_may_be_the_sources_fault(lines: list[str], status: int) -> None:
    assert not is_the_machines(lines, status)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("[image2 @ 0x557bbd46d280] Format not on whitelist 'mov,mp4'", "still picture"),
        ("[png_pipe @ 0x5599bbd50280] Format not on whitelist 'mov,mp4'", "still picture"),
        ("[hls @ 0x55d388c5a280] Format not on whitelist 'mov,mp4'", "playlist"),
        ("[http @ 0x55ee188808c0] Protocol 'http' not on whitelist 'file'!", "refers to other files"),
    ],
)
def test_a_format_that_is_not_accepted_is_called_what_it_is(line: str, word: str) -> None:
    assert word in classify([line], 1, phase=Phase.SOURCE).message


@pytest.mark.parametrize(
    ("lines", "status", "expected"),
    [
        (["x264 [error]: malloc of size 3133440 failed", "Cannot allocate memory"], 1, True),
        (["terminate called after throwing an instance of 'std::bad_alloc'"], -6, True),
        ([], -9, True),
        ([], 137, True),
        ([], -15, False),
        (["No space left on device"], 1, False),
    ],
)
def test_want_of_memory_is_told_by_the_complaint_or_by_the_kernels_signal(
    lines: list[str], status: int, expected: bool
) -> None:
    assert out_of_memory(lines, status) is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                "[h264_nvenc @ 0x55] OpenEncodeSessionEx failed: out of memory (10): (no details)",
                "[h264_nvenc @ 0x55] No capable devices found",
            ],
            SessionFailure.SESSIONS,
        ),
        (["[h264_nvenc @ 0x55] OpenEncodeSessionEx failed: incompatible client key (21)"], SessionFailure.SESSIONS),
        (
            ["[hevc_nvenc @ 0x55] OpenEncodeSessionEx failed: unsupported device (2): (no details)"],
            SessionFailure.DEVICE,
        ),
        (["[h264_nvenc @ 0x55] Cannot load libcuda.so.1"], SessionFailure.DRIVER),
        (
            ["[h264_nvenc @ 0x55] Driver does not support the required nvenc API version. Required: 13.0 Found: 12.1"],
            SessionFailure.DRIVER,
        ),
        (["[h264_nvenc @ 0x55] InitializeEncoder failed: invalid param (8)"], SessionFailure.OTHER),
        (["Cannot allocate memory"], None),
        ([], None),
    ],
)
def test_a_gpu_that_opens_no_encoder_says_why(lines: list[str], expected: SessionFailure | None) -> None:
    assert session_failure(lines) is expected
