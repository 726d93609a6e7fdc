"""How `reelyard top` and `reelyard job` show what was read."""

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from reelyard.cli.data_folder import DataFolder
from reelyard.cli.job_timeline import render as render_timeline
from reelyard.cli.main import run
from reelyard.cli.top import age, render
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.usecases.read_status import ClusterStatus, JobStatus, NodeStatus, QueueStatus
from scheduler.usecases.read_timeline import Moment, Timeline

STATUS = ClusterStatus(
    now_ms=1_795_317_311_000,
    queues=(QueueStatus(queue="ingest", tasks={"waiting": 5, "queued": 1}, delayed=2, slots=0, oldest_ms=65_000),),
    nodes=(
        NodeStatus(
            name="alpha",
            state="live",
            version="1",
            running=2,
            slots=9,
            failures_in_row=3,
            seen_ms=900,
            set_aside_ms=120_000,
        ),
    ),
    jobs=(
        JobStatus(
            job_id=12,
            account="first",
            state="encoding",
            importing_progress=100,
            encoding_progress=42,
            storing_progress=0,
            distribution_progress=0,
            age_ms=61_000,
            nodes=("alpha",),
        ),
    ),
    active_jobs=5,
)


def shown(status: ClusterStatus) -> list[str]:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(render(status))
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_top_shows_queues_nodes_and_jobs() -> None:
    lines = shown(STATUS)

    assert "QUEUE WAITING DELAYED QUEUED RUNNING SLOTS OLDEST WAITS" in lines
    assert "ingest 3 2 1 0 none 1 min 5 s" in lines
    assert "alpha set aside for 2 min 2 9 0 s ago 3 in a row 1" in lines
    assert "12 first encoding 100% 42% 0% 0% 1 min 1 s alpha" in lines
    assert "and 4 more that have not ended" in lines


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (185_000, "3 min 5 s"),
        (7_440_000, "2 h 4 min"),
        (262_800_000, "3 d 1 h"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(milliseconds: int, text: str) -> None:
    assert age(milliseconds) == text


def test_a_time_line_counts_from_the_creation_of_the_job() -> None:
    timeline = Timeline(
        job_id=7,
        account_id=1,
        state="failed",
        error_code="encode_failed",
        error_message="It broke.",
        created_ms=10_000,
        request_id="req-1",
        moments=(
            Moment(at_ms=9_000, subject="input media 3", what="publish: available"),
            Moment(at_ms=12_340, subject="encode task 9", what="fail: failed", detail="two\nlines"),
        ),
    )

    lines = render_timeline(timeline).splitlines()

    assert lines[:2] == ["job 7 of account 1, made by request req-1: failed (encode_failed)", "It broke."]
    assert lines[4].split("  ")[1] == "-1.00"
    assert lines[5].endswith("two lines")
    assert "+2.34" in lines[5]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    monkeypatch.setenv("REELYARD_DATA", str(folder.path))
    return folder


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["reelyard", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


def test_the_status_of_an_idle_installation_can_be_printed(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(folder.database_url)
    migrate(database)
    database.close()

    status = called(monkeypatch, "top", "--once")

    assert status == 0
    assert re.search(r"UTC +0 jobs have not ended", capsys.readouterr().out)


def test_a_schema_can_be_brought_up_to_date_by_hand(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(folder.database_url.removeprefix("sqlite:///")).touch()

    first = called(monkeypatch, "migrate")
    second = called(monkeypatch, "migrate", "--post")
    looked = called(monkeypatch, "top", "--once")

    assert (first, second, looked) == (0, 0, 0)
    assert capsys.readouterr().out.startswith("the schema is at step 0")


def test_looking_changes_no_schema_and_says_what_is_missing(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(folder.database_url.removeprefix("sqlite:///"))
    path.touch()

    status = called(monkeypatch, "job", "5")

    assert status == 1
    assert "older Reelyard" in capsys.readouterr().err
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
