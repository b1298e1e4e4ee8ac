"""`yueqingling check`: judge what was pulled and make the statements."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, instant_or_now, opened

if TYPE_CHECKING:
    from jobs.recount import Recount


def check(
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Afterwards judge every record anew, and say whether all comes out the same.",
        ),
    ] = False,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Judge the records that changed, bring the ledger up to date, plan the messages that are due.

    Exit code 0 when every department in scope is at zero for the month that closes next,
    1 when backlog remains or something came out otherwise than the ledger has it. Nothing is sent:
    that is `deliver`.
    """
    import json
    from dataclasses import asdict

    from jobs.check import check as run_check
    from jobs.cli.progress import working
    from jobs.cli.screen import screen
    from jobs.recount import recount
    from monitor.ledger import statements
    from monitor.words import DISTRICT

    instant = instant_or_now(now)
    with opened(config) as (settings, store):
        with working("judging what changed"):
            report = run_check(store, settings, instant)
        recounted = None
        if full:
            with working("judging every record anew"):
                recounted = recount(store, settings, instant)
        month = statements.month_in_hand(settings, instant)
        with store.reading() as connection:
            district = statements.read(connection, month=month, department=DISTRICT)
    backlog = sum(statement.backlog for statement in district)
    if as_json:
        document = {"format": 1, **asdict(report), "month": str(month), "backlog": backlog}
        if recounted is not None:
            document["recount"] = {**asdict(recounted), "same": recounted.same}
        print(json.dumps(document, ensure_ascii=False))
    else:
        out = screen()
        out.print(
            f"{report.judged} records judged, {report.findings} findings, "
            f"{report.statements} statements, {report.planned} messages planned "
            f"in {report.seconds:.1f} s. {month}: backlog {backlog}."
        )
        for line in report.disagreements:
            out.print(f"the ledger and the suite month_zero differ: {line}", style="bold red")
        if recounted is not None:
            for text in _told(recounted):
                out.print(text, style=None if recounted.same else "bold red")
    if backlog or report.disagreements or not (recounted is None or recounted.same):
        raise typer.Exit(1)


def _told(recounted: "Recount") -> list[str]:
    """What a recount came to, the differences first."""
    counted = f"{recounted.records} records judged anew, {recounted.findings} findings"
    if recounted.same:
        return [f"{counted}: all {recounted.tallies} tallies and every finding came out the same."]
    return [
        *map(str, recounted.differences),
        f"{counted}: {len(recounted.differences)} counts differ, {recounted.added} findings had "
        f"been missed, {recounted.removed} held no more. The store has the new ones now.",
    ]
