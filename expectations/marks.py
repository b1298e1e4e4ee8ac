"""Marks: which rules a record fails, packed into whole numbers.

Each rule of a kind has a bit of its own, so one pass over the records works all of a kind's
conditions out, each once, with nothing but additions. Only the records that fail something are
taken apart into a row for each rule that they fail.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from expectations.conditions import Written
from expectations.rules import NumberedRule

_BITS = 62
"""Bits of a word: both stores' whole numbers have 64, one of them the sign."""


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


def words(marks: Collection[Mark], clauses: Mapping[str, Written]) -> list[sa.Label[int]]:
    """The words of a record as columns word_0, word_1 …; a record that fails nothing has zeros.

    The columns of a record are unqualified. A duplicate is asked only what it is: it is no
    obligation of its own. What is made is text: hundreds of clauses cost more to compose as
    objects than a few records to judge.
    """
    return [
        sa.literal_column(
            f"CAST({_case(_arms(_of_word(marks, word), clauses))} AS BIGINT)", sa.BigInteger()
        ).label(f"word_{word}")
        for word in _words(marks)
    ]


def failed(marked: sa.FromClause, marks: Collection[Mark]) -> sa.Select[int, int]:
    """A row (id, rule's number) for each rule that a row of `marked` (id, kind, words) fails.

    Many records fail the same: each set of marks is taken apart once, whosever it is.
    """
    places = _words(marks)
    rows = ", ".join(
        str((mark.each.rule.kind, mark.each.number, *_values(mark, places))) for mark in marks
    )
    names = ["kind", "rule", *(f"value_{word}" for word in places)]
    named = ", ".join(f"column{place} AS {name}" for place, name in enumerate(names, start=1))
    legend = (
        sa.text(f"SELECT {named} FROM (VALUES {rows}) AS places")
        .columns(*(sa.column(name) for name in names))
        .cte("legend")
    )
    parts = [marked.c.kind, *(marked.c[f"word_{word}"] for word in places)]
    pattern = sa.select(*parts).distinct().cte("pattern")
    has_bit = sa.or_(
        *(pattern.c[f"word_{word}"].bitwise_and(legend.c[f"value_{word}"]) != 0 for word in places)
    )
    return (
        sa.select(marked.c.id, legend.c.rule)
        .select_from(marked)
        .join(pattern, sa.and_(*(part == pattern.c[part.name] for part in parts)))
        .join(legend, sa.and_(legend.c.kind == pattern.c.kind, has_bit))
    )


def _values(mark: Mark, places: range) -> Iterator[int]:
    return (mark.value if word == mark.word else 0 for word in places)


def _of_word(marks: Collection[Mark], word: int) -> list[Mark]:
    return [mark for mark in marks if mark.word == word]


def _arms(marks: Sequence[Mark], clauses: Mapping[str, Written]) -> Iterator[tuple[str, str]]:
    """Conditions and the words of those records for which they are the first that is true."""
    for kind in _kinds([mark.each for mark in marks]):
        of_kind = [mark for mark in marks if mark.each.rule.kind == kind]
        of_duplicates = [mark for mark in of_kind if "duplicate_of" in mark.each.rule.columns]
        yield f"kind = '{kind}' AND duplicate_of IS NULL", _sum(of_kind, clauses)
        if of_duplicates:
            yield f"kind = '{kind}'", _sum(of_duplicates, clauses)


def _sum(marks: Sequence[Mark], clauses: Mapping[str, Written]) -> str:
    return " + ".join(_case([(clauses[mark.each.rule.id].name, str(mark.value))]) for mark in marks)


def _case(arms: Iterable[tuple[str, str]]) -> str:
    return f"CASE {' '.join(f'WHEN {when} THEN {then}' for when, then in arms)} ELSE 0 END"


def _words(marks: Collection[Mark]) -> range:
    return range(max(mark.word for mark in marks) + 1)


def _kinds(rules: Sequence[NumberedRule]) -> list[str]:
    return sorted({each.rule.kind for each in rules})
