"""`yueqingling status`: the board, as it is or was, and a department's trend."""

from datetime import timedelta
from typing import Annotated

import typer

from jobs.cli.options import (
    DEFAULT_CONFIG,
    AsOf,
    Config,
    Json,
    Now,
    instant_or_now,
    month_shown,
    no_statement,
    opened,
    parse_month,
    refuse_before_first,
    refuse_strangers,
    whole,
)


def status(
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", metavar="YYYY-MM", help="Default: the month closing next."),
    ] = None,
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="Only this one: its code or (short) name."),
    ] = None,
    as_of: AsOf = None,
    trend: Annotated[
        str | None,
        typer.Option(
            "--trend",
            metavar="DEPARTMENT",
            help="Show how its backlog went, day by day: its code or (short) name, or `district`.",
        ),
    ] = None,
    days: Annotated[
        int,
        typer.Option(
            "--days", parser=whole(1), metavar="N", help="How many days the trend goes back."
        ),
    ] = 30,
    sources: Annotated[
        bool, typer.Option("--sources", help="Show the sources' states instead.")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", "-s", metavar="NAME", help="Show this source's state only."),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            parser=whole(1),
            metavar="N",
            help="Show the last N pulls of the sources, too.",
        ),
    ] = None,
    unlanded: Annotated[
        bool,
        typer.Option("--unlanded", help="Show the rows of the sources that can't land, too."),
    ] = False,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show where each department stands: state, backlog by reason, figures, the deadline.

    It reads what the last check wrote and judges nothing, so its exit code is 0 whatever it shows.
    Below the board stands what is amiss with the sources.

    Each change of a statement is kept: --as-of shows the board as it stood at an earlier instant,
    --trend what each day ended with. The backlog in it is of all months up to the day's.

    With --sources (or --source, --runs, --unlanded) it shows how each source stands instead: when
    it was read and is due, the rows of its last pull (read, landed as new or changed, the same as
    they were, with malformed cells), what could not be read, and whether it is left to rest because
    it kept failing.

    --unlanded lists the rows that are kept apart: entries without the code, name or date that the
    feed is known by. Each goes from there when it comes right.
    """
    import json

    from jobs.board import Board
    from jobs.cli.screen import screen
    from jobs.machine_forms import status_document
    from jobs.sources_table import RunsTable, SourcesTable, remarks, sources_document
    from jobs.trend_table import TrendTable, trend_document
    from jobs.unlanded_table import UnlandedTable, unlanded_document
    from monitor import directory
    from monitor.ledger import statements, zero_reports
    from monitor.ledger import trend as trends
    from monitor.sources import past
    from monitor.sources import unlanded as kept_apart
    from monitor.sources.state import source_states
    from monitor.workdays import local_day

    if trend and (month or department):
        raise typer.BadParameter(
            "expected whose it is and --days alone, found "
            f"{'--month' if month else '--department'}, too",
            param_hint="--trend",
        )
    out = screen()
    instant = instant_or_now(now)
    with opened(config) as (settings, store), store.reading() as connection:
        states = source_states(connection, settings, instant)
        if sources or source or runs or unlanded:
            refuse_strangers(source or (), settings, config)
            states = [state for state in states if not source or state.source in source]
            latest = past.latest(connection, runs) if runs else None
            names = [state.source for state in states]
            rows = kept_apart.read(connection, names) if unlanded else None
            departments = directory.read(connection, local_day(instant))
            if as_json:
                document = sources_document(states, latest)
                if rows is not None:
                    document["unlanded"] = unlanded_document(rows, departments)
                print(json.dumps(document, ensure_ascii=False))
                return
            out.print(SourcesTable(states, instant))
            if latest is not None:
                out.print(RunsTable(states, latest))
            if rows is not None:
                out.print(UnlandedTable(rows, states, departments))
            return
        if as_of:
            refuse_before_first(connection, as_of)
        if trend:
            last = as_of or now or statements.made_at(connection) or instant
            departments = directory.read(connection, local_day(last))
            whose = directory.named(departments, directory.find(departments, trend))
            since = local_day(last) - timedelta(days=days - 1)
            past_days = trends.read(connection, whose.code, since, as_of or now)
            if as_json:
                print(json.dumps(trend_document(past_days, whose), ensure_ascii=False))
            else:
                out.print(TrendTable(past_days, whose))
            return
        wanted = parse_month(month) if month else month_shown(connection, settings, as_of or now)
        departments = directory.read(connection, wanted.last)
        code = directory.find(departments, department) if department else None
        found = statements.read(connection, month=wanted, department=code, at=as_of)
        reported = zero_reports.reported(connection, wanted, as_of)
        contradicted = {
            each.department for each in found if each.obligations and each.department in reported
        }
        why = None if found else no_statement(connection, wanted, code, as_of)
    if as_json:
        print(json.dumps(status_document(found, departments, contradicted), ensure_ascii=False))
        return
    if found:
        office = settings.office.name
        out.print(Board(found, departments, settings.days, office, contradicted))
    else:
        out.print(why)
    if as_of:
        return
    unwell = [state for state in states if state.error or state.state != "fresh"]
    if unwell:
        out.print(SourcesTable(unwell, instant, remarks_each=_REMARKS))
    well = [state for state in states if state not in unwell]
    for remark in remarks(well, _REMARKS):
        out.print(remark)


_REMARKS = 5
