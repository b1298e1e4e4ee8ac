"""`yueqingling findings`: which record fails which rule."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, instant_or_now, opened, parse_month
from monitor.words import Kind, Severity

if TYPE_CHECKING:
    import sqlalchemy as sa

    from jobs.findings import Asked

Form = Literal["table", "csv", "xlsx", "json"]


def findings(
    department: Annotated[
        str, typer.Argument(metavar="DEPARTMENT", help="Its code or (short) name, or `all`.")
    ],
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            "-m",
            metavar="YYYY-MM",
            help="Only records that belong to this month; else of every month.",
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule", "-r", metavar="RULE", help="Only of this rule; every filter may be repeated."
        ),
    ] = None,
    severity: Annotated[
        list[Severity] | None,
        typer.Option(
            "--severity", "-s", metavar="SEVERITY", help="Only critical, warning or info ones."
        ),
    ] = None,
    rule_class: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="CLASS", help="Only of this class of checks, 01 to 10."),
    ] = None,
    kind: Annotated[
        list[Kind] | None,
        typer.Option("--kind", "-k", metavar="KIND", help="Only of check, punish, force or other."),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            "-f",
            help="csv and xlsx are in Chinese, for a department; json is one object a line.",
            show_default="by the name of --output, else table",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.")
    ] = None,
    unmasked: Annotated[
        bool,
        typer.Option(
            "--unmasked",
            help="Leave identity codes readable that stand inside action codes and record ids.",
        ),
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """List which record fails which rule, as many as there are.

    For example: yueqingling findings 市场监管局 -m 2026-10 -o 市场监管局.xlsx. The findings are
    those of the last check; nothing is judged, so the exit code is 0 whatever there is.
    """
    import sys

    from jobs.cli.progress import counted, counting
    from jobs.cli.screen import screen
    from jobs.findings import Asked, number_of, streamed
    from jobs.findings_files import write_file, write_text
    from jobs.findings_list import print_findings
    from monitor import directory
    from monitor.words import DISTRICT
    from monitor.workdays import local_day

    wanted = parse_month(month) if month else None
    written = _form(form, output)
    with opened(config, tells=True) as (_, store), store.reading() as connection:
        departments = directory.whole(connection)
        known = departments.on(wanted.last if wanted else local_day(instant_or_now(None)))
        code = DISTRICT if department == "all" else directory.find(known, department)
        asked = Asked(
            department=None if code == DISTRICT else code,
            month=wanted,
            rules=tuple(rule or ()),
            severities=tuple(severity or ()),
            classes=tuple(rule_class or ()),
            kinds=tuple(kind or ()),
        )
        _refuse_unknown(connection, asked)
        every = streamed(connection, asked)
        found = every if unmasked else (each.disclosed(departments) for each in every)
        if written == "table":
            print_findings(screen(), found, departments)
        elif output is not None:
            number = number_of(connection, asked)
            with counting("findings", of=number) as count:
                rows = counted(found, output.name, count)
                write_file(written, rows, departments, output)
            screen().print(f"{output}: {number} findings")
        elif written != "xlsx":
            write_text(written, found, departments, sys.stdout)


def _form(form: Form | None, output: Path | None) -> Form:
    """The form that was asked for, or the one that the file's name says."""
    if output is None:
        if form == "xlsx":
            raise typer.BadParameter("a workbook needs a file", param_hint="--output")
        return form or "table"
    if form == "table":
        raise typer.BadParameter("a table goes to the terminal", param_hint="--output")
    match form or output.suffix.removeprefix(".").lower():
        case "csv" | "xlsx" | "json" as named:
            return named
        case _:
            raise typer.BadParameter(
                f"expected a name that ends with .csv, .xlsx or .json, or --format; found {output}",
                param_hint="--output",
            )


def _refuse_unknown(connection: "sa.Connection", asked: "Asked") -> None:
    """A rule or class that there isn't would find nothing, as if all were well."""
    import sqlalchemy as sa

    from monitor.standard import code_list
    from monitor.store.tables import rule

    known = list(connection.scalars(sa.select(rule.c.id).where(rule.c.active)))
    for name in asked.rules:
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            raise typer.BadParameter(
                f"expected the id of a rule, found {name!r}; near it: "
                f"{', '.join(near) or 'none; see yueqingling rules list'}",
                param_hint="--rule",
            )
    classes = code_list("数据检核类型")
    for name in asked.classes:
        if name not in classes:
            raise typer.BadParameter(
                f"expected one of {', '.join(classes)}, found {name!r}", param_hint="--class"
            )
