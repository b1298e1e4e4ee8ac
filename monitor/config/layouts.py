"""What the settings may say of a source's layout: dialect, columns, units and constants.

Each function gives the mistakes, one a line: what was expected, what was found, what is near it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from monitor import standard
from monitor.standard import headers
from monitor.standard.headers import ENVELOPE, key

STATUS_COLUMNS = ("status", "status_at")
"""Where a record stands; delivered beside the fields of the four kinds."""

_TRUTHS = {"是": True, "否": False, "true": True, "false": False}
_SHAPES = {
    "date": "a day such as 2022-01-05",
    "instant": "an instant such as 2022-01-05 10:30:00",
    "boolean": "是 or 否",
    "number": "a number",
    "text": "a text",
    "list": "a text",
    "code": "a text",
}


def dialect_mistakes(feed: str, dialect: str) -> Iterator[str]:
    """Whether there is such a dialect, and whether it delivers the feed."""
    known = headers.dialects()
    if dialect not in known:
        yield f"expected one of {_listed(known)}"
    elif feed not in known[dialect]:
        yield f"expected one that delivers {feed}; {dialect} delivers {_listed(known[dialect])}"


def column_mistakes(feed: str, dialect: str | None, columns: Mapping[str, str]) -> Iterator[str]:
    """Whether each header stands for a column of the feed, and no two for the same."""
    if refusal := headers.refused(columns):
        yield f"{refusal}, found {_listed(columns)}"
    given: dict[str, str] = {}
    for header, name in columns.items():
        column = _column(feed, dialect, name)
        if column is None:
            yield (
                f'"{header}": expected a field of {feed} or one of '
                f"{_listed([*ENVELOPE, *_status(feed)])}, found {name!r}{_near_field(feed, name)}"
            )
        elif column in given:
            yield (
                f'"{header}": expected a field of its own, '
                f'found {name!r}, for which "{given[column]}" stands'
            )
        else:
            given[column] = header


def unit_mistakes(feed: str, dialect: str | None, units: Iterable[str]) -> Iterator[str]:
    """Whether each unit is one of an amount."""
    amounts = [field.column for field in standard.fields(feed) if field.type == "number"]
    for name in units:
        if _column(feed, dialect, name) not in amounts:
            expected = _listed(amounts) if amounts else f"none, {feed} has no amounts"
            yield f"{name!r}: expected {expected}"


def value_mistakes(
    feed: str, dialect: str | None, values: Mapping[str, str], delivered: Mapping[str, str]
) -> Iterator[str]:
    """Whether each constant is a value of its field, and the settings don't deliver it as well."""
    mapped = {_column(feed, dialect, name): header for header, name in delivered.items()}
    for name, value in values.items():
        field = headers.field_of(feed, name, dialect)
        if field is None:
            yield f"{name!r}: expected a field of {feed}{_near_field(feed, name)}"
        elif field.column in mapped:
            yield f'{name!r}: columns says that "{mapped[field.column]}" delivers it'
        elif not _is_value(field, value):
            expected = _SHAPES[field.type]
            if field.code_list is not None:
                codes = standard.code_list(field.code_list)
                few = [f"{code} ({label})" for code, label in codes.items()][:20]
                expected = f"a code of {field.code_list}: {_listed(few)}"
            yield f"{name!r}: expected {expected}, found {value!r}"


def status_mistakes(
    feed: str,
    dialect: str | None,
    columns: Mapping[str, str],
    status: Mapping[str, str | None] | None,
) -> Iterator[str]:
    """Whether the status is told once, and its instants no more often.

    `status` gives the headers that its table names by its keys; None where every row has one
    status.
    """
    delivered = {_column(feed, dialect, name): header for header, name in columns.items()}
    if status is None:
        for column in STATUS_COLUMNS:
            if column in delivered:
                yield (
                    f'status: expected a table such as {{ map = {{ "办结" = "accepted" }} }}, as '
                    f'columns says that "{delivered[column]}" is the {column}'
                )
        return
    if status["column"] is None and "status" not in delivered:
        yield "status.column: expected the column with the status, here or in columns, found none"
    taken = {key(header) for header in columns}
    for name, column in (("column", "status"), ("at", "status_at"), ("submitted", "submitted_at")):
        header = status[name]
        if header is None:
            continue
        if column in delivered:
            yield (
                f'status.{name}: found "{header}", and columns says that "{delivered[column]}" '
                f"stands for {column}; expected one of them"
            )
        elif key(header) in taken:
            yield f'status.{name}: found "{header}", which stands for something else in columns'


def _column(feed: str, dialect: str | None, name: str) -> str | None:
    """The column that a name stands for; None where it is none of the feed."""
    meaning = headers.meanings(feed, dialect).get(key(name))
    if meaning is not None:
        return meaning.column
    return name if name in _status(feed) else None


def _status(feed: str) -> tuple[str, ...]:
    return STATUS_COLUMNS if feed in ("check", "punish", "force", "other") else ()


def _is_value(field: standard.Field, value: str) -> bool:
    if field.code_list is not None:
        codes = standard.code_list(field.code_list)
        return value in codes or value in codes.values()
    try:
        match field.type:
            case "date":
                date.fromisoformat(value)
            case "instant":
                datetime.fromisoformat(value)
            case "number":
                Decimal(value)
            case "boolean":
                return value in _TRUTHS
    except (ValueError, InvalidOperation):
        return False
    return bool(value.strip())


def _near_field(feed: str, name: str) -> str:
    fields = standard.fields(feed)
    names = {each: field for field in fields for each in (field.column, field.name_zh)}
    near = get_close_matches(name, names, n=5, cutoff=0.5)
    shown = dict.fromkeys(f"{names[each].column} ({names[each].name_zh})" for each in near)
    if not shown:
        return f"; {feed} has {_listed(field.column for field in fields)}"
    return f"; near it: {_listed(shown)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
