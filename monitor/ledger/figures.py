"""Figures (指标): each a numerator and a denominator; 0/0 is absent, never 100 %.

The figures that are ratios of units are defined here once, as conditions on units; counting and
explaining both read them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import sqlalchemy as sa

from monitor.ledger.obligations import is_obligation, is_record
from monitor.words import UNKNOWN_DEPARTMENT, Reason, Word

Figures = dict[str, dict[str, int]]


class Name(Word):
    """The figures, with their Chinese names."""

    ENTRY = "entry_ratio", "录入率"
    TIMELY = "timely_ratio", "及时率"
    COMPLETENESS = "completeness_ratio", "字段完整率"
    VALID = "valid_ratio", "合格率"
    LINKED = "linked_ratio", "关联率"
    RETURN_FIX = "return_fix_ratio", "整改率"
    COVERAGE_MAIN = "coverage_main_ratio", "主项覆盖率"
    COVERAGE_SUB = "coverage_sub_ratio", "子项覆盖率"
    CLAIM = "claim_ratio", "认领率"
    IMPLEMENT = "implement_ratio", "实施清单编制率"
    ZERO = "zero_ratio", "月清零率"
    NOT_MEASURED = "not_measured_ratio", "未测量部门占比"
    PROGRESS = "progress", "清零进度"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of units: `of` are the units that count, `reached` those of them that are well."""

    of: sa.ColumnElement[bool]
    reached: sa.ColumnElement[bool]


RATIOS = (Name.ENTRY, Name.TIMELY, Name.VALID, Name.LINKED, Name.RETURN_FIX)
"""The figures that are ratios of units; completeness_ratio counts cells and has no place here."""


def ratio(name: Name, units: sa.FromClause) -> Ratio:
    """One of RATIOS, of the units of a table."""
    u = units.c
    counts, is_there = is_obligation(units), is_record(units)
    match name:
        case Name.ENTRY:
            entered = sa.func.coalesce(u.reason, "") != Reason.UNENTERED
            return Ratio(of=sa.and_(counts, u.due_passed), reached=entered)
        case Name.TIMELY:
            decided = sa.or_(u.due_passed, u.submitted)
            return Ratio(of=sa.and_(counts, decided), reached=u.in_time)
        case Name.VALID:
            return Ratio(of=sa.and_(is_there, u.accepted), reached=u.valid)
        case Name.LINKED:
            return Ratio(of=sa.and_(is_there, u.accepted), reached=u.linked)
        case _:
            return Ratio(of=sa.and_(is_there, u.once_returned), reached=u.accepted)


_MACRO_SCALE = 10**9


def percent(numerator: int, denominator: int) -> Decimal | None:
    """The share in percent, rounded half up to 2 places; None for 0/0."""
    if denominator == 0:
        return None
    share = Fraction(100 * numerator, denominator)
    exact = Decimal(share.numerator) / Decimal(share.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def figure(numerator: int, denominator: int) -> dict[str, int]:
    """A figure as statements hold it."""
    return {"numerator": numerator, "denominator": denominator}


def kept(figures: Mapping[Name, tuple[int, int]]) -> Figures:
    """The figures that there are: those with a denominator."""
    return {
        name.value: figure(numerator, denominator)
        for name, (numerator, denominator) in figures.items()
        if denominator
    }


def district(departments: Iterable[tuple[str, Mapping[str, Mapping[str, int]]]]) -> Figures:
    """The district's figures: sums over sums, and the mean of departments as `…_macro`.

    Made from those of each department by its code; what nobody owns is in the sums, and is no
    department that a mean could be of.
    A mean is written as the sum of the departments' ratios over their number, both times 10^9.
    """
    sums: dict[str, list[int]] = {}
    shares: dict[str, Counter[int]] = {}  # by denominator: adding fractions one by one is slow
    numbers: Counter[str] = Counter()
    for code, figures in departments:
        for name, each in figures.items():
            total = sums.setdefault(name, [0, 0])
            total[0] += each["numerator"]
            total[1] += each["denominator"]
            if code == UNKNOWN_DEPARTMENT:
                continue
            shares.setdefault(name, Counter())[each["denominator"]] += each["numerator"]
            numbers[name] += 1
    micro = {name: figure(*total) for name, total in sums.items()}
    macro = {}
    for name, by_denominator in shares.items():
        ratios = sum(Fraction(part, whole) for whole, part in by_denominator.items())
        scaled = figure(round(ratios * _MACRO_SCALE), numbers[name] * _MACRO_SCALE)
        macro[macro_name(name)] = scaled
    return micro | macro


def macro_name(name: str) -> str:
    """The name of the mean of the departments' figures."""
    return f"{name}_macro"
