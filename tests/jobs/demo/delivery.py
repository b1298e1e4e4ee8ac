"""The demonstration's sources read back by other means than the product's."""

import csv
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from monitor import standard

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
TABLES = {"punish": "tr_t_jgxw_punish_action", "force": "tr_t_jgxw_force_action"}


def rows(folder: Path) -> Rows:
    """Delivered cells by column, of the latest row of each (source, record id)."""
    return dict([*_filed(folder, "check"), *_filed(folder, "other"), *_exchanged(folder)])


def exchange_log(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The rows of the kind's table in the front-end database, oldest first."""
    with sqlite3.connect(folder / "exchange.db") as connection:
        connection.row_factory = sqlite3.Row
        query = f"SELECT * FROM {TABLES[kind]} ORDER BY cd_time, cd_id"
        return [dict(row) for row in connection.execute(query)]


def sheets(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    """Each sheet of a workbook with its rows."""
    with CalamineWorkbook.from_path(path) as book:
        for name in book.sheet_names:
            yield name, book.get_sheet_by_name(name).to_python()


def catalogue(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one of the office's CSV files."""
    with (folder / "catalogue" / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def truth(folder: Path) -> list[dict[str, str]]:
    """The rows of truth.csv."""
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _filed(folder: Path, kind: str) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    columns = {h: f.column for f in standard.fields(kind) for h in f.headers}
    columns |= {"记录唯一标识": "record_id", "状态": "status", "状态时间": "status_at"}
    for path in sorted((folder / "inbox" / kind).glob("*.xlsx")):
        for _, (header, _, *body) in sheets(path):
            for cells in body:
                row = {columns[str(h)]: cell for h, cell in zip(header, cells, strict=True)}
                yield (f"platform-{kind}", row["record_id"]), row


def _exchanged(folder: Path) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for kind in TABLES:
        columns = {h: f.column for f in standard.fields(kind) for h in f.headers}
        for log_row in exchange_log(folder, kind):
            row = {columns.get(name, name): cell for name, cell in log_row.items()}
            yield (f"exchange-{kind}", log_row["record_unique_identity"]), row
