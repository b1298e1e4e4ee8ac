"""Marks: which rules a record fails, packed into whole numbers.

Each rule of a kind has a bit of its own, so one pass over the records works all of a kind's
conditions out, each once, with nothing but additions. Only the records that fail something are
taken apart into a row for each rule that they fail.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import sqlalchemy as sa

from expectations.conditions import Clause
from expectations.rules import NumberedRule

_BITS = 62
"""Bits of a word: both stores' whole numbers have 64, one of them the sign."""

_NOTHING = sa.literal_column("0", sa.BigInteger())


@dataclass(frozen=True, slots=True)
class Mark:
    """The place of a rule's bit: which word, and the bit's value."""

    each: NumberedRule
    word: int
    value: int


def marks_of(rules: Sequence[NumberedRule]) -> tuple[Mark, ...]:
    """A place for each rule; rules of different kinds share places, as no record has two kinds."""
    made: list[Mark] = []
    for kind in _kinds(rules):
        of_kind = [each for each in rules if each.rule.kind == kind]
        made += [
            Mark(each, place // _BITS, 1 << place % _BITS) for place, each in enumerate(of_kind)
        ]
    return tuple(made)


def words(marks: Collection[Mark], clauses: Mapping[str, Clause]) -> list[sa.Label[int]]:
    """The words of a record as columns word_0, word_1 …; a record that fails nothing has zeros.

    The columns of a record are unqualified. A duplicate is asked only what it is: it is no
    obligation of its own.
    """
    return [
        sa.case(*_arms([mark for mark in marks if mark.word == word], clauses), else_=_NOTHING)
        .cast(sa.BigInteger())
        .label(f"word_{word}")
        for word in _words(marks)
    ]


def failed(marked: sa.FromClause, marks: Collection[Mark]) -> sa.Select[int, int]:
    """A row (id, rule's number) for each rule that a row of `marked` (id, kind, words) fails."""
    names = [f"value_{word}" for word in _words(marks)]
    rows = [
        (
            mark.each.rule.kind,
            mark.each.number,
            *(mark.value if word == mark.word else 0 for word in range(len(names))),
        )
        for mark in marks
    ]
    legend = (
        sa.values(
            sa.column("kind", sa.Text()),
            sa.column("rule", sa.Integer()),
            *(sa.column(name, sa.BigInteger()) for name in names),
            literal_binds=True,
        )
        .data(rows)
        .cte("legend")
    )
    has_bit = sa.or_(
        *(
            marked.c[f"word_{word}"].bitwise_and(legend.c[name]) != 0
            for word, name in enumerate(names)
        )
    )
    return sa.select(marked.c.id, legend.c.rule).join_from(
        marked, legend, sa.and_(legend.c.kind == marked.c.kind, has_bit)
    )


def _arms(
    marks: Sequence[Mark], clauses: Mapping[str, Clause]
) -> Iterator[tuple[Clause, sa.ColumnElement[int]]]:
    original = sa.column("duplicate_of").is_(None)
    for kind in _kinds([mark.each for mark in marks]):
        of_kind = [mark for mark in marks if mark.each.rule.kind == kind]
        of_duplicates = [mark for mark in of_kind if "duplicate_of" in mark.each.rule.columns]
        is_kind = sa.column("kind") == sa.literal_column(f"'{kind}'", sa.Text())
        yield sa.and_(is_kind, original), _sum(of_kind, clauses)
        if of_duplicates:
            yield is_kind, _sum(of_duplicates, clauses)


def _sum(marks: Sequence[Mark], clauses: Mapping[str, Clause]) -> sa.ColumnElement[int]:
    bits = [
        sa.case(
            (clauses[mark.each.rule.id], sa.literal_column(str(mark.value), sa.BigInteger())),
            else_=_NOTHING,
        )
        for mark in marks
    ]
    return reduce(add, bits)


def _words(marks: Collection[Mark]) -> range:
    return range(max(mark.word for mark in marks) + 1)


def _kinds(rules: Sequence[NumberedRule]) -> list[str]:
    return sorted({each.rule.kind for each in rules})
