"""Seals for a terminal, and as a program reads them. The office reads it: its words are Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.directory import Department, Directory, named
from monitor.ledger.causes import Cause
from monitor.ledger.figures import Name, macro_name, percent
from monitor.ledger.revisions import Reopening
from monitor.ledger.seals import Seal
from monitor.ledger.verification import Broken, Verdict
from monitor.words import DISTRICT, MonthState, Reason
from monitor.workdays import ZONE, Month

_FIGURES = (
    (Name.TIMELY, "及时率"),
    (Name.VALID, "合格率"),
    (Name.LINKED, "关联率"),
    (Name.PROGRESS, "清零进度"),
)


WIDE = 110
"""From this many columns on every figure has a column of its own."""


class SealsTable:
    """The sealed months, a line each, the oldest first."""

    def __init__(self, seals: Sequence[Seal]) -> None:
        self._seals = seals

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table; a hash is shown whole, to be copied."""
        if not self._seals:
            yield Text("还没有封存的月份")
            return
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("月份", "版次"):
            table.add_column(name, no_wrap=True)
        for name in ("封存时间", "各部门状态"):
            table.add_column(name)
        table.add_column("哈希", overflow="fold")
        for seal in self._seals:
            counts = "，".join(f"{state.zh} {seal.states[state]}" for state in _shown(seal))
            style = "dim" if seal.reopened else None
            table.add_row(
                str(seal.month),
                str(seal.revision),
                _at(seal),
                counts or "—",
                seal.hash,
                style=style,
            )
        yield table
        for seal in self._seals:
            if seal.reopened:
                yield Text(_reopened(seal, seal.reopened))


class SealTable:
    """What one seal says of each department, the district first."""

    def __init__(self, seal: Seal, departments: Mapping[str, Department]) -> None:
        self._seal = seal
        self._departments = departments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the title, the district, the departments in the document's order, and the hash.

        On a narrow terminal the progress stands for all figures.
        """
        seal = self._seal
        yield Text(f"{seal.month} 第 {seal.revision} 版，封存于 {_at(seal)}", "bold")
        if seal.reopened:
            yield Text(_reopened(seal, seal.reopened), "bold red")
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        figures = _FIGURES if options.max_width >= WIDE else _FIGURES[-1:]
        table.add_column("部门", overflow="fold")
        table.add_column("封存状态", no_wrap=True)
        for name in ("应录", "积压", "待审", "结转", "移出", *(zh for _name, zh in figures)):
            table.add_column(name, justify="right", no_wrap=True)
        for each in sorted(seal.document["statements"], key=_is_department):
            table.add_row(
                named(self._departments, each["department"]).label,
                _state(each),
                *(str(each[name]) for name in ("obligations", "backlog", "pending", "carried")),
                str(sum(each["moved_out"].values())),
                *(_share(each["figures"].get(name)) for name, _zh in figures),
            )
        yield table
        yield Text(f"哈希 {seal.hash}", "dim")


def _is_department(statement: Mapping[str, Any]) -> bool:
    return bool(statement["department"] != DISTRICT)


def _state(statement: Mapping[str, Any]) -> str:
    """The sealed state, with the silence that alone can make it one that isn't cleared."""
    is_silent = statement["silent"] and _is_department(statement)
    return f"{MonthState(statement['state']).zh}{' 零报送' if is_silent else ''}"


def listed(seal: Seal) -> dict[str, Any]:
    """A seal without its statements, for a program."""
    reopened = seal.reopened
    return {
        "month": str(seal.month),
        "revision": seal.revision,
        "sealed_at": seal.document["sealed_at"],
        "previous_hash": seal.document["previous_hash"],
        "hash": seal.hash,
        "states": {state.value: seal.states[state] for state in _shown(seal)},
        "reopened": reopened and {"at": reopened.at.isoformat(), "reason": reopened.reason},
    }


def verdict_lines(verdict: Verdict, departments: Directory) -> list[str]:
    """What came of a verification, a line for each fault."""
    if not verdict.broken:
        if verdict.last_hash is None:
            return ["还没有封存的月份"]
        return [f"{verdict.seals} 个封存均未被改动，最后一个的哈希为 {verdict.last_hash}"]
    return [
        " ".join(
            (
                each.month or "全部",
                *([f"第 {each.revision} 版"] if each.revision else []),
                *_named(each, departments),
                f"{each.fault.zh}（{each.fault}）",
                *([_figure(each.figure, each.month, departments)] if each.figure else []),
            )
        )
        for each in verdict.broken
    ]


def _named(broken: Broken, departments: Directory) -> Iterator[str]:
    if broken.department and broken.month:
        yield departments.named(broken.department, Month.parse(broken.month).last).name


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The same for a program."""
    return {
        "format": 1,
        "seals": verdict.seals,
        "last_hash": verdict.last_hash,
        "broken": [
            {
                "month": each.month,
                "revision": each.revision,
                "department": each.department,
                "fault": each.fault.value,
                "figure": each.figure,
            }
            for each in verdict.broken
        ],
    }


_COUNTS = {
    "state": "封存状态",
    "obligations": "应录",
    "backlog": "积压",
    "backlog_of_month": "当月积压",
    "pending": "待审",
    "carried": "结转",
    "silent": "零报送",
    "zero": "月清零",
    "zero_of_month": "当月清零",
    "month": "统计月",
    "revision": "版次",
    "close_at": "清零时点",
    "sealed_at": "封存时间",
    "previous_hash": "前一封存的哈希",
}


_MOVED = {"moved_out": "移出", "moved_out_late": "清零时点后移出"}


def _figure(figure: str, month: str | None, departments: Directory) -> str:
    """What was changed by its Chinese name, where it has one, and as the document has it."""
    kind, _, name = figure.partition(".")
    if kind == "statements" and month is not None:
        return f"{departments.named(name, Month.parse(month).last).name}（{figure}）"
    if kind == "figures" and name in frozenset(Name):
        return f"{Name(name).zh}（{figure}）"
    if kind == "figures" and (of := [each for each in Name if macro_name(each) == name]):
        return f"{of[0].zh}的部门平均（{figure}）"
    if kind in _MOVED and name in frozenset(Cause):
        return f"{_MOVED[kind]}：{Cause(name).zh}（{figure}）"
    if kind == "reasons" and name in frozenset(Reason):
        return f"{Reason(name).zh}（{figure}）"
    return f"{_COUNTS[figure]}（{figure}）" if figure in _COUNTS else figure


def _shown(seal: Seal) -> list[MonthState]:
    return [state for state in MonthState if seal.states[state]]


def _at(seal: Seal) -> str:
    return _minute(seal.sealed_at)


def _reopened(seal: Seal, reopening: Reopening) -> str:
    """What is said of a seal that holds no longer."""
    return (
        f"{seal.month} 第 {seal.revision} 版于 {_minute(reopening.at)} 重新打开，不再有效："
        f"{reopening.reason}"
    )


def _minute(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


def _share(figure: Mapping[str, int] | None) -> str:
    """A figure in percent; a dash where it was not measured."""
    return f"{percent(figure['numerator'], figure['denominator'])} %" if figure else "—"
