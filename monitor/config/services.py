"""How a JSON service is spoken to: its paging, its answers, and the forms of a few keys."""

import json
import re
import ssl
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from monitor.config.part import Part, Positive, folder_of, refuse

_PAGING_KEYS = {
    "none": {"total"},
    "page": {"size", "size_param", "page_param", "first", "total", "more"},
    "offset": {"size", "size_param", "offset_param", "total", "more"},
    "cursor": {"size", "size_param", "cursor_param", "next", "total", "more"},
    "link": {"next", "total", "more"},
}
"""The keys that each kind of paging has."""


class Paging(Part):
    """How an HTTP source hands out its records.

    `total` is the path of the number of all records, `more` that of whether another page follows,
    `next` that of the next cursor or address.
    """

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    size: Positive = 500
    page_param: str = "page"
    size_param: str = "size"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    next: str = "next"
    first: Annotated[int, Field(ge=0)] = 1
    total: str | None = None
    more: str | None = None

    @model_validator(mode="after")
    def _keys_are_of_the_kind(self) -> Self:
        strangers = self.model_fields_set - _PAGING_KEYS[self.kind] - {"kind"}
        refuse(
            f'{key}: expected kind = {_listed(_kinds_with(key))}, found "{self.kind}"'
            for key in sorted(strangers)
        )
        return self


def _kinds_with(key: str) -> list[str]:
    return [kind for kind, keys in _PAGING_KEYS.items() if key in keys]


def _listed(words: Iterable[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _codes(value: Any) -> Any:
    """Numbers and truth values among the codes as JSON writes them."""
    if not isinstance(value, list | tuple):
        return value
    return [json.dumps(code) if isinstance(code, bool | int) else code for code in value]


class Answer(Part):
    """How a service says within its answer (200 OK) that all went well.

    `at` is the path of its code, `values` the codes that are good, `text` the path of the words.
    """

    at: str
    values: Annotated[tuple[str, ...], BeforeValidator(_codes), Field(min_length=1)]
    text: str | None = None


_SINCE_FORMATS = ("number", "seconds", "milliseconds")
_HEADER = re.compile(r"[!-~]+(?: +[!-~]+)*")


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.scheme not in ("http", "https"):
        raise ValueError("expected an address such as https://cases.example/api/decisions")
    return url


def _since_format(form: str) -> str:
    if form in _SINCE_FORMATS or re.search(r"%[Yys]", form):
        return form
    raise ValueError(f"expected a form such as %Y-%m-%d %H:%M:%S, or {_listed(_SINCE_FORMATS)}")


def _ca_file(path: str, info: ValidationInfo) -> str:
    anchored = str(folder_of(info).absolute() / path)
    try:
        ssl.create_default_context(cafile=anchored)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"expected a file of certificates (PEM): {reason}") from None
    return anchored


Url = Annotated[str, AfterValidator(_url)]
SinceFormat = Annotated[str, AfterValidator(_since_format)]
CaFile = Annotated[str, AfterValidator(_ca_file)]


def is_header(text: str) -> bool:
    """Whether the text can be sent as a header's value."""
    return _HEADER.fullmatch(text) is not None


def leads_to_a_table(body: Any, path: str) -> bool:
    """Whether there is a table at the path, or nothing, where one can be made."""
    for name in path.split(".") if path else ():
        body = body.get(name, {})
        if not isinstance(body, dict):
            return False
    return True
