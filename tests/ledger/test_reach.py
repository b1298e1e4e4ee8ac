"""Which records are judged again after a change: all that it concerns, and no other."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.ledger import links
from monitor.store import Store
from monitor.store.tables import (
    behavior,
    behavior_item,
    department,
    expected,
    implement_list,
    item,
    to_judge,
)
from tests.ledger.book import A, B, Book, C, china

OPEN = "2022-02-10T09:00"
ONE, TWO = "01030100100101", "01030100100102"


def settled(store: Store, **rule: Any) -> Book:
    """A book with two departments, two items and a few records, all of it judged."""
    book = Book(store, (A, B), **rule)
    book.item(ONE)
    book.item(TWO, owner=B)
    for code in (ONE, TWO):
        book.record(items=[code], owner=None)
    book.record(items=[ONE, TWO])
    book.record()
    assert len(book.queued(OPEN)) == 4
    assert book.queued(OPEN) == set()
    return book


def entry(book: Book, table: sa.Table, code: str) -> int:
    """The number of an entry of the catalogue or the directory."""
    column = table.c.item_code if table is item else table.c.code
    ((number,),) = book.rows(sa.select(table.c.id).where(column == code))
    assert isinstance(number, int)
    return number


def having(book: Book, code: str) -> set[int]:
    """The records that have an item."""
    query = sa.select(behavior_item.c.behavior_id).where(behavior_item.c.item_code == code)
    return {number for (number,) in book.rows(query)}


@pytest.mark.parametrize(
    "change",
    [{"in_use_from": date(2022, 1, 11)}, {"in_use_to": date(2022, 1, 9)}, {"item_state": "03"}],
)
def test_a_changed_item_concerns_the_records_that_have_it(
    store: Store, change: dict[str, Any]
) -> None:
    book = settled(store)
    book.amend(item, entry(book, item, ONE), **change)
    assert book.queued(OPEN) == having(book, ONE)
    assert len(having(book, ONE)) == 2
    assert {book.fact(key, "item_state_on_day") for key in having(book, ONE)} == {"not_in_use"}
    assert book.queued(OPEN) == set()


def test_an_item_that_goes_to_another_department_takes_its_records_along(store: Store) -> None:
    book = settled(store)
    book.amend(item, entry(book, item, ONE), department=B)
    queued = book.queued(OPEN)
    assert queued == having(book, ONE)
    assert {book.fact(key, "department") for key in queued} == {A, B}, "one names its institution"


@pytest.mark.parametrize(
    "change", [{"in_use_from": date(2022, 1, 11)}, {"item_state": "03"}, {"in_use_to": None}]
)
def test_a_changed_item_says_nothing_of_what_its_records_are_linked_with(
    store: Store, change: dict[str, Any]
) -> None:
    book = Book(store)
    for code in (ONE, TWO):
        book.item(code, in_use_to=date(2022, 12, 31))
    check = book.record(items=[ONE], action_code="示范检查-1", check_result="04")
    penalty = book.record("punish", items=[TWO], check_action_code="示范检查-1", case_source="01")
    book.queued(OPEN)
    book.amend(item, entry(book, item, ONE), **change)
    assert book.queued(OPEN) == {check}
    book.amend(item, entry(book, item, TWO), **change)
    assert book.queued(OPEN) == {penalty}


def test_an_item_that_may_give_its_check_away_concerns_the_acts_that_inherit_from_it(
    store: Store,
) -> None:
    book = Book(store, (A, B))
    number = book.item(ONE, owner=A)
    check = book.record(owner=None, items=[ONE], action_code="示范检查-1")
    act = book.record("other", owner=None, check_action_code="示范检查-1")
    book.queued(OPEN)
    book.amend(item, number, department=B)
    assert book.queued(OPEN) == {check, act}
    assert {book.fact(key, "department") for key in (check, act)} == {B}
    book.amend(item, number, in_use_to=date(2022, 1, 4))
    book.item(ONE, owner=A, in_use_from=date(2022, 1, 5))
    assert book.queued(OPEN) == {check, act}
    assert {book.fact(key, "department") for key in (check, act)} == {A}
    book.amend(item, number, in_use_to=date(2022, 12, 31))
    assert book.queued(OPEN) == {check, act}, "the days say whose it is where several own it"
    assert {book.fact(key, "department") for key in (check, act)} == {"unknown"}


def test_a_landed_record_concerns_its_links_though_an_item_changed_as_well(store: Store) -> None:
    book = Book(store)
    number = book.item(ONE)
    book.record(items=[ONE], action_code="示范检查-2", check_result="04")
    named = book.record(action_code="示范检查-1", check_result="04")
    penalty = book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.queued(OPEN)
    book.amend(item, number, item_state="03")
    book.change(penalty, check_action_code="示范检查-3")
    assert book.queued(OPEN) == {penalty, named} | having(book, ONE)
    assert book.fact(named, "link_state") == "child_missing"


def test_a_withdrawn_item_and_a_new_one_concern_the_records_that_have_them(store: Store) -> None:
    book = settled(store)
    third = book.record(items=["01030100100103"])
    book.queued(OPEN)
    book.withdraw(item, entry(book, item, TWO))
    book.item("01030100100103")
    assert book.queued(OPEN) == having(book, TWO) | {third}


def listing(store: Store) -> tuple[Book, dict[str, int], dict[str, int]]:
    """A book with a list of two codes of A's; its entries and, of A and B, a few checks by code."""
    book = Book(store, (A, B))
    codes = {"one": f"{A}4{ONE}001", "two": f"{A}4{TWO}001", "three": f"{A}4{ONE}003"}
    entries = {name: book.list_code(codes[name]) for name in ("one", "two")}
    checks = {name: book.record(implement_list_code=code) for name, code in codes.items()}
    checks["both"] = book.record(implement_list_code=f"{codes['one']}、{codes['two']}")
    checks["other"] = book.record(owner=B, implement_list_code=codes["one"])
    checks["blank"] = book.record()
    assert book.queued(OPEN) == set(checks.values())
    assert book.queued(OPEN) == set()
    return book, entries, checks


def test_a_changed_entry_of_a_list_concerns_the_checks_with_its_code(store: Store) -> None:
    book, entries, checks = listing(store)
    book.withdraw(implement_list, entries["two"])
    assert book.queued(OPEN) == {checks["two"], checks["both"]}
    states = [book.fact(checks[name], "implement_list_state") for name in ("one", "two", "both")]
    assert states == ["listed", "not_listed", "not_listed"]
    book.list_code(f"{A}4{ONE}003")
    assert book.queued(OPEN) == {checks["three"]}
    assert book.fact(checks["three"], "implement_list_state") == "listed"
    book.amend(implement_list, entries["one"], published=True, content_hash="another")
    assert book.queued(OPEN) == set()


def test_the_first_entry_of_a_departments_list_concerns_its_checks_and_so_does_its_last(
    store: Store,
) -> None:
    book, entries, checks = listing(store)
    assert book.fact(checks["other"], "implement_list_state") is None
    first = book.list_code(f"{B}4{TWO}001", owner=B)
    assert book.queued(OPEN) == {checks["other"]}
    assert book.fact(checks["other"], "implement_list_state") == "not_listed"
    book.withdraw(implement_list, first)
    assert book.queued(OPEN) == {checks["other"]}
    assert book.fact(checks["other"], "implement_list_state") is None
    for entry_ in entries.values():
        book.withdraw(implement_list, entry_)
    assert book.queued(OPEN) == {checks[name] for name in ("one", "two", "three", "both")}
    assert {book.fact(key, "implement_list_state") for key in checks.values()} == {None}


def test_an_entry_that_goes_to_another_department_concerns_the_checks_of_both(store: Store) -> None:
    book, entries, checks = listing(store)
    book.amend(implement_list, entries["one"], department=B)
    assert book.queued(OPEN) == {checks[name] for name in ("one", "both", "other")}
    states = [book.fact(checks[name], "implement_list_state") for name in ("one", "both", "other")]
    assert states == ["not_listed", "not_listed", "listed"]


def test_what_no_record_is_judged_by_may_change_without_a_judgement(store: Store) -> None:
    book = settled(store)
    book.amend(item, entry(book, item, ONE), item_name="示范事项", content_hash="another")
    book.amend(department, entry(book, department, A), name="示范改名局", in_scope_to=None)
    assert book.queued(OPEN) == set()


def test_the_first_item_of_a_catalogue_concerns_every_record_and_so_does_its_last(
    store: Store,
) -> None:
    book = Book(store)
    records = {book.record(), book.record(items=[ONE])}
    assert book.queued(OPEN) == records
    number = book.item(ONE)
    assert book.queued(OPEN) == records
    book.withdraw(item, number)
    assert book.queued(OPEN) == records
    assert book.queued(OPEN) == set()


def test_a_department_that_comes_concerns_the_records_that_name_it(store: Store) -> None:
    book = Book(store, (A, B))
    book.item(ONE, owner=C)
    named = {
        book.record(owner=C),
        book.record(owner=None, implement_list_code=f"{C}4"),
        book.record(owner=None, cd_source=C),
        book.record(owner=None, cd_source="0731"),
        book.record(owner=None, items=[ONE]),
    }
    book.record(owner=A)
    book.record(owner=None, cd_source="0732")
    book.queued(OPEN)
    book.department(C, local_code="0731")
    assert book.queued(OPEN) == named
    assert {book.fact(key, "department") for key in named} == {C}


def test_a_department_that_goes_takes_the_records_of_its_checks_along(store: Store) -> None:
    book = Book(store, (A, B))
    check = book.record(owner=B, action_code="示范检查-1")
    penalty = book.record("punish", owner=None, check_action_code="示范检查-1")
    book.record(owner=A)
    book.queued(OPEN)
    assert book.fact(penalty, "department") == B
    book.withdraw(department, entry(book, department, B))
    assert book.queued(OPEN) == {check, penalty}
    assert book.fact(penalty, "department") == "unknown"


def test_a_changed_local_code_concerns_the_records_of_the_old_and_of_the_new(store: Store) -> None:
    book = Book(store, (A,))
    number = book.department(B, local_code="0731")
    old, new = book.record(owner=None, cd_source="0731"), book.record(owner=None, cd_source="0732")
    book.queued(OPEN)
    book.amend(department, number, local_code="0732")
    assert book.queued(OPEN) == {old, new}
    assert [book.fact(key, "department") for key in (old, new)] == ["unknown", B]


def test_a_changed_local_code_concerns_nothing_else_that_is_the_departments(store: Store) -> None:
    book = Book(store, (A,))
    number = book.department(B, local_code="0731")
    book.item(ONE, owner=B)
    book.record(owner=B)
    book.record(owner=None, items=[ONE])
    book.record(owner=None, cd_source=B)
    book.queued(OPEN)
    book.amend(department, number, local_code="0732")
    assert book.queued(OPEN) == set()


def test_a_changed_calendar_concerns_no_record_and_moves_what_is_due(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None)
    due = book.january(OPEN).oldest_due_at
    book.free(date(2022, 1, 12))
    assert book.queued(OPEN) == set()
    assert due is not None
    assert book.january(OPEN).oldest_due_at == due + timedelta(days=1)


def test_a_changed_check_concerns_the_acts_that_followed_from_it(store: Store) -> None:
    book = Book(store)
    check = book.record(action_code="示范检查-1", check_result="04")
    penalty = book.record("punish", check_action_code="示范检查-1")
    book.record("punish", check_action_code="示范检查-2")
    book.record()
    book.queued(OPEN)
    book.change(check, check_result="01")
    assert book.queued(OPEN) == {check, penalty}
    book.change(penalty, party_name="示范对象")
    assert book.queued(OPEN) == {check, penalty}


def test_a_check_under_a_new_code_concerns_the_acts_of_the_old_one_and_of_the_new(
    store: Store,
) -> None:
    book = Book(store)
    check = book.record(action_code="示范检查-1", check_result="04")
    before = book.record("punish", check_action_code="示范检查-1", case_source="01")
    after = book.record("punish", check_action_code="示范检查-2", case_source="01")
    book.queued(OPEN)
    book.change(check, action_code="示范检查-2")
    assert book.queued(OPEN) == {check, before, after}
    assert [book.fact(key, "link_state") for key in (before, after)] == ["not_found", "linked"]


def test_a_changed_act_concerns_its_check_and_no_other_act_of_that(store: Store) -> None:
    book = Book(store)
    check = book.record(action_code="示范检查-1", check_result="04")
    penalty, _ = (book.record("punish", check_action_code="示范检查-1") for _ in range(2))
    book.queued(OPEN)
    book.change(penalty, party_name="示范对象")
    assert book.queued(OPEN) == {penalty, check}


def test_an_act_that_names_another_check_concerns_both(store: Store) -> None:
    book = Book(store)
    first, second, third = (
        book.record(action_code=f"示范检查-{n}", check_result="04") for n in (1, 2, 3)
    )
    penalty = book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.queued(OPEN)
    book.change(penalty, check_action_code="示范检查-2")
    assert book.queued(OPEN) == {penalty, first, second}
    states = [book.fact(key, "link_state") for key in (first, second, third)]
    assert states == ["child_missing", "child_linked", "child_missing"]


def test_a_record_changed_twice_before_a_check_is_known_by_what_was_judged(store: Store) -> None:
    book = Book(store)
    check = book.record(action_code="示范检查-1", check_result="04")
    penalty = book.record("punish", check_action_code="示范检查-1", case_source="01")
    book.queued(OPEN)
    book.change(penalty, check_action_code="示范检查-2")
    book.commit()
    book.change(penalty, check_action_code="示范检查-3")
    assert book.queued(OPEN) == {penalty, check}
    assert book.fact(check, "link_state") == "child_missing"


def test_a_changed_record_concerns_those_of_its_business_key(store: Store) -> None:
    book = Book(store)
    first, later = (book.record(action_code="示范-1") for _ in range(2))
    other_kind = book.record("force", action_code="示范-1")
    book.record(action_code="示范-2")
    book.queued(OPEN)
    assert book.fact(later, "duplicate_of") == first
    book.change(first, action_code="示范-3")
    assert book.queued(OPEN) == {first, later}
    assert book.fact(later, "duplicate_of") is None
    assert other_kind not in book.queued(OPEN)


def test_a_withdrawn_original_makes_the_next_one_count(store: Store) -> None:
    book = Book(store)
    first, later = (book.record(action_code="示范-1") for _ in range(2))
    book.queued(OPEN)
    book.change(first, deleted_at=china(OPEN))
    assert book.queued(OPEN) == {first, later}
    assert book.fact(later, "duplicate_of") is None


def test_changed_settings_concern_the_records_that_they_are_about(store: Store) -> None:
    book = Book(store, (A, B))
    entrusted = book.record(owner=A, entrust_dept_code=B)
    lost = book.record("punish", check_action_code="无此检查", on=date(2021, 12, 31))
    book.record()
    book.queued(OPEN)
    book.set_rule(attribute_to="entrusted")
    assert book.queued(OPEN) == {entrusted}
    assert book.fact(entrusted, "department") == B
    book.set_rule(links_known_from=date(2022, 1, 1))
    assert book.queued(OPEN) == {lost}
    assert book.fact(lost, "link_state") == "before_store"
    book.set_rule(proof_within=timedelta(hours=1))
    submitted = sa.select(behavior.c.id).where(behavior.c.first_submitted_seen_at.is_not(None))
    assert book.queued(OPEN) == {number for (number,) in book.rows(submitted)}


def test_a_source_that_is_given_a_department_concerns_its_records(store: Store) -> None:
    of_source: dict[str, Any] = {
        "feed": "check",
        "kind": "files",
        "path": "x",
        "status": "accepted",
    }
    book = Book(store, (A, B), sources=[{"name": "own", **of_source}])
    own = book.record(owner=None, source="own")
    book.record(owner=None)
    book.queued(OPEN)
    (source,) = book.settings.source
    named = source.model_copy(update={"department": B})
    book.settings = book.settings.model_copy(update={"source": (named,)})
    assert book.queued(OPEN) == {own}
    assert book.fact(own, "department") == B


def test_a_record_without_a_day_moves_with_the_row_that_it_matches(store: Store) -> None:
    book = Book(store)
    lent = book.record(on=None, action_code="示范-1", submitted=None)
    book.record(on=None, submitted=None)
    book.queued(OPEN)
    asked = book.expect(action_code="示范-1", due_basis_on=date(2021, 12, 6))
    assert book.queued(OPEN) == {lent}
    assert book.fact(lent, "month") == "2021-12"
    book.amend(expected, asked, due_basis_on=date(2021, 11, 6))
    assert book.queued(OPEN) == {lent}
    assert book.fact(lent, "month") == "2021-11"


def test_a_change_that_a_crash_kept_from_being_judged_is_found_again(store: Store) -> None:
    book = settled(store)
    book.amend(item, entry(book, item, ONE), item_state="03")
    book.commit()
    with store.reading() as connection:  # which is rolled back, as a crash does
        links.refresh(connection, book.settings, china(OPEN))
        connection.execute(sa.delete(to_judge))
    assert book.queued(OPEN) == having(book, ONE)


def test_everything_is_every_record_those_that_are_gone_too(store: Store) -> None:
    book = settled(store)
    gone = book.record(deleted_at=china(OPEN))
    book.queued(OPEN)
    everything = {number for (number,) in book.rows(sa.select(behavior.c.id))}
    assert gone in everything
    assert book.queued(OPEN, everything=True) == everything
