"""`yueqingling audit`: what people entered, ended, withdrew or reopened."""

from datetime import datetime
from typing import Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import DEFAULT_CONFIG, Config, Json, opened, parse_instant

app = typer.Typer(help="Read the audit trail (审计记录).", no_args_is_help=True)


@app.callback()
def _audit() -> None:
    """Read the audit trail (审计记录)."""


def list_entries(
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parse_instant,
            metavar="INSTANT",
            help="Only what was entered then or later, such as 2026-10-01.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List what people entered by hand: what, who, when, why; the oldest first.

    For example: yueqingling audit list --since 2026-10-01. Zero reports, exemptions and reopened
    months stand here with the name of who entered them: it is the office's own list.
    """
    import json

    from jobs.audit_table import AuditTable, entry_as_dict
    from jobs.cli.screen import screen
    from monitor import directory
    from monitor.ledger import audit

    with opened(config) as (_settings, store), store.reading() as connection:
        found = audit.read(connection, since)
        departments = directory.whole(connection)
    if as_json:
        document = {"format": 1, "entries": [entry_as_dict(each) for each in found]}
        print(json.dumps(document, ensure_ascii=False))
    else:
        screen().print(AuditTable(found, departments))


verb.add(app, list_entries, "list")
