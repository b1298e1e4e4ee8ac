"""The JSON that a service answers with: read as it was delivered, and looked into by paths."""

import codecs
import json
import re
from collections.abc import Sequence
from typing import Any

from monitor.errors import SourceUnavailableError
from monitor.sources import paths
from monitor.sources.batch import unrepeated
from monitor.sources.http.place import Place
from monitor.sources.paths import ABSENT

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"\s*<")
_JSON_LIKE = re.compile(r"\s*[\[{]")
_ESCAPE = re.compile(
    r"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class CutOffError(SourceUnavailableError):
    """An answer ended before its JSON did; another attempt may get it whole."""


class Document:
    """An answer's JSON, looked into by paths (monitor/sources/paths.py)."""

    def __init__(self, place: Place, value: Any) -> None:
        self._place = place
        self._value = value
        self._opened: dict[str, Any] = {}

    def at(self, path: str) -> Any:
        """What stands there, ABSENT where nothing does.

        Raises SourceError where the path leads into text that isn't JSON.
        """
        return paths.at(self._value, path, self._within)

    def records(self, path: str) -> list[Any]:
        """The list of objects there; null is a list without any, and so is an answer of nothing.

        What is no object stays among them. Raises SourceError for anything else.
        """
        if self._value is ABSENT:
            return []
        value = self.at(path)
        if isinstance(value, str):
            value = self._within(value, path)
        if value is None:
            return []
        if isinstance(value, list) and paths.is_of_objects(value):
            return value
        raise self._place.refusal(
            paths.no_list(self._value, path, self._within, "the answer itself")
        )

    def _within(self, text: str, path: str) -> Any:
        """What the text at the path holds."""
        if path not in self._opened:
            try:
                self._opened[path] = parsed(text)
            except (ValueError, RecursionError):
                where = path or "the answer itself"
                raise self._place.refusal(
                    f"expected JSON in the text at {where}, found other text"
                ) from None
        return self._opened[path]


def read(place: Place, content: bytes, kind: str) -> Document:
    """The document in the answer's bytes, whose Content-Type is `kind`.

    Raises CutOffError for JSON that ends too early, and SourceError for what is none.
    """
    text = _decoded(content, kind)
    if text is None:
        raise place.refusal(f"expected JSON, found {_length(content)} that are no text ({kind})")
    if not text.strip():
        raise place.error("expected JSON, found an empty answer", CutOffError)
    try:
        return Document(place, parsed(text))
    except RecursionError:
        raise place.refusal("expected JSON, found lists or objects nested too deeply") from None
    except ValueError as error:
        if not _JSON_LIKE.match(text):
            raise place.refusal(f"expected JSON, found {_other(place, text, kind)}") from None
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        ended = text.rstrip()
        if at >= len(ended) or not ended.endswith(("]", "}")):
            raise place.error(
                f"expected JSON, found its beginning: it ends after {_length(content)}",
                CutOffError,
            ) from None
        raise place.refusal(f"expected JSON, found an error in it at character {at}") from None


def parsed(text: str) -> Any:
    """The text's JSON, with nothing lost of what was delivered.

    Numbers stay their digits, NaN and Infinity the word; of names that stand twice in an object the
    second gets `#2`; half a surrogate becomes U+FFFD. Raises ValueError and RecursionError.
    """
    if _HALF.search(text):
        text = _ESCAPE.sub(lambda found: "\ufffd" if found["half"] else found[0], text)
    return json.loads(
        text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_whole
    )


def _whole(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) == len(pairs):
        return told
    names = unrepeated([name for name, _ in pairs])
    return dict(zip(names, (value for _, value in pairs), strict=True))


def _decoded(content: bytes, kind: str) -> str | None:
    """The text, in UTF-8 where it is that, else as its byte order mark, or GB18030.

    What a service says of its encoding is often wrong, and hardly any other text is UTF-8 too.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _text(content, encoding)
    said = re.search(r"charset=[\"']?([\w-]+)", kind)
    for encoding in ("utf-8", said[1] if said else "gb18030", "gb18030"):
        text = _text(content, encoding)
        if text is not None:
            return text
    return None


def _text(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _other(place: Place, text: str, kind: str) -> str:
    """What the text is, for somebody who has to find out where it comes from."""
    if not _MARKUP.match(text):
        return f"other text ({kind})"
    title = _TITLE.search(text)
    return f'a page "{place.quoted(title[1])}" ({kind})' if title else f"a page ({kind})"


def _length(content: bytes) -> str:
    return f"{len(content)} bytes"
