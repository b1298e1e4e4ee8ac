"""Months on their way to the seal, for a terminal and for a program. The office reads it."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from jobs.board import close_text
from monitor.ledger.closing import Prospect, Standing


class ClosingTable:
    """The months in their order: standing, close, latest instant of the seal, what is unread."""

    def __init__(self, prospects: Sequence[Prospect]) -> None:
        self._prospects = prospects

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("月份", "封存", "清零时点", "最迟封存"):
            table.add_column(name, no_wrap=True)
        table.add_column("未读取的来源", overflow="fold")
        for each in self._prospects:
            table.add_row(
                str(each.month),
                each.standing.zh + ("（重新打开）" if each.reopened else ""),
                *(close_text(at, "%Y-%m-%d") for at in (each.close_at, each.deadline)),
                "、".join(each.unread) or "—",
            )
        yield table
        if any(each.standing is Standing.DUE and each.unread for each in self._prospects):
            yield Text(
                "可封存的月份有来源自清零时点后未读取：现在封存，其所供数据可能记为无数据。"
                "可先运行 yueqingling pull",
                "yellow",
            )


def as_dict(prospect: Prospect) -> dict[str, Any]:
    """A month for a program."""
    return {
        "month": str(prospect.month),
        "standing": prospect.standing.value,
        "close_at": prospect.close_at.isoformat(),
        "deadline": prospect.deadline.isoformat(),
        "unread": list(prospect.unread),
        "reopened_at": prospect.reopened.at.isoformat() if prospect.reopened else None,
    }
