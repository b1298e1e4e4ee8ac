"""Codes out of what is delivered in a coded cell: the code itself, its label, or both."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, partial

import polars as pl

from monitor import standard

_IGNORED = re.compile(r"[\s“”\"'‘’]")


def code(text: pl.Expr, list_name: str, *, strict: bool = False) -> pl.Expr:
    """The code that `text` stands for in the list; where it stands for none `text` itself, or null
    if `strict`.

    Labels count after NFKC. `2` counts as `02` where no other code has that number.
    """
    return text.map_batches(partial(_codes, list_name, strict), return_dtype=pl.String)


def _codes(list_name: str, strict: bool, texts: pl.Series) -> pl.Series:
    """Each distinct text is looked up once: a column holds few."""
    distinct = texts.drop_nulls().unique()
    known = spellings(list_name)
    meant = pl.Series(
        [known.get(_key(text), None if strict else text) for text in distinct], dtype=pl.String
    )
    return texts.replace(distinct, meant)


@cache
def spellings(list_name: str) -> dict[str, str]:
    """Every unambiguous way to write a code of the list; a code itself always means itself."""
    codes = standard.code_list(list_name)
    written: dict[str, set[str]] = {}
    for number, label in codes.items():
        for spelling in _spellings(_key(number), _key(label)):
            written.setdefault(spelling, set()).add(number)
    clear = {spelling: found.copy().pop() for spelling, found in written.items() if len(found) == 1}
    return clear | {_key(number): number for number in codes}


def _spellings(number: str, label: str) -> Iterator[str]:
    yield from (label, f"{number}{label}", f"{label}({number})")
    yield from (f"{number}{mark}{label}" for mark in "-.:、_")
    if number.isdigit():
        yield from (str(int(number)), f"{int(number):02d}", f"{int(number):03d}")


def _key(text: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).lower()
