"""The command line. Verbs import what they need when they run, so that help stays quick."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from jobs.cli import audit, config, database, docs, exempt, rules, seal, verb, zero_report
from jobs.cli.check import check
from jobs.cli.close import close
from jobs.cli.demo import demo
from jobs.cli.explain import explain
from jobs.cli.findings import findings
from jobs.cli.pull import pull
from jobs.cli.remind import deliver, remind
from jobs.cli.reopen import reopen
from jobs.cli.serve import serve
from jobs.cli.status import status

app = typer.Typer(
    name="yueqingling",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

START, LOOK, ENTER, RUN = "Start here", "Look", "Enter by hand", "Run"


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"yueqingling {version('yueqingling')}")
        raise typer.Exit


def _whole(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Month-zero (月清零) for supervision-behaviour data: what is missing, whose, by when.

    New here? `yueqingling demo` shows all of it on a made-up district. With sources of your own,
    write a settings file, then: config check, db upgrade, pull, check, status; serve does it all
    on schedule.
    """
    del version


app.callback(help=verb.flowing(_whole))(_whole)
verb.add(app, demo, panel=START)
app.add_typer(config.app, name="config", rich_help_panel=START)
app.add_typer(database.app, name="db", rich_help_panel=START)
verb.add(app, status, panel=LOOK)
verb.add(app, explain, panel=LOOK)
verb.add(app, findings, panel=LOOK)
app.add_typer(rules.app, name="rules", rich_help_panel=LOOK)
app.add_typer(docs.app, name="docs", rich_help_panel=LOOK)
app.add_typer(seal.app, name="seal", rich_help_panel=LOOK)
app.add_typer(zero_report.app, name="zero-report", rich_help_panel=ENTER)
app.add_typer(exempt.app, name="exempt", rich_help_panel=ENTER)
app.add_typer(audit.app, name="audit", rich_help_panel=ENTER)
verb.add(app, pull, panel=RUN)
verb.add(app, check, panel=RUN)
verb.add(app, close, panel=RUN)
verb.add(app, reopen, panel=RUN)
verb.add(app, remind, panel=RUN)
verb.add(app, deliver, panel=RUN)
verb.add(app, serve, panel=RUN)


_READER_LEFT = 128 + 13
"""What a shell tells of a program that ended because nobody reads it: killed by SIGPIPE."""


def main() -> None:
    """Run the command line; an explained error goes to standard error, its lines marked as ours.

    Where whoever reads standard output has left (`| head`), it ends without a word: with an exit
    code of its own, since nobody was told the whole of what 0 or 1 would speak of.
    """
    from monitor.errors import YueqinglingError

    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except YueqinglingError as error:
        for line in str(error).splitlines():
            print(f"yueqingling: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _leave()
    except SystemExit as end:
        # Typer and Rich end with 1 where a pipe broke
        if isinstance(end.__context__, BrokenPipeError):
            _leave()
        raise


def _leave() -> NoReturn:
    """End; what is still to be written goes nowhere, else Python complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(_READER_LEFT)
