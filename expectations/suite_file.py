"""One suite file: read and checked, with everything that is wrong in it.

A file holds `name`, `expectations` (type, kwargs, severity, meta) and `meta`, as Great Expectations
writes them. The name says what is judged: a kind of behaviour, or `month_zero` for the table of
statements. Each expectation's `meta` holds `id` (stable), `class` (01–10, 数据检核类型; absent in
month_zero), `field` (the column that people look at) and `message` (Chinese, in the platform's own
words). The `meta` of an office's own suite may say what becomes of the product's rules.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from expectations.records import columns_of
from expectations.suites import MONTH_ZERO, Parameters, Rule
from expectations.supported import refusal
from monitor import standard
from monitor.errors import near
from monitor.standard import headers
from monitor.words import Kind, Severity

NAMES = (*(kind.value for kind in Kind), MONTH_ZERO)
"""What a suite may be called."""

_SEVERITIES = tuple(severity.value for severity in Severity)
_SUITE_KEYS = frozenset({"name", "id", "expectations", "suite_parameters", "meta", "notes"})
_SUITE_META_KEYS = frozenset(
    {"great_expectations_version", "replaces_suite", "switched_off", "severity"}
)
_RULE_KEYS = frozenset({"type", "kwargs", "severity", "meta", "id", "notes", "description"})
_META_KEYS = frozenset({"id", "class", "field", "message"})
_ID = re.compile(r"[a-z_]+(\.[A-Za-z0-9_-]+)+")


class _Loader(yaml.CSafeLoader):
    """YAML's own, which says where a key is there twice and where a day is none."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping; of a key that is there twice YAML would take the last."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """The day or instant."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"the calendar has no {node.value}: {error}", node.start_mark
            ) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


@dataclass(frozen=True, slots=True)
class SuiteFile:
    """What a file says; `rules` are those in which nothing is wrong.

    `problems` are lines that name file, rule and reason. `replaces_suite` drops the product's rules
    of the same name; `switched_off` are ids of rules that aren't judged, `severities` what others
    are to weigh.
    """

    path: Path
    name: str = ""
    rules: tuple[Rule, ...] = ()
    replaces_suite: bool = False
    switched_off: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read(path: Path, parameters: Parameters) -> SuiteFile:
    """The suite in the file at `path`; whatever is wrong with it is among its problems."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        document = None if node is None else loader.construct_document(node)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return SuiteFile(path, problems=(_unreadable(path, error),))
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        return SuiteFile(path, problems=(f"{path}: expected a suite with name and expectations",))
    name = document.get("name")
    if name not in NAMES:
        expected = ", ".join(NAMES)
        problem = f"{path}: name: expected one of {expected}, found {name!r}"
        return SuiteFile(path, problems=(problem,))
    meta = document.get("meta") or {}
    problems = [f"{path}: {reason}" for reason in _suite_faults(document, meta)]
    if problems:
        meta = {}
    rules = []
    for number, (entry, line) in enumerate(
        zip(document["expectations"], _lines(node), strict=True), start=1
    ):
        made = _rule(entry, name, path, line, parameters)
        if isinstance(made, Rule):
            rules.append(made)
        else:
            problems += [f"{path}:{line}: {_called(entry, number)}: {reason}" for reason in made]
    severities = meta.get("severity") or {}
    return SuiteFile(
        path=path,
        name=name,
        rules=tuple(rules),
        replaces_suite=meta.get("replaces_suite", False),
        switched_off=tuple(meta.get("switched_off") or ()),
        severities={rule: Severity(severity) for rule, severity in severities.items()},
        problems=tuple(problems),
    )


def _unreadable(path: Path, error: OSError | UnicodeDecodeError | yaml.YAMLError) -> str:
    """What keeps the file from being read, with the line where there is one."""
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark) is not None:
        return f"{path}:{mark.line + 1}: not a readable YAML file: {error.problem}"
    return f"{path}: not a readable YAML file: {' '.join(str(error).split())}"


def _lines(node: yaml.Node | None) -> Iterator[int]:
    """The line on which each expectation begins."""
    for key, value in [] if node is None else node.value:
        if key.value == "expectations":
            yield from (entry.start_mark.line + 1 for entry in value.value)


def _called(entry: Any, number: int) -> str:
    """The rule by its id, or by its place where it has none."""
    meta = entry.get("meta") if isinstance(entry, dict) else None
    name = meta.get("id") if isinstance(meta, dict) else None
    return f"rule {name}" if isinstance(name, str) else f"expectation {number}"


def _suite_faults(document: Mapping[Any, Any], meta: Any) -> Iterator[str]:
    yield from _strangers(document, _SUITE_KEYS)
    if not isinstance(meta, dict):
        yield f"meta: expected a table, found {meta!r}"
        return
    yield from _strangers(meta, _SUITE_META_KEYS, "meta.")
    if not isinstance(meta.get("replaces_suite", False), bool):
        yield f"meta.replaces_suite: expected true or false, found {meta['replaces_suite']!r}"
    off, severities = meta.get("switched_off") or [], meta.get("severity") or {}
    if not isinstance(off, list) or not all(isinstance(name, str) for name in off):
        yield f"meta.switched_off: expected a list of rules' ids, found {off!r}"
    if not isinstance(severities, dict):
        yield f"meta.severity: expected rules' ids with a severity each, found {severities!r}"
        return
    for name, severity in severities.items():
        if not isinstance(name, str):
            yield f"meta.severity: expected a rule's id, found {name!r}"
        elif severity not in _SEVERITIES:
            yield f"meta.severity: {name}: {_expected(_SEVERITIES, severity)}"


def _rule(
    entry: Any, kind: str, path: Path, line: int, parameters: Parameters
) -> Rule | tuple[str, ...]:
    """The rule, or everything that is wrong with it."""
    faults = tuple(_rule_faults(entry, kind))
    if faults:
        return faults
    meta, kwargs = entry["meta"], entry["kwargs"]
    asked = {key: value["$PARAMETER"] for key, value in kwargs.items() if _is_parameter(value)}
    if strange := [name for name in asked.values() if name not in tuple(parameters)]:
        return tuple(f"$PARAMETER: {_expected(sorted(parameters), name)}" for name in strange)
    filled = {**kwargs, **{key: parameters[name] for key, name in asked.items()}}
    try:
        said = json.dumps([kind, entry["type"], filled], default=str, sort_keys=True)
    except (TypeError, ValueError):
        return ("kwargs: expected what JSON can hold: tables with names for keys, none in itself",)
    made = Rule(
        id=meta["id"],
        kind=kind,
        rule_class=meta.get("class") or "",
        severity=Severity(entry["severity"]),
        field=meta["field"],
        message=meta["message"],
        type=entry["type"],
        kwargs=filled,
        version=hashlib.sha256(said.encode()).hexdigest()[:16],
        path=path,
        line=line,
    )
    return tuple(_strange_columns(made)) or made


def _strange_columns(rule: Rule) -> Iterator[str]:
    known = columns_of(rule.kind)
    of_what = "a statement" if rule.kind == MONTH_ZERO else f"a record of {rule.kind}"
    for name in sorted(rule.columns - known):
        yield f"expected a column of {of_what}, found {name!r}{_meant(name, rule.kind)}"
    if rule.field not in known:
        found = f"{rule.field!r}{_meant(rule.field, rule.kind)}"
        yield f"meta.field: expected a column of {of_what}, found {found}"


def _meant(name: str, kind: str) -> str:
    """The end of a message that names the column which may have been meant."""
    known = columns_of(kind)
    meaning = headers.meanings(kind, None).get(headers.key(name))
    if meaning is not None and meaning.column in known:
        return f"; its column is {meaning.column}"
    return near(name, known)


def _rule_faults(entry: Any, kind: str) -> Iterator[str]:
    """What is wrong with the form of a rule."""
    if not isinstance(entry, dict) or not isinstance(entry.get("meta"), dict):
        yield f"expected type, kwargs, severity and meta, found {entry!r}"
        return
    meta, type_, kwargs = entry["meta"], entry.get("type"), entry.get("kwargs")
    yield from _strangers(entry, _RULE_KEYS)
    yield from _strangers(meta, _META_KEYS, "meta.")
    name = meta.get("id")
    if not isinstance(name, str):
        yield f"meta.id: expected a text, found {name!r}"
    elif not _ID.fullmatch(name) or not name.startswith(f"{kind}."):
        yield f"meta.id: expected {kind}. and a name of letters, digits and dots, found {name!r}"
    if not isinstance(type_, str):
        yield f"type: expected the name of an expectation, found {type_!r}"
    elif (reason := refusal(type_)) is not None:
        yield f"{type_} can't be judged record by record: {reason}"
    if not isinstance(kwargs, dict):
        yield f"kwargs: expected a table, found {kwargs!r}"
    if entry.get("severity") not in _SEVERITIES:
        yield f"severity: {_expected(_SEVERITIES, entry.get('severity'))}"
    classes = (None,) if kind == MONTH_ZERO else tuple(standard.code_list("数据检核类型"))
    if meta.get("class") not in classes:
        expected = "none" if kind == MONTH_ZERO else '"01" to "10"'
        yield f"meta.class: expected {expected}, found {meta.get('class')!r}"
    for key in ("field", "message"):
        if not isinstance(given := meta.get(key), str) or not given.strip():
            yield f"meta.{key}: expected a text, found {given!r}"


def _strangers(found: Mapping[Any, Any], known: frozenset[str], place: str = "") -> Iterator[str]:
    strangers = sorted(str(key) for key in found if key not in known)
    if strangers:
        yield f"unknown keys {', '.join(place + name for name in strangers)}"


def _expected(known: Iterable[str], found: Any) -> str:
    return f"expected one of {', '.join(known)}, found {found!r}"


def _is_parameter(value: Any) -> bool:
    return isinstance(value, dict) and "$PARAMETER" in value
