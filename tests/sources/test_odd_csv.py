"""CSV files read in bulk say what Python's csv module reads in them, however odd they are."""

import csv
import io
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import SourceError
from monitor.sources import csvs, texts
from monitor.sources.texts import Text

Row = tuple[int, tuple[str, ...]]

CELLS = st.text(alphabet=string.ascii_letters[:3] + '示", \n\r;', max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=12)
ODD = st.text(alphabet='ab示,"\n\r ', min_size=1, max_size=80)


class Lines:
    """The lines of a text, and whether more were asked for than there are."""

    def __init__(self, text: str) -> None:
        self.exhausted = False
        self._lines = iter(io.StringIO(text, newline=""))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise


def by_the_csv_module(text: str) -> list[Row] | None:
    """The rows that aren't blank with the lines they begin in; None where a quote never closes."""
    lines = Lines(text)
    reader = csv.reader(lines)
    rows: list[Row] = []
    begun = 1
    for row in reader:
        if lines.exhausted:
            return None
        if any(cell.strip() for cell in row):
            rows.append((begun, without_blank_end(row)))
        begun = reader.line_num + 1
    return rows


def in_bulk(path: Path) -> list[Row] | None:
    blocks = csvs.blocks(Text(path, "a.csv"), ",", len)
    rows: list[Row] = []
    try:
        for block in blocks:
            for number, cells in zip(block.numbers, block.frame.iter_rows(), strict=True):
                rows.append((number, without_blank_end([cell or "" for cell in cells])))
    except SourceError:
        return None
    return rows


def without_blank_end(cells: list[str]) -> tuple[str, ...]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return tuple(cells)


@pytest.fixture(params=[7, 64, 4 << 20])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many bytes are read at once: so few that records are cut anywhere, or as usual."""
    monkeypatch.setattr(texts, "_BLOCK", request.param)
    return int(request.param)


@pytest.mark.usefixtures("block")
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=TABLES, all_quoted=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_is_read_with_nothing_lost_or_shifted(
    tmp_path: Path, table: list[list[str]], end: str, *, all_quoted: bool
) -> None:
    written = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(written, quoting=quoting, lineterminator=end).writerows(table)
    path = tmp_path / "a.csv"
    path.write_bytes(written.getvalue().encode())
    assert in_bulk(path) == by_the_csv_module(written.getvalue())


@pytest.mark.usefixtures("block")
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=ODD)
def test_whatever_stands_in_a_file_is_read_as_the_csv_module_reads_it(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert in_bulk(path) == by_the_csv_module(text)


def test_a_quote_that_never_closes_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"2\n3,4\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"a\.csv line 2: expected the quote that ends a cell"):
        list(csvs.blocks(Text(path, "a.csv"), ",", len))


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_no_character_is_cut_in_two_between_blocks(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("".join(f"示范{n},检查𠮷\n" for n in range(40)).encode(encoding))
    read = in_bulk(path)
    assert read == [(n + 1, (f"示范{n}", "检查𠮷")) for n in range(40)]
