"""`yueqingling explain`: how each figure comes about."""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, opened, parse_month


def explain(
    department: Annotated[str, typer.Argument(help="Its code or (short) name, or `district`.")],
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The statement month.")],
    records: Annotated[
        int, typer.Option("--records", "-n", min=0, help="How many backlog records to show.")
    ] = 20,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Walk from each figure of a department's month to the records and rules it rests on."""
    import json

    from rich.console import Console

    from jobs.explanation import rendered
    from monitor import directory
    from monitor.ledger.explain import explain as explained

    wanted = parse_month(month)
    with opened(config) as (settings, store), store.reading() as connection:
        departments = directory.read(connection)
        code = directory.find(departments, department)
        found = explained(connection, settings, code, wanted, limit=records, now=now)
    if found is None:
        raise typer.BadParameter(
            f"no statement of {department} for {wanted}. Run: yueqingling check"
        )
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        Console().print(rendered(found, departments))
