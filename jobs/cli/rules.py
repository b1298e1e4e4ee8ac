"""`yueqingling rules`: what records are judged by."""

from typing import Annotated, Literal

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config, Json, instant_or_now, opened, parse_month

app = typer.Typer(help="Show and try the rules that records are judged by.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """Show and try the rules that records are judged by."""


def list_rules(
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", "-k", help="Only those of check, punish, force, other or month_zero."
        ),
    ] = None,
    form: Annotated[
        Literal["table", "markdown", "classes", "json"],
        typer.Option(
            "--format",
            "-f",
            help="markdown is the table of docs/rules.md, classes its counts by class.",
        ),
    ] = "table",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List every rule in force: id, class (数据检核类型), severity and message.

    The ids name kind and field. Only critical rules make backlog; month_zero is judged on the
    statements, the other suites on records. Without a settings file the product's own are listed.
    """
    import json

    from expectations.listing import as_markdown, classes_as_markdown, listed_rules
    from jobs.cli.screen import screen
    from jobs.rules_table import RulesTable
    from monitor.config import load

    if as_json and form in ("markdown", "classes"):
        raise typer.BadParameter(f"expected either --format {form} or --json, found both")
    there = config != DEFAULT_CONFIG or config.exists()
    every = listed_rules(load(config) if there else None)
    found = [rule for rule in every if kind in (None, rule.kind)]
    if not found:
        kinds = ", ".join(dict.fromkeys(rule.kind for rule in every))
        raise typer.BadParameter(f"expected one of {kinds}, found {kind!r}", param_hint="--kind")
    if as_json or form == "json":
        document = {"format": 1, "rules": [rule.as_dict() for rule in found]}
        print(json.dumps(document, ensure_ascii=False))
    elif form in ("markdown", "classes"):
        as_text = as_markdown if form == "markdown" else classes_as_markdown
        print(as_text(found), end="")
    else:
        screen().print(RulesTable(found))


verb.add(app, list_rules, "list")


def try_rules(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE", help="A suite's file, or the name of one that is in force."
        ),
    ],
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", metavar="YYYY-MM", help="Only what belongs to this month."),
    ] = None,
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="Only this one's: its code or (short) name."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Judge by a suite and show what would fail, by department and with five records a rule.

    Nothing is written. Facts are those of the last check. Exit code 0 when nothing fails, 1 when
    something does, 2 when the suite can't be judged.
    """
    import json
    from pathlib import Path

    from expectations.loading import load_candidate, suite_named
    from expectations.suites import MONTH_ZERO
    from expectations.trial import try_suite
    from jobs.cli.progress import working
    from jobs.cli.screen import screen
    from jobs.trial_report import TrialReport, trial_document
    from monitor import directory
    from monitor.workdays import local_day

    wanted = parse_month(month) if month else None
    with opened(config) as (settings, store), store.reading() as connection:
        path = Path(suite)
        candidate = (
            load_candidate(path, settings) if path.is_file() else suite_named(suite, settings)
        )
        day = wanted.last if wanted else local_day(instant_or_now(None))
        departments = directory.read(connection, day)
        others = directory.SUMMED if candidate.name == MONTH_ZERO else directory.UNOWNED
        code = directory.find(departments, department, others) if department else None
        with working("judging"):
            trial = try_suite(connection, candidate, wanted, code)
    if as_json:
        document = trial_document(trial, candidate, wanted, departments)
        print(json.dumps(document, ensure_ascii=False))
    else:
        screen().print(TrialReport(trial, departments))
    if any(each.total for each in trial.rules):
        raise typer.Exit(1)


verb.add(app, try_rules, "try")
