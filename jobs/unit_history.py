"""The history of a unit for people and for scripts: a line for each change."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.directory import Department, named
from monitor.ledger.history import Change, History, Named
from monitor.notify.disclosure import masked
from monitor.words import Kind, Reason
from monitor.workdays import ZONE


def disclosed(histories: Sequence[History], departments: Container[str]) -> list[History]:
    """The histories with `***` for identity codes, those of `departments` left out."""

    def row(shown: Named) -> Named:
        return replace(shown, record_id=masked(shown.record_id, departments))

    return [
        replace(
            each,
            action_code=each.action_code and masked(each.action_code, departments),
            rows=tuple(map(row, each.rows)),
            changes=tuple(
                replace(change, by=None if change.by is None else row(change.by))
                for change in each.changes
            ),
        )
        for each in histories
    ]


def document(histories: Sequence[History]) -> dict[str, Any]:
    """`history --json`."""
    return {"format": 1, "units": [each.to_json() for each in histories]}


def rendered(history: History, departments: Mapping[str, Department]) -> RenderableType:
    """One unit: what it is known from, where it stands, and each change."""
    head = Text.assemble(
        (f"{history.action_code or history.rows[0].record_id} · {Kind(history.kind).zh}", "bold"),
        f"\nknown from {', '.join(map(_row, history.rows))}",
        f"\nfirst seen {_at(history.first_seen_at)}; {_stands(history)}",
    )
    if not history.changes:
        return head
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("when", "days", "department", "month"):
        table.add_column(name, no_wrap=name != "department", overflow="fold")
    for name in ("change", "why"):
        table.add_column(name, overflow="fold")
    for change in history.changes:
        table.add_row(
            _at(change.at),
            str(change.working_days),
            named(departments, change.department).short_name,
            change.month,
            f"{_reason(change.from_reason)} → {_reason(change.to_reason)}",
            _why(change),
        )
    return Group(head, table)


def _stands(history: History) -> str:
    if history.reason is not None:
        return f"{_reason(history.reason)} for {history.working_days} working days"
    if history.changes:
        return f"not in the backlog, where it stood for {history.working_days} working days"
    return "never in the backlog"


def _why(change: Change) -> str:
    return change.cause.zh if change.by is None else f"{change.cause.zh}: {_row(change.by)}"


def _row(row: Named) -> str:
    return f"{row.feed} {row.record_id} ({row.source})"


def _reason(reason: str | None) -> str:
    return "—" if reason is None else Reason(reason).zh


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}"
