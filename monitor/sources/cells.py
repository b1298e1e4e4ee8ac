"""Cells: delivered values as the text that a CSV file would hold."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

_NUL = "\x00"
_POLARS = {str: pl.String(), bytes: pl.Binary()}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def texts(values: Sequence[object]) -> pl.Series:
    """The text of each value, null where there is nothing: `cell_text` of a column at once."""
    kinds = set(map(type, values)) - {type(None)}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is str or kind is bytes:
        filled: list[Any] = [value or None for value in values]
        if _has_no_nul(kind, filled):
            try:
                return pl.Series(filled, dtype=_POLARS[kind]).cast(pl.String)
            except (UnicodeEncodeError, pl.exceptions.ComputeError):
                pass  # some of it is no text: each value is looked at
    text = _TEXTS.get(kind, cell_text) if kind is not None else cell_text
    return pl.Series([None if value is None else text(value) for value in values], dtype=pl.String)


def _has_no_nul(kind: type, values: Sequence[Any]) -> bool:
    if kind is bytes:
        return _NUL.encode() not in b"".join(filter(None, values))
    return _NUL not in "".join(filter(None, values))


def cell_text(value: object) -> str | None:
    """A delivered value as the text that a CSV file would hold; None where there is nothing."""
    if value is None:
        return None
    if text := _TEXTS.get(type(value)):
        return text(value)
    for kind, text in _TEXTS.items():
        if isinstance(value, kind):
            return text(value)
    return _text(str(value))


def _text(value: str) -> str | None:
    """Without NUL, which PostgreSQL can't hold, and half surrogate pairs, which nothing can."""
    text = value.replace(_NUL, "")
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()) or None


def _float(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _span(value: timedelta) -> str:
    """As a clock would show it, hours beyond 24 included: MySQL's TIME is such a span."""
    seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{microseconds:06d}" if microseconds else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def _bytes(value: bytes | bytearray | memoryview) -> str | None:
    r"""Text in UTF-8 or GB18030; else, as PostgreSQL writes a blob, \x and hexadecimal digits.

    Blobs that are no text stay different: one may be what a record is known by.
    """
    blob = bytes(value)
    try:
        text = blob.decode()
        if _NUL not in text:
            return text or None
    except UnicodeDecodeError:
        try:
            text = blob.decode("gb18030")
            if not _CONTROL.search(text):
                return text
        except UnicodeDecodeError:
            pass  # no text at all
    return f"\\x{blob.hex()}"


def _document(value: list[Any] | dict[str, Any]) -> str | None:
    """A list of words as its parts, anything else as JSON."""
    if isinstance(value, list) and all(isinstance(part, str | int) for part in value):
        return _text("、".join(str(part) for part in value))
    return _text(json.dumps(value, ensure_ascii=False, default=str))


_TEXTS: dict[type, Callable[[Any], str | None]] = {
    str: _text,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float,
    datetime: lambda value: value.isoformat(" "),
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _span,
    Decimal: lambda value: f"{value:f}",
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    list: _document,
    dict: _document,
}
"""How each type is written; a type stands before those that it is a kind of."""
