"""`make down`: stop exactly what `make up` started, also what was killed and started again since."""

import argparse
from pathlib import Path

from deploy.local.cluster import DEFAULT_FOLDER, ClusterFolder, run_command, stop_cluster


def down(folder: Path) -> None:
    """Stop the cluster of a folder; data and logs stay, for the next `up`.

    Raises:
        ClusterError: another `up` or `down` is at work.
    """
    cluster = ClusterFolder(folder)
    if not cluster.path.is_dir():
        print(f"nothing to stop: there is no {cluster.path}")
        return
    with cluster.locked():
        cluster_id = cluster.id()
        stopped = stop_cluster(cluster_id) if cluster_id else 0
        cluster.forget()
    print(f"stopped {stopped} processes; data and logs stay in {cluster.path}")


def main() -> None:
    """Read the command line and stop."""
    parser = argparse.ArgumentParser(prog="make down", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="the cluster's folder")
    folder = parser.parse_args().folder
    run_command("down", lambda: down(folder))


if __name__ == "__main__":
    main()
