"""Of the dashboard about queues: whether nodes come and go as they should, and what schedulers and broker do."""

from deploy.grafana.board import Row
from deploy.grafana.panels import About, Panel, Query, Steps, pod_logs, stat, timeseries
from deploy.grafana.promql import ACCELERATOR, PROCESS_LEGEND, QUEUE, highest, own, quantile, reported, summed

_SEE = "docs/operations.md"


def scaling() -> Row:
    """Whether nodes come and go as they should."""
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
            _given_up(),
        ],
    )


def _given_up() -> Panel:
    about = About(
        "Pools given up",
        "1: tasks waited for a pool at zero, no node of it came, and the CPU has their work. One job at a time tries "
        "the pool again; 0 as soon as a node of it registers. Only pools of REELYARD_POOL_ENCODERS are here.",
        "none",
        "docs/scaling.md",
        width=24,
        height=6,
    )
    return timeseries(about, Query(highest("reelyard_pool_given_up", "queue", where=(QUEUE,)), "{{queue}}"))


def dispatch() -> Row:
    """What the schedulers and the broker do."""
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
                    "scheduler gets to it, or it fails each time; their logs say why.",
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
