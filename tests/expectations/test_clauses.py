"""Clauses are kept, and resolved again by whatever could change them."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from expectations import clauses as clauses_module
from expectations import conditions
from expectations.clauses import clauses, key
from expectations.conditions import Clause, failing
from expectations.suites import Rule, Suite, all_rules, behavior_rules
from jobs.check import check
from monitor.config import Settings
from monitor.errors import SuiteError
from monitor.store import Store
from monitor.store.tables import behavior, condition, statement
from tests.expectations.records import land, one_of_each
from tests.expectations.test_conditions import compares, made

CHECKS = """\
import sys
from datetime import datetime
from jobs.check import check
from monitor.config import Settings
from monitor.store import Store
store = Store(sys.argv[1])
report = check(store, Settings(), datetime.fromisoformat(sys.argv[2]))
store.close()
print(report.judged, report.findings, "great_expectations" in sys.modules)
"""


@pytest.fixture
def program() -> None:
    """Forget what is known of the program, before and after."""
    clauses_module._program.cache_clear()


def kept(store: Store, *rules: Rule, keep: bool = True) -> list[str]:
    """The rules' clauses, in the rules' order."""
    with store.writing() as connection:
        found = texts(clauses(connection, behavior, rules, keep=keep))
    return [found[rule.id] for rule in rules]


def texts(found: Mapping[str, Clause]) -> dict[str, str]:
    return {name: str(clause) for name, clause in found.items()}


def test_what_is_kept_is_what_great_expectations_says(
    store: Store, suites: tuple[Suite, ...]
) -> None:
    rules = behavior_rules(suites)
    with store.writing() as connection:
        fresh = texts(failing(connection.dialect.name, behavior, rules))
        for _ in range(2):
            assert texts(clauses(connection, behavior, rules)) == fresh
        assert connection.scalar(sa.select(sa.func.count()).select_from(condition)) == len(rules)


def test_a_rule_is_resolved_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made("expect_column_values_to_not_be_null", column="party_name")
    other = replace(made("expect_column_values_to_be_null", column="party_name"), id="check.other")
    resolved: list[str] = []

    def resolve(dialect: str, table: sa.Table, rules: list[Rule]) -> Any:
        resolved.extend(rule.id for rule in rules)
        return failing(dialect, table, rules)

    monkeypatch.setattr(clauses_module, "failing", resolve)
    for _ in range(2):
        assert kept(store, one) == ["(party_name IS NULL)"]
    assert kept(store, one, other) == ["(party_name IS NULL)", "(party_name IS NOT NULL)"]
    assert resolved == ["check.own", "check.other"]


def test_a_rule_that_says_something_else_is_resolved_anew(store: Store) -> None:
    one = made("expect_column_value_lengths_to_be_between", column="party_name", max_value=5)
    other = made("expect_column_value_lengths_to_be_between", column="party_name", max_value=7)
    assert "> 5" in kept(store, one)[0]
    assert "> 7" in kept(store, other)[0]
    assert "> 5" in kept(store, one)[0]


def test_who_only_looks_keeps_nothing(store: Store) -> None:
    one = made("expect_column_values_to_not_be_null", column="party_name")
    assert kept(store, one, keep=False) == ["(party_name IS NULL)"]
    with store.reading() as connection:
        assert connection.execute(sa.select(condition)).all() == []


def test_a_rule_that_is_refused_is_refused_again(store: Store) -> None:
    bad = made("expect_column_values_to_match_regex", column="party_name", regex="(")
    for _ in range(2):
        with pytest.raises(SuiteError, match="regular expression"):
            kept(store, bad)


def test_whatever_a_clause_is_made_from_is_part_of_its_key(
    program: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del program
    rule = made("expect_column_values_to_not_be_null", column="party_name")
    keys = [key("sqlite", behavior, rule), key("postgresql", behavior, rule)]
    keys.append(key("sqlite", statement, rule))
    conditioned = {**rule.kwargs, "row_condition": compares("party_id", "==", "x")}
    keys.append(key("sqlite", behavior, replace(rule, kwargs=conditioned)))
    keys.append(
        key("sqlite", behavior, made("expect_column_values_to_be_null", column="party_name"))
    )
    for name in ("great-expectations", "sqlalchemy"):
        clauses_module._program.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(metadata, "version", lambda asked, name=name: f"{asked == name}")
            keys.append(key("sqlite", behavior, rule))
    another = tmp_path / "conditions.py"
    another.write_text("# says something else\n", encoding="utf-8")
    clauses_module._program.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(conditions, "__file__", str(another))
        keys.append(key("sqlite", behavior, rule))
    clauses_module._program.cache_clear()
    assert len(set(keys)) == len(keys)
    assert key("sqlite", behavior, rule) == keys[0]


def test_a_check_that_finds_every_clause_kept_does_without_great_expectations(
    store: Store, now: datetime
) -> None:
    check(store, Settings(), now)
    with store.writing() as connection:
        land(connection, *one_of_each())
    url = store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-W", "ignore", "-c", CHECKS, url, now.isoformat()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    judged, findings, imported = done.stdout.splitlines()[-1].split()
    assert (judged, imported) == ("4", "False")
    assert int(findings) > 0


def test_every_rule_of_every_suite_is_kept_by_a_check(
    store: Store, now: datetime, suites: tuple[Suite, ...]
) -> None:
    with store.writing() as connection:
        land(connection, *one_of_each())
    check(store, Settings(), now)
    with store.reading() as connection:
        names = set(connection.scalars(sa.select(condition.c.rule)))
    assert names == {rule.id for rule in all_rules(suites)}
