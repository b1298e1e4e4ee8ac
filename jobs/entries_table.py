"""Zero reports and exemptions for a terminal and for a program. The office reads them.

Who filed or approved one is shown: this is the office's own list, and goes nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.directory import Department, Directory, named
from monitor.ledger.office_exemptions import Exemption, Grant
from monitor.ledger.office_reports import ZeroReport
from monitor.workdays import ZONE

SCOPES = {"department": "部门", "item": "事项", "unit": "单项行为"}


class ReportsTable:
    """The zero reports, a line each; a contradicted one is red."""

    def __init__(self, reports: Sequence[ZeroReport], departments: Directory) -> None:
        self._reports = reports
        self._departments = departments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        if not self._reports:
            yield Text("没有零报送")
            return
        table = _table("月份", "部门", "报送时间", "报送人", "来源", "核对")
        for each in self._reports:
            table.add_row(
                str(each.month),
                self._departments.named(each.department, each.month.last).label,
                f"{each.filed_at.astimezone(ZONE):%Y-%m-%d %H:%M}",
                each.filed_by or "—",
                each.source,
                _checked(each),
                style="bold red" if each.contradicted else None,
            )
        yield table


class ExemptionsTable:
    """The exemptions, a line each, with what is wrong with it; one that is over is dim."""

    def __init__(
        self,
        exemptions: Sequence[Exemption],
        departments: Mapping[str, Department],
        today: date,
    ) -> None:
        self._exemptions = exemptions
        self._departments = departments
        self._today = today

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        if not self._exemptions:
            yield Text("没有免报核销")
            return
        table = _table("编号", "范围", "对象", "起止", "理由", "批准人", "来源", "核对")
        for each in self._exemptions:
            grant = each.grant
            table.add_row(
                str(each.number),
                SCOPES.get(grant.scope, grant.scope),
                self._target(grant),
                f"{grant.begins_on or '…'} – {grant.ends_on or '…'}",
                grant.reason or "—",
                grant.approver or "—",
                each.source,
                "，".join(_wrong(each)) or "—",
                style=None if grant.holds_on(self._today) else "dim",
            )
        yield table

    def _target(self, grant: Grant) -> str:
        owner = named(self._departments, grant.department).label if grant.department else ""
        return " ".join(part for part in (owner, grant.code) if part) or "—"


def report_as_dict(report: ZeroReport) -> dict[str, Any]:
    """A zero report for a program."""
    return asdict(report) | {
        "month": str(report.month),
        "filed_at": report.filed_at.isoformat(),
        "contradicted": report.contradicted,
    }


def exemption_as_dict(exemption: Exemption) -> dict[str, Any]:
    """An exemption for a program."""
    grant = asdict(exemption.grant)
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in grant.items()}
    return {
        "number": exemption.number,
        "source": exemption.source,
        **plain,
        "overlaps": list(exemption.overlaps),
        "exists": exemption.exists,
    }


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _checked(report: ZeroReport) -> str:
    if report.obligations is None:
        return "该月尚无统计"
    return f"与记录不符：{report.obligations} 项应录" if report.contradicted else "相符"


def _wrong(exemption: Exemption) -> list[str]:
    lines = []
    if exemption.overlaps:
        lines.append(f"与 {'、'.join(map(str, exemption.overlaps))} 重叠")
    begins_on, ends_on = exemption.grant.begins_on, exemption.grant.ends_on
    if begins_on and ends_on and ends_on < begins_on:
        lines.append("止于开始之前，从不生效")
    if not exemption.exists:
        lines.append("对象不存在")
    return lines
