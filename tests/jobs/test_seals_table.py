"""What a verification of the seals says, in the office's words."""

import pytest

from jobs.seals_table import verdict_lines
from monitor.directory import Department, Directory
from monitor.ledger.verification import Broken, Fault, Verdict
from tests.ledger.book import A


@pytest.mark.parametrize(
    ("figure", "called"),
    [
        ("backlog", "积压"),
        ("figures.progress", "清零进度"),
        ("figures.progress_macro", "清零进度的部门平均"),
        ("reasons.draft", "暂存未报"),
        ("moved_out.exempted", "移出：免报核销"),
        ("moved_out_late.deleted", "清零时点后移出：删除"),
    ],
)
def test_a_changed_figure_is_called_what_it_is_elsewhere(figure: str, called: str) -> None:
    broken = Broken("2022-01", 1, A, Fault.STATEMENT, figure)
    known = Directory({A: [Department(A, "示范局", "示范局")]})
    [line] = verdict_lines(Verdict(1, "0" * 64, (broken,)), known)
    assert line.startswith("2022-01 第 1 版 示范局 ")
    assert line.endswith(f" {called}（{figure}）")
