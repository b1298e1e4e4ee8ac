"""What stands in a service's list and is no record costs no other record, and is told of."""

from typing import Any

import pytest

from tests.servers.records import record
from tests.servers.service import Asked, Reply, served
from tests.sources.taken import Taken, taken


def read(items: list[Any], paging: dict[str, Any]) -> Taken:
    """What is taken of the list, handed out in the way that the paging asks for."""

    def answer(asked: Asked) -> Reply:
        size = int(asked.query.get("size", len(items)))
        begin = int(asked.query.get("offset", (int(asked.query.get("page", 1)) - 1) * size))
        return Reply({"total": len(items), "items": items[begin : begin + size]})

    with served(answer) as address:
        return taken(
            {
                "name": "cases",
                "feed": "expected",
                "kind": "http",
                "url": f"{address}/cases",
                "columns": {"decidedOn": "due_basis_on"},
                "records": "items",
                "paging": paging,
            }
        )


PAGINGS: list[dict[str, Any]] = [
    {"kind": "none"},
    {"kind": "none", "total": "total"},
    {"kind": "page", "size": 3},
    {"kind": "page", "size": 3, "total": "total"},
    {"kind": "offset", "size": 3},
    {"kind": "offset", "size": 3, "total": "total"},
]


@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize("at", range(7))
def test_null_among_the_records_is_left_out_wherever_it_stands(
    paging: dict[str, Any], at: int
) -> None:
    items: list[Any] = [record(number) for number in range(1, 7)]
    found = read([*items[:at], None, *items[at:]], paging)
    assert found.error is None
    assert sorted(set(found.ids)) == [one["id"] for one in items]
    # by offset each later page begins with the last record of the one before
    page = {"none": 1, "page": at // 3 + 1, "offset": max(at + 1, 2) // 2}[paging["kind"]]
    assert found.remarks == [
        f"left out among the records what is no object, 1 in all: null (1), on page {page}"
    ]


def test_what_else_is_no_object_is_counted_by_what_it_is() -> None:
    items: list[Any] = [record(1), None, "x", 7, record(2), None, [], record(3), None]
    found = read(items, {"kind": "page", "size": 3})
    assert found.ids == ["case-001", "case-002", "case-003"]
    assert found.remarks == [
        "left out among the records what is no object, 6 in all: null (3), text or a number (2), "
        "a list (1), on page 1, 2, 3"
    ]


def test_a_page_of_nothing_but_null_is_no_end() -> None:
    items = [record(1), record(2), None, None, record(3)]
    found = read(items, {"kind": "page", "size": 2})
    assert found.ids == ["case-001", "case-002", "case-003"]
    assert len(found.remarks) == 1


def test_a_list_of_texts_alone_is_another_list() -> None:
    found = read(["a", "b"], {"kind": "none"})
    assert "expected a list of objects at items, found a list with text or a number" in str(
        found.error
    )
