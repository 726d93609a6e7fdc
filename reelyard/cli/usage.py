"""`reelyard usage` and `reelyard losses`: who uses the installation, and what work was thrown away."""

from typing import Annotated

import typer

from reelyard.cli.columns import columns, moment
from reelyard.cli.database import DataOption, Schema, open_database
from reelyard.cli.top import age
from scheduler.usecases.read_usage import AccountUsage, Loss, read_losses, read_usage

_HOUR_MS = 3_600_000
_GIB = 2**30

HoursOption = Annotated[float, typer.Option(min=0.01, help="How far to look back, in hours.")]


def usage(hours: HoursOption = 24.0, data: DataOption = None) -> None:
    """Show for each account what it asked for and got, the one with the most node time first."""
    with open_database(data, schema=Schema.CHECK) as database:
        rows = read_usage(database, since_ms=round(hours * _HOUR_MS))
    header = ("ACCOUNT", "ASKED", "COMPLETED", "FAILED", "CANCELLED", "ACTIVE", "RUNNING", "ENCODE", "OTHER", "STORED")
    print(f"node time and jobs of the last {hours:g} hours; active, running and stored as of now")
    print(columns(header, (_account(row) for row in rows)))


def losses(
    hours: HoursOption = 24.0,
    most: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 100,
    data: DataOption = None,
) -> None:
    """Show the attempts whose work was thrown away: node lost, handed back in a drain, or cancelled."""
    with open_database(data, schema=Schema.CHECK) as database:
        found = read_losses(database, since_ms=round(hours * _HOUR_MS), most=most)
    if not found:
        print(f"nothing was lost in the last {hours:g} h")
        return
    header = ("ENDED (UTC)", "JOB", "TASK", "KIND", "ATTEMPT", "NODE", "WHY", "WORKED", "THE TASK IS NOW")
    print(columns(header, (_loss(row) for row in found)))
    if len(found) == most:
        print(f"and perhaps more: --most {most} lines are shown")


def _account(row: AccountUsage) -> tuple[str, ...]:
    ended = (str(row.ended.get(state, 0)) for state in ("completed", "failed", "cancelled"))
    return (
        row.name,
        str(row.asked),
        *ended,
        str(row.active),
        str(row.running),
        age(row.encode_ms),
        age(row.other_ms),
        f"{row.stored_bytes / _GIB:.2f} GiB",
    )


def _loss(row: Loss) -> tuple[str, ...]:
    owner = str(row.job_id) if row.job_id else f"(ingest {row.ingest_id})"
    return (
        moment(row.ended_ms),
        owner,
        str(row.task_id),
        row.kind,
        str(row.attempt),
        row.node_name,
        row.outcome,
        age(row.worked_ms),
        row.task_state,
    )
