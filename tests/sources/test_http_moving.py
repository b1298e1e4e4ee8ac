"""A list changes while its pages are read: nothing is passed over in silence, nothing doubles."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from monitor.config import HttpSource
from monitor.store import Store, tables
from tests.servers.records import SHAPES, RecordsService, record
from tests.sources.deliveries import pulled, rows_of
from tests.sources.taken import taken

PLACES = ["pages by number", "pages by offset", "Link header", "next in the body"]
"""The shapes whose pages are places in a list."""

MOVED = (
    "the list was another one each of the 3 times that it was read: records may have been passed "
    "over; the next pull asks for them again"
)


def served(shape: str, count: int = 10, *, with_ids: bool = True) -> RecordsService:
    """A service of the shape; without ids its records are known by their document numbers."""
    made = [record(number) for number in range(1, count + 1)]
    if not with_ids:
        for one in made:
            del one["id"]
    return RecordsService(SHAPES[shape], made)


def once(service: RecordsService, request: int, change: Callable[[], object]) -> None:
    """The list changes before that request is answered."""

    def before(number: int) -> None:
        if number == request:
            change()

    service.before = before


@pytest.fixture(params=PLACES)
def service(request: pytest.FixtureRequest) -> Iterator[RecordsService]:
    """A service of each such shape, with ten records."""
    with served(request.param).running() as made:
        yield made


@pytest.fixture(params=PLACES)
def keyed(request: pytest.FixtureRequest) -> Iterator[RecordsService]:
    """The same, with records that have no ids."""
    with served(request.param, with_ids=False).running() as made:
        yield made


def test_a_record_that_leaves_a_page_already_read_hides_no_other(service: RecordsService) -> None:
    once(service, 2, lambda: service.records.pop(0))
    found = taken(service.source())
    assert set(found.ids) == {f"case-{number:03d}" for number in range(1, 11)}
    assert (found.remarks, found.error) == ([], None)


def test_a_record_that_is_put_in_lets_no_other_come_twice(service: RecordsService) -> None:
    once(service, 2, lambda: service.records.insert(0, record(99)))
    found = taken(service.source())
    assert {f"case-{number:03d}" for number in range(1, 11)} <= set(found.ids)
    assert (found.remarks, found.error) == ([], None)


def test_without_ids_a_record_that_comes_again_is_no_duplicate(
    keyed: RecordsService, store: Store, now: datetime
) -> None:
    new = record(99)
    del new["id"]
    once(keyed, 2, lambda: keyed.records.insert(2, new))
    source = HttpSource.model_validate(keyed.source())
    for _ in range(2):
        assert pulled(store, source, now).error is None
    landed = [row["document_no"] for row in rows_of(store, tables.expected)]
    assert sorted(landed) == sorted(one["documentNo"] for one in keyed.records)


def test_without_ids_a_record_that_changes_and_moves_is_no_duplicate(
    keyed: RecordsService,
) -> None:
    def change() -> None:
        changed = keyed.records.pop(0)
        keyed.records.append(changed | {"decidedOn": "2022-01-21"})

    once(keyed, 2, change)
    found = taken(keyed.source())
    assert len(found.cells) == 10
    (changed,) = [row for row in found.cells.values() if row["document_no"] == "示罚1号"]
    assert str(changed["due_basis_on"]) == "2022-01-21"
    assert (found.remarks, found.error) == ([], None)


def test_records_that_share_a_key_are_duplicates_on_whatever_pages_they_stand(
    keyed: RecordsService,
) -> None:
    keyed.records[8] |= {"documentNo": "示罚1号", "decidedOn": "2022-01-05"}
    found = taken(keyed.source())
    assert (found.remarks, found.error) == ([], None)
    (second,) = [key for key in found.cells if key.endswith("#2")]
    assert found.cells[second]["document_no"] == "示罚1号"
    assert len(found.cells) == 10
    assert set(found.ids) == set(taken(keyed.source()).ids)


def test_a_list_that_never_stands_still_is_read_three_times_and_remarked_on(
    service: RecordsService,
) -> None:
    service.records = [record(number) for number in range(1, 31)]

    def before(number: int) -> None:
        if number % 2 == 0:
            service.records.pop(0)

    service.before = before
    found = taken(service.source(cursor="updatedAt", since_param="updatedAfter"))
    assert MOVED in found.remarks
    assert (found.cursors, found.error) == ({}, None)
