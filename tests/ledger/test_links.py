"""The facts of a record that need other rows."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.ledger import links
from monitor.store import Store
from monitor.store.tables import backlog_event, expected, item, to_judge
from tests.ledger.book import A, B, Book, C, china

OPEN = "2022-02-10T09:00"
WHEN = "2022-01-24T10:00"
ITEM, OTHER_ITEM = "01030100100101", "01030100100102"
FIRST, SECOND, THIRD = (f"{A}4{ITEM}00{n}" for n in (1, 2, 3))
"""Codes of an implementation list of department A."""


def test_a_department_is_the_first_that_the_directory_knows(store: Store) -> None:
    book = Book(
        store,
        (A, B, C),
        sources=[
            {
                "name": "own",
                "feed": "check",
                "kind": "files",
                "path": "x",
                "status": "accepted",
                "department": C,
            },
        ],
    )
    book.item(ITEM, B)
    check = book.record(owner=C, action_code="示范检查-1")
    assert check
    stranger = "11500112MB0000009X"
    cases = {
        book.record(owner=A, implement_list_code=f"{B}4"): A,
        book.record(owner=stranger, implement_list_code=f"{B}4"): B,
        book.record("punish", owner=None, check_action_code="示范检查-1", items=[ITEM]): C,
        book.record(owner=None, items=[ITEM], cd_source=A): B,
        book.record(owner=None, cd_source=A): A,
        book.record(owner=None, source="own"): C,
        book.record(owner=None): "unknown",
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "department") for key in cases} == cases


def test_an_act_is_of_the_department_that_owned_its_item_on_that_day(store: Store) -> None:
    book = Book(store, (A, B, C))
    book.item(ITEM, A, in_use_to=date(2022, 1, 14))
    book.item(ITEM, B, in_use_from=date(2022, 1, 15))
    book.item(OTHER_ITEM, A, in_use_to=date(2022, 1, 14))
    book.item(OTHER_ITEM, C, in_use_from=date(2022, 1, 14), in_use_to=date(2022, 1, 20))
    cases = {
        book.record(owner=None, items=codes, on=date(2022, 1, day), submitted=WHEN): owner
        for codes, day, owner in (
            ([ITEM], 14, A),
            ([ITEM], 15, B),
            ([OTHER_ITEM], 13, A),
            ([OTHER_ITEM], 14, "unknown"),
            ([OTHER_ITEM], 20, C),
            ([OTHER_ITEM], 21, "unknown"),
            ([ITEM, OTHER_ITEM], 14, A),
            ([ITEM, OTHER_ITEM], 16, "unknown"),
        )
    }
    asked = {
        book.expect(department=None, item_code=code, due_basis_on=date(2022, 1, day)): owner
        for code, day, owner in ((ITEM, 14, A), (ITEM, 15, B), (OTHER_ITEM, 14, None))
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "department") for key in cases} == cases
    assert dict(book.rows(sa.select(expected.c.id, expected.c.owner))) == asked


def test_an_item_with_one_owner_is_its_owners_on_any_day(store: Store) -> None:
    book = Book(store, (A,))
    book.item(ITEM, A, in_use_from=date(2022, 1, 15), in_use_to=date(2022, 1, 20))
    records = [
        book.record(owner=None, items=[ITEM], on=date(2022, 1, day), submitted=WHEN)
        for day in (14, 21)
    ]
    book.tick(OPEN)
    assert {book.fact(key, "department") for key in records} == {A}


def test_what_was_done_after_an_item_passed_on_is_counted_anew_when_that_is_known(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    entry = book.item(ITEM, A)
    for day in (10, 17):
        on = date(2022, 1, day)
        book.record(status="draft", owner=None, items=[ITEM], on=on, submitted=None)
        book.expect(department=None, item_code=ITEM, due_basis_on=on)
    before = book.tick(OPEN)
    assert before[A, "2022-01"].reasons == {"draft": 2, "unentered": 2}
    book.amend(item, entry, in_use_to=date(2022, 1, 14))
    book.item(ITEM, B, in_use_from=date(2022, 1, 15))
    after = book.tick(OPEN)
    for code in (A, B):
        assert after[code, "2022-01"].reasons == {"draft": 1, "unentered": 1}
    told = sa.select(backlog_event.c.cause, backlog_event.c.department).where(
        backlog_event.c.cause == "transferred"
    )
    assert sorted(book.rows(told)) == [("transferred", code) for code in (A, A, B, B)]


def test_the_entrusted_department_goes_first_where_the_office_says_so(store: Store) -> None:
    book = Book(store, (A, B), attribute_to="entrusted")
    record = book.record(owner=A, entrust_dept_code=B)
    book.tick(OPEN)
    assert book.fact(record, "department") == B


def test_a_department_that_enters_the_directory_gets_its_records(store: Store) -> None:
    book = Book(store)
    record = book.record(owner=B)
    book.tick(OPEN)
    assert book.fact(record, "department") == "unknown"
    book.department(B)
    book.tick(OPEN)
    assert book.fact(record, "department") == B


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"check_action_code": "示范检查-1"}, "linked"),
        ({"check_action_code": "无此检查"}, "not_found"),
        ({"check_action_code": None}, "blank"),
        ({"check_action_code": None, "case_source": "03"}, "not_needed"),
        ({"check_action_code": "无此检查", "case_source": "03"}, "not_found"),
        ({"check_action_code": "无此检查", "on": date(2021, 12, 31)}, "before_store"),
    ],
)
def test_a_penalty_is_linked_to_its_check(store: Store, values: dict[str, Any], state: str) -> None:
    book = Book(store, links_known_from=date(2022, 1, 1))
    book.record(action_code="示范检查-1")
    record = book.record("punish", **{"case_source": "01", **values})
    book.tick(OPEN)
    assert book.fact(record, "link_state") == state


def test_a_check_is_linked_by_the_kind_of_act_that_its_result_names(store: Store) -> None:
    book = Book(store)
    punished = book.record(action_code="示范检查-1", check_result="04")
    forced = book.record(action_code="示范检查-2", check_result="05")
    clean = book.record(check_result="01")
    book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.record("punish", check_action_code="示范检查-2", case_source="01")
    book.tick(OPEN)
    states = [book.fact(key, "link_state") for key in (punished, forced, clean)]
    assert states == ["child_linked", "child_missing", "not_needed"]


def test_a_check_that_comes_later_links_the_penalty_that_waited_for_it(store: Store) -> None:
    book = Book(store)
    penalty = book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.tick(OPEN)
    assert book.fact(penalty, "link_state") == "not_found"
    check = book.record(action_code="示范检查-1")
    assert set(_queued(book)) == {penalty, check}
    assert book.fact(penalty, "link_state") == "linked"


def test_a_penalty_that_names_another_check_leaves_the_first_without_child(store: Store) -> None:
    book = Book(store)
    check = book.record(action_code="示范检查-1", check_result="04")
    penalty = book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.tick(OPEN)
    assert book.fact(check, "link_state") == "child_linked"
    book.change(penalty, check_action_code="示范检查-2")
    book.tick(OPEN)
    assert book.fact(check, "link_state") == "child_missing"


def _queued(book: Book) -> list[int]:
    """Refresh, and say which records wait for judgement."""
    book.commit()
    with book.store.writing() as connection:
        links.refresh(connection, book.settings, china(OPEN))
        return list(connection.scalars(sa.select(to_judge.c.behavior_id)))


def test_the_worst_of_several_item_codes_counts_on_the_day_of_the_act(store: Store) -> None:
    book = Book(store)
    book.item(ITEM)
    book.item("01030100100102", item_state="03", in_use_to=date(2022, 1, 15))
    cases = {
        book.record(items=[ITEM, "01030100100102"]): "in_use",
        book.record(
            items=[ITEM, "01030100100102"], on=date(2022, 1, 17), submitted="2022-01-18T09:00"
        ): "not_in_use",
        book.record(items=[ITEM, "99999999999999"]): "unknown",
        book.record(): "blank",
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "item_state_on_day") for key in cases} == cases


def test_an_item_is_in_use_until_the_end_of_its_last_day(store: Store) -> None:
    book = Book(store)
    book.item(ITEM, in_use_to=date(2022, 1, 10))
    records = [book.record(on=date(2022, 1, day), items=[ITEM]) for day in (10, 11)]
    book.tick(OPEN)
    found = [book.fact(each, "item_state_on_day") for each in records]
    assert found == ["in_use", "not_in_use"]


def test_without_a_catalogue_item_codes_are_not_measured(store: Store) -> None:
    book = Book(store)
    record = book.record(items=[ITEM])
    book.tick(OPEN)
    assert book.fact(record, "item_state_on_day") == "no_catalogue"


def test_a_submission_that_we_should_have_seen_before_is_not_proven(store: Store) -> None:
    book = Book(store)
    book.pulled("test", "2022-01-12T12:00")
    book.pulled("test", "2022-01-20T07:00")
    seen = china("2022-01-20T09:00")
    record = book.record(submitted="2022-01-11T09:00", first_submitted_seen_at=seen)
    soon = book.record(submitted=seen - timedelta(hours=26), first_submitted_seen_at=seen)
    statement = book.january(OPEN)
    assert (book.fact(record, "submission_unproven"), book.fact(soon, "submission_unproven")) == (
        True,
        False,
    )
    assert statement.figures["timely_ratio"]["numerator"] == 0


@pytest.mark.parametrize(
    ("pulled", "is_unproven"), [("12T10:59", False), ("12T11:00", False), ("12T11:01", True)]
)
def test_a_pull_after_a_long_downtime_proves_nothing_against_what_it_brings(
    store: Store, pulled: str, is_unproven: bool
) -> None:
    book = Book(store)
    book.pulled("test", f"2022-01-{pulled}")
    seen = china("2022-01-20T09:00")
    record = book.record(submitted="2022-01-11T09:00", first_submitted_seen_at=seen)
    book.tick(OPEN)
    assert book.fact(record, "submission_unproven") is is_unproven


def test_a_sources_first_pull_proves_nothing_against_its_records(store: Store) -> None:
    book = Book(store)
    seen: datetime = china("2022-01-20T09:00")
    book.pulled("test", "2022-01-20T09:05")
    record = book.record(submitted="2022-01-11T09:00", first_submitted_seen_at=seen)
    book.tick(OPEN)
    assert book.fact(record, "submission_unproven") is False


def test_only_rows_whose_facts_differ_are_written(store: Store) -> None:
    book = Book(store)
    record = book.record()
    book.tick(OPEN)
    book.queue(record)
    book.commit()
    written: list[int] = []

    def note(_c: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE behavior "):
            written.append(cursor.rowcount)

    sa.event.listen(store.engine, "after_cursor_execute", note)
    assert record in _queued(book)
    assert written
    assert not any(written)


def test_each_code_of_a_check_must_stand_in_its_own_list(store: Store) -> None:
    book = Book(store, (A, B, C))
    book.list_code(FIRST)
    book.list_code(SECOND)
    book.list_code(SECOND, source="another")
    book.list_code(THIRD, owner=B)
    cases = {
        book.record(implement_list_code=FIRST): "listed",
        book.record(implement_list_code=f"{SECOND}、{FIRST}"): "listed",
        book.record(implement_list_code=f"{FIRST}、{THIRD}、{SECOND}"): "not_listed",
        book.record(implement_list_code=f"{FIRST}、{SECOND}、{THIRD}"): "not_listed",
        book.record(implement_list_code=THIRD): "not_listed",
        book.record(owner=B, implement_list_code=THIRD): "listed",
        book.record(owner=B, implement_list_code=FIRST): "not_listed",
        book.record(implement_list_code=FIRST[:-1]): "not_listed",
        book.record(implement_list_code=None): None,
        book.record(owner=C, implement_list_code=f"{C}4"): None,
        book.record("punish"): None,
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "implement_list_state") for key in cases} == cases


def test_an_entry_without_a_department_is_of_the_institution_that_its_code_begins_with(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    book.list_code(FIRST, owner=None)
    cases = {
        book.record(implement_list_code=FIRST): "listed",
        book.record(implement_list_code=SECOND): "not_listed",
        book.record(owner=B, implement_list_code=FIRST): None,
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "implement_list_state") for key in cases} == cases


def test_a_check_without_a_known_institution_is_held_against_its_departments_list(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    book.list_code(FIRST)
    foreign = f"11500112MB0000009X4{ITEM}001"
    cases = {
        book.record(owner=None, implement_list_code=FIRST): "listed",
        book.record(owner=None, implement_list_code=foreign, cd_source=A): "not_listed",
        book.record(owner=None, implement_list_code=foreign): None,
    }
    book.tick(OPEN)
    assert {key: book.fact(key, "implement_list_state") for key in cases} == cases


def test_an_entrusted_department_acts_by_the_list_of_the_institution(store: Store) -> None:
    book = Book(store, (A, B), attribute_to="entrusted")
    book.list_code(FIRST)
    book.list_code(f"{B}4{ITEM}001", owner=B)
    record = book.record(owner=A, entrust_dept_code=B, implement_list_code=FIRST)
    book.tick(OPEN)
    assert book.fact(record, "department") == B
    assert book.fact(record, "implement_list_state") == "listed"
