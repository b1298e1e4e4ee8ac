"""`yueqingling pull`: read the sources."""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Now, instant_or_now, opened


def pull(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]…", help="Only these sources.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Read what the sources have that is new; running it again changes nothing.

    A source that fails doesn't hold the others up. Exit code 0 when all were read, 1 when one
    failed, 2 for a name that isn't in the settings.
    """
    from rich.console import Console

    from jobs.cli.progress import counting
    from jobs.pull import pull as run_pull
    from jobs.sources_table import sources_table
    from monitor.sources.state import source_states

    with opened(config) as (settings, store):
        known = [source.name for source in settings.source]
        strangers = sorted(set(names or ()) - set(known))
        if strangers:
            raise typer.BadParameter(
                f"no source named {', '.join(strangers)} in {config}; "
                f"expected one of {', '.join(known) or 'none: there is no [[source]]'}"
            )
        instant = instant_or_now(now)
        with counting("rows") as count:
            reports = run_pull(store, settings, instant, names=names or None, progress=count)
        with store.reading() as connection:
            states = source_states(connection, settings, instant)
    asked = {report.source for report in reports}
    Console().print(sources_table([state for state in states if state.source in asked]))
    if any(report.error for report in reports):
        raise typer.Exit(1)
