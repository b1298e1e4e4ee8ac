"""Clauses kept in the store: a rule that was resolved once is not resolved again.

Resolving needs Great Expectations, whose import takes seconds and a few hundred megabytes. What it
makes of a rule is a text, and the same for the same rule, columns, store and program: so the text
is kept under a hash of all of these, and whatever of them changes makes another hash.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import sqlalchemy as sa

from expectations import conditions, families, records, regexes, supported, values
from expectations.conditions import Written, failing, written
from expectations.suites import Rule
from monitor.errors import SuiteError
from monitor.store import bulk, types
from monitor.store.tables import condition
from monitor.store.upsert import insert_into

_LIBRARIES = ("great-expectations", "sqlalchemy")


def clauses(
    connection: sa.Connection, table: sa.Table, rules: Iterable[Rule], *, keep: bool = True
) -> Mapping[str, Written]:
    """As `conditions.failing` on the connection's store; resolves only what isn't kept.

    With `keep` what is resolved is kept, in the caller's transaction. Raises as `failing`, and for
    every regular expression that the store can't read.
    """
    dialect = connection.dialect.name
    given = {rule.id: rule for rule in rules}
    keys = {rule.id: key(dialect, table, rule) for rule in given.values()}
    query = sa.select(condition).where(bulk.one_of(connection, condition.c.rule, list(given)))
    kept = {
        row.rule: written(row.clause)
        for row in connection.execute(query)
        if row.key == keys[row.rule]
    }
    missing = [rule for rule in given.values() if rule.id not in kept]
    if not missing:
        return kept
    found = resolved(connection, table, missing)
    if keep:
        rows = [
            {"rule": name, "key": keys[name], "clause": clause.name}
            for name, clause in found.items()
        ]
        insert = insert_into(connection, condition)
        renewed = {name: insert.excluded[name] for name in ("key", "clause")}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["rule"], set_=renewed), rows
        )
    return {**kept, **found}


def resolved(
    connection: sa.Connection, table: sa.Table, rules: Sequence[Rule]
) -> Mapping[str, Written]:
    """As `conditions.failing` on the connection's store, which is asked for its expressions.

    Raises SuiteError, which names file, rule and reason of everything that can't be judged.
    """
    wrong = regexes.faults(connection, rules)
    problems = [str(rule.refused(wrong[rule.id])) for rule in rules if rule.id in wrong]
    found: Mapping[str, Written] = {}
    try:
        right = [rule for rule in rules if rule.id not in wrong]
        found = failing(connection.dialect.name, table, right)
    except SuiteError as error:
        problems.append(str(error))
    if problems:
        raise SuiteError("\n".join(problems))
    return found


def key(dialect: str, table: sa.Table, rule: Rule) -> str:
    """A hash of all that a rule's clause is made from."""
    return _hash([_ground(_program(), dialect, table), rule.type, dict(rule.kwargs)])


def _hash(parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=8)
def _ground(program: str, dialect: str, table: sa.Table) -> str:
    """A hash of what all rules of a store share; told anew for each, it would cost most."""
    columns = [(column.name, repr(column.type)) for column in records.empty_clone(table).columns]
    return _hash([program, dialect, table.name, columns])


@lru_cache(maxsize=1)
def _program() -> str:
    """What resolves: the text of the modules that do, and the versions of what they use."""
    digest = hashlib.sha256()
    for module in (conditions, families, records, supported, types, values):
        digest.update(Path(str(module.__file__)).read_bytes())
    versions = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    return _hash([digest.hexdigest(), sys.version, *versions])
