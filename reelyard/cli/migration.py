"""`reelyard migrate`: bring the schema up to date before new schedulers start, or after the old ones ended."""

from typing import Annotated

import typer

from reelyard.cli.database import DataOption, Schema, open_database
from scheduler.store.migrate import Phase
from scheduler.store.migrate import migrate as run_steps


def migrate(
    post: Annotated[
        bool,
        typer.Option("--post", help="The steps too that need every scheduler of the old version to have ended."),
    ] = False,
    data: DataOption = None,
) -> None:
    """Bring the database's schema up to date; schedulers do it at their start too, without --post on PostgreSQL."""
    with open_database(data, schema=Schema.AS_IS) as database:
        done = run_steps(database, through=Phase.POST if post else Phase.PRE)
    if done is None:
        print("the database is of a newer version than this command; nothing was changed")
    else:
        print(f"the schema is at step {done}")
