"""`yueqingling pull`: read the sources."""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Now, instant_or_now, opened


def pull(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Only these sources.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Read what the sources have that is new; running it again changes nothing.

    A source that fails doesn't hold the others up. Exit code 0 when all were read, 1 when one
    failed, 2 for a name that isn't in the settings.
    """
    from jobs.cli.progress import counting
    from jobs.cli.screen import screen
    from jobs.pull import pull as run_pull
    from jobs.sources_table import SourcesTable
    from monitor.sources.state import source_states

    with opened(config, tells=True) as (settings, store):
        known = [source.name for source in settings.source]
        strangers = sorted(set(names or ()) - set(known))
        if strangers:
            raise typer.BadParameter(
                f"expected names of sources in {config} ({', '.join(known) or 'there is none'}), "
                f"found {', '.join(strangers)}"
            )
        instant = instant_or_now(now)
        with counting("rows") as count:
            reports = run_pull(store, settings, instant, names=names or None, progress=count)
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
