"""An office's own suites: what they add, replace and switch off, and what is refused."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from great_expectations import ExpectationSuite
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

from expectations.clauses import clauses
from expectations.judge import judge
from expectations.loading import load_candidate, load_suites, verify
from expectations.suites import Rule, Suite, all_rules
from monitor.config import RulesSettings, Settings
from monitor.errors import SuiteError
from monitor.store import Store
from monitor.store.tables import behavior
from monitor.words import Severity
from tests.expectations.records import clean, found, land
from tests.expectations.test_conditions import made

META: dict[str, Any] = {
    "id": "check.party_name.own",
    "class": "01",
    "field": "party_name",
    "message": "为必填项，不能为空",
}
GOOD: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "party_name"},
    "severity": "critical",
    "meta": META,
}


def write(folder: Path, *rules: Any, stem: str = "own", name: str = "check", **meta: Any) -> Path:
    """A suite file of these rules; `meta` is the suite's."""
    path = folder / f"{stem}.yaml"
    suite = {"name": name, "expectations": list(rules), "meta": meta}
    path.write_text(yaml.safe_dump(suite, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def of(folder: Path) -> Settings:
    return Settings(rules=RulesSettings(suites=folder))


def loaded(folder: Path) -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules(load_suites(of(folder)))}


def refused(folder: Path) -> list[str]:
    with pytest.raises(SuiteError) as error:
        load_suites(of(folder))
    return str(error.value).splitlines()


def usual() -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules(load_suites())}


def test_an_own_rule_is_added_to_the_products(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    rules = loaded(tmp_path)
    assert set(rules) - set(usual()) == {META["id"]}
    assert set(usual()) <= set(rules)
    assert (rules[META["id"]].path, rules[META["id"]].line) == (path, 3)
    assert [rule.id for rule in rules.values() if rule.is_own] == [META["id"]]


def test_a_suite_is_taken_as_great_expectations_serialises_it(tmp_path: Path) -> None:
    meta = {**META, "id": "check.form.own"}
    nullable = ExpectColumnValuesToNotBeNull(
        column="party_name", row_condition=Column("occurred_on") > date(2022, 1, 1), meta=META
    )
    listed = ExpectColumnValuesToBeInSet(
        column="check_form",
        value_set=["01"],
        mostly=0.9,
        notes="示范",
        severity=FailureSeverity.INFO,
        meta=meta,
    )
    document = ExpectationSuite("check", expectations=[nullable, listed]).to_json_dict()
    text = json.dumps(document, ensure_ascii=False, indent=2)
    (tmp_path / "own.JSON").write_text(text, encoding="utf-8")
    (tmp_path / "own.txt").write_text("no suite", encoding="utf-8")
    rules = loaded(tmp_path)
    assert set(rules) - set(usual()) == {"check.party_name.own", "check.form.own"}
    form = rules["check.form.own"]
    assert (form.severity, form.kwargs["mostly"]) == (Severity.INFO, 0.9)
    assert rules["check.party_name.own"].columns == {"party_name", "occurred_on"}


def test_a_rule_of_the_same_id_takes_the_place_of_the_products(tmp_path: Path) -> None:
    kwargs = {"column": "party_name", "max_value": 60}
    meta = {**META, "id": "check.party_name.length"}
    type_ = "expect_column_value_lengths_to_be_between"
    write(tmp_path, {**GOOD, "type": type_, "kwargs": kwargs, "meta": meta})
    rules = loaded(tmp_path)
    assert set(rules) == set(usual())
    assert rules["check.party_name.length"].kwargs == kwargs


def test_a_rule_is_switched_off_or_weighs_less(tmp_path: Path) -> None:
    write(
        tmp_path,
        switched_off=["check.plan_id.length"],
        severity={"check.inspectors.two": "warning"},
    )
    rules = loaded(tmp_path)
    assert set(usual()) - set(rules) == {"check.plan_id.length"}
    two = rules["check.inspectors.two"]
    assert two.severity is Severity.WARNING
    assert two.version == usual()["check.inspectors.two"].version  # nothing is judged anew


def test_a_whole_suite_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, GOOD, replaces_suite=True)
    rules = loaded(tmp_path)
    assert [rule.id for rule in rules.values() if rule.kind == "check"] == [META["id"]]
    assert {rule.kind for rule in rules.values()} == {rule.kind for rule in usual().values()}


def test_a_replaced_rule_is_judged_anew_and_alone(
    store: Store, now: datetime, tmp_path: Path, checks: tuple[Suite, ...]
) -> None:
    kwargs = {"column": "party_name", "max_value": 3}
    meta = {**META, "id": "check.party_name.length"}
    type_ = "expect_column_value_lengths_to_be_between"
    write(
        tmp_path,
        {**GOOD, "type": type_, "kwargs": kwargs, "meta": meta},
        switched_off=["check.object_name.mandatory"],
    )
    own = tuple(suite for suite in load_suites(of(tmp_path)) if suite.name == "check")
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, object_name=None))
        judge(connection, checks, now)
        assert found(connection, number) == {"check.object_name.mandatory"}
        assert judge(connection, own, now).changed_rules == 1
        assert found(connection, number) == {"check.party_name.length"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "expect_column_values_to_be_unique"}, "other records"),
        ({"type": "expect_column_max_to_be_between"}, "has no condition for it"),
        (
            {"type": "expect_column_values_to_not_be_nul"},
            "has no such expectation; near it: expect_column_values_to_not_be_null",
        ),
        ({"type": "expect_column_values_to_match_like_pattern"}, "LIKE"),
        ({"type": None}, "type: expected the name of an expectation, found None"),
        ({"kwargs": []}, "kwargs: expected a table, found []"),
        ({"kwargs": {"column": "party_nam"}}, "found 'party_nam'; near it: party_name"),
        ({"kwargs": {"column": "行政相对人"}}, "found '行政相对人'; its column is party_name"),
        ({"meta": {**META, "field": "检查时间"}}, "found '检查时间'; its column is occurred_on"),
        ({"kwargs": {"column": "fine_yuan"}}, "a column of a record of check, found 'fine_yuan'"),
        ({"kwargs": {"column": "party_name", "value_set": {"$PARAMETER": "moon"}}}, "'moon'"),
        ({"kwargs": {"column": "party_name", 1: 2}}, "kwargs: expected what JSON can hold"),
        ({"severity": "fatal"}, "expected one of critical, warning, info, found 'fatal'"),
        ({"meta": {**META, "class": "11"}}, 'expected "01" to "10", found \'11\''),
        ({"meta": {**META, "message": 1}}, "meta.message: expected a text, found 1"),
        ({"meta": {**META, "message": " "}}, "meta.message: expected a text, found ' '"),
        ({"meta": {**META, "field": "partyname"}}, "meta.field: expected a column"),
        ({"meta": {**META, "colour": "red"}}, "unknown keys meta.colour"),
        ({"colour": "red"}, "unknown keys colour"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_file_line_rule_and_reason(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = write(tmp_path, GOOD | change)
    (line,) = refused(tmp_path)
    assert line.startswith(f"{path}:3: rule check.party_name.own: ")
    assert said in line


def test_a_table_that_holds_itself_is_refused(tmp_path: Path) -> None:
    kwargs: dict[str, Any] = {"column": "party_name"}
    kwargs["more"] = kwargs
    write(tmp_path, GOOD | {"kwargs": kwargs})
    assert "kwargs: expected what JSON can hold" in refused(tmp_path)[0]


@pytest.mark.parametrize("key", ["id", "class", "field", "message"])
def test_a_rule_that_lacks_something_says_what(tmp_path: Path, key: str) -> None:
    write(tmp_path, GOOD | {"meta": {name: META[name] for name in META if name != key}})
    (line,) = refused(tmp_path)
    assert f"meta.{key}: expected " in line
    assert line.endswith("found None")


@pytest.mark.parametrize("name", ["punish.party_name.own", "check", "check.two words"])
def test_an_id_begins_with_the_suites_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, GOOD | {"meta": {**META, "id": name}})
    assert "meta.id: expected check. and a name" in refused(tmp_path)[0]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"switched_of": []}, "unknown keys meta.switched_of"),
        ({"switched_off": "check.plan_id.length"}, "expected a list of rules' ids"),
        ({"severity": ["check.plan_id.length"]}, "expected rules' ids with a severity each"),
        ({"severity": {"check.plan_id.length": "off"}}, "expected one of critical, warning, info"),
        ({"severity": {3: "info"}}, "meta.severity: expected a rule's id, found 3"),
        ({"replaces_suite": "yes"}, "expected true or false, found 'yes'"),
        ({"switched_off": ["check.plan_id.lenght"]}, "no such rule; near it: check.plan_id.length"),
        ({"switched_off": ["punish.document_no.length"]}, "the suite check has no such rule"),
        ({"switched_off": [META["id"]]}, "it is given in this file"),
        (
            {"severity": {"check.plan_id.length": "info"}, "replaces_suite": True},
            "the whole suite check is replaced",
        ),
    ],
)
def test_a_change_that_means_nothing_is_refused(
    tmp_path: Path, meta: dict[str, Any], said: str
) -> None:
    path = write(tmp_path, GOOD, **meta)
    (line,) = refused(tmp_path)
    assert line.startswith(f"{path}: meta") or line.startswith(f"{path}: unknown keys")
    assert said in line


def test_two_files_that_want_different_things_of_one_rule_are_told(tmp_path: Path) -> None:
    length, two = "check.plan_id.length", "check.inspectors.two"
    first = write(tmp_path, stem="a", severity={length: "info", two: "info"})
    second = write(tmp_path, GOOD, stem="b", switched_off=[length], severity={two: "info"})
    third = write(tmp_path, stem="c", switched_off=[META["id"]])
    assert refused(tmp_path) == [
        f"{third}: meta.switched_off: {META['id']}: it is given in {second}: change it there",
        f"{second}: meta: {length}: expected info as in {first}, found off",
    ]


def test_everything_that_is_wrong_in_a_folder_is_told_at_once(tmp_path: Path) -> None:
    bad = GOOD | {"severity": "fatal", "type": "expect_column_values_to_be_unique"}
    first = write(tmp_path, GOOD, bad, 1, stem="a")
    second = write(tmp_path, GOOD, stem="b", name="check")
    (tmp_path / "c.yaml").write_text("name: check\nexpectations: [\n", encoding="utf-8")
    (tmp_path / "d.yml").write_text("name: checks\nexpectations: []", encoding="utf-8")
    (tmp_path / "e.yaml").write_text("- 1", encoding="utf-8")
    lines = "\n".join(refused(tmp_path))
    assert f"{first}:12: rule check.party_name.own: expect_column_values_to_be_unique" in lines
    assert "severity: expected one of" in lines
    assert "expectation 3: expected type, kwargs, severity and meta, found 1" in lines
    assert f"{second}:3: rule check.party_name.own: expected an id of its own, found it" in lines
    assert "c.yaml:3: not a readable YAML file: did not find expected node content" in lines
    assert "d.yml: name: expected one of check, punish, force, other, month_zero" in lines
    assert "e.yaml: expected a suite with name and expectations" in lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "name: check\nexpectations: []\nexpectations: []\n",
            "3: not a readable YAML file: the key expectations is there twice",
        ),
        (
            "name: check\nexpectations:\n- kwargs: {column: party_name, column: party_id}\n",
            "3: not a readable YAML file: the key column is there twice",
        ),
        (
            "name: check\nexpectations:\n- kwargs: {max_value: 2022-02-30}\n",
            "3: not a readable YAML file: the calendar has no 2022-02-30: ",
        ),
    ],
)
def test_what_yaml_would_pass_over_or_break_on_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    (line,) = refused(tmp_path)
    assert line.startswith(f"{path}:{said}")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (line,) = refused(tmp_path / "nowhere")
    assert line.startswith("rules.suites: expected a folder of suites, found none at ")


def test_a_candidate_is_taken_by_itself(tmp_path: Path) -> None:
    suite = load_candidate(write(tmp_path, GOOD))
    assert [rule.id for rule in suite.rules] == [META["id"]]


@pytest.mark.parametrize(
    ("regex", "bad_on"),
    [
        ("(", {"sqlite", "postgresql"}),
        (r"(?P<year>\d{4})", {"postgresql"}),
        (r"\m示范", {"sqlite"}),
        ("示\0范", {"sqlite", "postgresql"}),
        ("^示范$", set()),
    ],
)
def test_a_regular_expression_is_read_as_the_store_at_hand_reads_it(
    store: Store, tmp_path: Path, regex: str, bad_on: set[str]
) -> None:
    type_ = "expect_column_values_to_match_regex"
    meta = {**META, "id": "check.party_name.other"}
    path = write(
        tmp_path,
        GOOD | {"type": type_, "kwargs": {"column": "party_name", "regex": regex}},
        GOOD | {"type": type_, "kwargs": {"column": "party_name", "regex": "^a"}, "meta": meta},
    )
    suites = load_suites(of(tmp_path))
    if store.engine.dialect.name not in bad_on:
        verify(store, suites)
        return
    with pytest.raises(SuiteError) as error:
        verify(store, suites)
    assert str(error.value).startswith(f"{path}:3: rule {META['id']}: expected a regular expr")
    assert "\n" not in str(error.value)


def test_a_bad_expression_and_a_bad_value_are_told_together(store: Store) -> None:
    rules = [
        made("expect_column_values_to_match_regex", column="party_name", regex="("),
        made("expect_column_values_to_be_in_set", column="check_form", value_set=[1]),
    ]
    rules[1] = Rule(**{**vars(rules[1]), "id": "check.other"})
    with store.reading() as connection:
        with pytest.raises(SuiteError) as error:
            clauses(connection, behavior, rules, keep=False)
        assert connection.scalar(sa.select(1)) == 1  # the transaction goes on
    lines = str(error.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["rule check.own", "rule check.other"]
