"""`yueqingling docs`: results as pages to read in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, instant_or_now, opened, parse_month

app = typer.Typer(help="Make pages of Great Expectations' results.", no_args_is_help=True)


@app.callback()
def _docs() -> None:
    """Make pages of Great Expectations' results."""


def build(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where the pages go.", show_default=True)
    ] = Path("data-docs"),
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="Only this one's, by its code or (short) name."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            "-m",
            metavar="YYYY-MM",
            help="Only of records that belong to this month.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Make Great Expectations' Data Docs of what the last check found.

    A page for each department and kind, rules that are not met first, and index.html to begin
    with. The pages load nothing from a network and hold no cell of a record. Nothing is judged:
    that is `check`.
    """
    import json

    from jobs.cli.results import write_results
    from jobs.cli.screen import screen
    from jobs.gx_results import Pages
    from monitor import directory
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    wanted = parse_month(month) if month else None
    with opened(config) as (settings, store), store.reading() as connection:
        known = directory.read(connection, local_day(instant))
        code = directory.find(known, department, directory.UNOWNED) if department else None
        pages = Pages(instant, wanted)
        found = write_results(connection, settings, instant, folder, pages, code, wanted)
        begin = pages.write_contents(connection, found, folder, settings.office.name, code)
    if as_json:
        told = {"departments": found.departments, "pages": len(found.batches), "open": str(begin)}
        document = {"format": 1, **told, "waiting": found.waiting}
        print(json.dumps(document, ensure_ascii=False))
    else:
        out = screen()
        out.print(
            f"{len(found.batches)} pages, {found.results:,} results, "
            f"departments: {found.departments}. Open {begin}"
        )
        if found.waiting:
            out.print(
                f"{found.waiting} records wait for a check: of them the pages may be out of date",
                style="yellow",
            )


verb.add(app, build)
