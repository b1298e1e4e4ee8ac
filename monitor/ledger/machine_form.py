"""The machine form of what the ledger tells: plain values, ready for json.dumps."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from monitor.workdays import Month


def machine_form(told: Any) -> dict[str, Any]:
    """A frozen object of the ledger by its fields; days in ISO 8601, months as 2022-01."""
    return {field.name: _plain(getattr(told, field.name)) for field in fields(told)}


def _plain(value: Any) -> Any:
    if isinstance(value, Month):
        return str(value)
    if is_dataclass(value):
        return machine_form(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
