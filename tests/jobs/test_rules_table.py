"""The rules on a terminal: each with its message, and what the classes are called."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from expectations.listing import listed_rules
from jobs.rules_table import RulesTable
from monitor import standard


def drawn(columns: int, kind: str) -> list[str]:
    console = Console(file=StringIO(), width=columns)
    console.print(RulesTable([rule for rule in listed_rules() if rule.kind == kind]))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("columns", [80, 120])
def test_each_rule_stands_with_its_message_in_any_width(columns: int) -> None:
    lines = drawn(columns, "check")
    assert max(map(cell_len, lines)) <= columns
    without_blanks = "".join("".join(lines).split())
    for rule in listed_rules():
        if rule.kind == "check":
            assert rule.id in without_blanks
            assert "".join(rule.message.split()) in without_blanks
    assert lines[-1] == f"{sum(rule.kind == 'check' for rule in listed_rules())} rules"


def test_the_classes_that_are_there_are_called_by_name() -> None:
    names = standard.code_list("数据检核类型")
    other = "\n".join(drawn(120, "other"))
    assert f"03 {names['03']}" in other
    assert names["04"] not in other
    assert not any(name in "\n".join(drawn(120, "month_zero")) for name in names.values())
