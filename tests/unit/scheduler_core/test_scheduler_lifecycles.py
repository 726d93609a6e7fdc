from pathlib import Path
from typing import Any

import pytest

from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB, JobEvent, JobState
from scheduler.domain.lifecycle import LifeCycle
from scheduler.domain.task import TASK, TaskEvent, TaskState
from scheduler.lifecycle_page import CYCLES, refreshed

PAGE = Path(__file__).parents[3] / "docs" / "job-lifecycle.md"

every_cycle = pytest.mark.parametrize("cycle", CYCLES, ids=lambda cycle: cycle.entity)


def test_the_page_is_drawn_from_the_data() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert refreshed(page) == page, "run: python -m scheduler.lifecycle_page docs/job-lifecycle.md"


def test_a_page_without_a_place_for_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="job"):
        refreshed("# nothing here")


@every_cycle
def test_every_state_can_be_reached(cycle: LifeCycle[Any, Any]) -> None:
    reached, frontier = {cycle.initial}, {cycle.initial}
    while frontier:
        frontier = {to for (source, _), to in cycle.ways.items() if source in frontier} - reached
        reached |= frontier

    assert reached == set(cycle.states)


@every_cycle
def test_every_event_leads_somewhere_and_everything_is_explained(cycle: LifeCycle[Any, Any]) -> None:
    for event in cycle.events:
        assert cycle.sources(event)
        assert event.meaning
    for state in cycle.states:
        assert state.meaning


@every_cycle
def test_names_fit_their_columns(cycle: LifeCycle[Any, Any]) -> None:
    assert all(len(state) <= 16 for state in cycle.states)
    assert all(len(event) <= 24 for event in cycle.events)
    assert len(cycle.entity) <= 8


@every_cycle
def test_only_the_listed_ways_exist(cycle: LifeCycle[Any, Any]) -> None:
    for state in cycle.states:
        for event in cycle.events:
            if (state, event) in cycle.ways:
                assert cycle.advance(state, event) == cycle.ways[state, event]
            else:
                with pytest.raises(ConflictError, match=event.value):
                    cycle.advance(state, event)


def test_ends_are_final() -> None:
    assert JOB.ends == (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
    assert TASK.ends == (TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED)
    assert set(JOB.sources(JobEvent.CANCEL)) == set(JOB.active)


def test_only_a_running_task_can_finish_and_only_a_queued_one_be_claimed() -> None:
    assert TASK.sources(TaskEvent.FINISH) == (TaskState.RUNNING,)
    assert TASK.sources(TaskEvent.CLAIM) == (TaskState.QUEUED,)
