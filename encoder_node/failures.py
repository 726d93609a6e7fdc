"""Why did ffmpeg or ffprobe fail? By its complaints first, by its exit status second.

Exit statuses say little: ffmpeg 5 ends with 1 for nearly everything, ffmpeg 8 with `AVERROR & 255`. The texts are
ffmpeg's own and were recorded from real failures; `tests/unit/encoder_node/test_node_failures.py` holds the samples.
"""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reelyard.media.errors import BLAMES_NODE, ErrorCode


class Phase(StrEnum):
    """What the program was looking at: the same complaint means another thing in each."""

    SOURCE = "source"  # a file that somebody gave us, for the first time
    ENCODE = "encode"  # a checked source, into an output
    OUTPUT = "output"  # what we made


class SessionFailure(StrEnum):
    """Why an encoder of a GPU could not be opened."""

    SESSIONS = "sessions"  # as many are open as the driver allows, or the GPU's memory is full
    DEVICE = "device"  # the driver shows no GPU that can encode
    DRIVER = "driver"  # the driver is missing, or too old
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure: its code, and a sentence for a person."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, kw_only=True)
class _Rule:
    pattern: re.Pattern[str]
    code: ErrorCode
    message: str
    at_source: ErrorCode | None = None  # the code when the source is looked at for the first time


def _rule(pattern: str, code: ErrorCode, message: str, at_source: ErrorCode | None = None) -> _Rule:
    return _Rule(pattern=re.compile(pattern), code=code, message=message, at_source=at_source)


#: What a program does to itself, by a bug that a file may have woken; every other signal was sent by somebody.
_CRASHES = frozenset({signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV})
_SIGKILL, _SIGXFSZ = signal.SIGKILL, signal.SIGXFSZ
#: ffmpeg's own exit status when a signal told it to end.
_STATUS_TOLD_TO_END = 255
#: ffmpeg's own exit status when more than two thirds of the frames could not be decoded.
_STATUS_TOO_MANY_ERRORS = 69
_STATUS_NO_SPACE = 228  # AVERROR(ENOSPC) & 255
_STATUS_INVALID_DATA = 183  # AVERROR_INVALIDDATA & 255

#: The first rule that matches any line wins, so the telling ones stand above those that many failures print.
_RULES = (
    _rule(
        r"\[(image2|\w+_pipe) @ \w+\] Format not on whitelist",
        ErrorCode.SOURCE_NOT_MEDIA,
        "The source is a still picture; a video or audio file is wanted.",
    ),
    _rule(
        r"Format not on whitelist",
        ErrorCode.SOURCE_NOT_MEDIA,
        "The source is a playlist or of a format that is not accepted; a single video or audio file is wanted.",
    ),
    _rule(
        r"not on whitelist|[Nn]ot in whitelist|Unsafe file name",
        ErrorCode.SOURCE_NOT_MEDIA,
        "The source is a playlist or refers to other files; only a single self-contained media file is accepted.",
    ),
    _rule(
        r"exceeds (the )?specified max pixel|max_pixels|Picture size .* is invalid",
        ErrorCode.SOURCE_TOO_LARGE,
        "The picture of the source is larger than is accepted.",
    ),
    _rule(
        r"max_streams|[Tt]oo many streams",
        ErrorCode.SOURCE_TOO_LARGE,
        "The source has more streams than are accepted.",
    ),
    _rule(
        r"Cannot load lib(cuda|nvcuvid|nvidia-encode)|No CUDA capable devices|required nvenc API version"
        r"|minimum required Nvidia driver|OpenEncodeSessionEx failed|No capable devices found|CUDA_ERROR"
        r"|InitializeEncoder failed|doesn't support required NVENC features|No device available for decoder"
        r"|Device creation failed",
        ErrorCode.ENCODE_FAILED,
        "The GPU encoder of the node could not be used.",
    ),
    _rule(
        r"No space left on device|Disk quota exceeded|File too large",
        ErrorCode.ENCODE_FAILED,
        "The node ran out of disk space, or the output grew over the limit for one file.",
    ),
    _rule(
        r"Cannot allocate memory|Resource temporarily unavailable|[Oo]ut of memory|std::bad_alloc",
        ErrorCode.ENCODE_FAILED,
        "The work needed more memory than the node gives to one process.",
    ),
    _rule(
        r"failed to execute|Unknown encoder|Encoder not found|[Ee]ncoder .* not found|No such filter|Unknown decoder",
        ErrorCode.ENCODE_FAILED,
        "The ffmpeg of the node lacks what the work needs.",
    ),
    _rule(
        r"moov atom not found",
        ErrorCode.SOURCE_CORRUPT,
        "The source is an MP4 or MOV file without its index (moov atom): it was cut off or never finished.",
    ),
    _rule(
        r"not currently supported in container|codec tag .* incompatible|Specified sample rate .* is not supported"
        r"|is not supported by|not valid for the|incorrect codec parameters|Could not write header"
        r"|could not find tag for codec|Only VP8 or VP9 or AV1",
        ErrorCode.INCOMPATIBLE_FORMAT,
        "The container cannot hold the streams as they were asked for.",
    ),
    _rule(
        r"bitrate too low for this video",
        ErrorCode.INCOMPATIBLE_FORMAT,
        "The bitrate is too low to encode these pictures at this size in two passes: ask for more, or for one pass.",
    ),
    _rule(
        r"matches no streams|does not contain any stream|Output file is empty",
        ErrorCode.SOURCE_NOT_MEDIA,
        "The source has no stream that the output needs.",
    ),
    _rule(
        r"Invalid data found when processing input|could not find codec parameters|Could not find codec parameters"
        r"|[Ee]rror while decoding|Header missing|Failed to read frame size",
        ErrorCode.SOURCE_CORRUPT,
        "The source could not be decoded.",
        at_source=ErrorCode.SOURCE_NOT_MEDIA,
    ),
    _rule(
        r"No such file or directory|Input/output error|Stale file handle|Permission denied",
        ErrorCode.STORAGE_FAILED,
        "The stored source could not be read.",
    ),
)

_NO_MEMORY = re.compile(r"Cannot allocate memory|[Oo]ut of memory|std::bad_alloc")

#: The first that matches any line wins: "No capable devices found" follows whatever kept the device from being used.
_SESSION_FAILURES = (
    (
        # 10 is out of memory, 21 an incompatible client key: what GeForce cards say when all sessions are taken.
        re.compile(r"OpenEncodeSessionEx failed: .*\((10|21)\)|CUDA_ERROR_OUT_OF_MEMORY"),
        SessionFailure.SESSIONS,
    ),
    (
        re.compile(
            r"Cannot load lib(cuda|nvcuvid|nvidia-encode)|required nvenc API version|minimum required Nvidia driver"
        ),
        SessionFailure.DRIVER,
    ),
    (re.compile(r"No (CUDA |NVENC )?capable devices|CUDA_ERROR_NO_DEVICE|unsupported device"), SessionFailure.DEVICE),
    (re.compile(r"OpenEncodeSessionEx failed|InitializeEncoder failed|CUDA_ERROR"), SessionFailure.OTHER),
)

_NOT_MEDIA = "The source could not be read as video or audio: nothing in it can be decoded."


def classify(lines: Sequence[str], exit_status: int, *, phase: Phase) -> Failure:
    """The failure behind a program's complaints (first and last lines) and its exit status.

    A negative exit status is the signal that ended the program; 128 and above may be a shell's way to say the same.
    """
    cut_short = _ended_from_outside(exit_status)
    for rule in _RULES:
        if cut_short and rule.code not in BLAMES_NODE:
            continue  # what it complained of until then, such as a scratch in the source, is not what ended it
        if any(rule.pattern.search(line) for line in lines):
            return _by_rule(rule, phase)
    return _by_status(exit_status, phase)


def is_the_machines(lines: Sequence[str], exit_status: int) -> bool:
    """Whether a program ended for a reason that no file is to blame for: a signal from outside, or want of memory."""
    return _ended_from_outside(exit_status) or out_of_memory(lines, exit_status)


def out_of_memory(lines: Sequence[str], exit_status: int) -> bool:
    """Whether a program ended for want of memory: it said so, or was killed by a signal that nobody here sent.

    The second is what the kernel does to a container over its limit; a person's `kill -9` looks the same.
    """
    killed = exit_status in {-_SIGKILL, 128 + _SIGKILL}
    return killed or any(_NO_MEMORY.search(line) for line in lines)


def session_failure(lines: Sequence[str]) -> SessionFailure | None:
    """Why ffmpeg could not open an encoder of a GPU, None when it was not that."""
    for pattern, why in _SESSION_FAILURES:
        if any(pattern.search(line) for line in lines):
            return why
    return None


def _ended_from_outside(exit_status: int) -> bool:
    """The kernel or somebody else ended it: a service manager, for one, signals a service's children with it."""
    if exit_status < 0:
        return -exit_status not in _CRASHES
    return exit_status in {_STATUS_TOLD_TO_END, 128 + _SIGKILL, 128 + _SIGXFSZ}


def _by_rule(rule: _Rule, phase: Phase) -> Failure:
    if phase is Phase.SOURCE and rule.at_source is not None:
        return Failure(code=rule.at_source, message=_NOT_MEDIA)
    if phase is Phase.OUTPUT and rule.code is not ErrorCode.STORAGE_FAILED:
        return Failure(code=ErrorCode.ENCODE_FAILED, message=f"The output could not be read back. {rule.message}")
    return Failure(code=rule.code, message=rule.message)


def _by_status(status: int, phase: Phase) -> Failure:
    if status in {_STATUS_TOO_MANY_ERRORS, _STATUS_INVALID_DATA} and phase is not Phase.OUTPUT:
        return Failure(code=ErrorCode.SOURCE_CORRUPT, message="Most of the source could not be decoded.")
    if status in {-_SIGXFSZ, 128 + _SIGXFSZ, _STATUS_NO_SPACE}:
        return Failure(
            code=ErrorCode.ENCODE_FAILED,
            message="The node ran out of disk space, or the output grew over the limit for one file.",
        )
    if status in {-_SIGKILL, 128 + _SIGKILL}:
        return Failure(
            code=ErrorCode.ENCODE_FAILED,
            message="The work was killed from outside, most likely because the node ran out of memory.",
        )
    if _ended_from_outside(status):
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return Failure(code=ErrorCode.ENCODE_FAILED, message=f"The work was told to end from outside ({how}).")
    if phase is Phase.SOURCE:
        return Failure(code=ErrorCode.SOURCE_NOT_MEDIA, message=_NOT_MEDIA)
    what = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return Failure(code=ErrorCode.ENCODE_FAILED, message=f"The encoder {what}; the attempt's log has its last lines.")
