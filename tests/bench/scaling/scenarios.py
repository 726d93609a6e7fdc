"""The ways to run the pool, each over the same day."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.bench.scaling.autoscaler import HpaLoop, jobs_to_start
from tests.bench.scaling.fleet import Fleet, Totals
from tests.bench.scaling.load import Asked, day_of_jobs
from tests.bench.scaling.parameters import DAY_S, HOUR_S, Hpa, Jobs, Load, Machines, Measured

SEED = 20261122
#: Seconds between two samples of the curves.
SAMPLE_S = 300.0
#: Prometheus scrapes that often, so a number is up to that old.
SCRAPE_S = 15.0

Start = Callable[[Fleet], None]


@dataclass(frozen=True, kw_only=True)
class World:
    """What all scenarios share."""

    load: Load
    machines: Machines
    measured: Measured
    jobs: tuple[Asked, ...]

    @classmethod
    def of(cls, load: Load, machines: Machines, measured: Measured) -> "World":
        """The same day for everybody."""
        return cls(load=load, machines=machines, measured=measured, jobs=tuple(day_of_jobs(load, SEED)))

    def mean_pods(self) -> float:
        """How many pods the day would keep busy if it came evenly."""
        fleet = Fleet(self.load, self.machines, self.measured, spot=False, seed=SEED)
        return sum(fleet.encode_s(job) for job in self.jobs) / DAY_S


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scenario's day. Waits and lost work are seconds."""

    name: str
    spot: bool
    totals: Totals
    price_per_hour: float

    def wait(self, share: float) -> float:
        """The wait that this share of the jobs did not exceed."""
        waits = sorted(self.totals.waits)
        return waits[min(len(waits) - 1, math.ceil(share * len(waits)) - 1)]

    @property
    def mean_wait(self) -> float:
        """Of all jobs."""
        return statistics.fmean(self.totals.waits)

    @property
    def machine_hours(self) -> float:
        """Paid for."""
        return self.totals.machine_s / HOUR_S

    @property
    def cost(self) -> float:
        """In the price's currency."""
        return self.machine_hours * self.price_per_hour


def fixed(count: int) -> Start:
    """As many pods all day."""
    return lambda fleet: fleet.scale_to(count)


def by_media_seconds(rules: Hpa) -> Start:
    """A Deployment, scaled by the seconds of media that wait."""
    return _hpa(rules, lambda fleet: fleet.backlog_media_s)


def by_queue_length(rules: Hpa) -> Start:
    """A Deployment, scaled by the number of tasks."""
    return _hpa(rules, lambda fleet: float(fleet.open_tasks))


def as_jobs(rules: Jobs) -> Start:
    """A Job for each waiting task."""

    def start(fleet: Fleet) -> None:
        def poll() -> None:
            fleet.start_once(
                jobs_to_start(rules, waiting=fleet.backlog.count, running=len(fleet.pods), pending=fleet.pending())
            )
            fleet.after(rules.polling_s, poll)

        poll()

    return start


def run(name: str, start: Start, world: World, *, spot: bool) -> Outcome:
    """One day of one scenario."""
    fleet = Fleet(world.load, world.machines, world.measured, spot=spot, seed=SEED)

    def sample() -> None:
        fleet.totals.series.append((fleet.now, fleet.ready(), fleet.backlog.count, fleet.backlog_media_s))
        fleet.after(SAMPLE_S, sample)

    start(fleet)
    sample()
    totals = fleet.run(list(world.jobs), DAY_S)
    price = world.machines.spot_price_per_hour if spot else world.machines.price_per_hour
    return Outcome(name=name, spot=spot, totals=totals, price_per_hour=price)


def sweep(thresholds: tuple[float, ...], rules: Hpa, world: World) -> list[tuple[float, Outcome]]:
    """The same Deployment with other thresholds."""
    return [
        (threshold, run("sweep", by_media_seconds(replace(rules, threshold=threshold)), world, spot=False))
        for threshold in thresholds
    ]


def _hpa(rules: Hpa, read: Callable[[Fleet], float]) -> Start:
    def start(fleet: Fleet) -> None:
        loop = HpaLoop(rules)
        scraped = 0.0

        def sync() -> None:
            nonlocal scraped
            seen, scraped = scraped, read(fleet)
            fleet.scale_to(loop.decide(fleet.now, fleet.current(), seen))
            fleet.after(max(rules.sync_s, SCRAPE_S), sync)

        fleet.scale_to(rules.min_replicas)
        sync()

    return start
