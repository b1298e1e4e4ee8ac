"""Units for a terminal: which record, when it is due and why; and how dues were counted."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.ledger.day_count import CountedDay, DayCount
from monitor.ledger.explained_units import Line
from monitor.words import DayKind, Reason

WIDE = 120
"""From this many columns on a unit's source and the days that its due is counted from are shown."""


def why(unit: Line) -> str:
    """What is wrong with a unit: the rules that it fails, else its reason, else its blank cells."""
    return rules(unit) or standing(unit) or blank(unit)


def rules(unit: Line, classes: Callable[[str], bool] = bool) -> str:
    """The rules that a unit fails, those of some classes."""
    failures = [f for f in unit.failures if classes(f.rule_class)]
    return "\n".join(f"{f.rule} ({f.rule_class}) {f.message}" for f in failures)


def standing(unit: Line) -> str:
    """The reason under which a unit stands in the backlog."""
    return Reason(unit.reason).zh if unit.reason else ""


def blank(unit: Line) -> str:
    """The mandatory cells of a unit that hold nothing."""
    return f"未填：{'、'.join(unit.blank)}" if unit.blank else ""


class UnitsTable:
    """Units, one a line, and how many more there are; on a narrow terminal without the source.

    `reason` says what is wrong with each.
    """

    def __init__(
        self, units: Sequence[Line], more: int, reason: Callable[[Line], str] = why
    ) -> None:
        self._units = units
        self._more = more
        self._reason = reason

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        wide = options.max_width >= WIDE
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("行为编号", overflow="fold")
        if wide:
            table.add_column("来源", no_wrap=True)
            table.add_column("起算", no_wrap=True)
        table.add_column("期限", no_wrap=True)
        table.add_column("原因", overflow="fold")
        for unit in self._units:
            count = unit.count
            where = [unit.source, f"{count.basis.zh} {count.counted_from:%Y-%m-%d}"]
            table.add_row(
                unit.action_code or unit.document_no or unit.record_id,
                *(where if wide else []),
                f"{count.due_on:%Y-%m-%d}",
                self._reason(unit),
            )
        yield Padding(table, (0, 0, 0, 6))
        if self._more > 0:
            yield Text(f"      …… 另 {self._more} 项：--records N", "dim")


class DaysTable:
    """How due days were counted, one count a paragraph: each day, which one it is, or why none."""

    def __init__(self, counts: Sequence[DayCount]) -> None:
        self._counts = sorted(counts, key=lambda each: (each.counted_from, each.due_on))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the paragraphs, days of one free stretch together."""
        for count in self._counts:
            yield Text.assemble(
                f"  {count.basis.zh} {count.counted_from:%Y-%m-%d} 起 {count.limit} 个工作日 → ",
                (f"{count.due_on:%Y-%m-%d}", "bold"),
                _cut(count),
            )
            if count.days:
                days = "  ".join(map(_stretch, _stretches(count.days)))
                yield Padding(Text(days, "dim"), (0, 0, 0, 6))


def _cut(count: DayCount) -> str:
    if not count.cut_short:
        return ""
    return (
        f"（满限为 {count.reaches:%Y-%m-%d}，不得晚于清零时点 {count.close_on:%Y-%m-%d}："
        "strict_month）"
    )


def _stretches(days: Sequence[CountedDay]) -> list[list[CountedDay]]:
    """The days, those that are free for one and the same cause together."""
    stretches = [[days[0]]]
    for before, day in pairwise(days):
        is_same = (day.kind, day.holiday) == (before.kind, before.holiday)
        if is_same and not day.kind.is_working:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return stretches


def _stretch(days: Sequence[CountedDay]) -> str:
    first, last = days[0], days[-1]
    when = f"{first.day:%m-%d}" + (f"–{last.day:%m-%d}" if last is not first else "")
    cause = first.holiday or ("" if first.kind is DayKind.WEEKDAY else first.kind.zh)
    number = f"第{first.number}日" if first.number else "不计"
    return f"{when} {number}{f'（{cause}）' if cause else ''}"
