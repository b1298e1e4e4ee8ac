"""The suites say what the standard says, in Great Expectations' own form."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from expectations.listing import as_markdown, listed_rules
from expectations.loading import load_suites
from expectations.suites import (
    FOLDER,
    MONTH_ZERO,
    Rule,
    behavior_rules,
    statement_rules,
)
from monitor import standard
from monitor.config import OfficeSettings, Settings
from monitor.sources.normalise import can_be_malformed
from monitor.words import Kind, Severity

VOCABULARY = (
    "为必填项，不能为空",
    "验证不通过",
    "日期格式有误",
    "原则上不少于两个",
    "长度有误",
    "不是数值类型",
    "值超长",
    "不在值域范围内",
)
ENVELOPE = ("status", "status_at", "cd_time")
"""Columns beside the standard's fields whose cells can fail to be read."""

CROSS_FIELD = {
    *(
        f"{kind.value}.{rest}"
        for kind in Kind
        for rest in (
            "supervise_item_code.form",
            "supervise_item_code.catalogue",
            "party_id.credit_code",
            "party_id.id_card",
            "action_code.duplicate",
            "occurred_on.future",
            "submitted_at.order",
            "submitted_at.unproven",
            "submitted_at.future",
            "department.known",
            "implement_institution.form",
            "party_id_type.citizen",
            "party_id_type.organisation",
            "party_id.masked",
            "record_id.merge",
        )
    ),
    "check.implement_list_code.form",
    "check.implement_list_code.institution",
    "check.implement_list_code.listed",
    "check.inspectors.two",
    "check.check_result.child",
    "punish.check_action_code.linked",
    "force.check_action_code.linked",
    "other.check_action_code.linked",
    "punish.filed_on.future",
    "punish.legal_review_on.future",
    "punish.collective_discussion_on.future",
    "punish.closed_on.future",
    "punish.transferred_on.future",
    "punish.legal_review_on.order",
    "punish.collective_discussion_on.order",
    "punish.occurred_on.order",
    "punish.closed_on.order",
    "punish.closed_on.decision",
    "punish.transferred_on.order",
    "punish.submitted_at.closing",
    "punish.fine_yuan.range",
    "punish.fine_paid_yuan.range",
    "punish.fine_paid_yuan.exceeds",
    "force.ended_on.order",
    "other.ended_on.order",
    "force.force_measure_type.needed",
    "force.force_execution_type.needed",
    "force.force_measure_type.kind",
    "force.force_execution_type.kind",
}
WARNINGS = {
    "punish.litigation.mandatory",
    "check.implement_list_code.listed",
    # what experience says, not the standard
    "punish.legal_review_on.order",
    "punish.collective_discussion_on.order",
    "punish.occurred_on.order",
    "punish.closed_on.decision",
    "punish.transferred_on.order",
    "punish.submitted_at.closing",
    "punish.fine_yuan.range",
    "punish.fine_paid_yuan.range",
    "punish.fine_paid_yuan.exceeds",
    "force.force_measure_type.kind",
    "force.force_execution_type.kind",
    *(
        f"{kind.value}.{rest}"
        for kind in Kind
        for rest in (
            "implement_institution.form",
            "submitted_at.unproven",
            "submitted_at.future",
            "party_id_type.citizen",
            "party_id_type.organisation",
            "record_id.merge",
            "status.malformed",
            "status_at.malformed",
            "cd_time.malformed",
        )
    ),
}


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in behavior_rules(load_suites())}


def test_every_field_of_the_standard_has_its_rules_and_no_rule_is_stray(
    rules: dict[str, Rule],
) -> None:
    expected = set(CROSS_FIELD)
    for kind in Kind:
        for field in standard.fields(kind.value):
            stem = f"{kind.value}.{field.column}"
            # a blank check code is a matter of class 08 alone
            if field.column != "check_action_code" and (
                field.mandatory or field.column == "occurred_on"
            ):
                expected.add(f"{stem}.mandatory")
            if field.max_length is not None and field.type == "text":
                expected.add(f"{stem}.length")
            if field.code_list is not None:
                expected.add(f"{stem}.code")
            if can_be_malformed(field):
                expected.add(f"{stem}.malformed")
        expected |= {f"{kind.value}.{column}.malformed" for column in ENVELOPE}
    assert set(rules) == expected


def test_lengths_and_code_lists_are_the_standards(rules: dict[str, Rule]) -> None:
    for kind in Kind:
        for field in standard.fields(kind.value):
            stem = f"{kind.value}.{field.column}"
            if f"{stem}.length" in rules:
                assert rules[f"{stem}.length"].kwargs == {
                    "column": field.column,
                    "max_value": field.max_length,
                }
            if field.code_list is not None:
                codes = list(rules[f"{stem}.code"].kwargs["value_set"])
                assert sorted(codes) == sorted(standard.code_list(field.code_list)), stem


def test_every_rule_is_of_the_class_that_the_platform_gives_its_matter(
    rules: dict[str, Rule],
) -> None:
    of_column = {
        "supervise_item_code": "03",
        "implement_list_code": "04",
        "action_code": "09",
        "occurred_on": "10",
    }
    for rule in rules.values():
        _, column, what = rule.id.split(".")
        assert rule.field == column
        if what == "mandatory":
            assert rule.rule_class == of_column.get(column, "01"), rule.id
        if what in {"length", "code", "two", "needed", "kind", "range", "exceeds", "masked"}:
            assert rule.rule_class == "01", rule.id
        if what in {"linked", "child"}:
            assert rule.rule_class == "08", rule.id
        if what == "merge":
            assert rule.rule_class == "05", rule.id
        if what in {"order", "future", "unproven", "decision", "closing"}:
            assert rule.rule_class == "10", rule.id
    assert {rule.rule_class for rule in rules.values()} == {
        "01", "02", "03", "04", "05", "06", "07", "08", "09", "10",
    }  # fmt: skip


def test_only_what_makes_no_backlog_is_a_warning(rules: dict[str, Rule]) -> None:
    assert {rule.id for rule in rules.values() if rule.severity is Severity.WARNING} == WARNINGS
    assert {rule.severity for rule in rules.values()} == {Severity.CRITICAL, Severity.WARNING}


def test_messages_begin_with_the_words_that_departments_know(rules: dict[str, Rule]) -> None:
    for rule in rules.values():
        assert rule.message.partition("：")[0] in VOCABULARY, rule.id


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_suite_is_what_great_expectations_writes(path: Path) -> None:
    from great_expectations.core.expectation_suite import ExpectationSuite

    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    written = ExpectationSuite(**document).to_json_dict()
    assert {key: written[key] for key in document} == document


def test_the_offices_own_area_codes_are_in_the_list_and_change_the_version() -> None:
    usual = {rule.id: rule for rule in behavior_rules(load_suites())}["check.area_code.code"]
    office = OfficeSettings(area_code="500198", extra_area_codes=("500199",))
    suites = load_suites(settings=Settings(office=office))
    added = {rule.id: rule for rule in behavior_rules(suites)}["check.area_code.code"]
    own = {"500198", "500199"}
    assert set(added.kwargs["value_set"]) - set(usual.kwargs["value_set"]) == own
    assert "500112" in added.kwargs["value_set"]
    assert usual.version != added.version


def test_the_rules_of_month_zero_are_apart() -> None:
    suites = load_suites()
    assert {rule.kind for rule in statement_rules(suites)} == {MONTH_ZERO}
    assert MONTH_ZERO not in {rule.kind for rule in behavior_rules(suites)}


def test_rules_are_listed_without_great_expectations() -> None:
    code = (
        "import sys; import expectations.judge, expectations.month_zero; "
        "from expectations.listing import listed_rules; assert listed_rules(); "
        "assert 'great_expectations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_listing_has_a_line_for_every_rule() -> None:
    rules = listed_rules()
    assert len(as_markdown(rules).splitlines()) == len(rules) + 2
    assert rules[0].as_dict() == {
        "id": "check.plan_id.length",
        "kind": "check",
        "class": "01",
        "severity": "critical",
        "field": "plan_id",
        "message": "值超长",
        "suite": "check",
    }
