"""`yueqingling pull --dry-run`: shown on any terminal and for machines, and nothing is written."""

from pathlib import Path

import pytest

from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import flat, yueqingling
from tests.sources.deliveries import check_row, write_csv

SETTINGS = """
[[source]]
name = "checks"
feed = "check"
kind = "files"
path = "inbox/*.csv"
archive = "taken"
status = { column = "状态" }
"""


def folder_with_checks(folder: Path) -> Path:
    (folder / "yueqingling.toml").write_text(SETTINGS, encoding="utf-8")
    rows = [check_row(n, 状态="通过", 检查时间="2022-09-31", 企业分类="A") for n in range(5)]
    write_csv(folder / "inbox" / "a.csv", rows)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("columns", [80, 120])
def test_the_first_rows_are_shown_in_as_many_columns_as_there_are(
    tmp_path: Path, columns: int
) -> None:
    folder = folder_with_checks(tmp_path)
    said = yueqingling(folder, "pull", "--dry-run", "checks", "--rows", "2", columns=columns)
    assert said.code == 0, said.err
    assert said.widest <= columns
    shown = flat(said.out)
    for text in (
        "checks: check (行政检查行为), files",
        "unknown, kept in raw: 企业分类",
        "a.csv row 2",
        "a.csv row 3",
        "accepted (通过)",
        "not read: the calendar",
        "there is no store yet",
        "nothing was written",
    ):
        assert text in shown
    assert "a.csv row 4" not in shown


def test_nothing_is_written_anywhere(tmp_path: Path) -> None:
    folder = folder_with_checks(tmp_path)
    before = files_in(folder)
    yueqingling(folder, "pull", "--dry-run", "checks")
    assert files_in(folder) == before, "not even an empty store"
    yueqingling(folder, "db", "upgrade")
    before = files_in(folder)
    said = yueqingling(folder, "pull", "--dry-run", "checks")
    assert files_in(folder) == before
    assert "the directory is empty" in said.out


def test_rows_that_were_taken_are_shown_all_the_same(demo: Shown) -> None:
    said = yueqingling(demo.folder, "pull", "--dry-run", "platform-check", "--json")
    assert said.code == 0, said.err
    assert said.json["format"] == 1
    (source,) = said.json["sources"]
    assert (source["source"], len(source["rows"])) == ("platform-check", 3)
    assert all(row["department"]["name"] for row in source["rows"])
    status = yueqingling(demo.folder, "status", "--sources", "--json", "--now", NOW).json["sources"]
    assert {each["source"]: each["state"] for each in status}["platform-check"] == "fresh"


def test_a_source_that_cannot_be_read_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "yueqingling.toml").write_text(SETTINGS, encoding="utf-8")
    said = yueqingling(tmp_path, "pull", "--dry-run", "checks")
    assert said.code == 1
    assert "expected a folder" in flat(said.out)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--dry-run", "expected the source that --dry-run is to show"),
        (
            "--dry-run casses",
            "expected names of sources in yueqingling.toml (checks), found casses",
        ),
        ("--dry-run checks --all", "expected --dry-run alone"),
        ("--dry-run checks --rows 0", "expected a whole number from 1 to 1000, found '0'"),
        ("checks --rows 2", "expected --rows with --dry-run only"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, arguments: str, expected: str) -> None:
    said = yueqingling(folder_with_checks(tmp_path), "pull", *arguments.split())
    assert said.code == 2
    assert expected in flat(said.err)
