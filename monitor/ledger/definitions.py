"""Definitions (指标口径): what each figure counts, and of what, in the words of the office."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.ledger.figures import Name


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure's numerator (分子) and its denominator (分母) are."""

    numerator: str
    denominator: str


DEFINITIONS: Mapping[Name, Definition] = {
    Name.ENTRY: Definition("其中已录入的", "当月已到期的应录"),
    Name.TIMELY: Definition("其中期限内报送的", "当月已到期或已报送的应录"),
    Name.COMPLETENESS: Definition("其中有内容的", "当月已报送记录的必填项"),
    Name.VALID: Definition("其中没有严重问题的（关联问题除外）", "当月已通过的记录"),
    Name.LINKED: Definition("其中没有关联问题的", "当月已通过的记录"),
    Name.RETURN_FIX: Definition("其中此后已通过的", "当月曾被退回的记录"),
    Name.COVERAGE_MAIN: Definition("其中本年有合格记录的", "月末在用且未免报的主项"),
    Name.COVERAGE_SUB: Definition("其中本年有合格记录的", "月末在用且未免报的子项"),
    Name.CLAIM: Definition("其中已认领的", "应认领的事项"),
    Name.IMPLEMENT: Definition("其中已发布的", "应编制的检查实施清单"),
    Name.ZERO: Definition("其中月清零的", "适用且数据足以判定的部门"),
    Name.NOT_MEASURED: Definition("其中数据不足以判定的", "适用的部门"),
    Name.PROGRESS: Definition("其中已清零的", "当月及往月结转的应录"),
}
