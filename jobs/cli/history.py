"""`yueqingling history`: what became of one unit."""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, instant_or_now, opened


def history(
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", help="An action code, or the identity of a source's row."),
    ],
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show what became of an act: first seen, each change of its reason, when it was cleared.

    Each change says why, by which record or exemption, and how many working days the act had been
    in the backlog by then. It is as the checks found it: what came and went between two of them
    left no trace.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.unit_history import disclosed, document, rendered
    from monitor import directory
    from monitor.ledger import history as histories
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    with opened(config) as (settings, store), store.reading() as connection:
        departments = directory.read(connection, local_day(instant))
        found = histories.read(connection, settings, code, instant)
    found = disclosed(found, departments)
    if as_json:
        print(json.dumps(document(found), ensure_ascii=False))
        return
    if not found:
        raise typer.BadParameter(
            f"expected the action code or identity of a record or expected row, found {code!r}, "
            "which none has",
            param_hint="CODE",
        )
    out = screen()
    for each in found:
        out.print(rendered(each, departments))
