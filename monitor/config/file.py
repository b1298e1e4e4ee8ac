"""From the TOML file to the settings, or to a list of everything that is wrong with it."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.config import keys
from monitor.config.part import Unreadable
from monitor.config.settings import Settings
from monitor.errors import SettingsError

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "date_type": "a date such as 2026-10-01",
    "date_parsing": "a date such as 2026-10-01",
    "date_from_datetime_parsing": "a date such as 2026-10-01",
    "time_type": "a time such as 12:00",
    "time_parsing": "a time such as 12:00",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_pattern_mismatch": "text of the form {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "kind = one of {expected_tags}",
    "union_tag_not_found": "a kind",
    "too_long": "{max_length} values at most",
    "too_short": "{min_length} values at least",
}
"""What each of pydantic's errors would have liked to see, by the error's type."""


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at `path`.

    Raises SettingsError, which lists every mistake, one a line.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such settings file. Name one with --config or YUEQINGLING_CONFIG, or run "
            f"`yueqingling demo` to get one to start from."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file: {error}") from None
    values.setdefault("store", {})  # its default path counts from the file's folder too
    missing: list[str] = []
    values = _filled(values, environment, missing, "")
    problems = list(missing)
    try:
        settings = Settings.model_validate(values, context={"folder": path.parent})
    except ValidationError as error:
        problems += [line for e in error.errors() for line in _lines(e, values)]
    if problems:
        raise SettingsError("\n".join(f"{path}: {line}" for line in problems))
    return settings


def _filled(value: Any, environment: Mapping[str, str], missing: list[str], key: str) -> Any:
    """`value` with every ${NAME} replaced; keys whose variable isn't set go into `missing`."""
    if isinstance(value, dict):
        return {
            k: _filled(v, environment, missing, f"{key}.{k}" if key else k)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [
            _filled(v, environment, missing, f"{key}[{n}]") for n, v in enumerate(value, start=1)
        ]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match[1] not in environment:
            missing.append(
                f"{key}: expected the environment variable {match[1]} to be set, found it unset"
            )
            return match[0]
        return environment[match[1]]

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", replace, value)


def _lines(error: ErrorDetails, values: dict[str, Any]) -> Iterator[str]:
    """One mistake as lines of `key: expected …, found …`; values of secret keys are not shown."""
    location, found = _named(error["loc"], values)
    if error["type"] == "extra_forbidden":
        near = keys.near(Settings, error["loc"])
        yield f"{location}: unknown key" + (f"; near it: {', '.join(near)}" if near else "")
        return
    if isinstance(error["input"], Unreadable):
        yield f"{location}_file: {error['input'].why}"
        return
    if error["type"] == "missing":
        yield f"{location}: expected a value, found nothing"
        return
    message = error["msg"].removeprefix("Value error, ")
    if not location:
        yield from message.splitlines()
        return
    if error["type"] in _EXPECTED:
        message = "expected " + _EXPECTED[error["type"]].format(**error.get("ctx", {}))
    if error["type"] == "union_tag_invalid":
        found = found["kind"]
    if "\n" in message:
        yield from (f"{location}: {line}" for line in message.splitlines())
        return
    secret = any(word in location for word in ("token", "url", "secret", "password"))
    shown = "" if secret or isinstance(found, dict | list) else f", found {found!r}"
    yield f"{location}: {message}{shown}"


def _named(location: tuple[int | str, ...], values: Any) -> tuple[str, Any]:
    """The key as the file has it (`source[2] "cases".paging.size`) and the value found there."""
    name = ""
    for part in location:
        if isinstance(part, int):
            values = values[part] if isinstance(values, list) and part < len(values) else None
            name += f"[{part + 1}]"
            if isinstance(values, dict) and isinstance(values.get("name"), str):
                name += f' "{values["name"]}"'
        elif isinstance(values, dict) and part not in values and part in _UNION_TAGS:
            continue
        else:
            values = values.get(part) if isinstance(values, dict) else values
            name += f".{part}" if name else part
    return name, values


_UNION_TAGS = frozenset({"files", "sql", "http", "slack", "console", "StatusSettings"})
