"""Services on loopback that hand out records in the shapes of the real ones.

Each shape has its paging, its place for the token, its way of saying that something went wrong, and
the settings that a source needs to read it.
"""

import base64
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.servers.service import Asked, Reply, served

TOKEN = "loopback-not-a-real-token"
PATH = "/decisions"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for: so many records from a place in the list on, or after an id."""

    token: str | None
    size: int
    begin: int = 0
    after: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of service is asked and answers.

    `settings` are those of a source that reads it in pages of three. `answer` gets the records of
    the page, how many there are in all, where the page ends, and whether more come; `refusal` the
    token that isn't the right one.
    """

    settings: Mapping[str, Any]
    wanted: Callable[[Asked], Wanted]
    answer: Callable[[list[Record], int, int, bool], Reply]
    refusal: Callable[[str], Reply]


class RecordsService:
    """A service of one shape; its list can be changed while it is read.

    `before` is called before the page of the request is made, with the request's number from 1;
    replies in `next` go out instead of the service's own.
    """

    def __init__(self, shape: Shape, records: list[Record]) -> None:
        self.shape = shape
        self.records = records
        self.asked: list[Asked] = []
        self.next: deque[Reply] = deque()
        self.before: Callable[[int], None] = lambda _: None
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["RecordsService"]:
        """Serve until the block ends."""
        with served(self.reply) as address:
            self.url = address + PATH
            yield self

    def source(self, **more: Any) -> dict[str, Any]:
        """The settings of a source that reads it."""
        own = {"name": "cases", "feed": "expected", "kind": "http", "url": self.url}
        return own | dict(self.shape.settings) | more

    def reply(self, asked: Asked) -> Reply:
        """What the service says."""
        self.asked.append(asked)
        self.before(len(self.asked))
        if self.next:
            return self.next.popleft()
        wanted = self.shape.wanted(asked)
        if wanted.token != TOKEN:
            return self.shape.refusal(wanted.token or "")
        found = [r for r in self.records if wanted.since is None or r["updatedAt"] >= wanted.since]
        begin = wanted.begin
        if wanted.after is not None:
            begin = sum(str(record["id"]) <= wanted.after for record in found)
        page = found[begin : begin + wanted.size]
        end = begin + len(page)
        return self.shape.answer(page, len(found), end, end < len(found))


def record(number: int, **more: Any) -> Record:
    """A penalty that a department decided on; made up."""
    return {
        "id": f"case-{number:03d}",
        "kind": "punish",
        "documentNo": f"示罚{number}号",
        "decidedOn": "2022-01-20",
        "updatedAt": f"2022-01-21 08:{number % 60:02d}:00",
    } | more


_FEED = {"columns": {"decidedOn": "due_basis_on"}, "records": "data.items"}
_SINCE = {"cursor": "updatedAt", "since_param": "updatedAfter"}


def _bearer(asked: Asked) -> str | None:
    return asked.headers.get("Authorization", "").removeprefix("Bearer ") or None


def _page_wanted(asked: Asked) -> Wanted:
    size = int(asked.query["size"])
    begin = (int(asked.query["page"]) - 1) * size
    return Wanted(_bearer(asked), size, begin, since=asked.query.get("updatedAfter"))


def _page_answer(page: list[Record], total: int, _end: int, _more: bool) -> Reply:
    return Reply({"data": {"items": page, "total": total}})


def _offset_wanted(asked: Asked) -> Wanted:
    query = asked.query
    return Wanted(asked.headers.get("X-Access-Token"), int(query["limit"]), int(query["start"]))


def _offset_answer(page: list[Record], total: int, _end: int, _more: bool) -> Reply:
    return Reply({"rows": page, "count": str(total)})


def _cursor_wanted(asked: Asked) -> Wanted:
    login = asked.headers.get("Authorization", "").removeprefix("Basic ")
    _, _, password = base64.b64decode(login).decode().partition(":")
    return Wanted(password, int(asked.query["size"]), after=asked.query.get("cursor"))


def _cursor_answer(page: list[Record], _total: int, _end: int, more: bool) -> Reply:
    return Reply({"data": {"items": page}, "next": page[-1]["id"] if more else None})


def _body_cursor_wanted(asked: Asked) -> Wanted:
    body = asked.body
    return Wanted(body["auth"]["token"], body["query"]["limit"], after=body["query"].get("after"))


def _body_cursor_answer(page: list[Record], _total: int, _end: int, more: bool) -> Reply:
    after = page[-1]["id"] if page else "case-000"
    return Reply({"data": {"items": page, "after": after, "hasMore": more}})


def _link_wanted(asked: Asked) -> Wanted:
    return Wanted(_bearer(asked), 3, int(asked.query.get("from", 0)))


def _link_answer(page: list[Record], _total: int, end: int, more: bool) -> Reply:
    links = f'<{PATH}?from=0>; rel="first", <{PATH}?from={end}>; rel="next"'
    return Reply(page, headers={"Link": links} if more else {})


def _next_answer(page: list[Record], total: int, end: int, more: bool) -> Reply:
    following = f"{PATH}?from={end}" if more else None
    return Reply({"count": total, "next": following, "results": page})


def _params_wanted(asked: Asked) -> Wanted:
    params = asked.body["params"]
    begin = params["currentPageIndex"] * params["pageSize"]
    return Wanted(asked.body["token"], params["pageSize"], begin, since=params.get("updatedAfter"))


def _params_answer(page: list[Record], total: int, _end: int, _more: bool) -> Reply:
    status = {"code": 1, "text": "请求成功"}
    return Reply({"status": status, "custom": {"total": total, "infoList": page}})


def _content_wanted(asked: Asked) -> Wanted:
    told = json.loads(asked.body["param"])
    size = int(told["pageSize"])
    return Wanted(asked.body["token"], size, (int(told["pageNo"]) - 1) * size)


def _content_answer(page: list[Record], total: int, _end: int, _more: bool) -> Reply:
    content = json.dumps({"total": total, "rows": page}, ensure_ascii=False)
    return Reply({"resultCode": "0000", "resultMsg": "成功", "resultContent": content})


def _unauthorized(token: str) -> Reply:
    return Reply({"message": f"{token} is wrong"}, 401)


def _no_params(token: str) -> Reply:
    return Reply({"status": {"code": 0, "text": f"令牌 {token} 无效"}, "custom": None})


def _no_content(token: str) -> Reply:
    return Reply({"resultCode": "1001", "resultMsg": f"token={token} 已过期"})


SHAPES = {
    "pages by number": Shape(
        _FEED
        | _SINCE
        | {"token": TOKEN, "paging": {"kind": "page", "size": 3, "total": "data.total"}},
        _page_wanted,
        _page_answer,
        _unauthorized,
    ),
    "pages by offset": Shape(
        {
            "columns": {"decidedOn": "due_basis_on"},
            "records": "rows",
            "token": TOKEN,
            "token_header": "X-Access-Token",
            "token_prefix": "",
            "paging": {
                "kind": "offset",
                "size": 3,
                "offset_param": "start",
                "size_param": "limit",
                "total": "count",
            },
        },
        _offset_wanted,
        _offset_answer,
        _unauthorized,
    ),
    "cursor in the query": Shape(
        _FEED | {"user": "reader", "password": TOKEN, "paging": {"kind": "cursor", "size": 3}},
        _cursor_wanted,
        _cursor_answer,
        _unauthorized,
    ),
    "cursor in the body": Shape(
        _FEED
        | {
            "method": "POST",
            "token": TOKEN,
            "token_at": "auth.token",
            "params_at": "query",
            "paging": {
                "kind": "cursor",
                "size": 3,
                "cursor_param": "after",
                "size_param": "limit",
                "next": "data.after",
                "more": "data.hasMore",
            },
        },
        _body_cursor_wanted,
        _body_cursor_answer,
        _unauthorized,
    ),
    "Link header": Shape(
        {
            "columns": {"decidedOn": "due_basis_on"},
            "token": TOKEN,
            "paging": {"kind": "link"},
        },
        _link_wanted,
        _link_answer,
        _unauthorized,
    ),
    "next in the body": Shape(
        {
            "columns": {"decidedOn": "due_basis_on"},
            "token": TOKEN,
            "records": "results",
            "paging": {"kind": "link", "total": "count"},
        },
        _link_wanted,
        _next_answer,
        _unauthorized,
    ),
    "token and params": Shape(
        _SINCE
        | {
            "columns": {"decidedOn": "due_basis_on"},
            "method": "POST",
            "token": TOKEN,
            "token_at": "token",
            "params_at": "params",
            "records": "custom.infoList",
            "ok": {"at": "status.code", "values": [1], "text": "status.text"},
            "paging": {
                "kind": "page",
                "size": 3,
                "first": 0,
                "page_param": "currentPageIndex",
                "size_param": "pageSize",
                "total": "custom.total",
            },
        },
        _params_wanted,
        _params_answer,
        _no_params,
    ),
    "result code and content": Shape(
        {
            "columns": {"decidedOn": "due_basis_on"},
            "method": "POST",
            "token": TOKEN,
            "token_at": "token",
            "body_as": "form",
            "params_at": "param",
            "records": "resultContent.rows",
            "ok": {"at": "resultCode", "values": ["0000"], "text": "resultMsg"},
            "paging": {
                "kind": "page",
                "size": 3,
                "page_param": "pageNo",
                "size_param": "pageSize",
                "total": "resultContent.total",
            },
        },
        _content_wanted,
        _content_answer,
        _no_content,
    ),
}
"""What services are like, by what is special about each."""
