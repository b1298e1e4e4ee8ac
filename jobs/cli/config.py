"""`yueqingling config`: is the settings file right?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config

if TYPE_CHECKING:
    from monitor.config import Settings

app = typer.Typer(help="Check the settings.", no_args_is_help=True)


@app.callback()
def _settings() -> None:
    """Check the settings."""


def check(
    config: Config = DEFAULT_CONFIG,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing when right.")] = False,
) -> None:
    """Check the settings file: every mistake with its key, what was expected and what was found.

    An office's own suites are checked too, and that the drivers of databases are installed. Exit
    code 0 when all is right, 2 when it isn't. Nothing is read from a source or written.
    """
    from expectations.loading import load_suites, verify
    from expectations.suites import all_rules
    from jobs.cli.screen import screen
    from monitor.config import load
    from monitor.store import Store

    settings = load(config)
    _refuse_lacking_drivers(settings, config)
    suites = load_suites(settings)
    store = Store(settings.store.url.get_secret_value())
    verify(store, suites)
    if quiet:
        return
    out = screen()
    out.print(f"{config}: right.", style="green")
    out.print(f"  store    {store.name}")
    own = sum(rule.is_own for rule in all_rules(suites))
    if settings.rules.suites:
        out.print(f"  rules    {own} of the office's own in {settings.rules.suites}")
    for source in settings.source:
        out.print(
            f"  source   {source.name}: {source.feed.value} ({source.feed.zh}), {source.kind}, "
            f"{source.schedule}",
        )
    if not settings.source:
        out.print("  no source: nothing will be pulled (docs/sources.md)", style="yellow")
    for channel in settings.channel:
        out.print(f"  channel  {channel.name}: {channel.kind}")
    for route in settings.route:
        audience = ", ".join(route.audience)
        out.print(f"  route    {route.department} {audience} → {route.to}")
    if not settings.route:
        out.print("  no route: nobody will be written to", style="yellow")


def _refuse_lacking_drivers(settings: "Settings", config: Path) -> None:
    """Raises SettingsError with each source whose database has no driver here."""
    from monitor.config import SqlSource
    from monitor.errors import SettingsError
    from monitor.sources.sql import lacking

    problems = [
        f'{config}: source "{source.name}": {problem}'
        for source in settings.source
        if isinstance(source, SqlSource) and (problem := lacking(source)) is not None
    ]
    if problems:
        raise SettingsError("\n".join(problems))


verb.add(app, check)
