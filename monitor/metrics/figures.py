"""The statement's figures as metrics: which are published, under which names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the statement, published as numerator and denominator so that sums stay right."""

    name: str
    stem: str
    unit: str
    numerator: str
    denominator: str


FIGURES = (
    Figure(
        "entry_ratio",
        "entry",
        "records",
        "Obligations of the month that are entered and whose due has passed (录入率, numerator).",
        "Obligations of the month whose due has passed (录入率, denominator).",
    ),
    Figure(
        "timely_ratio",
        "timely",
        "records",
        "Obligations of the month submitted by their due (及时率, numerator).",
        "Obligations of the month that are due or submitted (及时率, denominator).",
    ),
    Figure(
        "completeness_ratio",
        "completeness",
        "cells",
        "Mandatory cells that are not blank (字段完整率, numerator).",
        "Mandatory cells of submitted records (字段完整率, denominator).",
    ),
    Figure(
        "valid_ratio",
        "valid",
        "records",
        "Accepted records without critical finding outside class 08 (合格率, numerator).",
        "Accepted records of the month (合格率, denominator).",
    ),
    Figure(
        "linked_ratio",
        "linked",
        "records",
        "Accepted records without class-08 finding (关联率, numerator).",
        "Accepted records of the month (关联率, denominator).",
    ),
    Figure(
        "return_fix_ratio",
        "return_fix",
        "records",
        "Records once returned and accepted since (整改率, numerator).",
        "Records once returned (整改率, denominator).",
    ),
    Figure(
        "coverage_main_ratio",
        "coverage_main",
        "items",
        "Main items with a valid record this year (主项覆盖率, numerator).",
        "Main items in use and not exempt (主项覆盖率, denominator).",
    ),
    Figure(
        "coverage_sub_ratio",
        "coverage_sub",
        "items",
        "Sub-items with a valid record this year (子项覆盖率, numerator).",
        "Sub-items in use and not exempt (子项覆盖率, denominator).",
    ),
    Figure(
        "claim_ratio",
        "claim",
        "items",
        "Items that are claimed (认领率, numerator).",
        "Items that are to be claimed (认领率, denominator).",
    ),
    Figure(
        "implement_ratio",
        "implement",
        "lists",
        "Implementation lists that are published (实施清单编制率, numerator).",
        "Implementation lists that are to be drawn up (实施清单编制率, denominator).",
    ),
    Figure(
        "progress",
        "progress",
        "records",
        "Cleared units of the month and of those carried into it (清零进度, numerator).",
        "Units of the month and of those carried into it (清零进度, denominator).",
    ),
)

DISTRICT_FIGURES = (
    Figure(
        "zero_ratio",
        "district_zero",
        "departments",
        "Departments at zero (月清零率, numerator).",
        "Departments in scope and measured (月清零率, denominator).",
    ),
    Figure(
        "not_measured_ratio",
        "district_not_measured",
        "departments",
        "Departments in scope whose zero can't be told (未测量, numerator).",
        "Departments in scope (未测量, denominator).",
    ),
)
"""What is counted in departments; the rest of the district is the sum of its departments."""
