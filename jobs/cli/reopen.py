"""`yueqingling reopen`: a sealed month is opened again, to be sealed anew."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import (
    DEFAULT_CONFIG,
    By,
    Config,
    Now,
    actor,
    instant_or_now,
    opened,
    parse_month,
)

if TYPE_CHECKING:
    from monitor.ledger.closing import Prospect


def reopen(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The sealed month.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why; kept in the audit trail and in the next seal.")
    ],
    by: By = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
) -> None:
    """Open a sealed month again (重新打开); it is sealed anew by `close`, or by the next check.

    For example: yueqingling reopen 2026-10 --reason 停机期间未读取数据. Its seal stays in the chain
    and holds no longer; the next one is a revision, which names it and the reason. The month waits
    for every source that was not read since its close, at the latest until `seal_grace` of the next
    working day. Seals of later months stay as they are.
    """
    from jobs.cli.screen import screen
    from monitor.ledger import closing, revisions, statements

    instant, wanted = instant_or_now(now), parse_month(month)
    with opened(config) as (settings, store), store.writing() as connection:
        done = revisions.reopen(
            connection,
            wanted,
            instant,
            actor(by),
            reason,
            statements.earliest(settings, instant),
        )
        [prospect] = closing.prospects(connection, settings, instant, [wanted])
    out = screen()
    out.print(f"{wanted} 第 {done.revision} 版封存已重新打开，不再有效；原封存保留在封存链中")
    out.print(_next(prospect))


def _next(prospect: "Prospect") -> str:
    """What is to be done to seal the month anew."""
    from monitor.ledger.closing import Standing
    from monitor.workdays import ZONE

    if prospect.standing is Standing.READING:
        deadline = f"{prospect.deadline.astimezone(ZONE):%Y-%m-%d %H:%M}"
        return (
            f"等待数据来源 {'、'.join(prospect.unread)}（最迟 {deadline}）：先 yueqingling pull，"
            f"再 yueqingling close {prospect.month}"
        )
    return f"重新封存：yueqingling close {prospect.month}"
