"""An explanation for people: each figure with what it rests on, down to records and rules."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from jobs.board import close_text
from monitor.directory import Department, named
from monitor.ledger.explain import Explanation, FigureLine, Line, ReasonLine
from monitor.ledger.figures import Name
from monitor.notify.disclosure import masked
from monitor.words import Kind, MonthState, Reason
from monitor.workdays import ZONE

WIDE = 120
"""From this many columns on a unit's source and the days that its due is counted from are shown."""


_LACKING: Mapping[str, str] = {
    Name.ENTRY: "到期未录入",
    Name.TIMELY: "期限内未报送",
    Name.RETURN_FIX: "退回后未通过",
}
"""Why a unit is missing from a figure, where neither a reason nor a rule says it."""


def disclosed(explanation: Explanation, departments: Container[str]) -> Explanation:
    """The explanation with `***` for identity codes, those of `departments` left out.

    A code that a department made up can hold that of the person or enterprise it is about.
    """

    def shown(line: Line) -> Line:
        action_code = line.action_code and masked(line.action_code, departments)
        return replace(line, action_code=action_code, record_id=masked(line.record_id, departments))

    return replace(
        explanation,
        figures=tuple(
            replace(f, lacking=tuple(map(shown, f.lacking))) for f in explanation.figures
        ),
        reasons=tuple(replace(r, units=tuple(map(shown, r.units))) for r in explanation.reasons),
    )


def rendered(explanation: Explanation, departments: Mapping[str, Department]) -> RenderableType:
    """The statement, then its figures, then its backlog, each with the units behind it.

    What is shown of a code is up to `disclosed`.
    """
    statement = explanation.statement
    name = named(departments, statement.department).name
    state = MonthState(statement.current_state)
    head = Text.assemble(
        (f"{name} · {statement.month} · {state.zh} ({state.value})", "bold"),
        f"\nas of {statement.as_of.astimezone(ZONE):%Y-%m-%d %H:%M}",
        f", close {close_text(statement.close_at)}\n",
        f"{statement.obligations} obligations in the month; backlog {statement.backlog} "
        f"({statement.backlog_of_month} of the month, {statement.carried} carried)"
        f"{', silent (零报送)' if statement.silent else ''}",
    )
    if statement.sealed_state:
        sealed = MonthState(statement.sealed_state)
        head.append(f"\nsealed as {sealed.zh} ({sealed.value})")
    if statement.not_measured:
        head.append(f"\nnot measured: {', '.join(statement.not_measured)}", "magenta")
    for cause, count in statement.moved_out.items():
        head.append(f"\nmoved out (移出) by {cause}: {count}")
    parts: list[RenderableType] = [head, Text("\nFigures", "bold")]
    parts += [part for figure in explanation.figures for part in _figure(figure)]
    parts.append(Text("\nBacklog", "bold"))
    if not explanation.reasons:
        parts.append(Text("  none", "green"))
    parts += [part for reason in explanation.reasons for part in _reason(reason)]
    return Group(*parts)


def _figure(figure: FigureLine) -> Iterable[RenderableType]:
    share = f"{figure.percent} %" if figure.percent is not None else "—"
    yield Text.assemble(
        f"  {figure.zh} ({figure.name}): ",
        (f"{figure.numerator}/{figure.denominator} = {share}", "bold"),
    )
    if figure.lacking:
        more = figure.denominator - figure.numerator - len(figure.lacking)
        yield _Units(figure.lacking, more, _LACKING.get(figure.name, ""))
    if figure.items:
        more = figure.denominator - figure.numerator - len(figure.items)
        rest = f" … {more} more" if more > 0 else ""
        yield Padding(Text(f"without a record: {', '.join(figure.items)}{rest}", "dim"), (0, 6))


def _reason(reason: ReasonLine) -> Iterable[RenderableType]:
    kinds = ", ".join(f"{Kind(kind).zh} {count}" for kind, count in reason.by_kind.items())
    charged = "" if reason.charged == reason.count else f", {reason.charged} charged"
    yield Text.assemble(
        f"  {reason.zh} ({reason.reason}): ", (str(reason.count), "bold"), f"{charged}   {kinds}"
    )
    yield _Units(reason.units, reason.count - len(reason.units))


class _Units:
    """Units, one a line, and how many more there are; on a narrow terminal without the source."""

    def __init__(self, units: Sequence[Line], more: int, otherwise: str = "") -> None:
        self._units = units
        self._more = more
        self._otherwise = otherwise

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        wide = options.max_width >= WIDE
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("action code", overflow="fold")
        if wide:
            table.add_column("source", no_wrap=True)
            table.add_column("counted from", no_wrap=True)
        table.add_column("due", no_wrap=True)
        if wide:
            table.add_column("working days", no_wrap=True)
        table.add_column("why", overflow="fold")
        for unit in self._units:
            due = f"{unit.due_on:%Y-%m-%d}"
            where = [unit.source, f"{unit.counted_from:%Y-%m-%d}"]
            table.add_row(
                unit.action_code or unit.record_id,
                *([*where, due, str(unit.working_days)] if wide else [due]),
                _why(unit) or self._otherwise,
            )
        yield Padding(table, (0, 0, 0, 6))
        if self._more > 0:
            yield Text(f"      … {self._more} more: --records N", "dim")


def _why(unit: Line) -> str:
    if unit.failures:
        return "\n".join(f"{f.rule} ({f.rule_class}) {f.message}" for f in unit.failures)
    return Reason(unit.reason).zh if unit.reason else ""
