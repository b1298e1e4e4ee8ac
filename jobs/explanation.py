"""An explanation for people: each figure with what it rests on, down to records and rules.

Departments and the office read it: its words are Chinese, with those of the machine form beside.
"""

from collections.abc import Callable, Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from jobs.board import close_text
from jobs.units_table import DaysTable, UnitsTable, blank, rules, standing, why
from monitor.directory import Department, named
from monitor.ledger.causes import Cause
from monitor.ledger.explain import Explanation, FigureLine, ReasonLine
from monitor.ledger.explained_units import Line
from monitor.ledger.figures import Name, percent
from monitor.ledger.inheritance import Inheritance
from monitor.ledger.office_reports import ZeroReport
from monitor.ledger.since_seal import SinceSeal
from monitor.ledger.statements import Statement
from monitor.words import DISTRICT, Kind, MonthState, Reason
from monitor.workdays import ZONE


def _not_in_time(unit: Line) -> str:
    """Why a unit was not submitted by its due, whatever is wrong with it besides."""
    was_never = unit.reason in (Reason.UNENTERED, Reason.DRAFT)
    return standing(unit) if was_never else "期限内未报送"


_LACKING: Mapping[str, Callable[[Line], str]] = {
    Name.ENTRY: standing,
    Name.TIMELY: _not_in_time,
    Name.COMPLETENESS: blank,
    Name.VALID: lambda unit: rules(unit, lambda rule_class: rule_class != "08"),
    Name.LINKED: lambda unit: rules(unit, lambda rule_class: rule_class == "08"),
    Name.RETURN_FIX: lambda unit: standing(unit) or "退回后未通过",
}
"""What a unit lacks for a figure."""

_COUNTS = {"obligations": "应录", "backlog": "积压", "pending": "待审", "carried": "结转"}


_THEN = (
    "所示为 {:%Y-%m-%d %H:%M:%S} 的情况，据当时留存的统计、积压变动和记录状态，未重新检核。\n"
    "指标所缺的记录和当时不合格的规则未留存；期限按记录现有的日期推算。"
)


def rendered(explanation: Explanation, departments: Mapping[str, Department]) -> RenderableType:
    """The statement, then its figures, then its backlog, each with the units behind it.

    What is shown of a code is up to `jobs.disclosed`.
    """
    parts: list[RenderableType] = [_head(explanation.statement, departments)]
    if explanation.as_of is not None:
        parts.append(Text(_THEN.format(explanation.as_of.astimezone(ZONE)), "yellow"))
    parts += [_report(each) for each in explanation.zero_reports]
    parts += map(Text, _inheritance(explanation.inheritance, departments))
    if explanation.since_seal:
        until = "现在" if explanation.as_of is None else "当时"
        parts += _since_seal(explanation.since_seal, explanation.statement, until)
    parts.append(Text("\n指标", "bold"))
    if not explanation.figures:
        parts.append(Text("  没有可测量的"))
    parts += [part for figure in explanation.figures for part in _figure(figure, departments)]
    shown = [unit for figure in explanation.figures for unit in (*figure.lacking, *figure.reached)]
    if explanation.reasons is not None:
        parts.append(Text("\n积压", "bold"))
        if not explanation.reasons:
            parts.append(Text("  无", "green"))
        parts += [part for reason in explanation.reasons for part in _reason(reason)]
        shown += [unit for reason in explanation.reasons for unit in reason.units]
    counts = list(dict.fromkeys(unit.count for unit in shown))
    if counts:
        parts += [Text("\n期限推算（逐日）", "bold"), DaysTable(counts)]
    return Group(*parts)


def _head(statement: Statement, departments: Mapping[str, Department]) -> Text:
    name = named(departments, statement.department).name
    state = MonthState(statement.current_state)
    head = Text.assemble(
        (f"{name} · {statement.month} · {state.zh} ({state.value})", "bold"),
        f"\n截至 {statement.as_of.astimezone(ZONE):%Y-%m-%d %H:%M}，"
        f"清零时点 {close_text(statement.close_at)}\n"
        f"当月应录 {statement.obligations} 项；积压 {statement.backlog} 项（当月 "
        f"{statement.backlog_of_month}，往月结转 {statement.carried}），待审 {statement.pending} 项"
        f"{_silence(statement)}",
    )
    if statement.not_measured:
        head.append(f"\n未测量：{'、'.join(statement.not_measured)}", "magenta")
    for cause, count in statement.moved_out.items():
        late = statement.moved_out_late.get(cause, 0)
        after = f"，其中清零时点后 {late} 项" if late else ""
        head.append(f"\n移出（{Cause(cause).zh} {cause}）：{count} 项{after}")
    return head


def _silence(statement: Statement) -> str:
    """Whether nothing was reported: of the district whether any of its departments said nothing."""
    whose = "有部门" if statement.department == DISTRICT else ""
    return f"；{whose}零报送 (silent)" if statement.silent else ""


def _inheritance(inheritance: Inheritance, departments: Mapping[str, Department]) -> Iterable[str]:
    """Whose units the department carries, and who carries its own."""
    for each in inheritance.taken:
        names = "、".join(named(departments, code).name for code in each.through)
        yield (
            f"承接：{named(departments, each.department).name} {each.count} 项，"
            f"自 {each.since} 起{f'，经 {names}' if names else ''}（{each.zh} {each.choice}）"
        )
    for code, since in (inheritance.passed_on or {}).items():
        yield f"已撤并：自 {since} 起由 {named(departments, code).name} 承接"


def _report(report: ZeroReport) -> Text:
    """A zero report of the month, and whether records contradict it."""
    text = Text(f"零报送：{report.filed_at.astimezone(ZONE):%Y-%m-%d %H:%M}，来源 {report.source}")
    if report.contradicted:
        text.append(f"，与记录不符：该月已有 {report.obligations} 项应录", "bold red")
    return text


def _since_seal(since: SinceSeal, statement: Statement, until: str) -> Iterable[RenderableType]:
    """What was sealed beside what is, or was until an instant, and why they differ."""
    now = MonthState(statement.current_state)
    sealed_at = since.sealed_at.astimezone(ZONE)
    yield Text(
        f"\n封存（第 {since.revision} 版，{sealed_at:%Y-%m-%d %H:%M}）与{until}",
        "bold",
    )
    yield Text(f"  状态：{since.state.zh} ({since.state.value}) → {now.zh} ({now.value})")
    counts = [
        f"{zh} {since.counts[name]} → {getattr(statement, name)}" for name, zh in _COUNTS.items()
    ]
    yield Text(f"  {'，'.join(counts)}")
    for name in (each for each in Name if each in since.figures or each in statement.figures):
        before, after = since.figures.get(name), statement.figures.get(name)
        if before != after:
            yield Text(f"  {name.zh} ({name.value}): {_share(before)} → {_share(after)}")
    for turn in since.turns:
        yield Text(f"  封存后变化：{turn.zh} ({turn.value})")
    for each in since.changes:
        moves = [f"新增 {each.came}"] if each.came else []
        moves += [f"减少 {each.left}"] if each.left else []
        moves += [f"变更原因 {each.changed}"] if each.changed else []
        yield Text(f"  封存后变化：{Cause(each.cause).zh} ({each.cause}) {'，'.join(moves)}")
    if since.seen_late:
        yield Text(
            f"  清零时点前已定、此后才读到的：{abs(since.seen_late)} 项，封存时已按清零时点计入",
            "dim",
        )


def _figure(figure: FigureLine, departments: Mapping[str, Department]) -> Iterable[RenderableType]:
    share = f"{figure.percent} %" if figure.percent is not None else "—"
    yield _indented(
        f"{figure.zh} ({figure.name}): ",
        (f"{figure.numerator}/{figure.denominator} = {share}", "bold"),
        (f"   {figure.definition.denominator}，{figure.definition.numerator}", "dim"),
    )
    if figure.lacking:
        more = _rest(figure, figure.denominator - figure.numerator, figure.lacking)
        yield UnitsTable(figure.lacking, more, _LACKING.get(figure.name, why))
    if figure.items:
        more = figure.denominator - figure.numerator - len(figure.items)
        rest = f" …… 另 {more} 项" if more > 0 else ""
        yield Padding(Text(f"没有合格记录：{'、'.join(figure.items)}{rest}", "dim"), (0, 6))
    if figure.reached:
        yield Text("      计入分子的", "bold")
        yield UnitsTable(figure.reached, _rest(figure, figure.numerator, figure.reached))
    for code, (numerator, denominator) in (figure.departments or {}).items():
        name = named(departments, code).label
        of_department = {"numerator": numerator, "denominator": denominator}
        yield Text(f"      {name}  {_share(of_department)}")


def _rest(figure: FigureLine, count: int, shown: tuple[Line, ...]) -> int:
    """How many units of `count` are not shown; of a figure that counts cells nobody knows."""
    return 0 if figure.name == Name.COMPLETENESS else count - len(shown)


def _reason(reason: ReasonLine) -> Iterable[RenderableType]:
    kinds = "，".join(f"{Kind(kind).zh} {count}" for kind, count in reason.by_kind.items())
    charged = "" if reason.charged == reason.count else f"，其中计入部门 {reason.charged}"
    yield _indented(
        f"{reason.zh} ({reason.reason}): ", (str(reason.count), "bold"), f"{charged}   {kinds}"
    )
    yield UnitsTable(reason.units, reason.count - len(reason.units))


def _indented(*parts: str | tuple[str, str]) -> RenderableType:
    """A line of a section, whose rest stays below it where the terminal is narrow."""
    return Padding(Text.assemble(*parts), (0, 0, 0, 2))


def _share(figure: Mapping[str, int] | None) -> str:
    """A figure as `38/40 = 95.00 %`; a dash where it was not measured."""
    if figure is None:
        return "—"
    numerator, denominator = figure["numerator"], figure["denominator"]
    return f"{numerator}/{denominator} = {percent(numerator, denominator)} %"
