"""The history of one act for a terminal. Departments and the office read it in Chinese."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jobs.units_table import DaysTable, UnitsTable
from monitor.directory import Department, named
from monitor.ledger.unit_history import Event, Named, UnitHistory
from monitor.words import Kind, Reason, Status
from monitor.workdays import ZONE


def rendered(
    histories: Sequence[UnitHistory], departments: Mapping[str, Department]
) -> RenderableType:
    """Each act: how it stands, what was delivered, its statuses, its way in the backlog."""
    return Group(*(part for each in histories for part in _history(each, departments)))


def _history(
    history: UnitHistory, departments: Mapping[str, Department]
) -> Iterable[RenderableType]:
    name = named(departments, history.department).name
    kind = f" · {Kind(history.line.kind).zh}" if history.line else ""
    standing = history.standing
    yield Text(f"{name} · {history.month}{kind} · {standing.zh} ({standing.value})", "bold")
    if history.heirs:
        followed = "、".join(named(departments, code).name for code in history.heirs)
        yield Text(f"承接：{followed}")
    if history.exemptions:
        yield Text(f"免报核销编号：{'、'.join(map(str, history.exemptions))}")
    if history.since is not None:
        until = f"至 {_minute(history.until)}" if history.until else "至今"
        yield Text(f"积压自 {_minute(history.since)} {until}，{history.age} 个工作日")
    if history.line:
        yield UnitsTable([history.line], 0)
        yield DaysTable([history.line.count])
    yield Text("\n报送的数据", "bold")
    delivered = _table("首次见到", "数据", "来源", "记录标识", "撤回")
    for each in history.delivered:
        delivered.add_row(
            _minute(each.first_seen_at),
            "监管行为" if each.is_record else "应录清单",
            each.source,
            each.record_id,
            _minute(each.withdrawn_at),
        )
    yield delivered
    if history.statuses:
        yield Text("\n状态", "bold")
        statuses = _table("见到时间", "状态", "状态时间", "报送时间")
        for seen in history.statuses:
            statuses.add_row(
                _minute(seen.seen_at),
                Status(seen.status).zh,
                _minute(seen.status_at),
                _minute(seen.submitted_at),
            )
        yield statuses
    yield Text("\n积压中的变化", "bold")
    if history.events:
        events = _table("时间", "工作日", "部门", "归属月", "变化", "原因", "依据")
        for event in history.events:
            owner = named(departments, event.department).label
            events.add_row(
                _minute(event.at),
                str(event.age),
                owner,
                str(event.month),
                _change(event),
                event.cause.zh,
                _by(event.by),
            )
        yield events
    else:
        yield Text("  从未积压", "green")


def _change(event: Event) -> str:
    """From which reason to which; into the backlog or out of it."""
    before = Reason(event.from_reason).zh if event.from_reason else "—"
    return f"{before} → {Reason(event.to_reason).zh if event.to_reason else '移出积压'}"


def _by(row: Named | None) -> str:
    return "—" if row is None else f"{row.source} {row.record_id}"


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else "—"
