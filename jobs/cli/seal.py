"""`yueqingling seal`: what was sealed, whether it still is, and the file that proves it."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config, Json, opened, parse_month, whole

app = typer.Typer(help="Show, verify and export what was sealed (封存).", no_args_is_help=True)


@app.callback()
def _seal() -> None:
    """Show, verify and export what was sealed (封存)."""


def list_seals(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the sealed months: when each was sealed, how the departments stood, its hash."""
    import json

    from jobs.cli.screen import screen
    from jobs.seals_table import SealsTable, listed
    from monitor.ledger import seals

    with opened(config) as (_settings, store), store.reading() as connection:
        found = seals.read(connection)
    if as_json:
        document = {"format": 1, "seals": [listed(seal) for seal in found]}
        print(json.dumps(document, ensure_ascii=False))
    else:
        screen().print(SealsTable(found))


def show(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The sealed month.")],
    revision: Annotated[
        int | None,
        typer.Option(
            "--revision",
            parser=whole(1),
            metavar="N",
            help="Which of its seals; else the last.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a sealed month's figures, department by department, as they were frozen.

    For example: yueqingling seal show 2026-09. With --json it is the sealed document itself.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.seals_table import SealTable
    from monitor import directory
    from monitor.ledger import seals

    wanted = parse_month(month)
    with opened(config) as (_settings, store), store.reading() as connection:
        departments = directory.read(connection, wanted.last)
        found = seals.read(connection)
    of_month = [seal for seal in found if seal.month == wanted]
    if not of_month:
        months = ", ".join(sorted({str(seal.month) for seal in found})) or "none"
        raise typer.BadParameter(
            f"expected a sealed month ({months}), found {wanted}", param_hint="YYYY-MM"
        )
    chosen = [seal for seal in of_month if revision in (None, seal.revision)]
    if not chosen:
        known = ", ".join(str(seal.revision) for seal in of_month)
        raise typer.BadParameter(
            f"expected a revision of {wanted} ({known}), found {revision}", param_hint="--revision"
        )
    if as_json:
        print(json.dumps({"format": 1, **chosen[-1].to_json()}, ensure_ascii=False))
    else:
        screen().print(SealTable(chosen[-1], departments))


def verify(
    expected: Annotated[
        str | None,
        typer.Option(
            "--expect",
            metavar="HASH",
            help="A seal's hash noted elsewhere; the chain must still hold it.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Find what was changed after it was sealed, by month and department; exit code 1 if anything.

    Every seal, those of reopened months too, is hashed anew and compared with the chain, with its
    columns, and with the sealed states that board and messages show. Note the last hash outside the
    store (in the bulletin, on paper) and give it with --expect: then a chain that was forged as a
    whole is found, too.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.seals_table import verdict_json, verdict_lines
    from monitor import directory
    from monitor.ledger import verification

    with opened(config) as (_settings, store), store.reading() as connection:
        departments = directory.whole(connection)
        verdict = verification.verify(connection, expected)
    if as_json:
        print(json.dumps(verdict_json(verdict), ensure_ascii=False))
    else:
        out = screen()
        for line in verdict_lines(verdict, departments):
            out.print(line, style="bold red" if verdict.broken else None, soft_wrap=True)
    if verdict.broken:
        raise typer.Exit(1)


def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there instead of to the screen."
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write all seals as one file (JSON) that anybody can verify without this program.

    For example: yueqingling seal export -o seals.json. The file says how; docs/operate.md has the
    few lines of Python that do it.
    """
    import json

    from jobs.seals_file import exported, write_file
    from monitor.ledger import seals

    with opened(config) as (settings, store), store.reading() as connection:
        document = exported(seals.read(connection), settings.office.name)
    if output is None:
        print(json.dumps(document, ensure_ascii=False))
    else:
        write_file(document, output)
        print(f"{output}: {len(document['seals'])} seals, the last {document['last_hash']}")


verb.add(app, list_seals, "list")
verb.add(app, show)
verb.add(app, verify)
verb.add(app, export)
