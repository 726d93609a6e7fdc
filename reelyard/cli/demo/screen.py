"""How the jobs' progress looks: bars at a terminal, a line for every change elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

#: Heading and the member of a job's status.
STAGES = (
    ("ingest", "ImportingProgress"),
    ("encode", "EncodingProgress"),
    ("store", "StoringProgress"),
    ("distribute", "DistributionProgress"),
)
_BAR_WIDTH = 14


class Screen:
    """Shows the four stages of each job while it is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, jobs: Mapping[str, Mapping[str, Any]]) -> None:
        """Show the jobs, named by their output, as they are now."""
        if self._live is not None:
            self._live.update(_table(jobs), refresh=True)
            return
        for name, job in jobs.items():
            if self._said.get(name) != job["Status"]:
                self._said[name] = str(job["Status"])
                self._console.print(_line(name, job), highlight=False)


def _table(jobs: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("output", *(heading for heading, _ in STAGES), "status", box=None, padding=(0, 2, 0, 0))
    for name, job in jobs.items():
        bars = (
            ProgressBar(total=100, completed=job[member], width=_BAR_WIDTH, finished_style="green")
            for _, member in STAGES
        )
        table.add_row(name, *bars, str(job["Status"]))
    return table


def _line(name: str, job: Mapping[str, Any]) -> str:
    stages = ", ".join(f"{heading} {job[member]} %" for heading, member in STAGES)
    return f"{name}: {job['Status']} ({stages})"
