"""The front-end database (前置库): penalties and coercions as rows with exchange columns.

A table is a log: a record is inserted (i), updated (u) and deleted (d) by rows of its own, in
batches by day. Every business column is text, as such databases have it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from jobs.demo.cell import STATUS_WORDS, delivered
from jobs.demo.days import Days
from jobs.demo.record import Cell, Record
from monitor import standard
from monitor.words import Kind, Status

TABLES = {Kind.PUNISH: "tr_t_jgxw_punish_action", Kind.FORCE: "tr_t_jgxw_force_action"}
STATUS, STATUS_AT = "record_status", "record_status_at"
Row = dict[str, Cell | datetime]


def write_exchange(path: Path, records: Sequence[Record], days: Days) -> None:
    """Make the database at `path` anew."""
    path.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    metadata = sa.MetaData()
    tables = {kind: _table(kind, metadata) for kind in TABLES}
    with engine.begin() as connection:
        metadata.create_all(connection)
        for kind, table in tables.items():
            rows = [row for record in records if record.kind is kind for row in _rows(record, days)]
            # sorting is stable: rows of one instant keep the order in which they were made
            rows.sort(key=lambda row: str(row["cd_time"]))
            for number, row in enumerate(rows, start=1):
                row["cd_id"] = f"{kind.value}{number:09d}"
            connection.execute(sa.insert(table), rows)
    engine.dispose()


def _table(kind: Kind, metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        TABLES[kind],
        metadata,
        sa.Column("cd_id", sa.String(40), primary_key=True),
        sa.Column("cd_time", sa.DateTime, nullable=False),
        sa.Column("cd_source", sa.String(18)),
        sa.Column("cd_batch", sa.String(13)),
        sa.Column("cd_operation", sa.String(1)),
        sa.Column("record_unique_identity", sa.String(100)),
        *(sa.Column(header, sa.Text) for header in _headers(kind)),
        sa.Column(STATUS, sa.String(20)),
        sa.Column(STATUS_AT, sa.DateTime),
        sa.Index(f"ix_{kind.value}_cd_time", "cd_time"),
    )


def _headers(kind: Kind) -> dict[str, str]:
    """The exchange columns with the columns that they stand for."""
    return {
        (exchange_column(field) or field.column): field.column
        for field in standard.fields(kind.value)
    }


def exchange_column(field: standard.Field) -> str | None:
    """The field's exchange column, where the standard names one."""
    named = [header for header in field.headers if header.isascii() and header != field.column]
    return named[0] if named else None


def _rows(record: Record, days: Days) -> Iterator[Row]:
    """The record's life in the table."""
    last_at = min(record.status_at + timedelta(minutes=7), days.now)
    first_at = record.submitted_at or record.status_at
    has_history = record.first_written or record.withdrawn
    if has_history:
        first = _content(record) | record.first_written
        waiting = Status.PENDING if record.submitted_at else Status.DRAFT
        yield first | _envelope(record, "i", first_at) | _status(waiting, first_at)
    if record.withdrawn:
        empty: Row = dict.fromkeys((*_headers(record.kind), STATUS, STATUS_AT))
        yield empty | _envelope(record, "d", last_at)
        return
    operation = "u" if has_history or record.never_inserted else "i"
    yield (
        _content(record)
        | _envelope(record, operation, days.now if record.late_copy else last_at)
        | _status(record.status, record.status_at)
    )


def _content(record: Record) -> Row:
    return {
        header: str(cell) if isinstance(cell, int) else cell
        for header, column in _headers(record.kind).items()
        for cell in (delivered(record, column),)
    }


def _envelope(record: Record, operation: str, at: datetime) -> Row:
    return {
        "cd_time": at,
        "cd_source": record.written.get("cd_source", record.department.code),
        "cd_batch": f"{at:%Y%m%d}00001",
        "cd_operation": operation,
        "record_unique_identity": record.record_id,
    }


def _status(status: Status, at: datetime) -> Row:
    return {STATUS: STATUS_WORDS[status], STATUS_AT: at}
