"""The history of one act: what was delivered of it, its reasons in time, and its age."""

import json
from datetime import date

import pytest
import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger.unit_history import Standing, UnitHistory, histories
from monitor.store import Store
from monitor.store.tables import behavior, exemption, expected
from tests.ledger.book import A, B, Book, china

CODE = "示范检查-1"


def told(
    book: Book, code: str = CODE, department: str = A, now: str = "2022-02-10T09:00"
) -> tuple[UnitHistory, ...]:
    """The history as of an instant, without another look at the ledger."""
    book.commit()
    with book.store.reading() as connection:
        return histories(connection, book.settings, department, code, china(now))


def changes(history: UnitHistory) -> list[tuple[str | None, str | None, str]]:
    return [(each.from_reason, each.to_reason, each.cause.value) for each in history.events]


def by(history: UnitHistory) -> list[str | None]:
    """The identities of what made each event so."""
    return [each.by.record_id if each.by else None for each in history.events]


def identity(book: Book, table: sa.Table, key: int) -> str:
    """What the row's source calls it."""
    ((found,),) = book.rows(sa.select(table.c.record_id).where(table.c.id == key))
    assert isinstance(found, str)
    return found


def test_an_act_is_found_by_its_document_number_whatever_its_brackets(store: Store) -> None:
    book = Book(store)
    book.expect("punish", document_no="示罚〔2022〕13号")
    book.tick("2022-01-20T09:00")
    [found] = told(book, "示罚(2022) 13号")
    assert found.line is not None
    assert found.line.document_no == "示罚〔2022〕13号"
    assert told(book, "示罚(2022)14号") == ()
    book.record(action_code=CODE)
    assert told(book, " ") == ()


def test_every_change_of_reason_is_told_with_its_cause_until_it_is_cleared(store: Store) -> None:
    book = Book(store)
    key = book.record(status="draft", submitted=None, action_code=CODE)
    book.tick("2022-01-20T09:00")
    book.change(key, status="pending", submitted_at=china("2022-01-21T08:00"))
    book.tick("2022-01-21T09:00")
    [waiting] = told(book, now="2022-01-27T09:00")
    assert (waiting.standing, waiting.age, waiting.until) == (Standing.REMAINS, 5, None)
    book.change(key, status="accepted")
    book.tick("2022-01-25T09:00")
    [found] = told(book)
    assert changes(found) == [
        (None, "draft", "found"),
        ("draft", "pending", "submitted"),
        ("pending", None, "accepted"),
    ]
    assert (found.standing, found.since, found.until, found.age) == (
        Standing.CLEARED,
        china("2022-01-20T09:00"),
        china("2022-01-25T09:00"),
        3,
    )


def test_an_expected_act_keeps_its_history_when_its_record_comes(store: Store) -> None:
    book = Book(store)
    book.expect(action_code=CODE, source="cases")
    book.tick("2022-01-20T09:00")
    book.record(action_code=CODE, source="checks", first_seen_at=china("2022-01-21T08:00"))
    book.tick("2022-01-21T09:00")
    [found] = told(book)
    assert [(each.is_record, each.source) for each in found.delivered] == [
        (False, "cases"),
        (True, "checks"),
    ]
    assert changes(found) == [(None, "unentered", "found"), ("unentered", None, "entered")]


def test_an_act_is_found_by_the_department_that_had_it_and_by_nobody_elses(store: Store) -> None:
    book = Book(store, (A, B))
    key = book.record(status="draft", submitted=None, action_code=CODE)
    book.tick("2022-01-20T09:00")
    assert told(book, department=B) == ()
    book.change(key, implement_institution_code=B)
    book.tick("2022-01-21T09:00")
    [was], [has], [of_all] = (told(book, department=code) for code in (A, B, "district"))
    assert was == has == of_all
    assert was.department == B
    assert [(each.department, each.cause) for each in was.events[1:]] == [
        (A, "transferred"),
        (B, "transferred"),
    ]
    assert told(book, "示范检查-9", "district") == ()


def test_what_an_exemption_took_out_names_it(store: Store) -> None:
    book = Book(store)
    book.record(status="draft", submitted=None, action_code=CODE)
    book.tick("2022-01-20T09:00")
    number = book.exempt("unit", action_code=CODE)
    book.exempt("unit", action_code=CODE, ends_on=date(2022, 1, 9))
    book.tick("2022-01-21T09:00")
    [found] = told(book)
    assert (found.standing, found.exemptions) == (Standing.EXEMPT, (number,))
    assert changes(found)[-1] == ("draft", None, "exempted")


def test_a_withdrawn_act_is_gone_and_still_has_its_history(store: Store) -> None:
    book = Book(store)
    key = book.expect(action_code=CODE)
    book.tick("2022-01-20T09:00")
    book.withdraw(expected, key)
    book.tick("2022-02-10T09:00")
    [found] = told(book)
    assert (found.standing, found.line) == (Standing.GONE, None)
    assert found.delivered[0].withdrawn_at is not None
    document = json.loads(json.dumps(found.to_json()))
    assert (document["month"], document["events"][-1]["cause"]) == ("2022-01", "withdrawn")


def test_an_act_without_a_code_is_found_by_the_record_of_its_source(store: Store) -> None:
    source = {"name": "test", "feed": "check", "kind": "files", "path": "*.csv"}
    book = Book(store)
    book.settings = Settings.model_validate({"source": [source | {"status": "accepted"}]})
    book.record(action_code=None, record_id="记录-7")
    book.tick("2022-01-20T09:00")
    [found] = told(book, "记录-7")
    assert (found.standing, found.events, found.age) == (Standing.CLEARED, (), None)


def test_the_record_that_came_for_an_expected_act_is_named(store: Store) -> None:
    book = Book(store)
    book.expect(action_code=CODE)
    book.tick("2022-01-20T10:00")
    record = book.record(action_code=CODE, status="draft", first_seen_at=china("2022-01-21T10:00"))
    book.tick("2022-01-21T10:00")
    book.change(record, status="accepted", status_at=china("2022-01-25T10:00"))
    book.tick("2022-01-25T10:00")
    [found] = told(book)
    name = identity(book, behavior, record)
    assert by(found) == [None, name, name]
    assert [each.age for each in found.events] == [0, 1, 3]


@pytest.mark.parametrize("known_from", ["expected", "record"])
def test_the_exemption_that_took_an_act_out_is_named(store: Store, known_from: str) -> None:
    book = Book(store)
    book.item("0101")
    if known_from == "expected":
        book.expect(action_code=CODE, item_code="0101")
    else:
        book.record(action_code=CODE, status="draft", items=["0101"])
    book.tick("2022-01-20T10:00")
    book.exempt("department", department=B)
    key = book.exempt("item", item_code="0101")
    book.tick("2022-01-21T10:00")
    [found] = told(book)
    assert changes(found)[-1][1:] == (None, "exempted")
    assert by(found)[-1] == identity(book, exemption, key)


@pytest.mark.parametrize("known_from", ["expected", "record"])
def test_an_act_that_is_exempt_no_more_comes_back_for_that_cause(
    store: Store, known_from: str
) -> None:
    book = Book(store)
    if known_from == "expected":
        book.expect(action_code=CODE)
    else:
        book.record(action_code=CODE, fails=["06"])
    key = book.exempt("department", department=A)
    book.tick("2022-01-20T10:00")
    book.amend(exemption, key, ends_on=date(2022, 1, 1))
    book.tick("2022-01-21T10:00")
    [found] = told(book)
    assert [(was, cause) for was, _now, cause in changes(found)] == [(None, "exempt_no_more")]


def test_an_act_whose_twin_was_withdrawn_comes_back_for_that_cause(store: Store) -> None:
    book = Book(store)
    first = book.record(action_code=CODE)
    book.record(action_code=CODE, fails=["06"])
    book.tick("2022-01-20T10:00")
    book.withdraw(behavior, first)
    book.queue(first)
    book.tick("2022-01-21T10:00")
    [found] = [each for each in told(book) if each.standing is Standing.REMAINS]
    assert changes(found) == [(None, "invalid", "duplicate_no_more")]


@pytest.mark.parametrize("fails", [[], ["06"]], ids=["cleared", "backlog"])
@pytest.mark.parametrize("cause", ["matched", "deleted"])
def test_an_expected_act_that_its_record_answers_no_more_says_whether_that_was_deleted(
    store: Store, fails: list[str], cause: str
) -> None:
    book = Book(store)
    book.expect(action_code=CODE)
    record = book.record(action_code=CODE, fails=fails)
    book.tick("2022-01-20T10:00")
    if cause == "matched":
        book.change(record, action_code="示范检查-9")
    else:
        book.withdraw(behavior, record)
        book.queue(record)
    book.tick("2022-01-21T10:00")
    [found] = [each for each in told(book) if each.standing is Standing.REMAINS]
    assert changes(found)[-1][1:] == ("unentered", cause)


def test_the_record_that_an_act_repeats_is_named(store: Store) -> None:
    book = Book(store)
    first = book.record(action_code="示范检查-0", status="draft")
    second = book.record(action_code=CODE, status="draft")
    book.tick("2022-01-20T10:00")
    book.change(second, action_code="示范检查-0")
    book.tick("2022-01-21T10:00")
    [found] = [each for each in told(book, "示范检查-0") if len(each.events) == 2]
    assert changes(found)[-1] == ("draft", None, "duplicate")
    assert by(found)[-1] == identity(book, behavior, first)


def test_an_act_that_moves_to_another_month_keeps_its_age(store: Store) -> None:
    book = Book(store)
    record = book.record(action_code=CODE, status="draft")
    book.tick("2022-01-20T10:00")
    book.change(record, occurred_on=date(2021, 12, 30))
    book.tick("2022-01-21T10:00")
    [found] = told(book, now="2022-01-25T10:00")
    assert [(each.age, str(each.month), each.to_reason) for each in found.events] == [
        (0, "2022-01", "draft"),
        (1, "2022-01", None),
        (1, "2021-12", "draft"),
    ]
    assert (found.until, found.age) == (None, 3)


def test_an_act_that_comes_back_begins_its_age_anew(store: Store) -> None:
    book = Book(store)
    record = book.record(action_code=CODE, status="draft")
    book.tick("2022-01-20T10:00")
    book.change(record, status="accepted")
    book.tick("2022-01-21T10:00")
    book.change(record, status="returned", status_at=china("2022-01-24T10:00"))
    book.tick("2022-01-24T10:00")
    [found] = told(book, now="2022-01-25T10:00")
    assert [each.age for each in found.events] == [0, 1, 0]
    assert (found.until, found.age) == (None, 1)
