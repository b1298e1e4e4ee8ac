"""`yueqingling check`: judge what was pulled and make the statements."""

from jobs.cli.options import DEFAULT_CONFIG, Config, Json, Now, instant_or_now, opened


def check(config: Config = DEFAULT_CONFIG, now: Now = None, as_json: Json = False) -> None:
    """Judge the records that changed, bring the ledger up to date, plan the messages that are due.

    Exit code 0 when every department in scope is at zero for the month that closes next,
    1 when backlog remains. Nothing is sent: that is `deliver`.
    """
    import json
    from dataclasses import asdict

    import typer

    from jobs.check import check as run_check
    from jobs.cli.progress import working
    from jobs.cli.screen import screen
    from monitor.ledger import statements
    from monitor.words import DISTRICT

    instant = instant_or_now(now)
    with opened(config) as (settings, store):
        with working("judging what changed"):
            report = run_check(store, settings, instant)
        month = statements.month_in_hand(settings, instant)
        with store.reading() as connection:
            district = statements.read(connection, month=month, department=DISTRICT)
    backlog = sum(statement.backlog for statement in district)
    if as_json:
        print(json.dumps({"format": 1, **asdict(report), "month": str(month), "backlog": backlog}))
    else:
        out = screen()
        out.print(
            f"{report.judged} records judged, {report.findings} findings, "
            f"{report.statements} statements, {report.planned} messages planned "
            f"in {report.seconds:.1f} s. {month}: backlog {backlog}."
        )
        for line in report.disagreements:
            out.print(f"the ledger and the suite month_zero differ: {line}", style="bold red")
    if backlog or report.disagreements:
        raise typer.Exit(1)
