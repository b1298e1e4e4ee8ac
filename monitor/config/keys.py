"""The keys that a table of the settings may have, for whoever misspelt one."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from monitor.config.part import Part

_SECRETS = frozenset({"token", "password", "url"})


def near(root: type[Part], location: Sequence[int | str]) -> list[str]:
    """The keys that the last of `location` may have been meant for, the likeliest first."""
    tables = [root]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [table for table in tables if _is_tagged(table, part)]
        fields = [table.model_fields[part] for table in tables if part in table.model_fields]
        tables = tagged or [t for field in fields for t in _tables(field.annotation)]
    keys = {key for table in tables for key in _keys(table)}
    return get_close_matches(str(location[-1]), sorted(keys), n=3, cutoff=0.7)


def _keys(table: type[Part]) -> Iterator[str]:
    for key in table.model_fields:
        yield key
        if key in _SECRETS:
            yield f"{key}_file"


def _is_tagged(table: type[Part], tag: str) -> bool:
    """Whether pydantic names the table so, where several can stand in one place."""
    kind = table.model_fields.get("kind")
    return table.__name__ == tag or (kind is not None and tag in get_args(kind.annotation))


def _tables(annotation: Any) -> Iterator[type[Part]]:
    """The tables that may stand where something is annotated so."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)
