"""One contract for every shape of service: all is read, nothing twice, and no secret is told."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import stamina
from structlog.testing import capture_logs

from monitor.config import HttpSource
from monitor.store import Store, tables
from tests.servers.records import SHAPES, RecordsService, record
from tests.servers.service import Reply
from tests.sources.deliveries import pulled, rows_of
from tests.sources.taken import taken

SEVEN = [f"case-{number:03d}" for number in range(1, 8)]


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Retries don't wait."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture(params=SHAPES)
def service(request: pytest.FixtureRequest) -> Iterator[RecordsService]:
    """A service of each shape, which holds seven records."""
    made = RecordsService(SHAPES[request.param], [record(number) for number in range(1, 8)])
    with made.running():
        yield made


def test_every_record_is_read_once(service: RecordsService) -> None:
    found = taken(service.source())
    assert (found.ids, found.remarks, found.error) == (SEVEN, [], None)
    assert found.cells["case-007"]["document_no"] == "示罚7号"


def test_records_land_once_however_often_they_are_read(
    service: RecordsService, store: Store, now: datetime
) -> None:
    source = HttpSource.model_validate(service.source())
    first, again = pulled(store, source, now), pulled(store, source, now)
    assert (first.error, first.read, first.landed) == (None, 7, 7)
    assert (again.error, again.landed) == (None, 0)
    assert [row["record_id"] for row in rows_of(store, tables.expected)] == SEVEN


def test_a_service_without_records_was_read(service: RecordsService) -> None:
    service.records = []
    found = taken(service.source())
    assert (found.ids, found.remarks, found.error) == ([], [], None)


@pytest.mark.parametrize("count", [1, 3, 6])
def test_lists_of_any_length_end_where_they_end(service: RecordsService, count: int) -> None:
    service.records = [record(number) for number in range(1, count + 1)]
    found = taken(service.source())
    assert (found.ids, found.remarks, found.error) == (SEVEN[:count], [], None)


def test_a_refusal_is_told_without_the_token_that_it_repeats(
    service: RecordsService, store: Store, now: datetime
) -> None:
    wrong = "wrong-and-not-to-be-told"
    secret = "password" if "password" in service.shape.settings else "token"
    with capture_logs() as log:
        source = HttpSource.model_validate(service.source(**{secret: wrong}))
        report = pulled(store, source, now)
    assert report.error in [
        f"{service.url}: {found}; somebody has to mend the settings or the service"
        for found in (
            "expected 200, found 401 Unauthorized",
            "expected 1 at status.code, found 0: 令牌 *** 无效",
            "expected 0000 at resultCode, found 1001: token=*** 已过期",
        )
    ]
    assert wrong not in f"{report} {log}"


def test_a_service_that_fails_for_a_moment_is_asked_again(service: RecordsService) -> None:
    service.next += [
        Reply("busy", 429, {"Retry-After": "30"}),
        Reply("gone", 503, {"Retry-After": "Fri, 28 Jan 2022 02:00:10 GMT"}),
    ]
    found = taken(service.source())
    assert (found.ids, found.error) == (SEVEN, None)


def test_what_was_read_before_a_failure_is_handed_out(service: RecordsService) -> None:
    def fail(request: int) -> None:
        if request > 1:
            service.next.append(Reply("down", 500))

    service.before = fail
    found = taken(service.source())
    assert (found.ids, found.cursors) == (SEVEN[:3], {})
    assert str(found.error) == (
        f"{service.url} page 2: expected 200, found 500 Internal Server Error; "
        "the next pull tries again"
    )
    assert len(service.asked) == 1 + 3


def test_an_answer_that_is_cut_off_is_asked_for_again(service: RecordsService) -> None:
    service.next += [Reply([{"id": "case-001"}], cut=5), Reply(b'{"data": {"items": [{"id": "ca')]
    found = taken(service.source())
    assert (found.ids, found.error) == (SEVEN, None)


def test_pages_larger_than_a_batch_are_handed_out_in_batches(service: RecordsService) -> None:
    found = taken(service.source(batch_rows=2))
    assert (found.ids, found.largest) == (SEVEN, 2)


def test_a_body_that_is_a_page_for_people_is_explained(service: RecordsService) -> None:
    page = "<!DOCTYPE html><title>统一身份\n认证</title><p>请登录".encode()
    service.next.append(Reply(page, headers={"Content-Type": "text/html; charset=utf-8"}))
    found = taken(service.source())
    assert str(found.error) == (
        f'{service.url}: expected JSON, found a page "统一身份 认证" (text/html; charset=utf-8); '
        "somebody has to mend the settings or the service"
    )
    assert len(service.asked) == 1
