"""The page at /: a month's board of the departments, and where the rest is.

For people of the office, so it is in Chinese. What was not measured is a dash, never a zero. The
month that closes next stands first.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html import escape

from monitor.ledger.figures import percent
from monitor.metrics.snapshot import Snapshot, Standing
from monitor.sources.breaker import BreakerState
from monitor.words import DISTRICT, MonthState, Reason
from monitor.workdays import ZONE, Month

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 2rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
tr.district td{font-weight:bold;border-bottom:2px solid #888}
meter{width:7rem;vertical-align:middle}.owed{color:#c00;font-weight:bold}.zero,.note{color:#999}
.pending{color:#a60}
.open{color:#06c}.cleared_on_time,.cleared_late{color:#080}.awaiting_audit{color:#a60}
.not_cleared{color:#c00;font-weight:bold}.no_data{color:#808}
"""
_DASH = "—"
Counts = Mapping[str, int]


def page(snapshot: Snapshot | None, office: str, now: datetime) -> str:
    """The page as HTML."""
    title = f"{escape(office)} · 月清零"
    body = "".join(_months(snapshot)) if snapshot else "<p>尚无数据：首次检核尚未完成。</p>"
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}"
        "<p class=note>— 未测量；(n) 待审在办，不计部门积压，但全区未到零；* 应录未核</p>"
        f"<p>{_shown(now)} · "
        f'<a href="/metrics">/metrics</a> · <a href="/healthz">/healthz</a> · '
        f'<a href="/readyz">/readyz</a></p></html>'
    )


def _months(snapshot: Snapshot) -> Iterator[str]:
    stale = snapshot.stale_sources(snapshot.taken_at)
    if stale:
        yield f"<p class=no_data>未按时读到的数据源：{escape('、'.join(stale))}</p>"
    resting = [
        f"{source.source}（连续 {source.breaker.failures} 次，{_shown(source.breaker.until)} 再试）"
        for source in snapshot.sources
        if source.breaker.state is BreakerState.RESTING and source.breaker.until is not None
    ]
    if resting:
        yield f"<p class=no_data>反复读取失败、暂停读取的数据源：{escape('、'.join(resting))}</p>"
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for count in snapshot.backlog:
        for department in (count.department, DISTRICT):
            reasons = counts.setdefault((department, count.month), {})
            reasons[count.under] = reasons.get(count.under, 0) + count.count
    boards = [
        [row for row in (*snapshot.district, *snapshot.standings) if row.month == month]
        for month in snapshot.months
    ]
    for rows in sorted(filter(None, boards), key=lambda rows: _order(rows[0], snapshot.taken_at)):
        closing = rows[0].close_at.astimezone(ZONE) - timedelta(minutes=1)
        yield (
            f"<h2>{rows[0].month}</h2><p>清零时点 {closing:%Y-%m-%d} 24:00 · "
            f"数据截至 {_shown(rows[0].as_of)}</p><table><tr><th>部门<th>状态<th>应录<th>积压"
            + "".join(f"<th>{reason.zh}" for reason in Reason)
            + "<th>超期<th>结转<th>及时率<th>清零进度"
        )
        last_day = Month.parse(rows[0].month).last
        for row in sorted(rows, key=_worst_first):
            name = snapshot.directory.named(row.department, last_day).label
            yield _line(row, name, counts.get((row.department, row.month), {}))
        yield "</table>"


def _order(row: Standing, now: datetime) -> tuple[bool, float]:
    """Open months by their close, then closed ones, the latest first."""
    left = (row.close_at - now).total_seconds()
    return left <= 0, abs(left)


def _worst_first(row: Standing) -> tuple[bool, int, bool, str]:
    return row.department != DISTRICT, -row.backlog, not row.silent, row.department


def _line(row: Standing, name: str, reasons: Counts) -> str:
    whole = row.department == DISTRICT
    state = MonthState(row.current_state)
    cleared = state in (MonthState.CLEARED_ON_TIME, MonthState.CLEARED_LATE)
    word = state.zh + ("*" if cleared and not row.expected_measured else "")
    if row.silent and not whole:
        word += "（零报送）"
    cells = (
        _count(row.obligations, row),
        _count(row.backlog, row, "owed"),
        *(_reason(row, reason, reasons.get(reason, 0)) for reason in Reason),
        _count(row.overdue, row),
        _count(row.carried, row),
        _share(row, "timely_ratio"),
        _progress(row),
    )
    return (
        f"<tr{' class=district' if whole else ''}><td>{escape(name)}"
        f"<td class={row.current_state}>{word}" + "".join(f"<td>{cell}" for cell in cells)
    )


def _reason(row: Standing, reason: Reason, count: int) -> str:
    if reason is Reason.UNENTERED and not row.expected_measured:
        return _DASH
    if reason is Reason.PENDING and row.pending:
        return f"<span class=pending>({row.pending})</span>"
    return _count(count, row)


def _count(number: int, row: Standing, style: str = "") -> str:
    if number:
        return f"<span class={style}>{number:,}</span>" if style else f"{number:,}"
    return "<span class=zero>0</span>" if row.measured else _DASH


def _share(row: Standing, name: str) -> str:
    figure = row.figures.get(name)
    share = percent(figure["numerator"], figure["denominator"]) if figure else None
    return _DASH if share is None else f"{share} %"


def _progress(row: Standing) -> str:
    figure = row.figures.get("progress")
    if not figure or not figure["denominator"]:
        return _DASH
    cleared, of = figure["numerator"], figure["denominator"]
    meter = f"<meter value={cleared} max={of} low={of * 0.9} optimum={of}></meter>"
    return f"{meter} {_share(row, 'progress')}"


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}"
