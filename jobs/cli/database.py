"""`yueqingling db`: the store's schema."""

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config

app = typer.Typer(help="Make or upgrade the store.", no_args_is_help=True)


@app.callback()
def _database() -> None:
    """Make or upgrade the store."""


@app.command()
def upgrade(config: Config = DEFAULT_CONFIG) -> None:
    """Make the store, or bring it to this program's version. Running it again does nothing."""
    from monitor.config import load
    from monitor.store import Store

    store = Store(load(config).store.url.get_secret_value())
    try:
        applied = store.upgrade()
    finally:
        store.close()
    print(f"{store.name}: " + (f"applied {', '.join(applied)}" if applied else "up to date"))
