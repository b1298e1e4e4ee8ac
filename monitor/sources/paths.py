"""Paths into JSON, and how errors speak of what stands there.

A path is names and places in lists, joined by dots; "" is the whole. Where it leads into text, it
goes on in the JSON that the text holds.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from monitor.errors import near

ABSENT = object()
"""What stands at a path where nothing does, not even null."""

_SHOWN = 20
_DEEPEST = 5
"""How many names the path of a list that may be meant has at most."""

_TYPES: Mapping[type, str] = {
    str: "text or a number",
    int: "text or a number",
    bool: "true or false",
    list: "a list",
    type(None): "null",
}


def names(path: str) -> list[str]:
    """The path's parts."""
    return path.split(".") if path else []


def kind(value: Any) -> str:
    """What a value is, in JSON's words."""
    match value:
        case Mapping():
            shown = ", ".join([*value][:_SHOWN])
            return f"an object with {shown}" if shown else "an empty object"
        case list():
            others = [part for part in value if not isinstance(part, dict)]
            return f"a list with {_TYPES[type(others[0])]}" if others else "a list"
        case _:
            return _TYPES[type(value)]


def is_of_objects(value: Any) -> bool:
    """Whether it is a list of records: among the objects there may be what is none, null alone too.

    A list of texts or numbers only is another list.
    """
    return isinstance(value, list) and (
        any(isinstance(part, dict) for part in value) or all(part is None for part in value)
    )


def at(value: Any, path: str, within: Callable[[str, str], Any]) -> Any:
    """What stands at the path in `value`, ABSENT where nothing does.

    `within` gives the JSON in a text, which stands at the path that it is given too, or raises.
    """
    parts = names(path)
    for depth, name in enumerate(parts):
        if isinstance(value, str):
            value = within(value, ".".join(parts[:depth]))
        match value:
            case Mapping() if name in value:
                value = value[name]
            case list() if name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            case _:
                return ABSENT
    return value


def no_list(whole: Any, path: str, within: Callable[[str, str], Any], itself: str) -> str:
    """The words for a path without a list of objects: what is there instead, or above it.

    They name where the rows seem to be, else names that are near the missing one. `itself` is what
    the whole is called.
    """
    value, above, missing = at(whole, path, within), path, ""
    while value is ABSENT:
        above, _, missing = above.rpartition(".")
        value = at(whole, above, within)
    found = f"{kind(value)} at {above}" if above else kind(value)
    advice = seeming(whole) or near(missing, value if isinstance(value, dict) else ())
    return f"expected a list of objects at {path or itself}, found {found}{advice}"


def seeming(whole: Any) -> str:
    """The end of a message that says where the rows seem to be; empty where nobody can say."""
    there = where_rows_seem_to_be(whole)
    return "" if there is None else f'; rows seem to be at {there}: set records = "{there}"'


def where_rows_seem_to_be(value: Any) -> str | None:
    """The path of the one list of objects within an object; of the one empty list where all are."""
    lists = [*_lists(value, ())]
    filled = [path for path, found in lists if found]
    found = filled or [path for path, _ in lists]
    return found[0] if len(found) == 1 and found[0] else None


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, list) and is_of_objects(value):
        yield ".".join(path), value
    elif isinstance(value, dict) and len(path) < _DEEPEST:
        for name, inner in value.items():
            if "." not in name:
                yield from _lists(inner, (*path, name))
