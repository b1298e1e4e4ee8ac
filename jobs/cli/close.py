"""`yueqingling close`: seal what is due now, or say what it waits for."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import (
    DEFAULT_CONFIG,
    Config,
    Json,
    Now,
    instant_or_now,
    months_with_statement,
    opened,
    parse_month,
)

if TYPE_CHECKING:
    from monitor.ledger.closing import Prospect


def close(
    month: Annotated[
        str | None,
        typer.Argument(metavar="[YYYY-MM]", help="The month to seal; else every one that is due."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sealed; write nothing.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Seal (封存) the months that are due, after a check; `serve` does so by itself.

    A month is due once every source was read whole after its close, at the latest at `seal_grace`
    of the next working day, and after the months before it. One that isn't is refused with what it
    waits for. For example: yueqingling close 2026-10 --dry-run. A month is sealed once, whatever is
    run again.
    """
    import json

    from jobs.check import check
    from jobs.cli.progress import working
    from jobs.cli.screen import screen
    from jobs.closing_table import ClosingTable, as_dict
    from monitor.errors import NotDueError
    from monitor.ledger import closing, statements
    from monitor.workdays import Month, local_day, months_between

    instant = instant_or_now(now)
    wanted = parse_month(month) if month else None
    with opened(config) as (settings, store):

        def prospects() -> list[closing.Prospect]:
            with store.reading() as connection:
                begun = months_with_statement(connection)
                current = Month.of(local_day(instant))
                first = min([*begun[:1], *([wanted] if wanted else []), current])
                last = max(current, wanted or current)
                found = closing.prospects(
                    connection, settings, instant, months_between(first, last)
                )
            return [each for each in found if wanted in (None, each.month)]

        before = prospects()
        earliest = statements.earliest(settings, instant)
        is_sealed = before[0].standing is closing.Standing.SEALED
        if wanted is not None and wanted < earliest and not is_sealed:
            raise NotDueError(
                f"expected a month that statements are made of ({earliest} or later), "
                f"found {wanted}"
            )
        if wanted is not None and before[0].standing not in (
            closing.Standing.DUE,
            closing.Standing.SEALED,
        ):
            raise NotDueError(_refusal(before[0]))
        found = before
        if not dry_run and any(each.standing is closing.Standing.DUE for each in before):
            with working("judging what changed, and sealing"):
                check(store, settings, instant)
            found = prospects()
    due = {each.month for each in before if each.standing is closing.Standing.DUE}
    sealed = [
        each.month
        for each in found
        if each.standing is closing.Standing.SEALED and each.month in due
    ]
    if as_json:
        document = {
            "format": 1,
            "sealed": [str(each) for each in sealed],
            "months": [as_dict(each) for each in found],
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    out = screen()
    out.print(ClosingTable(found))
    if dry_run:
        out.print("未写入任何内容（--dry-run）")
    else:
        out.print(f"已封存：{'、'.join(map(str, sealed))}" if sealed else "没有可封存的月份")


def _refusal(prospect: "Prospect") -> str:
    """Why a month is not sealed now, and when it can be."""
    from jobs.board import close_text
    from monitor.ledger.closing import Standing

    close_at, deadline = (
        close_text(at, "%Y-%m-%d") for at in (prospect.close_at, prospect.deadline)
    )
    why = {
        Standing.OPEN: f"it closes at {close_at}",
        Standing.READING: f"not read since its close at {close_at}: "
        f"{', '.join(prospect.unread)}. Pull them; it is sealed at {deadline} at the latest",
        Standing.AFTER: "a month before it is not sealed yet: yueqingling close --dry-run shows it",
    }[prospect.standing]
    return f"expected a month that can be sealed, found {prospect.month}: {why}"
