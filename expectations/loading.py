"""Loading: the product's suites with what an office's own add to them, replace or switch off."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.clauses import resolved
from expectations.suite_file import SuiteFile, read
from expectations.suites import (
    FOLDER,
    Parameters,
    Rule,
    Suite,
    all_rules,
    behavior_rules,
    statement_rules,
)
from monitor import standard
from monitor.errors import SuiteError, near
from monitor.store import Store
from monitor.store.tables import behavior, statement

if TYPE_CHECKING:
    from monitor.config import Settings

AREA_CODES = "area_codes"
"""The parameter that stands for the division codes of the standard and the office's own."""

ZERO_WHERE_NOTHING_REMAINS = "zero_where_nothing_remains"
"""The parameter that says what `zero` may be where there is no backlog and no silence."""


_ENDINGS = frozenset({".yaml", ".yml", ".json"})
"""How the names of suites end; Great Expectations keeps its own as JSON, which is YAML as well."""


def load_suites(settings: "Settings | None" = None) -> tuple[Suite, ...]:
    """The suites in force: the product's, then the office's own, each in the order of file names.

    `settings` name the folder of the office's own and fill in the suites' parameters; without them
    the defaults of a settings file do.

    Raises SuiteError, which names file, rule and reason of everything that is wrong.
    """
    folder = None if settings is None else settings.rules.suites
    if folder is not None and not folder.is_dir():
        raise SuiteError(f"rules.suites: expected a folder of suites, found none at {folder}")
    inside = [] if folder is None else folder.iterdir()
    paths = [path for path in inside if path.suffix.lower() in _ENDINGS]
    parameters = _parameters(settings)
    return _merged(_shipped(parameters), [read(path, parameters) for path in sorted(paths)])


def load_candidate(path: Path, settings: "Settings | None" = None) -> Suite:
    """The suite in one file, as it would be if it lay in the office's folder by itself.

    Raises SuiteError as `load_suites` does.
    """
    parameters = _parameters(settings)
    return _merged(_shipped(parameters), [read(path, parameters)])[-1]


def suite_named(name: str, settings: "Settings | None" = None) -> Suite:
    """The rules in force of the suite `name`: one of the product's names, or an own file's stem.

    Raises SuiteError, which says what there is, where nothing is called so.
    """
    suites = load_suites(settings)
    fitting = [suite for suite in suites if name in (suite.name, suite.path.stem)]
    if not fitting:
        known = {called for suite in suites for called in (suite.name, suite.path.stem)}
        expected = ", ".join(sorted(known))
        raise SuiteError(f"expected a suite's file or one of {expected}, found {name!r}")
    return Suite(fitting[0].name, fitting[0].path, tuple(all_rules(fitting)))


def verify(store: Store, suites: Iterable[Suite]) -> None:
    """See that every rule of an office's own can be judged on the store; reads no record.

    Raises SuiteError, which names file, line, rule and reason of everything that can't.
    """
    own = [replace(suite, rules=tuple(r for r in suite.rules if r.is_own)) for suite in suites]
    if not any(suite.rules for suite in own):
        return
    # SQLite reads a regular expression alike in every file: none is opened to ask
    asked = Store("sqlite://") if store.engine.dialect.name == "sqlite" else store
    problems = []
    with asked.reading() as connection:
        for table, rules in ((behavior, behavior_rules(own)), (statement, statement_rules(own))):
            try:
                resolved(connection, table, rules)
            except SuiteError as error:
                problems.append(str(error))
    if problems:
        raise SuiteError("\n".join(problems))


def _parameters(settings: "Settings | None") -> Parameters:
    codes = set(standard.code_list(standard.DIVISION_LIST))
    zero: list[Any] = [True]
    if settings is not None:
        codes.update(settings.office.own_area_codes)
        if settings.month_zero.zero_requires_coverage:
            zero = [True, False]  # an item without a record may stand in the way
    return {AREA_CODES: sorted(codes), ZERO_WHERE_NOTHING_REMAINS: zero}


def _shipped(parameters: Parameters) -> list[SuiteFile]:
    return [read(path, parameters) for path in sorted(FOLDER.glob("*.yaml"))]


def _merged(shipped: Sequence[SuiteFile], own: Sequence[SuiteFile]) -> tuple[Suite, ...]:
    """The product's rules less those that the own files drop or replace, then the own rules."""
    usual = {rule.id: rule for file in shipped for rule in file.rules}
    problems = [line for file in (*shipped, *own) for line in file.problems]
    problems += [*_repeated(shipped), *_repeated(own)]
    given = {rule.id: file for file in own for rule in file.rules}
    problems += [line for file in own for line in _strange_changes(file, usual, given)]
    problems += _contrary(own)
    if problems:
        raise SuiteError("\n".join(problems))
    dropped = {rule.id for file in own for rule in file.rules}
    dropped.update(name for file in own for name in file.switched_off)
    severities = {name: weight for file in own for name, weight in file.severities.items()}
    replaced = {file.name for file in own if file.replaces_suite}
    return (
        *(
            Suite(
                file.name,
                file.path,
                tuple(
                    replace(rule, severity=severities.get(rule.id, rule.severity))
                    for rule in file.rules
                    if rule.id not in dropped and file.name not in replaced
                ),
            )
            for file in shipped
        ),
        *(Suite(file.name, file.path, file.rules) for file in own),
    )


def _repeated(files: Iterable[SuiteFile]) -> Iterator[str]:
    seen: dict[str, Rule] = {}
    for rule in (rule for file in files for rule in file.rules):
        other = seen.setdefault(rule.id, rule)
        if other is not rule:
            reason = f"expected an id of its own, found it in {other.path}:{other.line} too"
            yield str(rule.refused(reason))


def _contrary(files: Iterable[SuiteFile]) -> Iterator[str]:
    """What two files want changed of one rule, each in its own way."""
    seen: dict[str, tuple[SuiteFile, str]] = {}
    for file in files:
        changes = {name: weight.value for name, weight in file.severities.items()}
        for name, wanted in (*changes.items(), *((name, "off") for name in file.switched_off)):
            other, before = seen.setdefault(name, (file, wanted))
            if wanted != before:
                reason = f"expected {before} as in {other.path}, found {wanted}"
                yield f"{file.path}: meta: {name}: {reason}"


def _strange_changes(
    file: SuiteFile, usual: Mapping[str, Rule], given: Mapping[str, SuiteFile]
) -> Iterator[str]:
    """What a file wants changed of rules that the product doesn't have, or has in another suite,
    and of those that a file of the office's own gives."""
    of_suite = [name for name, rule in usual.items() if rule.kind == file.name]
    for key, names in (("switched_off", file.switched_off), ("severity", file.severities)):
        for name in names:
            if name in given:
                place = "this file" if given[name] is file else str(given[name].path)
                reason = f"it is given in {place}: change it there"
            elif name not in of_suite:
                reason = f"the suite {file.name} has no such rule{near(name, of_suite)}"
            elif file.replaces_suite:
                reason = f"the whole suite {file.name} is replaced"
            else:
                continue
            yield f"{file.path}: meta.{key}: {name}: {reason}"
