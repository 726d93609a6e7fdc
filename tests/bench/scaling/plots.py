"""Draws the outcomes as SVG files, the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "reelyard"
mpl.rcParams["svg.fonttype"] = "none"  # text as text: small files

import matplotlib.pyplot as plt  # noqa: E402  # after the back end was chosen

from tests.bench.scaling.parameters import HOUR_S  # noqa: E402
from tests.bench.scaling.scenarios import Outcome, World  # noqa: E402

_SIZE = (9, 3.4)


def draw_all(folder: Path, world: World, outcomes: Sequence[Outcome], swept: Sequence[tuple[float, Outcome]]) -> None:
    """Write every picture of docs/scaling.md into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [each for each in outcomes if not each.spot]
    _load(folder / "load.svg", world)
    _curves(folder / "replicas.svg", shown, 1, "nodes that can work")
    _curves(folder / "waiting.svg", shown, 2, "tasks without a node")
    _waits(folder / "waits.svg", outcomes)
    _sweep(folder / "threshold.svg", swept)


def _load(path: Path, world: World) -> None:
    figure, axes = plt.subplots(figsize=_SIZE)
    axes.hist([job.at_s / HOUR_S for job in world.jobs], bins=96, color="tab:blue")
    axes.set(xlabel="hour of the day", ylabel="jobs in 15 minutes", xlim=(0, 24))
    _save(figure, path)


def _curves(path: Path, outcomes: Sequence[Outcome], column: int, label: str) -> None:
    figure, axes = plt.subplots(figsize=_SIZE)
    for each in outcomes:
        points = each.totals.series
        axes.step([at[0] / HOUR_S for at in points], [at[column] for at in points], label=each.name, linewidth=1)
    axes.set(xlabel="hour of the day", ylabel=label, xlim=(0, 24))
    axes.legend(fontsize="small")
    _save(figure, path)


def _waits(path: Path, outcomes: Sequence[Outcome]) -> None:
    figure, axes = plt.subplots(figsize=_SIZE)
    for each in outcomes:
        waits = sorted(each.totals.waits)[::20]
        shares = [index / len(waits) for index in range(len(waits))]
        style = "--" if each.spot else "-"
        axes.plot([wait / 60 + 0.001 for wait in waits], shares, style, linewidth=1, label=_label(each))
    axes.set(xlabel="wait in minutes", ylabel="share of the jobs", xscale="log", xlim=(0.01, 120), ylim=(0, 1))
    axes.legend(fontsize="x-small")
    _save(figure, path)


def _sweep(path: Path, swept: Sequence[tuple[float, Outcome]]) -> None:
    figure, axes = plt.subplots(figsize=_SIZE)
    thresholds = [threshold for threshold, _ in swept]
    axes.plot(thresholds, [each.wait(0.95) / 60 for _, each in swept], "o-", color="tab:red")
    axes.set(xlabel="threshold: seconds of media for a node", xscale="log")
    axes.set_ylabel("wait of 95 % of the jobs, minutes", color="tab:red")
    axes.set_xticks(thresholds, [f"{threshold:g}" for threshold in thresholds])
    axes.minorticks_off()
    other = axes.twinx()
    other.plot(thresholds, [each.machine_hours for _, each in swept], "s--", color="tab:blue")
    other.set_ylabel("machine hours", color="tab:blue")
    _save(figure, path)


def _label(outcome: Outcome) -> str:
    return f"{outcome.name}, spot" if outcome.spot else outcome.name


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
