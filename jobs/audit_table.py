"""The audit trail for a terminal, and as a program reads it. The office reads it in Chinese.

Who did something is shown: this is the office's own list, and goes nowhere else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from jobs.entries_table import SCOPES
from monitor.directory import Directory
from monitor.ledger.audit import Entry
from monitor.workdays import ZONE, local_day

_ACTIONS = {
    "zero_report.file": "登记零报送",
    "zero_report.withdraw": "撤回零报送",
    "exemption.add": "登记免报核销",
    "exemption.end": "终止免报核销",
    "exemption.withdraw": "撤回免报核销",
    "reopen": "重新打开封存",
}
_DETAILS = {
    "number": "编号",
    "scope": "范围",
    "department": "部门",
    "code": "对象",
    "month": "月份",
    "revision": "版次",
    "begins_on": "自",
    "ends_on": "至",
    "on": "终止日",
    "before": "原终止日",
    "reason": "理由",
    "approver": "批准人",
    "note": "备注",
    "hash": "哈希",
}
"""What entries tell, in the order in which it is shown."""


class AuditTable:
    """The entries, a line each, the oldest first."""

    def __init__(self, entries: Sequence[Entry], departments: Directory) -> None:
        self._entries = entries
        self._departments = departments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        if not self._entries:
            yield Text("没有审计记录")
            return
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("时间", "经办人", "事项", "内容"):
            table.add_column(name, overflow="fold")
        for each in self._entries:
            table.add_row(
                f"{each.at.astimezone(ZONE):%Y-%m-%d %H:%M}",
                each.actor,
                _ACTIONS.get(each.action, each.action),
                "，".join(self._details(each)),
            )
        yield table

    def _details(self, entry: Entry) -> Iterator[str]:
        for name in dict.fromkeys((*_DETAILS, *entry.details)):
            value = entry.details.get(name)
            if value in (None, ""):
                continue
            shown = str(value)
            if name == "department":
                day = local_day(entry.at)
                shown = self._departments.named(value, day).label
            elif name == "scope":
                shown = SCOPES.get(value, value)
            yield f"{_DETAILS.get(name, name)} {shown}"


def entry_as_dict(entry: Entry) -> dict[str, Any]:
    """An entry for a program, with the details as they were noted."""
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "details": dict(entry.details),
    }
