"""JSON services: records at a path of each answer, page by page."""

import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx2
import polars as pl
import stamina

from monitor.config import HttpSource
from monitor.errors import SourceError, SourceUnavailableError
from monitor.sources.batch import Batch, Part, Reading
from monitor.sources.columns import Dialect
from monitor.sources.objects import frame_of_objects

_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0


def read(source: HttpSource, dialect: Dialect) -> Reading:
    """The records of every page.

    Raises SourceUnavailableError where the service doesn't answer, or still says "later" after the
    last attempt, and SourceError where it refuses or its answer holds no records.
    """
    first = 1
    for page, records in enumerate(_pages(source), start=1):
        numbers = pl.Series("number", range(first, first + len(records)), pl.Int64)
        if records:
            frame, place = frame_of_objects(records), f"page {page}"
            layout = dialect.layout(frame.columns, place)
            yield Batch((Part(place, "answer", layout, frame, numbers),))
        first += len(records)


def _pages(source: HttpSource) -> Iterator[list[dict[str, Any]]]:
    paging = source.paging
    parameters = dict(source.params)
    if paging.kind in ("page", "offset", "cursor"):
        parameters[paging.size_param] = str(paging.size)
    number, offset, longest = paging.first, 0, 0
    url = source.url
    before: list[Any] | None = None
    told: set[str] = set()
    with _client(source) as client:
        while True:
            if paging.kind == "page":
                parameters[paging.page_param] = str(number)
            elif paging.kind == "offset":
                parameters[paging.offset_param] = str(offset)
            answer = _get(client, source, url, parameters)
            body = _body(source, answer)
            records = _records(source, body)
            if records and records == before:
                if len(records) < paging.size:
                    return
                raise SourceError(f"{_shown(source)}: page {number} is the one before once more")
            yield records
            if paging.kind == "none":
                return
            if paging.kind in ("page", "offset"):
                longest = max(longest, len(records))
                # a service may hand out fewer than were asked for: only less than before is the end
                if len(records) < longest or not records:
                    return
                number, offset, before = number + 1, offset + len(records), records
                continue
            following = _following(source, body, answer)
            if following is None:
                return
            if following in told:
                raise SourceError(f"{_shown(source)}: the pages go round in a circle")
            told.add(following)
            if paging.kind == "cursor":
                parameters[paging.cursor_param] = following
            else:
                url, parameters = _same_origin(source, url, following), {}


def _client(source: HttpSource) -> httpx2.Client:
    headers = {"Accept": "application/json", "User-Agent": "yueqingling"}
    if source.token is not None:
        headers[source.token_header] = source.token_prefix + source.token.get_secret_value()
    return httpx2.Client(
        headers=headers,
        timeout=source.timeout.total_seconds(),
        verify=ssl.create_default_context(cafile=source.ca_file),
    )


class _LaterError(SourceUnavailableError):
    """Another attempt may help, after `wait` seconds where the service said them."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def _get(
    client: httpx2.Client, source: HttpSource, url: str, parameters: dict[str, str]
) -> httpx2.Response:
    for attempt in stamina.retry_context(on=_backoff, attempts=source.attempts, timeout=None):
        with attempt:
            answer = _asked(client, source, url, parameters)
    return answer


def _asked(
    client: httpx2.Client, source: HttpSource, url: str, parameters: dict[str, str]
) -> httpx2.Response:
    """One attempt. Every error is put into our own words here: the library's hold the address."""
    place = _shown(source)
    try:
        answer = client.get(url, params=parameters or None)
    except httpx2.TimeoutException:
        seconds = source.timeout.total_seconds()
        raise _LaterError(f"{place}: no answer within {seconds:g} s") from None
    except httpx2.TransportError as error:
        raise _LaterError(f"{place}: can't be reached: {error}") from None
    except httpx2.InvalidURL as error:
        raise SourceError(f"{place}: not a usable address: {error}") from None
    if answer.status_code == httpx2.codes.OK:
        return answer
    found = f"{place}: expected 200, found {answer.status_code} {answer.reason_phrase}"
    if answer.status_code not in _TRY_AGAIN:
        raise SourceError(found)
    wait = answer.headers.get("Retry-After", "")
    raise _LaterError(found, float(wait) if wait.isdigit() else None)


def _backoff(error: Exception) -> bool | float:
    """Whether another attempt may help; the seconds to wait where the service says them."""
    if not isinstance(error, _LaterError):
        return False
    return True if error.wait is None else min(error.wait, _LONGEST_WAIT)


def _body(source: HttpSource, answer: httpx2.Response) -> Any:
    try:
        # numbers stay the digits that were delivered
        return json.loads(answer.content, parse_float=str)
    except ValueError:
        kind = answer.headers.get("Content-Type", "something else")
        raise SourceError(f"{_shown(source)}: expected JSON, found {kind}") from None


def _records(source: HttpSource, body: Any) -> list[dict[str, Any]]:
    found = _at(body, source.records) if source.records else body
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        where = source.records or "the answer itself"
        keys = f"an object with {', '.join(list(body)[:20])}" if isinstance(body, dict) else "none"
        raise SourceError(f"{_shown(source)}: expected a list of objects at {where}, found {keys}")
    return found


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _following(source: HttpSource, body: Any, answer: httpx2.Response) -> str | None:
    following = _at(body, source.paging.next)
    if following is None and source.paging.kind == "link":
        following = answer.links.get("next", {}).get("url")
    return str(following) if following not in (None, "", False) else None


def _same_origin(source: HttpSource, url: str, following: str) -> str:
    """The next page's address; another host is never given the token."""
    joined = urljoin(url, following)
    here, there = httpx2.URL(url), httpx2.URL(joined)
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        raise SourceError(f"{_shown(source)}: expected the next page there, found it elsewhere")
    return joined


def _shown(source: HttpSource) -> str:
    """The address without user, password and parameters."""
    return str(httpx2.URL(source.url).copy_with(userinfo=b"", query=None, fragment=None))
