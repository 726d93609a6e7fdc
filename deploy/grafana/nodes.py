"""Which node is bad, what nodes spend their time on, and how they come and go."""

from deploy.grafana import board as page
from deploy.grafana.board import Board, Row
from deploy.grafana.panels import About, Query, Steps, bars, pod_logs, spread, stat, table, timeseries
from deploy.grafana.promql import (
    ACCELERATOR,
    PROCESS,
    PROCESS_LEGEND,
    QUEUE,
    or_zero,
    own,
    quantile,
    rate,
    reported,
    shown,
    stepped,
    summed,
)

_SEE = "docs/operations.md"
_FAILED = 'outcome="failed"'
#: Links to the log of a pod need its namespace too.
_POD = ("namespace", *PROCESS)


def _bad() -> Row:
    attempts = summed(shown("reelyard_task_attempts_total"), *_POD)
    failed = summed(shown("reelyard_task_attempts_total", _FAILED, 'error_class!~"user_input|receiver"'), *_POD)
    media = summed(rate("reelyard_encode_media_seconds_total", ACCELERATOR), *_POD)
    busy = summed(rate("reelyard_encode_busy_seconds_total", ACCELERATOR), *_POD)
    return Row(
        "Which node is bad",
        [
            bars(
                About(
                    "Failed attempts, share by node",
                    "Without what the user or a receiver caused. One node far above the others is bad: its disk, its "
                    "driver, its network. Cordon its machine and delete the pod; nothing is lost by that.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"({failed} or 0 * {attempts}) / {attempts}", PROCESS_LEGEND, instant=True),
                top=1,
                steps=Steps(warn=0.05, bad=0.25),
            ),
            timeseries(
                About(
                    "Failed attempts by node",
                    "All at once: something that they share, such as storage. One: that node. Click a line for its "
                    "log.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped("reelyard_task_attempts_total", _FAILED), *_POD), PROCESS_LEGEND),
                stacked=True,
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Speed by node",
                    "Media seconds encoded in a second of encoding. A node at half of its equals shares its machine, "
                    "is throttled, or swaps. A mix of sizes moves all of them.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(f"{media} / ({busy} > 0)", PROCESS_LEGEND),
                links=[pod_logs()],
            ),
            stat(
                About(
                    "Set aside",
                    "Nodes that failed several tasks in a row and get none for a while. The log of the schedulers "
                    "names them; so does `reelyard top`.",
                    "none",
                    _SEE,
                    width=4,
                    height=6,
                ),
                Query(
                    or_zero(summed(reported("reelyard_nodes", "state", "accelerator", where=('state="set_aside"',)))),
                    instant=True,
                ),
                steps=Steps(warn=1, bad=3),
                decimals=0,
            ),
            stat(
                About(
                    "Lost in the last hour",
                    "Nodes that went silent without saying goodbye. Killed for memory? kubectl get events says so.",
                    "none",
                    _SEE,
                    width=4,
                    height=6,
                ),
                Query(
                    or_zero(summed(reported("reelyard_nodes", "state", "accelerator", where=('state="lost"',)))),
                    instant=True,
                ),
                steps=Steps(warn=1, bad=5),
                decimals=0,
            ),
            table(
                About(
                    "Failed attempts by kind and class in the shown time",
                    "Which step fails, and on which side. encode and node: look at nodes; storage: at the object "
                    "store; capability: no node has the encoder.",
                    "none",
                    _SEE,
                    width=16,
                    height=6,
                ),
                Query(
                    f"{summed(shown('reelyard_task_attempts_total', _FAILED), 'stage', 'error_class')} > 0",
                    instant=True,
                ),
                {"stage": "Task", "error_class": "Class", "Value": "Attempts"},
            ),
        ],
    )


def _work() -> Row:
    slots = own("reelyard_encoder_slots", QUEUE, ACCELERATOR)
    used = own("reelyard_encoder_slots_in_use", QUEUE, ACCELERATOR)
    return Row(
        "What they do",
        [
            timeseries(
                About(
                    "Nodes by state",
                    "draining for longer than the grace: the pod is about to be killed, and its work runs again.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(reported("reelyard_nodes", "state", "accelerator", where=(ACCELERATOR,)), "state"),
                    "{{state}}",
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Slots in use by node",
                    "All at 1 with a backlog: add nodes. One at 0 with a backlog: it is set aside or can't do what is "
                    "asked for.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{summed(used, *_POD)} / ({summed(slots, *_POD)} > 0)", PROCESS_LEGEND),
                top=1,
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Attempts by outcome",
                    "Attempts a second. failed follows ok at a small share; stopped comes with drains and cancelled "
                    "jobs.",
                    "ops",
                    width=8,
                ),
                Query(summed(rate("reelyard_task_attempts_total"), "outcome"), "{{outcome}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Stages, p95",
                    "How long each step of a task takes. fetch and upload high: network or object store. encode high: "
                    "size, preset, or slow machines. Points lead to a job.",
                    "s",
                    _SEE,
                    width=12,
                ),
                Query(
                    quantile(0.95, "reelyard_task_stage_duration_seconds", "stage", where=(ACCELERATOR,)), "{{stage}}"
                ),
            ),
            timeseries(
                About(
                    "Where the time goes",
                    "Seconds that all nodes together spend in each step, each second. What is not encode is overhead.",
                    "none",
                    width=12,
                ),
                Query(
                    summed(rate("reelyard_task_stage_duration_seconds_sum", ACCELERATOR), "stage"),
                    "{{stage}}",
                ),
                stacked=True,
            ),
        ],
    )


def _encoding() -> Row:
    cpu = summed(rate("reelyard_encode_cpu_seconds_total"), "codec")
    media = summed(rate("reelyard_encode_media_seconds_total"), "codec")
    return Row(
        "Encoding",
        [
            timeseries(
                About(
                    "Frames a second",
                    "By codec and accelerator, all nodes together.",
                    "none",
                    width=8,
                ),
                Query(
                    summed(rate("reelyard_encode_frames_total", ACCELERATOR), "codec", "accelerator"),
                    "{{codec}} {{accelerator}}",
                ),
                stacked=True,
            ),
            spread(
                About(
                    "Speed of encodes",
                    "Media seconds per second, each encode once. A band that sinks: slower machines, or harder "
                    "settings. Below 1: slower than real time.",
                    "none",
                    _SEE,
                    width=8,
                ),
                summed(rate("reelyard_encode_realtime_ratio_bucket", ACCELERATOR), "le"),
            ),
            timeseries(
                About(
                    "Slowest tenth of encodes",
                    "Speed below which a tenth of the encodes stay, by codec and size. Points lead to a job.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    quantile(0.1, "reelyard_encode_realtime_ratio", "codec", "resolution", where=(ACCELERATOR,)),
                    "{{codec}} {{resolution}}",
                ),
            ),
            timeseries(
                About(
                    "Processor seconds per media second",
                    "What a second of output costs in processor time. A step after an upgrade: other presets, or "
                    "another ffmpeg.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(f"{cpu} / ({media} > 0)", "{{codec}}"),
            ),
            timeseries(
                About(
                    "Bytes read and written by encodes",
                    "What encodes take in and give out.",
                    "Bps",
                    width=8,
                ),
                Query(
                    summed(rate("reelyard_encode_bytes_total"), "direction", "codec"),
                    "{{direction}} {{codec}}",
                ),
            ),
            timeseries(
                About(
                    "Encodes stopped by the watchdog",
                    "no_progress: ffmpeg hung. timeout: it took longer than any such encode may. oom: it was killed "
                    "for memory; give the pod more, or fewer slots.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped("reelyard_encode_stalls_total"), "reason"), "{{reason}}"),
                stacked=True,
            ),
        ],
    )


def _coming_and_going() -> Row:
    drains = "reelyard_drain_duration_seconds"
    return Row(
        "Drains and deleted pods",
        [
            timeseries(
                About(
                    "Drains",
                    "Nodes that ended. left: it was told to stop, drained and said goodbye; what it could not "
                    "finish is drained in Interrupted work. lost: it fell silent without a word.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped("reelyard_nodes_ended_total"), "outcome"), "{{outcome}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Duration of drains, p95",
                    "At terminationGracePeriodSeconds: raise it, or use the ScaledJob for long encodes. finished: all "
                    "was done within the grace. handed_back: what was left runs again elsewhere.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.95, drains, "outcome"), "{{outcome}}"),
            ),
            timeseries(
                About(
                    "Interrupted work",
                    "Attempts that ended early, by reason. This is what deleting a pod costs: the work since the "
                    "attempt began, never a job.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped("reelyard_tasks_interrupted_total", QUEUE), "reason"), "{{reason}}"),
                stacked=True,
            ),
        ],
    )


def _resources() -> Row:
    used, capacity = own("reelyard_scratch_used_bytes"), own("reelyard_scratch_capacity_bytes")
    return Row(
        "Resources of the nodes",
        [
            timeseries(
                About(
                    "Scratch in use",
                    "Share of the scratch volume. Above 0.9: encodes are about to fail with storage errors; give the "
                    "volume more room or the node fewer slots.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{summed(used, *_POD)} / ({summed(capacity, *_POD)} > 0)", PROCESS_LEGEND),
                top=1,
                steps=Steps(warn=0.8, bad=0.9),
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Memory of the node processes",
                    "Of the Python process alone; ffmpeg comes on top. Growing for days: report it.",
                    "bytes",
                    width=8,
                ),
                Query(_of_nodes("process_resident_memory_bytes"), PROCESS_LEGEND),
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Open files",
                    "Share of the limit. Near 1: a leak, or the limit of the container is too low.",
                    "percentunit",
                    width=8,
                ),
                Query(
                    f"{_of_nodes('process_open_fds')} / {_of_nodes('process_max_fds')}",
                    PROCESS_LEGEND,
                ),
                links=[pod_logs()],
            ),
            table(
                About(
                    "Encoders by self-test",
                    "How many nodes really encode with it, tried with one frame at their start. 0: every node failed; "
                    "its log at the start says why. Jobs that need it wait or fail with codec_unavailable.",
                    "none",
                    _SEE,
                    width=12,
                    height=9,
                ),
                Query(summed(own("reelyard_capability_selftest", ACCELERATOR), "accelerator", "codec"), instant=True),
                {"accelerator": "Accelerator", "codec": "Encoder", "Value": "Nodes"},
                steps=Steps(warn=1, bad=0.5, falling=True),
            ),
            table(
                About(
                    "Versions",
                    "Versions of the nodes and of their ffmpeg. More than one after an upgrade: pods that still drain.",
                    "none",
                    _SEE,
                    width=12,
                    height=9,
                ),
                Query(summed(own("reelyard_build_info", 'ffmpeg!=""'), "version", "ffmpeg"), instant=True),
                {"version": "Version", "ffmpeg": "ffmpeg", "Value": "Nodes"},
            ),
        ],
    )


def _of_nodes(name: str) -> str:
    """A metric of the client library, of nodes alone."""
    nodes = f"{summed(own('reelyard_encoder_slots', ACCELERATOR), *_POD)} >= 0"
    return f"({summed(own(name), *_POD)} and {nodes})"


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-nodes",
        title="Reelyard / Nodes",
        text="Which node is bad, what nodes spend their time on, and how they come and go.",
        rows=[_bad(), _work(), _encoding(), _coming_and_going(), _resources()],
        variables=[page.queue(), page.accelerator(), page.log_source()],
    )
