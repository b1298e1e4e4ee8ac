"""`yueqingling pull`: read the sources."""

from datetime import date
from typing import Annotated

import typer

from jobs.cli.dry_run import dry_run
from jobs.cli.options import (
    DEFAULT_CONFIG,
    Config,
    Json,
    Now,
    instant_or_now,
    opened,
    parse_day,
    refuse_strangers,
    whole,
)


def pull(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Only these sources.")
    ] = None,
    since: Annotated[
        date | None,
        typer.Option(
            "--since",
            parser=parse_day,
            metavar="DATE",
            help="Read again what changed on this day (YYYY-MM-DD) or later, though it was read.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Read again all that the sources have.")
    ] = False,
    dry: Annotated[
        bool,
        typer.Option("--dry-run", help="Show how the first rows would be read; write nothing."),
    ] = False,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows",
            "-n",
            parser=whole(1, 1000),
            metavar="N",
            help="Rows that --dry-run shows: 3; up to 1000.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Read what the sources have that is new; running it again changes nothing.

    --since and --all go back behind what was read already, for a source that delivered late or
    whose columns are mapped anew. Nothing doubles: a record that is there as it was delivered
    counts as unchanged, a later version replaces an earlier one, and the next pull goes on from
    where the last one was.

    Sources are read side by side (pull.parallel); a source that fails doesn't hold the others up.
    One that the daemon lets rest is tried all the same. Exit code 0 when all were read, 1 when one
    failed, 2 for a name that isn't in the settings.

    --dry-run shows how the first rows of a source would be read, from its beginning and without
    writing anything: what each delivered column is, what each cell becomes or why it can't be read,
    and the row's identity, status and department.
    """
    import json
    from dataclasses import replace

    from jobs.cli.progress import pulling
    from jobs.cli.screen import screen
    from jobs.pulls import pull as run_pull
    from jobs.sources_table import SourcesTable, sources_document
    from monitor.config import load
    from monitor.sources.state import source_states
    from monitor.workdays import local_day

    if since and everything:
        raise typer.BadParameter("expected --since or --all, found both")
    if dry:
        if since or everything:
            raise typer.BadParameter("expected --dry-run alone: it reads from the beginning")
        if not names:
            raise typer.BadParameter("expected the source that --dry-run is to show")
        settings = load(config)
        refuse_strangers(names, settings, config)
        dry_run(settings, names, rows or 3, as_json=as_json)
        return
    if rows is not None:
        raise typer.BadParameter("expected --rows with --dry-run only")
    with opened(config, tells=True) as (settings, store):
        refuse_strangers(names or (), settings, config)
        instant = instant_or_now(now)
        if since and since > local_day(instant):
            raise typer.BadParameter(f"--since: expected a day that has begun, found {since}")
        with pulling() as bars:
            reports = run_pull(
                store,
                settings,
                instant,
                names=names or None,
                progress=bars.step,
                since=since,
                everything=everything,
                ended=lambda report: bars.ended(report.source, failed=report.error is not None),
            )
        with store.reading() as connection:
            states = source_states(connection, settings, instant)
    # a pull that was refused has no run of its own to tell of it
    errors = {report.source: report.error for report in reports}
    asked = [replace(s, error=errors[s.source]) for s in states if s.source in errors]
    if as_json:
        print(json.dumps(sources_document(asked), ensure_ascii=False))
    else:
        screen().print(SourcesTable(asked, instant))
    if any(report.error for report in reports):
        raise typer.Exit(1)
