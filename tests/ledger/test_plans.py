"""Plans of random checks and the objects drawn: every one of them is a check that must exist."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.store import Store
from monitor.store.tables import asked, drawn_object, expected, plan
from tests.ledger.book import A, B, Book

OPEN = "2022-02-10T09:00"
LATER = "2022-02-10T10:00"
END = date(2022, 1, 20)
CODE = "示范代码甲"


def asked_for(book: Book) -> list[tuple[Any, ...]]:
    """The live expected rows: department, object, name, day, month and whether one is matched."""
    e = expected.c
    query = sa.select(
        asked(expected),
        e.object_id,
        e.party_name,
        e.due_basis_on,
        e.month,
        e.behavior_id.is_not(None),
    ).where(e.deleted_at.is_(None))
    return book.rows(query.order_by(e.record_id))


def test_plan_and_drawn_objects_may_come_from_two_sources_in_either_order(store: Store) -> None:
    book = Book(store)
    book.draw("示范计划", ["甲", "乙"])
    book.tick(OPEN)
    assert asked_for(book) == []
    book.plan("示范计划", ends_on=END, source="plans")
    assert book.january(LATER).reasons == {"unentered": 2}
    assert asked_for(book) == [
        (A, "乙", "乙", END, "2022-01", False),
        (A, "甲", "甲", END, "2022-01", False),
    ]


def test_an_object_is_known_by_its_credit_code_or_its_name(store: Store) -> None:
    book = Book(store)
    book.plan("示范计划", ends_on=END)
    book.draw("示范计划", ["甲"], object_code=CODE)
    book.draw("示范计划", ["乙", "丙"])
    book.record(plan_id="示范计划", party_id=CODE, party_name="示范甲公司")
    book.record(plan_id="示范计划", object_name="乙")
    book.record(plan_id="另一计划", object_name="丙")
    assert book.january(OPEN).reasons == {"unentered": 1}
    assert [row[1] for row in asked_for(book) if not row[-1]] == ["丙"]


def test_an_object_that_is_drawn_twice_is_one_check(store: Store) -> None:
    book = Book(store)
    book.plan("示范计划", ["甲"], ends_on=END)
    book.draw("示范计划", ["甲"])
    assert book.january(OPEN).obligations == 1


def test_a_plan_that_ends_on_another_day_takes_its_checks_along(store: Store) -> None:
    book = Book(store)
    key = book.plan("示范计划", ["甲"], ends_on=END)
    assert book.january(OPEN).backlog == 1
    book.amend(plan, key, ends_on=date(2022, 2, 25))
    statement = book.january(LATER)
    assert (statement.obligations, sum(statement.moved_out.values())) == (0, 1)
    assert asked_for(book) == [(A, "甲", "甲", date(2022, 2, 25), "2022-02", False)]


@pytest.mark.parametrize("year", ["2021", "2021年", "2021年度"])
def test_a_plan_without_an_end_belongs_to_december_of_its_year(store: Store, year: str) -> None:
    book = Book(store)
    book.plan("示范计划", ["甲"], year=year)
    book.tick(OPEN)
    assert asked_for(book) == [(A, "甲", "甲", date(2021, 12, 31), "2021-12", False)]


def test_a_plan_without_end_and_year_belongs_to_the_day_it_was_first_seen(store: Store) -> None:
    book = Book(store)
    book.plan("示范计划", ["甲"], year="示范")
    book.tick(OPEN)
    assert asked_for(book) == [(A, "甲", "甲", None, "2022-01", False)]


@pytest.mark.parametrize("withdrawn", ["plan", "drawn object"])
def test_what_is_withdrawn_is_asked_for_no_more_until_it_comes_back(
    store: Store, withdrawn: str
) -> None:
    book = Book(store)
    its_plan = book.plan("示范计划", ["甲"], ends_on=END)
    (its_object,) = book.draw("示范计划", ["乙"])
    assert book.january(OPEN).backlog == 2
    table, key = (plan, its_plan) if withdrawn == "plan" else (drawn_object, its_object)
    book.withdraw(table, key)
    statement = book.january(LATER)
    left = 0 if withdrawn == "plan" else 1
    assert (statement.backlog, statement.moved_out) == (left, {"withdrawn": 2 - left})
    book.amend(table, key, deleted_at=None)
    assert book.january("2022-02-10T11:00").backlog == 2


SOURCES = [
    {"name": "drawn", "feed": "drawn_object", "kind": "files", "path": "*.csv", "department": B}
]


@pytest.mark.parametrize(
    ("told", "owner"),
    [
        ({"department": A}, A),
        ({"department": "示范1局"}, A),
        ({"department_name": "示范1局"}, A),
        ({"department_name": "示范一"}, A),
        ({"department": "50011201"}, A),
        ({"department": "示范二号", "department_name": "50011201"}, A),
        ({}, B),
    ],
)
def test_whose_a_plan_is_may_be_told_by_code_name_or_source(
    store: Store, told: dict[str, str], owner: str
) -> None:
    book = Book(store, (), sources=SOURCES)
    book.department(A, short_name="示范一", local_code="50011201")
    book.department(B)
    book.plan("示范计划", ["甲"], ends_on=END, **{"department": None} | told)
    for now in (OPEN, LATER):
        assert book.tick(now)[owner, "2022-01"].backlog == 1
        assert asked_for(book) == [(owner, "甲", "甲", END, "2022-01", False)]


@pytest.mark.parametrize("told", [{"department_name": "示范局"}, {"department": "示范二号"}, {}])
def test_a_plan_that_nobody_can_be_told_for_is_the_offices(
    store: Store, told: dict[str, str]
) -> None:
    book = Book(store, ())
    book.department(A, short_name="示范局")
    book.department(B, short_name="示范局")
    book.plan("示范计划", ["甲"], ends_on=END, **{"department": None} | told)
    assert book.tick(OPEN)["unknown", "2022-01"].obligations == 1


def test_a_plan_that_changes_hands_moves_its_checks(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.plan("示范计划", ["甲"], ends_on=END)
    assert book.january(OPEN).backlog == 1
    book.amend(plan, key, department=B)
    standing = book.tick(LATER)
    assert (standing[A, "2022-01"].backlog, standing[B, "2022-01"].backlog) == (0, 1)


def test_plans_that_are_as_they_were_cost_no_write(store: Store) -> None:
    book = Book(store, sources=SOURCES)
    key = book.plan("示范计划", ["甲", "乙"], ends_on=END, department=None)
    book.plan("年度计划", ["甲"], year="2022")
    book.tick(OPEN)
    book.amend(plan, key, plan_name="示范计划（一）")
    written: list[int] = []

    def count(*arguments: Any) -> None:
        cursor, statement = arguments[1], arguments[2]
        if statement.startswith(("UPDATE expected", "INSERT INTO expected")):
            written.append(cursor.rowcount)

    sa.event.listen(store.engine, "after_cursor_execute", count)
    book.tick(LATER)
    sa.event.remove(store.engine, "after_cursor_execute", count)
    assert len(written) >= 4
    assert set(written) == {0}
