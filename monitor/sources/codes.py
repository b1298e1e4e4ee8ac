"""Codes out of what is delivered in a coded cell: the code itself, its label, or both."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import polars as pl

from monitor import standard

_IGNORED = r"[\s“”\"'‘’]"


def code(text: pl.Expr, list_name: str) -> pl.Expr:
    """The code that `text` stands for in the list; `text` itself where it stands for none.

    Labels count after NFKC. `2` counts as `02` where no other code has that number.
    """
    known, meant = _series(list_name)
    delivered = text.str.replace_all(_IGNORED, "").str.to_lowercase()
    found = delivered.replace_strict(known, meant, default=None, return_dtype=pl.String)
    return pl.coalesce(found, text)


@cache
def _series(list_name: str) -> tuple[pl.Series, pl.Series]:
    known = spellings(list_name)
    return pl.Series(list(known), dtype=pl.String), pl.Series(known.values(), dtype=pl.String)


@cache
def spellings(list_name: str) -> dict[str, str]:
    """Every unambiguous way to write a code of the list; a code itself always means itself."""
    codes = standard.code_list(list_name)
    written: dict[str, set[str]] = {}
    for number, label in codes.items():
        for spelling in _spellings(number, label):
            written.setdefault(_key(spelling), set()).add(number)
    clear = {spelling: found.copy().pop() for spelling, found in written.items() if len(found) == 1}
    return clear | {_key(number): number for number in codes}


def _spellings(number: str, label: str) -> Iterator[str]:
    yield from (label, f"{number}{label}", f"{label}({number})")
    yield from (f"{number}{mark}{label}" for mark in "-.:、_")
    if number.isdigit():
        yield from (str(int(number)), f"{int(number):02d}", f"{int(number):03d}")


def _key(text: str) -> str:
    return re.sub(_IGNORED, "", unicodedata.normalize("NFKC", text)).lower()
