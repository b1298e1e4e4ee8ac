"""A preview for a terminal: each row with its cells, one a line."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from jobs.preview.forms import Cell, Owner, Place, Preview, Row
from monitor import standard
from monitor.config import StatusSettings
from monitor.words import Status

WIDE = 110
"""From this many columns on a column's field stands beside it, else below."""

_LONGEST = 240
_KEY_WORDS = {"kind": "行为类别", "department": "部门", "action_code": "行为编号"}


class PreviewTable:
    """How the first rows are read: places, then the rows with their cells, then what is amiss."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        fields = standard.fields(preview.source.feed)
        self._names = _KEY_WORDS | {field.column: field.name_zh for field in fields}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the tables as wide as the terminal allows."""
        source = self._preview.source
        dialect = f", dialect {source.dialect}" if source.dialect else ""
        yield Text.assemble(
            (source.name, "bold"),
            f": {source.feed.value} ({source.feed.zh}), {source.kind}{dialect}",
        )
        for place in self._preview.places:
            yield from _place(place)
        for row in self._preview.rows:
            yield Text()
            yield from self._row(row, wide=options.max_width >= WIDE)
        if not self._preview.rows:
            yield Text("no row could be read", "yellow")
        for remark in self._preview.remarks:
            yield Text(remark, "yellow")
        for error in self._preview.errors:
            yield Text(error, "red")

    def _row(self, row: Row, *, wide: bool) -> Iterator[RenderableType]:
        yield Text(f"{row.place} row {row.number}", "bold")
        facts = Table.grid(padding=(0, 2, 0, 0))
        facts.add_column(style="dim", no_wrap=True)
        facts.add_column(overflow="fold")
        facts.add_row("record", self._identity(row))
        if row.status is not None:
            facts.add_row("status", self._status(row))
        facts.add_row("department", self._owner(row.owner))
        yield Padding(facts, (0, 0, 0, 2))
        yield Padding(_cells(row, wide=wide), (0, 0, 0, 2))
        if row.lacking:
            lacking = ", ".join(map(self._named, row.lacking))
            yield Text(f"  can't land: {lacking} is blank", "bold red")

    def _identity(self, row: Row) -> Text:
        how = {
            "delivered": f"as {', '.join(row.record_id_of)} says",
            "key": f"made from {', '.join(map(self._named, row.record_id_of))}",
            "hash": "made from the whole row and its place, as nothing in it names the record",
        }
        identity = row.record_id if row.record_id_from != "hash" else row.record_id[:12] + "…"
        text = Text.assemble(identity, (f"  {how[row.record_id_from]}", "dim"))
        if row.deleted:
            text.append("  withdrawn", "yellow")
        return text

    def _status(self, row: Row) -> Text:
        assert row.status is not None
        text = Text(f"{row.status} ({Status(row.status).zh})")
        if not isinstance(self._preview.source.status, StatusSettings):
            text.append("  as the settings say", "dim")
        if row.status_at is not None:
            text.append(f"  since {row.status_at}", "dim")
        return text

    def _owner(self, owner: Owner) -> Text:
        if owner.code is None:
            return Text("not told by the row; the check finds it, or it is unknown", "yellow")
        by = (
            "as the settings say" if owner.by == "settings" else f"by {self._named(owner.by or '')}"
        )
        if owner.name is None:
            text = Text.assemble(owner.code, (f"  {by}", "dim"))
            return text.append("  not in the directory", "yellow")
        return Text.assemble(f"{owner.name} {owner.code}", (f"  {by}", "dim"))

    def _named(self, column: str) -> str:
        return self._names.get(column, column)


def _place(place: Place) -> Iterator[RenderableType]:
    yield Text(f"{place.place}: {place.known} columns known")
    missing = tuple(name for _, name in place.missing)
    for what, names, style in (
        ("known and unneeded", place.unneeded, "dim"),
        ("unknown, kept in raw", place.unknown, "yellow"),
        ("mandatory and missing", missing, "yellow"),
        ("named in the settings and not delivered", place.absent, "yellow"),
    ):
        if names:
            yield Padding(Text(f"{what}: {', '.join(names)}", style), (0, 0, 0, 2))


def _cells(row: Row, *, wide: bool) -> Table:
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0), expand=True)
    if wide:
        table.add_column("delivered column", overflow="fold", ratio=5)
        table.add_column("field", overflow="fold", ratio=6)
    else:
        table.add_column("column → field", overflow="fold", ratio=6)
    table.add_column("delivered", overflow="fold", ratio=6)
    table.add_column("read as", overflow="fold", ratio=7)
    for cell in row.cells:
        if cell.use == "unneeded":
            continue
        header, field = Text(cell.header or "(every row)"), _field(cell)
        names = [header, field] if wide else [Text.assemble(header, "\n", ("→ ", "dim"), field)]
        table.add_row(*names, Text(_short(cell.delivered), "dim"), _value(cell))
    return table


def _field(cell: Cell) -> Text:
    if cell.use == "unknown":
        return Text("unknown", "yellow")
    name = "" if cell.name is None or cell.name == cell.header else f"{cell.name} "
    return Text.assemble(name, (cell.column or "", "dim"))


def _value(cell: Cell) -> Text:
    if cell.why is not None:
        return Text(f"not read: {cell.why}", "red")
    if cell.use == "unknown":
        return Text("kept in raw" if cell.delivered else "", "dim")
    text = Text(_short(cell.value), "bold" if cell.value != cell.delivered else "")
    if cell.label:
        text.append(f" {cell.label}", "not bold dim")
    if cell.remark:
        text.append(f"\n{cell.remark}" if cell.value else f" {cell.remark}", "not bold yellow")
    return text


def _short(text: str | None) -> str:
    if not text:
        return "—"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
