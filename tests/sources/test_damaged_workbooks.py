"""Workbooks that are damaged, locked or made to do harm are refused, and nothing else suffers."""

import random
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from monitor.errors import SourceError
from monitor.sources import workbooks
from monitor.sources.batch import Part, Remark
from monitor.sources.columns import Dialect
from monitor.sources.passed import Passed
from tests.sources.compound import write_compound, write_xls
from tests.sources.deliveries import CHECK, check_row, files, write_workbook
from tests.sources.test_odd_files import look, sheet_of

ROWS = 20


def workbook(folder: Path, suffix: str) -> Path:
    sheets = {"一月": sheet_of(check_row(number) for number in range(ROWS))}
    path = folder / f"whole{suffix}"
    return write_xls(path, sheets) if suffix == ".xls" else write_workbook(path, sheets)


def far_off(path: Path) -> Path:
    """A workbook with a cell in the last corner of its sheet: 16 million cells of grid."""
    rows = [[*CHECK], [*CHECK.values()]]
    return write_xls(path, {"一月": rows}, far=(65_535, 255))


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_a_workbook_that_was_cut_off_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    whole = workbook(tmp_path, suffix).read_bytes()
    for tenth in range(1, 10):
        path = tmp_path / f"cut-{tenth}{suffix}"
        path.write_bytes(whole[: len(whole) * tenth // 10])
        frame, _, errors = look(path)
        assert all(error.startswith(path.name) for error in errors)
        assert len(errors) == 1 or frame.height == ROWS, f"{tenth} tenths were taken for all"


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_whatever_is_damaged_in_a_workbook_the_reading_goes_on(tmp_path: Path, suffix: str) -> None:
    whole = workbook(tmp_path, suffix).read_bytes()
    chance = random.Random(suffix)
    refused = 0
    for number in range(25):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 8, 200])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path = tmp_path / f"damaged-{number}{suffix}"
        path.write_bytes(damaged)
        frame, _, errors = look(path)
        assert errors or not frame.is_empty()
        refused += bool(errors)
    assert refused


@pytest.mark.parametrize(
    "filepass",
    [
        pack("<HHH", 0, 0x1234, 0x5678),
        pack("<HHH", 1, 1, 1) + bytes(48),
        pack("<HHH", 1, 2, 2) + bytes(60),
    ],
    ids=["obfuscated", "RC4", "CryptoAPI"],
)
def test_an_old_workbook_with_a_password_is_refused_as_that(
    tmp_path: Path, filepass: bytes
) -> None:
    path = write_xls(tmp_path / "a.xls", {"一月": sheet_of([check_row(1)])}, locked=filepass)
    frame, _, errors = look(path)
    assert frame.is_empty()
    assert errors == ["a.xls: expected a workbook without a password"]


def test_a_new_workbook_with_a_password_is_refused_as_that(tmp_path: Path) -> None:
    streams = {"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(300)}
    path = write_compound(tmp_path / "a.xlsx", streams)
    assert look(path)[2] == ["a.xlsx: expected a workbook without a password"]


def test_a_workbook_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = far_off(tmp_path / "a.xls")
    (error,) = look(path, max_unpacked_bytes=1_000_000)[2]
    assert error == (
        "a.xls: not a readable workbook: "
        "it is damaged, or takes more than 270435456 bytes of memory"
    )


def test_a_workbook_that_takes_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "_LEAST_SECONDS", 0)
    path = far_off(tmp_path / "a.xls")
    (error,) = look(path)[2]
    assert error.startswith("a.xls: not a readable workbook: reading it took more than 0 s")


def half_read(path: Path) -> Generator[Part | Remark | SourceError]:
    """What is left of a workbook of two sheets after the first, more than fits into a pipe."""
    rows = [check_row(number, 检查对象="示" * 2_000) for number in range(100)]
    write_workbook(path, {"一月": sheet_of(rows), "二月": sheet_of(rows)})
    found = workbooks.parts(Dialect(files(path)), path, path.name, 1 << 30, Passed())
    next(found)
    return found


class Readers:
    """The processes that read workbooks, as they are started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        start = subprocess.Popen

        def started(*arguments: Any, **how: Any) -> "subprocess.Popen[bytes]":
            self.started.append(start(*arguments, **how))
            return self.started[-1]

        monkeypatch.setattr(subprocess, "Popen", started)


def test_a_reader_that_is_killed_costs_no_more_than_its_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers(monkeypatch)
    found = half_read(tmp_path / "a.xlsx")
    readers.started[0].kill()
    with pytest.raises(SourceError, match="not a readable workbook: what read it was killed"):
        list(found)


def test_no_reader_is_left_behind_where_nobody_reads_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers(monkeypatch)
    with closing(half_read(tmp_path / "a.xlsx")):
        (reader,) = readers.started
        assert reader.poll() is None
    assert reader.returncode is not None
