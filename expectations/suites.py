"""Suites: Great Expectations' own serialised form in YAML, read without Great Expectations.

A suite file holds `name`, `expectations` (type, kwargs, severity, meta) and `meta`. The name says
what is judged: a kind of behaviour, or `month_zero` for the table of statements. Each expectation's
`meta` holds `id` (stable), `class` (01–10, 数据检核类型; absent in month_zero), `field` (the column
that people look at) and `message` (Chinese, in the platform's own words).
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from expectations.supported import refusal
from monitor import standard
from monitor.errors import SuiteError
from monitor.words import Kind, Severity

if TYPE_CHECKING:
    from monitor.config import Settings

FOLDER = Path(__file__).parent / "suites"
"""The suites that ship with the product."""

MONTH_ZERO = "month_zero"
"""Name of the suite that is judged on the table of statements."""

AREA_CODES = "area_codes"
"""The parameter that stands for the division codes of the standard and the office's own."""

ZERO_WHERE_NOTHING_REMAINS = "zero_where_nothing_remains"
"""The parameter that says what `zero` may be where there is no backlog and no silence."""

Parameters = Mapping[str, list[Any]]
"""What the names in a suite's `$PARAMETER` stand for."""

_KINDS = frozenset(kind.value for kind in Kind)
_CLASSES = frozenset(standard.code_list("数据检核类型"))
_SUITE_KEYS = frozenset({"name", "id", "expectations", "suite_parameters", "meta", "notes"})
_RULE_KEYS = frozenset({"type", "kwargs", "severity", "meta", "id", "notes", "description"})
_META_KEYS = frozenset({"id", "class", "field", "message"})


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite.

    `kind` is a kind of behaviour or `month_zero`; `rule_class` is empty for the latter. `kwargs`
    are what Great Expectations takes, parameters filled in. `version` is a hash of kind, type and
    kwargs: rules of one version fail the same records.
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

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the rule reads, its row condition included."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        listed = self.kwargs.get("column_list") or ()
        asked = _condition_columns(self.kwargs.get("row_condition"))
        return frozenset(name for name in (*named, *listed, *asked) if isinstance(name, str))

    def refused(self, reason: str) -> SuiteError:
        """The error that says where this rule is and why it can't be judged."""
        return SuiteError(f"{self.path}: rule {self.id}: {reason}")


@dataclass(frozen=True)
class Suite:
    """The rules of one file, in its order."""

    name: str
    path: Path
    rules: tuple[Rule, ...]


def load_suites(
    folder: Path | None = None, settings: "Settings | None" = None
) -> tuple[Suite, ...]:
    """The suites in `folder` (the product's own by default), in the order of their file names.

    `settings` fill in the suites' parameters; without them the defaults of a settings file do.

    Raises SuiteError, which names file, rule and reason, for whatever can't be judged.
    """
    parameters = _parameters(settings)
    suites = tuple(_suite(path, parameters) for path in sorted((folder or FOLDER).glob("*.yaml")))
    seen: dict[str, Rule] = {}
    for rule in all_rules(suites):
        if rule.id in seen:
            raise rule.refused(f"expected an id of its own, found it in {seen[rule.id].path} too")
        seen[rule.id] = rule
    return suites


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


def _parameters(settings: "Settings | None") -> Parameters:
    codes = set(standard.code_list(standard.DIVISION_LIST))
    zero = [True]
    if settings is not None:
        codes.update(settings.office.own_area_codes)
        if settings.month_zero.zero_requires_coverage:
            zero = [True, False]  # an item without a record may stand in the way
    return {AREA_CODES: sorted(codes), ZERO_WHERE_NOTHING_REMAINS: zero}


def _suite(path: Path, parameters: Parameters) -> Suite:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{path}: not a readable YAML file: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise SuiteError(f"{path}: expected a suite with name and expectations")
    if strangers := sorted(set(document) - _SUITE_KEYS):
        raise SuiteError(f"{path}: unknown keys {', '.join(strangers)}")
    name = document.get("name")
    if name not in _KINDS and name != MONTH_ZERO:
        expected = ", ".join([*(kind.value for kind in Kind), MONTH_ZERO])
        raise SuiteError(f"{path}: name: expected one of {expected}, found {name!r}")
    rules = tuple(
        _rule(entry, f"{path}: expectation {number}", name, path, parameters)
        for number, entry in enumerate(document["expectations"], start=1)
    )
    return Suite(name, path, rules)


def _rule(entry: Any, place: str, kind: str, path: Path, parameters: Parameters) -> Rule:
    if not isinstance(entry, dict) or not isinstance(entry.get("meta"), dict):
        raise SuiteError(f"{place}: expected type, kwargs, severity and meta, found {entry!r}")
    meta, type_, kwargs = entry["meta"], entry.get("type"), entry.get("kwargs")
    if not isinstance(meta.get("id"), str):
        raise SuiteError(f"{place}: meta.id: expected a text, found {meta.get('id')!r}")
    place = f"{path}: rule {meta['id']}"
    if strangers := sorted(set(entry) - _RULE_KEYS) + sorted(set(meta) - _META_KEYS):
        raise SuiteError(f"{place}: unknown keys {', '.join(strangers)}")
    if not isinstance(type_, str) or not isinstance(kwargs, dict):
        raise SuiteError(f"{place}: expected type and kwargs, found {type_!r} and {kwargs!r}")
    if (reason := refusal(type_)) is not None:
        raise SuiteError(f"{place}: {type_} can't be judged record by record: {reason}")
    if entry.get("severity") not in {severity.value for severity in Severity}:
        expected = ", ".join(Severity)
        raise SuiteError(
            f"{place}: severity: expected one of {expected}, found {entry.get('severity')!r}"
        )
    if kind in _KINDS and meta.get("class") not in _CLASSES:
        raise SuiteError(f'{place}: meta.class: expected "01" to "10", found {meta.get("class")!r}')
    for key in ("field", "message"):
        if not isinstance(meta.get(key), str):
            raise SuiteError(f"{place}: meta.{key}: expected a text, found {meta.get(key)!r}")
    filled = {key: _filled(value, place, parameters) for key, value in kwargs.items()}
    said = json.dumps([kind, type_, filled], default=str, sort_keys=True)
    return Rule(
        id=meta["id"],
        kind=kind,
        rule_class=meta.get("class") or "",
        severity=Severity(entry["severity"]),
        field=meta["field"],
        message=meta["message"],
        type=type_,
        kwargs=filled,
        version=hashlib.sha256(said.encode()).hexdigest()[:16],
        path=path,
    )


def _filled(value: Any, place: str, parameters: Parameters) -> Any:
    """`value`, or what the parameter that it names stands for."""
    if not isinstance(value, dict) or "$PARAMETER" not in value:
        return value
    name = value["$PARAMETER"]
    if name not in parameters:
        known = ", ".join(sorted(parameters))
        raise SuiteError(f"{place}: $PARAMETER: expected one of {known}, found {name!r}")
    return parameters[name]


def _condition_columns(condition: Any) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        return
    column = condition.get("column")
    if isinstance(column, Mapping) and isinstance(column.get("name"), str):
        yield column["name"]
    for part in condition.get("conditions") or ():
        yield from _condition_columns(part)
