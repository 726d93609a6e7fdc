"""Which node is bad, what nodes spend their time on, and how they come and go."""

from deploy.grafana import board as page
from deploy.grafana.board import Board, Row
from deploy.grafana.node_work import encoding, work
from deploy.grafana.panels import About, Query, Steps, bars, pod_logs, stat, table, timeseries
from deploy.grafana.promql import (
    ACCELERATOR,
    POD,
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


def _bad() -> Row:
    attempts = summed(shown("reelyard_task_attempts_total"), *POD)
    failed = summed(shown("reelyard_task_attempts_total", _FAILED, 'error_class!~"user_input|receiver"'), *POD)
    media = summed(rate("reelyard_encode_media_seconds_total", ACCELERATOR), *POD)
    busy = summed(rate("reelyard_encode_busy_seconds_total", ACCELERATOR), *POD)
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
                Query(summed(stepped("reelyard_task_attempts_total", _FAILED), *POD), PROCESS_LEGEND),
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
                Query(f"{summed(used, *POD)} / ({summed(capacity, *POD)} > 0)", PROCESS_LEGEND),
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
    nodes = f"{summed(own('reelyard_encoder_slots', ACCELERATOR), *POD)} >= 0"
    return f"({summed(own(name), *POD)} and {nodes})"


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-nodes",
        title="Reelyard / Nodes",
        text="Which node is bad, what nodes spend their time on, and how they come and go.",
        rows=[_bad(), work(), encoding(), _coming_and_going(), _resources()],
        variables=[page.queue(), page.accelerator(), page.log_source()],
    )
