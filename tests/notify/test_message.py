"""What messages say, and what they never say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.directory import UNKNOWN, Department
from monitor.ledger.zero_reports import Contradiction
from monitor.notify import message
from monitor.notify.ladder import Step
from monitor.notify.message import Message, Surroundings
from monitor.notify.standings import Account, Remaining, Unit
from monitor.words import DISTRICT, Kind, MonthState, Reason
from monitor.workdays import Calendar, Month
from tests.notify.district import CREDIT_CODE, A, B, china
from tests.notify.test_ladder import sealed, standing

FIRST = Department(A, "示范区示范一局", "示范一局")
SECOND = Department(B, "示范区示范二局", "示范二局")
LEFT = Remaining(
    by_reason={Reason.UNENTERED: 2, Reason.RETURNED: 5},
    oldest_due_at=china("2022-01-28T00:00"),
    oldest=tuple(Unit(Kind.CHECK, f"示范检字2022-{n:03d}", False) for n in range(1, 6)),
)


def around(
    at: str = "2022-02-08T09:00", url: str | None = "https://board.example/"
) -> Surroundings:
    return Surroundings(china(at), Calendar(), "示范区政务服务管理办公室", url)


def account(**values: Any) -> Account:
    given: dict[str, Any] = {
        "standing": standing(backlog=7, overdue=3),
        "obligations": 10,
        "pending": 0,
        "carried": 1,
        "expected_measured": True,
        "not_measured": (),
        "figures": {},
    }
    return Account(**(given | values))


def reminder(step: Step = Step.BEFORE_3, left: Remaining = LEFT, **values: Any) -> Message:
    return message.for_department(step, account(**values), FIRST, left, None, around())


def test_a_reminder_says_what_is_left_and_by_when() -> None:
    assert reminder().text == "\n".join(
        [
            "【提醒】示范区示范一局 2022年1月月清零：7 项待处理",
            "待处理：应录未录 2 项，退回未改 5 项",
            "其中：已超期 3 项，往月结转 1 项",
            "最早一项：已超期 12 天",
            "清零时点：2月11日 24:00（还有 3 个工作日）",
            "最早的编号：",
            *(f"· 行政检查 示范检字2022-{n:03d}" for n in range(1, 6)),
            "另有 2 项",
            "https://board.example/",
        ]
    )


def test_a_unit_due_at_midnight_was_due_the_day_before() -> None:
    left = Remaining({Reason.DRAFT: 1}, oldest_due_at=china("2022-02-10T00:00"))
    assert "最早一项：2月9日到期" in reminder(left=left).text


def test_on_the_close_day_the_deadline_is_today() -> None:
    text = message.for_department(
        Step.CLOSE_DAY, account(), FIRST, LEFT, None, around("2022-02-11T09:00")
    ).text
    assert "清零时点：2月11日 24:00（今天）" in text


def test_a_silent_department_is_asked_for_records_or_a_zero_report() -> None:
    silent = reminder(left=Remaining(), standing=standing(backlog=0, silent=True))
    assert "零报送待处理" in silent.head
    assert "请补录，或提交零报告" in silent.text


@pytest.mark.parametrize("step", [step for step in Step if step not in {Step.SCAN, Step.BULLETIN}])
def test_every_step_has_a_head_with_department_and_month(step: Step) -> None:
    assert reminder(step).head.startswith(f"【{step.zh}】示范区示范一局 2022年1月")


def test_stale_data_is_told_with_the_time_it_reaches() -> None:
    until = china("2022-02-07T09:15")
    stale = account(not_measured=("check", "expected:punish"))
    text = message.for_department(Step.BEFORE_3, stale, FIRST, LEFT, until, around()).text
    assert "数据截至 2022-02-07 09:15（行政检查、行政处罚应录清单未能更新）" in text


def test_data_that_was_never_read_is_told_as_such() -> None:
    text = reminder(not_measured=("force",)).text
    assert "行政强制数据尚未读到，以上数字不含这部分" in text


def test_thanks_say_when_what_should_exist_was_not_checked() -> None:
    cleared = sealed(MonthState.CLEARED_ON_TIME)
    assert "按期清零" in reminder(Step.THANKS, standing=cleared).head
    unproven = reminder(Step.THANKS, standing=cleared, expected_measured=False)
    assert unproven.head.endswith("按期清零（应录未核）")


def test_a_code_that_names_somebody_is_withheld_but_counted() -> None:
    left = Remaining(
        {Reason.DRAFT: 3},
        china("2022-01-28T00:00"),
        (
            Unit(Kind.PUNISH, None, True),
            Unit(Kind.CHECK, f"检-{CREDIT_CODE}", False),
            Unit(Kind.OTHER, None, False),
        ),
    )
    shown = reminder(left=left)
    assert shown.entries == (
        "行政处罚（编号含当事人信息，不显示）",
        "行政检查（编号含当事人信息，不显示）",
        "其他行为（无编号）",
    )
    assert CREDIT_CODE not in str(shown.document())


def test_a_message_comes_back_from_the_store_as_it_went_in() -> None:
    assert message.from_document(reminder().document()) == reminder()


def test_the_scan_lists_departments_with_overdue_units_most_first() -> None:
    scan = district(
        Step.SCAN, (account(standing=standing(overdue=1, backlog=4)), FIRST), (owes(9), SECOND)
    )
    assert scan.head == "【周扫描】示范区政务服务管理办公室 2022年1月月清零情况"
    assert scan.entries == ("示范区示范二局 9 项", "示范区示范一局 1 项")
    assert "部门：进行中 2 个" in scan.text


def test_the_bulletin_keeps_departments_without_data_apart() -> None:
    failed = account(standing=sealed(MonthState.NOT_CLEARED, not_cleared_in_a_row=2))
    unread = account(
        standing=sealed(MonthState.NO_DATA, department=B, measured=False), not_measured=("check",)
    )
    bulletin = district(Step.BULLETIN, (failed, FIRST), (unread, SECOND), not_measured=("check",))
    assert "封存时：未清零 1 个，无数据 1 个" in bulletin.text
    assert bulletin.entries == ("示范区示范一局 3 项（连续 2 个月）",)
    assert "全区：—" in bulletin.text
    assert "月清零率：33.33%（1/3）" in bulletin.text


def test_a_long_list_of_departments_is_cut_and_counted() -> None:
    many = [
        (owes(1, f"{n:018d}"), Department(f"{n:018d}", f"示范{n}", f"示范{n}")) for n in range(23)
    ]
    scan = district(Step.SCAN, *many)
    assert len(scan.entries) == 20
    assert scan.rest == "另有 3 个部门"


def test_a_zero_report_that_records_contradict_is_named_to_the_office() -> None:
    told = Contradiction(A, Month(2022, 1), china("2022-02-01T09:00"), obligations=2)
    scan = district(Step.SCAN, (owes(1, A), FIRST), contradicted=[told])
    assert "零报告与记录不符：示范区示范一局 2022年1月（2 项应录）" in scan.text


def owes(overdue: int, code: str = B) -> Account:
    return account(standing=standing(department=code, overdue=overdue, backlog=overdue))


def district(
    step: Step,
    *rows: tuple[Account, Department],
    contradicted: Sequence[Contradiction] = (),
    **values: Any,
) -> Message:
    whole = account(
        standing=standing(department=DISTRICT, backlog=0, measured=not values.get("not_measured")),
        carried=0,
        figures={"zero_ratio": {"numerator": 1, "denominator": 3}},
        **values,
    )
    names = {row.standing.department: each for row, each in rows} | {UNKNOWN.code: UNKNOWN}
    accounts = [row for row, _ in rows]
    return message.for_district(step, whole, accounts, names, contradicted, None, around())
