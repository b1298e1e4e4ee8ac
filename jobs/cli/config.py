"""`yueqingling config`: is the settings file right?"""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config

app = typer.Typer(help="Check the settings.", no_args_is_help=True)


@app.callback()
def _settings() -> None:
    """Check the settings."""


@app.command()
def check(
    config: Config = DEFAULT_CONFIG,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing when right.")] = False,
) -> None:
    """Check the settings file: every mistake with its key, what was expected and what was found.

    Exit code 0 when it is right, 2 when it isn't. Nothing is read from a source or written.
    """
    from rich.console import Console

    from monitor.config import load
    from monitor.store import Store

    settings = load(config)
    if quiet:
        return
    out = Console()
    out.print(f"{config}: right.", style="green", highlight=False)
    store = Store(settings.store.url.get_secret_value())
    out.print(f"  store    {store.name}", highlight=False)
    for source in settings.source:
        every = int(source.every.total_seconds())
        out.print(
            f"  source   {source.name}: {source.feed.value} ({source.feed.zh}), {source.kind}, "
            f"every {every} s",
            highlight=False,
        )
    for channel in settings.channel:
        out.print(f"  channel  {channel.name}: {channel.kind}", highlight=False)
    for route in settings.route:
        audience = ", ".join(route.audience)
        out.print(f"  route    {route.department} {audience} → {route.to}", highlight=False)
    if not settings.route:
        out.print("  no route: nobody will be written to", style="yellow")
