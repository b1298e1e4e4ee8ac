"""Where a list ends, told by services each of which ends it in a way of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.records import record
from tests.servers.service import Asked, Reply, served
from tests.sources.taken import Taken, taken

RECORDS = [record(number) for number in range(1, 8)]
SEVEN = [one["id"] for one in RECORDS]
MENDED = "; somebody has to mend the settings or the service"


def read(answer: Callable[[Asked], Reply], **more: Any) -> tuple[Taken, list[Asked]]:
    """What such a service hands out, and what it was asked."""
    asked: list[Asked] = []

    def noted(request: Asked) -> Reply:
        asked.append(request)
        return answer(request)

    with served(noted) as address:
        own: dict[str, Any] = {
            "name": "cases",
            "feed": "expected",
            "kind": "http",
            "url": f"{address}/cases",
        }
        own |= {"columns": {"decidedOn": "due_basis_on"}, "records": "items"}
        return taken(own | more), asked


def page(number: int, size: int = 3) -> list[dict[str, Any]]:
    return RECORDS[(number - 1) * size : number * size]


def test_a_service_that_knows_no_page_after_its_last_gives_that_one_again() -> None:
    found, asked = read(
        lambda asked: Reply({"items": page(min(int(asked.query["page"]), 3))}),
        paging={"kind": "page", "size": 3},
    )
    assert (found.ids, found.remarks, found.error) == (SEVEN, [], None)
    assert [one.query["page"] for one in asked] == ["1", "2", "3", "4", "1"]


def test_a_service_that_has_no_page_after_its_last_says_404() -> None:
    def answer(asked: Asked) -> Reply:
        found = page(int(asked.query["page"]))
        return Reply({"items": found}) if found else Reply({"detail": "Invalid page."}, 404)

    found, _ = read(answer, paging={"kind": "page", "size": 3})
    assert (found.ids, found.error) == (SEVEN, None)


def test_404_after_a_full_page_may_be_a_fault() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply({"items": page(1)}) if asked.query["page"] == "1" else Reply({}, 404)

    found, _ = read(answer, paging={"kind": "page", "size": 3})
    assert found.ids == SEVEN[:3]
    assert str(found.error).endswith(
        "page 2: expected 200, found 404 Not Found; where the list ends, paging.total can say"
        + MENDED
    )


def test_a_service_that_pages_under_other_names_is_no_short_list() -> None:
    found, _ = read(lambda _: Reply({"items": RECORDS}), paging={"kind": "page", "size": 7})
    assert found.ids == SEVEN
    assert "found the first one once more. Is page the service's own name" in str(found.error)


def test_a_service_that_hands_out_fewer_than_were_asked_for_is_read_to_its_end() -> None:
    found, _ = read(
        lambda asked: Reply({"items": page(int(asked.query["page"]), 2)}),
        paging={"kind": "page", "size": 100},
    )
    assert (found.ids, found.error) == (SEVEN, None)


def test_a_page_from_which_something_is_left_out_is_not_the_last() -> None:
    def answer(asked: Asked) -> Reply:
        number = int(asked.query["page"])
        return Reply({"items": page(number)[:2] if number == 2 else page(number)})

    found, _ = read(answer, paging={"kind": "page", "size": 3})
    assert (found.ids, found.error) == ([*SEVEN[:5], SEVEN[6]], None)


def test_a_service_that_rounds_offsets_down_to_pages_is_read_to_its_end() -> None:
    found, asked = read(
        lambda asked: Reply({"items": page(int(asked.query["offset"]) // 3 + 1)}),
        paging={"kind": "offset", "size": 3},
    )
    assert (found.ids, found.remarks, found.error) == (SEVEN, [], None)
    assert [one.query["offset"] for one in asked] == ["0", "2", "3", "6", "7", "0"]


def test_a_scroll_that_keeps_its_name_ends_where_it_gives_nothing() -> None:
    pages = iter([page(1), page(2), page(3), []])
    found, _ = read(
        lambda _: Reply({"items": next(pages), "next": "scroll-1"}), paging={"kind": "cursor"}
    )
    assert (found.ids, found.error) == (SEVEN, None)


def test_pages_that_lead_back_are_a_circle() -> None:
    def answer(asked: Asked) -> Reply:
        at = asked.query.get("cursor", "a")
        return Reply({"items": page({"a": 1, "b": 2, "c": 3}[at]), "next": "bca"["abc".index(at)]})

    found, _ = read(answer, paging={"kind": "cursor"})
    assert "the pages go round in a circle" in str(found.error)


@pytest.mark.parametrize(
    ("told", "shares"),
    [({"total": "total"}, [3 / 7, 6 / 7, 1.0]), ({}, [None, None, None])],
)
def test_a_total_says_how_much_of_the_list_is_read(
    told: dict[str, str], shares: list[float | None]
) -> None:
    found, _ = read(
        lambda asked: Reply({"items": page(int(asked.query["page"])), "total": 7}),
        batch_rows=3,
        paging={"kind": "page", "size": 3} | told,
    )
    assert (found.ids, found.shares, found.error) == (SEVEN, shares, None)


def test_fewer_records_than_were_said_are_remarked_on() -> None:
    found, _ = read(
        lambda asked: Reply({"items": page(int(asked.query["page"])), "total": 9}),
        paging={"kind": "page", "size": 3, "total": "total"},
    )
    assert (found.ids[:7], found.error) == (SEVEN, None)
    assert found.remarks == ["said to hold 9 records, handed out 7 different ones"]


def test_a_single_answer_that_is_not_all_is_remarked_on() -> None:
    found, asked = read(lambda _: Reply({"items": page(1), "total": 7}), paging={"total": "total"})
    assert found.remarks == ["said to hold 7 records, handed out 3 different ones"]
    assert len(asked) == 1


def test_a_total_that_is_none_is_explained() -> None:
    found, _ = read(
        lambda _: Reply({"items": page(1), "total": "many"}),
        paging={"kind": "page", "total": "total"},
    )
    assert "expected the number of all records at total, found many" in str(found.error)


@pytest.mark.parametrize("there", ["http://localhost:1/cases", "//other.example/cases", "http://["])
def test_a_next_page_elsewhere_is_never_asked(there: str) -> None:
    found, asked = read(
        lambda _: Reply({"items": page(1), "next": there}),
        paging={"kind": "link"},
        token="not-for-others",
    )
    assert found.ids == SEVEN[:3]
    assert "where no token is sent" in str(found.error) or "an address" in str(found.error)
    assert len(asked) == 1


def test_records_without_id_or_key_are_the_same_wherever_they_stand() -> None:
    bare = [{"decidedOn": "2022-01-20", "kind": "punish", "违法事实": n} for n in "甲乙丙丁"]

    def answer(asked: Asked) -> Reply:
        begin = (int(asked.query["page"]) - 1) * 3
        return Reply({"items": bare[begin : begin + 3]})

    paging = {"kind": "page", "size": 3}
    first, _ = read(answer, paging=paging)
    bare.insert(0, {"decidedOn": "2022-01-21", "kind": "punish", "违法事实": "戊"})
    second, _ = read(answer, paging=paging)
    assert len(first.ids) == 4
    assert set(first.ids) < set(second.ids)
    assert len(set(second.ids)) == 5
