"""`make rules`: generate the PrometheusRule object from the rule files."""

import argparse
from pathlib import Path

from deploy.prometheus.rule_files import FOLDER, RUNBOOKS
from deploy.prometheus.rule_object import write


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prometheus", description=__doc__)
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder to write to (default: beside the rules)")
    parser.add_argument(
        "--runbooks", default=RUNBOOKS, help=f"what the alerts' links begin with, in the place of {RUNBOOKS}"
    )
    given = parser.parse_args()
    write(given.output, runbooks=given.runbooks)


if __name__ == "__main__":
    main()
