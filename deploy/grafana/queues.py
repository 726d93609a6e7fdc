"""How far behind the cluster is, what holds it back, and whether it grows and shrinks as it should."""

from deploy.grafana import board as page
from deploy.grafana.board import Board, Row
from deploy.grafana.panels import About, Query, Steps, spread, stat, table, timeseries
from deploy.grafana.promql import (
    QUEUE,
    highest,
    quantile,
    rate,
    reported,
    shown,
    stepped,
    summed,
    time_to_drain,
)
from deploy.grafana.queue_scaling import dispatch, scaling

_SEE = "docs/operations.md"
_ENCODES = {"cpu": "cpu", "gpu": "nvidia"}


def _drain_queries(*, instant: bool) -> list[Query]:
    """What waits for each kind of encoder, by the speed at which that kind encodes now."""
    return [
        Query(
            time_to_drain(f'queue="encode.{queue}"', f'accelerator="{accelerator}"'),
            f"encode.{queue}",
            instant=instant,
        )
        for queue, accelerator in _ENCODES.items()
    ]


def _behind() -> Row:
    return Row(
        "How far behind",
        [
            stat(
                About(
                    "Time to drain",
                    "How long what waits would take if nothing came in, by what a slot encoded in the last hour and "
                    "the slots of now. Without any slot it counts a thousandth of real time: months then mean that no "
                    "node encodes at all.",
                    "s",
                    _SEE,
                    width=6,
                ),
                *_drain_queries(instant=True),
                steps=Steps(warn=3600, bad=6 * 3600),
            ),
            timeseries(
                About(
                    "Time to drain over time",
                    "By the speed of a slot in the last hour. Falling: the cluster catches up. Rising at full slots: "
                    "more nodes are needed, or KEDA is at its maximum (below).",
                    "s",
                    _SEE,
                    width=9,
                ),
                *_drain_queries(instant=False),
            ),
            timeseries(
                About(
                    "Backlog in media time",
                    "Media that wait for an encoder, with the rest of what is being encoded. KEDA scales on it.",
                    "s",
                    _SEE,
                    width=9,
                ),
                Query(
                    summed(reported("reelyard_queue_backlog_media_seconds", "queue", where=(QUEUE,)), "queue"),
                    "{{queue}}",
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Tasks by state",
                    "waiting: may run now. delayed: waits for its next try. queued: its hint is out. running: on a "
                    "node. Much waiting with little queued: no node serves the queue. Much delayed: something fails "
                    "again and again.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(reported("reelyard_tasks", "queue", "state", where=(QUEUE,)), "queue", "state"),
                    "{{queue}} {{state}}",
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Oldest task that waits",
                    "How long the oldest runnable task of a queue has waited. Straight upwards: nothing of this queue "
                    "is being started; compare Slots and Nodes that serve it.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(highest("reelyard_queue_oldest_task_age_seconds", "queue", where=(QUEUE,)), "{{queue}}"),
            ),
            timeseries(
                About(
                    "Wait for a node, p50 and p95",
                    "From when a task could run until a node began it, by queue. Points lead to a job.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.5, "reelyard_job_queue_wait_seconds", "queue", where=(QUEUE,)), "{{queue}} p50"),
                Query(quantile(0.95, "reelyard_job_queue_wait_seconds", "queue", where=(QUEUE,)), "{{queue}} p95"),
            ),
            spread(
                About(
                    "Waits",
                    "All waits of the chosen queues. Two bands: two kinds of work, such as jobs of high and of low "
                    "priority. A band that climbs: the backlog.",
                    "s",
                    width=12,
                ),
                summed(rate("reelyard_job_queue_wait_seconds_bucket", QUEUE), "le"),
            ),
            timeseries(
                About(
                    "Jobs: submitted and ended",
                    "Jobs a second by profile and outcome. What comes in above what ends is what the backlog grows by.",
                    "ops",
                    width=12,
                ),
                Query(summed(rate("reelyard_jobs_submitted_total"), "profile"), "submitted {{profile}}"),
                Query(summed(rate("reelyard_jobs_finished_total"), "outcome"), "{{outcome}}"),
            ),
            timeseries(
                About(
                    "Duration of jobs, p50 and p95",
                    "From creation to the end, by outcome. Compare with the waits: what is not waiting is work, and "
                    "Nodes says in which stage. Points lead to a job.",
                    "s",
                    _SEE,
                    width=12,
                ),
                Query(quantile(0.5, "reelyard_job_duration_seconds", "outcome"), "{{outcome}} p50"),
                Query(quantile(0.95, "reelyard_job_duration_seconds", "outcome"), "{{outcome}} p95"),
            ),
            timeseries(
                About(
                    "Duration of jobs by profile, p95",
                    "Which kind of output takes long. One line apart from the rest: that codec or size is slow, not "
                    "the cluster.",
                    "s",
                    width=12,
                ),
                Query(quantile(0.95, "reelyard_job_duration_seconds", "profile"), "{{profile}}"),
            ),
        ],
    )


def _capacity() -> Row:
    in_use = summed(reported("reelyard_queue_slots_in_use", "queue", where=(QUEUE,)), "queue")
    slots = summed(reported("reelyard_queue_slots", "queue", where=(QUEUE,)), "queue")
    return Row(
        "What is full",
        [
            timeseries(
                About(
                    "Slots in use",
                    "Share of the slots of all live nodes that work. 1 with tasks waiting: full, add nodes. Below 1 "
                    "with tasks waiting: nodes have not the encoder that is asked for (self-test on GPU and Nodes), or "
                    "the broker holds hints back (below).",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{in_use} / ({slots} > 0)", "{{queue}}"),
                top=1,
            ),
            timeseries(
                About(
                    "Slots",
                    "How many tasks of a queue can run at once.",
                    "none",
                    width=8,
                ),
                Query(slots, "{{queue}}"),
                Query(in_use, "{{queue}} in use"),
            ),
            timeseries(
                About(
                    "Nodes that serve it",
                    "Live nodes of each queue. 0 while tasks wait: no Deployment with this queue runs, or it can't "
                    "reach the scheduler. encode.gpu at 0 without GPU work is right: it scales to zero.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(reported("reelyard_queue_nodes", "queue", where=(QUEUE,)), "queue"), "{{queue}}"),
            ),
        ],
    )


def _failing() -> Row:
    return Row(
        "What fails and what was lost",
        [
            timeseries(
                About(
                    "Retries by class",
                    "Tasks that are tried again, by class of the error. A class that jumps on all queues: something "
                    "that they share is down (storage, unavailable). On one: look for a bad node on Nodes.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(stepped("reelyard_task_retries_total", QUEUE), "queue", "error_class"),
                    "{{queue}} {{error_class}}",
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Leases that expired",
                    "Nodes that went silent with work in hand. The work was run again. Regular ones: pods are killed "
                    "for memory or moved without a drain.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped("reelyard_task_leases_expired_total", QUEUE), "queue"), "{{queue}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Interrupted",
                    "Attempts that ended early. drained: the grace was too short for what ran. node_lost: as Leases "
                    "that expired. cancelled: somebody wanted it.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    summed(stepped("reelyard_tasks_interrupted_total", QUEUE), "queue", "reason"),
                    "{{queue}} {{reason}}",
                ),
                stacked=True,
            ),
            table(
                About(
                    "Tasks given up in the shown time",
                    "By queue and error code: nothing tries them again. `POST job/{id}/retry` does, when the cause is "
                    "mended; notifications are sent again with `POST notification/{id}/replay`.",
                    "none",
                    "docs/running.md",
                    width=24,
                    height=7,
                ),
                Query(
                    f"{summed(shown('reelyard_tasks_dead_lettered_total', QUEUE), 'queue', 'reason')} > 0",
                    instant=True,
                ),
                {"queue": "Queue", "reason": "Error code", "Value": "Tasks"},
            ),
        ],
    )


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-queues",
        title="Reelyard / Queues and scaling",
        text="How far behind the cluster is, what holds it back, and whether it grows and shrinks as it should.",
        rows=[_behind(), _capacity(), scaling(), _failing(), dispatch()],
        variables=[page.queue(), page.accelerator(), page.log_source()],
    )
