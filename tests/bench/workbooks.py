"""Pulling a workbook, against calamine alone and the landing of the same rows from CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path

import python_calamine as calamine
import xlsxwriter

from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places, checks
from tests.bench.pulling import pulled

_MOST = 100_000
"""Rows of a workbook that a platform still exports; a sheet holds ten times as many."""


def measure(places: Places) -> Iterator[Measurement]:
    """Read the workbook, pull the CSV file it was made from, pull the workbook."""
    rows = min(places.rows, _MOST)
    path = places.delivery(rows)
    workbook = _workbook(path)
    for kind in places.stores:
        with places.store(kind) as store:  # what is imported at first use is no part of it
            pulled(store, checks(places.delivery(100)))
        reading, loading, pulling = Stopwatch(), Stopwatch(), Stopwatch()
        with reading.running():
            read = _read(workbook)
        landed = []
        for source, watch in ((checks(path), loading), (checks(workbook), pulling)):
            with places.store(kind) as store, watch.running():
                landed.append(pulled(store, source).landed)
        if [read, *landed] != [rows + 1, rows, rows]:
            raise RuntimeError(f"expected {rows} rows in each: {read}, {landed}")
        yield Measurement(
            f"pull a workbook of {rows:,} rows",
            kind,
            "≤ 1.5 ×",
            pulling.best / (reading.best + loading.best),
            1.5,
            str(pulling),
            f"calamine {reading} + pull a CSV file {loading}",
        )


def _read(path: Path) -> int:
    """The rows that calamine makes of the workbook, headers included, each a list of values."""
    with calamine.load_workbook(path) as workbook:
        return sum(1 for _ in workbook.get_sheet_by_index(0).iter_rows())


def _workbook(path: Path) -> Path:
    """The rows of a CSV file in a sheet, as text beside the cells: so Java services stream them."""
    written = path.with_suffix(".xlsx")
    with (
        path.open(encoding="utf-8", newline="") as file,
        xlsxwriter.Workbook(str(written), {"constant_memory": True}) as book,
    ):
        sheet = book.add_worksheet("检查")
        for number, row in enumerate(csv.reader(file)):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return written
