"""An explanation for people says which records, and nobody's identity code."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from rich.console import Console, RenderableType

from jobs import disclosed, history
from jobs.explanation import rendered
from monitor.config import Settings
from monitor.directory import Department
from monitor.ledger.day_count import counted
from monitor.ledger.definitions import DEFINITIONS
from monitor.ledger.explain import Explanation, FigureLine, ReasonLine
from monitor.ledger.explained_units import Failure, Line
from monitor.ledger.figures import Name
from monitor.ledger.since_seal import COUNTED, Change, SinceSeal, Turn
from monitor.ledger.statements import Statement
from monitor.ledger.unit_history import Delivered, Standing, UnitHistory
from monitor.words import DISTRICT, Kind, MonthState, Reason
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
    moved_out_late={},
    reasons={"draft": 1},
)


DEPARTMENTS = {A: Department(A, "示范局", "示范局")}


def on_screen(shown: RenderableType, width: int = 200) -> str:
    """What a terminal shows, by default a wide one."""
    screen = io.StringIO()
    Console(file=screen, width=width).print(shown)
    return screen.getvalue()


def line(action_code: str | None, record_id: str) -> Line:
    return Line(
        kind="punish",
        source="cases",
        record_id=record_id,
        action_code=action_code,
        month="2022-01",
        reason="draft",
        charged=True,
        count=counted(Settings(), Kind.PUNISH, Reason.DRAFT, date(2022, 1, 28), None, None),
    )


def test_identity_codes_inside_codes_are_masked_and_the_department_s_own_is_shown() -> None:
    lacking = (line(f"罚{CARD}-1", "row-1"), line(None, f"punish|{A}|{CREDIT_CODE}-2"))
    figure = FigureLine("timely_ratio", "及时率", DEFINITIONS[Name.TIMELY], 0, 2, "0.00", lacking)
    explanation = Explanation(
        STATEMENT,
        (figure,),
        (ReasonLine("draft", "暂存未报", 1, 1, {"punish": 1}, lacking[:1]),),
    )
    told = disclosed.explanation(explanation, DEPARTMENTS)
    shown = on_screen(rendered(told, DEPARTMENTS))
    assert CARD not in shown
    assert CREDIT_CODE not in shown
    assert shown.count("罚***-1") == 2
    assert f"punish|{A}|***-2" in shown
    document = json.dumps(told.to_json())
    assert CARD not in document
    assert CREDIT_CODE not in document


def test_an_act_without_an_action_code_is_called_by_its_document_number() -> None:
    unit = replace(line(None, f"punish|{A}||示罚〔2022〕13号||"), document_no="示罚〔2022〕13号")
    reason = ReasonLine("unentered", "应录未录", 1, 1, {"punish": 1}, (unit,))
    told = disclosed.explanation(Explanation(STATEMENT, (), (reason,)), DEPARTMENTS)
    shown = on_screen(rendered(told, DEPARTMENTS))
    assert "      示罚〔2022〕13号  " in shown
    assert "punish|" not in shown


def test_identity_codes_are_masked_in_a_history_too() -> None:
    seen = datetime(2022, 1, 29, tzinfo=UTC)
    act = UnitHistory(
        department=A,
        month=Month(2022, 1),
        standing=Standing.REMAINS,
        line=line(f"罚{CARD}-1", "row-1"),
        exemptions=(),
        heirs=(),
        delivered=(Delivered(True, "cases", f"punish|{A}|{CREDIT_CODE}-2", seen, None),),
        statuses=(),
        events=(),
        since=None,
        until=None,
        age=None,
    )
    shown = on_screen(history.rendered([disclosed.history(act, DEPARTMENTS)], DEPARTMENTS))
    assert f"punish|{A}|***-2" in shown
    assert "罚***-1" in shown


FAILED = (
    Failure("check.party_id.credit_code", "06", "验证不通过：不符合编码规则"),
    Failure("check.check_result.child", "08", "验证不通过：没有相应的处罚"),
)
EVERYTHING_WRONG = replace(
    line("示范检查-1", "row-1"), reason="invalid", failures=FAILED, blank=("检查人员",)
)


@pytest.mark.parametrize(
    ("name", "reason", "expected"),
    [
        (Name.ENTRY, "unentered", "应录未录"),
        (Name.TIMELY, "invalid", "期限内未报送"),
        (Name.TIMELY, "draft", "暂存未报"),
        (Name.COMPLETENESS, "invalid", "未填：检查人员"),
        (Name.VALID, "invalid", "check.party_id.credit_code (06) 验证不通过：不符合编码规则"),
        (Name.LINKED, "invalid", "check.check_result.child (08) 验证不通过：没有相应的处罚"),
        (Name.RETURN_FIX, "returned", "退回未改"),
        (Name.PROGRESS, "draft", "check.party_id.credit_code (06) 验证不通过：不符合编码规则"),
    ],
)
def test_below_a_figure_stands_what_a_unit_lacks_for_that_figure(
    name: Name, reason: str, expected: str
) -> None:
    lacking = (replace(EVERYTHING_WRONG, reason=reason),)
    figure = FigureLine(name.value, name.zh, DEFINITIONS[name], 0, 1, "0.00", lacking)
    shown = on_screen(rendered(Explanation(STATEMENT, (figure,), None), DEPARTMENTS))
    [row] = [each for each in shown.splitlines() if "示范检查-1" in each]
    assert row.rstrip().endswith(f"  {expected}")


def test_on_a_narrow_terminal_what_a_figure_counts_stays_below_it() -> None:
    name = Name.COVERAGE_SUB
    figure = FigureLine(name.value, name.zh, DEFINITIONS[name], 1, 1, "100.00")
    shown = on_screen(rendered(Explanation(STATEMENT, (figure,), None), DEPARTMENTS), 60)
    of_figures = shown.split("指标\n")[1].rstrip().splitlines()
    assert len(of_figures) > 1
    assert all(each.startswith("  ") for each in of_figures)


def test_the_district_is_silent_where_one_of_its_departments_is() -> None:
    silent = replace(STATEMENT, department=DISTRICT, silent=True)
    assert "；有部门零报送 (silent)" in on_screen(rendered(Explanation(silent, (), ()), {}))


def test_what_has_another_reason_since_the_seal_is_said_by_its_cause() -> None:
    since = SinceSeal(
        sealed_at=datetime(2022, 2, 14, 4, tzinfo=UTC),
        revision=1,
        state=MonthState.NOT_CLEARED,
        counts=dict.fromkeys(COUNTED, 1),
        figures={},
        changes=(Change("found_late", 2, 0), Change("judged", 1, 0, 3)),
        remained=1,
        remains=1,
        seen_late=0,
    )
    shown = on_screen(rendered(Explanation(STATEMENT, (), (), (), since), DEPARTMENTS))
    assert "封存后变化：清零时点后发现 (found_late) 新增 2\n" in shown
    assert "封存后变化：检核 (judged) 新增 1，变更原因 3\n" in shown


def test_what_changed_the_state_beside_units_is_said() -> None:
    since = SinceSeal(
        sealed_at=datetime(2022, 2, 14, 4, tzinfo=UTC),
        revision=1,
        state=MonthState.CLEARED_ON_TIME,
        counts=dict.fromkeys(COUNTED, 0),
        figures={},
        changes=(),
        remained=0,
        remains=0,
        seen_late=0,
        turns=(Turn.REPORT_WITHDRAWN,),
    )
    shown = on_screen(rendered(Explanation(STATEMENT, (), (), (), since), DEPARTMENTS))
    assert "封存后变化：零报送撤回 (report_withdrawn)\n" in shown


def test_the_days_of_a_due_are_told_one_by_one_and_free_stretches_together() -> None:
    units = (line("示范处罚-1", "row-1"),)
    reason = ReasonLine("draft", "暂存未报", 1, 1, {"punish": 1}, units)
    shown = on_screen(rendered(Explanation(STATEMENT, (), (reason,)), DEPARTMENTS))
    assert "行为发生 2022-01-28 起 7 个工作日 → 2022-02-11" in shown
    assert "01-29 第1日（调休上班）" in shown
    assert "02-01–02-03 不计（春节）" in shown
    assert "02-05–02-06 不计（周末）" in shown
    assert "02-11 第7日" in shown
