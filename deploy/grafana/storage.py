"""The object store, deliveries, and what is told to webhooks and mail addresses."""

from deploy.grafana.board import Board, Row
from deploy.grafana.board import log_source as logs
from deploy.grafana.panels import About, Query, Steps, pod_logs, spread, stat, timeseries
from deploy.grafana.promql import (
    POD,
    PROCESS_LEGEND,
    highest,
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
#: 4xx are not among them: a part that is not there is a normal answer.
_BROKEN = 'outcome=~"5xx|timeout|unreachable|checksum"'


def _store() -> Row:
    requests = "reelyard_storage_requests_total"
    broken = or_zero(summed(rate(requests, _BROKEN)))
    scratch, room = own("reelyard_scratch_used_bytes"), own("reelyard_scratch_capacity_bytes")
    return Row(
        "Object store",
        [
            timeseries(
                About("Requests a second", "By kind, all services together.", "reqps", width=8),
                Query(summed(rate(requests), "op"), "{{op}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Requests that failed",
                    "4xx: rights or a missing bucket, if it begins with a change of settings. 5xx and timeout: the "
                    "store is overloaded. unreachable: network. checksum: bytes came back wrong; tell whoever runs it.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped(requests, 'outcome!="ok"'), "op", "outcome"), "{{op}} {{outcome}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Share of failed requests",
                    "Without 4xx. Above 1 % for minutes: tasks are being retried because of it.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{broken} / {summed(rate(requests))}", "failed"),
                steps=Steps(warn=0.01, bad=0.05),
            ),
            timeseries(
                About(
                    "Failures by process",
                    "One process alone: its machine's network. All: the store.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(stepped(requests, _BROKEN), *POD), PROCESS_LEGEND),
                stacked=True,
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Duration of requests, p95",
                    "A get or put lasts as long as its bytes take; head and list above a second mean a slow store.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.95, "reelyard_storage_request_duration_seconds", "op"), "{{op}}"),
            ),
            timeseries(
                About(
                    "Bytes to and from the store",
                    "in: read. out: written. Flat at a round number: a full line.",
                    "Bps",
                    width=8,
                ),
                Query(summed(rate("reelyard_storage_transferred_bytes_total"), "direction"), "{{direction}}"),
            ),
            timeseries(
                About(
                    "Scratch in use",
                    "Bytes on the scratch volumes of the nodes, and their room. Full scratch ends as storage errors.",
                    "bytes",
                    _SEE,
                    width=8,
                ),
                Query(summed(scratch), "in use"),
                Query(summed(room), "room"),
            ),
            timeseries(
                About(
                    "Fetch, upload, verify: p95",
                    "The steps of tasks that move bytes. Points lead to a job.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(
                    quantile(
                        0.95,
                        "reelyard_task_stage_duration_seconds",
                        "stage",
                        where=('stage=~"fetch|upload|verify|package|clean"',),
                    ),
                    "{{stage}}",
                ),
            ),
            timeseries(
                About(
                    "Waiting to be stored and delivered",
                    "Oldest task of store and distribute. Rising while encodes go on: too few slots of these queues.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(
                    highest(
                        "reelyard_queue_oldest_task_age_seconds", "queue", where=('queue=~"store|distribute|ingest"',)
                    ),
                    "{{queue}}",
                ),
            ),
        ],
    )


def _deliveries() -> Row:
    return Row(
        "Deliveries",
        [
            timeseries(
                About(
                    "Deliveries by place and outcome",
                    "none: the output stays in the object store. Failures of one scheme are mostly one receiver; the "
                    "log of its job has its words.",
                    "none",
                    "docs/running.md",
                ),
                Query(summed(stepped("reelyard_deliveries_total"), "scheme", "outcome"), "{{scheme}} {{outcome}}"),
                stacked=True,
            ),
            timeseries(
                About("Duration of deliveries, p50 and p95", "By outcome. Points lead to a job.", "s"),
                Query(
                    quantile(0.5, "reelyard_task_stage_duration_seconds", "outcome", where=('stage="deliver"',)),
                    "{{outcome}} p50",
                ),
                Query(
                    quantile(0.95, "reelyard_task_stage_duration_seconds", "outcome", where=('stage="deliver"',)),
                    "{{outcome}} p95",
                ),
            ),
        ],
    )


def _notifications() -> Row:
    lag = "reelyard_webhook_delivery_lag_seconds"
    return Row(
        "Webhooks and mails",
        [
            timeseries(
                About(
                    "Notifications by outcome",
                    "retried: the receiver did not answer 2xx and is asked again for hours. failed: given up; "
                    "`GET notification` of that account says why, `POST notification/{id}/replay` sends it again.",
                    "none",
                    "docs/running.md",
                    width=8,
                ),
                Query(summed(stepped("reelyard_webhook_deliveries_total"), "kind", "outcome"), "{{kind}} {{outcome}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "From event to delivery, p50 and p95",
                    "Minutes at p95: some receivers fail at first. Minutes at p50: our side, look at the slots of "
                    "distribute. Points lead to a job.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.5, lag, "kind"), "{{kind}} p50"),
                Query(quantile(0.95, lag, "kind"), "{{kind}} p95"),
            ),
            spread(
                About("Lag of notifications", "The bands above the first are the waits between tries.", "s", width=8),
                summed(rate(f"{lag}_bucket"), "le"),
            ),
            timeseries(
                About(
                    "Waiting notifications",
                    "Not delivered and not given up. Thousands: one dead receiver of a busy customer; they don't "
                    "hinder the others.",
                    "none",
                    _SEE,
                    width=12,
                ),
                Query(summed(reported("reelyard_webhook_pending", "kind"), "kind"), "{{kind}}"),
                stacked=True,
            ),
            stat(
                About(
                    "Given up in the shown time",
                    "Notifications that nobody will get unless they are sent again.",
                    "none",
                    "docs/running.md",
                    width=6,
                ),
                Query(or_zero(summed(shown("reelyard_webhook_deliveries_total", 'outcome="failed"'))), instant=True),
                steps=Steps(warn=1, bad=50),
                decimals=0,
            ),
            stat(
                About(
                    "Delivered in the shown time",
                    "Webhooks and mails that were taken.",
                    "none",
                    width=6,
                ),
                Query(
                    summed(shown("reelyard_webhook_deliveries_total", 'outcome="delivered"'), "kind"),
                    "{{kind}}",
                    instant=True,
                ),
                decimals=0,
                empty="none",
            ),
        ],
    )


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-storage",
        title="Reelyard / Storage and delivery",
        text="The object store, deliveries, and what is told to webhooks and mail addresses.",
        rows=[_store(), _deliveries(), _notifications()],
        variables=[logs()],
    )
