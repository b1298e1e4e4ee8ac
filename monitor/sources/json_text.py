"""JSON text as it comes in: read value by value, of which one is held and a block of the text."""

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 16 << 20
"""How many characters one value may have."""

_LONGEST_TEXT = 256 << 20
"""How many a text may have that holds the JSON with the rows."""

_BEGIN = 64 << 20
"""How many are looked at to say what is at a path instead."""

_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=str)
"""Numbers stay the digits that were delivered."""


class NothingThereError(Exception):
    """There is no list at the path."""


class JsonText:
    """A text of JSON values that follow one another, blanks and commas between them."""

    def __init__(self, blocks: Iterator[bytes], begin: str = "") -> None:
        self._blocks = blocks
        self._held = begin
        self._at = 0

    def next_mark(self) -> str:
        """The character that the next value or the end of a list begins with; "" at the end."""
        while True:
            self._at = _BETWEEN.match(self._held, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def passed(self, mark: str) -> bool:
        """Whether the mark came next; it is behind us then."""
        is_next = self.next_mark() == mark
        self._at += is_next
        return is_next

    def value(self, longest: int = LONGEST) -> Any:
        """The next value. Raises ValueError where it is malformed, cut off, or longer than that."""
        self.next_mark()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except ValueError:
                if len(self._held) - self._at > longest or not self._more():
                    raise
            else:
                if end < len(self._held) or not self._more():
                    self._at = end
                    return value

    def elements(self) -> Iterator[Any]:
        """The elements of a list whose bracket is behind us, to its end. Raises ValueError."""
        while not self.passed("]"):
            yield self.value()

    def rows(self, names: list[str]) -> Iterator[Any]:
        """The elements of the list at the path, in the value that comes next; null has none.

        That value is read to its end. Raises ValueError where it is malformed, and
        NothingThereError where no list is there.
        """
        mark = self.next_mark()
        if mark == '"':
            yield from JsonText(iter(()), self.value(_LONGEST_TEXT)).rows(names)
        elif not names and mark == "n":
            self.value()
        elif not names and self.passed("["):
            yield from self.elements()
        elif names and self.passed("{"):
            yield from self._of_an_object(*names)
        elif names and mark == "[" and names[0].isdecimal():
            self.passed("[")
            yield from self._of_a_list(*names)
        else:
            raise NothingThereError

    def _of_an_object(self, name: str, *names: str) -> Iterator[Any]:
        is_there = False
        while not self.passed("}"):
            key = self.value()
            if not isinstance(key, str) or not self.passed(":"):
                raise ValueError("expected a name and a colon")
            if key == name and not is_there:
                is_there = True
                yield from self.rows([*names])
            else:
                self.value()
        if not is_there:
            raise NothingThereError

    def _of_a_list(self, place: str, *names: str) -> Iterator[Any]:
        at = 0
        while not self.passed("]"):
            if at == int(place):
                yield from self.rows([*names])
            else:
                self.value()
            at += 1
        if at <= int(place):
            raise NothingThereError

    def _more(self) -> bool:
        block = next(self._blocks, None)
        if block is not None:
            self._held, self._at = self._held[self._at :] + block.decode(), 0
        return block is not None


def begin_of(blocks: Iterator[bytes]) -> Any:
    """The first value. Raises ValueError where it is malformed, cut off, or too long to look at."""
    return JsonText(blocks).value(_BEGIN)


def decoded(text: str) -> Any:
    """The one value that a text is. Raises ValueError where it isn't one."""
    return _DECODER.decode(text)
