"""What released services say stays understood: within v1 the protocol only grows."""

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

Described = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("released_proto", ROOT / "tools" / "released-proto.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(released: Described, now: Described) -> list[str]:
    """What an older service would misread."""
    return [
        f"{name}: {member} was {said!r} and is {now.get(name, {}).get(member)!r}"
        for name, members in released.items()
        for member, said in members.items()
        if now.get(name, {}).get(member) != said
    ]


def test_nothing_that_was_released_has_changed(writer: ModuleType) -> None:
    released = json.loads((ROOT / "proto" / "released.json").read_text())

    assert broken(released, writer.described()) == []
    assert "reelyard.rpc.v1.TaskSpec" in released


@pytest.mark.parametrize(
    "change",
    [
        lambda now: now["reelyard.rpc.v1.TaskSpec"].pop("1"),
        lambda now: now["reelyard.rpc.v1.TaskSpec"].update({"1": "task_id: scalar 9"}),
        lambda now: now["reelyard.rpc.v1.NodeService"].pop("Claim"),
        lambda now: now.pop("reelyard.rpc.v1.ClaimRequest"),
    ],
    ids=["a member is gone", "a member has another type", "a call is gone", "a message is gone"],
)
def test_a_change_that_older_services_would_misread_is_seen(
    writer: ModuleType, change: Callable[[Described], None]
) -> None:
    now = copy.deepcopy(writer.described())
    change(now)

    assert broken(writer.described(), now)


def test_what_is_added_breaks_nothing(writer: ModuleType) -> None:
    now = copy.deepcopy(writer.described())
    now["reelyard.rpc.v1.TaskSpec"]["90"] = "more: scalar 9"

    assert broken(writer.described(), now) == []
