"""The objectives of a month, as shown: what counts as an event, and what as a bad one.

The alerts on them are rules of Prometheus (`deploy/prometheus/rules/slo-*.yaml`). These are the same objectives asked
from the raw metrics, so that the dashboard also works where the rules are not loaded.
"""

from dataclasses import dataclass

from deploy.grafana.promql import grown, or_zero, own, summed

MONTH = "30d"
_ROUTES = 'route!~"/healthz|/readyz|/metrics"'
_SUBMIT = (
    'method="POST"',
    'route=~"/api/v1/job/create|/api/v1/job/createjobfrominputmedia|/api/v1/ingest/create"',
)
_OURS = 'error_class!~"user_input|receiver|cancelled"'


@dataclass(frozen=True)
class Objective:
    """One objective: the share `target` of what happened in a month shall be good."""

    title: str
    target: float
    text: str
    counter: str
    events: tuple[str, ...]
    bad: tuple[str, ...] = ()  # conditions of a bad event; without any, what is above `within` is bad
    within: str = ""  # seconds, as the bucket of the histogram `counter` is called
    first_counts: bool = False  # whether what happens once has to count, at the price of a longer query

    def errors(self, window: str = MONTH) -> str:
        """The share of bad events within a time."""
        if not self.within:
            bad = or_zero(summed(self._grown(self.counter, window, *self.events, *self.bad)))
            return f"{bad} / {summed(self._grown(self.counter, window, *self.events))}"
        good = summed(self._grown(f"{self.counter}_bucket", window, *self.events, f'le="{self.within}"'))
        return f"1 - {good} / {summed(self._grown(f'{self.counter}_count', window, *self.events))}"

    def attained(self) -> str:
        """The share of good events in a month."""
        return f"1 - ({self.errors()})"

    def budget(self) -> str:
        """What is left of the bad events that a month may have: 1 is all, below 0 the objective is missed."""
        return f"1 - ({self.errors()}) / {1 - self.target:.6g}"

    def burn(self) -> str:
        """How many times faster than a month allows the last hour used up what it may."""
        return f"({self.errors('1h')}) / {1 - self.target:.6g}"

    def _grown(self, name: str, window: str, *conditions: str) -> str:
        if self.first_counts:
            return grown(name, window, *conditions)
        return f"increase({own(name, *conditions)}[{window}])"


OBJECTIVES = (
    Objective(
        title="API availability",
        target=0.999,
        text="Answers of the API that were no 5xx. Below the objective: the dashboard API says which route, and "
        "whether the database or the broker was away.",
        counter="reelyard_http_requests_total",
        events=(_ROUTES,),
        bad=('code=~"5.."',),
    ),
    Objective(
        title="Submit within 300 ms",
        target=0.99,
        text="Requests that create jobs or ingests and were answered within 300 ms. Below: look at the latency of gRPC "
        "and of the database on the dashboard API.",
        counter="reelyard_http_request_duration_seconds",
        events=_SUBMIT,
        within="0.3",
    ),
    Objective(
        title="Start within 10 min",
        target=0.95,
        text="Tasks that a node began within ten minutes of when they could run. Below: there are too few slots; "
        "the dashboard Queues and scaling says in which queue.",
        counter="reelyard_job_queue_wait_seconds",
        events=(),
        within="600.0",
    ),
    Objective(
        title="Jobs succeed",
        target=0.995,
        text="Jobs that succeeded, without those that the user's input or a receiver of the user's choice broke, and "
        "without cancelled ones. Below: Failed jobs by class, further down, says on which side to look.",
        counter="reelyard_jobs_finished_total",
        events=('outcome!="cancelled"', _OURS),
        bad=('outcome="failed"',),
        first_counts=True,
    ),
    Objective(
        title="Notified within 5 min",
        target=0.999,
        text="Delivered webhooks and mails that came within five minutes of what they tell. Below: see the dashboard "
        "Storage and delivery; often one slow receiver.",
        counter="reelyard_webhook_delivery_lag_seconds",
        events=(),
        within="300.0",
    ),
)
