"""The page at /: a month's board of the departments, and where the rest is.

For people of the office, so it is in Chinese. What was not measured is a dash, never a zero.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape

from monitor.directory import named
from monitor.metrics.snapshot import Snapshot, Standing
from monitor.words import MonthState, Reason
from monitor.workdays import ZONE

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 2rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
.open{color:#06c}.cleared_on_time,.cleared_late{color:#080}.awaiting_audit{color:#a60}
.not_cleared{color:#c00;font-weight:bold}.no_data{color:#808}
"""
_DASH = "—"


def page(snapshot: Snapshot | None, office: str, now: datetime) -> str:
    """The page as HTML."""
    title = f"{escape(office)} · 月清零"
    body = "".join(_months(snapshot)) if snapshot else "<p>尚无数据：首次检核尚未完成。</p>"
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}"
        f"<p>{_shown(now)} · "
        f'<a href="/metrics">/metrics</a> · <a href="/healthz">/healthz</a> · '
        f'<a href="/readyz">/readyz</a></p></html>'
    )


def _months(snapshot: Snapshot) -> Iterator[str]:
    stale = snapshot.stale_sources(snapshot.taken_at)
    if stale:
        yield f"<p class=no_data>未按时读到的数据源：{escape('、'.join(stale))}</p>"
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for count in snapshot.backlog:
        reasons = counts.setdefault((count.department, count.month), {})
        reasons[count.under] = reasons.get(count.under, 0) + count.count
    for month in snapshot.months:
        standings = [row for row in snapshot.standings if row.month == month]
        if not standings:
            continue
        closing = standings[0].close_at.astimezone(ZONE) - timedelta(minutes=1)
        yield (
            f"<h2>{month}</h2><p>清零时点 {closing:%Y-%m-%d} 24:00 · "
            f"数据截至 {_shown(standings[0].as_of)}</p><table><tr><th>部门<th>状态<th>应录<th>积压"
            + "".join(f"<th>{reason.zh}" for reason in Reason)
            + "<th>超期<th>及时率"
        )
        for row in sorted(standings, key=lambda row: (-row.backlog, row.department)):
            yield _line(row, named(snapshot.departments, row.department).short_name, counts)
        yield "</table>"


def _line(row: Standing, name: str, counts: dict[tuple[str, str], dict[str, int]]) -> str:
    reasons = counts.get((row.department, row.month), {})
    word = MonthState(row.current_state).zh + ("（零报送）" if row.silent else "")
    cells = (row.obligations, row.backlog, *(reasons.get(r, 0) for r in Reason), row.overdue)
    shown = "".join(f"<td>{n if n or row.measured else _DASH}" for n in cells)
    return f"<tr><td>{escape(name)}<td class={row.current_state}>{word}{shown}<td>{_timely(row)}"


def _timely(row: Standing) -> str:
    figure = row.figures.get("timely_ratio")
    if not figure or not figure["denominator"]:
        return _DASH
    return f"{figure['numerator']}/{figure['denominator']}"


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}"
