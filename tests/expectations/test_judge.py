"""Records are judged by the product's suites, on both stores."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.conditions import failing
from expectations.judge import judge
from expectations.rules import sync_rules
from expectations.suites import Suite, behavior_rules
from monitor import standard
from monitor.store import Store
from monitor.store.queue import enter, hold
from monitor.store.tables import behavior, finding, rule, to_judge
from monitor.words import Kind
from tests.expectations.records import clean, found, land, one_of_each, queue
from tests.expectations.test_conditions import made

Suites = tuple[Suite, ...]
DEFECTS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("check", {"party_name": None}, {"check.party_name.mandatory"}),
    (
        "check",
        {"party_id": None, "party_id_fault": "blank"},
        {"check.party_id.mandatory"},
    ),
    ("check", {"party_name": "示" * 201}, {"check.party_name.length"}),
    ("check", {"party_name": "示" * 200}, set()),
    ("check", {"check_form": "日常"}, {"check.check_form.code"}),
    ("check", {"check_mode": None}, set()),
    ("check", {"area_code": "999999"}, {"check.area_code.code"}),
    ("check", {"supervise_item_code": "0103"}, {"check.supervise_item_code.form"}),
    (
        "check",
        {"supervise_item_code": "01030100100101、0103", "item_state_on_day": "unknown"},
        {"check.supervise_item_code.form"},
    ),
    (
        "check",
        {"supervise_item_code": "01030100100101、01030100100102"},
        set(),
    ),
    ("check", {"item_state_on_day": "unknown"}, {"check.supervise_item_code.catalogue"}),
    ("check", {"item_state_on_day": "not_in_use"}, {"check.supervise_item_code.catalogue"}),
    ("check", {"item_state_on_day": "no_catalogue"}, set()),
    (
        "check",
        {"supervise_item_code": None, "item_state_on_day": "blank"},
        {"check.supervise_item_code.mandatory"},
    ),
    ("check", {"implement_list_fault": "level"}, {"check.implement_list_code.form"}),
    ("check", {"implement_list_fault": "institution"}, {"check.implement_list_code.institution"}),
    ("check", {"implement_list_state": "not_listed"}, {"check.implement_list_code.listed"}),
    ("check", {"implement_list_state": None}, set()),
    (
        "check",
        {"implement_list_state": "not_listed", "implement_list_fault": "institution"},
        {"check.implement_list_code.institution"},
    ),
    (
        "check",
        {"implement_list_code": None, "implement_list_fault": "blank"},
        {"check.implement_list_code.mandatory"},
    ),
    ("check", {"inspectors": "示范甲", "inspector_count": 1}, {"check.inspectors.two"}),
    ("check", {"inspectors": None, "inspector_count": 0}, {"check.inspectors.mandatory"}),
    ("punish", {"party_id_fault": "check_digit"}, {"punish.party_id.credit_code"}),
    (
        "punish",
        {"party_id_type": "111", "party_id_fault": "masked"},
        {"punish.party_id.id_card"},
    ),
    ("punish", {"party_id_type": "414", "party_id_fault": "not_checked"}, set()),
    (
        "punish",
        {"check_action_code": None, "link_state": "blank"},
        {"punish.check_action_code.linked"},
    ),
    ("other", {"link_state": "not_found"}, {"other.check_action_code.linked"}),
    ("force", {"link_state": "before_store"}, set()),
    ("punish", {"link_state": "not_needed"}, set()),
    ("check", {"link_state": "child_missing"}, {"check.check_result.child"}),
    ("check", {"link_state": "child_linked"}, set()),
    ("check", {"occurred_on": None}, {"check.occurred_on.mandatory"}),
    ("force", {"occurred_on": None}, {"force.occurred_on.mandatory"}),
    (
        "other",
        {"occurred_on": None, "malformed": "occurred_on"},
        {"other.occurred_on.malformed"},
    ),
    (
        "punish",
        {
            "occurred_on": None,
            "closed_on": None,
            "has_hearing": None,
            "malformed": "closed_on、has_hearing",
        },
        {
            "punish.occurred_on.mandatory",
            "punish.closed_on.malformed",
            "punish.has_hearing.malformed",
        },
    ),
    ("punish", {"fine_yuan": None, "malformed": "fine_yuan"}, {"punish.fine_yuan.malformed"}),
    (
        "check",
        {"occurred_on": date(2022, 1, 21), "submitted_on": date(2022, 1, 21)},
        {"check.occurred_on.future", "check.submitted_at.future"},
    ),
    ("check", {"submitted_on": date(2022, 1, 21)}, {"check.submitted_at.future"}),
    (
        "check",
        {"occurred_on": date(2022, 1, 20), "submitted_on": date(2022, 1, 20)},
        set(),
    ),
    ("check", {"submitted_on": date(2022, 1, 9)}, {"check.submitted_at.order"}),
    ("check", {"submitted_on": date(2022, 1, 10)}, set()),
    ("check", {"submitted_on": None}, set()),
    (
        "punish",
        {"closed_on": date(2022, 1, 3)},
        {"punish.closed_on.order", "punish.closed_on.decision"},
    ),
    ("punish", {"closed_on": date(2022, 1, 4)}, {"punish.closed_on.decision"}),
    ("punish", {"closed_on": date(2022, 1, 10)}, set()),
    ("punish", {"closed_on": date(2022, 1, 13)}, {"punish.submitted_at.closing"}),
    (
        "punish",
        {"closed_on": date(2022, 1, 21), "submitted_on": None},
        {"punish.closed_on.future"},
    ),
    ("punish", {"transferred_on": date(2022, 1, 21)}, {"punish.transferred_on.future"}),
    (
        "punish",
        {"occurred_on": None, "legal_review_on": date(2022, 1, 21)},
        {"punish.occurred_on.mandatory", "punish.legal_review_on.future"},
    ),
    (
        "punish",
        {"occurred_on": None, "collective_discussion_on": date(2022, 1, 21)},
        {"punish.occurred_on.mandatory", "punish.collective_discussion_on.future"},
    ),
    ("punish", {"fine_yuan": Decimal("0.01")}, {"punish.fine_paid_yuan.exceeds"}),
    ("force", {"ended_on": date(2022, 1, 9)}, {"force.ended_on.order"}),
    ("other", {"ended_on": date(2022, 1, 9)}, {"other.ended_on.order"}),
    ("other", {"department": "unknown"}, {"other.department.known"}),
    (
        "punish",
        {"implement_institution": "示环函〔2022〕13号"},
        {"punish.implement_institution.form"},
    ),
    ("punish", {"implement_institution": "2022-09-31"}, {"punish.implement_institution.form"}),
    (
        "punish",
        {"implement_institution": "示范省行政权力运行系统-2"},
        {"punish.implement_institution.form"},
    ),
    (
        "punish",
        {"implement_institution": "示范县城乡规划局(2)"},
        {"punish.implement_institution.form"},
    ),
    (
        "punish",
        {"implement_institution": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
        {"punish.implement_institution.form"},
    ),
    ("punish", {"litigation": None}, {"punish.litigation.mandatory"}),
    ("check", {"submission_unproven": True}, {"check.submitted_at.unproven"}),
    ("check", {"submission_unproven": None}, set()),
    ("force", {"force_measure_type": None}, {"force.force_measure_type.needed"}),
    (
        "force",
        {"force_kind": "02", "force_measure_type": None, "force_execution_type": "01"},
        set(),
    ),
    (
        "force",
        {"force_kind": "02", "force_measure_type": None},
        {"force.force_execution_type.needed"},
    ),
    ("force", {"force_execution_type": "01"}, {"force.force_execution_type.kind"}),
    ("check", {"party_nature": "01", "party_id_type": "001"}, set()),
    (
        "check",
        {"party_nature": "03", "party_id_type": "414", "party_id_fault": "not_checked"},
        {"check.party_id_type.organisation"},
    ),
    (
        "check",
        {"party_nature": "01", "party_id_type": "414", "party_id": "示E****1234"},
        {"check.party_id.masked"},
    ),
    ("check", {"record_id_from": "hash"}, {"check.record_id.merge"}),
    (
        "check",
        {"malformed": "status、cd_time"},
        {"check.status.malformed", "check.cd_time.malformed"},
    ),
    ("force", {"object_name": None}, set()),
]


def test_each_defect_is_found_by_its_rule_and_by_no_other(
    store: Store, now: datetime, suites: Suites
) -> None:
    records = [
        clean(kind, number, **changes) for number, (kind, changes, _) in enumerate(DEFECTS, start=1)
    ]
    with store.writing() as connection:
        ids = land(connection, *records)
        judge(connection, suites, now)
        for number, (kind, changes, expected) in zip(ids, DEFECTS, strict=True):
            assert found(connection, number) == expected, (kind, changes)


def test_every_mandatory_field_is_missed_where_it_is_blank(
    store: Store, now: datetime, suites: Suites
) -> None:
    records: list[dict[str, Any]] = []
    expected: list[str] = []
    for kind in Kind:
        for field in standard.fields(kind.value):
            if field.mandatory and field.column != "check_action_code":
                number = len(records) + 1
                # the code that tells two records apart can't be the one that is blank
                records.append(clean(kind.value, number, **{field.column: None}, submitted_on=None))
                expected.append(f"{kind.value}.{field.column}.mandatory")
    with store.writing() as connection:
        ids = land(connection, *records)
        judge(connection, suites, now)
        for number, rule_id in zip(ids, expected, strict=True):
            assert rule_id in found(connection, number)


def test_clean_records_have_no_findings_and_leave_the_queue(
    store: Store, now: datetime, suites: Suites
) -> None:
    with store.writing() as connection:
        land(connection, *one_of_each())
        report = judge(connection, suites, now)
        assert (report.at, report.judged, report.findings) == (now, 4, 0)
        assert report.changed_rules == len(behavior_rules(suites))
        assert connection.scalar(sa.select(sa.func.count()).select_from(finding)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) == 0


def test_judging_again_writes_nothing(store: Store, now: datetime, checks: Suites) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None))
        first = judge(connection, checks, now)
        queue(connection, number)
        again = judge(connection, checks, now)
        assert (first.added, first.removed) == (1, 0)
        assert (again.judged, again.findings) == (1, 1)
        assert (again.added, again.removed, again.changed_rules) == (0, 0, 0)


def test_only_queued_records_are_judged(store: Store, now: datetime, checks: Suites) -> None:
    with store.writing() as connection:
        judge(connection, checks, now)
        one, other = land(connection, clean("check", 1), clean("check", 2))
        judge(connection, checks, now)
        connection.execute(sa.update(behavior).values(party_name=None))
        queue(connection, one)
        judge(connection, checks, now)
        assert found(connection, one) == {"check.party_name.mandatory"}
        assert found(connection, other) == set()


def test_what_is_put_right_is_found_no_more(store: Store, now: datetime, checks: Suites) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None, check_form="日常"))
        judge(connection, checks, now)
        connection.execute(sa.update(behavior).values(party_name="示范对象"))
        queue(connection, number)
        report = judge(connection, checks, now)
        assert found(connection, number) == {"check.check_form.code"}
        assert (report.added, report.removed) == (0, 1)


@pytest.mark.parametrize(
    "gone", [{"deleted_at": datetime(2022, 1, 27, tzinfo=UTC)}, {"status": "deleted"}]
)
def test_a_deleted_record_has_no_findings(
    store: Store, now: datetime, checks: Suites, gone: dict[str, Any]
) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None))
        judge(connection, checks, now)
        assert found(connection, number)
        connection.execute(sa.update(behavior).values(gone))
        queue(connection, number)
        judge(connection, checks, now)
        assert found(connection, number) == set()


@pytest.mark.parametrize("status", ["draft", "pending", "returned"])
def test_what_is_not_accepted_yet_is_judged_too(
    store: Store, now: datetime, checks: Suites, status: str
) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None, status=status))
        judge(connection, checks, now)
        assert found(connection, number) == {"check.party_name.mandatory"}


def test_a_duplicate_is_found_as_a_duplicate_and_nothing_else(
    store: Store, now: datetime, checks: Suites
) -> None:
    with store.writing() as connection:
        (first,) = land(connection, clean("check", 1))
        (later,) = land(connection, clean("check", 2, party_name=None, duplicate_of=first))
        judge(connection, checks, now)
        assert found(connection, first) == set()
        assert found(connection, later) == {"check.action_code.duplicate"}


def test_a_changed_rule_is_judged_alone_and_for_every_record(
    store: Store, now: datetime, checks: Suites
) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name="示" * 30, object_name=None))
        judge(connection, checks, now)
        connection.execute(sa.update(behavior).values(object_name="示范", registered_address=None))
        report = judge(connection, _with_length(checks, "check.party_name.length", 20), now)
        assert report.changed_rules == 1
        assert found(connection, number) == {
            "check.party_name.length",
            "check.object_name.mandatory",  # not its rule: as it was when last judged
        }
        report = judge(connection, checks, now)
        assert (report.changed_rules, report.removed) == (1, 1)
        assert found(connection, number) == {"check.object_name.mandatory"}


def test_a_rule_that_left_the_suites_is_inactive_and_its_findings_go(
    store: Store, now: datetime, checks: Suites
) -> None:
    without = _without(checks, "check.party_name.mandatory")
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None))
        judge(connection, checks, now)
        judge(connection, without, now)
        active = sa.select(rule.c.active).where(rule.c.id == "check.party_name.mandatory")
        assert connection.scalar(active) is False
        assert found(connection, number) == set()
        judge(connection, checks, now)
        assert connection.scalar(active) is True
        assert found(connection, number) == {"check.party_name.mandatory"}


def test_rules_synchronised_beforehand_are_judged_all_the_same(
    store: Store, now: datetime, checks: Suites
) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1, party_name=None))
        connection.execute(sa.delete(to_judge))
        sync_rules(connection, checks)
        sync_rules(connection, checks)
        judge(connection, checks, now)
        assert found(connection, number) == {"check.party_name.mandatory"}


def test_the_table_of_rules_says_what_the_other_parts_need(
    store: Store, now: datetime, checks: Suites
) -> None:
    with store.writing() as connection:
        judge(connection, checks, now)
        row = connection.execute(sa.select(rule).where(rule.c.id == "check.inspectors.two")).one()
        rules = {each.id: each for each in behavior_rules(checks)}
        assert connection.scalar(sa.select(sa.func.count()).select_from(rule)) == len(rules)
    assert row._mapping["class"] == "01"
    assert (row.kind, row.severity, row.field) == ("check", "critical", "inspectors")
    assert (row.message, row.suite, row.active) == ("原则上不少于两个", "check", True)
    assert row.version == rules["check.inspectors.two"].version


def test_odd_signs_in_values_reach_the_store_as_they_are(
    store: Store, now: datetime, checks: Suites
) -> None:
    odd = ["100%", ":name", "a'b", "a\\b", "%(x)s", "?", "%%"]
    own = made("expect_column_values_to_be_in_set", column="party_name", value_set=odd)
    suite = replace(checks[0], rules=(own,))
    with store.writing() as connection:
        ids = land(
            connection,
            *(clean("check", n, party_name=name) for n, name in enumerate([*odd, "%", "a\\\\b"])),
        )
        judge(connection, (suite,), now)
        failed = [number for number in ids if found(connection, number)]
    assert failed == ids[-2:]


def test_changed_rules_cost_the_same_few_statements_however_many_they_are(
    store: Store, now: datetime, suites: Suites
) -> None:
    def statements(number: int, changed: int) -> int:
        loaded = tuple(
            replace(
                suite,
                rules=tuple(
                    replace(each, version=f"changed {number}") if place < changed else each
                    for place, each in enumerate(suite.rules)
                ),
            )
            for suite in suites
        )
        with store.writing() as connection:
            judge(connection, suites, now)
            land(connection, *one_of_each(number))
            with sent_by(connection) as sent:
                report = judge(connection, loaded, now)
        assert report.changed_rules == changed * 4
        return len(sent)

    none, one, many = (statements(n, changed) for n, changed in enumerate((0, 1, 20), start=1))
    assert one == many
    assert one - none <= 5  # a second scan, and the rules' new versions


def test_loading_suites_reads_no_records(store: Store, suites: Suites) -> None:
    with store.writing() as connection:
        land(connection, *one_of_each())
        with sent_by(connection) as sent:
            sync_rules(connection, suites)
            failing(connection.dialect.name, behavior, behavior_rules(suites))
    assert sent
    assert not [statement for statement in sent if "behavior" in statement]


@contextmanager
def sent_by(connection: sa.Connection) -> Iterator[list[str]]:
    """The statements that the connection sends meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(connection, "before_cursor_execute", note)
    yield sent
    sa.event.remove(connection, "before_cursor_execute", note)


def test_a_record_that_changes_while_it_is_judged_stays_in_the_queue(
    store: Store, now: datetime, checks: Suites
) -> None:
    with store.writing() as connection:
        (number,) = land(connection, clean("check", 1))
        judge(connection, checks, now)
    begun = threading.Event()

    def land_again() -> None:
        with store.writing() as connection:
            begun.set()
            enter(connection)
            connection.execute(sa.update(behavior).values(party_name=None))
            queue(connection, number)

    with store.writing() as connection:
        queue(connection, number)
        hold(connection)
        other = threading.Thread(target=land_again)
        other.start()
        if store.engine.dialect.name != "sqlite":
            assert begun.wait(10)
        judge(connection, checks, now)
    other.join()
    with store.writing() as connection:
        judge(connection, checks, now)
        assert found(connection, number) == {"check.party_name.mandatory"}


def _with_length(suites: Suites, rule_id: str, length: int) -> Suites:
    def changed(suite: Suite) -> Suite:
        rules = tuple(
            replace(each, kwargs={**each.kwargs, "max_value": length}, version="changed")
            if each.id == rule_id
            else each
            for each in suite.rules
        )
        return replace(suite, rules=rules)

    return tuple(changed(suite) for suite in suites)


def _without(suites: Suites, rule_id: str) -> Suites:
    return tuple(
        replace(suite, rules=tuple(each for each in suite.rules if each.id != rule_id))
        for suite in suites
    )
