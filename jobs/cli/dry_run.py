"""`yueqingling pull --dry-run`: how the first rows of sources would be read."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.directory import Department


def dry_run(settings: "Settings", names: Sequence[str], rows: int, *, as_json: bool) -> None:
    """Show the first rows of the named sources as they would be read, and write nothing.

    Exits with 1 where one of them could not be read.
    """
    from jobs.cli.screen import screen
    from jobs.preview import preview
    from jobs.preview.forms import document
    from jobs.preview.table import PreviewTable

    departments, without = _directory(settings)
    asked = [source for source in settings.source if source.name in names]
    found = [preview(settings, source, departments, rows) for source in asked]
    if as_json:
        print(json.dumps({"format": 1, "sources": [*map(document, found)]}, ensure_ascii=False))
    else:
        out = screen()
        for number, each in enumerate(found):
            if number:
                out.print()
            out.print(PreviewTable(each))
        if without is not None:
            out.print(f"departments are shown by their code: {without}", style="yellow")
        out.print("A dry run: nothing was written.", style="dim")
    if any(each.errors for each in found):
        raise typer.Exit(1)


def _directory(settings: "Settings") -> tuple[Mapping[str, "Department"], str | None]:
    """The store's departments; where there are none, why."""
    from pathlib import Path

    import sqlalchemy as sa

    from jobs.cli.options import instant_or_now
    from monitor import directory
    from monitor.errors import StoreError
    from monitor.store import Store
    from monitor.workdays import local_day

    url = sa.make_url(settings.store.url.get_secret_value())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return {}, "there is no store yet"  # opening it would make one
    store = Store(url.render_as_string(hide_password=False))
    try:
        store.verify()
        with store.reading() as connection:
            departments = directory.read(connection, local_day(instant_or_now(None)))
    except (StoreError, sa.exc.OperationalError) as error:
        reason = error.orig if isinstance(error, sa.exc.OperationalError) else error
        return {}, str(reason).strip().partition("\n")[0]
    finally:
        store.close()
    return departments, None if departments else "the directory is empty"
