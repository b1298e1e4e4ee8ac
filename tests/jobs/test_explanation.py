"""An explanation for people says which records, and nobody's identity code."""

import io
import json
from datetime import UTC, date, datetime

from rich.console import Console

from jobs.explanation import disclosed, rendered
from monitor.directory import Department
from monitor.ledger.explain import Explanation, FigureLine, Line, ReasonLine
from monitor.ledger.statements import Statement
from monitor.words import MonthState
from monitor.workdays import Month
from tests.notify.district import CREDIT_CODE, A

CARD = "11010519491231002X"
"""The vector of GB 11643-1999, nobody's card."""

STATEMENT = Statement(
    department=A,
    month=Month(2022, 1),
    as_of=datetime(2022, 2, 1, tzinfo=UTC),
    close_at=datetime(2022, 2, 11, 16, tzinfo=UTC),
    provisional_calendar=False,
    in_scope=True,
    obligations=2,
    backlog=1,
    backlog_of_month=1,
    pending=0,
    overdue=0,
    carried=0,
    oldest_due_at=None,
    silent=False,
    expected_measured=True,
    not_measured=(),
    zero=False,
    zero_of_month=False,
    sealed_state=None,
    current_state=MonthState.OPEN,
    figures={},
    moved_out={},
    reasons={"draft": 1},
)


def line(action_code: str | None, record_id: str) -> Line:
    return Line(
        kind="punish",
        source="cases",
        record_id=record_id,
        action_code=action_code,
        month="2022-01",
        reason="draft",
        charged=True,
        counted_from=date(2022, 1, 4),
        due_on=date(2022, 1, 13),
        working_days=7,
    )


def test_identity_codes_inside_codes_are_masked_and_the_department_s_own_is_shown() -> None:
    lacking = (line(f"罚{CARD}-1", "row-1"), line(None, f"punish|{A}|{CREDIT_CODE}-2"))
    explanation = Explanation(
        STATEMENT,
        (FigureLine("timely_ratio", "及时率", 0, 2, "0.00", lacking),),
        (ReasonLine("draft", "暂存未报", 1, 1, {"punish": 1}, lacking[:1]),),
    )
    departments = {A: Department(A, "示范局", "示范局")}
    told = disclosed(explanation, departments)
    screen = io.StringIO()
    Console(file=screen, width=200).print(rendered(told, departments))
    shown = screen.getvalue()
    assert CARD not in shown
    assert CREDIT_CODE not in shown
    assert shown.count("罚***-1") == 2
    assert f"punish|{A}|***-2" in shown
    document = json.dumps(told.to_json())
    assert CARD not in document
    assert CREDIT_CODE not in document
