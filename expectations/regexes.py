"""Regular expressions, as the store at hand reads them.

SQLite's REGEXP is Python's `re`. PostgreSQL has a syntax of its own, and is asked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from expectations.suites import Rule


def faults(connection: sa.Connection, rules: Iterable[Rule]) -> Mapping[str, str]:
    """By the ids of the rules that have one, what is wrong with their regular expressions.

    One statement on PostgreSQL where nothing is wrong. Leaves the transaction as it was.
    """
    asked = {rule.id: tuple(_regexes(rule)) for rule in rules}
    every = sorted({regex for regexes in asked.values() for regex in regexes})
    wrong = _wrong(connection, every)
    return {
        name: f"expected a regular expression of {_SYNTAX[connection.dialect.name]}, "
        f"found {regex!r}: {wrong[regex]}"
        for name, regexes in asked.items()
        for regex in regexes
        if regex in wrong
    }


_SYNTAX = {"sqlite": "Python's, which SQLite uses", "postgresql": "PostgreSQL's"}


def _regexes(rule: Rule) -> Iterator[str]:
    for given in (*(rule.kwargs.get("regex_list") or ()), rule.kwargs.get("regex")):
        if isinstance(given, str):
            yield given


def _wrong(connection: sa.Connection, regexes: list[str]) -> Mapping[str, str]:
    if connection.dialect.name == "sqlite":
        checked = ((regex, _python_fault(regex)) for regex in regexes)
    elif not regexes or _postgresql_fault(connection, regexes) is None:
        return {}
    else:
        checked = ((regex, _postgresql_fault(connection, [regex])) for regex in regexes)
    return {regex: fault for regex, fault in checked if fault is not None}


def _python_fault(regex: str) -> str | None:
    if "\0" in regex:
        return "SQLite takes no NUL in a statement"
    try:
        re.compile(regex)
    except (re.error, OverflowError) as error:
        return str(error)
    return None


def _postgresql_fault(connection: sa.Connection, regexes: list[str]) -> str | None:
    """What the server says of the first of `regexes` that it can't read; None where it can all."""
    given = sa.bindparam("regexes", regexes, postgresql.ARRAY(sa.Text))
    asked = sa.func.unnest(given).table_valued("regex").render_derived()
    # matched with text of the server's own: nothing is worked out beforehand
    matches = sa.func.version().op("~")(asked.c.regex)
    try:
        with connection.begin_nested():
            connection.execute(sa.select(sa.func.count()).select_from(asked).where(matches))
    except sa.exc.DataError as error:
        return str(error.orig).partition("\n")[0]
    return None
