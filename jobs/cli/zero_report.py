"""`yueqingling zero-report`: who says that there was nothing, filed by hand."""

from typing import Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import (
    DEFAULT_CONFIG,
    By,
    Config,
    Json,
    Now,
    actor,
    instant_or_now,
    opened,
    parse_month,
)

app = typer.Typer(help="File, list and withdraw zero reports (零报送).", no_args_is_help=True)

Department = Annotated[
    str, typer.Argument(metavar="DEPARTMENT", help="Its code, name or short name.")
]
OfMonth = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month it is about.")]


@app.callback()
def _zero_report() -> None:
    """File, list and withdraw zero reports (零报送)."""


def file(
    department: Department,
    month: OfMonth,
    by: By = None,
    note: Annotated[str, typer.Option("--note", help="What the department said of it.")] = "",
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """File that a department had nothing in a month; the next check counts it.

    For example: yueqingling zero-report file 教委 2026-10 --note 电话确认. Where the last check
    counted obligations of the month it is filed all the same, with a warning. Who filed it, when
    and the note are kept in the audit trail.
    """
    from jobs.cli.screen import screen
    from monitor import directory
    from monitor.ledger import office_reports
    from monitor.words import BY_HAND

    instant, wanted = instant_or_now(now), parse_month(month)
    with opened(config) as (_settings, store), store.writing() as connection:
        departments = directory.read(connection, wanted.last)
        code = directory.find(departments, department)
        is_new = office_reports.file(connection, code, wanted, instant, actor(by), note)
        [found] = [
            each
            for each in office_reports.read(connection, wanted)
            if each.department == code and each.source == BY_HAND
        ]
    out, name = screen(), directory.named(departments, code).name
    out.print(f"{name} {wanted} {'零报送已登记' if is_new else '零报送此前已登记，未作改动'}")
    if found.contradicted:
        out.print(
            f"与记录不符：该月已有 {found.obligations} 项应录，零报送对其不生效", style="bold red"
        )


def list_reports(
    month: Annotated[
        str | None, typer.Argument(metavar="[YYYY-MM]", help="Only those of this month.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """List the zero reports, by hand and from feeds, and those that records contradict.

    Exit code 1 when one is contradicted. With --now those that stood at that instant, held against
    what the last check counted.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.entries_table import ReportsTable, report_as_dict
    from monitor import directory
    from monitor.ledger import office_reports

    wanted = parse_month(month) if month else None
    with opened(config) as (_settings, store), store.reading() as connection:
        departments = directory.whole(connection)
        found = office_reports.read(connection, wanted, now)
    if as_json:
        document = {"format": 1, "zero_reports": [report_as_dict(each) for each in found]}
        print(json.dumps(document, ensure_ascii=False))
    else:
        screen().print(ReportsTable(found, departments))
    if any(each.contradicted for each in found):
        raise typer.Exit(1)


def withdraw(
    department: Department,
    month: OfMonth,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")],
    by: By = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Withdraw a zero report that was filed by hand; one of a feed is withdrawn by its source.

    For example: yueqingling zero-report withdraw 教委 2026-10 --reason 登记有误.
    """
    from jobs.cli.screen import screen
    from monitor import directory
    from monitor.ledger import office_reports

    instant, wanted = instant_or_now(now), parse_month(month)
    with opened(config) as (_settings, store), store.writing() as connection:
        departments = directory.read(connection, wanted.last)
        code = directory.find(departments, department)
        office_reports.withdraw(connection, code, wanted, instant, actor(by), reason)
    screen().print(f"{directory.named(departments, code).name} {wanted} 零报送已撤回")


verb.add(app, file)
verb.add(app, list_reports, "list")
verb.add(app, withdraw)
