"""`status --as-of` and `--trend`: what was said before, of a demonstration that went on."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import flat, yueqingling

MONTH = "2026-10"
LATER = "2026-11-05T10:00"


@pytest.fixture(scope="module")
def went_on(demo: Shown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demonstration, checked again two days later."""
    folder = tmp_path_factory.mktemp("as-of") / "here"
    shutil.copytree(demo.folder, folder)
    assert yueqingling(folder, "check", "--now", LATER).code == 1
    return folder


def test_the_board_is_shown_as_it_stood(demo: Shown, went_on: Path) -> None:
    was = yueqingling(demo.folder, "status", "-m", MONTH, "--json").json
    now = yueqingling(went_on, "status", "-m", MONTH, "--json").json
    then = yueqingling(went_on, "status", "-m", MONTH, "--as-of", NOW, "--json").json
    assert then == was
    assert now["district"] != was["district"]
    board = yueqingling(went_on, "status", "--as-of", NOW)
    assert f"月清零 {MONTH}" in board.out
    assert "数据截至 11-03 10:00" in board.out


def test_before_the_first_statements_it_says_when_those_were_made(went_on: Path) -> None:
    said = yueqingling(went_on, "status", "--as-of", "2020-01-01T00:00")
    assert said.code == 2
    assert "when the first statements were made, found 2020-01-01T00:00:00" in flat(said.err)


def test_a_month_is_explained_as_it_stood(demo: Shown, went_on: Path) -> None:
    was = yueqingling(demo.folder, "explain", "district", MONTH, "--json").json
    then = yueqingling(went_on, "explain", "district", MONTH, "--as-of", NOW, "--json").json
    assert then["statement"] == was["statement"]
    assert [each["numerator"] for each in then["figures"]] == [
        each["numerator"] for each in was["figures"]
    ]

    def counts(told: dict[str, Any]) -> list[tuple[str, int, int, dict[str, int]]]:
        names = ("reason", "count", "charged", "by_kind")
        return [tuple(each[name] for name in names) for each in told["reasons"]]

    def units(told: dict[str, Any]) -> list[list[tuple[str, str]]]:
        return [[(u["source"], u["record_id"]) for u in r["units"]] for r in told["reasons"]]

    assert counts(then) == counts(was)
    assert units(then) == units(was)
    told = yueqingling(went_on, "explain", "district", MONTH, "--as-of", NOW, columns=100)
    assert "所示为 2026-11-03 10:00:00 的情况" in told.out
    assert told.widest <= 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((MONTH, "--as-of", "2020-01-01T00:00"), "found 2020-01-01T00:00:00"),
        ((MONTH, "--as-of", NOW, "--now", LATER), "expected it alone, found it with --now"),
        (("--as-of", NOW, "--unit", "示范"), "expected it alone, found it with --unit"),
        (("2031-01", "--as-of", NOW), "No statement of 2031-01"),
    ],
)
def test_what_cannot_be_explained_as_of_then_is_refused(
    went_on: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = yueqingling(went_on, "explain", "district", *arguments)
    assert refused.code == 2
    assert said in flat(refused.err)


def test_the_trend_is_a_line_a_day(went_on: Path) -> None:
    told = yueqingling(went_on, "status", "--trend", "district", "--json").json
    assert (told["format"], told["department"], told["name"]) == (1, "district", "全区")
    days = {each["day"]: each for each in told["days"]}
    assert {"2026-11-03", "2026-11-05"} <= set(days)
    last = days["2026-11-05"]
    board = yueqingling(went_on, "status", "-m", "2026-11", "--json").json["district"]
    assert (last["month"], last["backlog"], last["reasons"]) == (
        "2026-11",
        board["backlog"],
        board["reasons"],
    )
    first = days["2026-11-03"]
    went = last["came"] - last["cleared"] - last["moved_out"]
    assert last["backlog"] + last["pending"] - first["backlog"] - first["pending"] == went
    causes = last["causes"].values()
    assert sum(each["came"] for each in causes) == last["came"]
    assert sum(each["left"] for each in causes) == last["cleared"] + last["moved_out"]
    shown = yueqingling(went_on, "status", "--trend", "district", "--days", "1", columns=80)
    assert "积压走势" in shown.out
    assert all(name in shown.out for name in ("进入", "清零", "移出"))
    assert "2026-11-05" in shown.out
    assert "2026-11-03" not in shown.out
    assert shown.widest <= 80
