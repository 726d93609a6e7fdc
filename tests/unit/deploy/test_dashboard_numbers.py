"""The numbers of single panels over series whose meaning is known, computed by promtool."""

import json
import subprocess
from pathlib import Path

import pytest

from deploy.grafana.__main__ import FOLDER
from deploy.grafana.lint import panels_of

_AT = "2h"
_FILLED = {"$namespace": ".*", "$queue": ".*", "$accelerator": ".*", "$__range": "1h", "$__rate_interval": "5m"}


def _expression(board: str, title: str) -> str:
    """The first query of a panel, as Grafana sends it."""
    panels = panels_of(json.loads((FOLDER / f"{board}.json").read_text()))
    (panel,) = (each for each in panels if each["title"] == title)
    expression: str = panel["targets"][0]["expr"]
    for variable, value in _FILLED.items():
        expression = expression.replace(variable, value)
    return expression


def _holds(folder: Path, series: dict[str, str], expression: str, value: float, labels: str = "{}") -> None:
    """At two hours, with a sample a minute, the expression gives one number."""
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round({expression}, 0.01)",
                "eval_time": _AT,
                "exp_samples": [{"labels": labels, "value": value}],
            }
        ],
    }
    file = folder / "case.yaml"  # JSON is YAML
    file.write_text(json.dumps({"tests": [case]}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def _encodes(pod: str, values: str) -> dict[str, str]:
    """Media and busy seconds of a node that encodes at half of real time."""
    labels = f'{{accelerator="cpu",codec="h264",pod="{pod}"}}'
    media = f"reelyard_encode_media_seconds_total{labels}"
    busy = f"reelyard_encode_busy_seconds_total{labels}"
    return {media: values, busy: values.replace("+60x", "+120x")}


@pytest.mark.parametrize(
    "encoded", ["0+60x120", "_x115 0+60x5"], ids=["for two hours", "since the cluster began, five minutes ago"]
)
@pytest.mark.parametrize(("board", "labels"), [("reelyard-overview", "{}"), ("reelyard-queues", "{}")])
def test_time_to_drain_does_not_depend_on_how_long_the_cluster_has_run(
    tmp_path: Path, encoded: str, board: str, labels: str
) -> None:
    shared = {
        f'{name}{{queue="encode.cpu",pod="{pod}"}}': f"{value}x120"
        for name, value in (("reelyard_queue_backlog_media_seconds", 600), ("reelyard_queue_slots", 4))
        for pod in ("scheduler-1", "scheduler-2")
    }

    # 600 s wait; each of the four slots encodes half a second a second.
    _holds(tmp_path, shared | _encodes("a", encoded), _expression(board, "Time to drain"), 300, labels)


def test_a_minute_of_output_costs_what_nodes_cost_while_they_ran(tmp_path: Path) -> None:
    """Two nodes of 6 EUR an hour, half an hour each, made an hour of media: the first in one task, and is gone."""
    price = 'reelyard_node_cost_per_hour{{currency="EUR",pod="{}"}}'
    media = 'reelyard_encode_media_seconds_total{{accelerator="cpu",codec="h264",pod="{}"}}'
    series = {
        price.format("a"): "_x60 6x29 stale",
        price.format("b"): "_x90 6x60",
        media.format("a"): "_x80 1200x9 stale",
        media.format("b"): "_x115 2400x40",
    }

    _holds(tmp_path, series, _expression("reelyard-cost", "A minute of output"), 0.1, '{currency="EUR"}')


def test_a_job_that_failed_for_good_is_no_work_done_twice(tmp_path: Path) -> None:
    series = {
        'reelyard_task_attempts_total{stage="ingest",outcome="failed",error_class="user_input",pod="a"}': "_x100 5x20",
        'reelyard_task_retries_total{queue="distribute",error_class="receiver",pod="s"}': "0x100 20x20",
        'reelyard_task_retries_total{queue="encode.cpu",error_class="encode",pod="s"}': "_x100 1x20",
        'reelyard_tasks_interrupted_total{queue="encode.cpu",reason="node_lost",pod="s"}': "_x100 2x20",
        'reelyard_tasks_interrupted_total{queue="encode.cpu",reason="cancelled",pod="s"}': "_x100 7x20",
    }

    _holds(tmp_path, series, _expression("reelyard-cost", "Work done twice"), 3)


@pytest.mark.parametrize(
    ("title", "value"), [("Minutes of output", 50), ("Encoded for nothing", 0.17)], ids=["kept", "thrown away"]
)
def test_what_was_encoded_for_nothing_is_no_output(tmp_path: Path, title: str, value: float) -> None:
    """An hour of media, ten minutes of it in attempts that came to nothing."""
    labels = '{accelerator="cpu",codec="h264",resolution="720p",pod="a"}'
    series = {
        f"reelyard_encode_media_seconds_total{labels}": "0+60x120",
        f"reelyard_encode_discarded_media_seconds_total{labels}": "0x100 600x20",
    }

    _holds(tmp_path, series, _expression("reelyard-cost", title), value)


def test_nodes_that_do_not_tell_what_was_for_nothing_have_output(tmp_path: Path) -> None:
    """Those of an older version, while they are replaced."""
    series = {'reelyard_encode_media_seconds_total{accelerator="cpu",codec="h264",pod="a"}': "0+60x120"}

    _holds(tmp_path, series, _expression("reelyard-cost", "Minutes of output"), 60)
