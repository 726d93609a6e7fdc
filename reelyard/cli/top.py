"""`reelyard top`: queues, nodes and jobs as they are now, again and again."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reelyard.cli.columns import moment
from reelyard.cli.database import DataOption, Schema, open_database
from scheduler.usecases.read_status import ACTIVE_STATES, ClusterStatus, JobStatus, NodeStatus, QueueStatus, read_status

#: Rows of a terminal that queues, nodes and headings take at most; the rest is for jobs.
_OTHER_ROWS = 12
_FEWEST_JOBS = 5
_MOST_JOBS = 200
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def top(
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Show it once and end; for scripts and small terminals.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Show queues, nodes and jobs with their progress, until Ctrl-C."""
    console = Console()
    if once or not console.is_terminal:
        show_once(console, data)
        return
    most = max(_FEWEST_JOBS, console.height - _OTHER_ROWS)
    with (
        open_database(data, schema=Schema.CHECK) as database,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        try:
            while True:
                live.update(render(read_status(database, most_jobs=most)), refresh=True)
                time.sleep(every)  # a person's eyes are the only thing that waits here
        except KeyboardInterrupt:
            return


def show_once(console: Console, data: Path | None) -> None:
    """Print the status once, every active job up to a limit."""
    with open_database(data, schema=Schema.CHECK) as database:
        console.print(render(read_status(database, most_jobs=_MOST_JOBS)))


def render(status: ClusterStatus) -> Group:
    """The status as three tables."""
    hidden = status.active_jobs - len(status.jobs)
    more = [Text(f"and {hidden} more that have not ended")] if hidden else []
    return Group(
        Text(f"{moment(status.now_ms)} UTC   {status.active_jobs} jobs have not ended"),
        _queues(status.queues),
        _nodes(status.nodes),
        _jobs(status.jobs),
        *more,
    )


def _queues(queues: tuple[QueueStatus, ...]) -> Table:
    due, *others = ACTIVE_STATES  # what may run now is told from what waits for a set time, as in the metrics
    table = _table("QUEUE", due.upper(), "DELAYED", *(state.upper() for state in others), "SLOTS", "OLDEST WAITS")
    for each in queues:
        waiting = each.tasks.get(due, 0) - each.delayed
        counts = (str(count) for count in (waiting, each.delayed, *(each.tasks.get(state, 0) for state in others)))
        slots = str(each.slots) if each.slots else Text("none", style="bold red")
        table.add_row(each.queue, *counts, slots, age(each.oldest_ms) if each.oldest_ms else "-")
    return table


def _nodes(nodes: tuple[NodeStatus, ...]) -> Table:
    table = _table("NODE", "STATE", "TASKS", "SLOTS", "LAST BEAT", "FAILURES", "VERSION")
    for each in nodes:
        state = f"set aside for {age(each.set_aside_ms)}" if each.set_aside_ms else each.state
        beat = f"{age(each.seen_ms)} ago"
        failures = f"{each.failures_in_row} in a row" if each.failures_in_row else "-"
        table.add_row(each.name, state, str(each.running), str(each.slots), beat, failures, each.version)
    return table


def _jobs(jobs: tuple[JobStatus, ...]) -> Table:
    table = _table("JOB", "ACCOUNT", "STATE", "IMPORT", "ENCODE", "STORE", "DELIVER", "AGE", "ON")
    for each in jobs:
        percent = (
            f"{share}%"
            for share in (
                each.importing_progress,
                each.encoding_progress,
                each.storing_progress,
                each.distribution_progress,
            )
        )
        table.add_row(
            str(each.job_id), each.account, each.state, *percent, age(each.age_ms), ", ".join(each.nodes) or "-"
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def age(milliseconds: int) -> str:
    """A length of time in the two largest of its units: "12 s", "3 min 5 s", "2 h 4 min", "3 d 1 h"."""
    seconds = milliseconds // 1000
    for unit, name, smaller, smaller_name in (
        (_DAY_S, "d", _HOUR_S, "h"),
        (_HOUR_S, "h", _MINUTE_S, "min"),
        (_MINUTE_S, "min", 1, "s"),
    ):
        if seconds >= unit:
            rest = seconds % unit // smaller
            return f"{seconds // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{seconds} s"
