"""JSON lines, and JSON files that hold one array: an object for each row."""

import json
import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from monitor.errors import SourceError
from monitor.sources.batch import Part
from monitor.sources.columns import Dialect
from monitor.sources.objects import frame_of_objects
from monitor.sources.texts import Text

_LONGEST = 16 << 20
_SHOWN = 5
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=str)
"""Numbers stay the digits that were delivered."""

_OTHERS = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}

Object = tuple[int, dict[str, Any]]


def parts(dialect: Dialect, text: Text, rows: int) -> Iterator[Part | SourceError]:
    """The objects, `rows` at a time, numbered by their lines, or by their place in the array.

    What is no object is handed out as an error, and the others are read. Raises SourceError where
    the columns aren't the feed's, or there are no rows at all.
    """
    some: list[Object] = []
    read = refused = 0
    for found in _objects(text):
        if isinstance(found, SourceError):
            refused += 1
            if refused <= _SHOWN:
                yield found
        elif found[1]:
            some.append(found)
            read += 1
        if len(some) == rows:
            yield _part(dialect, text.place, some)
            some = []
    if some:
        yield _part(dialect, text.place, some)
    if refused > _SHOWN:
        yield SourceError(f"{text.place}: {refused - _SHOWN} more lines that are no JSON object")
    if not read and not refused:
        raise SourceError(f"{text.place}: expected rows, found none")


def _part(dialect: Dialect, place: str, some: list[Object]) -> Part:
    frame = frame_of_objects([record for _, record in some])
    numbers = pl.Series("number", [number for number, _ in some], pl.Int64)
    return Part(place, place, dialect.layout(frame.columns, place), frame, numbers)


def _objects(text: Text) -> Iterator[Object | SourceError]:
    blocks = text.blocks()
    first = next(blocks, b"")
    if first.lstrip().startswith(b"["):
        yield from _elements(text.place, first, blocks)
        return
    for number, line in enumerate(_lines(first, blocks), start=1):
        place = f"{text.place} line {number}"
        if len(line) > _LONGEST:
            yield SourceError(f"{place}: expected at most {_LONGEST >> 20} MiB, found more")
            return
        if line.strip():
            try:
                yield _checked(place, number, _DECODER.decode(line.decode()))
            except (ValueError, RecursionError):
                yield SourceError(
                    f"{place}: expected a JSON object, found one that was cut off or is malformed"
                )


def _lines(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    held = first
    while len(held) <= _LONGEST:
        *lines, held = held.split(b"\n")
        yield from lines
        block = next(blocks, None)
        if block is None:
            break
        held += block
    yield held


def _elements(place: str, first: bytes, blocks: Iterator[bytes]) -> Iterator[Object | SourceError]:
    """The elements of an array; of its text one of them is held and a block."""
    held, at, number = first.decode().lstrip(), 1, 1
    while True:
        at += len(_BETWEEN.findall(held, at)[0])
        if held.startswith("]", at):
            return
        where = f"{place} object {number}"
        try:
            element, at = _DECODER.raw_decode(held, at)
        except (ValueError, RecursionError):
            block = next(blocks, None)
            if block is None or len(held) - at > _LONGEST:
                yield SourceError(
                    f"{where}: expected a JSON object, found one that was cut off or is malformed"
                )
                return
            held, at = held[at:] + block.decode(), 0
            continue
        yield _checked(where, number, element)
        number += 1


def _checked(where: str, number: int, element: object) -> Object | SourceError:
    if isinstance(element, dict):
        return number, element
    found = next((what for kind, what in _OTHERS.items() if isinstance(element, kind)), "null")
    return SourceError(f"{where}: expected a JSON object, found {found}")
