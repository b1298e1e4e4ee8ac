"""The board of a month: one line a department, worst first; for a terminal.

People of the office read it, so its words are Chinese. A figure that was not measured is a dash,
never a zero. On a narrow terminal the reasons share one column.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.directory import Department, named
from monitor.ledger.figures import percent
from monitor.ledger.statements import Statement
from monitor.words import DISTRICT, MonthState, Reason
from monitor.workdays import ZONE, Calendar, local_day

WIDE = 140
"""From this many columns on every reason has a column of its own."""
_STYLES = {
    MonthState.OPEN: "cyan",
    MonthState.CLEARED_ON_TIME: "green",
    MonthState.CLEARED_LATE: "green",
    MonthState.AWAITING_AUDIT: "yellow",
    MonthState.NOT_CLEARED: "bold red",
    MonthState.NO_DATA: "magenta",
}
_SHORT = {
    Reason.UNENTERED: "未录",
    Reason.DRAFT: "暂存",
    Reason.RETURNED: "退回",
    Reason.PENDING: "待审",
    Reason.INVALID: "不合格",
    Reason.UNLINKED: "未关联",
}
_DASH = Text("—", "dim")
_BAR = 8
_ONE_DAY = timedelta(days=1)


class Board:
    """The board of one month's statements: a title, the district's line, then the departments.

    `contradicted` are the departments whose zero report for the month isn't true.
    """

    def __init__(
        self,
        statements: Sequence[Statement],
        departments: Mapping[str, Department],
        calendar: Calendar,
        office: str,
        contradicted: Collection[str] = (),
    ) -> None:
        self._departments = departments
        self._calendar = calendar
        self._office = office
        self._contradicted = contradicted
        self._rows = sorted(
            statements,
            key=lambda s: (
                s.department != DISTRICT,
                -s.backlog,
                not s.silent,
                -s.pending,
                s.department,
            ),
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the board as wide as the terminal allows."""
        if not self._rows:
            yield Text("没有可显示的统计")
            return
        wide = options.max_width >= WIDE
        yield _title(self._rows[0], self._calendar, self._office, wide=wide)
        yield self._table(wide=wide)
        yield _legend(self._rows)

    def _table(self, *, wide: bool) -> Table:
        table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
        table.add_column("部门", no_wrap=True)
        table.add_column("状态", no_wrap=True)
        for name in ("应录", "积压"):
            table.add_column(name, justify="right", no_wrap=True)
        if wide:
            for reason in Reason:
                table.add_column(reason.zh, justify="right", no_wrap=True)
            for name in ("超期", "结转", "及时率"):
                table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column("原因", ratio=1, overflow="fold")
        table.add_column("清零进度", justify="right", no_wrap=True)
        for row in self._rows:
            whole = row.department == DISTRICT
            table.add_row(
                named(self._departments, row.department).label,
                _state(row, is_contradicted=row.department in self._contradicted),
                str(row.obligations),
                _count(row.backlog, "bold red"),
                *(_wide_cells(row) if wide else [_reasons(row)]),
                _progress(row, bar=wide),
                style="bold" if whole else "",
                end_section=whole,
            )
        return table


def _wide_cells(statement: Statement) -> list[Text]:
    return [
        *(_reason(statement, reason) for reason in Reason),
        _count(statement.overdue, "red"),
        _count(statement.carried, "red"),
        _percentage(statement, "timely_ratio"),
    ]


def _state(statement: Statement, *, is_contradicted: bool) -> Text:
    state = MonthState(statement.current_state)
    shown = Text(state.zh + ("*" if _unproven(statement) else ""), _STYLES[state])
    if statement.silent and statement.department != DISTRICT:
        shown.append(" 零报送", "red")
    if is_contradicted:
        shown.append(" 零报送不符", "bold red")
    if statement.not_measured:
        shown.append(" 数据不全", "magenta")
    return shown


def _unproven(statement: Statement) -> bool:
    """Cleared as far as records tell; no list of what should be there vouches for it."""
    cleared = statement.current_state in (MonthState.CLEARED_ON_TIME, MonthState.CLEARED_LATE)
    return cleared and not statement.expected_measured


def _reason(statement: Statement, reason: Reason) -> Text:
    if reason is Reason.UNENTERED and not statement.expected_measured:
        return _DASH
    if reason is Reason.PENDING and not statement.reasons.get(reason) and statement.pending:
        return Text(f"({statement.pending})", "yellow")
    return _count(statement.reasons.get(reason, 0), "")


def _reasons(statement: Statement) -> Text:
    """The reasons that there are, with their counts, in one cell."""
    parts = [
        f"{_SHORT[reason]}{statement.reasons[reason]}"
        for reason in Reason
        if statement.reasons.get(reason)
    ]
    if statement.pending and not statement.reasons.get(Reason.PENDING):
        parts.append(f"({_SHORT[Reason.PENDING]}{statement.pending})")
    return Text(" ".join(parts))


def _count(count: int, style: str) -> Text:
    return Text(str(count), style) if count else Text("0", "dim")


def _percentage(statement: Statement, name: str) -> Text:
    figure = statement.figures.get(name)
    share = percent(figure["numerator"], figure["denominator"]) if figure else None
    return _DASH if share is None else Text(f"{share} %")


def _progress(statement: Statement, *, bar: bool) -> Text:
    figure = statement.figures.get("progress")
    share = percent(figure["numerator"], figure["denominator"]) if figure else None
    if share is None:
        return _DASH
    filled = int(share * _BAR / 100)
    style = "green" if share == 100 else "yellow" if share >= 90 else "red"
    if not bar:
        return Text(f"{share} %", style)
    return Text.assemble(("█" * filled, style), ("░" * (_BAR - filled), "dim"), f" {share:>6} %")


def _title(first: Statement, calendar: Calendar, office: str, *, wide: bool) -> Text:
    left = calendar.between(local_day(first.as_of), local_day(first.close_at) - _ONE_DAY)
    when = f"还有 {left} 个工作日" if first.as_of < first.close_at else "已过"
    title = Text.assemble(
        (f"{office} · 月清零 {first.month}", "bold"),
        "   " if wide else "\n",
        f"清零时点 {close_text(first.close_at)}（{when}）",
        f"   数据截至 {first.as_of.astimezone(ZONE):%m-%d %H:%M}",
    )
    if first.provisional_calendar:
        title.append("   工作日历为预测", "yellow")
    return title


def close_text(instant: datetime, day: str = "%m-%d") -> str:
    """The close in China's time as people say it: 24:00 of the day that ends, written as `day`."""
    local = instant.astimezone(ZONE)
    if (local.hour, local.minute) == (0, 0):
        return f"{(local - _ONE_DAY).strftime(day)} 24:00"
    return f"{local.strftime(day)} {local:%H:%M}"


def _legend(statements: Sequence[Statement]) -> Text:
    notes = ["— 未测量"]
    if any(_unproven(s) for s in statements):
        notes.append("* 应录未核：无应录清单可比对")
    if any(s.pending for s in statements):
        notes.append("(n) 待审在办，不计部门积压，但全区未到零")
    return Text("   ".join(notes), "dim")
