"""`yueqingling explain`: how each figure comes about."""

from typing import Annotated

import typer

from jobs.cli.options import (
    DEFAULT_CONFIG,
    Config,
    Json,
    Now,
    month_shown,
    months_with_statement,
    no_statement,
    opened,
    parse_month,
)


def explain(
    department: Annotated[
        str, typer.Argument(metavar="DEPARTMENT", help="Its code or (short) name, or `district`.")
    ],
    month: Annotated[
        str | None,
        typer.Argument(metavar="[YYYY-MM]", help="The statement month; else the one closing next."),
    ] = None,
    records: Annotated[
        int,
        typer.Option(
            "--records", "-n", min=0, help="How many records to show under each figure and reason."
        ),
    ] = 20,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Walk from each figure of a department's month to the records and rules it rests on.

    For example: yueqingling explain 市场监管局 2026-10. The figures are those of the last check;
    with --now the records behind them are counted as of that instant.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.explanation import disclosed, rendered
    from monitor import directory
    from monitor.ledger.explain import explain as explained

    with opened(config) as (settings, store), store.reading() as connection:
        wanted = parse_month(month) if month else month_shown(connection, settings, now)
        departments = directory.read(connection, wanted.last)
        code = directory.find(departments, department)
        found = explained(connection, settings, code, wanted, limit=records, now=now)
        months = months_with_statement(connection)
    if found is None:
        raise typer.BadParameter(no_statement(months, department, wanted), param_hint="YYYY-MM")
    found = disclosed(found, departments)
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        screen().print(rendered(found, departments))
