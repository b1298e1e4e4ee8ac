"""`yueqingling db`: the store's schema."""

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config

app = typer.Typer(help="Make or upgrade the store.", no_args_is_help=True)


@app.callback()
def _database() -> None:
    """Make or upgrade the store."""


def upgrade(config: Config = DEFAULT_CONFIG) -> None:
    """Make the store, or bring it to this program's version. Running it again does nothing.

    Nothing that was landed is lost. On PostgreSQL the database must be there; its tables are made.
    Stop the daemons on the store before, and start them again after.
    """
    from monitor.config import load
    from monitor.store import Store

    store = Store(load(config).store.url.get_secret_value())
    try:
        applied = store.upgrade()
    finally:
        store.close()
    print(f"{store.name}: " + (f"applied {', '.join(applied)}" if applied else "up to date"))


verb.add(app, upgrade)
