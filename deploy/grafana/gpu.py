"""Graphics processors: are they used, are they full, do they still encode."""

from deploy.grafana.board import Board, Row
from deploy.grafana.board import log_source as logs
from deploy.grafana.panels import About, Query, Steps, pod_logs, stat, table, timeseries
from deploy.grafana.promql import (
    PROCESS,
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
_NVIDIA = 'accelerator="nvidia"'
_GPU = ("namespace", *PROCESS, "gpu")
_LEGEND = "{{pod}} {{instance}} {{gpu}}"
_QUEUE = 'queue="encode.gpu"'


def _use() -> Row:
    sessions = summed(own("reelyard_gpu_encoder_sessions"), *_GPU)
    limit = summed(own("reelyard_gpu_encoder_sessions_limit"), *_GPU)
    return Row(
        "Are they used, are they full",
        [
            timeseries(
                About(
                    "Encoder sessions",
                    "Share of the sessions that the driver allows. At 1 further encodes fail to open one and go to the "
                    "processor: give the node fewer slots. What others run on the same card counts too.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{sessions} / ({limit} > 0)", _LEGEND),
                top=1,
                steps=Steps(warn=0.8, bad=1),
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Open sessions",
                    "Encoder sessions that are open on each card, and how many may be.",
                    "none",
                    width=8,
                ),
                Query(sessions, _LEGEND),
                Query(limit, f"{_LEGEND} limit"),
            ),
            timeseries(
                About(
                    "Use by engine",
                    "enc near 1: the card is full, more slots bring nothing. sm or mem near 1 with enc low: something "
                    "else uses the card, or filters do.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(summed(own("reelyard_gpu_utilization_ratio"), *_GPU, "engine"), f"{_LEGEND} {{{{engine}}}}"),
                top=1,
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "GPU slots and work",
                    "Slots of live GPU nodes and what waits for them. Tasks with no slots: the pool is scaling up from "
                    "zero, which takes minutes; longer: no machine with a card can be had.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(or_zero(summed(reported("reelyard_queue_slots", "queue", where=(_QUEUE,)))), "slots"),
                Query(or_zero(summed(reported("reelyard_queue_slots_in_use", "queue", where=(_QUEUE,)))), "in use"),
                Query(or_zero(summed(reported("reelyard_tasks", "queue", "state", where=(_QUEUE,)))), "tasks"),
            ),
            timeseries(
                About(
                    "GPU nodes by state",
                    "lost or set_aside: see below whether the card failed.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(reported("reelyard_nodes", "state", "accelerator", where=(_NVIDIA,)), "state"), "{{state}}"
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Backlog for GPU",
                    "Media that wait for encode.gpu. KEDA scales the pool on it.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(
                    or_zero(summed(reported("reelyard_queue_backlog_media_seconds", "queue", where=(_QUEUE,)))),
                    "media",
                ),
            ),
        ],
    )


def _health() -> Row:
    return Row(
        "Do they still encode",
        [
            table(
                About(
                    "Self-test",
                    "How many nodes really encoded one frame with each of NVENC's encoders at their start. 0 with a "
                    "card present: driver, container toolkit, or a card without NVENC (H100). The node's log has "
                    "ffmpeg's words.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(own("reelyard_capability_selftest", _NVIDIA), "codec", *_GPU[1:3]), instant=True),
                {"pod": "Pod", "instance": "Instance", "codec": "Encoder", "Value": "Passed"},
                steps=Steps(warn=1, bad=0.5, falling=True),
            ),
            timeseries(
                About(
                    "Sessions that could not be opened",
                    "By reason. Each such encode goes on with the processor. Regular ones: fewer slots a card.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(stepped("reelyard_gpu_session_open_failures_total"), *_GPU, "reason"),
                    f"{_LEGEND} {{{{reason}}}}",
                ),
                stacked=True,
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "XID errors",
                    "The last error number that the driver reported (DCGM). 79 and 119: the card fell off its bus; "
                    "drain the machine. 13, 31, 43: a program's fault; restart the pod.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query("DCGM_FI_DEV_XID_ERRORS", "{{Hostname}} {{gpu}}"),
            ),
            stat(
                About(
                    "Failed GPU attempts",
                    "Encodes on cards that failed in the shown time.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    or_zero(
                        summed(
                            shown(
                                "reelyard_task_stage_duration_seconds_count",
                                _NVIDIA,
                                'stage="encode"',
                                'outcome="failed"',
                            )
                        )
                    ),
                    instant=True,
                ),
                steps=Steps(warn=1, bad=20),
                decimals=0,
            ),
            timeseries(
                About(
                    "Cards as DCGM sees them",
                    "Use in per cent: whole card, encoder, decoder. Not produced for MIG slices.",
                    "percent",
                    width=8,
                ),
                Query("DCGM_FI_DEV_GPU_UTIL", "{{Hostname}} {{gpu}} card"),
                Query("DCGM_FI_DEV_ENC_UTIL", "{{Hostname}} {{gpu}} encoder"),
                Query("DCGM_FI_DEV_DEC_UTIL", "{{Hostname}} {{gpu}} decoder"),
                top=100,
            ),
            timeseries(
                About(
                    "Memory of the cards",
                    "Frame buffer in use (DCGM). Full: sessions fail to open though their number is below the limit.",
                    "decmbytes",
                    _SEE,
                    width=8,
                ),
                Query("DCGM_FI_DEV_FB_USED", "{{Hostname}} {{gpu}}"),
            ),
        ],
    )


def _speed() -> Row:
    media = summed(rate("reelyard_encode_media_seconds_total"), "accelerator")
    busy = summed(rate("reelyard_encode_busy_seconds_total"), "accelerator")
    return Row(
        "What they bring",
        [
            timeseries(
                About(
                    "Speed: cards and processors",
                    "Media seconds encoded in a second of encoding. Cards should be several times faster; else they "
                    "wait for filters or for reading.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(f"{media} / ({busy} > 0)", "{{accelerator}}"),
            ),
            timeseries(
                About(
                    "Frames a second",
                    "By codec: what cards and what processors encode. Cards at nothing while jobs ask for them: see "
                    "Self-test.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(rate("reelyard_encode_frames_total"), "accelerator", "codec"), "{{accelerator}} {{codec}}"
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Slowest tenth of encodes",
                    "Speed below which a tenth of the encodes stay, by accelerator. Points lead to a job.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.1, "reelyard_encode_realtime_ratio", "accelerator"), "{{accelerator}}"),
            ),
        ],
    )


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-gpu",
        title="Reelyard / GPU",
        text="Are the graphics processors used, are they full, do they still encode.",
        rows=[_use(), _health(), _speed()],
        variables=[logs()],
    )
