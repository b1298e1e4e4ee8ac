"""`yueqingling remind` and `yueqingling deliver`: who is told, and the telling."""

from typing import Annotated

import typer

from jobs.cli.options import DEFAULT_CONFIG, Config, Now, instant_or_now, opened


def remind(
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the decisions; write nothing.")
    ] = False,
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="Show only this one, with every decision and why."),
    ] = None,
) -> None:
    """Decide who is to be told what now, and say why; what is due goes into the outbox.

    `check` does the same after each judgement; `deliver` sends what the outbox holds. With
    --department one department's decisions are shown, those that send nothing too; planned is
    for all.
    """
    from jobs.cli.screen import screen
    from jobs.decisions_table import decisions_table
    from monitor import directory
    from monitor.notify import outbox
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    with opened(config) as (settings, store):
        with store.reading() as connection:
            departments = directory.whole(connection)
            known = departments.on(local_day(instant))
            code = directory.find(known, department) if department else None
            decisions = outbox.decisions(connection, settings, instant)
        planned = 0
        if not dry_run:
            with store.writing() as connection:
                planned = outbox.plan(connection, settings, instant)
    out = screen()
    if code:
        decisions = [decision for decision in decisions if decision.department == code]
    out.print(decisions_table(decisions, departments, every=code is not None))
    out.print("nothing was written (--dry-run)" if dry_run else f"{planned} messages planned")


def deliver(config: Config = DEFAULT_CONFIG, now: Now = None) -> None:
    """Send what the outbox holds.

    Outside working hours only what goes to the operator is sent; the rest waits. A message is
    repeated rather than lost. Exit code 1 when one was refused or has to be tried again.
    """
    from jobs.cli.screen import screen
    from jobs.deliver import deliver as run_deliver

    with opened(config) as (settings, store):
        report = run_deliver(store, settings, instant_or_now(now))
    screen().print(
        f"{report.sent} sent, {report.retried} to be tried again, {report.failed} refused, "
        f"{report.waiting} waiting"
    )
    if report.failed or report.retried:
        raise typer.Exit(1)
