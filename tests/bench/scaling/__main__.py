"""`python -m tests.bench.scaling`: a day of 10,000 jobs on differently scaled fleets, as a table and as pictures."""

import argparse
import math
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.scaling.parameters import (
    HOUR_S,
    MEASURED,
    ROOT,
    Hpa,
    Load,
    Machines,
    measured,
    scaled_job,
    scaled_object,
)
from tests.bench.scaling.plots import draw_all
from tests.bench.scaling.scenarios import (
    Outcome,
    Start,
    World,
    as_jobs,
    by_media_seconds,
    by_queue_length,
    fixed,
    run,
    sweep,
)

#: Thresholds that are tried beside the manifest's own.
THRESHOLDS = (75.0, 150.0, 300.0, 600.0, 1200.0, 2400.0)
#: Another day: few outputs, and long ones in sizes up to 3840x2160, each of which takes a node an hour or more.
FILMS = Load(jobs=300, median_s=3600.0, sigma=0.5, longest_s=3 * HOUR_S, sizes=((2.25, 0.5), (9.0, 0.5)))
#: Tasks a node of the fleet that is scaled by the number of tasks.
TASKS_A_NODE = 5.0


def main() -> None:
    """Simulate, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scaling", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure encoder and scheduler anew first")
    parser.add_argument("--pictures", type=Path, default=ROOT / "docs/scaling", help="folder for the SVG files")
    given = parser.parse_args()
    if given.measure or not MEASURED.exists():
        from tests.bench.scaling.measure import take_anew  # only who measures needs the servers' packages

        take_anew()
    world = World.of(Load(), Machines(), measured())
    outcomes = [run(name, start, world, spot=spot) for name, start, spot in _scenarios(world)]
    swept = sweep(THRESHOLDS, scaled_object(), world)
    console = Console(width=120)
    console.print(_table(world, outcomes))
    console.print(_sweep_table(swept))
    films = World.of(FILMS, Machines(), world.measured)
    console.print(_table(films, [run(name, start, films, spot=spot) for name, start, spot in _scenarios(films)[2:]]))
    draw_all(given.pictures, world, outcomes, swept)


def _scenarios(world: World) -> list[tuple[str, Start, bool]]:
    rules = scaled_object()
    mean = math.ceil(world.mean_pods() * 1.2)
    scaled: list[tuple[str, Start]] = [
        ("Deployment, media seconds", by_media_seconds(rules)),
        (f"Deployment, {TASKS_A_NODE:g} tasks a node", by_queue_length(_of_tasks())),
        ("ScaledJob", as_jobs(scaled_job())),
    ]
    fleets: list[tuple[str, Start, bool]] = [
        (f"fixed, {mean} nodes", fixed(mean), False),
        (f"fixed, {rules.max_replicas} nodes", fixed(rules.max_replicas), False),
    ]
    return fleets + [(name, start, spot) for spot in (False, True) for name, start in scaled]


def _of_tasks() -> Hpa:
    return replace(scaled_object(), threshold=TASKS_A_NODE)


def _table(world: World, outcomes: list[Outcome]) -> Table:
    title = f"{len(world.jobs)} jobs in a day, {world.mean_pods():.1f} nodes busy on average; waits in minutes"
    table = Table(title=title)
    for column in ("fleet", "p50", "p95", "p99", "max", "machine hours", "cost", "machines lost", "lost work"):
        table.add_column(column, justify="left" if column == "fleet" else "right")
    for each in outcomes:
        table.add_row(
            f"{each.name}{', spot' if each.spot else ''}",
            *(f"{each.wait(share) / 60:.1f}" for share in (0.5, 0.95, 0.99, 1.0)),
            f"{each.machine_hours:.0f}",
            f"{each.cost:.2f}",
            str(each.totals.losses),
            f"{each.totals.lost_s:.0f} s",
        )
    return table


def _sweep_table(swept: list[tuple[float, Outcome]]) -> Table:
    table = Table(title="Deployment by media seconds, other thresholds; waits in minutes")
    for column in ("threshold", "p50", "p95", "p99", "max", "machine hours", "lost work"):
        table.add_column(column, justify="right")
    for threshold, each in swept:
        waits = (f"{each.wait(share) / 60:.1f}" for share in (0.5, 0.95, 0.99, 1.0))
        table.add_row(f"{threshold:g} s", *waits, f"{each.machine_hours:.0f}", f"{each.totals.lost_s:.0f} s")
    return table


if __name__ == "__main__":
    main()
