"""The first page: are the objectives kept, what is going on, what was lost, and where to look for the rest."""

from deploy.grafana import board as page
from deploy.grafana.board import Board, Row
from deploy.grafana.objectives import OBJECTIVES, Objective
from deploy.grafana.panels import (
    About,
    Panel,
    Query,
    Steps,
    bars,
    log_lines,
    markdown,
    stat,
    table,
    timeseries,
)
from deploy.grafana.promql import (
    highest,
    or_zero,
    own,
    quantile,
    rate,
    reported,
    shown,
    stepped,
    summed,
    time_to_drain,
)

_QUESTIONS = """
| question | where |
| --- | --- |
| Why is this job slow, why did it fail? | **One job** below (its ID into the field *Job*), and `reelyard job ID`; \
waiting or working: [Queues and scaling](/d/reelyard-queues), [Nodes](/d/reelyard-nodes) |
| Which node is bad? | [Nodes](/d/reelyard-nodes): failed attempts and speed of each pod; set aside: *Nodes by state* |
| How far behind are we? | *Time to drain* below, [Queues and scaling](/d/reelyard-queues) |
| What will it cost? | [Cost](/d/reelyard-cost): an hour, a minute of output, what waits |
| What happens if I delete this pod? | nothing is lost: its tasks are handed back or run again elsewhere; how well \
that goes: *Drains* and *Interrupted* on [Nodes](/d/reelyard-nodes); `docs/operations.md` |
| How do I upgrade? | `docs/operations.md`; how far it is: *Versions* below |
| How do I drain? | `docs/operations.md`; what drains now: *Nodes by state* |
| What is full? | slots: [Queues and scaling](/d/reelyard-queues); scratch: [Nodes](/d/reelyard-nodes); \
object store: [Storage and delivery](/d/reelyard-storage) |
| Who is using it all? | `reelyard usage` and `reelyard top`: no metric carries a customer, on purpose |
| What was lost? | *Lost and repeated work* below: leases that expired, work interrupted, tasks given up; \
whose: `reelyard losses` |
"""


def _attained(objective: Objective) -> Panel:
    steps = Steps(warn=1 - (1 - objective.target) / 2, bad=objective.target, falling=True)
    text = f"{objective.text} The objective is {objective.target:.1%} of 30 days; green while half of the rest is left."
    about = About(f"SLO: {objective.title}", text, "percentunit", "docs/operations.md", width=4, height=4)
    return stat(about, Query(objective.attained(), instant=True), steps=steps, decimals=2, empty="no events")


def _objectives() -> Row:
    budget = About(
        "SLO: error budgets left",
        "What is left of the bad events that 30 days may have. Orange: hold risky changes back. Red: the objective "
        "of the month is missed; find out which error it was before anything else.",
        "percentunit",
        "docs/operations.md",
        width=12,
        height=7,
    )
    burn = About(
        "SLO: burn rate of the last hour",
        "1 uses the month's budget up in a month, 14.4 in two days: that pages. What burns shows which dashboard to "
        "open.",
        "none",
        "docs/operations.md",
        width=12,
        height=7,
    )
    return Row(
        "Objectives of 30 days",
        [
            *(_attained(each) for each in OBJECTIVES),
            _time_to_drain(),
            bars(
                budget,
                *(Query(each.budget(), each.title, instant=True) for each in OBJECTIVES),
                top=1,
                steps=Steps(warn=0.5, bad=0, falling=True),
            ),
            timeseries(burn, *(Query(each.burn(), each.title) for each in OBJECTIVES), steps=Steps(warn=6, bad=14.4)),
        ],
    )


def _time_to_drain() -> Panel:
    about = About(
        "Time to drain",
        "How long the encodes that wait would take, by what a slot encoded in the last hour and the slots of now. "
        "Growing for an hour means too few nodes: look at Queues and scaling for what holds them back. Months: no "
        "node encodes at all.",
        "s",
        "docs/operations.md",
        width=4,
        height=4,
    )
    query = Query(time_to_drain('queue=~"encode.+"'), instant=True)
    return stat(about, query, steps=Steps(warn=3600, bad=6 * 3600))


def _now() -> Row:
    jobs = About(
        "Jobs by state",
        "Jobs that have not ended, by the stage in which they are. One band that grows while the others shrink is the "
        "stage that holds everything up.",
        "none",
        width=8,
    )
    waits = About(
        "Wait for a node, p50 and p95",
        "From when a task could run until a node began it. Steps of minutes mean that all slots are taken. Points lead "
        "to a job.",
        "s",
        width=8,
    )
    output = About(
        "Encoded minutes a minute",
        "How many minutes of media the cluster encodes in a minute. Falling with slots in use: slow nodes, or harder "
        "material. Falling with free slots: nothing to do, or no node fits.",
        "none",
        width=8,
    )
    failures = About(
        "Failed jobs by class",
        "Who can mend it: user_input and receiver are not yours. encode, node, storage, capability and unavailable "
        "are: look at Nodes or Storage and delivery. internal is a bug: report it with the log of a job.",
        "none",
        "docs/operations.md",
        width=8,
    )
    ended = About(
        "Jobs that ended",
        "Jobs a second by outcome. Submitted above ended for long means that the backlog grows.",
        "ops",
        width=8,
    )
    states = About(
        "Nodes by state",
        "set_aside: failed several tasks in a row and gets no more for a while; see which on Nodes. lost: went silent "
        "within the last hour. draining: finishes what it has.",
        "none",
        width=8,
    )
    pending = reported("reelyard_nodes", "state", "accelerator")
    return Row(
        "Now",
        [
            timeseries(jobs, Query(summed(reported("reelyard_jobs", "state"), "state"), "{{state}}"), stacked=True),
            timeseries(
                waits,
                Query(quantile(0.5, "reelyard_job_queue_wait_seconds"), "p50"),
                Query(quantile(0.95, "reelyard_job_queue_wait_seconds"), "p95"),
            ),
            timeseries(
                output,
                Query(summed(rate("reelyard_encode_media_seconds_total"), "accelerator"), "{{accelerator}}"),
                stacked=True,
            ),
            timeseries(
                failures,
                Query(
                    summed(stepped("reelyard_jobs_finished_total", 'outcome="failed"'), "error_class"),
                    "{{error_class}}",
                ),
                stacked=True,
            ),
            timeseries(
                ended,
                Query(summed(rate("reelyard_jobs_finished_total"), "outcome"), "{{outcome}}"),
                Query(summed(rate("reelyard_jobs_submitted_total")), "submitted"),
            ),
            timeseries(states, Query(summed(pending, "state"), "{{state}}"), stacked=True),
        ],
    )


def _lost() -> Row:
    number = {"width": 4, "height": 4}
    see = "docs/operations.md"
    return Row(
        "Lost and repeated work in the shown time",
        [
            stat(
                About(
                    "Leases that expired",
                    "Tasks whose node went silent: killed without a drain, out of memory, cut off, or frozen. They "
                    "were run again. Nodes says which pod went away; its last log lines say why.",
                    "none",
                    see,
                    **number,
                ),
                Query(or_zero(summed(shown("reelyard_task_leases_expired_total"))), instant=True),
                steps=Steps(warn=1, bad=20),
                decimals=0,
            ),
            stat(
                About(
                    "Interrupted",
                    "Attempts that ended before their work was done, by drains, lost nodes and cancelled jobs. Many "
                    "from drains: the grace is shorter than the encodes, or pods are moved too often.",
                    "none",
                    see,
                    **number,
                ),
                Query(or_zero(summed(shown("reelyard_tasks_interrupted_total"))), instant=True),
                steps=Steps(warn=10, bad=100),
                decimals=0,
            ),
            stat(
                About(
                    "Tasks given up",
                    "Tasks that failed for good after all their tries; each fails a job, or was a notification that "
                    "nobody took. By reason: Queues and scaling.",
                    "none",
                    see,
                    **number,
                ),
                Query(or_zero(summed(shown("reelyard_tasks_dead_lettered_total"))), instant=True),
                steps=Steps(warn=1, bad=20),
                decimals=0,
            ),
            stat(
                About(
                    "Retries",
                    "Tasks that failed and were tried again. A few are normal; many at once of one class are a storm: "
                    "Queues and scaling shows the class, Nodes the pod.",
                    "none",
                    see,
                    **number,
                ),
                Query(or_zero(summed(shown("reelyard_task_retries_total"))), instant=True),
                steps=Steps(warn=20, bad=200),
                decimals=0,
            ),
            stat(
                About(
                    "Database and broker reachable",
                    "1 while every scheduler reaches it, 0 while one does not. Nodes go on encoding meanwhile; what "
                    "they finish is told afterwards.",
                    "none",
                    see,
                    **number,
                ),
                Query(f"min({own('reelyard_database_up')})", "database", instant=True),
                Query(f"min({own('reelyard_broker_up')})", "broker", instant=True),
                steps=Steps(warn=1, bad=0.5, falling=True),
                decimals=0,
            ),
            stat(
                About(
                    "Scheduler upkeep overdue",
                    "How late the slowest of the schedulers' regular works is. Above minutes: no scheduler runs, or "
                    "each of them fails at it; their logs name it.",
                    "s",
                    see,
                    **number,
                ),
                Query(highest("reelyard_upkeep_overdue_seconds"), instant=True),
                steps=Steps(warn=120, bad=600),
            ),
            table(
                About(
                    "Versions",
                    "What runs, and how many processes of it. Two versions of a service are normal while an upgrade is "
                    "under way; afterwards one of them was left behind.",
                    "none",
                    see,
                    width=24,
                    height=6,
                ),
                Query(summed(own("reelyard_build_info"), "service", "version", "commit", "ffmpeg"), instant=True),
                {
                    "service": "Service",
                    "version": "Version",
                    "commit": "Commit",
                    "ffmpeg": "ffmpeg",
                    "Value": "Processes",
                },
            ),
        ],
    )


def _one_job() -> Row:
    about = About(
        "Log of one job",
        "All that the gateway, the schedulers and the nodes logged of the job whose ID stands in the field Job above, "
        "in order; a point of a histogram leads here. Needs logs in Loki with the label namespace. Without Loki: "
        "`reelyard job ID`, or kubectl logs and grep.",
        "none",
        "docs/operations.md",
        width=24,
        height=14,
    )
    expression = '{namespace=~"$namespace"} |= `job_id` | json | job_id = `$job_id`'
    return Row("One job", [log_lines(about, expression)], closed=True)


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-overview",
        title="Reelyard / Overview",
        text="Are the objectives kept, what is going on, what was lost.",
        rows=[
            _objectives(),
            _now(),
            _lost(),
            Row("Where to look", [markdown("Questions", _QUESTIONS.strip(), height=10)]),
            _one_job(),
        ],
        variables=[page.log_source(), page.job_id()],
    )
