"""Draws the life cycles of `scheduler.domain` into `docs/job-lifecycle.md`.

The page is prose with blocks between `<!-- begin NAME -->` and `<!-- end NAME -->` that are made from the data:

    python -m scheduler.lifecycle_page docs/job-lifecycle.md
"""

import re
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reelyard.media.errors import BLAMES_NODE
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.lifecycle import LifeCycle
from scheduler.domain.media import MEDIA
from scheduler.domain.node import NODE
from scheduler.domain.retry import ATTEMPTS, FALLS_BACK, MAX_LOSSES, PATIENT_FAILURES, RetryWaits
from scheduler.domain.task import TASK

CYCLES: tuple[LifeCycle[Any, Any], ...] = (JOB, INGEST, TASK, MEDIA, NODE)


def blocks() -> Mapping[str, str]:
    """The generated blocks of the page, by name."""
    drawn = {cycle.entity: draw(cycle) for cycle in CYCLES}
    return MappingProxyType(drawn | {"retries": draw_retries()})


def refreshed(page: str) -> str:
    """The page with every block as the data has it.

    Raises:
        ValueError: the page has no place for a block.
    """
    for name, block in blocks().items():
        place = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, found = place.subn(lambda match, block=block: match[1] + block + match[2], page)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"the page needs exactly one place for the block {name!r}, and has {found}")
    return page


def draw(cycle: LifeCycle[Any, Any]) -> str:
    """One life cycle: a diagram with a letter on each way, what the states mean, what the letters mean."""
    letters = dict(zip(cycle.events.__members__.values(), string.ascii_letters, strict=False))
    lines = ["", "```mermaid", "stateDiagram-v2", f"    [*] --> {cycle.initial.value}"]
    lines += [
        f"    {source.value} --> {target.value}: {letters[event]}" for (source, event), target in cycle.ways.items()
    ]
    lines += [f"    {state.value} --> [*]" for state in cycle.ends]
    lines += ["```", "", "| state | meaning |", "| --- | --- |"]
    lines += [f"| `{state.value}` | {state.meaning} |" for state in cycle.states]
    lines += ["", "| | event | from | to | when |", "| --- | --- | --- | --- | --- |"]
    for event in cycle.events:
        sources = cycle.sources(event)
        targets = {cycle.advance(source, event) for source in sources}
        origin = ", ".join(f"`{source.value}`" for source in sources)
        target = ", ".join(f"`{state.value}`" for state in cycle.states if state in targets)
        lines.append(f"| {letters[event]} | `{event.value}` | {origin} | {target} | {event.meaning} |")
    return "\n".join(lines) + "\n\n"


def draw_retries() -> str:
    """The retry table, as `scheduler.domain.retry` has it."""
    lines = ["", "| code | attempts | counts against the node | GPU gives way to CPU |", "| --- | --- | --- | --- |"]
    waits = RetryWaits()
    patient_codes = {code for _, code in PATIENT_FAILURES}
    for code, allowed in ATTEMPTS.items():
        attempts = f"{len(waits.patient_s) + 1}, over hours" if code in patient_codes else f"{allowed}"
        blame = "yes" if code in BLAMES_NODE else ""
        fall = "yes" if code in FALLS_BACK else ""
        lines.append(f"| `{code.value}` | {attempts} | {blame} | {fall} |")
    lines.append(f"| `node_lost` | {MAX_LOSSES + 1} lapsed leases | | |")
    job, patient = _seconds(waits.task_s), _seconds(waits.patient_s)
    said = f"Waits before the next attempt, in seconds: {job}; for notifications, deliveries and clean-ups {patient}."
    return "\n".join([*lines, "", said]) + "\n\n"


def _seconds(waits: Any) -> str:
    return ", ".join(f"{wait:g}" for wait in waits)


def main(arguments: list[str]) -> int:
    """Bring the page that is named up to date."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m scheduler.lifecycle_page docs/job-lifecycle.md\n")
        return 2
    path = Path(arguments[0])
    path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
