"""`reelyard job`: all that happened to a job, with times and nodes."""

from typing import Annotated

import typer

from reelyard.cli.columns import columns, moment
from reelyard.cli.database import DataOption, Schema, open_database
from scheduler.usecases.read_timeline import Timeline, read_timeline


def job(
    job_id: Annotated[int, typer.Argument(min=1, help="ID of the job.")],
    data: DataOption = None,
) -> None:
    """Show the time line of a job: its stages, tasks and attempts, and why it failed."""
    with open_database(data, schema=Schema.CHECK) as database:
        timeline = read_timeline(database, job_id)
    print(render(timeline))


def render(timeline: Timeline) -> str:
    """The time line as lines; `+` counts seconds from the job's creation, and before it for an input that was there."""
    begin = timeline.created_ms
    rows = (
        (
            moment(each.at_ms),
            f"{(each.at_ms - begin) / 1000:+.2f}",
            each.subject,
            each.what,
            " ".join(each.detail.split()),
        )
        for each in timeline.moments
    )
    made_by = f", made by request {timeline.request_id}" if timeline.request_id else ""
    head = f"job {timeline.job_id} of account {timeline.account_id}{made_by}: {timeline.state}"
    if timeline.error_code:
        head += f" ({timeline.error_code})\n{timeline.error_message}"
    return f"{head}\n\n{columns(('TIME (UTC)', 'SECONDS', 'WHAT', 'HAPPENED', 'DETAIL'), rows)}"
