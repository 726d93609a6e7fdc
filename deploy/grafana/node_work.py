"""Of the dashboard about nodes: what they spend their time on, and how fast encodes are."""

from deploy.grafana.board import Row
from deploy.grafana.panels import About, Query, pod_logs, spread, timeseries
from deploy.grafana.promql import (
    ACCELERATOR,
    POD,
    PROCESS_LEGEND,
    QUEUE,
    own,
    quantile,
    rate,
    reported,
    stepped,
    summed,
)

_SEE = "docs/operations.md"


def work() -> Row:
    """What states, slots and stages they are in."""
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
                Query(f"{summed(used, *POD)} / ({summed(slots, *POD)} > 0)", PROCESS_LEGEND),
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


def encoding() -> Row:
    """How fast encodes are, and what they cost."""
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
