"""Undo the choice of tasks whose hints could not be sent."""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import Connection

from reelyard.media.errors import ConflictError
from scheduler.domain.task import TaskEvent
from scheduler.store.database import Database
from scheduler.store.tables import tasks
from scheduler.store.task_queries import find_task, move_task
from scheduler.usecases.select_tasks import Hint


def put_back(db: Database, hints: Iterable[Hint]) -> None:
    """Return the tasks to the backlog.

    One that is claimed, cancelled or sent by another scheduler meanwhile stays as it is: a hint that was not
    confirmed may have arrived all the same.
    """
    for hint in hints:
        db.transact(lambda conn, hint=hint: _put_back(conn, hint))  # type: ignore[misc]


def _put_back(conn: Connection, hint: Hint) -> None:
    task = find_task(conn, hint.task_id)
    if task is None:
        return
    with suppress(ConflictError):
        move_task(conn, task, TaskEvent.PUT_BACK, tasks.c.attempt == hint.attempt)
