"""The `reelyard` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import encoder_node.__main__
import gateway.__main__
import scheduler.__main__
from reelyard.cli.administration import accounts, keys
from reelyard.cli.columns import columns
from reelyard.cli.data_folder import DataFolderError
from reelyard.cli.demo.flow import DEFAULT_OUTPUT, run_demo
from reelyard.cli.job_timeline import job
from reelyard.cli.migration import migrate
from reelyard.cli.setting_list import all_settings
from reelyard.cli.standalone import serve_standalone
from reelyard.cli.top import top
from reelyard.cli.usage import losses, usage
from reelyard.cluster.service_process import FAILED, WRONG_SETTINGS
from reelyard.cluster.settings import SettingsError
from reelyard.media.errors import ReelyardError, SpecError

#: What is explained by its message; a traceback would only hide it.
_TOLD = (ReelyardError, DataFolderError)

app = typer.Typer(
    help="Self-hosted video encoding: a REST API in front of a cluster of ffmpeg nodes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # what is not ours to explain keeps its plain traceback
)
app.add_typer(keys, name="keys")
app.add_typer(accounts, name="accounts")
app.command()(top)
app.command()(job)
app.command()(usage)
app.command()(losses)
app.command()(migrate)


@app.command()
def standalone(
    data: Annotated[Path | None, typer.Option(help="Data folder; default: REELYARD_DATA.")] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0: any free one; default: REELYARD_HTTP_PORT.")
    ] = None,
) -> None:
    """Run everything in one process, until SIGTERM or Ctrl-C."""
    raise typer.Exit(serve_standalone(os.environ, data=data, http_port=http_port))


@app.command("gateway")
def gateway_command() -> None:
    """Run a gateway of a cluster: the REST API."""
    raise typer.Exit(gateway.__main__.main(os.environ))


@app.command("scheduler")
def scheduler_command() -> None:
    """Run a scheduler of a cluster: it owns the database and gives out the work."""
    raise typer.Exit(scheduler.__main__.main(os.environ))


@app.command("node")
def node_command(
    once: Annotated[
        bool, typer.Option("--once", help="Do one task and end with status 0, also when it failed or none came.")
    ] = False,
) -> None:
    """Run an encoder node of a cluster: it does the work."""
    raise typer.Exit(encoder_node.__main__.main(os.environ, once=once))


@app.command("settings")
def settings_command() -> None:
    """List every setting with its default and its meaning."""
    rows = ((row.name, row.default or "-", ",".join(row.used_by), row.meaning) for row in all_settings())
    print(columns(("SETTING", "DEFAULT", "USED BY", "MEANING"), rows))


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = DEFAULT_OUTPUT,
) -> None:
    """Send one clip through everything on this machine and show the results."""
    raise typer.Exit(run_demo(output))


def run() -> None:
    """Run the command line; errors of ours become one message on standard error, not a traceback."""
    try:
        app()
    except SettingsError as exc:
        for problem in exc.problems:
            print(f"reelyard: {problem}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
    except SpecError as exc:
        print(f"reelyard: {exc.render({})}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
    except _TOLD as exc:
        print(f"reelyard: {exc}", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    run()
