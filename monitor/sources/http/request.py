"""What is sent to a service: parameters beside the address or within a body."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx2

from monitor.config import HttpSource


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out, but for what every request of the source has."""

    method: str
    url: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def at(self, url: str) -> "Request":
        """The same, sent somewhere else."""
        return replace(self, url=url)


def built(source: HttpSource, parameters: Mapping[str, Any], url: str | None = None) -> Request:
    """The request for a page; `url` where the page before it named one, parameters included."""
    sent = {**source.params, **parameters}
    address = httpx2.URL(url or source.url)
    if source.method == "GET":
        return Request("GET", _with_query(address, sent, url))
    body = deepcopy(source.body)
    if source.params_are_in == "query":
        address = httpx2.URL(_with_query(address, sent, url))
    else:
        _put(body, source.params_at, sent)
    if source.token is not None and source.token_at is not None:
        above, _, name = source.token_at.rpartition(".")
        _put(body, above, {name: source.token.get_secret_value()})
    if source.body_as == "form":
        content = urlencode({name: _text(value) for name, value in body.items()}).encode()
        kind = "application/x-www-form-urlencoded"
    else:
        content, kind = json.dumps(body, ensure_ascii=False).encode(), "application/json"
    return Request("POST", str(address), content, {"Content-Type": kind})


def _with_query(address: httpx2.URL, sent: Mapping[str, Any], url: str | None) -> str:
    if url is not None:
        return str(address)
    return str(address.copy_merge_params({name: _text(value) for name, value in sent.items()}))


def _put(body: dict[str, Any], path: str, values: Mapping[str, Any]) -> None:
    """Put the values into the object at the path, which is made where it isn't there."""
    for name in path.split(".") if path else ():
        body = body.setdefault(name, {})
    body.update(values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
