"""`make bench`: the measurements, as tables. Ratios are within one run; absolute times depend on the machine."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.bench.overhead import measure
from tests.bench.ranged_fetch import BYTES_A_SECOND, MIB, SOURCE_BYTES, measure_fetch


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--short", type=int, default=7, help="rounds with the 1 s clip")
    parser.add_argument("--long", type=int, default=3, help="rounds with the 60 s clip")
    given = parser.parse_args()

    table = Table(title="A whole job against a bare ffmpeg with the same arguments (720p, medians)")
    for column in ("form", "clip", "rounds", "ffmpeg", "job", "job - ffmpeg", "job / ffmpeg"):
        table.add_column(column, justify="left" if column == "form" else "right")
    for row in measure({1: given.short, 60: given.long}):
        print(row, file=sys.stderr)  # each as it comes: the whole takes minutes
        table.add_row(
            row.form,
            f"{row.clip_s} s",
            str(row.rounds),
            f"{row.ffmpeg_s:.2f} s",
            f"{row.job_s:.2f} s",
            f"{row.fixed_s:.2f} s",
            f"{row.ratio:.3f}",
        )
    Console(width=100).print(table)

    fetches = Table(
        title=f"A source of {SOURCE_BYTES // MIB} MB at {BYTES_A_SECOND // MIB} MB/s a connection (medians)"
    )
    for column in ("connections", "seconds", "times as fast"):
        fetches.add_column(column, justify="right")
    for fetch in measure_fetch():
        fetches.add_row(str(fetch.connections), f"{fetch.seconds:.2f} s", f"{fetch.ratio:.2f}")
    Console(width=100).print(fetches)


main()
