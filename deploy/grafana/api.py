"""The API as its callers see it, and the calls behind it."""

from deploy.grafana.board import Board, Row
from deploy.grafana.board import log_source as logs
from deploy.grafana.panels import About, Query, Steps, pod_logs, spread, stat, timeseries
from deploy.grafana.promql import POD, PROCESS_LEGEND, or_zero, own, quantile, rate, shown, stepped, summed

_SEE = "docs/operations.md"
_ROUTES = 'route!~"/healthz|/readyz|/metrics"'
_BROKEN = 'code=~"5.."'
#: What a scheduler answers when it, or what it needs, is at fault; the other codes say that the request was wrong.
_OURS = 'grpc_code=~"Unavailable|Internal|Unknown|DeadlineExceeded|DataLoss"'


def _rest() -> Row:
    requests = rate("reelyard_http_requests_total", _ROUTES)
    broken = or_zero(summed(rate("reelyard_http_requests_total", _ROUTES, _BROKEN)))
    return Row(
        "Requests",
        [
            timeseries(
                About(
                    "Requests a second by route",
                    "Who asks for what. A jump on one route is one client.",
                    "reqps",
                    width=8,
                ),
                Query(summed(requests, "route", "method"), "{{method}} {{route}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Answers by code",
                    "5xx are ours. 503: scheduler, database or broker was away. 429: somebody is above the limit; 401 "
                    "and 403: a wrong key.",
                    "reqps",
                    _SEE,
                    width=8,
                ),
                Query(summed(requests, "code"), "{{code}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Share of 5xx",
                    "The objective allows 0.1 %. Look at which codes, then at gRPC below and at the gateway's log.",
                    "percentunit",
                    _SEE,
                    width=8,
                ),
                Query(f"{broken} / {summed(requests)}", "5xx"),
            ),
            timeseries(
                About(
                    "Latency, p50, p95 and p99",
                    "Time until an answer was complete; downloads last as long as their client is slow, so watch the "
                    "routes (next panel).",
                    "s",
                    _SEE,
                    width=8,
                ),
                *(
                    Query(
                        quantile(share, "reelyard_http_request_duration_seconds", where=(_ROUTES,)),
                        f"p{share:.0%}"[:-1],
                    )
                    for share in (0.5, 0.95, 0.99)
                ),
            ),
            timeseries(
                About(
                    "Latency by route, p95",
                    "job/create above 300 ms: the database or the schedulers are slow; see gRPC.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(
                    quantile(0.95, "reelyard_http_request_duration_seconds", "route", "method", where=(_ROUTES,)),
                    "{{method}} {{route}}",
                ),
            ),
            spread(
                About(
                    "Latencies",
                    "All requests. A second band far above the first: one slow route or one slow pod.",
                    "s",
                    width=8,
                ),
                summed(rate("reelyard_http_request_duration_seconds_bucket", _ROUTES), "le"),
            ),
            timeseries(
                About(
                    "Requests in flight",
                    "By gateway. Climbing without more requests a second: answers hang, mostly on the schedulers.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(summed(own("reelyard_http_requests_in_flight"), *POD), PROCESS_LEGEND),
                links=[pod_logs()],
            ),
            timeseries(
                About(
                    "Refused requests by reason",
                    "rate: an account is above its limit (`reelyard accounts limit`). auth and role: keys. size, "
                    "malformed, invalid: clients that err. unavailable: ours, see gRPC.",
                    "none",
                    "docs/running.md",
                    width=8,
                ),
                Query(summed(stepped("reelyard_requests_rejected_total"), "reason"), "{{reason}}"),
                stacked=True,
            ),
            stat(
                About(
                    "Refused in the shown time",
                    "Which customer it was, the gateway's log says: metrics carry none. `reelyard top` shows who uses "
                    "the cluster.",
                    "none",
                    "docs/running.md",
                    width=8,
                ),
                Query(f"{summed(shown('reelyard_requests_rejected_total'), 'reason')} > 0", "{{reason}}", instant=True),
                decimals=0,
                empty="none",
            ),
        ],
    )


def _grpc() -> Row:
    handled = "reelyard_grpc_server_handled_total"
    return Row(
        "Calls to the schedulers (gRPC)",
        [
            timeseries(
                About(
                    "Calls a second",
                    "By method. Heartbeats grow with the nodes, the rest with the work.",
                    "reqps",
                    width=8,
                ),
                Query(summed(rate(handled), "grpc_service", "grpc_method"), "{{grpc_service}}/{{grpc_method}}"),
                stacked=True,
            ),
            timeseries(
                About(
                    "Calls that failed, by code",
                    "Unavailable: the database or the broker was away, callers try again by themselves. Internal and "
                    "Unknown: a bug, the scheduler's log has it.",
                    "reqps",
                    _SEE,
                    width=8,
                ),
                Query(
                    or_zero(summed(rate(handled, _OURS))),
                    "ours",
                ),
                Query(summed(rate(handled, 'grpc_code!="OK"'), "grpc_code"), "{{grpc_code}}"),
            ),
            timeseries(
                About(
                    "Duration by method, p95",
                    "Claim and Finish above a second: the database is slow, or locks wait for each other.",
                    "s",
                    _SEE,
                    width=8,
                ),
                Query(quantile(0.95, "reelyard_grpc_server_handling_seconds", "grpc_method"), "{{grpc_method}}"),
            ),
        ],
    )


def _processes() -> Row:
    fleet = own("reelyard_build_info", 'service=~"gateway|scheduler"')
    wanted = f"{summed(fleet, *POD)} > 0"

    def only(expression: str) -> str:
        return f"{expression} and {wanted}"

    return Row(
        "Gateways and schedulers",
        [
            timeseries(
                About(
                    "Processor",
                    "Processors that each of them uses. A gateway near 1 is full: add replicas, as its HPA does.",
                    "none",
                    _SEE,
                    width=8,
                ),
                Query(only(summed(rate("process_cpu_seconds_total"), *POD)), PROCESS_LEGEND),
                links=[pod_logs()],
            ),
            timeseries(
                About("Memory", "Of each process. Growing for days: report it.", "bytes", width=8),
                Query(only(summed(own("process_resident_memory_bytes"), *POD)), PROCESS_LEGEND),
                links=[pod_logs()],
            ),
            stat(
                About(
                    "Scraped",
                    "Share of all targets of these namespaces that answer Prometheus. Below 1: a pod hangs or starts, "
                    "or a network policy keeps Prometheus out.",
                    "percentunit",
                    _SEE,
                    width=4,
                ),
                Query('avg(up{namespace=~"$namespace"})', instant=True),
                steps=Steps(warn=1, bad=0.9, falling=True),
            ),
            stat(
                About(
                    "Database and broker",
                    "1: every scheduler reached it when it last asked.",
                    "none",
                    _SEE,
                    width=4,
                ),
                Query(f"min({own('reelyard_database_up')})", "database", instant=True),
                Query(f"min({own('reelyard_broker_up')})", "broker", instant=True),
                steps=Steps(warn=1, bad=0.5, falling=True),
                decimals=0,
            ),
        ],
    )


def board() -> Board:
    """The dashboard of this page."""
    return Board(
        uid="reelyard-api",
        title="Reelyard / API",
        text="The API as its callers see it, and the calls behind it.",
        rows=[_rest(), _grpc(), _processes()],
        variables=[logs()],
    )
