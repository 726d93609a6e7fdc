"""`python -m deploy.grafana`: write every dashboard to `deploy/grafana/dashboards/`."""

import argparse
import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import api, cost, gpu, nodes, overview, queues, storage

FOLDER = Path(__file__).with_name("dashboards")


def dashboards() -> list[Dashboard]:
    """All of them, built anew."""
    modules = (overview, queues, nodes, gpu, api, storage, cost)
    return [module.board().build() for module in modules]


def rendered() -> dict[str, str]:
    """The text of each file, by its name; the same for the same code, byte for byte."""
    return {
        f"{each.uid}.json": json.dumps(each, cls=JSONEncoder, sort_keys=True, indent=1, ensure_ascii=True) + "\n"
        for each in dashboards()
    }


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files go")
    folder = parser.parse_args().folder
    for name, text in rendered().items():
        (folder / name).write_text(text)
    print(f"{len(rendered())} dashboards written to {folder}")


if __name__ == "__main__":
    main()
