"""`yueqingling check`: judge what was pulled and make the statements."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, instant_or_now, opened, parse_month

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
    gx_results: Annotated[
        Path | None,
        typer.Option(
            "--gx-results",
            metavar="FOLDER",
            help="Afterwards write Great Expectations' result objects there, "
            "a file for each department and kind.",
        ),
    ] = None,
    department: Annotated[
        str | None,
        typer.Option(
            "--department",
            "-d",
            help="With --gx-results: only this one's, by its code or (short) name.",
        ),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            "-m",
            metavar="YYYY-MM",
            help="With --gx-results: only of records that belong to this month.",
        ),
    ] = None,
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
    from jobs.cli.results import write_results
    from jobs.cli.screen import screen
    from jobs.gx_results import ResultObjects
    from jobs.recount import recount
    from monitor import directory
    from monitor.ledger import statements
    from monitor.words import DISTRICT
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    narrowed = "--department" if department else "--month" if month else None
    if gx_results is None and narrowed:
        raise typer.BadParameter(
            "narrows what --gx-results writes; every check judges all that changed",
            param_hint=narrowed,
        )
    wanted = parse_month(month) if month else None
    with opened(config) as (settings, store):
        code = None
        if department:
            with store.reading() as connection:
                known = directory.read(connection, local_day(instant))
            code = directory.find(known, department, directory.UNOWNED)
        with working("judging what changed"):
            report = run_check(store, settings, instant)
        recounted = None
        if full:
            with working("judging every record anew"):
                recounted = recount(store, settings, instant)
        found = None
        if gx_results is not None:
            with store.reading() as connection:
                found = write_results(
                    connection, settings, instant, gx_results, ResultObjects(), code, wanted
                )
        in_hand = statements.month_in_hand(settings, instant)
        with store.reading() as connection:
            district = statements.read(connection, month=in_hand, department=DISTRICT)
    backlog = sum(statement.backlog for statement in district)
    if as_json:
        document = {"format": 1, **asdict(report), "month": str(in_hand), "backlog": backlog}
        if recounted is not None:
            document["recount"] = {**asdict(recounted), "same": recounted.same}
        if found is not None:
            document["gx_results"] = {
                "folder": str(gx_results),
                "departments": found.departments,
                "files": len(found.batches),
            }
        print(json.dumps(document, ensure_ascii=False))
    else:
        out = screen()
        out.print(
            f"{report.judged} records judged, {report.findings} findings, "
            f"{report.statements} statements changed, {report.planned} messages planned "
            f"in {report.seconds:.1f} s. {in_hand}: backlog {backlog}."
        )
        if report.changed_rules:
            out.print(
                f"Rules that are new or say something else: {report.changed_rules}; "
                "every record of their kinds was judged by them."
            )
        for line in report.disagreements:
            out.print(f"the ledger and the suite month_zero differ: {line}", style="bold red")
        if recounted is not None:
            for text in _told(recounted):
                out.print(text, style=None if recounted.same else "bold red")
        if found is not None:
            out.print(
                f"{gx_results}: {len(found.batches)} files, {found.results:,} results, "
                f"departments: {found.departments}"
            )
    if backlog or report.disagreements or not (recounted is None or recounted.same):
        raise typer.Exit(1)


def _told(recounted: "Recount") -> list[str]:
    """What a recount came to, the differences first."""
    counted = f"{recounted.records} records judged anew, {recounted.findings} findings"
    if recounted.same:
        same = "units, statements and findings came out the same"
        return [f"{counted}: all {recounted.tallies} tallies, {same}."]
    return [
        *map(str, recounted.differences),
        f"{counted}: {len(recounted.differences)} counts differ, {recounted.added} findings had "
        f"been missed, {recounted.removed} held no more; {recounted.units} units and counts and "
        f"{recounted.statements} statements were otherwise. The store has the new ones now.",
    ]
