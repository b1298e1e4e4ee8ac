"""The sources hold what truth.csv says, as seen without the product's own readers."""

from collections import Counter, defaultdict
from datetime import date, datetime

import pytest
from stdnum.cn import uscc

from jobs.demo import Demo
from monitor import standard
from monitor.words import Kind
from tests.jobs.demo import delivery

BLANK = {None, "", "— —", "无", "/", "NULL", "　"}


@pytest.fixture(scope="module")
def rows(demo: Demo) -> delivery.Rows:
    return delivery.rows(demo.folder)


@pytest.fixture(scope="module")
def truth(demo: Demo) -> list[dict[str, str]]:
    return delivery.truth(demo.folder)


@pytest.fixture(scope="module")
def marked(truth: list[dict[str, str]]) -> dict[tuple[str, str], set[str]]:
    """What truth says of each record."""
    rules = defaultdict(set)
    for row in truth:
        rules[row["source"], row["record_id"]].add(row["rule"])
    return rules


def test_mandatory_cells_are_blank_exactly_where_truth_says(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    for key, row in rows.items():
        if row.get("cd_operation") == "d":
            continue
        kind = key[0].partition("-")[2]
        for field in standard.fields(kind):
            if not field.mandatory or field.column in ("check_action_code", "reconsideration"):
                continue
            blank = row[field.column] in BLANK
            assert blank == (f"{kind}.{field.column}.mandatory" in marked[key]), (key, field)


def test_enterprise_codes_are_valid_exactly_where_truth_says(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    for key, row in rows.items():
        kind = key[0].partition("-")[2]
        repaired = {"full_width", "label"} & marked[key]
        if row.get("party_id_type") != "001" or row["party_id"] in BLANK or repaired:
            continue
        code = row["party_id"]
        # python-stdnum forgives lower case; the platform doesn't
        valid = uscc.is_valid(code) and code == code.upper()
        assert valid == (f"{kind}.party_id.credit_code" not in marked[key]), (key, code)


def test_acts_name_a_check_that_is_there_unless_truth_says_otherwise(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    checks = {
        row["action_code"]
        for (source, _), row in rows.items()
        if source == "platform-check" and row["status"] != "已删除"
    }
    full_width = {n + 0xFEE0: n for n in range(0x21, 0x7F)}
    checks |= {str(code).translate(full_width) for code in checks}
    for key, row in rows.items():
        kind = key[0].partition("-")[2]
        if kind == "check" or row.get("cd_operation") == "d":
            continue
        rule = f"{kind}.check_action_code.linked"
        if row["check_action_code"] in BLANK:
            needed = kind != "punish" or row["case_source"] == "01"
            assert needed == (rule in marked[key]), key
        else:
            assert (row["check_action_code"] in checks) == (rule not in marked[key]), key


def test_checks_that_led_to_an_act_have_it_unless_truth_says_otherwise(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    acts = {
        row["check_action_code"]
        for (source, _), row in rows.items()
        if source != "platform-check" and row.get("cd_operation") != "d"
    }
    labels = standard.code_list("检查结果")
    needing = {code: label for code, label in labels.items() if code in ("04", "05", "06")}
    spelled = {*needing, *needing.values(), *(code.lstrip("0") for code in needing)}
    led_on = 0
    for key, row in rows.items():
        if key[0] != "platform-check" or str(row["check_result"]) not in spelled:
            continue
        led_on += 1
        assert (row["action_code"] not in acts) == ("check.check_result.child" in marked[key]), key
    assert led_on > 100


def test_statuses_are_what_truth_says(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    words = {"暂存": "draft", "待审核": "pending", "退回": "returned"}
    seen: Counter[str] = Counter()
    for key, row in rows.items():
        status = str(row.get("status") or row.get("record_status"))
        for word, reason in words.items():
            assert (status == word) == (reason in marked[key]), (key, status)
            seen[reason] += status == word
        assert (status == "暂存") <= (row.get("submitted_at") in BLANK)
    assert min(seen.values()) >= 3


def test_business_keys_are_the_records_own_unless_truth_says_otherwise(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    seen: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for key, row in rows.items():
        if row["action_code"] not in BLANK:
            seen[key[0], row["action_code"]].append(key)
    copies = [key for keys in seen.values() for key in keys if len(keys) > 1]
    named = {key for key, rules in marked.items() if any("duplicate" in r for r in rules)}
    assert len(named) == len(copies) / 2 >= 4
    assert named < set(copies)


def test_days_are_working_days_and_submissions_follow(
    rows: delivery.Rows, marked: dict[tuple[str, str], set[str]]
) -> None:
    holidays = {date(2022, 1, 3), *(date(2022, 2, n) for n in range(1, 5))}
    made_up = {date(2022, 1, 29), date(2022, 1, 30)}
    plain = 0
    for key, row in rows.items():
        written = str(row["occurred_on"] or "")
        if marked[key] or len(written) != 10 or row.get("cd_operation") == "d":
            continue
        day = date.fromisoformat(written)
        assert day not in holidays
        assert day.weekday() < 5 or day in made_up
        assert datetime.fromisoformat(str(row["submitted_at"])).date() >= day
        plain += 1
    assert plain > 800


def test_every_kind_of_outcome_is_there_for_every_kind_of_behavior(
    truth: list[dict[str, str]],
) -> None:
    seen = Counter((row["kind"], row["outcome"]) for row in truth)
    for kind in Kind:
        for outcome in ("repaired", "malformed", "finding", "reason"):
            assert seen[kind.value, outcome], (kind, outcome)
    assert seen["punish", "unmeasurable"]


def test_tidy_departments_have_nothing_charged_to_them(truth: list[dict[str, str]]) -> None:
    charged = {row["department"] for row in truth if row["reason"] not in ("", "pending")}
    assert 2 <= len(charged - {"unknown"}) <= 5


def test_one_department_is_silent_and_others_report(truth: list[dict[str, str]]) -> None:
    said = defaultdict(set)
    for row in truth:
        if row["outcome"] == "department":
            said[row["rule"]].add((row["department"], row["month"]))
    assert {month for _, month in said["silent"]} == {"2022-02", "2022-03"}
    assert len({department for department, _ in said["silent"]}) == 1
    assert len(said["zero_report"]) == len(said["contradicted"]) == 1


def test_exchange_rows_are_a_log_with_inserts_updates_and_deletes(demo: Demo) -> None:
    for kind in ("punish", "force"):
        log = delivery.exchange_log(demo.folder, kind)
        operations = Counter(row["cd_operation"] for row in log)
        assert set(operations) == {"i", "u", "d"}
        lives = defaultdict(list)
        for row in log:
            lives[row["record_unique_identity"]].append(row["cd_operation"])
        assert ["i", "d"] in lives.values()
        assert ["i", "u"] in lives.values()
        assert ["u"] in lives.values()
        assert all(len(row["cd_batch"]) == 13 for row in log)


def test_workbooks_have_several_sheets_and_a_described_header(demo: Demo) -> None:
    paths = sorted((demo.folder / "inbox/check").glob("2*.xlsx"))
    dialects = set()
    for path in paths:
        found = list(delivery.sheets(path))
        dialects.add("行政相对人（单位/个人）" in found[0][1][0])
        for _, (header, described, *_) in found:
            assert "检查行为编号" in header
            assert any(str(cell).startswith("必填") for cell in described)
    assert dialects == {True, False}
    assert any(len(list(delivery.sheets(path))) > 1 for path in paths)
