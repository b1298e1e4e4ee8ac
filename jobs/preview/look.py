"""A look at a batch: its rows as they would land, cell by cell."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl

from jobs.preview.forms import Cell, Owner, Place, Row, Use
from jobs.preview.masking import Agencies, ends
from monitor import standard
from monitor.config import BEHAVIOR_FEEDS, Settings
from monitor.directory import Department, called
from monitor.sources import identity, normalise, records
from monitor.sources.batch import Batch
from monitor.sources.columns import Dialect, Layout
from monitor.sources.identity import Identities
from monitor.sources.land import table_of
from monitor.words import Feed
from monitor.workdays import ZONE

_NUMBERED = ("party_id", "object_code")
"""Fields that hold the number of a person or an enterprise, well formed or not."""

_IDENTIFYING = ("record_unique_identity", "cd_id", "id")
_READ_AS = {"cd_batch": "batch"}
_LIST_OWNER = 18
"""An implementation list's code begins with the credit code of its department."""


class Look:
    """A batch, looked at cell by cell."""

    def __init__(
        self,
        settings: Settings,
        dialect: Dialect,
        departments: Mapping[str, Department],
        batch: Batch,
    ) -> None:
        self._settings = settings
        self._source = dialect.source
        self._dialect = dialect
        self._departments = departments
        self._called = called(departments)
        self._agencies = Agencies(departments)
        self._batch = batch
        self._fields = {field.column: field for field in dialect.fields}

    def places(self) -> Iterator[Place]:
        """The header rows that the batch stands under."""
        for part in self._batch.parts:
            layout = part.layout
            yield Place(
                part.place,
                len(layout.columns),
                layout.unknown,
                layout.unneeded,
                tuple((field.column, field.name_zh) for field in layout.missing),
                layout.absent,
            )

    def rows(self, identities: Identities) -> Iterator[Row]:
        """The batch's rows; numbers of persons and enterprises are masked."""
        if not self._batch.parts:
            return
        read = records.read(self._dialect, self._batch, identities).frame.iter_rows(named=True)
        for part in self._batch.parts:
            identity_cells = part.frame.select(normalise.filled(normalise.trimmed(pl.all())))
            for delivered, plain in zip(
                part.frame.iter_rows(named=True), identity_cells.iter_rows(named=True), strict=True
            ):
                yield self._row(part.layout, delivered, plain, next(read))

    def _row(
        self,
        layout: Layout,
        delivered: Mapping[str, str | None],
        plain: Mapping[str, str | None],
        read: Mapping[str, Any],
    ) -> Row:
        made_from = read["record_id_from"]
        of: tuple[str, ...] = ()
        if made_from == identity.DELIVERED:
            headers = [layout.columns[n] for n in _IDENTIFYING if n in layout.columns]
            of = (next(header for header in headers if plain[header] is not None),)
        elif made_from == identity.KEY:
            of = identity.key_columns(self._source.feed)
        needed = [c.name for c in table_of(self._source.feed).columns if not c.nullable]
        return Row(
            place=read["place"],
            number=read["number"],
            record_id=self._agencies.masked(read["record_id"]),
            record_id_from=made_from,
            record_id_of=of,
            status=read["status"] if self._source.status is not None else None,
            status_at=_text(read.get("status_at")),
            deleted=read["is_deleted"],
            owner=self._owner(read),
            lacking=tuple(n for n in needed if n in self._fields and read[n] is None),
            cells=tuple(self._cells(layout, delivered, plain, read)),
        )

    def _cells(
        self,
        layout: Layout,
        delivered: Mapping[str, str | None],
        plain: Mapping[str, str | None],
        read: Mapping[str, Any],
    ) -> Iterator[Cell]:
        columns = {header: column for column, header in layout.columns.items()}
        malformed = (read["malformed"] or "").split("、")
        for header, text in delivered.items():
            column = columns.get(header)
            if column is None:
                use: Use = "unneeded" if header in layout.unneeded else "unknown"
                shown = (
                    None if use == "unneeded" or text is None else self._agencies.run_masked(text)
                )
                yield Cell(header, None, None, use, shown)
                continue
            value = read.get(_READ_AS.get(column, column), plain[header])
            yield self._cell(header, column, text, value, column in malformed)
        for column, text in layout.constants.items():
            cell = self._cell(None, column, text, read[column], is_malformed=False)
            yield replace(cell, use="constant")

    def _cell(
        self, header: str | None, column: str, text: str | None, value: Any, is_malformed: bool
    ) -> Cell:
        field = self._fields.get(column)
        show = ends if column in _NUMBERED else self._agencies.masked
        written = _text(value)
        cell = Cell(
            header=header,
            column=column,
            name=field.name_zh if field else None,
            use="field" if field else "envelope",
            delivered=show(text) if text and written is not None else text,
            value=show(written) if written is not None else None,
        )
        if column == "status":
            return self._status_cell(cell, is_malformed)
        if is_malformed:
            assert text is not None
            why = normalise.why_malformed(field, text)
            return replace(cell, delivered=self._agencies.run_masked(text), why=why)
        if field is None:
            return cell
        if value is None:
            return replace(cell, remark="mandatory, and blank") if field.mandatory else cell
        return replace(cell, label=_label(field, value), remark=_remark(field, value))

    def _status_cell(self, cell: Cell, is_malformed: bool) -> Cell:
        if is_malformed:
            why = "no status is known by this word: it counts as pending; status.map can name it"
            return replace(cell, why=why)
        if cell.delivered is None:
            return replace(cell, remark="blank: it counts as pending")
        return cell

    def _owner(self, read: Mapping[str, Any]) -> Owner:
        """The first that is known; without a directory the first that is told."""
        told = [(code, by) for code, by in self._told(read) if code]
        for code, by in told:
            known = self._departments.get(code) or self._called.get(code)
            if known is not None:
                return Owner(known.code, known.name, by)
        if told:
            code, by = told[0]
            return Owner(self._agencies.masked(code), None, by)
        return Owner()

    def _told(self, read: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
        if self._source.feed in BEHAVIOR_FEEDS:
            if self._settings.month_zero.attribute_to == "entrusted":
                yield read.get("entrust_dept_code"), "entrust_dept_code"
            yield read.get("implement_institution_code"), "implement_institution_code"
            listed = read.get("implement_list_code")
            yield listed and listed[:_LIST_OWNER], "implement_list_code"
            yield read["cd_source"], "cd_source"
        elif self._source.feed is not Feed.DEPARTMENT:
            yield read.get("department"), "department"
            yield read.get("department_name"), "department_name"
        yield self._source.department, "settings"


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "是" if value else "否"
        case datetime():
            return value.astimezone(ZONE).isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:.2f}"
        case _:
            return str(value)


def _label(field: standard.Field, value: Any) -> str | None:
    if field.code_list is not None:
        return standard.code_list(field.code_list).get(str(value))
    return "元" if field.type == "number" else None


def _remark(field: standard.Field, value: Any) -> str | None:
    if field.code_list is not None and str(value) not in standard.code_list(field.code_list):
        return f"no code of {field.code_list}"
    if field.column == "submitted_at" and value.astimezone(ZONE).time() == time():
        return "a day alone: judged by days"
    return None
