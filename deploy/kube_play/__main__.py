"""`make kube-play`: run the production overlay of deploy/k8s under podman, and send the demo's job through it."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deploy.images.programs import ImagesError
from deploy.images.store import DEFAULT_FOLDER
from deploy.kube_play.course import play
from deploy.kube_play.errors import KubePlayError
from deploy.local.process import LocalServerError
from reelyard.cli.demo.errors import DemoError


def main() -> int:
    """Read the command line and play; the exit status."""
    parser = argparse.ArgumentParser(prog="make kube-play", description=__doc__)
    parser.add_argument("--overlay", type=Path, default=Path("deploy/k8s/overlays/prod"), help="what is rendered")
    parser.add_argument("--images", type=Path, default=DEFAULT_FOLDER, help="the store of `make images`")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for what comes out")
    parser.add_argument("--patience", type=int, default=1, help="factor for the probes' limits on a busy machine")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        play(given.overlay, given.images, given.output, _say, patience=given.patience)
    except (KubePlayError, ImagesError, DemoError, LocalServerError) as error:
        print(f"kube-play: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kube-play: interrupted; everything is stopped", file=sys.stderr)
        return 130
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
