"""A trial for people and for programs: what failed, whose, and some of it."""

from collections.abc import Container, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from expectations.suites import Suite
from expectations.trial import Example, RuleTrial, Trial
from monitor.directory import Department, named
from monitor.notify.disclosure import masked
from monitor.words import Severity
from monitor.workdays import Month

_STYLE = {Severity.CRITICAL: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold"}


def trial_document(
    trial: Trial, suite: Suite, month: Month | None, departments: Mapping[str, Department]
) -> dict[str, Any]:
    """`rules try --json`; month is null where all were judged."""
    return {
        "format": 1,
        "suite": suite.path.stem,
        "month": None if month is None else str(month),
        "judged": sum(trial.judged.values()),
        "waiting": trial.waiting,
        "rules": [
            {
                "id": each.rule.id,
                "class": each.rule.rule_class,
                "severity": each.rule.severity.value,
                "field": each.rule.field,
                "message": each.rule.message,
                "failing": each.total,
                "departments": [
                    {
                        "department": code,
                        "name": named(departments, code).name,
                        "failing": count,
                        "judged": trial.judged[code],
                    }
                    for code, count in _most_first(each)
                ],
                "examples": [_disclosed(example, departments) for example in each.examples],
            }
            for each in trial.rules
        ],
    }


class TrialReport:
    """The rules that something fails, each with departments and examples; then the others."""

    def __init__(self, trial: Trial, departments: Mapping[str, Department]) -> None:
        self._trial = trial
        self._departments = departments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as the terminal allows."""
        failed = [each for each in self._trial.rules if each.total]
        for each in failed:
            rule = each.rule
            yield Text.assemble((rule.id, _STYLE[rule.severity]), f"  {rule.severity}")
            yield _indented(rule.message, 2)
            counts = (
                f"{named(self._departments, code).label} {count}/{self._trial.judged[code]}"
                for code, count in _most_first(each)
            )
            yield _indented(f"{each.total} fail: {', '.join(counts)}", 2)
            for example in each.examples:
                yield _indented(self._line(example), 4, "dim")
        passed = len(self._trial.rules) - len(failed)
        judged = sum(self._trial.judged.values())
        yield Text(
            f"{judged} judged; {len(failed)} rules with failures, {passed} without; "
            "nothing was written",
            "dim",
        )
        if self._trial.waiting:
            yield Text(
                f"{self._trial.waiting} records wait for a check, which makes their facts anew",
                "yellow",
            )

    def _line(self, example: Example) -> str:
        shown = _disclosed(example, self._departments)
        name = named(self._departments, example.department).label
        code = shown["action_code"] or shown["record_id"]
        parts = [code, example.month, name, example.source]
        return " ".join("  ".join(part for part in parts if part).splitlines())


def _indented(text: str, by: int, style: str = "") -> Padding:
    """The text so far from the left, and nothing behind it."""
    return Padding(Text(text, style), (0, 0, 0, by), expand=False)


def _most_first(each: RuleTrial) -> list[tuple[str, int]]:
    return sorted(each.failing.items(), key=lambda pair: (-pair[1], pair[0]))


def _disclosed(example: Example, departments: Container[str]) -> dict[str, str | None]:
    """The example with `***` for identity codes that aren't a department's own."""
    return {
        "department": example.department,
        "month": example.month,
        "source": example.source,
        "record_id": example.record_id and masked(example.record_id, departments),
        "action_code": example.action_code and masked(example.action_code, departments),
    }
