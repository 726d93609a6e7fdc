"""The course of the demonstration."""

import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console

from reelyard.cli.demo.clip import check_programs, describe, make_clip
from reelyard.cli.demo.errors import DemoError
from reelyard.cli.demo.peers import Peers
from reelyard.cli.demo.rest import RestClient
from reelyard.cli.demo.screen import Screen
from reelyard.cli.demo.service import Service

DEFAULT_OUTPUT = Path("demo-output")
#: Each by its name on the screen; `OutputFormatID` 0 means: described here, not by a preset.
OUTPUTS: dict[str, dict[str, Any]] = {
    "mp4": {
        "OutputFormatID": 0,
        "MediaContainerCode": "mp4",
        "VideoCodecCode": "h264",
        "AudioCodecCode": "aac",
    },
    "webm": {
        "OutputFormatID": 0,
        "MediaContainerCode": "webm",
        "VideoCodecCode": "libvpx",
        "AudioCodecCode": "vorbis",
        "Width": 320,
    },
    "mp3": {
        "OutputFormatID": 0,
        "MediaContainerCode": "mp3",
        "VideoCodecCode": "none",
        "AudioCodecCode": "mp3",
    },
}
_ENDED = {"Completed", "Failed", "Cancelled"}
_JOBS_S = 120.0
_NOTIFICATIONS_S = 15.0
_LOOK_EVERY_S = 0.1


def run_demo(output: Path) -> int:
    """Run it for a person at a terminal; the exit status. Leaves no process behind, also when interrupted."""
    console = Console()
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _demo(console, output.absolute())
    except DemoError as exc:
        print(f"demo: {exc}", file=sys.stderr)
        return 1
    except OSError as exc:  # no disk space, no permission to write here
        print(f"demo: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _demo(console: Console, output: Path) -> None:
    check_programs()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reelyard-demo-") as temporary:
        clip = Path(temporary) / "clip.mp4"
        make_clip(clip)
        _say(console, f"The clip, made for this: {describe(clip)}")
        with Peers(clip) as peers, Service(Path(temporary)) as service:
            _say(console, f"Reelyard standalone serves at {service.url}")
            client = RestClient(service.url, service.api_key)
            try:
                encode_clip(console, client, peers, output)
            except DemoError as exc:
                raise DemoError(f"{exc}\nThe end of the service's log:\n{service.log_tail()}") from exc
            finally:
                client.close()
    _say(console, "Stopped.")


def encode_clip(console: Console, client: RestClient, peers: Peers, output: Path) -> None:
    """Send the clip through a running Reelyard, follow its jobs, fetch the results, and show all of it.

    Raises:
        DemoError: a job failed or took too long, or a notification did not come.
    """
    outputs = [wanted | {"PingUrl": peers.ping_url} for wanted in OUTPUTS.values()]
    job_ids = dict(zip(OUTPUTS, client.create(peers.clip_url, outputs), strict=True))
    jobs = _watch(console, client, job_ids)
    failed = {name: job for name, job in jobs.items() if job["Status"] != "Completed"}
    for name, job in failed.items():
        raise DemoError(f"the job for {name} ended as {job['Status']}: {job['ErrorCode']}: {job['ErrorMessage']}")
    _say(console, f"\nThe results, and what ffprobe says of them, in {output}:")
    for job in jobs.values():
        asset = client.output(int(job["OutputMediaID"]))
        path = output / Path(str(asset["Filename"])).name
        client.download(str(asset["FileURL"]), path)
        _say(console, f"  {path.name}: {describe(path)}")
    _show_notifications(console, peers, set(job_ids.values()))


def _watch(console: Console, client: RestClient, job_ids: dict[str, int]) -> dict[str, dict[str, Any]]:
    deadline = time.monotonic() + _JOBS_S
    with Screen(console) as screen:
        while True:
            jobs = {name: client.job(job_id) for name, job_id in job_ids.items()}
            screen.show(jobs)
            if all(job["Status"] in _ENDED for job in jobs.values()):
                return jobs
            if time.monotonic() > deadline:
                states = ", ".join(f"{name} {job['Status']}" for name, job in jobs.items())
                raise DemoError(f"the jobs did not end within {_JOBS_S:.0f} s: {states}")
            time.sleep(_LOOK_EVERY_S)


def _show_notifications(console: Console, peers: Peers, job_ids: set[int]) -> None:
    notifications = peers.notifications(job_ids, _NOTIFICATIONS_S)
    missing = job_ids - {int(fields.get("JobID") or 0) for fields in notifications}
    if missing:
        raise DemoError(f"no notification came for the jobs {sorted(missing)} within {_NOTIFICATIONS_S:.0f} s")
    _say(console, "\nThe notifications that came:")
    for fields in notifications:
        _say(console, f"  job {fields['JobID']}: {fields['Result']}, {fields['FileName']}")


def _say(console: Console, text: str) -> None:
    """One line for a person; paths and URLs stay whole, whatever the width of the terminal."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
