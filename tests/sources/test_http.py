"""A JSON service is read page by page, tried again where that may help, and never told on."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stamina
from structlog.testing import capture_logs

from monitor.config import HttpSource
from monitor.store import Store, tables
from tests.sources.deliveries import pulled, rows_of

Answer = tuple[int, Any, dict[str, str]]
Asked = dict[str, str]


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Retries don't wait."""
    with stamina.set_testing(True, attempts=3):
        yield


@contextmanager
def service(answer: Callable[[str, Asked, Any], Answer]) -> Iterator[str]:
    """A service on loopback; `answer` gets path, parameters and headers. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body, headers = answer(parts.path, dict(parse_qsl(parts.query)), self.headers)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/decisions"
    finally:
        server.shutdown()
        server.server_close()


def record(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "kind": "punish",
        "documentNo": f"示罚{number}号",
        "决定日期": "2022-01-20",
    }


def source(url: str, **more: Any) -> HttpSource:
    settings = {"name": "cases", "feed": "expected", "kind": "http", "url": url, "timeout": "1s"}
    return HttpSource.model_validate(settings | {"records": "data.items"} | more)


def page_of(records: list[dict[str, Any]], **more: Any) -> Answer:
    return 200, {"data": {"items": records, **more}}, {}


def by_page(asked: Asked) -> Answer:
    page, size = int(asked["page"]), int(asked["size"])
    return page_of([record(n) for n in range(7)][(page - 1) * size : page * size])


def by_offset(asked: Asked) -> Answer:
    offset = int(asked["offset"])
    return page_of([record(n) for n in range(7)][offset : offset + min(2, int(asked["size"]))])


def by_cursor(asked: Asked) -> Answer:
    start = int(asked.get("cursor", 0))
    following = str(start + 3) if start + 3 < 7 else None
    return page_of([record(n) for n in range(7)][start : start + 3], next=following)


def by_link(asked: Asked) -> Answer:
    start = int(asked.get("from", 0))
    status, body, _ = page_of([record(n) for n in range(7)][start : start + 3])
    link = {"Link": f'</decisions?from={start + 3}>; rel="next"'} if start + 3 < 7 else {}
    return status, body, link


@pytest.mark.parametrize(
    ("paging", "answer"),
    [
        ({"kind": "none"}, lambda _: page_of([record(n) for n in range(7)])),
        ({"kind": "page", "size": 3}, by_page),
        ({"kind": "page", "size": 7}, by_page),
        ({"kind": "page", "size": 500}, lambda _: page_of([record(n) for n in range(7)])),
        ({"kind": "offset", "size": 3}, by_offset),
        ({"kind": "cursor", "size": 3, "next": "data.next"}, by_cursor),
        ({"kind": "link"}, by_link),
    ],
    ids=["none", "page", "full page", "paging ignored", "offset", "cursor", "link"],
)
def test_every_page_is_read(
    store: Store, now: datetime, paging: dict[str, Any], answer: Callable[[Asked], Answer]
) -> None:
    with service(lambda _path, asked, _headers: answer(asked)) as url:
        report = pulled(store, source(url, paging=paging), now)
        again = pulled(store, source(url, paging=paging), now)
    assert report.error is None
    assert [row["record_id"] for row in rows_of(store, tables.expected)] == [*"0123456"]
    assert again.landed == 0


def test_the_token_is_sent_and_told_to_nobody(store: Store, now: datetime) -> None:
    def answer(_path: str, _asked: Asked, headers: Any) -> Answer:
        return (200 if headers["Authorization"] == "Bearer s3cret-word" else 401), [], {}

    with service(answer) as url, capture_logs() as log:
        assert pulled(store, source(url, records="", token="s3cret-word"), now).error is None
        refused = pulled(store, source(url + "?key=s3cret", token="wrong-word"), now)
        unreached = pulled(
            store, source("http://127.0.0.1:1/?key=s3cret", token="s3cret-word"), now
        )
    assert "s3cret" not in f"{log} {refused} {unreached}"
    assert refused.error == f"{url}: expected 200, found 401 Unauthorized"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_is_asked_again(store: Store, now: datetime, status: int) -> None:
    asked = []

    def answer(_path: str, parameters: Asked, _headers: Any) -> Answer:
        asked.append(parameters)
        return page_of([record(1)]) if len(asked) == 3 else (status, [], {"Retry-After": "30"})

    with service(answer) as url:
        report = pulled(store, source(url), now)
    assert (report.error, report.landed, len(asked)) == (None, 1, 3)


def test_a_service_that_does_not_answer_in_time_is_given_up(store: Store, now: datetime) -> None:
    released = threading.Event()

    def answer(_path: str, _asked: Asked, _headers: Any) -> Answer:
        released.wait(30)
        return page_of([])

    with stamina.set_testing(True, attempts=1), service(answer) as url:
        report = pulled(store, source(url), now)
        released.set()
    assert report.error == f"{url}: no answer within 1 s"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, [], {}), "expected 200, found 404 Not Found"),
        ((200, b"<html>", {"Content-Type": "text/html"}), "expected JSON, found text/html"),
        ((200, {"items": []}, {}), "a list of objects at data.items, found an object with items"),
        (page_of([{"甲": 1, "乙": 2}]), "page 1: no header row of feed expected"),
    ],
)  # fmt: skip
def test_a_useless_answer_is_explained(
    store: Store, now: datetime, answer: Answer, said: str
) -> None:
    with service(lambda *_: answer) as url:
        error = pulled(store, source(url), now).error
    assert error is not None
    assert said in error


def test_a_wrong_address_is_explained(store: Store, now: datetime) -> None:
    error = pulled(store, source("http://127.0.0.1:1/decisions?token=s3cret"), now).error
    assert error is not None
    assert error.startswith("http://127.0.0.1:1/decisions: can't be reached: ")


def test_pages_that_repeat_end_with_an_error_and_keep_what_landed(
    store: Store, now: datetime
) -> None:
    full = page_of([record(1), record(2)])
    with service(lambda *_: full) as url:
        report = pulled(store, source(url, paging={"kind": "page", "size": 2}), now)
    assert report.error == f"{url}: page 2 is the one before once more"
    assert report.landed == 2


def test_the_token_is_not_carried_to_another_host(store: Store, now: datetime) -> None:
    answer = (*page_of([record(1)])[:2], {"Link": '<http://localhost:1/>; rel="next"'})
    with service(lambda *_: answer) as url:
        report = pulled(store, source(url, paging={"kind": "link"}, token="s3cret-word"), now)
    assert report.error == f"{url}: expected the next page there, found it elsewhere"


def test_nested_records_are_read_by_dotted_names(store: Store, now: datetime) -> None:
    nested = {"id": 1, "act": {"kind": "行政处罚", "no": "示罚1号"}, "决定日期": "2022-01-20"}
    columns = {"act.kind": "kind", "act.no": "文书号"}
    with service(lambda *_: page_of([nested])) as url:
        pulled(store, source(url, columns=columns), now)
    (row,) = rows_of(store, tables.expected)
    assert (row["kind"], row["document_no"]) == ("punish", "示罚1号")
