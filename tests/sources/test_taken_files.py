"""Which files are taken, when, and where they go: a correction counts, a copy doesn't."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import FilesSource
from monitor.errors import SourceError
from monitor.sources import reader
from monitor.sources.batch import Batch, Remark, Start
from monitor.sources.columns import Dialect
from monitor.store import Store
from tests.sources.deliveries import check_row, files, pulled, rows_of, write_csv

LONG_AGO = datetime(2022, 1, 20, 4, tzinfo=UTC)


def names(store: Store) -> list[str]:
    return [row["action_name"] for row in rows_of(store)]


def delivered(path: Path, name: str = "示范日常检查", number: int = 1) -> Path:
    return write_csv(path, [check_row(number, 检查行为名称=name)])


def dated(path: Path, at: datetime) -> Path:
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def look(source: FilesSource, **start: Any) -> tuple[int, list[str], list[str]]:
    """How many rows one look reads, and what it remarks and complains about."""
    rows, remarks, errors = 0, [], []
    try:
        for part in reader.read(source, Dialect(source), Start(**start)):
            if isinstance(part, Batch):
                rows += part.height
            elif isinstance(part, Remark):
                remarks.append(part.text)
            else:
                errors.append(str(part))
    except SourceError as error:
        errors.append(str(error))
    return rows, remarks, errors


def test_a_correction_back_to_an_older_content_counts(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    source = files(tmp_path / "*.csv")
    for name in ("甲", "乙", "甲"):
        delivered(tmp_path / "a.csv", name)
        assert pulled(store, source, now).landed == 1
        assert names(store) == [name]


def test_a_copy_of_what_is_in_force_elsewhere_is_not_read_again(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    source = files(tmp_path / "*.csv")
    first = delivered(tmp_path / "a.csv", "甲")
    pulled(store, source, now)
    (tmp_path / "b.csv").write_bytes(first.read_bytes())
    report = pulled(store, source, now)
    assert (report.read, report.error) == (0, None)
    assert any("b.csv: not read" in warning for warning in report.warnings)


def test_an_old_content_under_a_new_name_is_read_once_it_is_in_force_nowhere(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    source = files(tmp_path / "*.csv")
    first = delivered(tmp_path / "a.csv", "甲").read_bytes()
    pulled(store, source, now)
    delivered(tmp_path / "a.csv", "乙")
    pulled(store, source, now)
    (tmp_path / "b.csv").write_bytes(first)
    pulled(store, source, now)
    assert names(store) == ["甲"]


def test_a_file_goes_to_the_archive_once_it_has_landed_and_overwrites_nothing(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    archive = tmp_path / "inbox" / "taken"
    source = files(tmp_path / "inbox" / "**" / "*.csv", archive=str(archive))
    for number in (1, 2):
        delivered(tmp_path / "inbox" / "deep" / "a.csv", number=number)
        assert pulled(store, source, now).landed == 1
    assert not (tmp_path / "inbox" / "deep" / "a.csv").exists()
    assert sorted(path.name for path in (archive / "deep").iterdir()) == ["a.2.csv", "a.csv"]
    assert pulled(store, source, now).read == 0


def test_a_move_that_a_crash_forgot_is_made_by_the_next_pull(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    path = delivered(tmp_path / "inbox" / "a.csv")
    pulled(store, files(tmp_path / "inbox" / "*.csv"), now)  # landed, and never moved
    source = files(tmp_path / "inbox" / "*.csv", archive=str(tmp_path / "taken"))
    report = pulled(store, source, now)
    assert (report.read, path.exists()) == (0, False)
    assert (tmp_path / "taken" / "a.csv").is_file()


def test_a_file_that_was_written_to_just_now_is_left_until_it_rests(tmp_path: Path) -> None:
    path = delivered(tmp_path / "a.csv")
    source = files(path, settle="1h")
    rows, remarks, errors = look(source)
    assert (rows, errors) == (0, [])
    assert "left for the next pull: it was written to less than 3600 s ago" in remarks[0]
    dated(path, datetime.now(UTC) - timedelta(hours=2))
    assert look(source)[0] == 1


def test_a_name_that_says_it_is_not_whole_is_left(tmp_path: Path) -> None:
    delivered(tmp_path / "a.csv.part")
    rows, remarks, errors = look(files(tmp_path / "*"))
    assert (rows, errors) == (0, [])
    assert "its name ends with .part" in remarks[0]


def test_files_are_read_again_when_all_or_those_since_a_day_are_asked_for(tmp_path: Path) -> None:
    cursors: dict[str, str] = {}
    for number, name in enumerate(("a.csv", "b.csv")):
        dated(delivered(tmp_path / name, number=number), LONG_AGO + timedelta(days=number))
    source = files(tmp_path / "*.csv")
    for part in reader.read(source, Dialect(source), Start()):
        assert isinstance(part, Batch)
        cursors |= part.cursors
    assert look(source, cursors=cursors)[0] == 0
    assert look(source, cursors=cursors, everything=True)[0] == 2
    assert look(source, cursors=cursors, since=date(2022, 1, 21))[0] == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ({"a.csv": b""}, "expected rows, found an empty file"),
        ({}, "expected a file"),
        ({"a.csv": b"\x89\x00\xff\xfe\x00" * 50}, "found none of them"),
        ({"a.csv": b"%PDF-1.7"}, "found a PDF document"),
        ({"a.csv": b"<html><table></table></html>"}, "found a web page or XML"),
    ],
)
def test_an_empty_a_missing_and_an_unreadable_file_are_told_apart(
    tmp_path: Path, make: Mapping[str, bytes], said: str
) -> None:
    for name, content in make.items():
        (tmp_path / name).write_bytes(content)
    rows, _, errors = look(files(tmp_path / "a.csv"))
    assert rows == 0
    assert said in errors[0]
