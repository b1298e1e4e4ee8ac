"""The command line. Verbs import what they need when they run, so that help stays quick."""

import sys

import typer

from jobs.cli import config, database, rules
from jobs.cli.check import check
from jobs.cli.demo import demo
from jobs.cli.explain import explain
from jobs.cli.pull import pull
from jobs.cli.remind import deliver, remind
from jobs.cli.serve import serve
from jobs.cli.status import status

app = typer.Typer(
    name="yueqingling",
    help="Month-zero (月清零) for supervision-behaviour data: what is missing, whose, by when.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

START, LOOK, RUN = "Start here", "Look", "Run"
app.command(rich_help_panel=START)(demo)
app.add_typer(config.app, name="config", rich_help_panel=START)
app.add_typer(database.app, name="db", rich_help_panel=START)
app.command(rich_help_panel=LOOK)(status)
app.command(rich_help_panel=LOOK)(explain)
app.add_typer(rules.app, name="rules", rich_help_panel=LOOK)
app.command(rich_help_panel=RUN)(pull)
app.command(rich_help_panel=RUN)(check)
app.command(rich_help_panel=RUN)(remind)
app.command(rich_help_panel=RUN)(deliver)
app.command(rich_help_panel=RUN)(serve)


def main() -> None:
    """Run the command line; an explained error goes to standard error, with exit code 2 or 1."""
    from monitor.errors import (
        SettingsError,
        StoreError,
        UnknownDepartmentError,
        YueqinglingError,
    )

    try:
        app()
    except YueqinglingError as error:
        print(f"yueqingling: {error}", file=sys.stderr)
        usage = isinstance(error, SettingsError | StoreError | UnknownDepartmentError)
        sys.exit(2 if usage else 1)
