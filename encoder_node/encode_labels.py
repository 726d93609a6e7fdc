"""The labels under which encodes are counted. Pure; every label has few values, none of them a client's own text."""

from dataclasses import dataclass

from encoder_node.encoder_options import video_options
from reelyard.cluster.work import EncodeWork, Queue, TaskKind, TaskSpec
from reelyard.media.catalogue import COPY
from reelyard.media.plan import EncodePlan, VideoPlan
from reelyard.media.planning import queue_is_gpu

CPU, NVIDIA = "cpu", "nvidia"
AUDIO, LARGER = "audio", "larger"
DEFAULT_PRESET = "default"

#: The longer and the shorter side in pixels that a picture of each class may have, at most. 1024 x 576 makes room for
#: DVDs, 2048 x 1088 for cinema's 2K and for heights that are multiples of 16.
_CLASSES = (
    ("sd", 640, 360),
    ("480p", 1024, 576),
    ("720p", 1280, 720),
    ("1080p", 2048, 1088),
    ("1440p", 2560, 1440),
    ("2160p", 4096, 2176),
)

_QUEUES = {
    TaskKind.INGEST: Queue.INGEST,
    TaskKind.OVERLAY: Queue.INGEST,
    TaskKind.STORE: Queue.STORE,
    TaskKind.CLEAN: Queue.STORE,
    TaskKind.DISTRIBUTE: Queue.DISTRIBUTE,
    TaskKind.NOTIFY: Queue.DISTRIBUTE,
    TaskKind.MAIL: Queue.DISTRIBUTE,
}


@dataclass(frozen=True, kw_only=True)
class EncodeLabels:
    """What an encode is counted under: its (video) codec, where it runs, the encoder's preset, its size."""

    codec: str
    accelerator: str
    preset: str
    resolution: str


def encode_labels(plan: EncodePlan) -> EncodeLabels:
    """The labels of one output. Without video: the audio's codec; a copied stream's codec is "copy"."""
    if plan.video is None:
        audio = plan.audio
        codec = "none" if audio is None else COPY if audio.encoder == COPY else audio.codec
        return EncodeLabels(codec=codec, accelerator=CPU, preset=DEFAULT_PRESET, resolution=AUDIO)
    video = plan.video
    return EncodeLabels(
        codec=COPY if video.encoder == COPY else video.codec,
        accelerator=NVIDIA if queue_is_gpu(plan) else CPU,
        preset=_preset(video),
        resolution=resolution(video.width, video.height),
    )


def _preset(video: VideoPlan) -> str:
    try:
        return str(video_options(video).get("preset", "")) or DEFAULT_PRESET
    except KeyError:  # an encoder that the catalogue lacks: the stage fails and says so
        return DEFAULT_PRESET


def resolution(width: int, height: int) -> str:
    """The smallest class that a picture fits in, lying or standing."""
    long, short = max(width, height), min(width, height)
    for name, longest, shortest in _CLASSES:
        if long <= longest and short <= shortest:
            return name
    return LARGER


def queue_of(task: TaskSpec) -> Queue:
    """The queue whose slot a task takes."""
    if isinstance(task.work, EncodeWork):
        return Queue.ENCODE_GPU if queue_is_gpu(task.work.plan) else Queue.ENCODE_CPU
    return _QUEUES.get(task.kind, Queue.ENCODE_CPU)


def kinds_in(queue: str) -> tuple[TaskKind, ...]:
    """The kinds of tasks that wait in a queue."""
    if queue in (Queue.ENCODE_CPU, Queue.ENCODE_GPU):
        return (TaskKind.ENCODE,)
    return tuple(kind for kind, of_kind in _QUEUES.items() if of_kind == queue)


def accelerator_of(queue: str) -> str:
    """What the tasks of a queue run on."""
    return NVIDIA if queue == Queue.ENCODE_GPU else CPU
