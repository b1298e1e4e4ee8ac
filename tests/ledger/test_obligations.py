"""What must be in the system: from records, from expected rows, and from both matched."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from monitor.store import Store
from monitor.store.tables import backlog_event, expected, item
from tests.ledger.book import A, B, Book, shown

OPEN = "2022-02-10T09:00"


def _matches(book: Book) -> list[tuple[int, int | None]]:
    query = sa.select(expected.c.id, expected.c.behavior_id).order_by(expected.c.id)
    return [(row[0], row[1]) for row in book.rows(query)]


def test_a_record_and_the_expected_row_it_answers_are_one_obligation(store: Store) -> None:
    book = Book(store)
    record = book.record(action_code="示范-1")
    row = book.expect(action_code="示范-1")
    assert book.january(OPEN).obligations == 1
    assert _matches(book) == [(row, record)]


def test_a_document_number_matches_whatever_its_brackets(store: Store) -> None:
    book = Book(store)
    record = book.record("punish", document_no="示范罚〔2022〕 7号", case_source="03")
    row = book.expect("punish", document_no="示范罚[2022]7号")
    book.tick(OPEN)
    assert _matches(book) == [(row, record)]


def test_the_action_code_wins_over_the_document_number(store: Store) -> None:
    book = Book(store)
    book.record("punish", document_no="示范罚7号", case_source="03")
    by_code = book.record("punish", action_code="示范-1", case_source="03")
    row = book.expect("punish", action_code="示范-1", document_no="示范罚7号")
    book.tick(OPEN)
    assert _matches(book) == [(row, by_code)]


def test_among_several_the_nearest_day_matches_then_the_lowest_id_and_each_only_once(
    store: Store,
) -> None:
    book = Book(store)
    rows = [book.expect("punish", document_no="示范罚7号") for _ in range(2)]
    far = book.record("punish", on=date(2022, 1, 3), document_no="示范罚7号", case_source="03")
    near = book.record("punish", on=date(2022, 1, 9), document_no="示范罚7号", case_source="03")
    book.tick(OPEN)
    assert _matches(book) == [(rows[0], near), (rows[1], far)]


def test_a_drawn_object_of_a_plan_is_an_expected_check_until_it_is_checked(store: Store) -> None:
    book = Book(store)
    book.plan("示范计划-1", ends_on=date(2022, 1, 20), objects=["示范企业甲", "示范企业乙"])
    assert book.january(OPEN).reasons == {"unentered": 2}
    book.record(plan_id="示范计划-1", party_name="示范企业甲")
    assert book.january(OPEN).reasons == {"unentered": 1}


def test_a_decision_that_two_sources_list_is_one_obligation(store: Store) -> None:
    book = Book(store)
    book.expect("punish", document_no="示范罚〔2022〕7号", party_name="示范商店")
    twin = book.expect("punish", document_no="示范罚(2022) 7 号", action_code="示范-1")
    assert book.january(OPEN).reasons == {"unentered": 1}
    record = book.record("punish", action_code="示范-1", case_source="03")
    assert book.january("2022-02-10T10:00").obligations == 1
    assert (twin, record) in _matches(book)


def test_an_action_code_that_two_sources_expect_is_one_obligation(store: Store) -> None:
    book = Book(store)
    for name in ("示范商店", "示范企业甲"):
        book.expect("punish", action_code="示范-1", party_name=name)
    statement = book.january(OPEN)
    assert (statement.obligations, statement.reasons) == (1, {"unentered": 1})
    book.record("punish", action_code="示范-1", case_source="03")
    statement = book.january("2022-02-10T10:00")
    assert (statement.obligations, statement.backlog) == (1, 0)


def test_one_decision_about_two_parties_is_two_obligations(store: Store) -> None:
    book = Book(store)
    book.expect("punish", document_no="示范罚〔2022〕7号", party_name="示范商店")
    other = book.expect("punish", document_no="示范罚〔2022〕7号", party_name="示范甲")
    record = book.record("punish", document_no="示范罚[2022]7号", party_name="示范甲")
    statement = book.january(OPEN)
    assert (statement.obligations, statement.reasons) == (2, {"unentered": 1})
    assert (other, record) in _matches(book)


def test_a_withdrawn_expected_row_is_no_obligation_and_leaves_a_trace(store: Store) -> None:
    book = Book(store)
    row = book.expect(action_code="示范-1")
    assert book.january(OPEN).backlog == 1
    book.withdraw(expected, row)
    statement = book.january("2022-02-10T10:00")
    assert (statement.obligations, statement.backlog) == (0, 0)
    assert statement.moved_out == {"withdrawn": 1}


def test_one_action_code_from_two_sources_is_one_obligation_the_first_landed(
    store: Store,
) -> None:
    book = Book(store)
    first = book.record(action_code="示范-1", source="one")
    second = book.record(action_code="示范-1", source="two", fails=["09"])
    statement = book.january(OPEN)
    assert (statement.obligations, statement.backlog) == (1, 0)
    assert book.fact(first, "duplicate_of") is None
    assert book.fact(second, "duplicate_of") == first


def test_when_the_first_landed_is_deleted_the_next_is_the_obligation(store: Store) -> None:
    book = Book(store)
    first = book.record(action_code="示范-1", source="one")
    second = book.record(action_code="示范-1", source="two", status="draft")
    book.tick(OPEN)
    book.change(first, status="deleted")
    assert book.january(OPEN).reasons == {"draft": 1}
    assert book.fact(second, "duplicate_of") is None


def test_one_action_code_in_two_departments_is_two_obligations(store: Store) -> None:
    book = Book(store, (A, B))
    book.record(action_code="示范-1")
    book.record(action_code="示范-1", owner=B)
    assert book.tick(OPEN)["district", "2022-01"].obligations == 2


def test_a_deleted_record_leaves_the_backlog_and_is_counted_as_moved_out(store: Store) -> None:
    book = Book(store)
    record = book.record(status="draft", submitted=None)
    book.tick(OPEN)
    book.change(record, status="deleted")
    statement = book.january("2022-02-10T10:00")
    assert (statement.obligations, statement.backlog) == (0, 0)
    assert statement.moved_out == {"deleted": 1}


def test_a_record_deleted_in_the_batch_that_brought_it_was_never_an_obligation(
    store: Store,
) -> None:
    book = Book(store)
    book.record(deleted_at=datetime(2022, 1, 20, tzinfo=UTC))
    statement = book.january(OPEN)
    assert (statement.obligations, statement.moved_out) == (0, {})


def test_a_deleted_record_leaves_its_expected_row_unentered(store: Store) -> None:
    book = Book(store)
    record = book.record(action_code="示范-1")
    book.expect(action_code="示范-1")
    assert book.january(OPEN).backlog == 0
    book.change(record, deleted_at=datetime(2022, 2, 10, tzinfo=UTC))
    assert book.january(OPEN).reasons == {"unentered": 1}


def test_a_record_moved_to_another_month_leaves_the_old_one_as_moved_out(store: Store) -> None:
    book = Book(store)
    record = book.record(status="draft", submitted=None)
    book.tick(OPEN)
    book.change(record, occurred_on=date(2021, 12, 28))
    found = book.tick("2022-02-10T10:00")
    january = found[A, "2022-01"]
    assert (january.backlog_of_month, january.carried) == (0, 1)
    assert january.moved_out == {"date_changed": 1}


@pytest.mark.parametrize("status", ["draft", "accepted"])
def test_a_record_moved_to_a_month_before_the_first_has_another_date_and_is_not_deleted(
    store: Store, status: str
) -> None:
    book = Book(store, start="2022-01")
    record = book.record(status=status)
    book.tick(OPEN)
    book.change(record, occurred_on=date(2021, 12, 28))
    found = book.tick("2022-02-10T10:00")[A, "2022-01"]
    assert (found.obligations, found.backlog) == (0, 0)
    assert found.moved_out == {"date_changed": 1}


def test_an_expected_act_of_a_month_before_the_first_has_another_date_and_is_no_duplicate(
    store: Store,
) -> None:
    book = Book(store, start="2022-01")
    row = book.expect()
    book.tick(OPEN)
    book.amend(expected, row, due_basis_on=date(2021, 12, 28))
    found = book.tick("2022-02-10T10:00")[A, "2022-01"]
    assert (found.obligations, found.moved_out) == (0, {"date_changed": 1})


def test_a_record_moved_to_another_department_is_moved_out_of_the_first(store: Store) -> None:
    book = Book(store, (A, B))
    record = book.record(status="draft", submitted=None)
    book.tick(OPEN)
    book.change(record, implement_institution_code=B)
    found = book.tick("2022-02-10T10:00")
    assert found[A, "2022-01"].moved_out == {"transferred": 1}
    assert found[B, "2022-01"].backlog == 1


def test_a_unit_keeps_its_history_from_unentered_to_cleared(store: Store) -> None:
    book = Book(store)
    book.expect(action_code="示范-1")
    book.tick("2022-01-20T09:00")
    record = book.record(action_code="示范-1", status="draft", submitted=None)
    book.tick("2022-01-21T09:00")
    book.change(record, status="accepted", submitted_on=date(2022, 1, 21))
    book.tick("2022-01-22T09:00")
    events = book.rows(
        sa.select(
            backlog_event.c.from_reason, backlog_event.c.to_reason, backlog_event.c.cause
        ).order_by(backlog_event.c.id)
    )
    assert events == [
        (None, "unentered", "found"),
        ("unentered", "draft", "entered"),
        ("draft", None, "submitted"),
    ]


def test_a_second_check_of_nothing_new_writes_no_event(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None)
    book.expect(action_code="示范-1")
    before = book.january(OPEN)
    events = book.rows(sa.select(backlog_event))
    assert book.january(OPEN) == before
    assert book.rows(sa.select(backlog_event)) == events


def test_a_blank_date_falls_back_to_the_expected_day_then_to_the_submission(store: Store) -> None:
    book = Book(store)
    expected_one = book.record(on=None, action_code="示范-1", fails=["10"])
    book.expect(action_code="示范-1", due_basis_on=date(2021, 12, 20))
    submitted = book.record(on=None, submitted="2022-01-05T09:00", fails=["10"])
    seen = book.record(on=None, submitted=None, status="draft")
    found = book.tick(OPEN)
    months = [book.fact(each, "month") for each in (expected_one, submitted, seen)]
    assert months == ["2021-12", "2022-01", "2022-01"]
    assert found[A, "2021-12"].reasons == {"invalid": 1}


def test_a_record_with_a_blank_institution_is_its_items_owners_else_the_offices(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    book.item("1000", B)
    book.record(owner=None, items=["1000"])
    book.record(owner=None, items=["2000"])
    found = book.tick(OPEN)
    owners = {A: 0, B: 1, "unknown": 1, "district": 2}
    assert {code: found[code, "2022-01"].obligations for code in owners} == owners


def test_a_date_later_than_all_that_is_known_of_the_record_does_not_hide_it(store: Store) -> None:
    book = Book(store)
    book.record(on=date(2052, 1, 10), fails=["10"])
    assert book.january(OPEN).reasons == {"invalid": 1}


def test_a_date_of_another_century_makes_no_statements_of_its_own(store: Store) -> None:
    book = Book(store)
    book.record(on=date(1922, 1, 10), fails=["10"])
    found = book.tick(OPEN)
    assert len({month for _, month in found}) == 36
    assert found[A, "2022-02"].carried == 1


def test_an_exempted_department_item_or_unit_is_no_obligation(store: Store) -> None:
    book = Book(store, (A, B))
    book.record(owner=B, status="draft", submitted=None)
    book.record(status="draft", submitted=None, items=["01030100100101"])
    book.record(status="draft", submitted=None, action_code="示范-1")
    assert book.tick(OPEN)["district", "2022-01"].backlog == 3
    book.exempt("department", department=B)
    book.exempt("item", item_code="01030100100101", begins_on=date(2022, 1, 1))
    book.exempt("unit", action_code="示范-1", ends_on=date(2022, 1, 31))
    found = book.tick("2022-02-10T10:00")
    assert found["district", "2022-01"].backlog == 0
    assert found["district", "2022-01"].moved_out == {"exempted": 3}


def test_an_exemption_that_has_ended_counts_no_more(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None)
    book.exempt("department", department=A, ends_on=date(2022, 1, 9))
    assert book.january(OPEN).backlog == 1


def test_a_plans_object_that_two_sources_draw_is_one_obligation(store: Store) -> None:
    book = Book(store)
    book.plan("示范计划-1", ends_on=date(2022, 1, 20), objects=["示范企业甲"])
    book.draw("示范计划-1", ["示范企业甲"], source="second")
    statement = book.january(OPEN)
    assert (statement.obligations, statement.reasons) == (1, {"unentered": 1})
    book.record(plan_id="示范计划-1", party_name="示范企业甲")
    statement = book.january("2022-02-10T10:00")
    assert (statement.obligations, statement.reasons) == (1, {})


def test_the_document_number_wins_over_plan_and_object(store: Store) -> None:
    book = Book(store)
    book.record("punish", plan_id="示范计划-1", party_name="示范企业甲", case_source="03")
    by_number = book.record("punish", document_no="示范罚7号", case_source="03")
    row = book.expect(
        "punish", document_no="示范罚7号", plan_id="示范计划-1", party_name="示范企业甲"
    )
    book.tick(OPEN)
    assert _matches(book) == [(row, by_number)]


def test_among_records_of_one_day_the_lowest_id_matches(store: Store) -> None:
    book = Book(store)
    lower, _higher = (
        book.record("punish", document_no="示范罚7号", case_source="03") for _ in range(2)
    )
    row = book.expect("punish", document_no="示范罚7号")
    book.tick(OPEN)
    assert _matches(book) == [(row, lower)]


def test_one_record_answers_one_of_two_decisions_and_the_other_stays_unentered(
    store: Store,
) -> None:
    book = Book(store)
    for name in ("示范甲", "示范乙"):
        book.expect("punish", document_no="示范罚7号", party_name=name)
    book.record("punish", document_no="示范罚7号", case_source="03")
    statement = book.january(OPEN)
    assert (statement.obligations, statement.reasons) == (2, {"unentered": 1})


def test_a_withdrawn_expected_row_leaves_an_event_that_says_so(store: Store) -> None:
    book = Book(store)
    row = book.expect(action_code="示范-1")
    book.tick(OPEN)
    book.withdraw(expected, row)
    book.tick("2022-02-10T10:00")
    e = backlog_event.c
    events = book.rows(sa.select(e.expected_id, e.from_reason, e.to_reason, e.cause).order_by(e.id))
    assert events == [(row, None, "unentered", "found"), (row, "unentered", None, "withdrawn")]


def test_what_is_expected_of_a_department_that_nobody_knows_is_the_offices(store: Store) -> None:
    book = Book(store)
    book.expect(department=B)
    found = book.tick(OPEN)
    assert (A, "2022-01") in found
    assert (B, "2022-01") not in found
    unknown = found["unknown", "2022-01"]
    assert (unknown.reasons, unknown.expected_measured) == ({"unentered": 1}, True)
    for code in ("unknown", "district"):
        assert shown(found[code, "2022-01"], "entry_ratio") == "0/1 = 0.00 %"


def test_a_record_with_several_items_is_exempt_where_each_of_them_is(store: Store) -> None:
    book = Book(store)
    both = ["01030100100101", "01030100100102"]
    book.record(status="draft", submitted=None, items=both)
    book.exempt("item", item_code=both[0])
    assert book.january(OPEN).backlog == 1
    book.exempt("item", item_code=both[1], department=A)
    statement = book.january("2022-02-10T10:00")
    assert (statement.backlog, statement.moved_out) == (0, {"exempted": 1})


def test_an_expected_row_of_an_exempt_item_is_no_obligation(store: Store) -> None:
    book = Book(store)
    book.expect(item_code="01030100100101")
    book.exempt("item", item_code="01030100100101", department=B)
    assert book.january(OPEN).backlog == 1
    book.exempt("item", item_code="01030100100101", department=A)
    assert book.january("2022-02-10T10:00").moved_out == {"exempted": 1}


def test_an_item_paused_in_mid_month_ends_what_is_expected_of_later_days_only(
    store: Store,
) -> None:
    book = Book(store)
    paused = book.item("01030100100101")
    for day in (14, 15, 16):
        book.expect(item_code="01030100100101", due_basis_on=date(2022, 1, day))
    assert book.january(OPEN).obligations == 3
    book.amend(item, paused, item_state="03", in_use_to=date(2022, 1, 15))
    statement = book.january("2022-02-10T10:00")
    assert (statement.obligations, statement.reasons) == (2, {"unentered": 2})
    assert statement.moved_out == {"item_ended": 1}


def test_an_item_that_stopped_on_no_known_day_ends_nothing(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101", item_state="02")
    book.expect(item_code="01030100100101")
    assert book.january(OPEN).obligations == 1


def test_a_record_under_an_item_that_has_ended_stays_an_obligation(store: Store) -> None:
    book = Book(store)
    book.item("01030100100101", item_state="02", in_use_to=date(2022, 1, 9))
    book.record(items=["01030100100101"], action_code="示范-1", fails=["03"])
    book.expect(item_code="01030100100101", action_code="示范-1")
    assert book.january(OPEN).reasons == {"invalid": 1}
