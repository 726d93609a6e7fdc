"""How far behind the cluster is, what holds it back, and whether it grows and shrinks as it should."""

from deploy.grafana import board as page
from deploy.grafana.board import Board, Row
from deploy.grafana.panels import About, Panel, Query, Steps, pod_logs, spread, stat, table, timeseries
from deploy.grafana.promql import (
    ACCELERATOR,
    PROCESS_LEGEND,
    QUEUE,
    highest,
    lately,
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
_ENCODES = {"cpu": "cpu", "gpu": "nvidia"}


def _drain_queries(*, instant: bool) -> list[Query]:
    """What waits for each kind of encoder, by the speed at which that kind encodes now."""
    found = []
    for queue, accelerator in _ENCODES.items():
        where = (f'queue="encode.{queue}"',)
        backlog = summed(reported("reelyard_queue_backlog_media_seconds", "queue", where=where))
        speed = or_zero(summed(lately("reelyard_encode_media_seconds_total", f'accelerator="{accelerator}"')))
        found.append(Query(f"{backlog} / clamp_min({speed}, 0.001)", f"encode.{queue}", instant=instant))
    return found


def _behind() -> Row:
    return Row(
        "How far behind",
        [
            stat(
                About(
                    "Time to drain",
                    "How long what waits would take at the speed of the last hour, if nothing came in. Where nothing was "
                    "encoded it counts a thousandth of real time: months then mean that no node works at all.",
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
                    "At the speed of the last hour. Falling: the cluster catches up. Rising at full slots: more nodes "
                    "are needed, or KEDA is at its maximum (below).",
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


def _scaling() -> Row:
    hpa = 'namespace=~"$namespace", horizontalpodautoscaler=~".*reelyard.*"'
    keda = 'scaledObject=~".*reelyard.*"'
    return Row(
        "Scaling",
        [
            timeseries(
                About(
                    "Nodes by state",
                    "busy and ready: capacity. draining: on the way out. lost: silent within the last hour. set_aside: "
                    "failed several tasks in a row and gets none for a while.",
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
                    "Replicas: now, wanted, most",
                    "Wanted at the most for long: raise maxReplicaCount, or accept the wait. Now below wanted: pods "
                    "are pending (next panel).",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    f"kube_horizontalpodautoscaler_status_current_replicas{{{hpa}}}",
                    "{{horizontalpodautoscaler}} now",
                ),
                Query(
                    f"kube_horizontalpodautoscaler_status_desired_replicas{{{hpa}}}",
                    "{{horizontalpodautoscaler}} wanted",
                ),
                Query(f"kube_horizontalpodautoscaler_spec_max_replicas{{{hpa}}}", "{{horizontalpodautoscaler}} most"),
            ),
            timeseries(
                About(
                    "Pods by phase",
                    "Pending for more than a few minutes: no machine has room; kubectl describe pod says what it "
                    "misses. Failed: see its last log lines.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(
                    'sum by (phase) (kube_pod_status_phase{namespace=~"$namespace", pod=~"reelyard-.*"})', "{{phase}}"
                ),
                stacked=True,
            ),
            timeseries(
                About(
                    "Available replicas",
                    "Pods of each Deployment that are ready, and those that are not.",
                    "none",
                    width=8,
                ),
                Query(
                    'kube_deployment_status_replicas_available{namespace=~"$namespace", deployment=~"reelyard-.*"}',
                    "{{deployment}}",
                ),
                Query(
                    'kube_deployment_status_replicas_unavailable{namespace=~"$namespace", deployment=~"reelyard-.*"} '
                    "> 0",
                    "{{deployment}} unavailable",
                ),
            ),
            timeseries(
                About(
                    "What KEDA reads",
                    "The numbers on which KEDA scales. They should follow Backlog in media time; a flat line while "
                    "that moves means that KEDA can't ask.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(f"keda_scaler_metrics_value{{{keda}}}", "{{scaledObject}} {{metric}}"),
                Query(f"keda_scaler_active{{{keda}}}", "{{scaledObject}} {{metric}} active"),
            ),
            timeseries(
                About(
                    "KEDA's errors",
                    "Above 0: KEDA can't read its source, and scaling stands still or falls back. kubectl describe "
                    "scaledobject says why.",
                    "ops",
                    _SEE,
                    width=8,
                ),
                Query(
                    f"sum by (scaledObject) (rate(keda_scaler_detail_errors_total{{{keda}}}[$__rate_interval]))",
                    "{{scaledObject}} scaler",
                ),
                Query(
                    f"sum by (scaledObject) (rate(keda_scaled_object_errors_total{{{keda}}}[$__rate_interval]))",
                    "{{scaledObject}}",
                ),
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


def _dispatch() -> Row:
    loops = quantile(0.95, "reelyard_scheduler_loop_duration_seconds", "loop")
    return Row(
        "Schedulers and broker",
        [
            timeseries(
                About(
                    "Hints out and unclaimed",
                    "Messages that tell nodes of work and that no node took yet. Many for long: nodes don't listen. "
                    "Hints that get lost are sent again by themselves.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(reported("reelyard_outbox_pending", "topic"), "topic"), "{{topic}}"),
            ),
            timeseries(
                About(
                    "Age of the oldest hint",
                    "Seconds are normal while all slots are taken. Minutes with free slots: the broker doesn't "
                    "deliver; look at its own dashboard (RabbitMQ-Overview).",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(highest("reelyard_outbox_oldest_age_seconds", "topic"), "{{topic}}"),
            ),
            _loops(loops),
            timeseries(
                About(
                    "Messages in the broker",
                    "What RabbitMQ holds: a short window, not the backlog, which lives in the database. ready without "
                    "consumers: nobody serves the queue.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query('sum by (queue) (rabbitmq_detailed_queue_messages_ready{queue=~"$queue"})', "{{queue}} ready"),
                Query(
                    'sum by (queue) (rabbitmq_detailed_queue_messages_unacked{queue=~"$queue"})', "{{queue}} unacked"
                ),
            ),
            timeseries(
                About(
                    "Consumers in the broker",
                    "One or more for each node that serves a queue. Fewer than Nodes that serve it: nodes lost their "
                    "connection to the broker.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query('sum by (queue) (rabbitmq_detailed_queue_consumers{queue=~"$queue"})', "{{queue}}"),
            ),
            stat(
                About(
                    "Broker alarms",
                    "1: RabbitMQ blocks those that publish, and nothing new is dispatched until it has memory, disk or "
                    "descriptors again.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query("max(rabbitmq_alarms_memory_used_watermark)", "memory", instant=True),
                Query("max(rabbitmq_alarms_free_disk_space_watermark)", "disk", instant=True),
                Query("max(rabbitmq_alarms_file_descriptor_limit)", "descriptors", instant=True),
                steps=Steps(warn=0.5, bad=1),
                decimals=0,
            ),
            timeseries(
                About(
                    "Messages that found no queue",
                    "Above 0: a queue was deleted. Schedulers declare it again when they start.",
                    "ops",
                    _SEE,
                    width=8,
                ),
                Query(
                    "sum(rate(rabbitmq_channel_messages_unroutable_dropped_total[$__rate_interval]))",
                    "dropped",
                ),
                Query(
                    "sum(rate(rabbitmq_channel_messages_unroutable_returned_total[$__rate_interval]))",
                    "returned",
                ),
            ),
            timeseries(
                About(
                    "Upkeep overdue",
                    "How late each regular work is: expiring media, sweeping leases, looking for orphans. Rising: no "
                    "scheduler gets to it; their logs say why.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(highest("reelyard_upkeep_overdue_seconds", "name"), "{{name}}"),
            ),
            timeseries(
                About(
                    "Whose turn upkeep is",
                    "1 while a scheduler holds a turn. There is no leader: turns go round, and nothing else waits for "
                    "them.",
                    "none",
                    width=8,
                ),
                Query(summed(own("reelyard_scheduler_leader"), "namespace", "pod", "instance"), PROCESS_LEGEND),
                links=[pod_logs()],
            ),
        ],
    )


def _loops(expression: str) -> Panel:
    about = About(
        "Scheduler loops, p95",
        "How long one turn of dispatch, sweep and upkeep takes. Seconds in dispatch: the database is slow, and every "
        "task waits longer for its hint.",
        "s",
        _SEE,
        width=8,
    )
    return timeseries(about, Query(expression, "{{loop}}"))


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-queues",
        title="Reelyard / Queues and scaling",
        text="How far behind the cluster is, what holds it back, and whether it grows and shrinks as it should.",
        rows=[_behind(), _capacity(), _scaling(), _failing(), _dispatch()],
        variables=[page.queue(), page.accelerator(), page.log_source()],
    )
