"""Headers: the names under which the columns of a feed are delivered.

dialects.csv holds what is known beside fields.csv. Rows without a dialect hold for every source;
those of a dialect only where the settings name it, and go before the others. A row without a column
names headers that are known and unneeded; a row with a value gives what every row has in a column
that the dialect doesn't deliver. refused.csv holds the headers of what is no behaviour.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from monitor.standard import Field, fields, rows

ENVELOPE = (
    "record_unique_identity",
    "cd_id",
    "id",
    "cd_time",
    "cd_source",
    "cd_batch",
    "cd_operation",
    "sequence",
)
"""What goes round a row rather than in it."""

WAN = "万元"
"""Ten thousand yuan."""

_IGNORED = re.compile(
    r"[\s_*\-‐‑–—―\"'“”‘’]|:\s*$"
    r"|[(\[【][^()\[\]【】]*(?:必填|选填|可空|格式|不少于|不超过|至少|最多|填写|分隔|下拉|示例|例如|[yY]{4})"
    r"[^()\[\]【】]*[)\]】]"
)
"""Marks, and what is said in brackets of how to fill the column in."""
_UNITS = ("元", WAN)
_REFUSED_FROM = 2
"""So many headers of something else make a row of headers its own; one may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header stands for: a column, or nothing that is needed.

    `unit` is what its numbers are in, where the header or its dialect says it; `named` is whether
    it is the dialect's own.
    """

    column: str | None
    unit: str | None = None
    named: bool = False


def key(header: str) -> str:
    """What two spellings of one header have in common."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", header)).lower()


@cache
def meanings(feed: str, dialect: str | None) -> Mapping[str, Meaning]:
    """What the headers that a source of `feed` may use stand for, by their key."""
    found: dict[str, Meaning] = {}
    for field in fields(feed):
        for header in field.headers:
            found.setdefault(key(header), Meaning(field.column))
    for row in _of(feed, ""):
        for header in row["headers"].split(";"):
            found.setdefault(key(header), Meaning(row["column"] or None))
    for field in fields(feed):
        if field.type == "number":
            found = _with_units(field.column, found) | found
    for row in _of(feed, dialect) if dialect else ():
        for header in filter(None, row["headers"].split(";")):
            meaning = Meaning(row["column"] or None, row["unit"] or None, named=True)
            found[key(header)] = meaning
    return found


@cache
def constants(feed: str, dialect: str | None) -> Mapping[str, str]:
    """What every row of the dialect has, by column."""
    told = _of(feed, dialect) if dialect else ()
    return {row["column"]: row["value"] for row in told if row["value"]}


@cache
def dialects() -> Mapping[str, tuple[str, ...]]:
    """The dialects with the feeds that they deliver."""
    found: dict[str, dict[str, None]] = {}
    for row in rows("dialects.csv"):
        if row["dialect"] and row["feed"] != "*":
            found.setdefault(row["dialect"], {})[row["feed"]] = None
    return {name: tuple(feeds) for name, feeds in found.items()}


def field_of(feed: str, name: str, dialect: str | None = None) -> Field | None:
    """The field that a column, a Chinese name or a header names; None where none has it."""
    meaning = meanings(feed, dialect).get(key(name))
    column = meaning.column if meaning else None
    return next((field for field in fields(feed) if field.column == column), None)


def refused(headers: Iterable[str]) -> str | None:
    """Why rows under these headers are no supervision behaviour; None where nothing says so."""
    found = {key(header) for header in headers}
    for word, (reason, known) in _refusals().items():
        if len(found & known) >= _REFUSED_FROM:
            return f"{word}: {reason}"
    return None


def refused_word(text: str) -> str | None:
    """Why what `text` names is no supervision behaviour; None where it names none of that."""
    for word, (reason, _) in _refusals().items():
        if word in text:
            return f"{word}: {reason}"
    return None


@cache
def _refusals() -> Mapping[str, tuple[str, frozenset[str]]]:
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for row in rows("refused.csv"):
        _, before = found.get(row["word"], ("", frozenset[str]()))
        known = before | {key(header) for header in row["headers"].split(";")}
        found[row["word"]] = (row["reason"], known)
    return found


def _of(feed: str, dialect: str) -> tuple[dict[str, str], ...]:
    return tuple(
        row
        for row in rows("dialects.csv")
        if row["dialect"] == dialect and row["feed"] in ("*", feed)
    )


def _with_units(column: str, known: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """The headers of an amount that say its unit: 罚款金额(万元), 罚款金额(单位:万元)."""
    names = [name for name, meaning in known.items() if meaning.column == column]
    return {
        key(f"{name}({mark}{unit})"): Meaning(column, unit)
        for name in names
        for unit in _UNITS
        for mark in ("", "单位:")
    }
