"""JSON lines, and JSON files that hold one array, or one below a path: an object for each row."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from monitor.errors import NoHeaderError, SourceError
from monitor.sources import json_text, paths
from monitor.sources.batch import Part
from monitor.sources.columns import Dialect
from monitor.sources.json_text import LONGEST, JsonText, NothingThereError
from monitor.sources.objects import frame_of_objects
from monitor.sources.texts import Text

_SHOWN = 5
_CUT_OFF = "expected a JSON object, found one that was cut off or is malformed"
_OTHERS = {list: "an array", str: "a string", bool: "a boolean", object: "a number"}

Object = tuple[int, dict[str, Any]]


def parts(dialect: Dialect, text: Text, path: str, rows: int) -> Iterator[Part | SourceError]:
    """The objects, `rows` at a time, numbered by their lines, or by their place in the array.

    With a path they are those of the list there, in each of the file's values. What is no object,
    and a value without a list there, is handed out as an error, and the others are read. Raises
    SourceError where the columns aren't the feed's, or there are no rows at all.
    """
    some: list[Object] = []
    read = refused = 0
    for found in _below(text, path) if path else _objects(text):
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
    try:
        layout = dialect.layout(frame.columns, place)
    except NoHeaderError as error:
        # the rows may lie below a path of what was taken for one
        raise NoHeaderError(f"{error}{paths.seeming(some[0][1])}", error.cells) from None
    return Part(place, place, layout, frame, numbers)


def _objects(text: Text) -> Iterator[Object | SourceError]:
    blocks = text.blocks()
    first = next(blocks, b"")
    if first.lstrip().startswith(b"["):
        array = JsonText(blocks, first.decode())
        array.passed("[")
        yield from _checked(text.place, array.elements())
        return
    first, whole = _whole(first, blocks)
    if whole is not None:
        yield 1, whole
        return
    for number, line in enumerate(_lines(first, blocks), start=1):
        place = f"{text.place} line {number}"
        if len(line) > LONGEST:
            yield SourceError(
                f"{place}: expected at most {LONGEST >> 20} MiB, found more; where the rows are a "
                "list within one object, the setting records says at which path"
            )
            return
        if line.strip():
            try:
                yield _object(place, number, json_text.decoded(line.decode()))
            except (ValueError, RecursionError):
                yield SourceError(f"{place}: {_CUT_OFF}")


def _whole(first: bytes, blocks: Iterator[bytes]) -> tuple[bytes, dict[str, Any] | None]:
    """The one object that goes on over lines and ends with the file, where it is that.

    Beside it what was read of the text, for whoever has to read that otherwise.
    """
    line, _, _ = first.lstrip().partition(b"\n")
    if _value(line) is not None:
        return first, None
    while len(first) <= LONGEST and (block := next(blocks, None)) is not None:
        first += block
    value = _value(first) if len(first) <= LONGEST else None
    return first, value if isinstance(value, dict) else None


def _value(text: bytes) -> Any:
    try:
        return json_text.decoded(text.decode())
    except (ValueError, RecursionError):
        return None


def _lines(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    held = first
    while True:
        *lines, held = held.split(b"\n")
        yield from lines
        block = next(blocks, None) if len(held) <= LONGEST else None
        if block is None:
            break
        held += block
    yield held


def _below(text: Text, path: str) -> Iterator[Object | SourceError]:
    """The elements of the lists at the path; the numbers go on from one value to the next."""
    stream = JsonText(text.blocks())
    try:
        yield from _checked(text.place, _rows(stream, paths.names(path)))
    except NothingThereError:
        yield SourceError(f"{text.place}: {_no_list(text, path)}")


def _rows(stream: JsonText, names: list[str]) -> Iterator[Any]:
    while stream.next_mark():
        yield from stream.rows(names)


def _no_list(text: Text, path: str) -> str:
    def within(inner: str, above: str) -> Any:
        try:
            return json.loads(inner)
        except (ValueError, RecursionError):
            raise SourceError(
                f"{text.place}: expected JSON in the text at {above}, found other text"
            ) from None

    again = Text(text.path, text.place, text.encoding)
    try:
        whole = json_text.begin_of(again.blocks())
    except (ValueError, RecursionError):
        return f"expected a list of objects at {path}, found none"
    return paths.no_list(whole, path, within, "the file itself")


def _checked(place: str, elements: Iterator[Any]) -> Iterator[Object | SourceError]:
    """The elements by their places; where the text ends or is none, that is the last of them."""
    number = 0
    try:
        for number, element in enumerate(elements, start=1):
            yield _object(f"{place} object {number}", number, element)
    except (ValueError, RecursionError):
        yield SourceError(f"{place} object {number + 1}: {_CUT_OFF}")


def _object(where: str, number: int, element: object) -> Object | SourceError:
    if isinstance(element, dict) or element is None:
        return number, element or {}  # no more than a blank line is
    found = next(what for kind, what in _OTHERS.items() if isinstance(element, kind))
    return SourceError(f"{where}: expected a JSON object, found {found}")
