"""A later version of Reelyard, made out of this one: members and a call more in the protocol, a column more in the
schema, and services that really use them.

It is what an upgrade meets: not the same code twice. Nothing of it depends on what the next version will really hold.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.services import ROOT

_PACKAGES = ("reelyard", "gateway", "scheduler", "encoder_node")
#: Follows the name of a service in the log of its later version, so that a test sees which one runs.
SUFFIX = "-next"

#: What the later version adds to messages; far from numbers that this version may take meanwhile.
_MEMBERS = {
    "node.proto": {"RegisterRequest": "string pool_of_next = 90;", "TaskSpec": "string note_of_next = 90;"},
    "gateway.proto": {"Job": "string extra_of_next = 90;", "CreateJobsRequest": "string hint_of_next = 90;"},
}
_CALLS = {"node.proto": ("NodeService", "rpc AskOfNext(LeaveRequest) returns (LeaveResponse);")}
_STEP = '''"""Room for a note on tasks."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{after}"
phase = "pre"


def upgrade() -> None:
    """Add it; services that don't know it leave it empty."""
    op.add_column("tasks", sa.Column("note_of_next", sa.Text(), nullable=False, server_default=""))
'''


def make_next_version(folder: Path, *, head: str) -> Path:
    """Write the later version's packages into a folder, to be put first on PYTHONPATH.

    Args:
        folder: an empty one.
        head: the last step of this version's schema.
    """
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "proto", folder / "proto")
    for name, members in _MEMBERS.items():
        for message, member in members.items():
            _change(_proto(folder, name), f"message {message} {{", f"message {message} {{\n  {member}")
    for name, (service, call) in _CALLS.items():
        _change(_proto(folder, name), f"service {service} {{", f"service {service} {{\n  {call}")
    _generate(folder)
    _use_what_is_new(folder)
    step = folder / "scheduler/store/migrations/versions/9990_next.py"
    step.write_text(_STEP.format(number="9990", after=head))
    return folder


def _proto(folder: Path, name: str) -> Path:
    return folder / "proto/reelyard/rpc/v1" / name


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def _generate(folder: Path) -> None:
    files = sorted(str(path.relative_to(folder)) for path in (folder / "proto").rglob("*.proto"))
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", "proto", "--python_out=.", "--grpc_python_out=.", *files],
        cwd=folder,
        check=True,
        timeout=60,
    )


def _use_what_is_new(folder: Path) -> None:
    """Have each side send what the other may not know."""
    wire = folder / "reelyard/cluster/task_wire.py"
    wire.write_text(
        wire.read_text()
        + "\n\n_as_before = task_to_message\n\n\n"
        + "def task_to_message(*args, **kwargs):\n"
        + "    message = _as_before(*args, **kwargs)\n"
        + '    message.note_of_next = "of the next version"\n'
        + "    return message\n"
    )
    _change(
        folder / "reelyard/cluster/node_client.py",
        "node_pb2.RegisterRequest(",
        'node_pb2.RegisterRequest(pool_of_next="of the next version", ',
    )
    logs = folder / "reelyard/cluster/logs.py"
    _change(logs, 'event["service"] = service', f'event["service"] = service + "{SUFFIX}"')
    protocol = folder / "reelyard/cluster/rpc_protocol.py"
    protocol.write_text(protocol.read_text().replace("\nPROTOCOL = 2", "\nPROTOCOL = 3"))
    assert "PROTOCOL = 3" in protocol.read_text()
