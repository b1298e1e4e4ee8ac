"""Figures (指标): each a numerator and a denominator; 0/0 is absent, never 100 %.

The figures that are ratios of units are defined here once, as conditions on the scratch table
`unit`; counting and explaining both read them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import sqlalchemy as sa

from monitor.ledger.obligations import IS_OBLIGATION, IS_RECORD, unit
from monitor.words import Reason, Word

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


RATIOS: Mapping[Name, Ratio] = {
    Name.ENTRY: Ratio(
        of=sa.and_(IS_OBLIGATION, unit.c.due_passed),
        reached=sa.func.coalesce(unit.c.reason, "") != Reason.UNENTERED,
    ),
    Name.TIMELY: Ratio(
        of=sa.and_(IS_OBLIGATION, sa.or_(unit.c.due_passed, unit.c.submitted)),
        reached=unit.c.in_time,
    ),
    Name.VALID: Ratio(of=sa.and_(IS_RECORD, unit.c.accepted), reached=unit.c.valid),
    Name.LINKED: Ratio(of=sa.and_(IS_RECORD, unit.c.accepted), reached=unit.c.linked),
    Name.RETURN_FIX: Ratio(of=sa.and_(IS_RECORD, unit.c.once_returned), reached=unit.c.accepted),
}
"""completeness_ratio counts cells, not units, and has no place here."""

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


def district(departments: Iterable[Mapping[str, Mapping[str, int]]]) -> Figures:
    """The district's figures: sums over sums, and the mean of departments as `…_macro`.

    A mean is written as the sum of the departments' ratios over their number, both times 10^9.
    """
    sums: dict[str, list[int]] = {}
    shares: dict[str, list[Fraction]] = {}
    for figures in departments:
        for name, each in figures.items():
            total = sums.setdefault(name, [0, 0])
            total[0] += each["numerator"]
            total[1] += each["denominator"]
            ratio = Fraction(each["numerator"], each["denominator"])
            shares.setdefault(name, []).append(ratio)
    micro = {name: figure(*total) for name, total in sums.items()}
    macro = {
        macro_name(name): figure(round(sum(each) * _MACRO_SCALE), len(each) * _MACRO_SCALE)
        for name, each in shares.items()
    }
    return micro | macro


def macro_name(name: str) -> str:
    """The name of the mean of the departments' figures."""
    return f"{name}_macro"
