"""`yueqingling exempt`: what need not be reported, entered by hand."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

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
    parse_day,
)

if TYPE_CHECKING:
    from monitor.ledger.office_exemptions import Preview, Scope

app = typer.Typer(help="Add, list, end and withdraw exemptions (免报、核销).", no_args_is_help=True)


@app.callback()
def _exempt() -> None:
    """Add, list, end and withdraw exemptions (免报、核销)."""


def add(
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    approver: Annotated[str, typer.Option("--approver", help="Who approved it.")],
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="The whole department, or the item's or unit's."),
    ] = None,
    item: Annotated[str | None, typer.Option("--item", help="An item's code (事项).")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="One act, by its action code.")] = None,
    begins_on: Annotated[
        date | None,
        typer.Option("--from", parser=parse_day, metavar="DAY", help="The first day; else always."),
    ] = None,
    ends_on: Annotated[
        date | None,
        typer.Option("--to", parser=parse_day, metavar="DAY", help="The last day; else no end."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask, add it.")] = False,
    by: By = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Exempt a department, an item or one act, after saying what that hides; the next check counts.

    It covers what happened from the first to the last day. How many units leave the backlog, and
    whether it overlaps another or is about something that is nowhere, is said before; without
    --yes it asks. For example: yueqingling exempt add --unit 示范检查-12 --reason 重复录入
    --approver 示范审批人.
    """
    from jobs.cli.screen import screen
    from monitor import directory
    from monitor.ledger import office_exemptions
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    scope, target = _scope(department, item, unit)
    with opened(config) as (_settings, store):
        with store.writing() as connection:
            known = directory.read(connection, local_day(instant))
            code = directory.find(known, department) if department else None
            grant = office_exemptions.Grant(
                scope, code, target, reason, approver, begins_on, ends_on
            )
            found = office_exemptions.preview(connection, grant, instant)
        out = screen()
        for line in _warnings(found):
            out.print(line, style="yellow")
        if not yes:
            typer.confirm("登记该免报核销？", abort=True)
        with store.writing() as connection:
            number = office_exemptions.add(connection, grant, instant, actor(by))
    out.print(f"免报核销 {number} 已登记")


def list_exemptions(
    config: Config = DEFAULT_CONFIG, now: Now = None, as_json: Json = False
) -> None:
    """List the exemptions, by hand and from feeds, with what contradicts itself.

    The number is what `exempt end` and `exempt withdraw` take.
    """
    import json

    from jobs.cli.screen import screen
    from jobs.entries_table import ExemptionsTable, exemption_as_dict
    from monitor import directory
    from monitor.ledger import office_exemptions
    from monitor.workdays import local_day

    today = local_day(instant_or_now(now))
    with opened(config) as (_settings, store), store.reading() as connection:
        departments = directory.read(connection, today)
        found = office_exemptions.read(connection)
    if as_json:
        document = {"format": 1, "exemptions": [exemption_as_dict(each) for each in found]}
        print(json.dumps(document, ensure_ascii=False))
    else:
        screen().print(ExemptionsTable(found, departments, today))


def end(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `exempt list` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")],
    on: Annotated[
        date | None,
        typer.Option("--on", parser=parse_day, metavar="DAY", help="Its last day; else today."),
    ] = None,
    by: By = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """End an exemption that was entered by hand: what happens after its last day counts again.

    For example: yueqingling exempt end 3 --on 2026-10-31 --reason 审批到期. One that should never
    have been there is withdrawn.
    """
    from jobs.cli.screen import screen
    from monitor.ledger import office_exemptions
    from monitor.workdays import local_day

    instant = instant_or_now(now)
    day = on or local_day(instant)
    with opened(config) as (_settings, store), store.writing() as connection:
        office_exemptions.end(connection, number, day, instant, actor(by), reason)
    screen().print(f"免报核销 {number} 至 {day} 止")


def withdraw(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `exempt list` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")],
    by: By = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Withdraw an exemption that was entered by hand by mistake: all that it hid counts again.

    For example: yueqingling exempt withdraw 3 --reason 登记有误. One of a feed is withdrawn by its
    source; one that was right up to a day is ended.
    """
    from jobs.cli.screen import screen
    from monitor.ledger import office_exemptions

    instant = instant_or_now(now)
    with opened(config) as (_settings, store), store.writing() as connection:
        office_exemptions.withdraw(connection, number, instant, actor(by), reason)
    screen().print(f"免报核销 {number} 已撤回")


def _scope(
    department: str | None, item: str | None, unit: str | None
) -> tuple["Scope", str | None]:
    if item and unit:
        raise typer.BadParameter("expected either --item or --unit, found both")
    if item:
        return "item", item
    if unit:
        return "unit", unit
    if not department:
        raise typer.BadParameter("expected one of --department, --item and --unit, found none")
    return "department", None


def _warnings(preview: "Preview") -> list[str]:
    lines = [f"现有积压中将有 {preview.hides} 项不再计入"]
    if preview.overlaps:
        lines.append(f"与已有免报核销 {'、'.join(map(str, preview.overlaps))} 重叠")
    if not preview.exists:
        lines.append("库中没有这样的部门、事项或行为")
    return lines


verb.add(app, add)
verb.add(app, list_exemptions, "list")
verb.add(app, end)
verb.add(app, withdraw)
