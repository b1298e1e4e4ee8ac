"""Suites and their rules, as everything that judges takes them; read without Great Expectations."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import SuiteError
from monitor.words import Kind, Severity

FOLDER = Path(__file__).parent / "suites"
"""The suites that ship with the product."""

Parameters = Mapping[str, list[Any]]
"""What the names in a suite's `$PARAMETER` stand for."""

MONTH_ZERO = "month_zero"
"""Name of the suite that is judged on the table of statements."""

_KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite.

    `kind` is a kind of behaviour or `month_zero`; `rule_class` is empty for the latter. `kwargs`
    are what Great Expectations takes, parameters filled in. `version` is a hash of kind, type and
    kwargs: rules of one version fail the same records. `line` is where its file begins to tell of
    it, 0 where that isn't known.
    """

    id: str
    kind: str
    rule_class: str
    severity: Severity
    field: str
    message: str
    type: str
    kwargs: Mapping[str, Any] = dataclasses.field(compare=False)
    version: str
    path: Path
    line: int = dataclasses.field(default=0, compare=False)

    @property
    def is_own(self) -> bool:
        """Whether it is an office's own, not one that ships with the product."""
        return self.path.parent != FOLDER

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the rule reads, its row condition included."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        listed = self.kwargs.get("column_list")
        asked = _condition_columns(self.kwargs.get("row_condition"))
        return frozenset(name for name in (*named, *_list(listed), *asked) if isinstance(name, str))

    def refused(self, reason: str) -> SuiteError:
        """The error that says where this rule is and why it can't be judged."""
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return SuiteError(f"{place}: rule {self.id}: {reason}")


@dataclass(frozen=True)
class Suite:
    """The rules of one file, in its order."""

    name: str
    path: Path
    rules: tuple[Rule, ...]


def all_rules(suites: Iterable[Suite]) -> Iterator[Rule]:
    """The rules of every suite, in order."""
    for suite in suites:
        yield from suite.rules


def behavior_rules(suites: Iterable[Suite]) -> tuple[Rule, ...]:
    """The rules that records are judged by."""
    return tuple(rule for rule in all_rules(suites) if rule.kind in _KINDS)


def statement_rules(suites: Iterable[Suite]) -> tuple[Rule, ...]:
    """The rules that statements are judged by."""
    return tuple(rule for rule in all_rules(suites) if rule.kind == MONTH_ZERO)


def _condition_columns(condition: Any) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        return
    column = condition.get("column")
    if isinstance(column, Mapping) and isinstance(column.get("name"), str):
        yield column["name"]
    for part in _list(condition.get("conditions")):
        yield from _condition_columns(part)


def _list(value: Any) -> list[Any]:
    """`value` where it is a list, which what a file holds need not be."""
    return value if isinstance(value, list) else []
