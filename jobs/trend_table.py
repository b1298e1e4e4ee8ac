"""The trend of a department for a terminal and for scripts: a line a day.

People of the office read it, so its words are Chinese.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.directory import Department
from monitor.ledger.movements import Movement
from monitor.ledger.trend import Day
from monitor.words import Reason

_BARS = " ▁▂▃▄▅▆▇█"
_NOTE = "进入 − 清零 − 移出 = 积压与待审之和较前日的变化；部门或归属月变更的，一处移出、一处进入"


class TrendTable:
    """A sparkline of the backlog, then each day: what came and left, and what it was made up of."""

    def __init__(self, days: Sequence[Day], department: Department) -> None:
        self._days = days
        self._department = department
        self._most = max((each.backlog for each in days), default=0)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the line, and the table as wide as the terminal allows."""
        if not self._days:
            yield Text("没有可显示的统计")
            return
        line = "".join(self._bar(each.backlog) for each in self._days)
        yield Text.assemble(
            (f"{self._department.name} · 积压走势", "bold"), "   ", (line, "red"), overflow="fold"
        )
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("日期", no_wrap=True)
        for name in ("进入", "清零", "移出", "积压", "待审", "超期", "结转"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("原因", ratio=1, overflow="fold")
        for each in self._days:
            movement = each.movement
            table.add_row(
                f"{each.day:%Y-%m-%d}",
                _moved("+", movement.came.total(), "red"),
                _moved("−", movement.cleared, "green"),
                _moved("−", movement.moved_out, "yellow"),
                Text(str(each.backlog), "bold"),
                str(each.pending),
                str(each.overdue),
                str(each.carried),
                _reasons(each),
            )
        yield table
        yield Text(_NOTE, "dim")

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
                "as_of": each.as_of.isoformat(),
                "month": str(each.month),
                "backlog": each.backlog,
                "reasons": dict(each.reasons),
                "overdue": each.overdue,
                "carried": each.carried,
                "pending": each.pending,
                "came": each.movement.came.total(),
                "cleared": each.movement.cleared,
                "moved_out": each.movement.moved_out,
                "causes": _causes(each.movement),
            }
            for each in days
        ],
    }


def _causes(movement: Movement) -> Mapping[str, Mapping[str, int]]:
    """By cause how many units came and left."""
    causes = sorted({*movement.came, *movement.left})
    return {
        cause.value: {"came": movement.came[cause], "left": movement.left[cause]}
        for cause in causes
    }


def _moved(sign: str, count: int, style: str) -> Text:
    return Text(f"{sign}{count}", style) if count else Text("—", "dim")


def _reasons(day: Day) -> str:
    return " ".join(f"{r.zh}{day.reasons[r]}" for r in Reason if day.reasons.get(r))
