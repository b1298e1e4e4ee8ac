"""The trend of a department for a terminal and for scripts: a line a day.

People of the office read it, so its words are Chinese.
"""

from collections.abc import Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.directory import Department
from monitor.ledger.trend import Day
from monitor.words import Reason

_BARS = " ▁▂▃▄▅▆▇█"


class TrendTable:
    """A sparkline of the backlog, then each day with what it was made up of."""

    def __init__(self, days: Sequence[Day], department: Department) -> None:
        self._days = days
        self._department = department
        self._most = max((each.statement.backlog for each in days), default=0)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the line, and the table as wide as the terminal allows."""
        if not self._days:
            yield Text("没有可显示的统计")
            return
        line = "".join(self._bar(each.statement.backlog) for each in self._days)
        yield Text.assemble(
            (f"{self._department.name} · 积压走势", "bold"), "   ", (line, "red"), overflow="fold"
        )
        table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
        table.add_column("日期", no_wrap=True)
        for name in ("积压", "较前日", "超期", "结转", "待审"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("原因", ratio=1, overflow="fold")
        before: int | None = None
        for each in self._days:
            said = each.statement
            table.add_row(
                f"{each.day:%Y-%m-%d}",
                str(said.backlog),
                _change(said.backlog, before),
                str(said.overdue),
                str(said.carried),
                str(said.pending),
                _reasons(each),
            )
            before = said.backlog
        yield table

    def _bar(self, backlog: int) -> str:
        if not backlog:
            return _BARS[0]
        return _BARS[max(1, round(backlog * (len(_BARS) - 1) / self._most))]


def trend_document(days: Sequence[Day], department: Department) -> dict[str, Any]:
    """`status --trend --json`."""
    return {
        "format": 1,
        "department": department.code,
        "name": department.name,
        "days": [
            {
                "day": each.day.isoformat(),
                "as_of": each.statement.as_of.isoformat(),
                "month": str(each.statement.month),
                "backlog": each.statement.backlog,
                "reasons": dict(each.statement.reasons),
                "overdue": each.statement.overdue,
                "carried": each.statement.carried,
                "pending": each.statement.pending,
            }
            for each in days
        ],
    }


def _change(backlog: int, before: int | None) -> Text:
    if before is None or backlog == before:
        return Text("—", "dim")
    return Text(f"{backlog - before:+}", "red" if backlog > before else "green")


def _reasons(day: Day) -> str:
    counts = day.statement.reasons
    return " ".join(f"{r.zh}{counts[r]}" for r in Reason if counts.get(r))
