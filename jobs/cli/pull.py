"""`yueqingling pull`: read the sources."""

from datetime import date
from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Now, instant_or_now, opened, parse_day


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
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Read what the sources have that is new; running it again changes nothing.

    --since and --all go back behind what was read already, for a source that delivered late or
    whose columns are mapped anew. Nothing doubles: a record that is there as it was delivered
    counts as unchanged, a later version replaces an earlier one, and the next pull goes on from
    where the last one was.

    Sources are read side by side (pull.parallel); a source that fails doesn't hold the others up.
    One that the daemon lets rest is tried all the same. Exit code 0 when all were read, 1 when one
    failed, 2 for a name that isn't in the settings.
    """
    from jobs.cli.progress import pulling
    from jobs.cli.screen import screen
    from jobs.pull import pull as run_pull
    from jobs.sources_table import SourcesTable
    from monitor.sources.state import source_states
    from monitor.workdays import local_day

    if since and everything:
        raise typer.BadParameter("expected --since or --all, found both")
    with opened(config, tells=True) as (settings, store):
        known = [source.name for source in settings.source]
        strangers = sorted(set(names or ()) - set(known))
        if strangers:
            raise typer.BadParameter(
                f"expected names of sources in {config} ({', '.join(known) or 'there is none'}), "
                f"found {', '.join(strangers)}"
            )
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
                ended=lambda report: bars.ended(report.source),
            )
        with store.reading() as connection:
            states = source_states(connection, settings, instant)
    errors = {report.source: report.error for report in reports}
    asked = [state for state in states if state.source in errors]
    out = screen()
    out.print(SourcesTable(asked))
    for state in asked:
        error = errors[state.source]
        if error != state.error and error:  # refused before there was a run to tell of
            out.print(error, style="red")
    if any(report.error for report in reports):
        raise typer.Exit(1)
